/*
 * upgrade: moving a running instance to another version. Where it stands is read from the cluster
 * before every step: images of Deployments and pods, and the Jobs of migrations, which stay there.
 */
#ifndef MOK_CLI_UPGRADE_H
#define MOK_CLI_UPGRADE_H

#include "instance.h"
#include "judge.h"

#include "mok/upgrade.h"

struct watch;
struct pulse;

struct upgrade {
	struct session *s;
	struct instance instance;
	struct mok_upgrade_view view;
	const char *from, *to;        /* of a rollback: the new version, the old one */
	const char *written;          /* what the plan is to say once something is changed */
	const char *lowest, *highest; /* versions that tiers have; NULL: none runs */
	bool back, changed;           /* changed: the instance is not as it was */
	unsigned tiers;               /* 1 << enum mok_tier: whose changes the step is about */
	struct mok_val record;        /* a map of texts: what is noted in the cluster */
	struct watch *watch;          /* while changes are applied; or NULL */
	struct pulse *pulse;          /* while web is looked at; or NULL */
	struct mok_err err;
};

/* ---- upgrade_look.c ---- */

/* Sweeps and compares, keeping the changes of those tiers. Then what runs. */
int upgrade_look(struct upgrade *u, unsigned tiers);
#define UPGRADE_ALL (~0u)
/* A live Job of migrations ("migrate-pre") to that version; NULL: there is none. */
const struct mok_object *upgrade_job(
	const struct upgrade *u, const char *name, const char *version);
/* A Job of that name to another version than `version`; NULL: there is none. */
const struct mok_object *upgrade_other_job(
	const struct upgrade *u, const char *name, const char *version);
/* The version that such a Job led away from; NULL: it does not say. */
const char *upgrade_from_of(const struct mok_object *job);

/* What must be so before anything is sent; -1: u->err, MOK_ERR_REFUSED. */
int upgrade_check(struct upgrade *u) MOK_MUST_CHECK;
int upgrade_check_back(struct upgrade *u) MOK_MUST_CHECK;

/* ---- upgrade_job.c ---- */

/* Of what failed: u->err. */
int upgrade_exit_of(const struct upgrade *u);
int upgrade_fail(struct upgrade *u); /* prints it as well */
void upgrade_show_failures(struct upgrade *u, struct mok_apply_result *result);
/* Makes an object that is no part of the stack, and waits until it is ready. What failed is shown.
 */
int upgrade_task(
	struct upgrade *u, const char *name, const struct mok_val *manifest, int timeout_s);
#define UPGRADE_JOB_S 90000 /* longer than a Job's own deadline, which tells more */
/* The wanted manifest that a Job is made of; NULL: the plan has none. */
const struct mok_val *upgrade_job_source(const struct upgrade *u, const char *name);
/* The manifest of a Job that mok_mastodon_job knows: in what runs, or (NULL) as it is wanted. The
 * exit code. */
int upgrade_make_job(struct upgrade *u, const char *name, const struct mok_running *running,
	struct mok_val *out);
/* Runs one with what is wanted, unless one to that version has ended well: *idle. */
int upgrade_run_job(struct upgrade *u, const char *name, bool *idle);

/* ---- upgrade_vitals.c ---- */

/* Of the instance's own objects of a kind whose name begins so, the one of the latest generation;
 * its name, or NULL. */
const char *upgrade_in_use(const struct upgrade *u, const char *kind, const char *prefix);
const char *upgrade_running_image(const struct upgrade *u); /* of web, in the cluster; or NULL */
/* Runs the Job that looks into database and queues, with what runs now; the exit code. */
int upgrade_vitals(struct upgrade *u, struct mok_vitals *out);

/* ---- upgrade_preflight.c ---- */

/* Looks at all that must be well before anything is changed: the exit code. *idle: the upgrade has
 * begun already. */
int upgrade_preflight(struct upgrade *u, bool *idle);
const char *upgrade_check_at(size_t i); /* the checks' names, for --skip-check */
bool upgrade_skips(const struct upgrade *u, const char *name);
#define UPGRADE_LATENCY_S 300                 /* a job may wait for so long */
#define UPGRADE_ASKED_PATH "/api/v2/instance" /* web is judged by its answers to that */

/* ---- upgrade_pre_pull.c ---- */

