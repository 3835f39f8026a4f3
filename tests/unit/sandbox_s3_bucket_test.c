/* Buckets of the sandbox's Spaces and their settings, as they read back. */
#include "s3_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ALL_USERS "http://acs.amazonaws.com/groups/global/AllUsers"

static int setup(void **state)
{
	static struct s3_client client;

	s3_client_open(&client, NULL);
	*state = &client;
	return 0;
}

static void assert_says(struct s3_client *c, const char *text)
{
	if (!s3_client_says(c, text))
		fail_msg("no %s in %s", text, c->out.body.data);
}

static void make_bucket(struct s3_client *c)
{
	assert_int_equal(s3_client_text(c, "PUT", "/media", NULL), 200);
}

static void a_bucket_lives_in_its_region(void **state)
{
	struct s3_client *c = *state;

	c->region = "ams3";
	make_bucket(c);
	assert_int_equal(s3_client_text(c, "GET", "/media?location", NULL), 200);
	assert_says(c, ">ams3</LocationConstraint>");
	assert_int_equal(s3_client_text(c, "GET", "/", NULL), 200);
	assert_says(c, "<Name>media</Name>");
	c->region = "fra1";
	assert_int_equal(s3_client_text(c, "GET", "/", NULL), 200);
	assert_false(s3_client_says(c, "<Name>media</Name>"));
	c->host = "fra1.digitaloceanspaces.com"; /* another cluster */
	s3_client_text(c, "GET", "/media", NULL);
	s3_client_assert_refused(c, 404, "NoSuchBucket");
	s3_client_text(c, "PUT", "/media", NULL);
	s3_client_assert_refused(c, 409, "BucketAlreadyExists");
	c->host = "media.ams3.digitaloceanspaces.com"; /* virtual-host style */
	assert_int_equal(s3_client_text(c, "HEAD", "/", NULL), 200);
}

static void a_location_constraint_is_heeded(void **state)
{
	struct s3_client *c = *state;

	assert_int_equal(s3_client_text(c, "PUT", "/one",
				 "<CreateBucketConfiguration><LocationConstraint>sgp1"
				 "</LocationConstraint></CreateBucketConfiguration>"),
		200);
	s3_client_text(c, "GET", "/one?location", NULL);
	assert_says(c, ">sgp1<");
	s3_client_text(c, "PUT", "/two",
		"<CreateBucketConfiguration><LocationConstraint>mars1</LocationConstraint>"
		"</CreateBucketConfiguration>");
	s3_client_assert_refused(c, 400, "InvalidLocationConstraint");
}

static void names_have_rules(void **state)
{
	static const char *const bad[] = { "/ab", "/Media", "/-media", "/media-", "/me_dia",
		"/a.b.c", "/a123456789012345678901234567890123456789012345678901234567890123" };
	struct s3_client *c = *state;

	for (size_t i = 0; i < MOK_COUNT(bad); i++) {
		s3_client_text(c, "PUT", bad[i], NULL);
		s3_client_assert_refused(c, 400, "InvalidBucketName");
	}
	s3_client_text(c, "PUT", "/taken-by-others", NULL);
	s3_client_assert_refused(c, 409, "BucketAlreadyExists");
	s3_client_text(c, "GET", "/taken-by-others", NULL);
	s3_client_assert_refused(c, 403, "AccessDenied");
	assert_int_equal(s3_client_text(c, "HEAD", "/taken-by-others", NULL), 403);
	assert_int_equal(c->out.body.len, 0);
	make_bucket(c);
	make_bucket(c); /* one's own again: 200 */
}

static void only_an_empty_bucket_goes(void **state)
{
	struct s3_client *c = *state;

	make_bucket(c);
	assert_int_equal(s3_client_text(c, "PUT", "/media/a", "x"), 200);
	s3_client_text(c, "DELETE", "/media", NULL);
	s3_client_assert_refused(c, 409, "BucketNotEmpty");
	assert_int_equal(s3_client_text(c, "DELETE", "/media/a", NULL), 204);
	assert_int_equal(s3_client_text(c, "DELETE", "/media", NULL), 204);
	s3_client_text(c, "DELETE", "/media", NULL);
	s3_client_assert_refused(c, 404, "NoSuchBucket");
}

