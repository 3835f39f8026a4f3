/* VPCs and tags in the sandbox. */
#include "api_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	static struct api_client client;

	api_client_open(&client, NULL);
	*state = &client;
	return 0;
}

static int teardown(void **state)
{
	api_client_close(*state);
	return 0;
}

/* ---- VPCs ---- */

static int post_vpc(struct api_client *c, const char *name, const char *region, const char *range)
{
	return api_ask(c, "POST",
		api_json(c, "{'name':'%s','region':'%s','ip_range':'%s'}", name, region, range),
		"/v2/vpcs");
}

static const char *make_vpc(struct api_client *c, const char *name, const char *range)
{
	if (post_vpc(c, name, "ams3", range) != 201)
		fail_msg("%s", c->out.body.data);
	return api_str(c, "vpc.id");
}

static void the_first_of_a_region_is_its_default(void **state)
{
	struct api_client *c = *state;
	const char *first, *second;

	assert_int_equal(post_vpc(c, "one", "fra1", ""), 201);
	assert_true(api_bool(c, "vpc.default"));
	assert_true(strlen(api_str(c, "vpc.ip_range")) > 0);
	assert_string_equal(api_str(c, "vpc.region"), "fra1");
	first = api_str(c, "vpc.id");
	assert_string_equal(api_str(c, "vpc.urn"), mok_arena_printf(c->arena, "do:vpc:%s", first));
	assert_int_equal(post_vpc(c, "two", "fra1", "10.9.0.0/16"), 201);
	assert_false(api_bool(c, "vpc.default"));
	second = api_str(c, "vpc.id");
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/vpcs/%s", first), 403);
	assert_int_equal(api_ask(c, "PATCH", "{\"default\":true}", "/v2/vpcs/%s", second), 200);
	assert_true(api_bool(c, "vpc.default"));
	assert_int_equal(api_ask(c, "PATCH", "{\"default\":false}", "/v2/vpcs/%s", second), 200);
	assert_true(api_bool(c, "vpc.default"));
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/vpcs/%s", second), 403);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/vpcs/%s", first), 204);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/vpcs/%s", first), 404);
}

static void what_a_vpc_may_be(void **state)
{
	static const struct {
		const char *name, *region, *range;
	} bad[] = {
		{ "a_b", "ams3", "10.1.0.0/16" },
		{ "", "ams3", "10.1.0.0/16" },
		{ "a", "nowhere", "10.1.0.0/16" },
		{ "a", "", "10.1.0.0/16" },
		{ "a", "ams3", "10.0.0.0/15" },
		{ "a", "ams3", "10.1.0.0/29" },
		{ "a", "ams3", "11.1.0.0/16" },
		{ "a", "ams3", "172.32.0.0/16" },
		{ "a", "ams3", "10.1.0.0" },
		{ "a", "ams3", "10.7.128.0/20" },
		{ "taken", "ams3", "10.1.0.0/16" },
	};
	struct api_client *c = *state;

	make_vpc(c, "taken", "10.7.0.0/16");
	for (size_t i = 0; i < MOK_COUNT(bad); i++) {
		if (post_vpc(c, bad[i].name, bad[i].region, bad[i].range) != 422)
			fail_msg("%zu: %s", i, c->out.body.data);
		assert_string_equal(api_str(c, "id"), "unprocessable_entity");
	}
	make_vpc(c, "a.b-C", "192.168.4.0/28");
	make_vpc(c, "c", "172.31.0.0/16");
}

static void a_vpc_is_changed_in_part_or_as_a_whole(void **state)
{
	struct api_client *c = *state;
	const char *id = make_vpc(c, "a", "10.1.0.0/16");

	make_vpc(c, "b", "10.2.0.0/16");
	assert_int_equal(
		api_ask(c, "PATCH", api_json(c, "{'description':'d'}"), "/v2/vpcs/%s", id), 200);
	assert_string_equal(api_str(c, "vpc.name"), "a");
	assert_string_equal(api_str(c, "vpc.description"), "d");
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'description':'d'}"), "/v2/vpcs/%s", id), 422);
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'name':'a2','ip_range':'10.3.0.0/16'}"),
				 "/v2/vpcs/%s", id),
		200);
	assert_string_equal(api_str(c, "vpc.ip_range"), "10.1.0.0/16");
	assert_int_equal(api_ask(c, "PATCH", api_json(c, "{'name':'b'}"), "/v2/vpcs/%s", id), 422);
	assert_int_equal(api_ask(c, "PATCH", "{}", "/v2/vpcs/nothing"), 404);
}

static const char *make_droplet(struct api_client *c, const char *vpc)
{
	const char *body = api_json(c,
		"{'name':'d','region':'ams3','size':'s-1vcpu-1gb','image':'debian-12-x64',"
		"'tags':['Web'],'vpc_uuid':'%s'}",
		vpc);

	if (api_ask(c, "POST", body, "/v2/droplets") != 202)
		fail_msg("%s", c->out.body.data);
	return mok_arena_printf(c->arena, "%lld", (long long)api_int(c, "droplet.id"));
}

