/* Spaces: requests and answers of S3's XML, as Amazon's reference and Ceph's gateway have them. */
#include "mok/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

struct fixture {
	struct mok_arena *arena;
	const struct mok_provider *provider;
	const struct mok_kind *kind;
	struct mok_wire_request request;
	struct mok_answer answer;
	struct mok_err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = mok_arena_new();
	f->provider = mok_spaces_provider();
	f->kind = mok_kind_find("spaces_bucket");
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

static const struct mok_val *value_of(struct fixture *f, const char *text)
{
	struct mok_val *v = MOK_NEW(f->arena, struct mok_val);
	cJSON *json = cJSON_Parse(text);

	assert_non_null(json);
	*v = mok_val_from_json(f->arena, json);
	cJSON_Delete(json);
	return v;
}

static int encode(struct fixture *f, struct mok_ask ask)
{
	memset(&f->request, 0, sizeof(f->request));
	ask.kind = f->kind;
	return f->provider->encode(f->provider->self, &ask, f->arena, &f->request, &f->err);
}

static enum mok_verdict decode(struct fixture *f, struct mok_ask ask, int status, const char *body)
{
	struct mok_err err = { .code = MOK_ERR_API, .http_status = status, .msg = "refused" };
	struct mok_http_reply reply = { .status = status, .body = body, .len = strlen(body) };

	memset(&f->answer, 0, sizeof(f->answer));
	ask.kind = f->kind;
	if (!ask.region)
		ask.region = "ams3";
	if (status >= 300)
		reply.err = &err;
	f->provider->decode(f->provider->self, &ask, &reply, f->arena, &f->answer);
	return f->answer.verdict;
}

static const char *header(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->request.nheaders; i++)
		if (strcmp(f->request.headers[i].name, name) == 0)
			return f->request.headers[i].value;
	return NULL;
}

/* ---- requests ---- */

static const struct {
	enum mok_verb verb;
	int page;
	const char *method, *path, *query;
	enum mok_retry retry;
} plain[] = {
	{ MOK_ASK_LIST, 0, "GET", "/", NULL, MOK_RETRY_SAFE },
	{ MOK_ASK_READ, 0, "HEAD", "/media", NULL, MOK_RETRY_SAFE },
	{ MOK_ASK_CREATE, 0, "PUT", "/media", NULL, MOK_RETRY_NEVER },
	{ MOK_ASK_DELETE, 0, "DELETE", "/media", NULL, MOK_RETRY_SAFE },
	{ MOK_ASK_PURGE_LIST, 1, "GET", "/media",
		"encoding-type=url&max-keys=1000&versions=", MOK_RETRY_SAFE },
	{ MOK_ASK_PURGE_LIST, 2, "GET", "/media",
		"encoding-type=url&max-uploads=1000&uploads=", MOK_RETRY_SAFE },
};

static void test_plain_requests(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < MOK_COUNT(plain); i++) {
		assert_int_equal(encode(f,
					 (struct mok_ask){ .verb = plain[i].verb,
						 .page = plain[i].page,
						 .name = "media",
						 .region = "ams3" }),
			0);
		assert_string_equal(f->request.method, plain[i].method);
		assert_string_equal(f->request.path, plain[i].path);
		assert_true(mok_streq(f->request.query, plain[i].query));
		assert_int_equal(f->request.retry, plain[i].retry);
		assert_int_equal(f->request.auth, MOK_AUTH_SIGV4);
		assert_string_equal(f->request.region, "ams3");
		assert_null(f->request.body);
	}
	assert_int_equal(encode(f, (struct mok_ask){ .verb = MOK_ASK_READ, .name = "media" }), -1);
	assert_int_equal(
		encode(f, (struct mok_ask){ .verb = MOK_ASK_READ, .name = "a/b", .region = "r" }),
		-1);
	assert_int_equal(
		encode(f, (struct mok_ask){ .verb = MOK_ASK_READ, .name = "..", .region = "r" }),
		-1);
}

