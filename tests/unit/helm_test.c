/* Helm releases: what runs, what Helm's records tell, and when nothing is left to do. */
#include "kinds/helm.h"
#include "kubernetes/kubernetes.h"
#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#define MARKER "mok:social:certs-0123456789abcdef:g1"

/* ---- records ---- */

static const char *zipped(struct mok_arena *arena, const void *data, size_t len)
{
	unsigned char *out = mok_arena_alloc(arena, len + 1024);
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)data,
		.avail_in = (uInt)len,
		.next_out = out,
		.avail_out = (uInt)len + 1024 };
	const char *once;

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	once = mok_base64(arena, out, z.total_out);
	deflateEnd(&z);
	return mok_base64(arena, once, strlen(once));
}

#define REVISION(version, colour) ROLLED_BACK(version, colour, "0")
#define ROLLED_BACK(version, colour, to) \
	"{\"name\":\"certs\",\"info\":{\"status\":\"deployed\",\"rollback_revision\":" to \
	"},\"chart\":{\"metadata\":{" \
	"\"name\":\"cert-manager\",\"version\":\"" version "\",\"appVersion\":\"9\"}}," \
	"\"config\":{\"colour\":\"" colour "\",\"admin\":{\"password\":\"x\"}}}"

static const char *record(struct mok_arena *arena, const char *revision, const char *status,
	const char *json, const char *labels)
{
	return mok_arena_printf(arena,
		"{\"metadata\":{\"name\":\"sh.helm.release.v1.certs.v%s\",\"namespace\":\"ns\","
		"\"labels\":{\"owner\":\"helm\",\"name\":\"certs\",\"version\":\"%s\","
		"\"status\":\"%s\"%s}},\"type\":\"helm.sh/release.v1\",\"data\":{\"release\":"
		"\"%s\"}}",
		revision, revision, status, labels,
		json[0] == '{' ? zipped(arena, json, strlen(json)) : json);
}

static struct mok_answer answer_to(struct mok_arena *arena, struct mok_kubernetes *k,
	enum mok_verb verb, const char *body, const char *token)
{
	struct mok_provider provider = mok_kubernetes_provider(k);
	struct mok_exchange x = { .status = 200 };
	struct mok_err err = { 0 };
	const struct mok_ask ask = { .verb = verb,
		.kind = mok_kind_find("helm_release"),
		.parent_id = "c",
		.id = "ns/certs",
		.token = token };
	const struct mok_http_reply reply = { .status = 200,
		.body = body,
		.len = strlen(body),
		.request_id = "",
		.exchange = &x,
		.err = &err };
	struct mok_answer answer = { 0 };

	mok_buf_init(&x.response, 1 << 20);
	provider.decode(provider.self, &ask, &reply, arena, &answer);
	mok_buf_release(&x.response);
	return answer;
}

static struct mok_answer page(struct mok_arena *arena, struct mok_kubernetes *k, enum mok_verb verb,
	const char *items, const char *token)
{
	return answer_to(arena, k, verb,
		mok_arena_printf(
			arena, "{\"metadata\":{\"continue\":\"more\"},\"items\":[%s]}", items),
		token);
}

static struct mok_answer last_page(
	struct mok_arena *arena, struct mok_kubernetes *k, const char *items, const char *token)
{
	return answer_to(arena, k, MOK_ASK_LIST,
		mok_arena_printf(arena, "{\"metadata\":{},\"items\":[%s]}", items), token);
}

static struct mok_object *one(struct mok_arena *arena, const char *items)
{
	struct mok_kubernetes *k = mok_kubernetes_new();
	struct mok_answer a = page(arena, k, MOK_ASK_LIST, items, NULL);

	mok_kubernetes_free(k);
	assert_int_equal(a.objects.len, 1);
	return a.objects.items[0];
}

