/*
 * upgrade: moving a running instance to another version. Where it stands is read from the cluster
 * before every step: images of Deployments and pods, and the Jobs of migrations, which stay there.
 */
#ifndef MOK_CLI_UPGRADE_H
#define MOK_CLI_UPGRADE_H

#include "instance.h"

#include "mok/upgrade.h"

struct upgrade {
	struct session *s;
	struct instance instance;
	struct mok_upgrade_view view;
	const char *from, *to;        /* of a rollback: the new version, the old one */
	const char *lowest, *highest; /* versions that tiers have; NULL: none runs */
	bool back, changed;           /* changed: something was sent */
	unsigned tiers;               /* 1 << enum mok_tier: whose changes the step is about */
	struct mok_val details;       /* on what failed, as of a failure */
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

/* ---- upgrade_steps.c ---- */

/* Fills in u->view.steps. */
void upgrade_plan_steps(struct upgrade *u);
/* From the first step on; those that are done are found so. The exit code. */
int upgrade_run_steps(struct upgrade *u);

/* ---- upgrade_wait.c ---- */

/* Until no pod of another version is left, those that end included. */
int upgrade_wait_for_pods(struct upgrade *u) MOK_MUST_CHECK;
/* Does the instance answer, with the version that it should have? */
int upgrade_verify(struct upgrade *u) MOK_MUST_CHECK;

/* ---- cmd_upgrade.c ---- */

/* A line on stderr. */
void upgrade_say(struct upgrade *u, const char *fmt, ...) MOK_PRINTF(2, 3);
/* Asks before the step that cannot be undone. */
int upgrade_consent_to_migrate(struct upgrade *u);

#endif
