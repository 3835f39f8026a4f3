/* Expressions: every function's example, types kept, unknown and sensitive carried, all mistakes
 * with their places. */
#include "mok/expr.h"
#include "mok/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct mok_arena *arena;
	struct mok_diags diags;
	struct mok_scope scope;
	struct mok_val list;
};

static bool resolve(
	void *self, const struct mok_ref *ref, struct mok_val *out, struct mok_diags *diags)
{
	struct fixture *f = self;

	if (mok_streq(ref->root, "var") && mok_streq(ref->path, "secret")) {
		*out = mok_val_str("hush");
		out->sensitive = true;
	} else if (mok_streq(ref->root, "var") && mok_streq(ref->path, "list")) {
		*out = f->list;
	} else if (mok_streq(ref->root, "var") && mok_streq(ref->path, "none")) {
		*out = mok_val_null();
	} else if (mok_streq(ref->root, "web[\"a b\"]")) {
		*out = mok_val_str(ref->path);
	} else if (mok_streq(ref->root, "db")) {
		*out = mok_val_unknown("db.id");
	} else {
		mok_diag_add(diags, "E0505", ref->at, "no %s", ref->root);
		return false;
	}
	return true;
}

static int read_file(void *self, const char *base, const char *path, struct mok_arena *arena,
	const char **out, struct mok_err *err)
{
	(void)self;
	if (!mok_streq(path, "hello.txt"))
		return mok_err_set(err, MOK_ERR_IO, "%s: not found", path);
	*out = mok_arena_printf(arena, "hello from %s", base);
	return 0;
}

static int read_yaml(void *self, const char *text, struct mok_arena *arena, struct mok_val *out,
	struct mok_err *err)
{
	(void)self;
	return mok_plan_read_documents(arena, text, out, err);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = mok_arena_new();
	f->diags.arena = f->arena;
	f->scope = (struct mok_scope){ f, resolve, read_file, read_yaml };
	f->list = (struct mok_val){ .type = MOK_LIST };
	mok_val_append(f->arena, &f->list, mok_val_int(1));
	mok_val_append(f->arena, &f->list, mok_val_str("two"));
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

static struct mok_mark mark_of(const char *text)
{
	return (struct mok_mark){ "a.yaml", 7, 5, 5 + (uint32_t)strlen(text) };
}

static struct mok_val eval(struct fixture *f, const char *text, int expected)
{
	struct mok_val parsed, out = mok_val_null();

	assert_int_equal(mok_expr_parse(f->arena, text, mark_of(text), &f->diags, &parsed), 0);
	assert_int_equal(mok_expr_eval(f->arena, &parsed, &f->scope, &f->diags, &out), expected);
	return out;
}

static void assert_text(struct fixture *f, const char *text, const char *expected)
{
	struct mok_val v = eval(f, text, 0);

	assert_int_equal(v.type, MOK_STR);
	assert_string_equal(v.u.s, expected);
}

static void assert_problem(
	struct fixture *f, const char *text, const char *code, uint32_t column, const char *part)
{
	struct mok_val parsed, out;
	const struct mok_diag *d;