static void a_hundred_are_the_most(void **state)
{
	struct s3_client *c = *state;

	for (int i = 0; i < 100; i++)
		assert_int_equal(
			s3_client_text(c, "PUT", mok_arena_printf(c->arena, "/bucket-%d", i), NULL),
			200);
	s3_client_text(c, "PUT", "/one-more", NULL);
	s3_client_assert_refused(c, 400, "TooManyBuckets");
}

static void an_acl_reads_as_grants(void **state)
{
	struct s3_client *c = *state;

	s3_client_header(c, "x-amz-acl", "public-read");
	make_bucket(c);
	s3_client_text(c, "GET", "/media?acl", NULL);
	assert_says(c,
		"xsi:type=\"Group\"><URI>" ALL_USERS "</URI></Grantee>"
		"<Permission>READ</Permission>");
	assert_says(c, "<Permission>FULL_CONTROL</Permission>");
	s3_client_header(c, "x-amz-acl", "private");
	assert_int_equal(s3_client_text(c, "PUT", "/media?acl", NULL), 200);
	s3_client_text(c, "GET", "/media?acl", NULL);
	assert_false(s3_client_says(c, ALL_USERS));
	s3_client_header(c, "x-amz-acl", "everybody");
	s3_client_text(c, "PUT", "/media?acl", NULL);
	s3_client_assert_refused(c, 400, "InvalidArgument");
}

static void an_acl_can_be_sent_as_xml(void **state)
{
	struct s3_client *c = *state;
	const char *owner;

	make_bucket(c);
	s3_client_text(c, "GET", "/media?acl", NULL);
	owner = s3_client_element(c, "ID");
	assert_non_null(owner);
	assert_int_equal(s3_client_text(c, "PUT", "/media?acl",
				 mok_arena_printf(c->arena,
					 "<AccessControlPolicy><Owner><ID>%s</ID></Owner>"
					 "<AccessControlList><Grant><Grantee "
					 "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
					 "xsi:type=\"Group\"><URI>" ALL_USERS "</URI></Grantee>"
					 "<Permission>READ</Permission></Grant></AccessControlList>"
					 "</AccessControlPolicy>",
					 owner)),
		200);
	s3_client_text(c, "GET", "/media?acl", NULL);
	assert_says(c, ALL_USERS);
	s3_client_text(c, "PUT", "/media?acl", "<AccessControlPolicy/>");
	s3_client_assert_refused(c, 400, "MalformedACLError");
}

static void cors_reads_back_in_its_normal_form(void **state)
{
	struct s3_client *c = *state;

	make_bucket(c);
	s3_client_text(c, "GET", "/media?cors", NULL);
	s3_client_assert_refused(c, 404, "NoSuchCORSConfiguration");
	assert_int_equal(
		s3_client_text(c, "PUT", "/media?cors",
			"<CORSConfiguration><CORSRule><AllowedMethod>PUT</AllowedMethod>"
			"<AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://b</AllowedOrigin>"
			"<AllowedOrigin>https://a</AllowedOrigin><AllowedHeader>*</AllowedHeader>"
			"<MaxAgeSeconds>0300</MaxAgeSeconds></CORSRule></CORSConfiguration>"),
		200);
	s3_client_text(c, "GET", "/media?cors", NULL);
	assert_says(c,
		"<AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>"
		"<AllowedOrigin>https://a</AllowedOrigin>"
		"<AllowedOrigin>https://b</AllowedOrigin>");
	assert_says(c, "<MaxAgeSeconds>300</MaxAgeSeconds>");
	s3_client_header(c, "Origin", "https://a");
	s3_client_header(c, "Access-Control-Request-Method", "GET");
	assert_int_equal(s3_client_text(c, "OPTIONS", "/media/x", NULL), 200);
	assert_string_equal(s3_client_got(c, "Access-Control-Allow-Origin"), "https://a");
	s3_client_header(c, "Origin", "https://c");
	s3_client_header(c, "Access-Control-Request-Method", "GET");
	assert_int_equal(s3_client_text(c, "OPTIONS", "/media/x", NULL), 403);
	assert_int_equal(s3_client_text(c, "DELETE", "/media?cors", NULL), 204);
	s3_client_text(c, "GET", "/media?cors", NULL);
	s3_client_assert_refused(c, 404, "NoSuchCORSConfiguration");
	s3_client_text(c, "PUT", "/media?cors",
		"<CORSConfiguration><CORSRule><AllowedMethod>BREW</AllowedMethod>"
		"<AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>");
	s3_client_assert_refused(c, 400, "MalformedXML");
}

