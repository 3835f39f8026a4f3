/*
 * upgrade: what `mok upgrade` shows: the steps before they begin, and how it ended.
 */
#ifndef MOK_UPGRADE_H
#define MOK_UPGRADE_H

#include "mok/report.h"

enum mok_step_state {
	MOK_STEP_OPEN = 0,
	MOK_STEP_DONE,
	MOK_STEP_IDLE, /* there was nothing to do */
	MOK_STEP_FAILED,
};

struct mok_upgrade_step {
	const char *name; /* "migrate-pre" */
	const char *text; /* what it does */
	enum mok_step_state state;
	bool no_way_back; /* once it has begun */
};

struct mok_upgrade_view {
	const struct mok_stack *stack;
	const char *from, *to;
	bool back; /* a rollback: from the new version to the old one */
	MOK_VEC(struct mok_upgrade_step) steps;
	MOK_VEC(const char *) notes; /* what to know before */
	const struct mok_err *err;   /* why it ended early; or NULL */
	const char *again;           /* the command line that goes on; or NULL */
	int64_t elapsed_ms;
};

/* What will be done. */
void mok_report_upgrade_plan(
	struct mok_buf *out, const struct mok_style *style, const struct mok_upgrade_view *view);
/* How it ended. */
void mok_report_upgrade(
	struct mok_buf *out, const struct mok_style *style, const struct mok_upgrade_view *view);
cJSON *mok_report_upgrade_json(const struct mok_upgrade_view *view);

#endif
