/* Descriptors hold together; spellings that mean the same are no difference; the rules that no
 * table expresses. */
#include "mok/catalogue.h"
#include "mok/provider.h"

#include <ctype.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- lint ---- */

static bool is_name(const char *s)
{
	for (const char *p = s; *p; p++)
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_')
			return false;
	return islower((unsigned char)s[0]) != 0;
}

static const struct mok_call *call_of(const struct mok_kind *kind, const char *name)
{
	for (const struct mok_call *c = kind->calls; c && c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static void lint_pattern(const char *pattern)
{
	regex_t re;

	if (!pattern)
		return;
	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED), 0);
	regfree(&re);
}

static void lint_fields(const struct mok_kind *kind, const struct mok_field *fields, bool top)
{
	struct mok_arena *arena = mok_arena_new();

	for (const struct mok_field *f = fields; f->name; f++) {
		if (!is_name(f->name) || !f->doc || !mok_ends(f->doc, ".") || f->type == MOK_NULL ||
			f->type > MOK_MAP)
			fail_msg("%s.%s: name, type or doc", kind->name, f->name);
		if ((f->flags & MOK_F_COMPUTED) && (f->flags & MOK_F_REQUIRED))
			fail_msg("%s.%s is computed and required", kind->name, f->name);
		if (f->call && !call_of(kind, f->call))
			fail_msg("%s.%s: no call %s", kind->name, f->name, f->call);
		if ((f->flags & MOK_F_FETCHED) && (!f->json || f->json[0] != '/'))
			fail_msg("%s.%s: fetched from where?", kind->name, f->name);
		/* What can be set and does not replace needs a call to carry it. */
		if (top && !kind->calls &&
			!(f->flags & (MOK_F_COMPUTED | MOK_F_REPLACES | MOK_F_CREATE_ONLY)))
			fail_msg("%s.%s cannot be changed", kind->name, f->name);
		lint_pattern(f->pattern);
		/* Stops the program when there is none of that name. */
		mok_norm(arena, f->norm, mok_val_str("x"));
		if (f->sub)
			lint_fields(kind, f->sub, false);
	}
	mok_arena_free(arena);
}

static void lint_words(const struct mok_kind *kind, const char *words)
{
	char word[64];

	for (const char *p = words; p && *p; p += strcspn(p, " "), p += *p == ' ') {
		size_t len = strcspn(p, " ");

		assert_true(len < sizeof(word));
		memcpy(word, p, len);
		word[len] = '\0';
		if (!mok_field_find(kind->fields, word))
			fail_msg("%s has no field %s", kind->name, word);
	}
}

static void lint(const struct mok_kind *kind)
{
	if (!is_name(kind->name) || !kind->summary || !kind->example || !kind->notes)
		fail_msg("%s lacks documentation", kind->name);
	lint_fields(kind, kind->fields, true);
	lint_words(kind, kind->natural_key);
	lint_pattern(kind->name_pattern);
	assert_true(kind->timeout_s > 0 && kind->poll_s > 0 && kind->settle_s > 0);
	assert_true(kind->key || (kind->natural_key && kind->natural_key[0]));
	if (kind->name_field && !mok_field_find(kind->fields, kind->name_field))
		fail_msg("%s: name_field", kind->name);
	if (kind->parent &&
		(!mok_kind_find(kind->parent) || !mok_field_find(kind->fields, kind->parent_field)))
		fail_msg("%s: parent", kind->name);
	for (const struct mok_call *c = kind->calls; c && c->name; c++) {
		lint_words(kind, c->with);
		if (!(c->flags & MOK_CALL_TAGS) && !kind->errands && (!c->method || !c->path))
			fail_msg("%s: call %s goes nowhere", kind->name, c->name);
	}
}

static void test_descriptors(void **state)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	(void)state;
	assert_int_equal(count, 19);
	for (size_t i = 0; i < count; i++) {
		lint(kinds[i]);
		assert_ptr_equal(mok_kind_find(kinds[i]->name), kinds[i]);
		if (i > 0)
			assert_true(strcmp(kinds[i - 1]->name, kinds[i]->name) < 0);
	}
	assert_null(mok_kind_find("vpcs"));
	assert_null(mok_kind_find(""));
	assert_null(mok_kind_find(NULL));
}

