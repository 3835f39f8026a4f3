/* Rules of a database's firewall as mok writes them: with " [mok:<stack>]" behind the description,
 * so that they are told from others'. */
#ifndef MOK_KINDS_FIREWALL_RULES_H
#define MOK_KINDS_FIREWALL_RULES_H

#include "mok/kind.h"

/* TEST-NET-1 (RFC 5737): nobody's address. A database whose list of rules is empty takes anybody.
 */
#define MOK_RULE_PLACEHOLDER "192.0.2.1"
#define MOK_RULE_PLACEHOLDER_TEXT "keeps the list from being empty"

const char *mok_rule_stack(struct mok_arena *arena, const char *marker); /* its stack, or NULL */
/* stack NULL: the description is written as it is. */
void mok_rule_add(
	cJSON *rules, const char *type, const char *value, const char *text, const char *stack);
void mok_rule_add_all(cJSON *rules, const struct mok_val *list, const char *stack);
void mok_rule_add_placeholder(cJSON *rules, const char *stack);

#endif