static void lifecycle_rules_get_ids_and_an_order(void **state)
{
	struct s3_client *c = *state;

	make_bucket(c);
	s3_client_text(c, "GET", "/media?lifecycle", NULL);
	s3_client_assert_refused(c, 404, "NoSuchLifecycleConfiguration");
	assert_int_equal(
		s3_client_text(c, "PUT", "/media?lifecycle",
			"<LifecycleConfiguration><Rule><ID>z</ID><Status>Enabled</Status>"
			"<Prefix>tmp/</Prefix><Expiration><Days>7</Days></Expiration></Rule>"
			"<Rule><ID>a</ID><Status>Disabled</Status><Filter><Prefix/></Filter>"
			"<AbortIncompleteMultipartUpload><DaysAfterInitiation>1"
			"</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
			"</LifecycleConfiguration>"),
		200);
	s3_client_text(c, "GET", "/media?lifecycle", NULL);
	assert_string_equal(s3_client_element(c, "ID"), "a");
	assert_says(c,
		"<Rule><ID>z</ID><Prefix>tmp/</Prefix><Status>Enabled</Status>"
		"<Expiration><Days>7</Days></Expiration></Rule>");
	s3_client_text(c, "PUT", "/media?lifecycle",
		"<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Tag><Key>k</Key>"
		"<Value>v</Value></Tag></Filter><Expiration><Days>7</Days></Expiration></Rule>"
		"</LifecycleConfiguration>");
	s3_client_assert_refused(c, 501, "NotImplemented");
}

static void versioning_never_goes_back_to_none(void **state)
{
	struct s3_client *c = *state;

	make_bucket(c);
	s3_client_text(c, "GET", "/media?versioning", NULL);
	assert_null(s3_client_element(c, "Status"));
	assert_int_equal(s3_client_text(c, "PUT", "/media?versioning",
				 "<VersioningConfiguration><Status>Enabled</Status>"
				 "</VersioningConfiguration>"),
		200);
	assert_int_equal(s3_client_text(c, "PUT", "/media?versioning",
				 "<VersioningConfiguration><Status>Suspended</Status>"
				 "</VersioningConfiguration>"),
		200);
	s3_client_text(c, "GET", "/media?versioning", NULL);
	assert_string_equal(s3_client_element(c, "Status"), "Suspended");
	s3_client_text(c, "PUT", "/media?versioning", "<VersioningConfiguration/>");
	assert_int_equal(c->out.status, 400);
}

static void policies_are_checked_and_kept_to_the_letter(void **state)
{
	static const char policy[] =
		"{ \"Version\": \"2012-10-17\",  \"Statement\": [{\"Effect\":\"Allow\","
		"\"Principal\":\"*\",\"Action\":\"s3:GetObject\","
		"\"Resource\":\"arn:aws:s3:::media/*\"}] }";
	struct s3_client *c = *state;

	make_bucket(c);
	s3_client_text(c, "GET", "/media?policy", NULL);
	s3_client_assert_refused(c, 404, "NoSuchBucketPolicy");
	assert_int_equal(s3_client_text(c, "PUT", "/media?policy", policy), 204);
	assert_int_equal(s3_client_text(c, "GET", "/media?policy", NULL), 200);
	assert_string_equal(c->out.body.data, policy);
	s3_client_text(c, "PUT", "/media?policy",
		"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\","
		"\"Resource\":\"arn:aws:s3:::elsewhere/*\"}]}");
	s3_client_assert_refused(c, 400, "MalformedPolicy");
}

static void logs_go_to_another_bucket(void **state)
{
	static const char form[] = "<BucketLoggingStatus><LoggingEnabled><TargetBucket>%s"
				   "</TargetBucket><TargetPrefix>log/</TargetPrefix>"
				   "</LoggingEnabled></BucketLoggingStatus>";
	struct s3_client *c = *state;
	char body[512];

	make_bucket(c);
	assert_int_equal(s3_client_text(c, "PUT", "/logs", NULL), 200);
	(void)snprintf(body, sizeof(body), form, "media");
	s3_client_text(c, "PUT", "/media?logging", body);
	s3_client_assert_refused(c, 400, "InvalidTargetBucketForLogging");
	(void)snprintf(body, sizeof(body), form, "logs");
	assert_int_equal(s3_client_text(c, "PUT", "/media?logging", body), 200);
	s3_client_text(c, "GET", "/media?logging", NULL);
	assert_string_equal(s3_client_element(c, "TargetBucket"), "logs");
}

