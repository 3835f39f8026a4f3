/* What is on offer: shipped and live, legal values, near ones, prices, the way to a version. */
#include "mok/catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct mok_arena *arena;
	struct mok_catalogue *catalogue;
	struct mok_diags diags;
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

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = mok_arena_new();
	f->catalogue = mok_catalogue_new(f->arena);
	f->diags.arena = f->arena;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	mok_arena_free(f->arena);
	free(f);
	return 0;
}

static void load(struct fixture *f, const char *part, const char *answer, bool more)
{
	struct mok_val v = value_of(f->arena, answer);

	mok_catalogue_load(f->catalogue, part, &v, more);
}

/* The first diagnostic's code, or "". */
static const char *check(
	struct fixture *f, const char *kind, const char *want_json, const char *have_json)
{
	struct mok_val want = value_of(f->arena, want_json);
	struct mok_resource r = { .address = "x", .fields = want };
	struct mok_object have = { 0 };

	f->diags.list.len = 0;
	r.kind = have.kind = mok_kind_find(kind);
	if (have_json)
		have.attrs = value_of(f->arena, have_json);
	mok_catalogue_check(f->catalogue, &r, &want, have_json ? &have : NULL, &f->diags);
	return f->diags.list.len ? f->diags.list.items[0].code : "";
}

static const char databases[] =
	"{\"options\":{\"pg\":{\"regions\":[\"ams3\"],\"versions\":[\"16\",\"17\"],"
	"\"default_version\":\"17\",\"layouts\":[{\"num_nodes\":1,\"sizes\":"
	"[\"db-s-1vcpu-1gb\",\"db-s-1vcpu-2gb\"]},{\"num_nodes\":2,\"sizes\":"
	"[\"db-s-1vcpu-2gb\"]}]},\"redis\":{\"regions\":[\"ams3\"],\"versions\":[\"7\"],"
	"\"layouts\":[]}}}";
static const char kubernetes[] =
	"{\"options\":{\"regions\":[{\"slug\":\"ams3\"}],\"versions\":[{\"slug\":"
	"\"1.36.0-do.3\"},{\"slug\":\"1.35.1-do.6\"}],\"sizes\":[{\"slug\":\"s-2vcpu-4gb\"},"
	"{\"slug\":\"s-4vcpu-8gb\"}]}}";

static void test_live(void **state)
{
	struct fixture *f = *state;

	load(f, "databases", databases, false);
	load(f, "kubernetes", kubernetes, false);
	assert_true(mok_catalogue_is_live(f->catalogue));
#define DB "\"engine\":\"pg\",\"region\":\"ams3\","
	assert_string_equal(check(f, "database_cluster",
				    "{" DB "\"size\":\"db-s-1vcpu-1gb\",\"num_nodes\":1}", NULL),
		"");
	assert_string_equal(check(f, "database_cluster",
				    "{" DB "\"size\":\"db-s-1vcpu-1gb\",\"num_nodes\":2}", NULL),
		"E0801");
	assert_non_null(strstr(f->diags.list.items[0].message, "for pg with num_nodes 2"));
	assert_non_null(strstr(f->diags.list.items[0].hint, "db-s-1vcpu-2gb"));
	assert_string_equal(check(f, "database_cluster",
				    "{" DB "\"size\":\"db-s-1vcpu-2gb\",\"num_nodes\":3}", NULL),
		"E0803");
	assert_string_equal(
		check(f, "database_cluster", "{" DB "\"version\":\"15\"}", NULL), "E0801");
	/* What runs keeps what is no longer sold. */
	assert_string_equal(
		check(f, "database_cluster", "{" DB "\"version\":\"15\"}", "{\"version\":\"15\"}"),
		"");
	assert_string_equal(
		check(f, "database_cluster", "{\"engine\":\"redis\",\"num_nodes\":1}", NULL),
		"E0803");
	assert_string_equal(
		check(f, "database_cluster", "{\"engine\":\"redis\",\"num_nodes\":1}", "{}"), "");
	assert_string_equal(check(f, "kubernetes_cluster", "{\"version\":\"1.36\"}", NULL), "");
	assert_string_equal(check(f, "kubernetes_cluster", "{\"version\":\"latest\"}", NULL), "");
	assert_string_equal(
		check(f, "kubernetes_cluster", "{\"version\":\"1.37\"}", NULL), "E0801");
	assert_string_equal(
		check(f, "kubernetes_node_pool", "{\"size\":\"s-2vcpu-4g\"}", NULL), "E0801");
	assert_non_null(strstr(f->diags.list.items[0].hint, "did you mean \"s-2vcpu-4gb\""));
	/* Capitals are a spelling. */
	assert_string_equal(
		check(f, "kubernetes_node_pool", "{\"size\":\"S-2VCPU-4GB\"}", NULL), "");
}

/* The token may not read what is on offer: then a miss proves nothing. */
static void test_shipped(void **state)
{
	struct fixture *f = *state;

	assert_false(mok_catalogue_is_live(f->catalogue));
	assert_string_equal(check(f, "vpc", "{\"region\":\"ams3\"}", NULL), "");
	assert_string_equal(check(f, "vpc", "{\"region\":\"ams9\"}", NULL), "W0802");
	assert_int_equal(f->diags.nerrors, 0);
	assert_non_null(strstr(f->diags.list.items[0].message, mok_catalogue_snapshot_date()));
	assert_string_equal(check(f, "database_cluster",
				    "{\"engine\":\"pg\",\"version\":\"17\",\"region\":\"fra1\","
				    "\"size\":\"db-s-2vcpu-4gb\",\"num_nodes\":2}",
				    NULL),
		"");
	assert_string_equal(check(f, "database_cluster", "{\"engine\":\"redis\"}", NULL), "W0802");
	assert_string_equal(
		check(f, "kubernetes_node_pool", "{\"size\":\"s-2vcpu-4gb\"}", NULL), "");
}

