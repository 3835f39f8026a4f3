/*
 * status: what `mok status` tells, gathered by the command and shown as a screen or as JSON.
 */
#ifndef MOK_STATUS_H
#define MOK_STATUS_H

#include "mok/report.h"

enum mok_health {
	MOK_WELL = 0,
	MOK_UNWELL,
	MOK_UNREAD, /* not to be read; its text says why */
};

struct mok_status_fact {
	const char *name, *text;
	enum mok_health health;
	int64_t until_ms; /* wall; 0: it has no end */
};

/* What runs in several copies: a tier's pods, a pool's nodes. */
struct mok_status_row {
	const char *name, *version, *note; /* version, note: or NULL */
	int64_t have, want;
	enum mok_health health;
};

struct mok_status_queue {
	const char *name;
	int64_t waiting, latency_ms; /* -1: not told */
};

struct mok_status_kind {
	const char *name;
	size_t have, want;
};

struct mok_status_view {
	const struct mok_stack *stack;
	const struct mok_live *live;
	const struct mok_changes *changes; /* for the cost */
	const char *version;               /* of Mastodon, as it runs; NULL: no instance */
	MOK_VEC(struct mok_status_kind) kinds;
	MOK_VEC(struct mok_status_fact) resources; /* those that are not ready, or not there */
	MOK_VEC(struct mok_status_fact) instance;  /* health, address, certificate, versions */
	MOK_VEC(struct mok_status_row) pools, tiers;
	MOK_VEC(struct mok_status_fact) jobs; /* those that failed */
	MOK_VEC(struct mok_status_queue) queues;
	const char *queues_unread; /* why there are none; or NULL */
};

/* Is anything of it not well? What could not be read counts as well. */
bool mok_status_is_well(const struct mok_status_view *view);
void mok_report_status(
	struct mok_buf *out, const struct mok_style *style, const struct mok_status_view *view);
cJSON *mok_report_status_json(const struct mok_status_view *view);

#endif
