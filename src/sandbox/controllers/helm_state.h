/*
 * helm_state: a run of Helm at work, between its calls. Shared by helm.c and helm_steps.c.
 */
#ifndef MOK_SANDBOX_HELM_STATE_H
#define MOK_SANDBOX_HELM_STATE_H

#include "helm.h"

enum helm_phase {
	HELM_START = 0,
	HELM_WAIT,         /* for the objects of `revision` */
	HELM_UNINSTALL,    /* for the objects to go */
	HELM_UNDO,         /* after a failure: for those of the revision before */
	HELM_UNDO_INSTALL, /* after a failure: for the objects to go */
};

struct helm_run {
	struct sb_kube *k;
	struct helm_args args;
	struct sb_doc *doc; /* what is known between calls */
	struct mok_buf *log;
	const cJSON *pod, *container;
	bool over;
	int code;
};

/* "UPGRADE FAILED: ..." on a line of its own after "Error: "; the run is over. */
void helm_fail(struct helm_run *run, const char *fmt, ...) MOK_PRINTF(2, 3);
enum helm_phase helm_phase_of(const struct helm_run *run);
/* The next call goes on from there. deadline_ms 0: as it was. */
void helm_enter(struct helm_run *run, enum helm_phase phase, int64_t revision, int64_t deadline_ms);

struct helm_records helm_run_records(struct helm_run *run);
/* The record of that revision; NULL: there is none. */
struct helm_record *helm_find(const struct helm_records *records, int64_t revision);
/* The newest with that status ("" any); NULL: none. */
struct helm_record *helm_newest(const struct helm_records *records, const char *status);

/* Prints what Helm says of a release that is there. */
void helm_tell(struct helm_run *run, const struct helm_record *record);

/* Each takes the run from a command's beginning to its first wait, or to its end. */
void helm_begin_upgrade(struct helm_run *run);
void helm_begin_rollback(struct helm_run *run);
void helm_begin_uninstall(struct helm_run *run);
/* A revision like that of `target`, on its way; NULL, or what is wrong. */
const char *helm_roll_back(struct helm_run *run, int64_t target, int64_t *out_revision);
/* Deletes the newest revision's objects; they may linger. */
void helm_take_away(struct helm_run *run, struct helm_record *newest);

#endif