static void test_what_the_engine_builds_on(void **state)
{
	const struct mok_kind *firewall = mok_kind_find("database_firewall");

	(void)state;
	assert_true(mok_kind_find("vpc")->flags & MOK_K_DESTROY_FIRST);
	assert_true(mok_kind_find("kubernetes_cluster")->flags & MOK_K_LEAVES_BEHIND);
	assert_true(mok_field_find(firewall->fields, "rules")->flags & MOK_F_NOT_AT_CREATE);
	assert_true(mok_field_find(mok_kind_find("kubernetes_node_pool")->fields, "size")->flags &
		MOK_F_REPLACES);
	assert_false(
		mok_field_find(mok_kind_find("database_cluster")->fields, "project_id")->flags &
		MOK_F_REPLACES);
}

/* ---- normalisers ---- */

static const struct {
	const char *norm, *in, *out;
} norms[] = {
	{ "fqdn", "Example.COM.", "example.com" },
	{ "fqdn", ".", "." },
	{ "hour", "4:00", "04:00" },
	{ "hour", "14:05:00", "14:05" },
	{ "hour", "14:05:33", "14:05:33" },
	{ "hour", "soon", "soon" },
	{ "date", "2027-01-31T00:00:00.000Z", "2027-01-31" },
	{ "eviction", "allkeys-lru", "allkeys_lru" },
	{ "purpose", "Other: a forum", "a forum" },
	{ "purpose", "Web Application", "Web Application" },
	{ "title", "pRODUCTION", "Production" },
	{ "cidr", "198.51.100.7", "198.51.100.7/32" },
	{ "cidr", "198.51.100.0/24", "198.51.100.0/24" },
	{ "duration", "60s", "1m0s" },
	{ "duration", "1h", "1h0m0s" },
	{ "duration", "90", "90" },
	{ "json", "{ \"b\": 1, \"a\": [true] }", "{\"a\":[true],\"b\":1}" },
	{ "json", "{", "{" },
	{ "pem", "A\r\nB\n\n", "A\nB" },
	{ "record_data", "mail.example.com.", "mail.example.com" },
	{ "record_data", "v=spf1 include:x.", "v=spf1 include:x." },
	{ "record_data", "2001:DB8::0:1", "2001:db8::1" },
	{ "lower", "AMS3", "ams3" },
};

static void test_normalisers(void **state)
{
	struct mok_arena *arena = mok_arena_new();

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(norms); i++) {
		struct mok_val v = mok_norm(arena, norms[i].norm, mok_val_str(norms[i].in));
		struct mok_val again = mok_norm(arena, norms[i].norm, v);

		assert_string_equal(v.u.s, norms[i].out);
		assert_string_equal(again.u.s, norms[i].out);
		assert_int_equal(mok_norm(arena, norms[i].norm, mok_val_int(7)).u.i, 7);
	}
	mok_arena_free(arena);
}

static void test_system_tags_are_nobodys(void **state)
{
	static const char *const tags[] = { "Prod", "k8s", "k8s:worker", "k8s:0a1b",
		"mok:shop:web-0123456789abcdef:g1", "k8sish" };
	struct mok_arena *arena = mok_arena_new();
	struct mok_val list = { .type = MOK_LIST };

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(tags); i++)
		mok_val_append(arena, &list, mok_val_str(tags[i]));
	list = mok_norm(arena, "tags", list);
	assert_int_equal(list.u.list.len, 2);
	assert_string_equal(list.u.list.items[0].u.s, "prod");
	assert_string_equal(list.u.list.items[1].u.s, "k8sish");
	mok_arena_free(arena);
}

/* ---- differences that are none ---- */

struct same_case {
	const char *kind, *field, *want, *have, *attrs; /* JSON */
	bool same, replaces;
};

