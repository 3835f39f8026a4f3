/* Domains and their records in the sandbox. */
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

#define RECORDS "/v2/domains/a.example/records"

static void make_domain(struct api_client *c)
{
	assert_int_equal(
		api_ask(c, "POST", api_json(c, "{'name':'a.example'}"), "/v2/domains"), 201);
}

static int64_t make_record(struct api_client *c, const char *body)
{
	if (api_ask(c, "POST", api_json(c, "%s", body), RECORDS) != 201)
		fail_msg("%s: %s", body, c->out.body.data);
	return api_int(c, "domain_record.id");
}

static void a_domain_comes_with_its_servers(void **state)
{
	struct api_client *c = *state;
	const char *body = api_json(c, "{'name':'A.Example','ip_address':'192.0.2.1'}");

	assert_int_equal(api_ask(c, "POST", body, "/v2/domains"), 201);
	assert_string_equal(api_str(c, "domain.name"), "a.example");
	assert_int_equal(api_int(c, "domain.ttl"), 1800);
	assert_int_equal(api_ask(c, "POST", body, "/v2/domains"), 422);
	assert_int_equal(api_ask(c, "POST", "{\"name\":\"nodots\"}", "/v2/domains"), 422);
	assert_int_equal(api_ask(c, "POST", "{}", "/v2/domains"), 422);
	api_ask(c, "GET", NULL, RECORDS);
	assert_int_equal(api_int(c, "meta.total"), 5);
	assert_string_equal(api_str(c, "domain_records.0.type"), "SOA");
	api_ask(c, "GET", NULL, RECORDS "?type=NS");
	assert_int_equal(api_int(c, "meta.total"), 3);
	assert_string_equal(api_str(c, "domain_records.0.data"), "ns1.digitalocean.com");
	api_ask(c, "GET", NULL, RECORDS "?type=A&name=a.example");
	assert_int_equal(api_int(c, "meta.total"), 1);
	assert_string_equal(api_str(c, "domain_records.0.name"), "@");
	assert_string_equal(api_str(c, "domain_records.0.data"), "192.0.2.1");
}

static void dots_are_needed_and_not_read_back(void **state)
{
	static const char *const dotless[] = {
		"{'type':'CNAME','name':'w','data':'b.example'}",
		"{'type':'MX','name':'@','data':'b.example','priority':1}",
		"{'type':'NS','name':'w','data':'b.example'}",
		"{'type':'SRV','name':'s','data':'b.example','priority':1,'port':1,'weight':1}",
		"{'type':'CAA','name':'@','data':'b.example','flags':0,'tag':'issue'}",
	};
	struct api_client *c = *state;

	make_domain(c);
	for (size_t i = 0; i < MOK_COUNT(dotless); i++)
		if (api_ask(c, "POST", api_json(c, "%s", dotless[i]), RECORDS) != 422)
			fail_msg("taken: %s", dotless[i]);
	make_record(c, "{'type':'CNAME','name':'w.a.example','data':'b.example.'}");
	assert_string_equal(api_str(c, "domain_record.name"), "w");
	assert_string_equal(api_str(c, "domain_record.data"), "b.example");
	make_record(c, "{'type':'TXT','name':'@','data':'ends with a dot.'}");
	assert_string_equal(api_str(c, "domain_record.data"), "ends with a dot.");
	make_record(c,
		"{'type':'CAA','name':'@','data':'mailto:x@b.example','flags':0,"
		"'tag':'iodef'}");
}

