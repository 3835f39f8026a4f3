/* Pods' logs, with times and followed, over a store in memory. */
#include "kube_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PODS "/api/v1/namespaces/default/pods"
#define FIRST "2026-08-07T10:11:12.000000000Z"
#define SECOND "2026-08-07T10:11:13.250000000Z"

static const char *written; /* the log of the only container */

static const char *log_of(void *self, const char *ns, const char *pod, const char *container)
{
	(void)self;
	(void)ns;
	(void)pod;
	(void)container;
	return written;
}

static void set_state(struct kube_memory *m, const char *state)
{
	char body[256];

	snprintf(body, sizeof(body),
		"{\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"image\":\"i\","
		"\"imageID\":\"\",\"ready\":false,\"restartCount\":0,\"state\":%s}]}}",
		state);
	kube_expect(m, 200, "PATCH", PODS "/a/status", "application/merge-patch+json", body);
}

static void expect_log(struct kube_memory *m, const char *query, const char *text)
{
	char target[256];

	snprintf(target, sizeof(target), PODS "/a/log?%s", query);
	kube_expect(m, 200, "GET", target, NULL, NULL);
	assert_int_equal(m->out.body.len, strlen(text));
	assert_memory_equal(m->out.body.data ? m->out.body.data : "", text, strlen(text));
}

static int setup(void **state)
{
	struct kube_memory *m;
	int failed = kube_setup(state);

	m = *state;
	m->store.log = log_of;
	written = FIRST " one\n" SECOND " \n";
	kube_expect(m, 201, "POST", PODS, NULL,
		"{\"metadata\":{\"name\":\"a\"},\"spec\":{\"nodeName\":\"n\",\"containers\":[{"
		"\"name\":\"c\",\"image\":\"i\"}]}}");
	set_state(m, "{\"running\":{}}");
	return failed;
}

static void times_are_told_when_wanted(void **state)
{
	struct kube_memory *m = *state;

	written = FIRST " one\n" SECOND " two\nof old\n";
	expect_log(m, "", "one\ntwo\nof old\n");
	expect_log(m, "timestamps=true&tailLines=2", SECOND " two\nof old\n");
	expect_log(m, "sinceTime=2026-08-07T10:11:13Z", "two\nof old\n");
	expect_log(m, "tailLines=0", "");
	expect_log(m, "limitBytes=5", "one\nt");
	kube_expect(m, 422, "GET", PODS "/a/log?sinceSeconds=0", NULL, NULL);
	kube_expect(m, 422, "GET", PODS "/a/log?tailLines=-1&limitBytes=0", NULL, NULL);
}

/* Asks on as whoever streams does. */
static void go_on(struct kube_memory *m, const char *text)
{
	const struct mok_apiserver_request request = { .method = "GET",
		.target = PODS "/a/log?follow=true&timestamps=true",
		.authenticated = true,
		.now_ms = m->now_ms,
		.watch_from = m->out.watch_version };

	mok_apiserver_response_release(&m->out);
	mok_apiserver_response_init(&m->out);
	mok_apiserver_handle(m->server, &m->store, &request, &m->out);
	assert_int_equal(m->out.body.len, strlen(text));
	assert_memory_equal(m->out.body.data ? m->out.body.data : "", text, strlen(text));
}

static void a_log_is_followed_until_its_container_ends(void **state)
{
	struct kube_memory *m = *state;
	int64_t version;

	written = "";
	expect_log(m, "follow=true&timestamps=true", "");
	assert_true(m->out.watch);
	written = FIRST " one\n";
	go_on(m, FIRST " one\n");
	assert_true(m->out.watch);
	go_on(m, "");
	version = m->out.watch_version;
	set_state(m, "{\"terminated\":{\"exitCode\":0}}");
	written = FIRST " one\n" SECOND " two\n";
	m->out.watch_version = version;
	go_on(m, SECOND " two\n");
	assert_false(m->out.watch);
	expect_log(m, "follow=true", "one\ntwo\n");
	assert_false(m->out.watch);
}

static void a_log_ends_with_its_pod(void **state)
{
	struct kube_memory *m = *state;
	int64_t version;

	expect_log(m, "follow=true&tailLines=1", "\n");
	version = m->out.watch_version;
	kube_expect(m, 200, "DELETE", PODS "/a?gracePeriodSeconds=0", NULL, NULL);
	m->out.watch_version = version;
	go_on(m, "");
	assert_false(m->out.watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(times_are_told_when_wanted, setup, kube_teardown),
		cmocka_unit_test_setup_teardown(
			a_log_is_followed_until_its_container_ends, setup, kube_teardown),
		cmocka_unit_test_setup_teardown(a_log_ends_with_its_pod, setup, kube_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