static const struct same_case same_cases[] = {
	{ "kubernetes_cluster", "version", "\"1.36\"", "\"1.36.0-do.3\"", "{}", true, false },
	{ "kubernetes_cluster", "version", "\"1.36\"", "\"1.35.1-do.6\"", "{}", false, false },
	{ "kubernetes_cluster", "version", "\"1.3\"", "\"1.36.0-do.3\"", "{}", true, false },
	/* auto_upgrade went ahead: never back. */
	{ "kubernetes_cluster", "version", "\"1.35.1-do.0\"", "\"1.35.1-do.6\"", "{}", true,
		false },
	{ "kubernetes_cluster", "version", "\"latest\"", "\"1.34.5-do.6\"", "{}", true, false },
	{ "kubernetes_cluster", "ha", "false", "true", "{}", false, true },
	{ "kubernetes_cluster", "ha", "true", "false", "{}", false, false },
	{ "kubernetes_node_pool", "count", "2", "7", "{\"auto_scale\":true}", true, false },
	{ "kubernetes_node_pool", "count", "2", "7", "{\"auto_scale\":false}", false, false },
	{ "database_cluster", "engine", "\"redis\"", "\"valkey\"", "{}", true, true },
	{ "database_cluster", "engine", "\"pg\"", "\"mysql\"", "{}", false, true },
	{ "database_cluster", "version", "\"16\"", "\"17\"", "{}", true, false },
	{ "database_cluster", "version", "\"17\"", "\"16\"", "{}", false, false },
	{ "database_cluster", "size", "\"db-s-1vcpu-2gb\"", "\"db-s-2vcpu-4gb\"", "{}", false,
		true },
	{ "database_cluster", "size", "\"db-s-4vcpu-8gb\"", "\"db-s-2vcpu-4gb\"", "{}", false,
		false },
	{ "database_cluster", "storage_size_mib", "61440", "81920", "{}", true, false },
	{ "database_replica", "size", "\"db-s-1vcpu-2gb\"", "\"db-s-2vcpu-4gb\"", "{}", false,
		true },
	{ "database_replica", "size", "\"db-s-4vcpu-8gb\"", "\"db-s-2vcpu-4gb\"", "{}", false,
		false },
	{ "database_replica", "storage_size_mib", "61440", "81920", "{}", true, false },
	{ "vpc", "default", "false", "true", "{}", true, false },
	{ "cdn", "certificate_id", "\"needs-cloudflare-cert\"", "\"0a1b\"", "{}", true, false },
	{ "record", "data", "\"Mail.example\"", "\"mail.example\"", "{\"type\":\"MX\"}", true,
		false },
	{ "record", "data", "\"Text\"", "\"text\"", "{\"type\":\"TXT\"}", false, false },
};

static struct mok_val value_of(struct mok_arena *arena, const char *text)
{
	cJSON *json = cJSON_Parse(text);
	struct mok_val v;

	assert_non_null(json);
	v = mok_val_from_json(arena, json);
	cJSON_Delete(json);
	return v;
}

static void test_differences_that_are_none(void **state)
{
	struct mok_arena *arena = mok_arena_new();

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(same_cases); i++) {
		const struct same_case *c = &same_cases[i];
		const struct mok_kind *kind = mok_kind_find(c->kind);
		const struct mok_field *f = mok_field_find(kind->fields, c->field);
		struct mok_val want = value_of(arena, c->want), have = value_of(arena, c->have);
		struct mok_object object = { .kind = kind, .attrs = value_of(arena, c->attrs) };
		bool replaces = (f->flags & MOK_F_REPLACES) != 0;
		const char *why = NULL;

		if (kind->same(f, &want, &have, &object, &replaces, &why) != c->same)
			fail_msg("%s.%s: %s against %s", c->kind, c->field, c->want, c->have);
		if (replaces != c->replaces)
			fail_msg("%s.%s: %s against %s: replaces", c->kind, c->field, c->want,
				c->have);
	}
	mok_arena_free(arena);
}

/* ---- rules of single kinds ---- */