static void each_type_has_its_fields(void **state)
{
	static const char *const wrong[] = {
		"{'type':'MX','name':'@','data':'b.example.'}",
		"{'type':'SRV','name':'s','data':'b.example.','priority':1,'port':1}",
		"{'type':'SRV','name':'s','data':'b.example.','priority':1,'weight':1}",
		"{'type':'CAA','name':'@','data':'b.example.','tag':'issue'}",
		"{'type':'CAA','name':'@','data':'b.example.','flags':256,'tag':'issue'}",
		"{'type':'CAA','name':'@','data':'b.example.','flags':0}",
		"{'type':'A','name':'@','data':'192.0.2.256'}",
		"{'type':'A','name':'@','data':''}",
		"{'type':'AAAA','name':'@','data':'192.0.2.1'}",
		"{'type':'A','name':'@','data':'192.0.2.1','ttl':29}",
		"{'type':'A','data':'192.0.2.1'}",
		"{'type':'SOA','name':'@','data':'1800'}",
		"{'type':'PTR','name':'@','data':'b.example.'}",
	};
	struct api_client *c = *state;

	make_domain(c);
	for (size_t i = 0; i < MOK_COUNT(wrong); i++)
		if (api_ask(c, "POST", api_json(c, "%s", wrong[i]), RECORDS) != 422)
			fail_msg("taken: %s", wrong[i]);
	make_record(c, "{'type':'a','name':'@','data':'192.0.2.1','priority':null}");
	assert_string_equal(api_str(c, "domain_record.type"), "A");
	assert_int_equal(api_int(c, "domain_record.ttl"), 1800);
	assert_true(cJSON_IsNull(mok_json_at(c->json, "domain_record.priority")));
	assert_true(cJSON_IsNull(mok_json_at(c->json, "domain_record.tag")));
	make_record(c, "{'type':'MX','name':'@','data':'b.example.','priority':0}");
	assert_int_equal(api_int(c, "domain_record.priority"), 0);
	api_ask(c, "GET", NULL, RECORDS);
	assert_int_equal(api_int(c, "meta.total"), 6);
}

static void one_name_has_one_ttl(void **state)
{
	struct api_client *c = *state;
	long long first, other;

	make_domain(c);
	first = make_record(c, "{'type':'A','name':'w','data':'192.0.2.1','ttl':600}");
	other = make_record(c, "{'type':'A','name':'x','data':'192.0.2.1','ttl':700}");
	make_record(c, "{'type':'A','name':'w','data':'192.0.2.1','ttl':60}");
	assert_int_not_equal(api_int(c, "domain_record.id"), first);
	api_ask(c, "GET", NULL, RECORDS "/%lld", first);
	assert_int_equal(api_int(c, "domain_record.ttl"), 60);
	api_ask(c, "GET", NULL, RECORDS "/%lld", other);
	assert_int_equal(api_int(c, "domain_record.ttl"), 700);
	api_ask(c, "GET", NULL, RECORDS "?name=w");
	assert_int_equal(api_int(c, "meta.total"), 2);
}

static void a_record_is_changed_in_part(void **state)
{
	static const char *const methods[] = { "PATCH", "PUT" };
	struct api_client *c = *state;
	long long id;

	make_domain(c);
	id = make_record(c, "{'type':'A','name':'w','data':'192.0.2.1','ttl':600}");
	for (size_t i = 0; i < MOK_COUNT(methods); i++) {
		assert_int_equal(api_ask(c, methods[i], api_json(c, "{'data':'192.0.2.%zu'}", i),
					 RECORDS "/%lld", id),
			200);
		assert_int_equal(api_int(c, "domain_record.id"), id);
		assert_int_equal(api_int(c, "domain_record.ttl"), 600);
		assert_string_equal(api_str(c, "domain_record.name"), "w");
		assert_string_equal(api_str(c, "domain_record.data"),
			mok_arena_printf(c->arena, "192.0.2.%zu", i));
		assert_int_equal(
			api_ask(c, methods[i], "{\"data\":\"no\"}", RECORDS "/%lld", id), 422);
	}
	assert_int_equal(
		api_ask(c, "POST", api_json(c, "{'name':'b.example'}"), "/v2/domains"), 201);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/domains/b.example/records/%lld", id), 404);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/domains/b.example/records/%lld", id), 404);
	assert_int_equal(api_ask(c, "DELETE", NULL, RECORDS "/%lld", id), 204);
	assert_int_equal(api_ask(c, "DELETE", NULL, RECORDS "/%lld", id), 404);
}

static void has_line(struct api_client *c, const char *line)
{
	const char *zone = api_str(c, "domain.zone_file");

	if (!strstr(zone, line))
		fail_msg("no \"%s\" in\n%s", line, zone);
}

