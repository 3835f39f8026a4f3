/* Answers, from the examples of DigitalOcean's API description (7c1300c), and what errors mean. */
#include "mok/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MARK "mok:shop:web-0123456789abcdef:g1"

struct decoded {
	struct mok_arena *arena;
	struct mok_answer answer;
};

static struct decoded decode_reply(
	struct mok_ask ask, const char *kind, int status, const char *body, size_t len)
{
	const struct mok_provider *provider = mok_digitalocean_provider();
	struct decoded d = { .arena = mok_arena_new() };
	struct mok_err err = { .code = MOK_ERR_API, .http_status = status };
	struct mok_http_reply reply = { .status = status, .body = body, .len = len };
	cJSON *json = status >= 300 ? mok_json_parse(body, len) : NULL;

	ask.kind = kind ? mok_kind_find(kind) : NULL;
	if (status >= 300) {
		const char *message = mok_json_str(json, "message");

		/* As http fills it in: the API's own words. */
		mok_err_set(&err, MOK_ERR_API, "%s", message ? message : body);
		reply.err = &err;
	}
	provider->decode(provider->self, &ask, &reply, d.arena, &d.answer);
	cJSON_Delete(json);
	return d;
}

static struct decoded decode(struct mok_ask ask, const char *kind, int status, const char *body)
{
	return decode_reply(ask, kind, status, body, strlen(body));
}

static const struct mok_val *attr(const struct mok_object *o, const char *path)
{
	return mok_val_at(&o->attrs, path);
}

static void assert_text(const struct mok_object *o, const char *path, const char *want)
{
	const struct mok_val *v = attr(o, path);

	assert_non_null(v);
	assert_int_equal(v->type, MOK_STR);
	assert_string_equal(v->u.s, want);
}

static const char clusters[] =
	"{\"kubernetes_clusters\":[{\"id\":\"bd5f5959-5e1e-4205-a714-a914373942af\","
	"\"name\":\"prod-cluster-01\",\"region\":\"nyc1\",\"version\":\"1.18.6-do.0\","
	"\"vpc_uuid\":\"c33931f2-a26a-4e61-b85c-4e95a2ec431b\",\"ipv4\":\"68.183.121.157\","
	"\"tags\":[\"production\",\"k8s\",\"k8s:bd5f5959-5e1e-4205-a714-a914373942af\",\"" MARK
	"\"],\"node_pools\":[{\"id\":\"cdda885e-7663-40c8-bc74-3a036c66545d\","
	"\"name\":\"frontend-pool\",\"size\":\"s-1vcpu-2gb\",\"count\":1,\"tags\":[\"web\","
	"\"k8s\",\"k8s:worker\",\"mok:shop:base-0123456789abcdef:g2\"],\"labels\":null,"
	"\"taints\":[],\"auto_scale\":false,\"min_nodes\":0,\"max_nodes\":0,\"nodes\":[{\"id\":"
	"\"478247f8\",\"name\":\"adoring-newton-3niq\",\"status\":{\"state\":\"running\"},"
	"\"droplet_id\":\"205545370\"}]},{\"id\":\"f49f4379\",\"name\":\"backend-pool\","
	"\"size\":\"g-4vcpu-16gb\",\"count\":2,\"tags\":[],\"labels\":{\"service\":\"backend\"},"
	"\"auto_scale\":true,\"min_nodes\":2,\"max_nodes\":5,\"nodes\":[{\"status\":{\"state\":"
	"\"running\"}},{\"status\":{\"state\":\"provisioning\"}}]}],\"maintenance_policy\":"
	"{\"start_time\":\"04:00\",\"duration\":\"4h0m0s\",\"day\":\"any\"},\"auto_upgrade\":false,"
	"\"status\":{\"state\":\"provisioning\",\"message\":\"provisioning\"},\"created_at\":"
	"\"2018-11-15T16:00:11Z\",\"surge_upgrade\":false,\"ha\":\"not a boolean\","
	"\"cluster_autoscaler_configuration\":{\"scale_down_utilization_threshold\":0.65,"
	"\"scale_down_unneeded_time\":\"1m\",\"expanders\":[\"priority\",\"random\"]},"
	"\"something_new\":{\"a\":[1]}}],\"meta\":{\"total\":1}}";

