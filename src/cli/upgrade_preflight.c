#include "upgrade.h"
#include "vault.h"

#include <string.h>

/* What is looked into before anything is changed: migrations take disk, connections and time, and
 * what goes wrong in the end is put right with a backup and with the keys. */

enum {
	FREE_PERCENT = 30,
	FREE_CONNECTIONS = 5,
	BACKUP_HOURS = 24,
	ERRORS_TOO_MANY = 2, /* of the answers that are measured */
	MEASURE_PAUSE_S = 1,
};
#define GIB 1073741824.0
#define MIB ((int64_t)1 << 20)

struct facts {
	struct mok_vitals vitals;
	const struct mok_object *database; /* NULL: it is none of the stack's */
	const char *backup;                /* when the last one was made; NULL: there is none */
	int64_t backup_ms;
	const char *no_backups; /* why they are not known; NULL: they are */
	struct judge web;
	const char *no_load; /* why it is not known what waits in web; NULL: it is */
};

static int refuse(struct upgrade *u, const char *hint, const char *fmt, ...) MOK_PRINTF(3, 4);

static int refuse(struct upgrade *u, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mok_err_set(&u->err, MOK_ERR_REFUSED, "%s", mok_arena_vprintf(u->s->arena, fmt, ap));
	va_end(ap);
	mok_err_hint(&u->err, "%s", hint);
	return -1;
}

/* ---- the checks: 0, or -1 and u->err ---- */

static int check_queues(struct upgrade *u, const struct facts *f)
{
	const struct mok_queue *slowest = mok_mastodon_slowest(&f->vitals);

	if (!slowest || slowest->latency_ms <= (int64_t)UPGRADE_LATENCY_S * 1000)
		return 0;
	return refuse(u, "let it be worked off, with more pods of Sidekiq if need be: mok status",
		"the oldest of %lld jobs in the queue %s waits for %lld s, and %d s are normal",
		(long long)slowest->waiting, slowest->name, (long long)slowest->latency_ms / 1000,
		UPGRADE_LATENCY_S);
}

static int no_database(struct upgrade *u)
{
	return refuse(u, "look at it where it is kept",
		"the instance's database is none of the stack's, so this is not known");
}

static int check_disk(struct upgrade *u, const struct facts *f)
{
	int64_t disk, percent;

	if (!f->database)
		return no_database(u);
	disk = cluster_int(&f->database->attrs, "storage_size_mib", 0) * MIB;
	if (disk <= 0)
		return refuse(u, "look at it in the control panel",
			"DigitalOcean does not tell the size of the disk of %s", f->database->name);
	percent = 100 - (int64_t)((double)f->vitals.database_bytes * 100 / (double)disk);
	if (percent >= FREE_PERCENT)
		return 0;
	return refuse(u, "raise storage_size_mib of it, and apply that first",
		"%s has %lld %% of its disk of %.0f GiB free, and migrations that rewrite tables "
		"take up to %d %%",
		f->database->name, (long long)(percent > 0 ? percent : 0), (double)disk / GIB,
		FREE_PERCENT);
}

static int check_connections(struct upgrade *u, const struct facts *f)
{
	const struct mok_vitals *v = &f->vitals;
	int64_t room = v->max_connections - v->reserved_connections;

	if (room - v->used_connections >= FREE_CONNECTIONS)
		return 0;
	return refuse(u,
		"end what holds them (pg_stat_activity shows it), make pools smaller, or the "
		"database larger",
		"of %lld connections to the database %lld are in use, and migrations need %d free "
		"ones",
		(long long)room, (long long)v->used_connections, FREE_CONNECTIONS);
}

static int check_indexes(struct upgrade *u, const struct facts *f)
{
	size_t n = f->vitals.invalid_indexes.len;

	if (n == 0)
		return 0;
	return refuse(u,
		"REINDEX INDEX CONCURRENTLY makes it anew; one whose name ends in _ccnew is left "
		"of such a try: DROP INDEX",
		"%zu %s of the database %s invalid: %s%s", n, n == 1 ? "index" : "indexes",
		n == 1 ? "is" : "are", f->vitals.invalid_indexes.items[0], n > 1 ? ", ..." : "");
}

