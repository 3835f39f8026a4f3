/* Terraform's states: what is read of them, and what is refused. */
#include "mok/tfstate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct mok_arena *arena;
	struct mok_tf_state state;
	struct mok_err err;
};

static int set_up(void **state)
{
	struct fixture *f = mok_xcalloc(1, sizeof(*f));

	f->arena = mok_arena_new();
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

static int read_text(struct fixture *f, const char *text)
{
	f->err = (struct mok_err){ 0 };
	return mok_tf_read(f->arena, text, strlen(text), &f->state, &f->err);
}

#define STATE(RESOURCES) \
	"{\"version\":4,\"terraform_version\":\"1.11.4\",\"serial\":1,\"lineage\":\"x\"," \
	"\"outputs\":{},\"resources\":[" RESOURCES "],\"check_results\":null}"
#define ONE(MODULE, TYPE, NAME, INSTANCES) \
	"{" MODULE "\"mode\":\"managed\",\"type\":\"" TYPE "\",\"name\":\"" NAME \
	"\",\"provider\":\"p\",\"instances\":[" INSTANCES "]}"

static const struct mok_tf_item *item(const struct fixture *f, size_t i)
{
	assert_true(i < f->state.items.len);
	return &f->state.items.items[i];
}

/* As Terraform 1.11 lists them. */
static void keys_in_addresses(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *json, *address;
	} cases[] = {
		{ "\"\"", "a_b.c[\"\"]" },
		{ "\"a b\"", "a_b.c[\"a b\"]" },
		{ "\"\\\"\\\\\\n\\t\\u0001\"", "a_b.c[\"\\\"\\\\\\n\\t\\u0001\"]" },
		{ "\"\u00e9 ${x} %{y} $ $$\"", "a_b.c[\"\u00e9 $${x} %%{y} $ $$\"]" },
		{ "7", "a_b.c[7]" },
		{ "null", "a_b.c" },
	};

	for (size_t i = 0; i < MOK_COUNT(cases); i++) {
		struct mok_buf text;

		mok_buf_init(&text, 4096);
		mok_buf_puts(&text,
			"{\"version\":4,\"resources\":[{\"mode\":\"managed\",\"type\":\"a_b\","
			"\"name\":\"c\",\"instances\":[{\"index_key\":");
		mok_buf_puts(&text, cases[i].json);
		mok_buf_puts(&text, "}]}]}");
		assert_int_equal(read_text(f, text.data), 0);
		assert_string_equal(item(f, 0)->address, cases[i].address);
		mok_buf_release(&text);
	}
}

static void modules_count_and_for_each(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_text(f,
				 STATE(ONE("\"module\":\"module.a[\\\"b c\\\"].module.d\",",
					 "digitalocean_record", "www",
					 "{\"index_key\":\"say \\\"hi\\\"\",\"attributes\":{\"id\":"
					 "\"12\",\"domain\":\"t.example\"}}") "," ONE("",
					 "digitalocean_vpc", "net",
					 "{\"index_key\":1,\"status\":\"tainted\",\"attributes\":{"
					 "\"id\":\"v\"}},{\"deposed\":\"0a1b\",\"attributes\":{"
					 "\"id\":\"w\"}}"))),
		0);
	assert_int_equal(f->state.items.len, 3);
	assert_string_equal(item(f, 0)->address,
		"module.a[\"b c\"].module.d.digitalocean_record.www[\"say \\\"hi\\\"\"]");
	assert_string_equal(item(f, 0)->index, "say \"hi\"");
	assert_string_equal(item(f, 0)->kind->name, "record");
	assert_string_equal(item(f, 0)->id, "12");
	assert_string_equal(item(f, 0)->parent_id, "t.example");
	assert_string_equal(item(f, 1)->address, "digitalocean_vpc.net[1]");
	assert_true(item(f, 1)->tainted);
	assert_int_equal(item(f, 2)->fate, MOK_TF_UNREADABLE);
	assert_non_null(strstr(item(f, 2)->reason, "deposed"));
}

static void data_sources_and_foreign_types(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		read_text(f,
			STATE("{\"mode\":\"data\",\"type\":\"digitalocean_vpc\",\"name\":"
			      "\"x\",\"instances\":[{\"attributes\":{\"id\":\"v\"}}]}," ONE("",
				      "random_password", "p",
				      "{\"attributes\":{\"id\":\"none\",\"result\":"
				      "\"hush\"}}") "," ONE("", "aws_instance", "i",
				      "{\"attributes\":{\"id\":\"hush\"}}"))),
		0);
	assert_int_equal(f->state.items.len, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_null(item(f, i)->kind);
		assert_null(item(f, i)->id); /* a random_string's id is the string */
		assert_int_equal(item(f, i)->fate, MOK_TF_NO_KIND);
		assert_non_null(item(f, i)->reason);
	}
}