static const char *attr(const struct mok_object *o, const char *path)
{
	const struct mok_val *v = mok_val_at(&o->attrs, path);

	return v && v->type == MOK_STR ? v->u.s : NULL;
}

#define OWNED \
	",\"mok/stack\":\"social\",\"mok/address\":\"certs-0123456789abcdef\"," \
	"\"mok/generation\":\"1\",\"mok/source\":\"abc\""

static void a_record_tells_what_is_there(void **state)
{
	const struct mok_object *o =
		one(*state, record(*state, "3", "deployed", REVISION("v1.2.3", "red"), OWNED));

	assert_string_equal(o->id, "ns/certs");
	assert_string_equal(o->marker, MARKER);
	assert_true(o->ready);
	assert_string_equal(attr(o, "chart"), "cert-manager");
	assert_string_equal(attr(o, "version"), "v1.2.3");
	assert_string_equal(attr(o, "app_version"), "9");
	assert_string_equal(attr(o, "values.colour"), "red");
	assert_string_equal(attr(o, "source"), "abc");
	assert_int_equal(mok_val_get(&o->attrs, "revision")->u.i, 3);
	assert_string_equal(
		attr(o, "record"), "/api/v1/namespaces/ns/secrets/sh.helm.release.v1.certs.v3");
	assert_true(mok_val_at(&o->attrs, "values.admin.password")->sensitive);
	assert_false(mok_val_at(&o->attrs, "values.colour")->sensitive);
	o = one(*state,
		record(*state, "3", "deployed", REVISION("v1.2.3", "red"),
			",\"mok/secrets\":\"true\""));
	assert_true(mok_val_at(&o->attrs, "values.colour")->sensitive);
	assert_null(o->marker);
}

static void the_newest_revision_counts(void **state)
{
	struct mok_arena *arena = *state;
	struct mok_kubernetes *k = mok_kubernetes_new();
	/* In the order of names v10 comes before v9, and a page may end between the two. */
	struct mok_answer a = page(arena, k, MOK_ASK_LIST,
		record(arena, "9", "deployed", REVISION("1.0.0", "red"), OWNED), NULL);
	struct mok_answer b = page(arena, k, MOK_ASK_LIST,
		record(arena, "10", "pending-upgrade", REVISION("1.1.0", "red"), ""), "more");
	const struct mok_object *o = a.objects.items[0];

	assert_string_equal(a.next_token, "more");
	assert_int_equal(b.objects.len, 0);
	assert_string_equal(attr(o, "version"), "1.1.0");
	assert_string_equal(o->status, "pending-upgrade");
	assert_false(o->ready);
	assert_int_equal(mok_val_get(&o->attrs, "deployed_revision")->u.i, 9);
	assert_null(o->marker);
	b = page(arena, k, MOK_ASK_READ, "", NULL);
	assert_int_equal(b.verdict, MOK_ANS_GONE);
	mok_kubernetes_free(k);
}

static void what_a_killed_run_left_is_seen(void **state)
{
	struct mok_arena *arena = *state;
	const char *left = mok_arena_printf(arena,
		"{\"metadata\":{\"name\":\"x\",\"namespace\":\"kube-system\",\"labels\":{"
		"\"owner\":\"mok\",\"mok/release\":\"%s\"}}},%s",
		mok_helm_release_hash(arena, "ns", "certs"),
		record(arena, "1", "deployed", REVISION("1.0.0", "red"), OWNED));

	assert_false(one(arena, left)->ready);
}