static void test_pages_are_added_up(void **state)
{
	struct fixture *f = *state;

	load(f, "regions", "{\"regions\":[{\"slug\":\"ams3\",\"available\":true}]}", false);
	load(f, "regions",
		"{\"regions\":[{\"slug\":\"fra1\",\"available\":true},{\"slug\":\"sfo1\","
		"\"available\":false}]}",
		true);
	assert_string_equal(check(f, "vpc", "{\"region\":\"ams3\"}", NULL), "");
	assert_string_equal(check(f, "vpc", "{\"region\":\"fra1\"}", NULL), "");
	assert_string_equal(check(f, "vpc", "{\"region\":\"sfo1\"}", NULL), "E0801");
	assert_string_equal(check(f, "vpc", "{\"region\":\"nyc3\"}", NULL), "E0801");
}

static void test_what_cannot_be_told_is_not_refused(void **state)
{
	struct fixture *f = *state;

	load(f, "kubernetes", "{\"options\":\"something else\"}", false);
	assert_string_equal(check(f, "kubernetes_node_pool", "{\"size\":\"whatever\"}", NULL), "");
	load(f, "regions", "[]", false); /* ignored */
	assert_string_equal(check(f, "vpc", "{\"region\":\"ams3\"}", NULL), "");
}

static void test_prices(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mok_catalogue_price(f->catalogue, "droplets", "s-2vcpu-4gb"), 2400);
	assert_int_equal(mok_catalogue_price(NULL, "droplets", "s-2vcpu-4gb"), 2400);
	assert_int_equal(mok_catalogue_price(f->catalogue, "databases", "db-s-2vcpu-4gb"), 6000);
	assert_int_equal(mok_catalogue_price(f->catalogue, "databases", "db-z"), -1);
	assert_int_equal(mok_catalogue_price(f->catalogue, "kubernetes", "ha"), 4000);
	assert_int_equal(mok_catalogue_price(f->catalogue, "cheese", "ha"), -1);
	load(f, "sizes", "{\"sizes\":[{\"slug\":\"a\",\"price_monthly\":10.5}]}", false);
	load(f, "sizes", "{\"sizes\":[{\"slug\":\"b\",\"price_monthly\":7}]}", true);
	assert_int_equal(mok_catalogue_price(f->catalogue, "droplets", "a"), 1050);
	assert_int_equal(mok_catalogue_price(f->catalogue, "droplets", "b"), 700);
	assert_int_equal(mok_catalogue_price(f->catalogue, "droplets", "s-2vcpu-4gb"), -1);
}

static void test_versions(void **state)
{
	struct fixture *f = *state;
	struct mok_val offered = value_of(
		f->arena, "[\"1.35.4-do.0\",\"1.35.1-do.2\",\"1.34.10-do.0\",\"1.34.9-do.1\"]");

	/* The newest that matches; else the nearest below; never what runs or less. */
	assert_string_equal(mok_version_step(&offered, "1.34.5-do.6", "1.35"), "1.35.4-do.0");
	assert_string_equal(
		mok_version_step(&offered, "1.34.5-do.6", "1.35.1-do.2"), "1.35.1-do.2");
	assert_string_equal(mok_version_step(&offered, "1.34.5-do.6", "1.36"), "1.35.4-do.0");
	assert_string_equal(mok_version_step(&offered, "1.34.5-do.6", "1.34"), "1.34.10-do.0");
	assert_string_equal(mok_version_step(&offered, "1.34.5-do.6", "latest"), "1.35.4-do.0");
	assert_null(mok_version_step(&offered, "1.35.4-do.0", "1.36"));
}

static void test_parts(void **state)
{
	(void)state;
	assert_string_equal(mok_catalogue_parts(mok_kind_find("vpc")), "regions");
	assert_string_equal(mok_catalogue_parts(mok_kind_find("kubernetes_cluster")), "kubernetes");
	assert_string_equal(
		mok_catalogue_parts(mok_kind_find("kubernetes_node_pool")), "sizes kubernetes");
	assert_string_equal(mok_catalogue_parts(mok_kind_find("database_cluster")), "databases");
	assert_string_equal(mok_catalogue_parts(mok_kind_find("record")), "");
}

/* The date that is told is that of the file. */
static void test_date(void **state)
{
	struct mok_buf text;
	char line[256];
	FILE *file = fopen(MOK_SOURCE_DIR "/src/kinds/data/prices.json", "r");

	(void)state;
	assert_non_null(file);
	mok_buf_init(&text, 1 << 16);
	while (fgets(line, sizeof(line), file))
		mok_buf_puts(&text, line);
	fclose(file);
	assert_non_null(strstr(text.data, mok_catalogue_snapshot_date()));
	mok_buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_live, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pages_are_added_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_cannot_be_told_is_not_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_prices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_versions, set_up, tear_down),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