static const struct {
	const char *call, *want, *method, *type, *body;
} settings[] = {
	{ "cors",
		"{\"cors_rules\":[{\"id\":\"a<b\",\"allowed_methods\":[\"GET\",\"HEAD\"],"
		"\"allowed_origins\":[\"https://social.example\"],\"allowed_headers\":[\"*\"],"
		"\"expose_headers\":[\"ETag\"],\"max_age_seconds\":3000}]}",
		"PUT", "application/xml",
		"<CORSConfiguration" NS
		"><CORSRule><ID>a&lt;b</ID><AllowedMethod>GET</AllowedMethod>"
		"<AllowedMethod>HEAD</AllowedMethod>"
		"<AllowedOrigin>https://social.example</AllowedOrigin>"
		"<AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
		"<MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule></CORSConfiguration>" },
	{ "cors", "{\"cors_rules\":[]}", "DELETE", NULL, NULL },
	{ "lifecycle",
		"{\"lifecycle_rules\":[{\"id\":\"tmp\",\"enabled\":true,\"prefix\":\"cache/\","
		"\"expiration\":{\"days\":7},\"noncurrent_version_expiration_days\":3,"
		"\"abort_incomplete_multipart_upload_days\":2},{\"id\":\"old\",\"enabled\":false,"
		"\"expiration\":{\"date\":\"2027-01-31\"}}]}",
		"PUT", "application/xml",
		"<LifecycleConfiguration" NS
		"><Rule><ID>tmp</ID><Prefix>cache/</Prefix><Status>Enabled</Status>"
		"<Expiration><Days>7</Days></Expiration><NoncurrentVersionExpiration>"
		"<NoncurrentDays>3</NoncurrentDays></NoncurrentVersionExpiration>"
		"<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation>"
		"</AbortIncompleteMultipartUpload></Rule><Rule><ID>old</ID><Prefix></Prefix>"
		"<Status>Disabled</Status><Expiration><Date>2027-01-31T00:00:00Z</Date>"
		"</Expiration></Rule></LifecycleConfiguration>" },
	{ "lifecycle", "{\"lifecycle_rules\":[]}", "DELETE", NULL, NULL },
	{ "versioning", "{\"versioning\":true}", "PUT", "application/xml",
		"<VersioningConfiguration" NS
		"><Status>Enabled</Status></VersioningConfiguration>" },
	{ "versioning", "{\"versioning\":false}", "PUT", "application/xml",
		"<VersioningConfiguration" NS
		"><Status>Suspended</Status></VersioningConfiguration>" },
	{ "policy", "{\"policy\":\"{ \\\"Version\\\": \\\"2012-10-17\\\" }\"}", "PUT",
		"application/json", "{ \"Version\": \"2012-10-17\" }" },
	{ "policy", "{\"policy\":\"\"}", "DELETE", NULL, NULL },
	{ "logging", "{\"logging\":{\"target_bucket\":\"logs\",\"target_prefix\":\"m/\"}}", "PUT",
		"application/xml",
		"<BucketLoggingStatus" NS
		"><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>m/</TargetPrefix>"
		"</LoggingEnabled></BucketLoggingStatus>" },
	{ "logging", "{\"logging\":{\"target_bucket\":\"\"}}", "PUT", "application/xml",
		"<BucketLoggingStatus" NS "></BucketLoggingStatus>" },
};

static const struct mok_call *call_of(const struct mok_kind *kind, const char *name)
{
	for (const struct mok_call *c = kind->calls; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	fail_msg("no call %s", name);
	return NULL;
}

static void test_settings_are_written(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < MOK_COUNT(settings); i++) {
		struct mok_ask ask = {
			.verb = MOK_ASK_CALL, .id = "media", .name = "media", .region = "ams3"
		};

		ask.call = call_of(f->kind, settings[i].call);
		ask.want = value_of(f, settings[i].want);
		assert_int_equal(encode(f, ask), 0);
		assert_string_equal(f->request.path, "/media");
		assert_string_equal(f->request.query, settings[i].call);
		assert_string_equal(f->request.method, settings[i].method);
		assert_true(mok_streq(f->request.content_type, settings[i].type));
		if (settings[i].body) {
			assert_string_equal(f->request.body, settings[i].body);
			assert_int_equal(f->request.body_len, strlen(settings[i].body));
			assert_non_null(header(f, "content-md5"));
		} else {
			assert_null(f->request.body);
		}
	}
}

static void test_acl_is_a_header(void **state)
{
	struct fixture *f = *state;
	struct mok_ask ask = { .verb = MOK_ASK_CALL, .id = "media", .region = "ams3" };

	ask.call = call_of(f->kind, "acl");
	ask.want = value_of(f, "{\"acl\":\"public-read\"}");
	assert_int_equal(encode(f, ask), 0);
	assert_string_equal(f->request.query, "acl");
	assert_string_equal(header(f, "x-amz-acl"), "public-read");
}