static void test_clusters_and_their_pools(void **state)
{
	struct decoded d = decode((struct mok_ask){ .verb = MOK_ASK_LIST, .page = 1 },
		"kubernetes_cluster", 200, clusters);
	const struct mok_object *c, *front, *back;

	(void)state;
	assert_int_equal(d.answer.verdict, MOK_ANS_OK);
	assert_int_equal(d.answer.total, 1);
	assert_int_equal(d.answer.next_page, 0);
	assert_int_equal(d.answer.objects.len, 3);
	c = d.answer.objects.items[0];
	front = d.answer.objects.items[1];
	back = d.answer.objects.items[2];
	assert_string_equal(c->id, "bd5f5959-5e1e-4205-a714-a914373942af");
	assert_string_equal(c->urn, "do:kubernetes:bd5f5959-5e1e-4205-a714-a914373942af");
	assert_string_equal(c->name, "prod-cluster-01");
	assert_string_equal(c->marker, MARK);
	assert_string_equal(c->status, "provisioning");
	assert_null(c->status_message);
	assert_false(c->ready);
	assert_false(c->failed);
	assert_int_equal(c->created_ms, 1542297611000);
	/* Of the tags the user's only. */
	assert_int_equal(attr(c, "tags")->u.list.len, 1);
	assert_text(c, "tags.0", "production");
	assert_text(c, "cluster_autoscaler_configuration.scale_down_unneeded_time", "1m0s");
	assert_null(attr(c, "ha"));
	assert_null(attr(c, "kubeconfig"));
	assert_string_equal(front->parent_id, c->id);
	assert_ptr_equal(front->parent, c);
	assert_string_equal(front->marker, "mok:shop:base-0123456789abcdef:g2");
	assert_true(front->ready);
	assert_text(front, "cluster_id", c->id);
	assert_text(front, "nodes.0.status", "running");
	assert_null(attr(front, "labels"));
	assert_false(back->ready);
	assert_text(back, "labels.service", "backend");
	assert_null(back->marker);
	mok_arena_free(d.arena);
}

static void test_database(void **state)
{
	static const char body[] =
		"{\"database\":{\"id\":\"9cc10173-e9ea-4176-9dbc-a4cee4c4ff30\",\"name\":"
		"\"backend\",\"engine\":\"pg\",\"version\":\"14\",\"connection\":{\"uri\":"
		"\"postgres://doadmin:wv78@h:25060/d\",\"host\":\"h\",\"port\":25060,\"user\":"
		"\"doadmin\",\"password\":\"wv78\",\"ssl\":true},\"private_connection\":{\"host\":"
		"\"p\",\"port\":25060,\"password\":\"\"},\"num_nodes\":2,\"region\":\"nyc3\","
		"\"status\":\"online\",\"created_at\":\"2019-01-11T18:37:36Z\","
		"\"maintenance_window\":{\"day\":\"saturday\",\"hour\":\"08:45:00\",\"pending\":"
		"true},\"size\":\"db-s-2vcpu-4gb\",\"tags\":null,\"storage_size_mib\":61440}}";
	struct decoded d =
		decode((struct mok_ask){ .verb = MOK_ASK_READ }, "database_cluster", 200, body);
	const struct mok_object *o;

	(void)state;
	assert_int_equal(d.answer.verdict, MOK_ANS_OK);
	assert_int_equal(d.answer.objects.len, 1);
	o = d.answer.objects.items[0];
	assert_true(o->ready);
	assert_string_equal(o->urn, "do:dbaas:9cc10173-e9ea-4176-9dbc-a4cee4c4ff30");
	assert_text(o, "maintenance_window.hour", "08:45");
	assert_text(o, "connection.password", "wv78");
	assert_true(attr(o, "connection.password")->sensitive);
	assert_true(attr(o, "connection.uri")->sensitive);
	assert_false(attr(o, "connection.host")->sensitive);
	/* Blank for want of a scope: not known, rather than empty. */
	assert_null(attr(o, "private_connection.password"));
	mok_arena_free(d.arena);
}

