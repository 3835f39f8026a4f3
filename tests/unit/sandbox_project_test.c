/* Projects and what is in them, in the sandbox. */
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

static const char *make_project(struct api_client *c, const char *name)
{
	const char *body = api_json(c, "{'name':'%s','purpose':'Service or API'}", name);

	if (api_ask(c, "POST", body, "/v2/projects") != 201)
		fail_msg("%s", c->out.body.data);
	return api_str(c, "project.id");
}

static void make_domain(struct api_client *c)
{
	assert_int_equal(
		api_ask(c, "POST", api_json(c, "{'name':'a.example'}"), "/v2/domains"), 201);
}

static void one_project_is_there(void **state)
{
	struct api_client *c = *state;
	const char *id;

	api_ask(c, "GET", NULL, "/v2/projects/default");
	assert_true(api_bool(c, "project.is_default"));
	id = api_str(c, "project.id");
	api_ask(c, "GET", NULL, "/v2/projects");
	assert_int_equal(api_int(c, "meta.total"), 1);
	assert_string_equal(api_str(c, "projects.0.id"), id);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/projects/%s", id), 403);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/projects/%s", id), 200);
}

static void what_is_sent_reads_back_in_the_apis_form(void **state)
{
	struct api_client *c = *state;
	const char *body = api_json(c,
		"{'name':'one','purpose':'Social','environment':'production','is_default':true}");

	assert_int_equal(api_ask(c, "POST", body, "/v2/projects"), 201);
	assert_string_equal(api_str(c, "project.purpose"), "Other: Social");
	assert_string_equal(api_str(c, "project.environment"), "Production");
	assert_string_equal(api_str(c, "project.description"), "");
	assert_false(api_bool(c, "project.is_default"));
	assert_int_equal(api_ask(c, "POST", body, "/v2/projects"), 409);
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'name':'x'}"), "/v2/projects"), 422);
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'purpose':'x'}"), "/v2/projects"), 422);
	assert_int_equal(
		api_ask(c, "POST", api_json(c, "{'name':'x','purpose':'IoT','environment':'Moon'}"),
			"/v2/projects"),
		422);
	make_project(c, "two");
	assert_string_equal(api_str(c, "project.purpose"), "Service or API");
}

static void a_project_is_changed(void **state)
{
	struct api_client *c = *state;
	const char *id = make_project(c, "one"), *first;

	make_project(c, "two");
	c->now_ms += API_MINUTE_MS;
	assert_int_equal(
		api_ask(c, "PATCH", api_json(c, "{'description':'d'}"), "/v2/projects/%s", id),
		200);
	assert_string_equal(api_str(c, "project.name"), "one");
	assert_string_equal(api_str(c, "project.description"), "d");
	assert_string_not_equal(api_str(c, "project.updated_at"), api_str(c, "project.created_at"));
	assert_int_equal(
		api_ask(c, "PATCH", api_json(c, "{'name':'two'}"), "/v2/projects/%s", id), 409);
	assert_int_equal(
		api_ask(c, "PATCH", api_json(c, "{'name':'one'}"), "/v2/projects/%s", id), 200);
	assert_int_equal(
		api_ask(c, "PUT", api_json(c, "{'name':'one'}"), "/v2/projects/%s", id), 422);
	api_ask(c, "GET", NULL, "/v2/projects/default");
	first = api_str(c, "project.id");
	assert_int_equal(
		api_ask(c, "PATCH", api_json(c, "{'is_default':true}"), "/v2/projects/%s", id),
		200);
	api_ask(c, "GET", NULL, "/v2/projects/default");
	assert_string_equal(api_str(c, "project.id"), id);
	api_ask(c, "GET", NULL, "/v2/projects/%s", first);
	assert_false(api_bool(c, "project.is_default"));
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/projects/%s", first), 204);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/projects/%s", id), 403);
}

static void what_is_new_is_in_the_default_one_and_moves(void **state)
{
	struct api_client *c = *state;
	const char *id = make_project(c, "one");
	const char *body = api_json(c, "{'resources':['do:domain:a.example','do:droplet:9']}");

	make_domain(c);
	api_ask(c, "GET", NULL, "/v2/projects/default/resources");
	assert_int_equal(api_int(c, "meta.total"), 1);
	assert_string_equal(api_str(c, "resources.0.status"), "ok");
	assert_int_equal(api_ask(c, "POST", body, "/v2/projects/%s/resources", id), 200);
	assert_string_equal(api_str(c, "resources.0.status"), "assigned");
	assert_string_equal(api_str(c, "resources.1.status"), "not_found");
	api_ask(c, "POST", body, "/v2/projects/%s/resources", id);
	assert_string_equal(api_str(c, "resources.0.status"), "already_assigned");
	api_ask(c, "GET", NULL, "/v2/projects/default/resources");
	assert_int_equal(api_int(c, "meta.total"), 0);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/projects/%s", id), 412);
	assert_int_equal(api_ask(c, "POST", body, "/v2/projects/default/resources"), 200);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/projects/%s", id), 204);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/projects/%s/resources", id), 404);
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'resources':'do:domain:a.example'}"),
				 "/v2/projects/default/resources"),
		422);
}

static void an_ended_resource_leaves_its_project(void **state)
{
	struct api_client *c = *state;
	const char *id = make_project(c, "one");

	make_domain(c);
	api_ask(c, "POST", api_json(c, "{'resources':['do:domain:a.example']}"),
		"/v2/projects/%s/resources", id);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/domains/a.example"), 204);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/projects/%s", id), 204);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_project_is_there),
		TEST(what_is_sent_reads_back_in_the_apis_form),
		TEST(a_project_is_changed),
		TEST(what_is_new_is_in_the_default_one_and_moves),
		TEST(an_ended_resource_leaves_its_project),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