/* The digest that S3 asks for, computed by `openssl md5 -binary | base64`. */
static void test_batches_are_deleted(void **state)
{
	struct fixture *f = *state;
	struct mok_ask ask = { .verb = MOK_ASK_PURGE, .id = "media", .region = "ams3" };

	ask.extra = value_of(f, "[{\"key\":\"a&b\",\"version_id\":\"v1\"},{\"key\":\"c\"}]");
	assert_int_equal(encode(f, ask), 0);
	assert_string_equal(f->request.method, "POST");
	assert_string_equal(f->request.query, "delete=");
	assert_string_equal(f->request.body,
		"<Delete><Quiet>true</Quiet><Object><Key>a&amp;b</Key><VersionId>v1</VersionId>"
		"</Object><Object><Key>c</Key></Object></Delete>");
	assert_string_equal(header(f, "content-md5"), "HS2vtlgQ762Xt3zsZu3veg==");
	ask.extra = value_of(f, "{\"key\":\"a b/c\",\"upload_id\":\"2~x y\"}");
	assert_int_equal(encode(f, ask), 0);
	assert_string_equal(f->request.method, "DELETE");
	assert_string_equal(f->request.path, "/media/a%20b/c");
	assert_string_equal(f->request.query, "uploadId=2~x%20y");
}

/* ---- answers ---- */

static void test_buckets(void **state)
{
	struct fixture *f = *state;
	const struct mok_object *o;

	assert_int_equal(
		decode(f, (struct mok_ask){ .verb = MOK_ASK_LIST, .region = "fra1" }, 200,
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListAllMyBucketsResult" NS
			"><Owner><ID>1</ID></Owner><Buckets><Bucket><Name>media</Name>"
			"<CreationDate>2026-01-02T03:04:05.000Z</CreationDate></Bucket><Bucket>"
			"<Name>logs</Name></Bucket></Buckets></ListAllMyBucketsResult>"),
		MOK_ANS_OK);
	assert_int_equal(f->answer.objects.len, 2);
	assert_int_equal(f->answer.next_page, 0);
	o = f->answer.objects.items[0];
	assert_string_equal(o->id, "media");
	assert_string_equal(o->urn, "do:space:media");
	assert_true(o->ready);
	assert_true(o->created_ms > 0);
	assert_string_equal(mok_val_get_str(&o->attrs, "region"), "fra1");
	assert_string_equal(mok_val_get_str(&o->attrs, "bucket_domain_name"),
		"media.fra1.digitaloceanspaces.com");
	assert_string_equal(mok_val_get_str(&o->attrs, "endpoint"), "fra1.digitaloceanspaces.com");
}

static const struct {
	const char *setting;
	int status;
	const char *body, *path;
	const char *want; /* JSON */
} parts[] = {
	{ "acl", 200,
		"<AccessControlPolicy" NS
		"><Owner><ID>1</ID></Owner><AccessControlList><Grant><Grantee "
		"xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
		"xsi:type=\"CanonicalUser\"><ID>1</ID></Grantee>"
		"<Permission>FULL_CONTROL</Permission></Grant><Grant><Grantee "
		"xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\">"
		"<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee>"
		"<Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>",
		"acl", "\"public-read\"" },
	{ "acl", 200, "<AccessControlPolicy><AccessControlList/></AccessControlPolicy>", "acl",
		"\"private\"" },
	{ "cors", 404, "<Error><Code>NoSuchCORSConfiguration</Code></Error>", "cors_rules", "[]" },
	{ "cors", 200,
		"<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>"
		"<AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule>"
		"</CORSConfiguration>",
		"cors_rules",
		"[{\"allowed_methods\":[\"GET\"],\"allowed_origins\":[\"*\"],"
		"\"allowed_headers\":[],\"expose_headers\":[],\"max_age_seconds\":5}]" },
	{ "lifecycle", 404, "<Error><Code>NoSuchLifecycleConfiguration</Code></Error>",
		"lifecycle_rules", "[]" },
	{ "lifecycle", 200,
		"<LifecycleConfiguration><Rule><ID>a</ID><Filter><Prefix>x/</Prefix></Filter>"
		"<Status>Enabled</Status><Expiration><Date>2027-01-31T00:00:00.000Z</Date>"
		"</Expiration></Rule></LifecycleConfiguration>",
		"lifecycle_rules",
		"[{\"id\":\"a\",\"enabled\":true,\"prefix\":\"x/\",\"expiration\":{\"date\":"
		"\"2027-01-31\"}}]" },
	{ "versioning", 200, "<VersioningConfiguration" NS "/>", "versioning", "false" },
	{ "versioning", 200,
		"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
		"versioning", "true" },
	{ "policy", 404, "<Error><Code>NoSuchBucketPolicy</Code></Error>", "policy", "\"\"" },
	{ "policy", 200, "{\"Statement\":[]}", "policy", "\"{\\\"Statement\\\":[]}\"" },
	{ "logging", 200, "<BucketLoggingStatus" NS "/>", "logging.target_bucket", "\"\"" },
	{ "logging", 200,
		"<BucketLoggingStatus><LoggingEnabled><TargetBucket>l</TargetBucket>"
		"<TargetPrefix>p</TargetPrefix></LoggingEnabled></BucketLoggingStatus>",
		"logging", "{\"target_bucket\":\"l\",\"target_prefix\":\"p\"}" },
};