static const struct {
	const char *kind, *want, *code; /* code NULL: fine */
} rules[] = {
	{ "kubernetes_node_pool", "{\"size\":\"s\"}", "E0702" },
	{ "kubernetes_node_pool", "{\"size\":\"s\",\"count\":1}", NULL },
	{ "kubernetes_node_pool", "{\"auto_scale\":true,\"min_nodes\":1}", "E0702" },
	{ "kubernetes_node_pool", "{\"auto_scale\":true,\"min_nodes\":3,\"max_nodes\":2}",
		"E0704" },
	{ "kubernetes_node_pool", "{\"count\":1,\"auto_scale\":false,\"max_nodes\":2}", "E0701" },
	{ "database_cluster", "{\"engine\":\"pg\",\"eviction_policy\":\"noeviction\"}", "E0703" },
	{ "database_cluster", "{\"engine\":\"valkey\",\"storage_size_mib\":1}", "E0703" },
	{ "database_cluster", "{\"engine\":\"mysql\",\"sql_mode\":\"ANSI\"}", NULL },
	{ "database_user", "{\"name\":\"doadmin\"}", "E0705" },
	{ "database_firewall", "{\"rules\":[{\"type\":\"ip_addr\",\"value\":\"2001:db8::1\"}]}",
		"E0704" },
	{ "vpc", "{\"ip_range\":\"10.0.0.0/8\"}", "E0704" },
	{ "vpc", "{\"ip_range\":\"10.0.0.0/20\"}", NULL },
	{ "record", "{\"type\":\"MX\",\"name\":\"@\",\"data\":\"a.\"}", "E0702" },
	{ "record", "{\"type\":\"SOA\",\"name\":\"@\",\"data\":\"a.\"}", "E0703" },
	{ "tag", "{\"name\":\"mok:x\"}", "E0705" },
	{ "cdn", "{\"origin\":\"o\",\"custom_domain\":\"a.example\"}", "E0702" },
	{ "certificate", "{\"type\":\"lets_encrypt\"}", "E0702" },
	{ "certificate", "{\"leaf_certificate\":\"x\"}", "E0702" },
	{ "spaces_key", "{\"grants\":[{\"bucket\":\"b\",\"permission\":\"fullaccess\"}]}",
		"E0701" },
	{ "spaces_key", "{\"grants\":[{\"permission\":\"read\"}]}", "E0702" },
	{ "spaces_bucket", "{\"policy\":\"[]\"}", "E0704" },
	{ "spaces_bucket", "{\"lifecycle_rules\":[{\"id\":\"a\",\"enabled\":true}]}", "E0702" },
};

static void test_rules(void **state)
{
	struct mok_arena *arena = mok_arena_new();

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(rules); i++) {
		struct mok_diags diags = { .arena = arena };
		struct mok_val want = value_of(arena, rules[i].want);
		struct mok_resource r = { .address = "x", .fields = want };

		r.kind = mok_kind_find(rules[i].kind);
		r.kind->check(&r, &want, &diags);
		if (!rules[i].code ? diags.list.len != 0
				   : diags.list.len == 0 ||
					!mok_streq(diags.list.items[0].code, rules[i].code))
			fail_msg("%s %s: %s", rules[i].kind, rules[i].want,
				diags.list.len ? diags.list.items[0].message : "nothing");
	}
	mok_arena_free(arena);
}

/* A pool is ready when each of the nodes that are wanted runs. */
static void test_pool_readiness(void **state)
{
	static const struct {
		const char *attrs;
		bool ready;
	} cases[] = {
		{ "{\"count\":1,\"nodes\":[{\"status\":\"running\"}]}", true },
		{ "{\"count\":2,\"nodes\":[{\"status\":\"running\"}]}", false },
		{ "{\"count\":1,\"nodes\":[{\"status\":\"draining\"}]}", false },
		{ "{\"count\":0,\"nodes\":[]}", true },
		{ "{\"auto_scale\":true,\"min_nodes\":2,\"count\":2,\"nodes\":[{\"status\":"
		  "\"running\"}]}",
			false },
	};
	const struct mok_kind *kind = mok_kind_find("kubernetes_node_pool");
	struct mok_arena *arena = mok_arena_new();

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(cases); i++) {
		struct mok_object o = { .kind = kind, .attrs = value_of(arena, cases[i].attrs) };

		assert_int_equal(kind->is_ready(&o, NULL), cases[i].ready);
	}
	mok_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_what_the_engine_builds_on),
		cmocka_unit_test(test_normalisers),
		cmocka_unit_test(test_system_tags_are_nobodys),
		cmocka_unit_test(test_differences_that_are_none),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_pool_readiness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