static void what_was_begun_is_found_without_a_record(void **state)
{
	struct mok_arena *arena = *state;
	struct mok_kubernetes *k = mok_kubernetes_new();
	const char *left = mok_arena_printf(arena,
		"{\"metadata\":{\"name\":\"x\",\"namespace\":\"kube-system\",\"labels\":{"
		"\"owner\":\"mok\",\"mok/release\":\"%s\",\"mok/release-name\":\"certs\","
		"\"mok/release-namespace\":\"ns\"" OWNED "}}}",
		mok_helm_release_hash(arena, "ns", "certs"));
	/* Only the last page can tell that it has none. */
	struct mok_answer a = page(arena, k, MOK_ASK_LIST, left, NULL), b;

	assert_int_equal(a.objects.len, 0);
	b = last_page(arena, k, "", "more");
	assert_int_equal(b.objects.len, 1);
	assert_string_equal(b.objects.items[0]->id, "ns/certs");
	assert_string_equal(b.objects.items[0]->marker, MARKER);
	assert_false(b.objects.items[0]->ready);
	page(arena, k, MOK_ASK_LIST, left, NULL);
	b = last_page(
		arena, k, record(arena, "1", "deployed", REVISION("1.0.0", "red"), OWNED), "more");
	assert_int_equal(b.objects.len, 1);
	assert_string_equal(attr(b.objects.items[0], "version"), "1.0.0");
	mok_kubernetes_free(k);
}

static void hostile_records_are_no_release_that_is_wanted(void **state)
{
	struct mok_arena *arena = *state;
	size_t huge = (size_t)40 << 20;
	struct mok_kubernetes *k;
	struct mok_answer a;
	char *zeros = mok_xcalloc(1, huge);
	const char *bomb = zipped(arena, zeros, huge);
	const char *const rows[] = { bomb, "", "!", "Zm9v", "Wm05dg==", "SDRzSUFBQUFBQUFB" };

	free(zeros);
	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		const struct mok_object *o =
			one(arena, record(arena, "2", "deployed", rows[i], OWNED));

		assert_string_equal(o->status, "unreadable");
		assert_false(o->ready);
	}
	k = mok_kubernetes_new();
	a = page(arena, k, MOK_ASK_LIST, record(arena, "0", "deployed", "", ""), NULL);
	assert_int_equal(a.objects.len, 0);
	mok_kubernetes_free(k);
}

/* ---- what runs ---- */

#define VALUES "{\"colour\":\"red\",\"admin\":{\"password\":\"x\"}}"

static const char want_text[] =
	"{\"cluster_id\":\"c\",\"name\":\"certs\",\"namespace\":\"ns\",\"chart\":\"cert-manager\","
	"\"repository\":\"https://charts.example\",\"version\":\"1.2.3\",\"create_namespace\":true,"
	"\"values\":" VALUES "}";

static bool next(struct mok_arena *arena, const struct mok_val *want, const struct mok_object *have,
	struct mok_errand *out)
{
	const struct mok_errand_wish wish = { want, have, want ? MARKER : NULL, false };

	return mok_helm_errands.next(arena, &wish, out);
}

static const struct mok_val *job_of(const struct mok_errand *e)
{
	assert_int_equal(e->manifests.u.list.len, 4);
	return &e->manifests.u.list.items[3];
}

static const char *args(struct mok_arena *arena, const struct mok_errand *e)
{
	const struct mok_val *list = mok_val_at(job_of(e), "spec.template.spec.containers.0.args");
	const char *all = "";

	for (size_t i = 0; i < list->u.list.len; i++)
		all = mok_arena_printf(
			arena, "%s%s%s", all, i ? " " : "", list->u.list.items[i].u.s);
	return all;
}

