/* What the plan file promises: types by field, overlays, includes, anchors, for_each, variables and
 * their precedence, what is unknown or sensitive, default names, the hash of the configuration. */
#include "mok/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "mok: 1\nname: t\nregion: ams3\n"
#define FILES_MAX 4

struct world {
	struct mok_arena *arena;
	struct mok_diags diags;
	struct {
		const char *name, *text;
	} files[FILES_MAX];
	size_t nfiles;
	const char *names[FILES_MAX];
	struct mok_plan_options options;
};

static int read_file(void *self, const char *path, size_t max, struct mok_arena *arena,
	struct mok_source *out, struct mok_err *err)
{
	const struct world *w = self;

	(void)arena;
	(void)max;
	for (size_t i = 0; i < w->nfiles; i++) {
		if (strcmp(w->files[i].name, path) != 0)
			continue;
		out->text = w->files[i].text;
		out->len = strlen(out->text);
		return 0;
	}
	return mok_err_set(err, MOK_ERR_IO, "%s: no such file", path);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->arena = mok_arena_new();
	w->diags.arena = w->arena;
	w->options = (struct mok_plan_options){ .files = w->names, .read = read_file, .self = w };
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	mok_arena_free(w->arena);
	free(w);
	return 0;
}

/* `is_given`: with -f; otherwise only for include and --var-file. */
static void add_file(struct world *w, const char *name, const char *text, bool is_given)
{
	w->files[w->nfiles].name = name;
	w->files[w->nfiles++].text = text;
	if (is_given)
		w->names[w->options.nfiles++] = name;
}

static struct mok_stack *load(struct world *w)
{
	struct mok_stack *stack = mok_plan_load(w->arena, &w->options, &w->diags);

	for (size_t i = 0; i < w->diags.list.len; i++)
		print_error(
			"%s: %s\n", w->diags.list.items[i].code, w->diags.list.items[i].message);
	assert_int_equal(w->diags.list.len, 0);
	return stack;
}

static struct mok_stack *load_text(struct world *w, const char *text)
{
	add_file(w, "a.yaml", text, true);
	return load(w);
}

static bool nothing_known(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out)
{
	const struct world *w = self;

	*out = mok_val_unknown(mok_arena_printf(w->arena, "%s.%s", r->address, path));
	return true;
}

static struct mok_val want(struct world *w, const struct mok_stack *stack, const char *address)
{
	const struct mok_lookup lookup = { .self = w, .attribute = nothing_known };
	const struct mok_resource *r = mok_map_get(stack->by_address, address);
	struct mok_val out;

	assert_non_null(r);
	assert_int_equal(mok_plan_eval(w->arena, stack, r, &lookup, &w->diags, &out), 0);
	return out;
}

static void assert_field(struct world *w, const struct mok_stack *stack, const char *address,
	const char *path, const char *expected)
{
	struct mok_val all = want(w, stack, address);
	const struct mok_val *v = mok_val_at(&all, path);
	struct mok_buf text;

	mok_buf_init(&text, 4096);
	assert_non_null(v);
	if (v->type == MOK_STR)
		mok_buf_puts(&text, v->u.s);
	else if (v->type == MOK_UNKNOWN)
		mok_buf_printf(&text, "(%s)", v->u.s);
	else
		mok_val_canonical(v, &text);
	assert_string_equal(text.data, expected);
	mok_buf_release(&text);
}

static void test_types_come_from_fields(void **state)
{
	struct world *w = *state;
	struct mok_stack *s = load_text(w,
		HEAD
		"resources:\n"
		"  k: { kind: kubernetes_cluster, name: no, version: 1.30, ha: yes, tags: [1, on] "
		"}\n"
		"  p: { kind: kubernetes_node_pool, cluster_id: \"${k.id}\", size: s-2vcpu-4gb,\n"
		"       count: \"3\", labels: { a: 1, b: true } }\n");

	assert_field(w, s, "k", "name", "no");
	assert_field(w, s, "k", "version", "1.30");
	assert_field(w, s, "k", "ha", "true");
	assert_field(w, s, "k", "tags", "[\"1\",\"on\"]");
	assert_field(w, s, "k", "region", "ams3");
	assert_field(w, s, "p", "count", "3");
	assert_field(w, s, "p", "labels", "{\"a\":\"1\",\"b\":\"true\"}");
	assert_field(w, s, "p", "cluster_id", "(k.id)");
}

static void test_overlays_merge_by_key(void **state)
{
	struct world *w = *state;
	struct mok_stack *s;

	add_file(w, "a.yaml",
		HEAD "resources:\n  k: { kind: kubernetes_cluster, version: \"1.35\", ha: true,\n"
		     "       tags: [a, b], maintenance_policy: { day: sunday, start_time: "
		     "\"04:00\" } }\n",
		true);
	add_file(w, "b.yaml",
		"resources:\n  k: { version: \"1.36\", tags: [c], maintenance_policy: { day: "
		"monday } "
		"}\n  t: { kind: tag, name: x }\n",
		true);
	s = load(w);
	assert_int_equal(s->resources.len, 2);
	assert_field(w, s, "k", "version", "1.36");
	assert_field(w, s, "k", "ha", "true");
	assert_field(w, s, "k", "tags", "[\"c\"]");
	assert_field(w, s, "k", "maintenance_policy.day", "monday");
	assert_field(w, s, "k", "maintenance_policy.start_time", "04:00");
}