	f->diags.list.len = 0;
	if (mok_expr_parse(f->arena, text, mark_of(text), &f->diags, &parsed) == 0)
		assert_int_equal(mok_expr_eval(f->arena, &parsed, &f->scope, &f->diags, &out), -1);
	assert_int_equal(f->diags.list.len, 1);
	d = &f->diags.list.items[0];
	assert_string_equal(d->code, code);
	assert_int_equal(d->at.column, column);
	assert_non_null(strstr(d->message, part));
}

/* Unquoted scalars have their types; what is wrong is told with its line. */
static void test_yaml(void **state)
{
	struct fixture *f = *state;

	assert_text(f,
		"${json(from_yaml(\"{a: 1, b: no, c: 0644, d: 1.5, e: '1', f: [true, ~]}\"))}",
		"{\"a\":1,\"b\":\"no\",\"c\":420,\"d\":1.5,\"e\":\"1\",\"f\":[true,null]}");
	assert_text(f,
		"${json(keys(manifests(\"kind: L\\nmetadata: {name: a, namespace: b}\\n---\\n"
		"# none\\n---\\nkind: XList\\nitems: [{kind: M, metadata: {name: c}}]\")))}",
		"[\"L/b/a\",\"M/c\"]");
	assert_problem(f, "${from_yaml(\"a: [\")}", "E0504", 17, "line 2");
	assert_problem(f, "${from_yaml(\"a\\n---\\nb\")}", "E0504", 17, "2 documents");
	assert_problem(f, "${manifests(\"a: 1\")}", "E0504", 17, "no kind");
	assert_problem(f, "${manifests(\"kind: A\")}", "E0504", 17, "no metadata.name");
	assert_problem(f, "${manifests(\"[]\")}", "E0504", 17, "no kind");
	assert_problem(f,
		"${manifests(\"kind: A\\nmetadata: {name: b}\\n---\\nkind: A\\nmetadata: "
		"{name: b}\")}",
		"E0504", 17, "two of the objects are A/b");
}

static void test_examples(void **state)
{
	struct fixture *f = *state;
	const struct mok_function *about;
	size_t n;

	for (n = 0; (about = mok_function_at(n)); n++) {
		struct mok_val v;
		struct mok_buf buf;

		assert_true(about->doc[0] && mok_starts(about->signature, about->name));
		if (!about->example[0])
			continue;
		v = eval(f, mok_arena_printf(f->arena, "${%s}", about->example), 0);
		mok_buf_init(&buf, 4096);
		if (v.type == MOK_STR)
			mok_buf_puts(&buf, v.u.s);
		else
			mok_val_canonical(&v, &buf);
		assert_string_equal(buf.data, about->result);
		mok_buf_release(&buf);
	}
	assert_true(n >= 15);
}

static void test_texts(void **state)
{
	struct fixture *f = *state;
	struct mok_val v;

	assert_text(f, "plain", "plain");
	assert_text(f, "$${var.x}", "${var.x}");
	assert_text(f, "$5 and $x", "$5 and $x");
	assert_text(f, "a-${1}-${true}-$${b}", "a-1-true-${b}");
	assert_text(f, "${web[\"a b\"].connection.uri}", "connection.uri");
	assert_text(f, "${ web['a b'].nodes[0].id }", "nodes.0.id");
	assert_text(f, "${file('hello.txt')}", "hello from a.yaml");
	assert_text(f, "${upper(lower('Ä-Ab'))}", "Ä-AB");
	v = eval(f, "${[1, [true, null], 'x']}", 0);
	assert_int_equal(v.type, MOK_LIST);
	assert_int_equal(v.u.list.len, 3);
	assert_int_equal(eval(f, "${12}", 0).type, MOK_INT);
	assert_int_equal(eval(f, "${length(var.list)}", 0).u.i, 2);
	assert_text(f, "${cidrsubnet('fd00::/48', 16, 258)}", "fd00:0:0:102::/64");
	assert_text(f, "${default(var.none, '', 'c')}", "c");
	assert_text(f, "${yaml(from_json('{\"a\":{\"b\":[\"yes\",\"1\",\"x y\"]}}'))}",
		"a:\n  b:\n  - 'yes'\n  - '1'\n  - x y\n");
	assert_text(f, "${base64decode(base64encode('mok'))}", "mok");
}

static void test_unknown_and_sensitive(void **state)
{
	struct fixture *f = *state;
	struct mok_val v = eval(f, "x-${db.id}", 0);

	assert_int_equal(v.type, MOK_UNKNOWN);
	assert_string_equal(v.u.s, "db.id");
	assert_int_equal(eval(f, "${upper(join(',', ['a', db.id]))}", 0).type, MOK_UNKNOWN);
	assert_true(eval(f, "${upper(var.secret)}", 0).sensitive);
	assert_true(eval(f, "pw=${var.secret}", 0).sensitive);
	assert_true(eval(f, "${var.secret}${db.id}", 0).sensitive);
	assert_true(eval(f, "${length([var.secret])}", 0).sensitive);
	assert_false(eval(f, "${upper('x')}", 0).sensitive);
}

static void test_problems(void **state)
{
	struct fixture *f = *state;

	assert_problem(f, "a ${", "E0501", 9, "an expression is missing");
	assert_problem(f, "a ${x", "E0501", 7, "closing");
	assert_problem(f, "${x y}", "E0501", 9, "\"}\" is expected");
	assert_problem(f, "${x.}", "E0501", 9, "a name is missing");
	assert_problem(f, "${var}", "E0501", 7, "a name is missing");
	assert_problem(f, "${'abc}", "E0501", 7, "not closed");
	assert_problem(f, "${web[a].id}", "E0501", 11, "an index");
	assert_problem(f, "${1x}", "E0501", 7, "not a number");
	assert_problem(f, "${lowr('a')}", "E0502", 7, "no function \"lowr\"");
	assert_string_equal(f->diags.list.items[0].hint, "did you mean \"lower\"?");
	assert_problem(f, "${lower()}", "E0503", 7, "0 arguments");
	assert_problem(f, "${lower([1])}", "E0504", 13, "must be a string");
	assert_problem(f, "${join(',', 'a')}", "E0504", 17, "must be a list");
	assert_problem(f, "${format('%x', 1)}", "E0504", 14, "not \"%x\"");
	assert_problem(f, "${format('%s')}", "E0504", 14, "fewer values");
	assert_problem(f, "${format('a', 1)}", "E0504", 19, "more values");
	assert_problem(f, "${cidrsubnet('10.0.0.0/30', 3, 0)}", "E0504", 33, "no room");
	assert_problem(f, "${cidrsubnet('10.0.0.0/24', 2, 4)}", "E0504", 36, "0 to 3");
	assert_problem(f, "${cidrsubnet('10.0.0/24', 2, 4)}", "E0504", 18, "not a range");
	assert_problem(f, "${from_json('{')}", "E0504", 17, "not JSON");
	assert_problem(f, "${base64decode('AAA=')}", "E0504", 20, "not text");
	assert_problem(f, "${file('no')}", "E0504", 12, "not found");
	assert_problem(f, "x${var.list}", "E0504", 8, "a list cannot be part of a text");
	assert_problem(f, "${nothing.id}", "E0505", 7, "no nothing");
}

static void test_depth(void **state)
{
	struct fixture *f = *state;
	char text[20010];
	struct mok_val out;

	memset(text, '[', sizeof(text) - 1);
	memcpy(text, "${", 2);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(mok_expr_parse(f->arena, text, mark_of(text), &f->diags, &out), -1);
	assert_non_null(strstr(f->diags.list.items[0].message, "too deep"));
}

static void test_refs(void **state)
{
	struct fixture *f = *state;
	const char *text = "${join(a.id, [var.x, web[each.key].name])} ${each.value}";
	struct mok_refs refs = { 0 };
	struct mok_val parsed;

	assert_int_equal(mok_expr_parse(f->arena, text, mark_of(text), &f->diags, &parsed), 0);
	mok_expr_refs(f->arena, &parsed, &refs);
	assert_int_equal(refs.list.len, 4);
	assert_string_equal(refs.list.items[0].root, "a");
	assert_string_equal(refs.list.items[2].root, "web[each.key]");
	assert_string_equal(refs.list.items[2].path, "name");
	assert_int_equal(refs.list.items[3].at.column, 5 + 45);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_yaml, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_examples, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_texts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown_and_sensitive, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_problems, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_depth, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refs, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