/* What the cluster has is in memory by now; what differs was refused already. */
static int check_escrow(struct upgrade *u, const struct facts *f)
{
	struct session *s = u->s;
	const struct mok_map *asked = mok_plan_secrets_asked(s->stack);
	struct mok_err err = { 0 };

	(void)f;
	if (mok_map_len(asked) == 0)
		return 0;
	if (!s->vault)
		return refuse(u,
			"add to the plan: secrets: { escrow: secrets.age, recipients: [age1...] }",
			"only the cluster has the keys of the instance: there is no escrow");
	if (mok_escrow_state(vault_escrow(s->vault)) == MOK_ESCROW_SEALED)
		return refuse(u, "--identity FILE, MOK_AGE_IDENTITY or MOK_PASSPHRASE opens it",
			"whether %s has the keys that run is not known: no key was given",
			vault_path(s->vault));
	if (mok_plan_secret_missing(s->stack))
		return refuse(u, "mok secrets import FILE takes them from where they are",
			"the escrow has not all of the keys: %s is missing",
			mok_plan_secret_missing(s->stack));
	if (mok_escrow_save(vault_escrow(s->vault), false, &err) == 0)
		return 0;
	return refuse(u, "make room for it, or let it be written", "%s is not current: %s",
		vault_path(s->vault), err.msg);
}

static int check_backup(struct upgrade *u, const struct facts *f)
{
	int64_t now_ms = u->s->env.clock.wall_ms(u->s->env.clock.self);
	static const char hint[] = "DigitalOcean makes one a day: wait for it";

	if (!f->database)
		return no_database(u);
	if (f->no_backups)
		return refuse(u, "look at them in the control panel",
			"the backups of %s cannot be read: %s", f->database->name, f->no_backups);
	if (!f->backup)
		return refuse(u, hint, "%s has no backup", f->database->name);
	if (now_ms - f->backup_ms < (int64_t)BACKUP_HOURS * 3600 * 1000)
		return 0;
	return refuse(u, hint, "the last backup of %s is of %s, more than %d hours ago",
		f->database->name, f->backup, BACKUP_HOURS);
}

/* Web is judged by its answers once it has rolled: whoever gets none before cannot judge. */
static int check_answers(struct upgrade *u, const struct facts *f)
{
	if (f->web.errors < ERRORS_TOO_MANY)
		return 0;
	return refuse(u, "mok status tells what is wrong; from here it must be within reach",
		"%s does not answer well from here: %s", UPGRADE_ASKED_PATH, f->web.why);
}

static const struct check {
	const char *name;
	int (*look)(struct upgrade *u, const struct facts *f);
} checks[] = {
	{ "answers", check_answers },
	{ "queues", check_queues },
	{ "disk", check_disk },
	{ "connections", check_connections },
	{ "indexes", check_indexes },
	{ "escrow", check_escrow },
	{ "backup", check_backup },
};

/* Of what is verified in the end. */
static const char *const later[] = { "webfinger", "dead-jobs" };

const char *upgrade_check_at(size_t i)
{
	if (i < MOK_COUNT(checks))
		return checks[i].name;
	i -= MOK_COUNT(checks);
	return i < MOK_COUNT(later) ? later[i] : NULL;
}

/* ---- facts ---- */

static const char *database_host(const struct upgrade *u)
{
	const char *name = upgrade_in_use(u, "Secret", "mastodon-jobs-");

	for (size_t i = 0; name && i < u->s->live.objects.len; i++) {
		const struct mok_val *object = cluster_object(u->s->live.objects.items[i]);
		const char *text = cluster_str(object, "data.DB_HOST");

		if (*text && strcmp(cluster_str(object, "metadata.name"), name) == 0)
			return mok_unbase64(u->s->arena, text, NULL);
	}
	return NULL;
}

static const struct mok_object *find_database(const struct upgrade *u)
{
	static const char *const places[] = { "private_connection.host", "connection.host" };
	const struct mok_live *live = &u->s->live;
	const char *host = database_host(u);

	for (size_t i = 0; host && i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];

		for (size_t p = 0; p < MOK_COUNT(places); p++)
			if (mok_role_of(o->kind) == MOK_ROLE_DATABASE &&
				strcmp(cluster_str(&o->attrs, places[p]), host) == 0)
				return o;
	}
	return NULL;
}

static int read_backups(struct upgrade *u, struct facts *f)
{
	const struct cluster c = { u->s, f->database->kind, NULL };
	struct mok_ask ask = { .verb = MOK_ASK_BACKUPS, .id = f->database->id };
	struct mok_answer answer;

	if (cluster_ask(&c, &ask, &answer, &u->err) != 0)
		return -1;
	if (answer.verdict != MOK_ANS_OK) {
		f->no_backups = mok_arena_strdup(u->s->arena, answer.err.msg);
		return 0;
	}
	for (size_t i = 0; i < answer.value.u.list.len; i++) {
		const char *when = answer.value.u.list.items[i].u.s;
		int64_t ms;

		if (mok_parse_time(when, &ms) == 0 && (!f->backup || ms > f->backup_ms)) {
			f->backup = when;
			f->backup_ms = ms;
		}
	}
	return 0;
}

