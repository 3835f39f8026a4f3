/*
 * A run of Helm: from a pod's arguments to objects, release records, a log and an exit code. What
 * a run has come to is kept beside the cluster, as a process would in its memory: a pod that is
 * deleted meanwhile leaves its release pending, as the real one does.
 */
#include "helm_state.h"
#include "program.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FETCH_MS = 3 * SB_SECOND_MS, POLL_MS = 5 * SB_SECOND_MS };

void helm_fail(struct helm_run *run, const char *fmt, ...)
{
	const char *command = run->args.command, *what = "";
	va_list ap;

	if (strcmp(command, "upgrade") == 0)
		what = sb_get_bool(run->doc->json, "installs", false) ? "INSTALLATION FAILED: "
								      : "UPGRADE FAILED: ";
	else if (strcmp(command, "install") == 0)
		what = "INSTALLATION FAILED: ";
	va_start(ap, fmt);
	mok_buf_printf(
		run->log, "Error: %s%s\n", what, mok_arena_vprintf(run->k->ctx->arena, fmt, ap));
	va_end(ap);
	run->over = true;
	run->code = 1;
}

enum helm_phase helm_phase_of(const struct helm_run *run)
{
	return (enum helm_phase)sb_get_int(run->doc->json, "phase", HELM_START);
}

void helm_enter(struct helm_run *run, enum helm_phase phase, int64_t revision, int64_t deadline_ms)
{
	sb_set_int(run->doc->json, "phase", phase);
	sb_set_int(run->doc->json, "revision", revision);
	if (deadline_ms)
		sb_set_int(run->doc->json, "deadline_ms", deadline_ms);
}

struct helm_records helm_run_records(struct helm_run *run)
{
	return helm_records_of(run->k, run->args.ns, run->args.name);
}

struct helm_record *helm_find(const struct helm_records *records, int64_t revision)
{
	for (size_t i = 0; i < records->len; i++)
		if (records->items[i].revision == revision)
			return &records->items[i];
	return NULL;
}

struct helm_record *helm_newest(const struct helm_records *records, const char *status)
{
	for (size_t i = records->len; i-- > 0;)
		if (!*status || strcmp(records->items[i].status, status) == 0)
			return &records->items[i];
	return NULL;
}