static void test_firewall(void **state)
{
	static const char body[] =
		"{\"rules\":[{\"uuid\":\"u1\",\"type\":\"k8s\",\"value\":\"ff2a\"},{\"uuid\":"
		"\"u2\",\"type\":\"ip_addr\",\"value\":\"192.168.1.1\",\"description\":\"office "
		"[mok:shop]\"},{\"uuid\":\"u3\",\"type\":\"ip_addr\",\"value\":\"192.0.2.1\","
		"\"description\":\"keeps the list from being empty [mok:shop]\"}]}";
	struct decoded d = decode((struct mok_ask){ .verb = MOK_ASK_LIST, .parent_id = "9cc1" },
		"database_firewall", 200, body);
	const struct mok_object *o;

	(void)state;
	assert_int_equal(d.answer.objects.len, 1);
	o = d.answer.objects.items[0];
	assert_string_equal(o->id, "9cc1");
	assert_string_equal(o->parent_id, "9cc1");
	assert_int_equal(attr(o, "all_rules")->u.list.len, 3);
	assert_int_equal(attr(o, "rules")->u.list.len, 1);
	assert_text(o, "rules.0.value", "192.168.1.1");
	assert_text(o, "rules.0.description", "office");
	mok_arena_free(d.arena);
}

static void test_vpcs_and_paging(void **state)
{
	static const char body[] =
		"{\"vpcs\":[{\"name\":\"env.prod-vpc\",\"description\":\"VPC [1] [" MARK "]\","
		"\"region\":\"nyc1\",\"ip_range\":\"10.10.10.0/24\",\"id\":\"5a49\",\"default\":"
		"false,\"created_at\":\"2020-03-13T19:20:47.442049222Z\"},{\"id\":\"e0fe\","
		"\"name\":\"default-nyc1\",\"description\":\"\",\"default\":true}],\"links\":"
		"{\"pages\":{\"next\":\"https://elsewhere.example/v2/vpcs?per_page=200&page=2\"}},"
		"\"meta\":{\"total\":203}}";
	struct decoded d =
		decode((struct mok_ask){ .verb = MOK_ASK_LIST, .page = 1 }, "vpc", 200, body);
	const struct mok_object *o;

	(void)state;
	assert_int_equal(d.answer.objects.len, 2);
	assert_int_equal(d.answer.next_page, 2);
	assert_int_equal(d.answer.total, 203);
	o = d.answer.objects.items[0];
	assert_string_equal(o->marker, MARK);
	assert_text(o, "description", "VPC [1]");
	assert_true(o->created_ms >= 1584127247000 && o->created_ms < 1584127248000);
	assert_true(d.answer.objects.items[1]->is_default);
	assert_null(d.answer.objects.items[1]->marker);
	mok_arena_free(d.arena);
}

static void test_records(void **state)
{
	static const char body[] =
		"{\"domain_records\":[{\"id\":28448429,\"type\":\"NS\",\"name\":\"@\",\"data\":"
		"\"ns1.digitalocean.com\",\"priority\":null,\"port\":null,\"ttl\":1800},{\"id\":"
		"28448432,\"type\":\"AAAA\",\"name\":\"WWW\",\"data\":\"2001:DB8:0::1\",\"ttl\":"
		"600},{\"name\":\"no id\"},17,null],\"meta\":{\"total\":4}}";
	struct decoded d =
		decode((struct mok_ask){ .verb = MOK_ASK_LIST, .parent_id = "a.example" }, "record",
			200, body);

	(void)state;
	assert_int_equal(d.answer.objects.len, 2);
	assert_string_equal(d.answer.objects.items[0]->id, "28448429");
	assert_text(d.answer.objects.items[0], "domain", "a.example");
	assert_text(d.answer.objects.items[0], "fqdn", "a.example");
	assert_null(attr(d.answer.objects.items[0], "priority"));
	assert_text(d.answer.objects.items[1], "name", "www");
	assert_text(d.answer.objects.items[1], "data", "2001:db8::1");
	assert_text(d.answer.objects.items[1], "fqdn", "www.a.example");
	mok_arena_free(d.arena);
}

static void test_secret_is_shown_once(void **state)
{
	static const char body[] =
		"{\"key\":{\"name\":\"k\",\"access_key\":\"DOACCESSKEYEXAMPLE\",\"secret_key\":"
		"\"DOSECRETKEYEXAMPLE\",\"grants\":[{\"bucket\":\"b\",\"permission\":\"read\"}],"
		"\"created_at\":\"2018-07-19T15:04:16Z\"}}";
	struct decoded d =
		decode((struct mok_ask){ .verb = MOK_ASK_CREATE }, "spaces_key", 201, body);

	(void)state;
	assert_int_equal(d.answer.verdict, MOK_ANS_OK);
	assert_string_equal(d.answer.objects.items[0]->id, "DOACCESSKEYEXAMPLE");
	assert_string_equal(mok_val_get_str(&d.answer.value, "secret_key"), "DOSECRETKEYEXAMPLE");
	assert_true(mok_val_get(&d.answer.value, "secret_key")->sensitive);
	mok_arena_free(d.arena);
}

