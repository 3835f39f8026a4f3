#ifndef MOK_CLI_NAME_SERVERS_H
#define MOK_CLI_NAME_SERVERS_H

#include "session.h"

/* What a certificate waits for in vain is mostly the registrar: a failure of one gets the hint
 * which name servers it has to name, as the certificate's zone has them. */
void hint_at_name_servers(struct session *s, struct mok_apply_result *result);

#endif