static void test_settings_are_read(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < MOK_COUNT(parts); i++) {
		struct mok_ask ask = {
			.verb = MOK_ASK_PARTS, .id = "media", .name = parts[i].setting
		};
		const struct mok_val *have;

		assert_int_equal(decode(f, ask, parts[i].status, parts[i].body), MOK_ANS_OK);
		have = mok_val_at(&f->answer.value, parts[i].path);
		assert_non_null(have);
		if (!mok_val_equal(have, value_of(f, parts[i].want)))
			fail_msg("%s: %s", parts[i].setting, parts[i].body);
	}
}

/* What one run writes the next one reads as no difference. */
static void test_written_and_read_are_the_same(void **state)
{
	static const char want[] =
		"{\"cors_rules\":[{\"id\":\"a\",\"allowed_methods\":[\"GET\"],\"allowed_origins\":"
		"[\"*\"],\"allowed_headers\":[\"x-&\"],\"expose_headers\":[\"ETag\"],"
		"\"max_age_seconds\":9}],\"lifecycle_rules\":[{\"id\":\"b\",\"enabled\":true,"
		"\"prefix\":\"\",\"expiration\":{\"expired_object_delete_marker\":true},"
		"\"noncurrent_version_expiration_days\":3}],\"logging\":{\"target_bucket\":\"l\","
		"\"target_prefix\":\"p\"},\"versioning\":true}";
	static const char *const calls[] = { "cors", "lifecycle", "logging", "versioning" };
	static const char *const names[] = { "cors_rules", "lifecycle_rules", "logging",
		"versioning" };
	struct fixture *f = *state;

	for (size_t i = 0; i < MOK_COUNT(calls); i++) {
		struct mok_ask ask = { .verb = MOK_ASK_CALL, .id = "m", .region = "ams3" };
		const char *body;

		ask.call = call_of(f->kind, calls[i]);
		ask.want = value_of(f, want);
		assert_int_equal(encode(f, ask), 0);
		body = f->request.body;
		ask = (struct mok_ask){ .verb = MOK_ASK_PARTS, .id = "m", .name = calls[i] };
		assert_int_equal(decode(f, ask, 200, body), MOK_ANS_OK);
		assert_true(mok_val_equal(mok_val_get(value_of(f, want), names[i]),
			mok_val_get(&f->answer.value, names[i])));
	}
}

static void test_contents(void **state)
{
	struct fixture *f = *state;
	struct mok_ask ask = { .verb = MOK_ASK_PURGE_LIST, .id = "media", .page = 1 };
	const struct mok_val *batch;

	assert_int_equal(decode(f, ask, 200,
				 "<ListVersionsResult><EncodingType>url</EncodingType><Version>"
				 "<Key>a%20b%2Fc</Key><VersionId>v1</VersionId></Version>"
				 "<DeleteMarker><Key>d</Key><VersionId>v2</VersionId>"
				 "</DeleteMarker></ListVersionsResult>"),
		MOK_ANS_OK);
	assert_int_equal(f->answer.value.u.list.len, 1);
	batch = &f->answer.value.u.list.items[0];
	assert_int_equal(batch->u.list.len, 2);
	assert_string_equal(mok_val_get_str(&batch->u.list.items[0], "key"), "a b/c");
	assert_string_equal(mok_val_get_str(&batch->u.list.items[1], "version_id"), "v2");
	assert_int_equal(
		decode(f, ask, 200, "<ListVersionsResult></ListVersionsResult>"), MOK_ANS_OK);
	assert_int_equal(f->answer.value.u.list.len, 0);
	ask.page = 2;
	assert_int_equal(decode(f, ask, 200,
				 "<ListMultipartUploadsResult><Upload><Key>u</Key><UploadId>i"
				 "</UploadId></Upload></ListMultipartUploadsResult>"),
		MOK_ANS_OK);
	assert_string_equal(mok_val_get_str(&f->answer.value.u.list.items[0], "upload_id"), "i");
}