static void helm_gets_the_whole_wish(void **state)
{
	struct mok_arena *arena = *state;
	struct mok_val want = value_of_json(arena, want_text);
	struct mok_errand e;

	assert_true(next(arena, &want, NULL, &e));
	assert_string_equal(args(arena, &e),
		mok_arena_printf(arena,
			"upgrade --install certs cert-manager --repo https://charts.example "
			"--version 1.2.3 --namespace ns --create-namespace --values "
			"/values/values.yaml --reset-values --labels mok/stack=social,"
			"mok/address=certs-0123456789abcdef,mok/generation=1,mok/source=%s,"
			"mok/secrets=false,mok/began=install "
			"--history-max 5 --wait --rollback-on-failure --timeout 10m",
			mok_helm_source(arena, "https://charts.example", "cert-manager")));
	assert_string_equal(
		mok_val_get_str(mok_val_get(&e.manifests.u.list.items[0], "data"), "values.yaml"),
		mok_base64(arena, VALUES, strlen(VALUES)));
	assert_true(mok_val_has_sensitive(&e.manifests.u.list.items[0]));
	assert_string_equal(
		mok_val_at(&e.manifests.u.list.items[2], "roleRef.name")->u.s, "cluster-admin");
	assert_int_equal(mok_val_at(job_of(&e), "spec.activeDeadlineSeconds")->u.i, 2 * 600 + 300);
	mok_val_set(arena, &want, "wait", mok_val_bool(false));
	mok_val_set(arena, &want, "timeout", mok_val_str("1m30s"));
	assert_true(next(arena, &want, NULL, &e));
	assert_null(strstr(args(arena, &e), "--wait"));
	assert_null(strstr(args(arena, &e), "--rollback-on-failure"));
	assert_int_equal(mok_val_at(job_of(&e), "spec.activeDeadlineSeconds")->u.i, 2 * 90 + 300);
}

static bool next_forced(struct mok_arena *arena, const struct mok_val *want,
	const struct mok_object *have, struct mok_errand *out)
{
	const struct mok_errand_wish wish = { want, have, MARKER, true };

	return mok_helm_errands.next(arena, &wish, out);
}

/* What fails is not rolled back then: that would delete what was there before it. */
static void helm_takes_over(void **state)
{
	struct mok_arena *arena = *state;
	struct mok_val want = value_of_json(arena, want_text);
	const struct mok_object *have =
		one(arena, record(arena, "1", "failed", REVISION("v1.2.3", "red"), ""));
	struct mok_errand e;

	assert_true(next(arena, &want, NULL, &e));
	assert_null(strstr(args(arena, &e), "--take-ownership"));
	assert_true(next_forced(arena, &want, NULL, &e));
	assert_non_null(strstr(
		args(arena, &e), " --take-ownership --force-conflicts --wait --timeout 10m"));
	assert_true(next_forced(arena, &want, have, &e));
	assert_non_null(strstr(args(arena, &e), " --take-ownership --wait --timeout 10m"));
	assert_non_null(strstr(args(arena, &e), "mok/began=take-over"));
}

static const char *name_of(struct mok_arena *arena, const struct mok_val *want)
{
	struct mok_errand e;

	assert_true(next(arena, want, NULL, &e));
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(mok_val_at(&e.manifests.u.list.items[i], "metadata.name")->u.s,
			mok_val_at(job_of(&e), "metadata.name")->u.s);
	return mok_val_at(job_of(&e), "metadata.name")->u.s;
}

static void the_same_wish_is_the_same_job(void **state)
{
	struct mok_arena *arena = *state;
	struct mok_val want = value_of_json(arena, want_text), long_name = want;
	const char *name = name_of(arena, &want);

	assert_string_equal(name, name_of(arena, &want));
	mok_val_set(arena, &want, "values", value_of_json(arena, "{\"colour\":\"blue\"}"));
	assert_string_not_equal(name, name_of(arena, &want));
	mok_val_set(arena, &long_name, "name",
		mok_val_str("a23456789-123456789-123456789-123456789-123456789-123"));
	assert_true(strlen(name_of(arena, &long_name)) <= 63);
}

#define FRESH ",\"mok/began\":\"install\""
#define TAKING ",\"mok/began\":\"take-over\""

static const char *command_on(
	struct mok_arena *arena, const char *want, const struct mok_object *have)
{
	struct mok_val v = want ? value_of_json(arena, want) : mok_val_null();
	struct mok_errand e;