static void test_includes_go_under(void **state)
{
	struct world *w = *state;
	struct mok_stack *s;

	add_file(w, "d/a.yaml",
		"include: [base.yaml]\nname: over\nresources:\n  net: { description: mine }\n",
		true);
	add_file(w, "d/base.yaml",
		HEAD
		"resources:\n  net: { kind: vpc, description: theirs, ip_range: 10.1.0.0/20 }\n",
		false);
	s = load(w);
	assert_string_equal(s->name, "over");
	assert_field(w, s, "net", "description", "mine");
	assert_field(w, s, "net", "ip_range", "10.1.0.0/20");
}

static void test_anchors_and_merge_keys(void **state)
{
	struct world *w = *state;
	struct mok_stack *s = load_text(w,
		HEAD "x-small: &small { size: s-2vcpu-4gb, count: 2 }\n"
		     "resources:\n"
		     "  k: { kind: kubernetes_cluster, version: \"1.36\" }\n"
		     "  a: { <<: *small, kind: kubernetes_node_pool, cluster_id: \"${k.id}\", "
		     "count: 5 }\n");

	assert_field(w, s, "a", "size", "s-2vcpu-4gb");
	assert_field(w, s, "a", "count", "5");
}

static void test_for_each(void **state)
{
	struct world *w = *state;
	const struct mok_resource *r;
	struct mok_stack *s = load_text(w,
		HEAD
		"resources:\n"
		"  zone: { kind: domain, for_each: [a.example, b.example], name: \"${each.key}\" "
		"}\n"
		"  www: { kind: record, for_each: { a.example: 192.0.2.1, b.example: 192.0.2.2 },\n"
		"         domain: \"${zone[each.key].name}\", type: A, name: www,\n"
		"         data: \"${each.value}\" }\n");

	assert_int_equal(s->resources.len, 4);
	assert_field(w, s, "zone[\"b.example\"]", "name", "b.example");
	assert_field(w, s, "www[\"b.example\"]", "data", "192.0.2.2");
	assert_field(w, s, "www[\"b.example\"]", "domain", "(zone[\"b.example\"].name)");
	r = mok_map_get(s->by_address, "www[\"b.example\"]");
	assert_int_equal(r->deps.len, 1);
	assert_string_equal(s->resources.items[r->deps.items[0]].address, "zone[\"b.example\"]");
}

static const char *description_with(struct world *w, const char *expected)
{
	struct mok_stack *s = load(w);

	assert_field(w, s, "net", "description", expected);
	return s->config_hash;
}

static void test_precedence_of_variables(void **state)
{
	static const struct mok_assignment environment[] = { { "MOK_VAR_d", "environment" } };
	static const struct mok_assignment argument[] = { { "d", "argument" } };
	static const char *const var_files[] = { "v.yaml" };
	struct world *w = *state;

	add_file(w, "a.yaml",
		HEAD "variables:\n  d: { type: string, default: default }\n"
		     "resources:\n  net: { kind: vpc, description: \"${var.d}\" }\n",
		true);
	add_file(w, "v.yaml", "d: file\n", false);
	description_with(w, "default");
	w->options.environment = environment;
	w->options.nenvironment = 1;
	description_with(w, "environment");
	w->options.var_files = var_files;
	w->options.nvar_files = 1;
	description_with(w, "file");
	w->options.vars = argument;
	w->options.nvars = 1;
	description_with(w, "argument");
}

static void test_sensitive_values(void **state)
{
	static const struct mok_assignment environment[] = { { "MOK_VAR_s", "hush" },
		{ "API_TOKEN", "token" }, { "HOME", "/root" } };
	struct world *w = *state;
	struct mok_val all;
	struct mok_stack *s;

	w->options.environment = environment;
	w->options.nenvironment = 3;
	s = load_text(w,
		HEAD "variables:\n  s: { type: string, sensitive: true }\n"
		     "resources:\n"
		     "  a: { kind: vpc, name: a, description: \"x-${upper(var.s)}\" }\n"
		     "  b: { kind: vpc, name: b, description: \"${env.API_TOKEN}\" }\n"
		     "  c: { kind: vpc, name: c, description: \"${env.HOME} $${var.s}\" }\n");
	all = want(w, s, "a");
	assert_true(mok_val_get(&all, "description")->sensitive);
	all = want(w, s, "b");
	assert_true(mok_val_get(&all, "description")->sensitive);
	all = want(w, s, "c");
	assert_false(mok_val_get(&all, "description")->sensitive);
	assert_string_equal(mok_val_get(&all, "description")->u.s, "/root ${var.s}");
}