/* Has the nodes fetch the new images, if the plan or an option asks for that. */
int upgrade_pre_pull(struct upgrade *u, bool *idle);
/* Takes away what a run that was killed left of it; the exit code. */
int upgrade_end_pre_pull(struct upgrade *u);

/* ---- upgrade_steps.c ---- */

/* Makes the changes of those tiers; the exit code. What failed is shown, unless u->pulse gave up.
 */
int upgrade_apply(struct upgrade *u);
/* Fills in u->view.steps. */
void upgrade_plan_steps(struct upgrade *u);
/* From the first step on; those that are done are found so. The exit code. */
int upgrade_run_steps(struct upgrade *u);

/* ---- upgrade_pulse.c ---- */

/* Asks web on a steady beat, and reads what waits in its pods, whenever the session's loop runs.
 * limits NULL: it is only measured, and nothing is told. */
struct pulse *upgrade_pulse_start(
	struct upgrade *u, int beat_s, const struct judge_numbers *limits);
const struct judge *upgrade_pulse_judge(const struct pulse *p);
/* Why it is not known what waits; NULL: it is. */
const char *upgrade_pulse_unread(const struct pulse *p);
void upgrade_pulse_again(struct pulse *p); /* from here on it has to do well for a minute */
/* Has web done badly for UPGRADE_BREACH_S? Then err says how. */
bool upgrade_pulse_gives_up(void *pulse, struct mok_err *err);
#define UPGRADE_BREACH_S 300
/* What the preflight measured, in the record. */
#define UPGRADE_P90 "p90_ms"
#define UPGRADE_LOAD "backlog_percent"
/* Until that is so, or web has done badly for so long. -1: interrupted. */
int upgrade_pulse_run(
	struct pulse *p, bool (*enough)(const struct judge *j), struct mok_err *err) MOK_MUST_CHECK;
void upgrade_pulse_stop(struct pulse *p);

/* ---- upgrade_web.c ---- */

/* Rolls web out and looks at how it does, meanwhile and afterwards. Where it does badly for long,
 * its pods of before come back. The exit code. */
int upgrade_run_web(struct upgrade *u, bool *idle);

/* ---- upgrade_wait.c ---- */

/* Seconds are the real cloud's. */
int64_t upgrade_scaled_ms(const struct upgrade *u, int seconds);
/* -1: interrupted. */
int upgrade_pause(struct upgrade *u, int seconds) MOK_MUST_CHECK;
int64_t upgrade_deadline(const struct upgrade *u, int seconds); /* of mok_loop_now */
/* Until no pod of another version is left, those that end included. */
int upgrade_wait_for_pods(struct upgrade *u) MOK_MUST_CHECK;

/* ---- upgrade_verify.c ---- */

/* Does the instance work, with the version that it should have? The exit code. */
int upgrade_verify(struct upgrade *u, bool *idle);

/* ---- upgrade_record.c ---- */

/* What an earlier run noted of this upgrade, or a new one. */
void upgrade_record_open(struct upgrade *u);
const char *upgrade_record_get(const struct upgrade *u, const char *key); /* or NULL */
void upgrade_record_put(struct upgrade *u, const char *key, const char *value);
void upgrade_record_time(struct upgrade *u, const char *key); /* now */
/* Adds to what the step took in earlier runs. */
void upgrade_record_timing(struct upgrade *u, const char *step, int64_t ms);
/* Into the cluster; that it does not get there is said, and stops nothing. */
void upgrade_record_save(struct upgrade *u);
/* How long the steps of the last complete one took; NULL: not known. */
const char *upgrade_record_last(const struct upgrade *u);

/* ---- upgrade_talk.c ---- */

/* A line on stderr. */
void upgrade_say(struct upgrade *u, const char *fmt, ...) MOK_PRINTF(2, 3);
/* Prints u->err with the plan's line that it is about, and what else was found in the plan. */
int upgrade_fail_in_plan(struct upgrade *u);
/* CLI_DONE: yes. Otherwise `declined` was said. */
int upgrade_ask(struct upgrade *u, const char *question, const char *declined);
/* Asks before the step that cannot be undone. */
int upgrade_consent_to_migrate(struct upgrade *u);
void upgrade_show_plan(struct upgrade *u); /* what comes */
void upgrade_show_end(struct upgrade *u, int rc);

/* ---- upgrade_version.c ---- */

/* The plan says u->written from now on, unless what it says stands for that; the exit code. */
int upgrade_write_version(struct upgrade *u);

#endif