/* A cluster's own pool is a second resource in mok, and one address in Terraform. */
static void pool_of_a_cluster(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		read_text(f,
			STATE(ONE("", "digitalocean_kubernetes_cluster", "k",
				"{\"attributes\":{\"id\":\"c\",\"node_pool\":[{\"id\":\"n\","
				"\"name\":\"p\"}]}}"))),
		0);
	assert_int_equal(f->state.items.len, 2);
	assert_string_equal(item(f, 1)->kind->name, "kubernetes_node_pool");
	assert_string_equal(item(f, 1)->id, "n");
	assert_string_equal(item(f, 1)->parent_id, "c");
	assert_string_equal(item(f, 1)->address, "digitalocean_kubernetes_cluster.k");
}

static void what_lies_in_clusters(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *type, *attributes, *key;
	} cases[] = {
		{ "kubernetes_deployment_v1",
			"{\"id\":\"social/web\",\"metadata\":[{\"name\":\"web\",\"namespace\":"
			"\"social\"}]}",
			"Deployment.apps/social/web" },
		{ "kubernetes_namespace",
			"{\"id\":\"social\",\"metadata\":[{\"name\":\"social\"}]}",
			"Namespace/social" },
		{ "kubernetes_manifest",
			"{\"manifest\":{\"type\":[\"object\",{}],\"value\":{\"apiVersion\":"
			"\"batch/v1\",\"kind\":\"Job\",\"metadata\":{\"name\":\"j\",\"namespace\":"
			"\"n\"}}}}",
			"Job.batch/n/j" },
		{ "kubectl_manifest",
			"{\"id\":\"/x\",\"api_version\":\"v1\",\"kind\":\"Service\",\"name\":\"s\","
			"\"namespace\":\"n\",\"yaml_body\":\"hush\"}",
			"Service/n/s" },
		{ "helm_release", "{\"id\":\"r\",\"name\":\"r\",\"namespace\":\"n\"}", "n/r" },
	};

	for (size_t i = 0; i < MOK_COUNT(cases); i++) {
		const char *text =
			mok_arena_printf(f->arena, STATE(ONE("", "%s", "x", "{\"attributes\":%s}")),
				cases[i].type, cases[i].attributes);

		assert_int_equal(read_text(f, text), 0);
		assert_string_equal(item(f, 0)->key, cases[i].key);
		assert_null(item(f, 0)->id);
	}
}

/* As the program itself writes it. */
static void shown_as_json(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		read_text(f,
			"{\"format_version\":\"1.0\",\"terraform_version\":\"1.11.4\",\"values\":{"
			"\"outputs\":{},\"root_module\":{\"resources\":[{\"address\":"
			"\"digitalocean_vpc.net[0]\",\"mode\":\"managed\",\"type\":"
			"\"digitalocean_vpc\",\"name\":\"net\",\"index\":0,\"provider_name\":\"p\","
			"\"schema_version\":0,\"values\":{\"id\":\"v\"},\"sensitive_values\":{}}],"
			"\"child_modules\":[{\"address\":\"module.a\",\"resources\":[{\"address\":"
			"\"module.a.kubernetes_manifest.m\",\"mode\":\"managed\",\"type\":"
			"\"kubernetes_manifest\",\"name\":\"m\",\"values\":{\"manifest\":{"
			"\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"}}}}"
			"]}]}}}"),
		0);
	assert_int_equal(f->state.items.len, 2);
	assert_string_equal(item(f, 0)->index, "0");
	assert_string_equal(item(f, 1)->address, "module.a.kubernetes_manifest.m");
	assert_string_equal(item(f, 1)->key, "Secret/s");
	assert_int_equal(
		read_text(f, "{\"format_version\":\"1.0\",\"terraform_version\":\"1.11.4\"}"), 0);
	assert_int_equal(f->state.items.len, 0);
}

static void what_is_no_state(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text, *says, *hint;
	} cases[] = {
		{ "", "empty", "terraform.tfstate" },
		{ " \n", "empty", "terraform.tfstate" },
		{ "resource \"x\" {}", "no JSON", "state pull" },
		{ "[]", "no Terraform state", "state pull" },
		{ "\xff\xfe", "UTF-8", "state pull" },
		{ "{}", "no version", "show -json" },
		{ "{\"version\":\"4\"}", "no version", "show -json" },
		{ "{\"version\":3,\"modules\":[]}", "version 3", "0.12" },
		{ "{\"version\":5,\"resources\":[]}", "version 5", "show -json" },
		{ "{\"version\":3,\"backend\":{\"type\":\"s3\"}}", "where", "state pull" },
		{ "{\"serial\":1,\"lineage\":\"x\",\"meta\":{},\"encrypted_data\":\"aGk=\","
		  "\"encryption_version\":\"v0\"}",
			"encrypted", "tofu state pull" },
		{ "{\"format_version\":\"1.2\",\"planned_values\":{},\"resource_changes\":[]}",
			"plan", "show -json" },
		{ "{\"version\":4,\"resources\":{}}", "no list", "" },
		{ STATE("3"), "resources[0]", "" },
		{ STATE("{\"mode\":\"managed\",\"type\":\"a\",\"name\":\"b\"}"), "instances", "" },
		{ STATE("{\"mode\":\"managed\",\"type\":7,\"name\":\"b\",\"instances\":[]}"),
			"no type", "" },
		{ STATE(ONE("", "digitalocean_vpc", "n", "7")), "wrong types", "" },
		{ STATE(ONE("", "digitalocean_vpc", "n", "{\"index_key\":{}}")), "wrong types",
			"" },
	};

	for (size_t i = 0; i < MOK_COUNT(cases); i++) {
		assert_int_equal(read_text(f, cases[i].text), -1);
		assert_int_equal(f->err.code, MOK_ERR_INPUT);
		assert_non_null(strstr(f->err.msg, cases[i].says));
		assert_non_null(strstr(f->err.hint, cases[i].hint));
	}
}