	if (!next(arena, want ? &v : NULL, have, &e))
		return "";
	return mok_arena_strndup(arena, args(arena, &e), strcspn(args(arena, &e), "-") - 1);
}

static const char *command(struct mok_arena *arena, const char *want, const char *revision,
	const char *status, const char *older)
{
	return command_on(arena, want,
		one(arena,
			mok_arena_printf(arena, "%s%s", older,
				record(arena, revision, status, REVISION("v1.2.3", "red"), ""))));
}

static const char *after_cut(
	struct mok_arena *arena, const char *revision, const char *status, const char *labels)
{
	return command_on(arena, want_text,
		one(arena, record(arena, revision, status, REVISION("v1.2.3", "red"), labels)));
}

static void what_was_cut_short_is_undone_first(void **state)
{
	struct mok_arena *arena = *state;
	const char *older = mok_arena_printf(
		arena, "%s,", record(arena, "2", "deployed", REVISION("v1.2.3", "red"), ""));

	assert_string_equal(after_cut(arena, "1", "pending-install", FRESH), "uninstall certs");
	assert_string_equal(
		command(arena, want_text, "4", "pending-upgrade", ""), "rollback certs 3");
	assert_string_equal(
		command(arena, want_text, "4", "pending-rollback", older), "rollback certs 2");
	assert_string_equal(command(arena, want_text, "4", "uninstalling", ""), "uninstall certs");
	assert_string_equal(command(arena, want_text, "4", "failed", ""), "upgrade");
	assert_string_equal(command(arena, NULL, "4", "pending-upgrade", ""), "uninstall certs");
	assert_string_equal(command(arena, want_text, "4", "deployed", ""), "");
}

/* Going back would delete what others had made: it is carried through, and never uninstalled. */
static void what_took_over_is_carried_through(void **state)
{
	struct mok_arena *arena = *state;
	struct mok_val want = value_of_json(arena, want_text);
	const struct mok_object *cut = one(
		arena, record(arena, "1", "pending-install", REVISION("v1.2.3", "red"), TAKING));
	const struct mok_object *undone = one(
		arena, record(arena, "2", "deployed", ROLLED_BACK("v1.2.3", "red", "1"), TAKING));
	struct mok_errand e;

	assert_true(next(arena, &want, cut, &e));
	assert_string_equal(
		args(arena, &e), "rollback certs 1 --namespace ns --force-conflicts --timeout 10m");
	assert_false(undone->ready);
	assert_true(next(arena, &want, undone, &e));
	assert_non_null(strstr(args(arena, &e), " --take-ownership --force-conflicts --wait"));
	assert_null(strstr(args(arena, &e), "--rollback-on-failure"));
	/* what others were installing when it was adopted */
	assert_string_equal(
		command(arena, want_text, "1", "pending-install", ""), "rollback certs 1");
	assert_string_equal(after_cut(arena, "4", "pending-upgrade", TAKING), "rollback certs 4");
	assert_true(one(arena, record(arena, "1", "deployed", REVISION("v1.2.3", "red"), TAKING))
			    ->ready);
}

/* ---- is it what is wanted? ---- */

static void what_helm_keeps_otherwise_is_no_difference(void **state)
{
	static const struct {
		const char *want, *have;
		bool same;
	} rows[] = {
		{ "{\"a\":1}", "{\"a\":1.0}", true },
		{ "{\"a\":1,\"b\":null}", "{\"a\":1}", true },
		{ "{\"a\":{}}", "{}", true },
		{ "{}", "null", true },
		{ "{\"a\":[1,2]}", "{\"a\":[1,2]}", true },
		{ "{\"a\":[1,2]}", "{\"a\":[2,1]}", false },
		{ "{\"a\":[1]}", "{\"a\":[1,2]}", false },
		{ "{\"a\":1}", "{\"a\":1,\"b\":2}", false }, /* others' values too */
		{ "{\"a\":1}", "{\"a\":\"1\"}", false },
		{ "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":2}}", false },
	};

	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		struct mok_val want = value_of_json(*state, rows[i].want);
		struct mok_val have = value_of_json(*state, rows[i].have);

		if (mok_helm_same_values(&want, &have) != rows[i].same)
			fail_msg("%s and %s", rows[i].want, rows[i].have);
	}
	assert_true(mok_helm_same_version("v1.2.3", "1.2.3"));
	assert_false(mok_helm_same_version("1.2.3", "1.2.30"));
}

