#include "database.h"

#include <string.h>

/* NULL, or what is wrong with the value of a rule of that type. */
static const char *check_value(struct sb_ctx *ctx, const char *type, const char *value)
{
	static const char *const things[][2] = { { "k8s", "kubernetes" },
		{ "droplet", "droplet" } };

	for (size_t i = 0; i < MOK_COUNT(things); i++) {
		if (strcmp(things[i][0], type) != 0)
			continue;
		if (sb_doc_get(ctx, things[i][1], value))
			return NULL;
		return mok_arena_printf(ctx->arena, "%s %s does not exist", type, value);
	}
	if (strcmp(type, "ip_addr") == 0)
		return sb_ipv4_valid(value, true)
			? NULL
			: mok_arena_printf(ctx->arena, "invalid IPv4 address: %s", value);
	if (strcmp(type, "tag") == 0)
		return sb_tag_valid(value) ? NULL : "invalid tag";
	if (strcmp(type, "app") == 0)
		return sb_uuid_valid(value) ? NULL : "invalid app id";
	return mok_arena_printf(ctx->arena, "invalid rule type: %s", type);
}

/* What a rule of that type and value was before: its uuid and time stay. */
static const cJSON *before(const cJSON *rules, const char *type, const char *value)
{
	const cJSON *rule;

	cJSON_ArrayForEach(rule, rules)
	{
		if (mok_streq(sb_get_str(rule, "type"), type) &&
			mok_streq(sb_get_str(rule, "value"), value))
			return rule;
	}
	return NULL;
}

static cJSON *make_rule(struct sb_ctx *ctx, const struct sb_doc *database, const cJSON *wanted)
{
	static const char *const kept[] = { "uuid", "created_at" };
	const char *type = sb_get_str(wanted, "type");
	const char *value = sb_get_str(wanted, "value");
	const char *description = sb_get_str(wanted, "description");
	const cJSON *old = before(sb_get(database->json, "rules"), type, value);
	cJSON *rule = cJSON_CreateObject();

	sb_set_str(rule, "uuid", sb_uuid(ctx));
	sb_set_str(rule, "cluster_uuid", database->id);
	sb_set_str(rule, "type", type);
	sb_set_str(rule, "value", value);
	sb_set_time(rule, "created_at", ctx->now_ms);
	if (description)
		sb_set_str(rule, "description", description);
	if (old)
		sb_copy(rule, old, kept, MOK_COUNT(kept));
	return rule;
}

bool db_set_rules(struct sb_ctx *ctx, struct sb_doc *database, const cJSON *rules)
{
	cJSON *list = sb_own(ctx, cJSON_CreateArray());
	const cJSON *rule;

	if ((rules && !cJSON_IsArray(rules)) || cJSON_GetArraySize(rules) > DB_RULES_MAX) {
		sb_fail(ctx, 422, "rules must be a list of up to %d rules", DB_RULES_MAX);
		return false;
	}
	cJSON_ArrayForEach(rule, rules)
	{
		const char *type = sb_get_word(rule, "type");
		const char *value = sb_get_word(rule, "value");
		const char *why = type && value ? check_value(ctx, type, value)
						: "a rule needs a type and a value";

		if (!why && before(list, type, value))
			why = "duplicate rule";
		if (why) {
			sb_fail(ctx, 422, "%s", why);
			return false;
		}
		cJSON_AddItemToArray(list, make_rule(ctx, database, rule));
	}
	mok_json_set(database->json, "rules", cJSON_Duplicate(list, true));
	return true;
}

void db_get_firewall(struct sb_ctx *ctx)
{
	const struct sb_doc *database = db_find(ctx);

	if (database)
		sb_reply_root(ctx, 200, "rules", db_rules_view(database->json));
}

void db_put_firewall(struct sb_ctx *ctx)
{
	struct sb_doc *database = db_find_online(ctx);

	if (!database || !db_set_rules(ctx, database, sb_get(ctx->body, "rules")))
		return;
	sb_doc_put(ctx, database);
	sb_reply_empty(ctx, 204);
}
