#include "mastodon_internal.h"

/* The fields of `keda`: from where on there are more pods. */

#define COUNT(key, most, standard, text) \
	{ \
		.name = key, .type = MOK_INT, .min = 1, .max = most, .dflt = standard, .doc = text \
	}

#define THRESHOLDS(backlog, latency) \
	{ \
		COUNT("backlog", 10000000, backlog, "Jobs that wait, for each pod."), \
			COUNT("latency", 86400, latency, \
				"Seconds that the oldest job has waited."), \
		{ \
			0 \
		} \
	}

static const struct mok_field of_default[] = THRESHOLDS("250", "5");
static const struct mok_field of_federation[] = THRESHOLDS("500", "30");
static const struct mok_field of_pull[] = THRESHOLDS("1250", "300");
static const struct mok_field of_mailers[] = THRESHOLDS("250", "120");

#define QUEUE(key, thresholds) \
	{ \
		.name = key, .type = MOK_MAP, .sub = thresholds, .doc = "The queue " key "." \
	}

static const struct mok_field queues[] = {
	QUEUE("default", of_default),
	QUEUE("push", of_federation),
	QUEUE("ingress", of_federation),
	QUEUE("fasp", of_federation),
	QUEUE("pull", of_pull),
	QUEUE("mailers", of_mailers),
	{ 0 },
};

static const struct mok_field web[] = {
	COUNT("busy_percent", 100, "70", "Busy threads of Puma, in percent."),
	COUNT("backlog", 100000, "40", "Requests that wait, for each pod."),
	{ 0 },
};

static const struct mok_field streaming[] = {
	COUNT("clients", 100000, "800", "Connected clients, for each pod."),
	{ 0 },
};

const struct mok_field masto_keda_fields[] = {
	{ .name = "install",
		.type = MOK_BOOL,
		.dflt = "true",
		.doc = "Whether mok installs KEDA." },
	{ .name = "prometheus",
		.type = MOK_STR,
		.pattern = "https?://.+",
		.doc = "URL of the Prometheus that is asked; by default that which "
		       "`observability` installs." },
	COUNT("polling_interval", 3600, "10", "Seconds between two questions."),
	COUNT("cooldown_period", 86400, "300",
		"Seconds without load after which KEDA lets go; above zero pods the 10 percent "
		"a minute of the autoscaler count."),
	{ .name = "web", .type = MOK_MAP, .sub = web, .doc = "When web grows." },
	{ .name = "streaming", .type = MOK_MAP, .sub = streaming, .doc = "When streaming grows." },
	{ .name = "queues",
		.type = MOK_MAP,
		.sub = queues,
		.doc = "When the group that serves a queue grows." },
	{ 0 },
};