static void what_spaces_lacks_is_not_implemented(void **state)
{
	static const char *const subs[] = { "tagging", "encryption", "replication", "notification",
		"publicAccessBlock", "inventory", "object-lock", "ownershipControls" };
	struct s3_client *c = *state;

	make_bucket(c);
	for (size_t i = 0; i < MOK_COUNT(subs); i++) {
		s3_client_text(c, "GET", mok_arena_printf(c->arena, "/media?%s", subs[i]), NULL);
		s3_client_assert_refused(c, 501, "NotImplemented");
		s3_client_text(c, "PUT", mok_arena_printf(c->arena, "/media?%s", subs[i]), "<a/>");
		s3_client_assert_refused(c, 501, "NotImplemented");
	}
}

static void hostile_xml_is_malformed(void **state)
{
	struct s3_client *c = *state;
	struct mok_buf deep;

	make_bucket(c);
	s3_client_text(c, "PUT", "/media?versioning",
		"<!DOCTYPE x [<!ENTITY e \"Enabled\">]><VersioningConfiguration><Status>&e;"
		"</Status></VersioningConfiguration>");
	s3_client_assert_refused(c, 400, "MalformedXML");
	mok_buf_init(&deep, 1 << 20);
	for (int i = 0; i < 10000; i++)
		mok_buf_puts(&deep, "<VersioningConfiguration>");
	s3_client_text(c, "PUT", "/media?versioning", deep.data);
	s3_client_assert_refused(c, 400, "MalformedXML");
	mok_buf_release(&deep);
	s3_client_text(c, "PUT", "/media?versioning", "<VersioningConfiguration");
	s3_client_assert_refused(c, 400, "MalformedXML");
}

static void a_new_bucket_spreads_slowly(void **state)
{
	struct s3_client *c = *state;
	const struct mok_sandbox_options lagging = { .speed = 1, .seed = 3, .lag_ms = 60000 };
	bool missed = false;

	s3_client_close(c);
	s3_client_open(c, &lagging);
	for (int i = 0; i < 8 && !missed; i++) {
		const char *name = mok_arena_printf(c->arena, "/bucket-%d", i);

		assert_int_equal(s3_client_text(c, "PUT", name, NULL), 200);
		assert_int_equal(s3_client_text(c, "HEAD", name, NULL), 200);
		s3_client_text(c, "GET", mok_arena_printf(c->arena, "%s?acl", name), NULL);
		missed = c->out.status == 404;
		if (!missed)
			continue;
		s3_client_assert_refused(c, 404, "NoSuchBucket");
		c->now_ms += 60001;
		assert_int_equal(
			s3_client_text(c, "GET", mok_arena_printf(c->arena, "%s?acl", name), NULL),
			200);
	}
	assert_true(missed);
}

static void buckets_are_resources_of_projects(void **state)
{
	struct s3_client *c = *state;

	make_bucket(c);
	assert_int_equal(s3_client_api(c, "GET", "/v2/projects/default/resources", NULL), 200);
	assert_says(c, "do:space:media");
	assert_int_equal(s3_client_text(c, "DELETE", "/media", NULL), 204);
	assert_int_equal(s3_client_api(c, "GET", "/v2/projects/default/resources", NULL), 200);
	assert_false(s3_client_says(c, "do:space:media"));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, s3_client_teardown)
	const struct CMUnitTest tests[] = {
		T(a_bucket_lives_in_its_region),
		T(a_location_constraint_is_heeded),
		T(names_have_rules),
		T(only_an_empty_bucket_goes),
		T(a_hundred_are_the_most),
		T(an_acl_reads_as_grants),
		T(an_acl_can_be_sent_as_xml),
		T(cors_reads_back_in_its_normal_form),
		T(lifecycle_rules_get_ids_and_an_order),
		T(versioning_never_goes_back_to_none),
		T(policies_are_checked_and_kept_to_the_letter),
		T(logs_go_to_another_bucket),
		T(what_spaces_lacks_is_not_implemented),
		T(hostile_xml_is_malformed),
		T(a_new_bucket_spreads_slowly),
		T(buckets_are_resources_of_projects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