static void test_values(void **state)
{
	const struct mok_kind *db = mok_kind_find("database_cluster");
	struct mok_ask ask = { .verb = MOK_ASK_FETCH };
	struct decoded d;

	(void)state;
	ask.field = mok_field_find(db->fields, "ca");
	d = decode(ask, db->name, 200, "{\"ca\":{\"certificate\":\"LS0t\"}}");
	assert_string_equal(d.answer.value.u.s, "LS0t");
	mok_arena_free(d.arena);
	ask.field = mok_field_find(db->fields, "eviction_policy");
	d = decode(ask, db->name, 200, "{\"eviction_policy\":\"allkeys-lru\"}");
	assert_string_equal(d.answer.value.u.s, "allkeys_lru");
	mok_arena_free(d.arena);
	ask.field = mok_field_find(db->fields, "autoscale");
	d = decode(ask, db->name, 200,
		"{\"autoscale\":{\"storage\":{\"enabled\":true,\"threshold_percent\":80}}}");
	assert_int_equal(mok_val_at(&d.answer.value, "storage.threshold_percent")->u.i, 80);
	mok_arena_free(d.arena);
	ask.field = mok_field_find(mok_kind_find("kubernetes_cluster")->fields, "kubeconfig");
	d = decode(ask, "kubernetes_cluster", 200, "apiVersion: v1\nkind: Config\n");
	assert_string_equal(d.answer.value.u.s, "apiVersion: v1\nkind: Config\n");
	assert_true(d.answer.value.sensitive);
	mok_arena_free(d.arena);
	d = decode((struct mok_ask){ .verb = MOK_ASK_TARGETS }, "kubernetes_cluster", 200,
		"{\"available_upgrade_versions\":[{\"slug\":\"1.36.0-do.3\"}]}");
	assert_string_equal(d.answer.value.u.list.items[0].u.s, "1.36.0-do.3");
	mok_arena_free(d.arena);
	d = decode((struct mok_ask){ .verb = MOK_ASK_TARGETS }, "kubernetes_cluster", 200,
		"{\"available_upgrade_versions\":null}");
	assert_int_equal(d.answer.value.u.list.len, 0);
	mok_arena_free(d.arena);
	d = decode((struct mok_ask){ .verb = MOK_ASK_BACKUPS }, "database_cluster", 200,
		"{\"backups\":[{\"created_at\":\"2026-01-11T18:42:27Z\",\"size_gigabytes\":0.03},{}"
		"]}");
	assert_int_equal(d.answer.value.u.list.len, 1);
	assert_string_equal(d.answer.value.u.list.items[0].u.s, "2026-01-11T18:42:27Z");
	mok_arena_free(d.arena);
	d = decode((struct mok_ask){ .verb = MOK_ASK_MEMBERS, .page = 1 }, "project", 200,
		"{\"resources\":[{\"urn\":\"do:droplet:1\",\"status\":\"ok\"}]}");
	assert_string_equal(d.answer.value.u.list.items[0].u.s, "do:droplet:1");
	mok_arena_free(d.arena);
	d = decode((struct mok_ask){ .verb = MOK_ASK_TAG_LIST, .page = 1 }, NULL, 200,
		"{\"tags\":[{\"name\":\"a\",\"resources\":{\"count\":0}},{\"name\":\"b\"}]}");
	assert_int_equal(d.answer.tags.len, 2);
	mok_arena_free(d.arena);
}

/* An HTTP 200 may hold refusals of single members. */
static void test_assignment_is_looked_into(void **state)
{
	struct decoded d = decode((struct mok_ask){ .verb = MOK_ASK_ASSIGN }, "project", 200,
		"{\"resources\":[{\"urn\":\"do:space:a\",\"status\":\"assigned\"},{\"urn\":"
		"\"do:space:b\",\"status\":\"not_found\"}]}");

	(void)state;
	assert_int_equal(d.answer.verdict, MOK_ANS_BUSY);
	assert_non_null(strstr(d.answer.err.msg, "do:space:b"));
	mok_arena_free(d.arena);
}