static bool is_measured(const struct judge *j)
{
	return j->ntook >= JUDGE_LEAST || j->errors >= ERRORS_TOO_MANY;
}

static int measure_web(struct upgrade *u, struct facts *f)
{
	struct pulse *p = upgrade_pulse_start(u, MEASURE_PAUSE_S, NULL);
	int rc = upgrade_pulse_run(p, is_measured, &u->err);

	f->web = *upgrade_pulse_judge(p);
	f->no_load = upgrade_pulse_unread(p);
	upgrade_pulse_stop(p);
	return rc;
}

static void note_number(struct upgrade *u, const char *key, int64_t number)
{
	if (number >= 0)
		upgrade_record_put(
			u, key, mok_arena_printf(u->s->arena, "%lld", (long long)number));
}

/* What web is judged by once it rolls. */
static void note_web(struct upgrade *u, const struct facts *f)
{
	const struct judge_numbers is = judge_measured(&f->web), limits = judge_limits(&is);

	note_number(u, UPGRADE_P90, is.p90_ms);
	note_number(u, UPGRADE_LOAD, is.load);
	upgrade_say(u,
		"  web's limits from here on: %lld ms for nine of ten answers (now %lld ms); %s",
		(long long)limits.p90_ms, (long long)is.p90_ms,
		f->no_load ? mok_arena_printf(
				     u->s->arena, "Puma's backlog is not looked at: %s", f->no_load)
			   : mok_arena_printf(u->s->arena,
				     "for Puma's backlog %lld %% of a pod's threads (now %lld %%)",
				     (long long)limits.load, (long long)is.load));
}

/* ---- the verdict ---- */

bool upgrade_skips(const struct upgrade *u, const char *name)
{
	const struct cli_texts *skipped = &u->s->cli->opt.skip_checks;

	for (size_t i = 0; i < skipped->list.len; i++)
		if (strcmp(skipped->list.items[i], name) == 0)
			return true;
	return false;
}

static int judge(struct upgrade *u, const struct facts *f)
{
	struct mok_arena *arena = u->s->arena;
	const char *refused = NULL, *flags = "";

	for (size_t i = 0; i < MOK_COUNT(checks); i++) {
		const char *name = checks[i].name;
		const char *text;

		if (checks[i].look(u, f) == 0) {
			upgrade_say(u, "  %s: well", name);
			continue;
		}
		text = mok_arena_printf(arena, "%s: %s", name, u->err.msg);
		mok_vec_push(arena, &u->view.notes, text);
		if (upgrade_skips(u, name)) {
			upgrade_say(u, "  %s. Let pass: --skip-check %s", text, name);
			continue;
		}
		upgrade_say(u, "  %s. Next: %s", text, u->err.hint);
		refused = refused ? mok_arena_printf(arena, "%s; %s", refused, text) : text;
		flags = mok_arena_printf(arena, "%s --skip-check %s", flags, name);
	}
	u->err = (struct mok_err){ 0 };
	if (!refused)
		return 0;
	return refuse(u,
		mok_arena_printf(
			arena, "put it right; or let it pass, at your own risk, with%s", flags),
		"the upgrade does not begin: %s", refused);
}

int upgrade_preflight(struct upgrade *u, bool *idle)
{
	struct facts f = { .database = NULL };
	int rc = upgrade_look(u, 0);

	if (rc != CLI_DONE)
		return rc;
	/* Once migrations have begun, going on is the way out. */
	*idle = upgrade_job(u, "migrate-pre", u->to) != NULL;
	if (*idle)
		return CLI_DONE;
	f.database = find_database(u);
	rc = upgrade_vitals(u, &f.vitals);
	if (rc != CLI_DONE)
		return rc;
	if (measure_web(u, &f) != 0 || (f.database && read_backups(u, &f) != 0) ||
		judge(u, &f) != 0)
		return upgrade_fail(u);
	if (!upgrade_skips(u, "answers"))
		note_web(u, &f);
	upgrade_record_put(u, "vitals", f.vitals.json);
	upgrade_record_put(u, "schema_before", f.vitals.schema_version);
	return CLI_DONE;
}