static void a_chart_has_a_name_wherever_it_is(void **state)
{
	static const char *const rows[] = { "cert-manager", "oci://x.example/charts/cert-manager",
		"https://x.example/cert-manager-1.2.3.tgz", "https://x.example/cert-manager.tgz" };
	const char *oci = mok_helm_source(*state, NULL, rows[1]);

	for (size_t i = 0; i < MOK_COUNT(rows); i++)
		assert_string_equal(mok_helm_chart_name(*state, rows[i]), "cert-manager");
	assert_string_equal(oci, mok_helm_source(*state, NULL, "oci://x.example/charts/other"));
	assert_string_not_equal(oci, mok_helm_source(*state, NULL, "oci://y.example/charts/x"));
	assert_string_not_equal(oci, mok_helm_source(*state, "https://x.example", "cert-manager"));
}

static size_t ties(struct mok_arena *arena, const char *want, const char *tie, bool required)
{
	struct mok_val v = value_of_json(arena, want), provides = { .type = MOK_LIST },
		       requires = provides;
	const struct mok_val *list = required ? &requires : &provides;
	size_t n = 0;

	mok_kind_find("helm_release")->ties(arena, &v, &provides, &requires);
	for (size_t i = 0; i < list->u.list.len; i++) {
		n += strcmp(list->u.list.items[i].u.s, tie) == 0;
		assert_null(strstr(list->u.list.items[i].u.s, "gateway.networking.k8s.io"));
	}
	return n;
}

static void known_charts_provide_their_kinds(void **state)
{
	static const char issuer[] = "kind cert-manager.io/Issuer";
	static const char monitor[] = "kind monitoring.coreos.com/ServiceMonitor";

	assert_int_equal(ties(*state, want_text, "namespace ns", false), 1);
	assert_int_equal(ties(*state, want_text, "namespace ns", true), 1);
	assert_int_equal(ties(*state, want_text, issuer, false), 0); /* crds.enabled is off */
	assert_int_equal(
		ties(*state,
			"{\"chart\":\"cert-manager\",\"values\":{\"crds\":{\"enabled\":true}}}",
			issuer, false),
		1);
	assert_int_equal(ties(*state, "{\"chart\":\"oci://x/traefik\",\"namespace\":\"t\"}",
				 "kind traefik.io/Middleware", false),
		1);
	assert_int_equal(ties(*state, "{\"chart\":\"robusta\"}", monitor, false), 0);
	assert_int_equal(
		ties(*state, "{\"chart\":\"robusta\",\"values\":{\"enablePrometheusStack\":true}}",
			monitor, false),
		1);
	assert_int_equal(
		ties(*state, "{\"chart\":\"mine\",\"namespace\":\"t\"}", "namespace t", false), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_tells_what_is_there),
		TEST(the_newest_revision_counts),
		TEST(what_a_killed_run_left_is_seen),
		TEST(what_was_begun_is_found_without_a_record),
		TEST(hostile_records_are_no_release_that_is_wanted),
		TEST(helm_gets_the_whole_wish),
		TEST(helm_takes_over),
		TEST(the_same_wish_is_the_same_job),
		TEST(what_was_cut_short_is_undone_first),
		TEST(what_took_over_is_carried_through),
		TEST(what_helm_keeps_otherwise_is_no_difference),
		TEST(a_chart_has_a_name_wherever_it_is),
		TEST(known_charts_provide_their_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
