/*
 * site_client: a cloud with a small Mastodon instance in a cluster, made of its objects alone, and
 * requests to it. Its pods and Jobs are made by hand, so that a test has them as it wants.
 */
#ifndef MOK_TEST_SITE_CLIENT_H
#define MOK_TEST_SITE_CLIENT_H

#include "api_client.h"

#define SITE_NS "/api/v1/namespaces/mastodon"
#define SITE_PASSWORD "correct horse battery"
#define SITE_EMAIL "admin@social.example"

struct site_client {
	struct api_client api; /* first: its answers are read with api_str() and so on */
	const char *database;  /* id of the PostgreSQL cluster */
	const char *host;      /* the Host header; NULL: an address of loopback */
	const char *token;     /* of the Authorization header, or NULL */
	const char *cookie, *content_type, *key; /* headers, or NULL */
};

/* All of it, healthy: version 4.6.2, two web pods of 2 workers with 5 threads. */
void site_open(struct site_client *client);
void site_close(struct site_client *client);

/* One request to the instance's port; returns the status. */
int site_ask(struct site_client *client, const char *method, const char *body, const char *path);
const char *site_header(const struct site_client *client, const char *name); /* "" if absent */
const char *site_body(const struct site_client *client);

/* Changes one variable of what all pods and Jobs read. NULL takes it away. */
void site_set(struct site_client *client, const char *name, const char *value);
/* A pod of a tier ("web", "streaming", "sidekiq") that runs that version and is ready. */
void site_pod(struct site_client *client, const char *name, const char *tier, const char *version);
/* The pod of a Job that runs a command in the version's image, to its end; "Succeeded" or "Failed".
 * env: members of one more object of variables, in single quotes; or "". */
const char *site_job(struct site_client *client, const char *name, const char *version,
	const char *command, const char *env);
/* Variables of one that goes by the pools. */
#define SITE_DIRECT \
	"{'name':'DB_PORT','value':'25060'},{'name':'DB_NAME','value':'mastodon'}," \
	"{'name':'PREPARED_STATEMENTS','value':'true'}"
/* The Jobs of a new instance, named after `suffix`: grants, schema, owner. */
void site_jobs(struct site_client *client, const char *suffix);
/* A request to the cluster that must succeed; in `body` single quotes stand for double ones. */
void site_kube(struct site_client *client, const char *method, const char *path, const char *body);

#endif
