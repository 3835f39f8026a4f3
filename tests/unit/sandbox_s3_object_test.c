/* Objects of the sandbox's Spaces: bytes, versions, copies, lists, multipart uploads. */
#include "s3_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

static int setup(void **state)
{
	static struct s3_client client;

	s3_client_open(&client, NULL);
	*state = &client;
	assert_int_equal(s3_client_text(&client, "PUT", "/media", NULL), 200);
	return 0;
}

static void put(struct s3_client *c, const char *target, const char *text)
{
	if (s3_client_text(c, "PUT", target, text) != 200)
		fail_msg("%s: %s", target, c->out.body.data);
}

static void assert_reads(struct s3_client *c, const char *target, const char *text)
{
	if (s3_client_text(c, "GET", target, NULL) != 200)
		fail_msg("%s: %s", target, c->out.body.data);
	assert_string_equal(c->out.body.data, text);
}

static void an_object_carries_its_headers(void **state)
{
	struct s3_client *c = *state;

	s3_client_header(c, "Content-Type", "text/plain");
	s3_client_header(c, "Cache-Control", "max-age=60");
	s3_client_header(c, "X-Amz-Meta-Colour", "blue");
	s3_client_header(c, "x-amz-tagging", "a=1&b=2");
	put(c, "/media/dir/a%20b", "hello");
	assert_string_equal(s3_client_got(c, "ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
	assert_reads(c, "/media/dir/a%20b", "hello");
	assert_string_equal(s3_client_got(c, "Content-Type"), "text/plain");
	assert_string_equal(s3_client_got(c, "Cache-Control"), "max-age=60");
	assert_string_equal(s3_client_got(c, "x-amz-meta-colour"), "blue");
	assert_string_equal(s3_client_got(c, "x-amz-tagging-count"), "2");
	assert_string_equal(s3_client_got(c, "ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
	assert_string_equal(s3_client_got(c, "Last-Modified"), "Thu, 07 Aug 2025 10:11:12 GMT");
	put(c, "/media/plain", "");
	assert_int_equal(s3_client_text(c, "HEAD", "/media/plain", NULL), 200);
	assert_string_equal(s3_client_got(c, "Content-Type"), "binary/octet-stream");
	s3_client_text(c, "GET", "/media/none", NULL);
	s3_client_assert_refused(c, 404, "NoSuchKey");
}

static void too_much_metadata_is_refused(void **state)
{
	struct s3_client *c = *state;
	char value[2100];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	s3_client_header(c, "x-amz-meta-a", value);
	s3_client_text(c, "PUT", "/media/a", "x");
	s3_client_assert_refused(c, 400, "MetadataTooLarge");
}

struct range_case {
	const char *header;
	int status;
	const char *body, *content_range;
};

static const struct range_case ranges[] = {
	{ "bytes=0-4", 206, "01234", "bytes 0-4/10" },
	{ "bytes=7-", 206, "789", "bytes 7-9/10" },
	{ "bytes=-3", 206, "789", "bytes 7-9/10" },
	{ "bytes=-99", 206, "0123456789", "bytes 0-9/10" },
	{ "bytes=8-99", 206, "89", "bytes 8-9/10" },
	{ "bytes=5-4", 200, "0123456789", NULL },
	{ "bytes=0-1,3-4", 200, "0123456789", NULL },
	{ "lines=1-2", 200, "0123456789", NULL },
};

static void ranges_cut_out(void **state)
{
	struct s3_client *c = *state;

	put(c, "/media/a", "0123456789");
	for (size_t i = 0; i < MOK_COUNT(ranges); i++) {
		const char *found;

		s3_client_header(c, "Range", ranges[i].header);
		assert_int_equal(s3_client_text(c, "GET", "/media/a", NULL), ranges[i].status);
		assert_string_equal(c->out.body.data, ranges[i].body);
		found = s3_client_got(c, "Content-Range");
		assert_true(mok_streq(found, ranges[i].content_range));
	}
	s3_client_header(c, "Range", "bytes=10-");
	s3_client_text(c, "GET", "/media/a", NULL);
	s3_client_assert_refused(c, 416, "InvalidRange");
	s3_client_header(c, "Range", "bytes=-0");
	s3_client_text(c, "GET", "/media/a", NULL);
	s3_client_assert_refused(c, 416, "InvalidRange");
}

static int conditional(struct s3_client *c, const char *method, const char *name, const char *value)
{
	s3_client_header(c, name, value);
	return s3_client_text(c, method, "/media/a", mok_streq(method, "PUT") ? "hello" : NULL);
}

static void conditions_are_heeded(void **state)
{
	static const char tag[] = "\"5d41402abc4b2a76b9719d911017c592\"";
	struct s3_client *c = *state;

	assert_int_equal(conditional(c, "PUT", "If-None-Match", "*"), 200);
	assert_int_equal(conditional(c, "PUT", "If-None-Match", "*"), 412);
	assert_int_equal(conditional(c, "GET", "If-None-Match", tag), 304);
	assert_int_equal(c->out.body.len, 0);
	assert_int_equal(conditional(c, "GET", "If-None-Match", "\"x\""), 200);
	assert_int_equal(conditional(c, "GET", "If-Match", tag), 200);
	assert_int_equal(conditional(c, "GET", "If-Match", "\"x\""), 412);
	assert_int_equal(
		conditional(c, "GET", "If-Modified-Since", "Thu, 07 Aug 2025 10:11:12 GMT"), 304);
	assert_int_equal(
		conditional(c, "GET", "If-Modified-Since", "Thu, 07 Aug 2025 10:11:11 GMT"), 200);
	assert_int_equal(
		conditional(c, "GET", "If-Unmodified-Since", "Thu, 07 Aug 2025 10:11:11 GMT"), 412);
}

static void enable_versioning(struct s3_client *c)
{
	assert_int_equal(s3_client_text(c, "PUT", "/media?versioning",
				 "<VersioningConfiguration><Status>Enabled</Status>"
				 "</VersioningConfiguration>"),
		200);
}

static void versions_outlive_deletion(void **state)
{
	struct s3_client *c = *state;
	const char *first, *second, *marker;

	put(c, "/media/a", "zero"); /* becomes the version "null" */
	enable_versioning(c);
	put(c, "/media/a", "one");
	first = mok_arena_strdup(c->arena, s3_client_got(c, "x-amz-version-id"));
	put(c, "/media/a", "two");
	second = mok_arena_strdup(c->arena, s3_client_got(c, "x-amz-version-id"));
	assert_string_not_equal(first, second);
	assert_int_equal(s3_client_text(c, "DELETE", "/media/a", NULL), 204);
	assert_string_equal(s3_client_got(c, "x-amz-delete-marker"), "true");
	marker = mok_arena_strdup(c->arena, s3_client_got(c, "x-amz-version-id"));
	s3_client_text(c, "GET", "/media/a", NULL);
	s3_client_assert_refused(c, 404, "NoSuchKey");
	assert_reads(c, mok_arena_printf(c->arena, "/media/a?versionId=%s", first), "one");
	assert_reads(c, "/media/a?versionId=null", "zero");
	s3_client_text(c, "GET", "/media?versions", NULL);
	assert_true(s3_client_says(c, "<DeleteMarker><Key>a</Key>"));
	assert_true(s3_client_says(c, "<VersionId>null</VersionId>"));
	s3_client_text(c, "DELETE", "/media", NULL);
	s3_client_assert_refused(c, 409, "BucketNotEmpty");
	assert_int_equal(s3_client_text(c, "DELETE",
				 mok_arena_printf(c->arena, "/media/a?versionId=%s", marker), NULL),
		204);
	assert_reads(c, "/media/a", "two");
}

/* One page of the list; the versions on it are deleted, as a purge does. */
static size_t purge_page(struct s3_client *c, const char **key, const char **version)
{
	struct mok_buf body;
	const char *at, *text;
	size_t n = 0;

	s3_client_text(c, "GET",
		mok_arena_printf(c->arena,
			"/media?versions&max-keys=3&key-marker=%s&version-id-marker=%s", *key,
			*version),
		NULL);
	assert_int_equal(c->out.status, 200);
	text = mok_arena_strdup(c->arena, c->out.body.data);
	*key = s3_client_element(c, "NextKeyMarker");
	*version = s3_client_element(c, "NextVersionIdMarker");
	mok_buf_init(&body, MIB);
	mok_buf_puts(&body, "<Delete>");
	for (at = strstr(text, "<Key>"); at; at = strstr(at + 1, "<Key>"), n++) {
		const char *end = strstr(at, "</VersionId>");

		assert_non_null(end);
		mok_buf_puts(&body, "<Object>");
		mok_buf_add(&body, at, (size_t)(end - at));
		mok_buf_puts(&body, "</VersionId></Object>");
	}
	mok_buf_puts(&body, "</Delete>");
	if (n > 0) {
		assert_int_equal(s3_client_text(c, "POST", "/media?delete", body.data), 200);
		assert_false(s3_client_says(c, "<Error>"));
	}
	mok_buf_release(&body);
	return n;
}

static void a_purge_page_by_page_misses_nothing(void **state)
{
	struct s3_client *c = *state;
	const char *key = "", *version = "";
	size_t n = 0;

	enable_versioning(c);
	for (int i = 0; i < 10; i++) {
		put(c, mok_arena_printf(c->arena, "/media/k%d", i % 3), "x");
		if (i % 4 == 0)
			s3_client_text(
				c, "DELETE", mok_arena_printf(c->arena, "/media/k%d", i % 3), NULL);
	}
	for (int page = 0; key && page < 20; page++)
		n += purge_page(c, &key, &version);
	assert_int_equal(n, 13);
	assert_int_equal(s3_client_text(c, "DELETE", "/media", NULL), 204);
}

static void deleting_many_says_what_became_of_each(void **state)
{
	struct s3_client *c = *state;

	put(c, "/media/a", "x");
	assert_int_equal(s3_client_text(c, "POST", "/media?delete",
				 "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
				 "<Object><Key>a</Key></Object><Object><Key>never</Key></Object>"
				 "</Delete>"),
		200);
	assert_true(s3_client_says(c, "<Deleted><Key>a</Key></Deleted>"));
	assert_true(s3_client_says(c, "<Deleted><Key>never</Key></Deleted>"));
	s3_client_text(c, "GET", "/media/a", NULL);
	s3_client_assert_refused(c, 404, "NoSuchKey");
	s3_client_text(c, "POST", "/media?delete", "<Delete/>");
	s3_client_assert_refused(c, 400, "MalformedXML");
}

static void keys_can_fail_within_a_success(void **state)
{
	static const struct mok_sandbox_options options = { .seed = 3,
		.faults = "{\"rules\":[{\"match\":{\"method\":\"POST\",\"path\":\"/media\"},"
			  "\"do\":\"delete_errors\"}]}" };
	struct s3_client *c = *state;

	s3_client_close(c);
	s3_client_open(c, &options);
	put(c, "/media", NULL);
	put(c, "/media/a", "x");
	assert_int_equal(s3_client_text(c, "POST", "/media?delete",
				 "<Delete><Object><Key>a</Key></Object></Delete>"),
		200);
	assert_true(s3_client_says(c, "<Error><Key>a</Key><Code>InternalError</Code>"));
	assert_reads(c, "/media/a", "x");
}

static void a_copy_keeps_what_it_is_not_told(void **state)
{
	struct s3_client *c = *state;

	s3_client_header(c, "Content-Type", "text/plain");
	s3_client_header(c, "x-amz-meta-a", "1");
	put(c, "/media/a%2Bb", "hello");
	s3_client_header(c, "x-amz-copy-source", "/media/a%2Bb");
	put(c, "/media/copy", NULL);
	assert_true(s3_client_says(c, "<CopyObjectResult"));
	assert_reads(c, "/media/copy", "hello");
	assert_string_equal(s3_client_got(c, "x-amz-meta-a"), "1");
	s3_client_header(c, "x-amz-copy-source", "media/a%2Bb");
	s3_client_header(c, "x-amz-metadata-directive", "REPLACE");
	s3_client_header(c, "x-amz-meta-b", "2");
	put(c, "/media/a%2Bb", NULL); /* onto itself */
	assert_reads(c, "/media/a%2Bb", "hello");
	assert_null(s3_client_got(c, "x-amz-meta-a"));
	assert_string_equal(s3_client_got(c, "x-amz-meta-b"), "2");
	s3_client_header(c, "x-amz-copy-source", "/media/a%2Bb");
	s3_client_text(c, "PUT", "/media/a%2Bb", NULL);
	s3_client_assert_refused(c, 400, "InvalidRequest");
	s3_client_header(c, "x-amz-copy-source", "/media/none");
	s3_client_text(c, "PUT", "/media/copy", NULL);
	s3_client_assert_refused(c, 404, "NoSuchKey");
}

static void tags_read_back(void **state)
{
	struct s3_client *c = *state;

	put(c, "/media/a", "x");
	put(c, "/media/a?tagging",
		"<Tagging><TagSet><Tag><Key>k&amp;1</Key><Value>v 1</Value></Tag></TagSet>"
		"</Tagging>");
	assert_int_equal(s3_client_text(c, "GET", "/media/a?tagging", NULL), 200);
	assert_true(s3_client_says(c, "<Tag><Key>k&amp;1</Key><Value>v 1</Value></Tag>"));
	assert_int_equal(s3_client_text(c, "DELETE", "/media/a?tagging", NULL), 204);
	s3_client_text(c, "GET", "/media/a?tagging", NULL);
	assert_false(s3_client_says(c, "<Tag>"));
}

/* ---- lists ---- */

static void fill(struct s3_client *c)
{
	static const char *const keys[] = { "/media/a", "/media/dir/1", "/media/dir/2",
		"/media/dir/sub/3", "/media/e", "/media/f/4", "/media/%C3%A4" };

	for (size_t i = 0; i < MOK_COUNT(keys); i++)
		put(c, keys[i], "x");
}

/* "key key prefix/": the names on a page, in order. */
static const char *names(struct s3_client *c)
{
	const char *out = "", *at = c->out.body.data;

	while ((at = strchr(at, '<'))) {
		bool key = mok_starts(at, "<Key>"),
		     prefix = mok_starts(at, "<CommonPrefixes><Prefix>");

		if (key || prefix) {
			at += strlen(key ? "<Key>" : "<CommonPrefixes><Prefix>");
			out = mok_arena_printf(c->arena, "%s%s%.*s", out, *out ? " " : "",
				(int)strcspn(at, "<"), at);
		} else {
			at++;
		}
	}
	return out;
}

static void assert_lists(struct s3_client *c, const char *target, const char *expected)
{
	assert_int_equal(s3_client_text(c, "GET", target, NULL), 200);
	assert_string_equal(names(c), expected);
}

static void lists_fold_and_page(void **state)
{
	struct s3_client *c = *state;

	fill(c);
	assert_lists(c, "/media", "a dir/1 dir/2 dir/sub/3 e f/4 \xc3\xa4");
	assert_lists(c, "/media?encoding-type=url&prefix=%C3", "%C3%A4");
	assert_lists(c, "/media?delimiter=%2F", "a e \xc3\xa4 dir/ f/");
	assert_lists(c, "/media?delimiter=%2F&prefix=dir%2F", "dir/1 dir/2 dir/sub/");
	assert_lists(c, "/media?prefix=dir", "dir/1 dir/2 dir/sub/3");
	assert_lists(c, "/media?max-keys=2", "a dir/1");
	assert_string_equal(s3_client_element(c, "IsTruncated"), "true");
	assert_string_equal(s3_client_element(c, "NextMarker"), "dir/1");
	assert_lists(c, "/media?max-keys=2&marker=dir%2F1", "dir/2 dir/sub/3");
	assert_lists(c, "/media?delimiter=%2F&max-keys=2", "a dir/");
	assert_string_equal(s3_client_element(c, "NextMarker"), "dir/");
	assert_lists(c, "/media?delimiter=%2F&max-keys=2&marker=dir%2F", "e f/");
	assert_lists(c, "/media?marker=zzz", "\xc3\xa4");
	assert_lists(c, "/media?max-keys=0", "");
	assert_string_equal(s3_client_element(c, "IsTruncated"), "false");
	s3_client_text(c, "GET", "/media?max-keys=-1", NULL);
	s3_client_assert_refused(c, 400, "InvalidArgument");
}

static void the_second_list_goes_on_by_token(void **state)
{
	struct s3_client *c = *state;
	const char *token;

	fill(c);
	assert_lists(c, "/media?list-type=2&max-keys=3", "a dir/1 dir/2");
	assert_string_equal(s3_client_element(c, "KeyCount"), "3");
	assert_false(s3_client_says(c, "<Owner>"));
	token = s3_client_element(c, "NextContinuationToken");
	assert_non_null(token);
	assert_lists(c,
		mok_arena_printf(c->arena, "/media?list-type=2&continuation-token=%s", token),
		"dir/sub/3 e f/4 \xc3\xa4");
	assert_null(s3_client_element(c, "NextContinuationToken"));
	assert_lists(c, "/media?list-type=2&start-after=e", "f/4 \xc3\xa4");
	s3_client_text(c, "GET", "/media?list-type=2&continuation-token=zz", NULL);
	s3_client_assert_refused(c, 400, "InvalidArgument");
}

/* ---- multipart ---- */

static const char *begin(struct s3_client *c)
{
	s3_client_header(c, "Content-Type", "video/mp4");
	assert_int_equal(s3_client_text(c, "POST", "/media/film?uploads", NULL), 200);
	return s3_client_element(c, "UploadId");
}

static void upload_part(
	struct s3_client *c, const char *id, int number, const void *data, size_t len)
{
	assert_int_equal(s3_client_ask(c, "PUT",
				 mok_arena_printf(c->arena, "/media/film?partNumber=%d&uploadId=%s",
					 number, id),
				 data, len),
		200);
}

static void complete(struct s3_client *c, const char *id, const char *parts)
{
	s3_client_text(c, "POST", mok_arena_printf(c->arena, "/media/film?uploadId=%s", id),
		mok_arena_printf(
			c->arena, "<CompleteMultipartUpload>%s</CompleteMultipartUpload>", parts));
}

static const char *part_xml(struct s3_client *c, int number)
{
	return mok_arena_printf(c->arena, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>",
		number, s3_client_got(c, "ETag"));
}

static void parts_become_one_object(void **state)
{
	struct s3_client *c = *state;
	char *big = mok_xcalloc(1, 5 * MIB);
	const char *id = begin(c), *one, *two;

	upload_part(c, id, 1, big, 5 * MIB);
	one = part_xml(c, 1);
	upload_part(c, id, 3, "tail", 4);
	two = part_xml(c, 3);
	free(big);
	s3_client_text(c, "GET", "/media?uploads", NULL);
	assert_string_equal(s3_client_element(c, "UploadId"), id);
	assert_int_equal(s3_client_text(c, "GET",
				 mok_arena_printf(c->arena, "/media/film?uploadId=%s", id), NULL),
		200);
	assert_true(s3_client_says(c, "<PartNumber>3</PartNumber>"));
	complete(c, id, mok_arena_printf(c->arena, "%s%s", two, one));
	s3_client_assert_refused(c, 400, "InvalidPartOrder");
	complete(c, id, "<Part><PartNumber>2</PartNumber><ETag>\"x\"</ETag></Part>");
	s3_client_assert_refused(c, 400, "InvalidPart");
	complete(c, id, mok_arena_printf(c->arena, "%s%s", one, two));
	assert_int_equal(c->out.status, 200);
	assert_true(mok_ends(s3_client_element(c, "ETag"), "-2&quot;") ||
		mok_ends(s3_client_element(c, "ETag"), "-2\""));
	s3_client_header(c, "Range", "bytes=5242878-");
	assert_int_equal(s3_client_text(c, "GET", "/media/film", NULL), 206);
	assert_int_equal(c->out.body.len, 6);
	assert_memory_equal(c->out.body.data, "\0\0tail", 6);
	assert_string_equal(s3_client_got(c, "Content-Type"), "video/mp4");
	complete(c, id, one);
	s3_client_assert_refused(c, 404, "NoSuchUpload");
}

static void only_the_last_part_may_be_small(void **state)
{
	struct s3_client *c = *state;
	const char *id = begin(c), *one;

	upload_part(c, id, 1, "small", 5);
	one = part_xml(c, 1);
	upload_part(c, id, 2, "tail", 4);
	complete(c, id, mok_arena_printf(c->arena, "%s%s", one, part_xml(c, 2)));
	s3_client_assert_refused(c, 400, "EntityTooSmall");
	assert_int_equal(s3_client_text(c, "DELETE",
				 mok_arena_printf(c->arena, "/media/film?uploadId=%s", id), NULL),
		204);
	s3_client_text(c, "GET", "/media?uploads", NULL);
	assert_null(s3_client_element(c, "UploadId"));
}

static void parts_can_be_copied(void **state)
{
	struct s3_client *c = *state;
	const char *id, *etag;

	put(c, "/media/a", "0123456789");
	id = begin(c);
	s3_client_header(c, "x-amz-copy-source", "/media/a");
	s3_client_header(c, "x-amz-copy-source-range", "bytes=2-5");
	put(c, mok_arena_printf(c->arena, "/media/film?partNumber=1&uploadId=%s", id), NULL);
	etag = s3_client_element(c, "ETag");
	complete(c, id,
		mok_arena_printf(
			c->arena, "<Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part>", etag));
	assert_int_equal(c->out.status, 200);
	assert_reads(c, "/media/film", "2345");
}

static void too_large_is_too_large(void **state)
{
	struct s3_client *c = *state;
	char *big = mok_xcalloc(1, 64 * MIB + 1);

	assert_int_equal(s3_client_ask(c, "PUT", "/media/a", big, 64 * MIB + 1), 400);
	s3_client_assert_refused(c, 400, "EntityTooLarge");
	assert_int_equal(s3_client_ask(c, "PUT", "/media/a", big, 64 * MIB), 200);
	assert_int_equal(s3_client_text(c, "GET", "/media/a", NULL), 200);
	assert_int_equal(c->out.body.len, 64 * MIB);
	free(big);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, s3_client_teardown)
	const struct CMUnitTest tests[] = {
		T(an_object_carries_its_headers),
		T(too_much_metadata_is_refused),
		T(ranges_cut_out),
		T(conditions_are_heeded),
		T(versions_outlive_deletion),
		T(a_purge_page_by_page_misses_nothing),
		T(deleting_many_says_what_became_of_each),
		T(keys_can_fail_within_a_success),
		T(a_copy_keeps_what_it_is_not_told),
		T(tags_read_back),
		T(lists_fold_and_page),
		T(the_second_list_goes_on_by_token),
		T(parts_become_one_object),
		T(only_the_last_part_may_be_small),
		T(parts_can_be_copied),
		T(too_large_is_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
