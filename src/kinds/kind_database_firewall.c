#include "check_help.h"
#include "firewall_rules.h"

#include "mok/ask.h"

#include <string.h>
#include <strings.h>

static const struct mok_field rule_fields[] = {
	{ .name = "type",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.values = "droplet|k8s|ip_addr|tag|app",
		.doc = "What `value` is." },
	{ .name = "value",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.min = 1,
		.doc = "Id of the cluster, Droplet or app, an IPv4 address or range, or a tag." },
	{ .name = "description",
		.type = MOK_STR,
		.max = 200,
		.dflt = "",
		.doc = "Free text; mok keeps its marker behind it." },
	{ 0 },
};

static const struct mok_field all_fields[] = {
	{ .name = "uuid", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "UUID." },
	{ .name = "type", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "What value is." },
	{ .name = "value", .type = MOK_STR, .flags = MOK_F_COMPUTED, .doc = "Who." },
	{ .name = "description",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "Text, markers included." },
	{ 0 },
};

static const struct mok_field fields[] = {
	{ .name = "cluster_id",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.norm = "lower",
		.doc = "The database cluster." },
	{ .name = "rules",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.flags = MOK_F_REQUIRED | MOK_F_SET | MOK_F_NOT_AT_CREATE,
		.sub = rule_fields,
		.max = 99,
		.doc = "Who may connect. Rules that others made are kept." },
	{ .name = "all_rules",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.flags = MOK_F_COMPUTED,
		.json = "rules",
		.sub = all_fields,
		.doc = "Every rule that there is, others' too." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "update",
		.method = "PUT",
		.path = "/v2/databases/{parent}/firewall",
		.flags = MOK_CALL_FULL | MOK_CALL_WHEN_READY,
		.typical_s = 2 },
	{ 0 },
};

/* " [mok:<stack>]" at the end of a rule's description: length of the text before, or NULL. */
static const char *mark_of(const char *description)
{
	size_t len = description ? strlen(description) : 0;
	const char *p = description;

	if (len < 6 || description[len - 1] != ']')
		return NULL;
	p = description + len;
	while (p > description && *p != '[')
		p--;
	return mok_starts(p, "[mok:") ? p : NULL;
}

static bool is_stacks(const char *description, const char *stack)
{
	const char *mark = mark_of(description);
	size_t len = strlen(stack);

	return mark && strncmp(mark + 5, stack, len) == 0 && mok_streq(mark + 5 + len, "]");
}

static struct mok_val plain_rule(struct mok_arena *arena, const struct mok_val *rule)
{
	const char *description = mok_val_get_str(rule, "description");
	const char *mark = mark_of(description);
	struct mok_val out = { .type = MOK_MAP };
	size_t len;

	mok_val_set(arena, &out, "type", mok_val_str(mok_val_get_str(rule, "type")));
	mok_val_set(arena, &out, "value", mok_val_str(mok_val_get_str(rule, "value")));
	if (!mark)
		return out;
	len = (size_t)(mark - description);
	while (len > 0 && description[len - 1] == ' ')
		len--;
	mok_val_set(arena, &out, "description",
		mok_val_str(mok_arena_strndup(arena, description, len)));
	return out;
}

static bool is_placeholder(const struct mok_val *rule)
{
	const char *value = mok_val_get_str(rule, "value"),
		   *description = mok_val_get_str(rule, "description");

	/* By its text, too: the address is one that a plan may name. */
	return value && mok_starts(value, MOK_RULE_PLACEHOLDER) && mark_of(description) &&
		mok_starts(description, MOK_RULE_PLACEHOLDER_TEXT);
}

/* `rules` are those that some stack of mok's marked; whose, `same` and `body` look up. */
static void decoded(struct mok_arena *arena, const cJSON *api, struct mok_object *object)
{
	const struct mok_val *all = mok_val_get(&object->attrs, "all_rules");
	struct mok_val ours = { .type = MOK_LIST };

	(void)api;
	for (size_t i = 0; all && all->type == MOK_LIST && i < all->u.list.len; i++) {
		const struct mok_val *rule = &all->u.list.items[i];

		if (mark_of(mok_val_get_str(rule, "description")) && !is_placeholder(rule) &&
			mok_val_get_str(rule, "type") && mok_val_get_str(rule, "value"))
			mok_val_append(arena, &ours, plain_rule(arena, rule));
	}
	mok_val_set(arena, &object->attrs, "rules", ours);
}

/* The same one cannot be there twice: what nobody's mark protects becomes the stack's. */
static bool is_taken_over(const struct mok_val *rule, const struct mok_val *want)
{
	const char *type = mok_val_get_str(rule, "type"), *value = mok_val_get_str(rule, "value");

	if (mark_of(mok_val_get_str(rule, "description")))
		return false;
	for (size_t i = 0; want && want->type == MOK_LIST && i < want->u.list.len; i++) {
		const char *wanted = mok_val_get_str(&want->u.list.items[i], "value");

		if (wanted && mok_streq(type, mok_val_get_str(&want->u.list.items[i], "type")) &&
			strcasecmp(value, wanted) == 0)
			return true;
	}
	return false;
}