static void without_an_identity(void **state)
{
	struct fixture *f = *state;
	static const char *const attributes[] = { "null", "{}", "[]", "{\"id\":7}", "{\"id\":\"\"}",
		"{\"id\":\"12\",\"domain\":null}", "{\"id\":\"1\\n2\",\"domain\":\"t\"}",
		"{\"id\":{\"id\":1},\"domain\":\"t\"}" };

	for (size_t i = 0; i < MOK_COUNT(attributes); i++) {
		assert_int_equal(read_text(f,
					 mok_arena_printf(f->arena,
						 STATE(ONE("", "digitalocean_record", "r",
							 "{\"attributes\":%s}")),
						 attributes[i])),
			0);
		assert_int_equal(item(f, 0)->fate, MOK_TF_UNREADABLE);
	}
	assert_int_equal(read_text(f, STATE(ONE("", "kubernetes_manifest", "m", "{}"))), 0);
	assert_int_equal(item(f, 0)->fate, MOK_TF_UNREADABLE);
}

static void too_much(void **state)
{
	struct fixture *f = *state;
	struct mok_buf text;

	mok_buf_init(&text, (size_t)16 << 20);
	mok_buf_puts(&text,
		"{\"version\":4,\"resources\":[{\"mode\":\"managed\",\"type\":\"t\","
		"\"name\":\"n\",\"instances\":[{}");
	for (int i = 0; i < 100000; i++)
		mok_buf_puts(&text, ",{}");
	mok_buf_puts(&text, "]}]}");
	assert_int_equal(read_text(f, text.data), -1);
	assert_non_null(strstr(f->err.msg, "more than 100000"));
	mok_buf_clear(&text);
	for (int i = 0; i < 100000; i++)
		mok_buf_puts(&text, "{\"version\":[");
	assert_int_equal(read_text(f, text.data), -1);
	assert_non_null(strstr(f->err.msg, "200 deep"));
	mok_buf_release(&text);
}

/* ---- the table ---- */

static bool has_row(const char *kind)
{
	size_t n;
	const struct mok_tf_type *types = mok_tf_types(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(types[i].kind, kind) == 0)
			return true;
	return false;
}

static void every_kind_has_a_type(void **state)
{
	size_t n;
	const struct mok_kind *const *kinds = mok_kinds(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		if (!has_row(kinds[i]->name))
			fail_msg("no type of Terraform's is a %s", kinds[i]->name);
}

static void every_row_identifies(void **state)
{
	size_t n;
	const struct mok_tf_type *types = mok_tf_types(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct mok_tf_type *row = &types[i];
		const struct mok_kind *kind = mok_kind_find(row->kind);

		assert_non_null(kind);
		assert_ptr_equal(mok_tf_type_find(row->type), row); /* no type twice */
		assert_true((row->id != NULL) != (row->object_name != NULL));
		if (kind->parent && row->id && !strchr(row->type, ' '))
			assert_non_null(row->parent);
		if (row->inside)
			assert_non_null(mok_tf_type_find(row->inside));
		assert_int_equal(row->once != NULL, (kind->flags & MOK_K_SECRET_ONCE) != 0);
		if (row->once)
			assert_true(mok_field_find(kind->fields, row->once_field)->flags &
				MOK_F_SENSITIVE);
	}
	assert_null(mok_tf_type_find("digitalocean_droplet"));
	assert_non_null(strstr(mok_tf_no_kind("time_sleep"), "state alone"));
	assert_non_null(strstr(mok_tf_no_kind("digitalocean_droplet"), "no such kind"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(modules_count_and_for_each),
		TEST(keys_in_addresses),
		TEST(data_sources_and_foreign_types),
		TEST(pool_of_a_cluster),
		TEST(what_lies_in_clusters),
		TEST(shown_as_json),
		TEST(what_is_no_state),
		TEST(without_an_identity),
		TEST(too_much),
		TEST(every_kind_has_a_type),
		TEST(every_row_identifies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