static void test_default_names(void **state)
{
	struct world *w = *state;
	const struct mok_resource *r;
	struct mok_stack *s = load_text(w,
		HEAD
		"resources:\n"
		"  My_Net: { kind: vpc }\n"
		"  a-block-with-a-name-that-is-longer-than-what-databases-may-be-called-by-far:\n"
		"    { kind: database_cluster, engine: pg, size: db-s-1vcpu-2gb, num_nodes: 1 }\n");

	r = mok_map_get(s->by_address, "My_Net");
	assert_string_equal(r->default_name, "t-my-net");
	r = &s->resources.items[1];
	assert_int_equal(strlen(r->default_name), 63);
	assert_true(mok_starts(r->default_name, "t-a-block-with-a-name"));
	assert_int_equal(r->default_name[63 - 7], '-');
}

static void hash_of(const char *text, const char *secret, char out[65])
{
	const struct mok_assignment environment[] = { { "MOK_VAR_s", secret } };
	struct world *w;

	set_up((void **)&w);
	w->options.environment = environment;
	w->options.nenvironment = 1;
	memcpy(out, load_text(w, text)->config_hash, 65);
	tear_down((void **)&w);
}

static void test_hash_of_the_configuration(void **state)
{
	static const char one[] = HEAD "variables:\n  s: { type: string, sensitive: true }\n"
				       "resources:\n  net: { kind: vpc, description: a, ip_range: "
				       "10.1.0.0/20 }\n";
	static const char same[] =
		"name: t\nmok: 1\nregion: ams3 # a comment\nresources:\n"
		"  net:\n    ip_range: 10.1.0.0/20\n    description: a\n"
		"    kind: vpc\nvariables:\n  s: { sensitive: true, type: string }\n";
	static const char other[] =
		HEAD "variables:\n  s: { type: string, sensitive: true }\n"
		     "resources:\n  net: { kind: vpc, description: b, ip_range: "
		     "10.1.0.0/20 }\n";
	char a[65], b[65];

	(void)state;
	hash_of(one, "x", a);
	hash_of(same, "x", b);
	assert_string_equal(a, b);
	hash_of(one, "y", b);
	assert_string_equal(a, b);
	hash_of(other, "x", b);
	assert_string_not_equal(a, b);
}

static void test_life_cycle(void **state)
{
	struct world *w = *state;
	const struct mok_resource *r;
	struct mok_stack *s = load_text(w,
		HEAD "variables:\n  keep: { type: bool, default: true }\n"
		     "resources:\n"
		     "  t: { kind: tag, for_each: [x, y], name: \"${each.key}\" }\n"
		     "  net: { kind: vpc, protect: \"${var.keep}\", retain: yes, depends_on: [t],\n"
		     "         ignore_changes: [description], moved_from: old,\n"
		     "         timeouts: { create: 1h30m, delete: 90s } }\n");

	r = mok_map_get(s->by_address, "net");
	assert_int_equal(r->protect, MOK_YES);
	assert_true(r->retain);
	assert_int_equal(r->deps.len, 2);
	assert_string_equal(r->ignore_changes.items[0], "description");
	assert_string_equal(r->moved_from, "old");
	assert_int_equal(r->timeout_create_s, 5400);
	assert_int_equal(r->timeout_delete_s, 90);
	assert_int_equal(r->timeout_update_s, 0);
}

/* Each kind's documentation shows a resource; together they are a plan without a complaint. */
static void test_kinds_examples(void **state)
{
	struct world *w = *state;
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);
	struct mok_stack *stack;
	struct mok_buf text;

	mok_buf_init(&text, (size_t)1 << 20);
	mok_buf_puts(&text, HEAD "resources:\n");
	for (size_t i = 0; i < count; i++) {
		for (const char *line = kinds[i]->example; *line;) {
			size_t len = strcspn(line, "\n");

			mok_buf_printf(&text, "  %.*s\n", (int)len, line);
			line += len + (line[len] == '\n');
		}
	}
	add_file(w, "examples.yaml", mok_arena_strdup(w->arena, text.data), true);
	mok_buf_release(&text);
	stack = load(w);
	for (size_t i = 0; i < count; i++) {
		size_t n = 0;

		while (n < stack->resources.len && stack->resources.items[n].kind != kinds[i])
			n++;
		assert_true(n < stack->resources.len);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kinds_examples),
		TEST(test_types_come_from_fields),
		TEST(test_overlays_merge_by_key),
		TEST(test_includes_go_under),
		TEST(test_anchors_and_merge_keys),
		TEST(test_for_each),
		TEST(test_precedence_of_variables),
		TEST(test_sensitive_values),
		TEST(test_default_names),
		TEST(test_hash_of_the_configuration),
		TEST(test_life_cycle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