/* As C's asctime() has it. */
static void ansi_time(int64_t ms, char out[32])
{
	static const char days[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[21];
	int month;

	mok_format_time(ms, text);
	month = (text[5] - '0') * 10 + text[6] - '1';
	snprintf(out, 32, "%.3s %.3s %c%c %.8s %.4s", days + (size_t)(ms / 86400000 % 7) * 3,
		months + (size_t)(month % 12) * 3, text[8] == '0' ? ' ' : text[8], text[9],
		text + 11, text);
}

void helm_tell(struct helm_run *run, const struct helm_record *record)
{
	char when[32];
	int64_t ms = 0;

	if (mok_parse_time(sb_ctl_str(record->release, "info.last_deployed"), &ms) != 0)
		ms = run->k->ctx->now_ms;
	ansi_time(ms, when);
	mok_buf_printf(run->log,
		"NAME: %s\nLAST DEPLOYED: %s\nNAMESPACE: %s\nSTATUS: %s\nREVISION: %lld\n"
		"DESCRIPTION: %s\nTEST SUITE: None\n",
		run->args.name, when, run->args.ns, record->status, (long long)record->revision,
		sb_ctl_str(record->release, "info.description"));
}

/* ---- what a wait comes to ---- */

static cJSON *objects_of(struct helm_run *run, const struct helm_record *record)
{
	return sb_own(run->k->ctx, helm_manifest_read(sb_ctl_str(record->release, "manifest")));
}

static bool is_install(const struct helm_run *run)
{
	return sb_get_bool(run->doc->json, "installs", false);
}

static void supersede(struct helm_run *run, const struct helm_records *records, int64_t but)
{
	for (size_t i = 0; i < records->len; i++) {
		struct helm_record *one = &records->items[i];

		if (one->revision == but || strcmp(one->status, "deployed") != 0)
			continue;
		helm_record_say(one, "superseded", NULL);
		helm_record_update(run->k, one);
	}
}

static const char *done_words(const struct helm_run *run)
{
	if (strcmp(run->args.command, "rollback") == 0)
		return NULL; /* "Rollback to N" stays */
	return is_install(run) ? "Install complete" : "Upgrade complete";
}

static void succeed(struct helm_run *run, struct helm_records *records, struct helm_record *record)
{
	supersede(run, records, record->revision);
	helm_record_say(record, "deployed",
		run->args.description ? run->args.description : done_words(run));
	helm_record_update(run->k, record);
	run->over = true;
	if (strcmp(run->args.command, "rollback") == 0) {
		mok_buf_puts(run->log, "Rollback was a success! Happy Helming!\n");
		return;
	}
	if (!is_install(run))
		mok_buf_printf(run->log, "Release \"%s\" has been upgraded. Happy Helming!\n",
			run->args.name);
	helm_tell(run, record);
}

/* The revision to go back to: the newest that was a success. */
static int64_t last_good(const struct helm_records *records, int64_t before)
{
	for (size_t i = records->len; i-- > 0;) {
		const struct helm_record *one = &records->items[i];

		if (one->revision < before &&
			(strcmp(one->status, "deployed") == 0 ||
				strcmp(one->status, "superseded") == 0))
			return one->revision;
	}
	return 0;
}

static void undo_upgrade(struct helm_run *run, struct helm_records *records, int64_t failed)
{
	const char *why = sb_get_str(run->doc->json, "why"), *wrong;
	int64_t target = last_good(records, failed), revision = 0;

	if (!target) {
		helm_fail(run,
			"unable to find a previously successful release when attempting to "
			"rollback. original upgrade error: %s",
			why);
		return;
	}
	wrong = helm_roll_back(run, target, &revision);
	if (wrong)
		helm_fail(run,
			"an error occurred while rolling back the release. original upgrade error: "
			"%s: %s",
			why, wrong);
	else
		helm_enter(run, HELM_UNDO, revision, sb_ctl_later(run->k, run->args.timeout_ms));
}

void helm_take_away(struct helm_run *run, struct helm_record *newest)
{
	const char *kept;

	sb_set_str(mok_json_object(newest->release, "info"), "deleted",
		sb_time(run->k->ctx, run->k->ctx->now_ms));
	helm_record_say(newest, "uninstalling", "Deletion in progress (or silently failed)");
	helm_record_update(run->k, newest);
	kept = helm_objects_delete(run->k, objects_of(run, newest));
	if (*kept)
		mok_buf_printf(run->log,
			"These resources were kept due to the resource policy:\n%s\n", kept);
}

static void give_up(struct helm_run *run, struct helm_records *records, struct helm_record *record,
	const char *why)
{
	const char *text;

	text = mok_arena_printf(run->k->ctx->arena,
		is_install(run)                                 ? "Release \"%s\" failed: %s"
			: strcmp(run->args.command, "rollback") ? "Upgrade \"%s\" failed: %s"
								: "Release \"%s\" failed: %s",
		run->args.name, why);
	helm_record_say(record, "failed", text);
	helm_record_update(run->k, record);
	sb_set_str(run->doc->json, "why", why);
	if (strcmp(run->args.command, "rollback") == 0) {
		helm_fail(run, "release %s failed: %s", run->args.name, why);
	} else if (!run->args.rollback_on_failure) {
		helm_fail(run, "%s", why);
	} else if (is_install(run)) {
		helm_take_away(run, record);
		helm_enter(run, HELM_UNDO_INSTALL, record->revision,
			sb_ctl_later(run->k, run->args.timeout_ms));
	} else {
		undo_upgrade(run, records, record->revision);
	}
}

static bool is_late(const struct helm_run *run)
{
	return run->k->ctx->now_ms >= sb_get_int(run->doc->json, "deadline_ms", 0);
}

static const char *with_deadline(struct helm_run *run, const char *lines)
{
	return mok_arena_printf(run->k->ctx->arena, "%s\ncontext deadline exceeded", lines);
}

/* A record that somebody deleted meanwhile cannot be updated. */
static struct helm_record *own_record(struct helm_run *run, struct helm_records *records)
{
	struct helm_record *record;

	*records = helm_run_records(run);
	record = helm_find(records, sb_get_int(run->doc->json, "revision", 0));
	if (!record)
		helm_fail(run,
			"update: failed to update: secrets \"sh.helm.release.v1.%s.v%lld\" "
			"not found",
			run->args.name, (long long)sb_get_int(run->doc->json, "revision", 0));
	return record;
}

static void step_wait(struct helm_run *run)
{
	const char *wrong = sb_get_str(run->doc->json, "wrong"), *unready;
	struct helm_records records;
	struct helm_record *record = own_record(run, &records);

	if (!record)
		return;
	if (wrong) {
		give_up(run, &records, record, wrong);
		return;
	}
	unready = run->args.wait ? helm_objects_unready(run->k, objects_of(run, record)) : NULL;
	if (!unready)
		succeed(run, &records, record);
	else if (is_late(run))
		give_up(run, &records, record, with_deadline(run, unready));
}

static void step_undo(struct helm_run *run)
{
	const char *why = sb_get_str(run->doc->json, "why"), *unready;
	struct helm_records records;
	struct helm_record *record = own_record(run, &records);

	if (!record)
		return;
	unready = helm_objects_unready(run->k, objects_of(run, record));
	if (unready && !is_late(run))
		return;
	if (unready) {
		helm_record_say(record, "failed", unready);
		helm_record_update(run->k, record);
		helm_fail(run,
			"an error occurred while rolling back the release. original upgrade error: "
			"%s: release %s failed: %s",
			why, run->args.name, with_deadline(run, unready));
		return;
	}
	supersede(run, &records, record->revision);
	helm_record_say(record, "deployed", NULL);
	helm_record_update(run->k, record);
	helm_fail(run,
		"release %s failed, and has been rolled back due to rollback-on-failure being set: "
		"%s",
		run->args.name, why);
}

static void purge(struct helm_run *run, const struct helm_records *records)
{
	for (size_t i = 0; i < records->len; i++)
		helm_record_delete(run->k, run->args.ns, &records->items[i]);
}

/* Helm waits for what it deleted, and forgets the release either way. */
static void step_uninstall(struct helm_run *run, bool after_failure)
{
	const char *why = sb_get_str(run->doc->json, "why"), *left;
	struct helm_records records;
	struct helm_record *record = own_record(run, &records);

	if (!record)
		return;
	left = run->args.wait ? helm_objects_left(run->k, objects_of(run, record)) : NULL;
	if (left && !is_late(run))
		return;
	if (run->args.keep_history) {
		helm_record_say(record, "uninstalled", "Uninstallation complete");
		helm_record_update(run->k, record);
	} else {
		purge(run, &records);
	}
	if (left) {
		helm_fail(run, "uninstallation completed with 1 error(s): %s",
			with_deadline(run, left));
	} else if (after_failure) {
		helm_fail(run,
			"release %s failed, and has been uninstalled due to rollback-on-failure "
			"being set: %s",
			run->args.name, why);
	} else {
		mok_buf_printf(run->log, "release \"%s\" uninstalled\n", run->args.name);
		run->over = true;
	}
}

/* ---- the run ---- */

static void begin(struct helm_run *run)
{
	if (strcmp(run->args.command, "rollback") == 0)
		helm_begin_rollback(run);
	else if (strcmp(run->args.command, "uninstall") == 0)
		helm_begin_uninstall(run);
	else
		helm_begin_upgrade(run);
}

static void step(struct helm_run *run)
{
	switch (helm_phase_of(run)) {
	case HELM_START: begin(run); return;
	case HELM_WAIT: step_wait(run); return;
	case HELM_UNINSTALL: step_uninstall(run, false); return;
	case HELM_UNDO: step_undo(run); return;
	case HELM_UNDO_INSTALL: step_uninstall(run, true); return;
	}
}

/* A step may be followed by another at once. */
static void go_on(struct helm_run *run)
{
	enum helm_phase before;

	do {
		before = helm_phase_of(run);
		step(run);
	} while (!run->over && helm_phase_of(run) != before);
	if (run->over)
		sb_doc_delete(run->k->ctx, run->doc);
	else
		sb_doc_put(run->k->ctx, run->doc);
}

static struct sb_doc *doc_of(struct sb_kube *k, const cJSON *pod)
{
	const char *uid = sb_ctl_str(pod, "metadata.uid");
	struct sb_doc *doc = sb_doc_get(k->ctx, HELM_RUN_KIND, uid);

	return doc ? doc : sb_doc_new(k->ctx, HELM_RUN_KIND, uid, k->cluster);
}

static bool is_helm(const cJSON *pod, const cJSON *container)
{
	const char *image = sb_ctl_str(container, "image"), *slash = strrchr(image, '/');

	(void)pod;
	return mok_starts(slash ? slash + 1 : image, "helm:") ||
		mok_starts(slash ? slash + 1 : image, "helm@");
}

/* Charts are fetched before anything is done. */
static void start(
	struct sb_kube *k, const cJSON *pod, const cJSON *container, struct sb_outcome *out)
{
	(void)k;
	(void)pod;
	(void)container;
	out->run_ms = FETCH_MS;
}

static void end(struct sb_kube *k, const cJSON *pod, const cJSON *container, struct sb_outcome *out)
{
	struct helm_run run = { .k = k, .pod = pod, .container = container };
	const char *wrong = helm_args_read(k->ctx->arena, sb_get(container, "args"), &run.args);
	struct mok_buf log;

	mok_buf_init(&log, (size_t)1 << 20);
	run.log = &log;
	run.doc = doc_of(k, pod);
	if (wrong) {
		mok_buf_printf(&log, "Error: %s\n", wrong);
		run.over = true;
		run.code = 1;
	} else {
		go_on(&run);
	}
	out->log = mok_arena_strdup(k->ctx->arena, log.data);
	mok_buf_release(&log);
	out->code = run.code;
	out->goes_on = !run.over;
	out->run_ms = POLL_MS;
}

const struct sb_program sb_program_helm = { is_helm, start, end };