static void the_zone_file_says_it_all(void **state)
{
	struct api_client *c = *state;

	make_domain(c);
	make_record(c, "{'type':'A','name':'w','data':'192.0.2.1','ttl':60}");
	make_record(c, "{'type':'CNAME','name':'c','data':'@'}");
	make_record(c, "{'type':'MX','name':'@','data':'m.b.example.','priority':10}");
	make_record(c,
		"{'type':'SRV','name':'_s._tcp','data':'b.example.','priority':1,"
		"'weight':2,'port':3}");
	make_record(c, "{'type':'CAA','name':'@','data':'b.example.','flags':128,'tag':'issue'}");
	make_record(c, "{'type':'TXT','name':'t','data':'v=spf1 \\\\ -all'}");
	api_ask(c, "GET", NULL, "/v2/domains/a.example");
	has_line(c, "$ORIGIN a.example.\n");
	has_line(c, "\na.example. 1800 IN NS ns3.digitalocean.com.\n");
	has_line(c, "\nw.a.example. 60 IN A 192.0.2.1\n");
	has_line(c, "\nc.a.example. 1800 IN CNAME a.example.\n");
	has_line(c, "\na.example. 1800 IN MX 10 m.b.example.\n");
	has_line(c, "\n_s._tcp.a.example. 1800 IN SRV 1 2 3 b.example.\n");
	has_line(c, "\na.example. 1800 IN CAA 128 issue \"b.example\"\n");
	has_line(c, "\nt.a.example. 1800 IN TXT \"v=spf1 \\\\ -all\"\n");
}

static void records_go_with_their_domain(void **state)
{
	struct api_client *c = *state;
	long long id;

	make_domain(c);
	id = make_record(c, "{'type':'A','name':'w','data':'192.0.2.1'}");
	api_ask(c, "GET", NULL, "/v2/projects/default/resources");
	assert_string_equal(api_str(c, "resources.0.urn"), "do:domain:a.example");
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/domains/a.example"), 204);
	assert_int_equal(api_ask(c, "GET", NULL, RECORDS), 404);
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'type':'A'}"), RECORDS), 404);
	api_ask(c, "GET", NULL, "/v2/projects/default/resources");
	assert_int_equal(api_len(c, "resources"), 0);
	make_domain(c);
	assert_int_equal(api_ask(c, "GET", NULL, RECORDS "/%lld", id), 404);
	api_ask(c, "GET", NULL, RECORDS);
	assert_int_equal(api_int(c, "meta.total"), 4);
}

static void pages_hold_what_they_are_asked_for(void **state)
{
	struct api_client *c = *state;

	make_domain(c);
	for (int i = 0; i < 210; i++)
		make_record(c,
			mok_arena_printf(
				c->arena, "{'type':'A','name':'w%d','data':'192.0.2.1'}", i));
	api_ask(c, "GET", NULL, RECORDS);
	assert_int_equal(api_len(c, "domain_records"), 20);
	assert_int_equal(api_int(c, "meta.total"), 214);
	api_ask(c, "GET", NULL, RECORDS "?per_page=1000");
	assert_int_equal(api_len(c, "domain_records"), 200);
	assert_string_equal(api_str(c, "links.pages.next"),
		"http://127.0.0.1:8080" RECORDS "?page=2&per_page=1000");
	api_ask(c, "GET", NULL, RECORDS "?per_page=200&page=2");
	assert_int_equal(api_len(c, "domain_records"), 14);
	assert_string_equal(api_str(c, "domain_records.13.name"), "w209");
	assert_false(api_has(c, "links.pages.next"));
	api_ask(c, "GET", NULL, RECORDS "?page=99");
	assert_int_equal(api_len(c, "domain_records"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_domain_comes_with_its_servers),
		TEST(dots_are_needed_and_not_read_back),
		TEST(each_type_has_its_fields),
		TEST(one_name_has_one_ttl),
		TEST(a_record_is_changed_in_part),
		TEST(the_zone_file_says_it_all),
		TEST(records_go_with_their_domain),
		TEST(pages_hold_what_they_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