static void keep_others(
	cJSON *rules, const struct mok_val *all, const char *stack, const struct mok_val *want)
{
	for (size_t i = 0; all && all->type == MOK_LIST && i < all->u.list.len; i++) {
		const struct mok_val *rule = &all->u.list.items[i];
		const char *description = mok_val_get_str(rule, "description");
		const char *type = mok_val_get_str(rule, "type");
		const char *value = mok_val_get_str(rule, "value");
		const char *uuid = mok_val_get_str(rule, "uuid");

		if (!type || !value || is_stacks(description, stack) || is_taken_over(rule, want))
			continue;
		mok_rule_add(rules, type, value, description, NULL);
		if (uuid && *uuid)
			cJSON_AddStringToObject(
				cJSON_GetArrayItem(rules, cJSON_GetArraySize(rules) - 1), "uuid",
				uuid);
	}
}

/* The whole list: what others made as it was, ours as wanted, and never nothing at all. */
static int body(const struct mok_ask *ask, cJSON *json, struct mok_err *err)
{
	struct mok_arena *arena = mok_arena_new();
	const char *marker = ask->marker && *ask->marker ? ask->marker
		: ask->have                              ? ask->have->marker
							 : NULL;
	const char *stack = mok_rule_stack(arena, marker);
	const struct mok_val *want =
		ask->verb == MOK_ASK_DELETE || !ask->want ? NULL : mok_val_get(ask->want, "rules");
	cJSON *rules = cJSON_CreateArray();

	if (!stack || !ask->have) {
		cJSON_Delete(rules);
		mok_arena_free(arena);
		return mok_err_set(err, MOK_ERR_INPUT,
			"a firewall's rules are only written knowing what is there and whose");
	}
	keep_others(rules, mok_val_get(&ask->have->attrs, "all_rules"), stack, want);
	mok_rule_add_all(rules, want, stack);
	if (cJSON_GetArraySize(rules) == 0)
		mok_rule_add_placeholder(rules, stack);
	cJSON_DeleteItemFromObjectCaseSensitive(json, "rules");
	cJSON_AddItemToObject(json, "rules", rules);
	mok_arena_free(arena);
	return 0;
}

static bool rule_equal(const struct mok_val *a, const struct mok_val *b)
{
	const char *description = mok_val_get_str(a, "description");
	const char *other = mok_val_get_str(b, "description");
	const char *av = mok_val_get_str(a, "value"), *bv = mok_val_get_str(b, "value");

	return av && bv && mok_streq(mok_val_get_str(a, "type"), mok_val_get_str(b, "type")) &&
		strcasecmp(av, bv) == 0 &&
		mok_streq(description ? description : "", other ? other : "");
}

/* Only the rules of the stack that owns the firewall are compared. */
static bool same_rules(struct mok_arena *arena, const struct mok_val *want,
	const struct mok_val *all, const char *stack)
{
	size_t ours = 0, found = 0;

	for (size_t i = 0; i < all->u.list.len; i++) {
		const struct mok_val *rule = &all->u.list.items[i];
		struct mok_val plain;

		if (!is_stacks(mok_val_get_str(rule, "description"), stack) || is_placeholder(rule))
			continue;
		ours++;
		plain = plain_rule(arena, rule);
		for (size_t k = 0; k < want->u.list.len; k++)
			if (rule_equal(&want->u.list.items[k], &plain)) {
				found++;
				break;
			}
	}
	return ours == want->u.list.len && found == ours;
}

static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	const struct mok_val *all = mok_val_get(&object->attrs, "all_rules");
	struct mok_arena *arena;
	const char *stack;
	bool equal;

	(void)have;
	(void)replaces;
	(void)why;
	if (!mok_streq(field->name, "rules") || want->type != MOK_LIST || !all ||
		all->type != MOK_LIST || mok_val_has_unknown(want))
		return false;
	arena = mok_arena_new();
	stack = mok_rule_stack(arena, object->marker);
	equal = stack && same_rules(arena, want, all, stack);
	mok_arena_free(arena);
	return equal;
}

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const struct mok_val *rules = mok_val_get(want, "rules");

	for (size_t i = 0; rules && rules->type == MOK_LIST && i < rules->u.list.len; i++) {
		const struct mok_val *rule = &rules->u.list.items[i];
		const char *type = mok_want_str(rule, "type");
		const char *value = mok_want_str(rule, "value");

		if (mok_streq(type, "ip_addr") && value && strchr(value, ':'))
			mok_field_diag(diags, r, "rules", "E0704",
				"database firewalls know IPv4 addresses only");
	}
}

const struct mok_kind mok_kind_database_firewall = {
	.name = "database_firewall",
	.summary = "who may connect to a database cluster",
	.provider = "digitalocean",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_SINGLE | MOK_K_DIES_WITH_PARENT | MOK_K_SERIAL,
	.marking = MOK_MARK_FREE,
	.list_path = "/v2/databases/{parent}/firewall",
	.item_path = "/v2/databases/{parent}/firewall",
	.parent = "database_cluster",
	.parent_field = "cluster_id",
	.natural_key = "cluster_id",
	.typical_create_s = 2,
	.typical_delete_s = 2,
	.poll_s = 5,
	.settle_s = 30,
	.timeout_s = 600,
	.destroy_rank = 27,
	.example = "db_fw:\n  kind: database_firewall\n  cluster_id: ${db.id}\n"
		   "  rules: [ { type: k8s, value: \"${cluster.id}\" } ]\n",
	.notes =
		"The API knows only the whole list, and an empty one opens the database to "
		"everybody. mok marks its rules in their description, writes others' rules back as "
		"they were (one that is wanted and nobody's becomes the stack's), and leaves a "
		"rule for 192.0.2.1, nobody's address, when none else is "
		"left.",
	.check = check,
	.decoded = decoded,
	.body = body,
	.same = same,
};
