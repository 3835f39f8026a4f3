/* Droplets, volumes and load balancers in the sandbox. */
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

static int64_t make_droplet(struct api_client *c)
{
	const char *body = api_json(c,
		"{'name':'one','region':'ams3','size':'s-1vcpu-1gb','image':'ubuntu-24-04-x64',"
		"'tags':['web']}");

	if (api_ask(c, "POST", body, "/v2/droplets") != 202)
		fail_msg("%s", c->out.body.data);
	return api_int(c, "droplet.id");
}

static void a_droplet_boots(void **state)
{
	struct api_client *c = *state;
	long long id = (long long)make_droplet(c);

	assert_string_equal(api_str(c, "droplet.status"), "new");
	assert_int_equal(api_len(c, "droplet.networks.v4"), 0);
	c->now_ms += 2L * API_MINUTE_MS;
	api_ask(c, "GET", NULL, "/v2/droplets/%lld", id);
	assert_string_equal(api_str(c, "droplet.status"), "active");
	assert_int_equal(api_len(c, "droplet.networks.v4"), 2);
	assert_string_equal(api_str(c, "droplet.size.slug"), "s-1vcpu-1gb");
	api_ask(c, "GET", NULL, "/v2/droplets?tag_name=WEB");
	assert_int_equal(api_int(c, "meta.total"), 1);
	api_ask(c, "GET", NULL, "/v2/droplets?name=two");
	assert_int_equal(api_int(c, "meta.total"), 0);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/droplets?tag_name=web"), 204);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/droplets/%lld", id), 404);
}

static void several_droplets_at_once(void **state)
{
	struct api_client *c = *state;
	const char *body =
		api_json(c, "{'names':['a','b','c'],'region':'ams3','size':'s-1vcpu-1gb'}");

	assert_int_equal(api_ask(c, "POST", body, "/v2/droplets"), 202);
	assert_int_equal(api_len(c, "droplets"), 3);
	api_ask(c, "GET", NULL, "/v2/droplets?per_page=2");
	assert_int_equal(api_len(c, "droplets"), 2);
	assert_int_equal(api_int(c, "meta.total"), 3);
	assert_int_equal(
		api_ask(c, "POST", api_json(c, "{'name':'d','size':'s-0'}"), "/v2/droplets"), 422);
}

static void a_volume_is_attached(void **state)
{
	struct api_client *c = *state;
	long long droplet = (long long)make_droplet(c);
	const char *body =
		api_json(c, "{'name':'data','region':'ams3','size_gigabytes':10,'tags':['x']}");
	const char *id;

	assert_int_equal(api_ask(c, "POST", body, "/v2/volumes"), 201);
	id = api_str(c, "volume.id");
	assert_int_equal(api_ask(c, "POST", body, "/v2/volumes"), 409);
	assert_int_equal(
		api_ask(c, "POST", api_json(c, "{'type':'attach','droplet_id':%lld}", droplet),
			"/v2/volumes/%s/actions", id),
		202);
	assert_string_equal(api_str(c, "action.status"), "completed");
	api_ask(c, "GET", NULL, "/v2/droplets/%lld", droplet);
	assert_string_equal(api_str(c, "droplet.volume_ids.0"), id);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/volumes/%s", id), 409);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/droplets/%lld", droplet), 204);
	api_ask(c, "GET", NULL, "/v2/volumes?name=data&region=ams3");
	assert_int_equal(api_len(c, "volumes.0.droplet_ids"), 0);
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'type':'resize','size_gigabytes':5}"),
				 "/v2/volumes/%s/actions", id),
		422);
	assert_int_equal(
		api_ask(c, "POST", api_json(c, "{'name':'snap'}"), "/v2/volumes/%s/snapshots", id),
		201);
	api_ask(c, "GET", NULL, "/v2/volumes/snapshots/%s", api_str(c, "snapshot.id"));
	assert_string_equal(api_str(c, "snapshot.resource_id"), id);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/volumes?name=data&region=ams3"), 204);
	assert_int_equal(api_ask(c, "GET", NULL, "/v2/volumes/%s", id), 404);
}

static void a_balancer_gets_its_address(void **state)
{
	struct api_client *c = *state;
	const char *body = api_json(c,
		"{'name':'front','region':'ams3','forwarding_rules':[{'entry_protocol':'http',"
		"'entry_port':80,'target_protocol':'http','target_port':80}]}");
	const char *id;

	assert_int_equal(api_ask(c, "POST", body, "/v2/load_balancers"), 202);
	id = api_str(c, "load_balancer.id");
	assert_string_equal(api_str(c, "load_balancer.status"), "new");
	assert_string_equal(api_str(c, "load_balancer.ip"), "");
	assert_int_equal(api_ask(c, "POST", body, "/v2/load_balancers"), 422);
	c->now_ms += 3L * API_MINUTE_MS;
	api_ask(c, "GET", NULL, "/v2/load_balancers/%s", id);
	assert_string_equal(api_str(c, "load_balancer.status"), "active");
	assert_string_not_equal(api_str(c, "load_balancer.ip"), "");
	assert_int_equal(api_ask(c, "POST", api_json(c, "{'droplet_ids':[1,2]}"),
				 "/v2/load_balancers/%s/droplets", id),
		204);
	assert_int_equal(api_ask(c, "DELETE", api_json(c, "{'droplet_ids':[1]}"),
				 "/v2/load_balancers/%s/droplets", id),
		204);
	api_ask(c, "GET", NULL, "/v2/load_balancers/%s", id);
	assert_int_equal(api_len(c, "load_balancer.droplet_ids"), 1);
	assert_int_equal(api_ask(c, "PUT", api_json(c, "{'name':'front','forwarding_rules':[]}"),
				 "/v2/load_balancers/%s", id),
		422);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/load_balancers/%s", id), 204);
	assert_int_equal(api_ask(c, "DELETE", NULL, "/v2/load_balancers/%s", id), 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_droplet_boots),
		TEST(several_droplets_at_once),
		TEST(a_volume_is_attached),
		TEST(a_balancer_gets_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
