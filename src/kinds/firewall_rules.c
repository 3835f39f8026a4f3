#include "firewall_rules.h"

const char *mok_rule_stack(struct mok_arena *arena, const char *marker)
{
	struct mok_marker m;

	return marker && mok_marker_parse(arena, marker, &m) ? m.stack : NULL;
}

void mok_rule_add(
	cJSON *rules, const char *type, const char *value, const char *text, const char *stack)
{
	cJSON *rule = cJSON_CreateObject();
	struct mok_buf description;

	mok_buf_init(&description, 1024);
	mok_buf_puts(&description, text ? text : "");
	if (stack)
		mok_buf_printf(&description, "%s[mok:%s]", text && *text ? " " : "", stack);
	cJSON_AddStringToObject(rule, "type", type);
	cJSON_AddStringToObject(rule, "value", value);
	if (description.len)
		cJSON_AddStringToObject(rule, "description", description.data);
	cJSON_AddItemToArray(rules, rule);
	mok_buf_release(&description);
}

void mok_rule_add_all(cJSON *rules, const struct mok_val *list, const char *stack)
{
	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++) {
		const struct mok_val *rule = &list->u.list.items[i];

		if (mok_val_get_str(rule, "type") && mok_val_get_str(rule, "value"))
			mok_rule_add(rules, mok_val_get_str(rule, "type"),
				mok_val_get_str(rule, "value"),
				mok_val_get_str(rule, "description"), stack);
	}
}

void mok_rule_add_placeholder(cJSON *rules, const char *stack)
{
	mok_rule_add(rules, "ip_addr", MOK_RULE_PLACEHOLDER, MOK_RULE_PLACEHOLDER_TEXT, stack);
}