static void members_hold_a_vpc(void **state)
{
	struct api_client *c = *state;
	const char *id = make_vpc(c, "a", "10.1.0.0/16"), *droplet = make_droplet(c, id);

	assert_int_equal(api_ask(c, "GET", NULL, "/v2/vpcs/%s/members", id), 200);
	assert_int_equal(api_int(c, "meta.total"), 1);
	assert_string_equal(
		api_str(c, "members.0.urn"), mok_arena_printf(c->arena, "do:droplet:%s", droplet));
	assert_string_equal(api_str(c, "members.0.name"), "d");
	api_ask(c, "GET", NULL, "/v2/vpcs/%s/members?resource_type=dbaas", id);
	assert_int_equal(api_len(c, "members"), 0);
	api_ask(c, "GET", NULL, "/v2/vpcs/%s/members?resource_type=droplet", id);
	assert_int_equal(api_len(c, "members"), 1);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/vpcs/%s", id), 409);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/droplets/%s", droplet), 204);
	c->now_ms += 60 * API_MINUTE_MS;
	api_ask(c, "GET", NULL, "/v2/vpcs/%s/members", id);
	assert_int_equal(api_len(c, "members"), 0);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/vpcs/%s", id), 204);
	/* Its range and its name are free again. */
	make_vpc(c, "a", "10.1.0.0/16");
}

/* ---- tags ---- */

static void a_tag_is_made_once(void **state)
{
	struct api_client *c = *state;

	assert_int_equal(api_ask(c, "POST", api_json(c, "{'name':'Env:a_b-1'}"), "/v2/tags"), 201);
	assert_int_equal(api_int(c, "tag.resources.count"), 0);
	assert_int_equal(api_int(c, "tag.resources.databases.count"), 0);
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'name':'env:A_B-1'}"), "/v2/tags"), 201);
	assert_string_equal(api_str(c, "tag.name"), "Env:a_b-1");
	api_ask(c, "GET", NULL, "/v2/tags");
	assert_int_equal(api_int(c, "meta.total"), 1);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/tags/ENV:a_b-1"), 204);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/tags/Env:a_b-1"), 404);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/tags/Env:a_b-1"), 404);
}

static void a_bad_tag_is_refused_in_the_tags_own_form(void **state)
{
	static const char *const bad[] = { "{\"name\":\"a b\"}", "{\"name\":\"\"}", "{}",
		"{\"name\":7}", "{\"name\":\"\\u00e9\"}" };
	struct api_client *c = *state;

	for (size_t i = 0; i < MOK_COUNT(bad); i++) {
		assert_int_equal(api_ask(c, "POST", bad[i], "/v2/tags"), 400);
		assert_non_null(strstr(api_str(c, "error"), "contains invalid characters"));
		assert_int_equal(api_len(c, "root_causes"), 1);
		assert_false(api_has(c, "id"));
	}
}

static void tags_come_and_go_with_what_bears_them(void **state)
{
	struct api_client *c = *state;
	const char *vpc = make_vpc(c, "a", "10.1.0.0/16"), *droplet = make_droplet(c, vpc);
	const char *body = api_json(
		c, "{'resources':[{'resource_id':'%s','resource_type':'droplet'}]}", droplet);

	api_ask(c, "GET", NULL, "/v2/tags/web");
	assert_string_equal(api_str(c, "tag.name"), "Web");
	assert_int_equal(api_int(c, "tag.resources.count"), 1);
	assert_int_equal(api_int(c, "tag.resources.droplets.count"), 1);
	assert_non_null(strstr(api_str(c, "tag.resources.last_tagged_uri"), droplet));
	assert_int_equal(api_ask(c, "POST", body, "/v2/tags/other/resources"), 404);
	api_ask(c, "POST", api_json(c, "{'name':'other'}"), "/v2/tags");
	assert_int_equal(api_ask(c, "POST", body, "/v2/tags/other/resources"), 204);
	assert_int_equal(api_ask(c, "POST", body, "/v2/tags/other/resources"), 204);
	api_ask(c, "GET", NULL, "/v2/droplets/%s", droplet);
	assert_int_equal(api_len(c, "droplet.tags"), 2);
	assert_int_equal(api_ask(c, "DELETE", body, "/v2/tags/other/resources"), 204);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/tags/web"), 204);
	api_ask(c, "GET", NULL, "/v2/droplets/%s", droplet);
	assert_int_equal(api_len(c, "droplet.tags"), 0);
	body = api_json(c, "{'resources':[{'resource_id':'7','resource_type':'droplet'}]}");
	assert_int_equal(api_ask(c, "POST", body, "/v2/tags/other/resources"), 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_first_of_a_region_is_its_default, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_vpc_may_be, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_vpc_is_changed_in_part_or_as_a_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(members_hold_a_vpc, setup, teardown),
		cmocka_unit_test_setup_teardown(a_tag_is_made_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_bad_tag_is_refused_in_the_tags_own_form, setup, teardown),
		cmocka_unit_test_setup_teardown(
			tags_come_and_go_with_what_bears_them, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