/* mok's own tags are no resources of anybody's. */
static void test_tags_of_mok_are_no_objects(void **state)
{
	struct decoded d = decode((struct mok_ask){ .verb = MOK_ASK_LIST, .page = 1 }, "tag", 200,
		"{\"tags\":[{\"name\":\"" MARK "\"},{\"name\":\"backend\",\"resources\":"
		"{\"count\":5}}]}");

	(void)state;
	assert_int_equal(d.answer.objects.len, 1);
	assert_string_equal(d.answer.objects.items[0]->id, "backend");
	assert_int_equal(attr(d.answer.objects.items[0], "resources.count")->u.i, 5);
	mok_arena_free(d.arena);
}

struct meaning {
	enum mok_verb verb;
	int status;
	const char *body;
	enum mok_verdict verdict;
};

static const struct meaning meanings[] = {
	{ MOK_ASK_READ, 404, "{\"id\":\"not_found\",\"message\":\"gone\"}", MOK_ANS_GONE },
	{ MOK_ASK_DELETE, 404, "", MOK_ANS_GONE },
	{ MOK_ASK_READ, 401, "{\"message\":\"Unable to authenticate you\"}", MOK_ANS_FAILED },
	{ MOK_ASK_CREATE, 403, "{\"message\":\"you are not authorized\"}", MOK_ANS_FAILED },
	{ MOK_ASK_DELETE, 403, "{\"message\":\"Can not delete VPC with members\"}", MOK_ANS_BUSY },
	{ MOK_ASK_DELETE, 403, "{\"message\":\"Can not delete the default VPC\"}", MOK_ANS_FAILED },
	{ MOK_ASK_DELETE, 403, "{\"message\":\"the certificate is in use\"}", MOK_ANS_BUSY },
	{ MOK_ASK_DELETE, 409, "{\"message\":\"Can not delete VPC with members\"}", MOK_ANS_BUSY },
	{ MOK_ASK_CREATE, 409, "{\"message\":\"duplicate name\"}", MOK_ANS_EXISTS },
	{ MOK_ASK_CALL, 412, "{\"message\":\"cluster is under maintenance\"}", MOK_ANS_BUSY },
	{ MOK_ASK_DELETE, 412, "{\"message\":\"cannot delete a project with resources\"}",
		MOK_ANS_BUSY },
	{ MOK_ASK_CREATE, 412, "{\"message\":\"size is unavailable in this region\"}",
		MOK_ANS_FAILED },
	{ MOK_ASK_CREATE, 422, "{\"message\":\"a cluster with this name already exists\"}",
		MOK_ANS_EXISTS },
	{ MOK_ASK_CREATE, 422, "{\"message\":\"cluster name is not available\"}", MOK_ANS_EXISTS },
	{ MOK_ASK_CREATE, 422, "{\"message\":\"name is not unique\"}", MOK_ANS_EXISTS },
	{ MOK_ASK_CREATE, 422, "{\"message\":\"size is invalid\"}", MOK_ANS_FAILED },
	{ MOK_ASK_CALL, 422, "{\"message\":\"name already exists\"}", MOK_ANS_FAILED },
	{ MOK_ASK_READ, 429, "{\"id\":\"too_many_requests\"}", MOK_ANS_BUSY },
	{ MOK_ASK_CREATE, 500, "<html>", MOK_ANS_AMBIGUOUS },
	{ MOK_ASK_CREATE, 503, "Failed to forward the request", MOK_ANS_AMBIGUOUS },
	{ MOK_ASK_READ, 502, "<html>", MOK_ANS_FAILED },
	/* What is no object is no answer of the API's. */
	{ MOK_ASK_READ, 200, "null", MOK_ANS_FAILED },
	{ MOK_ASK_LIST, 200, "[]", MOK_ANS_FAILED },
	{ MOK_ASK_TAG_READ, 200, "<html>", MOK_ANS_FAILED },
	{ MOK_ASK_TAG_MAKE, 200, "<html>", MOK_ANS_AMBIGUOUS },
	{ MOK_ASK_DELETE, 200, "<html>", MOK_ANS_AMBIGUOUS },
	{ MOK_ASK_DELETE, 204, "", MOK_ANS_OK },
	/* A success that cannot be read has happened all the same. */
	{ MOK_ASK_CREATE, 201, "{\"vpc\":", MOK_ANS_AMBIGUOUS },
	{ MOK_ASK_CREATE, 201, "{\"vpc\":{\"name\":\"no id\"}}", MOK_ANS_AMBIGUOUS },
	{ MOK_ASK_READ, 200, "<html>", MOK_ANS_FAILED },
	{ MOK_ASK_READ, 200, "{}", MOK_ANS_FAILED },
	{ MOK_ASK_LIST, 200, "{\"vpcs\":null}", MOK_ANS_OK },
	{ MOK_ASK_LIST, 200, "{\"vpcs\":{\"id\":\"x\"}}", MOK_ANS_FAILED },
	{ MOK_ASK_LIST, 200, "{\"vpcs\":\"none\"}", MOK_ANS_FAILED },
	{ MOK_ASK_ACCOUNT, 200, "{\"account\":{\"uuid\":5}}", MOK_ANS_FAILED },
	{ MOK_ASK_DELETE, 204, "", MOK_ANS_OK },
	{ MOK_ASK_CALL, 202, "", MOK_ANS_OK },
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < MOK_COUNT(meanings); i++) {
		const struct meaning *m = &meanings[i];
		struct decoded d = decode(
			(struct mok_ask){ .verb = m->verb, .id = "x" }, "vpc", m->status, m->body);

		if (d.answer.verdict != m->verdict)
			fail_msg("%d %s: verdict %d", m->status, m->body, (int)d.answer.verdict);
		if (m->verdict != MOK_ANS_OK && !d.answer.err.msg[0])
			assert_string_equal(m->body, ""); /* no words but the API's */
		mok_arena_free(d.arena);
	}
}