static const struct {
	enum mok_verb verb;
	int status;
	const char *body;
	enum mok_verdict verdict;
} meanings[] = {
	{ MOK_ASK_READ, 404, "", MOK_ANS_GONE },
	{ MOK_ASK_DELETE, 404, "<Error><Code>NoSuchBucket</Code></Error>", MOK_ANS_GONE },
	{ MOK_ASK_CALL, 404, "<Error><Code>NoSuchBucket</Code></Error>", MOK_ANS_BUSY },
	{ MOK_ASK_PARTS, 404, "<Error><Code>NoSuchBucket</Code></Error>", MOK_ANS_GONE },
	{ MOK_ASK_CREATE, 409, "<Error><Code>BucketAlreadyExists</Code></Error>", MOK_ANS_EXISTS },
	{ MOK_ASK_CREATE, 409, "<Error><Code>OperationAborted</Code></Error>", MOK_ANS_BUSY },
	{ MOK_ASK_DELETE, 409, "<Error><Code>BucketNotEmpty</Code></Error>", MOK_ANS_FAILED },
	{ MOK_ASK_CALL, 403, "<Error><Code>AccessDenied</Code></Error>", MOK_ANS_FAILED },
	{ MOK_ASK_PARTS, 501, "<Error><Code>NotImplemented</Code></Error>", MOK_ANS_UNSUPPORTED },
	{ MOK_ASK_CREATE, 503, "<Error><Code>SlowDown</Code></Error>", MOK_ANS_BUSY },
	{ MOK_ASK_CREATE, 500, "<html>", MOK_ANS_AMBIGUOUS },
	{ MOK_ASK_LIST, 500, "", MOK_ANS_FAILED },
	{ MOK_ASK_LIST, 200, "<html><br></html>", MOK_ANS_FAILED },
	{ MOK_ASK_LIST, 200,
		"<!DOCTYPE a [<!ENTITY b \"c\">]><ListAllMyBucketsResult>&b;"
		"</ListAllMyBucketsResult>",
		MOK_ANS_FAILED },
	/* HTTP 200 with errors of single keys. */
	{ MOK_ASK_PURGE, 200,
		"<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code><Message>no</Message>"
		"</Error></DeleteResult>",
		MOK_ANS_FAILED },
	{ MOK_ASK_PURGE, 200, "<DeleteResult/>", MOK_ANS_OK },
	{ MOK_ASK_PURGE, 204, "", MOK_ANS_OK },
	{ MOK_ASK_PURGE, 404, "<Error><Code>NoSuchUpload</Code></Error>", MOK_ANS_OK },
};

static void test_errors(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < MOK_COUNT(meanings); i++) {
		struct mok_ask ask = { .verb = meanings[i].verb, .id = "media", .name = "acl" };
		enum mok_verdict verdict = decode(f, ask, meanings[i].status, meanings[i].body);

		if (verdict != meanings[i].verdict)
			fail_msg("%d %s: verdict %d", meanings[i].status, meanings[i].body,
				(int)verdict);
	}
}

/* An element in every byte would need fifty thousand levels. */
static void test_deep_answers_are_refused(void **state)
{
	struct fixture *f = *state;
	struct mok_buf deep;

	mok_buf_init(&deep, 1 << 20);
	for (int i = 0; i < 50000; i++)
		mok_buf_puts(&deep, "<a>");
	assert_int_equal(decode(f, (struct mok_ask){ .verb = MOK_ASK_LIST }, 200, deep.data),
		MOK_ANS_FAILED);
	mok_buf_release(&deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain_requests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_settings_are_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_acl_is_a_header, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_batches_are_deleted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_buckets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_settings_are_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_written_and_read_are_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_contents, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_errors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deep_answers_are_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
