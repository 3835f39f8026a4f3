#include "server_socket.h"

#include <errno.h>
#include <sys/socket.h>

/* Nothing is streamed yet: whoever was let in is told that the server goes away (RFC 6455, 5.5.1
 * and 7.4.1). */
/* NOLINTNEXTLINE(readability-function-size): the shape is libmicrohttpd's */
static void end_socket(void *self, struct MHD_Connection *connection, void *state,
	const char *early, size_t early_len, MHD_socket fd, struct MHD_UpgradeResponseHandle *urh)
{
	static const unsigned char going_away[] = { 0x88, 2, 1001 >> 8, 1001 & 0xff };

	(void)self;
	(void)connection;
	(void)state;
	(void)early;
	(void)early_len;
	if (send(fd, going_away, sizeof(going_away), MSG_NOSIGNAL) < 0)
		errno = 0; /* it has gone itself */
	MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
}

struct MHD_Response *sb_socket_response(void)
{
	return MHD_create_response_for_upgrade(end_socket, NULL);
}