static void test_lost_answers(void **state)
{
	const struct mok_provider *provider = mok_digitalocean_provider();
	struct mok_arena *arena = mok_arena_new();
	struct mok_err err = { .code = MOK_ERR_NET, .msg = "reset" };
	struct mok_http_reply reply = { .fail = MOK_NET_UNKNOWN, .err = &err };
	struct mok_ask ask = { .verb = MOK_ASK_CREATE };
	struct mok_answer answer = { 0 };

	(void)state;
	ask.kind = mok_kind_find("vpc");
	provider->decode(provider->self, &ask, &reply, arena, &answer);
	assert_int_equal(answer.verdict, MOK_ANS_AMBIGUOUS);
	reply.fail = MOK_NET_NOT_SENT;
	answer = (struct mok_answer){ 0 };
	provider->decode(provider->self, &ask, &reply, arena, &answer);
	assert_int_equal(answer.verdict, MOK_ANS_FAILED);
	mok_arena_free(arena);
}

/* Ten thousand records: within tens of milliseconds and megabytes. The limits are wide enough for
 * a busy machine and a build without optimisation, and narrow enough to notice a square. */
static void test_many(void **state)
{
	struct mok_buf body;
	struct decoded d;
	clock_t begin;

	(void)state;
	mok_buf_init(&body, (size_t)8 << 20);
	mok_buf_puts(&body, "{\"domain_records\":[");
	for (int i = 0; i < 10000; i++)
		mok_buf_printf(&body,
			"%s{\"id\":%d,\"type\":\"A\",\"name\":\"h%d\",\"data\":\"192.0.2.1\","
			"\"priority\":null,\"port\":null,\"ttl\":1800,\"weight\":null,\"flags\":"
			"null,\"tag\":null}",
			i ? "," : "", i + 1, i);
	mok_buf_puts(&body, "],\"meta\":{\"total\":10000}}");
	begin = clock();
	d = decode_reply((struct mok_ask){ .verb = MOK_ASK_LIST, .parent_id = "a.example" },
		"record", 200, body.data, body.len);
	assert_int_equal(d.answer.objects.len, 10000);
	assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 1.5);
	assert_true(mok_arena_used(d.arena) < (size_t)25 << 20);
	mok_arena_free(d.arena);
	mok_buf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clusters_and_their_pools),
		cmocka_unit_test(test_database),
		cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_vpcs_and_paging),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_secret_is_shown_once),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_assignment_is_looked_into),
		cmocka_unit_test(test_tags_of_mok_are_no_objects),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_lost_answers),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
