#include "session.h"
#include "images.h"
#include "vault.h"

#include "mok/registry.h"

#include <stdlib.h>
#include <string.h>

#define PLAN_FILE "mok.yaml"
#define TEXT_MAX ((size_t)1 << 20)
#define DIAGS_MAX ((size_t)16 << 20)

extern char **environ; /* NOLINT: libc's */

int session_begin(struct session *s, struct cli *cli)
{
	struct mok_err err = { 0 };

	*s = (struct session){ .cli = cli, .arena = mok_arena_new() };
	s->diags.arena = s->refusals.arena = s->arena;
	s->real = mok_real_env_new(&err);
	if (!s->real)
		return cli_fail(cli, &err, NULL);
	s->env = *mok_real_env_get(s->real);
	s->list[0] = *mok_digitalocean_provider();
	s->list[1] = *mok_spaces_provider();
	s->kubernetes = mok_kubernetes_new();
	s->list[2] = mok_kubernetes_provider(s->kubernetes);
	s->providers = (struct mok_providers){ s->list, MOK_COUNT(s->list) };
	return CLI_DONE;
}

void session_end(struct session *s)
{
	vault_close(s->vault);
	mok_journal_close(s->journal);
	mok_registry_free(s->registry);
	mok_http_free(s->http);
	mok_kubernetes_free(s->kubernetes);
	mok_loop_free(s->loop);
	local_net_free(s->local);
	if (s->sandbox)
		mok_sandbox_close(s->sandbox);
	if (s->lock)
		s->env.files.unlock(s->env.files.self, s->lock);
	mok_real_env_free(s->real);
	mok_arena_free(s->arena);
}

/* ---- the plan file ---- */

static int read_file(void *self, const char *path, size_t max, struct mok_arena *arena,
	struct mok_source *out, struct mok_err *err)
{
	struct session *s = self;
	struct mok_buf buf;
	int rc;

	mok_buf_init(&buf, max);
	rc = s->env.files.read(s->env.files.self, path, &buf, err);
	if (rc == 0) {
		out->text = mok_arena_strndup(arena, buf.data, buf.len);
		out->len = buf.len;
	} else if (strcmp(path, PLAN_FILE) == 0 && !s->cli->opt.files.list.len) {
		mok_err_hint(err, "-f FILE names the plan file; mok help shows an example");
	}
	mok_buf_release(&buf);
	return rc;
}

static struct mok_assignment split(struct mok_arena *arena, const char *text)
{
	size_t len = strcspn(text, "=");

	return (struct mok_assignment){ .name = mok_arena_strndup(arena, text, len),
		.value = text[len] ? mok_arena_strdup(arena, text + len + 1) : "" };
}

static const struct mok_assignment *environment(struct session *s, size_t *count)
{
	struct mok_assignment *list;
	size_t n = 0;

	while (environ[n])
		n++;
	list = MOK_NEW_N(s->arena, struct mok_assignment, n + 1);
	for (size_t i = 0; i < n; i++)
		list[i] = split(s->arena, environ[i]);
	*count = n;
	return list;
}

void session_print_diags(struct session *s)
{
	struct mok_buf buf;

	if (!s->diags.list.len)
		return;
	mok_diags_sort(&s->diags);
	mok_buf_init(&buf, DIAGS_MAX);
	mok_report_diags(&buf, &s->cli->err, &s->diags, s->stack ? &s->stack->sources : NULL);
	cli_err(s->cli, &buf);
	mok_buf_release(&buf);
}

void session_diags_document(struct session *s)
{
	cJSON *json;

	if (!cli_is_json(s->cli))
		return;
	json = cJSON_CreateObject();
	cJSON_AddNumberToObject(json, "format_version", 1);
	cJSON_AddItemToObject(json, "diagnostics", mok_report_diags_json(&s->diags));
	cli_out_json(s->cli, json);
}

int session_give_up(struct session *s)
{
	session_print_diags(s);
	session_diags_document(s);
	return CLI_ERROR;
}

int session_load(struct session *s)
{
	static const char *const standard[] = { PLAN_FILE };
	const struct cli_options *o = &s->cli->opt;
	struct mok_assignment *vars =
		MOK_NEW_N(s->arena, struct mok_assignment, o->vars.list.len + 1);
	struct mok_assignment version = { .name = "version" };
	struct mok_plan_options options = { .files = standard,
		.nfiles = 1,
		.vars = vars,
		.nvars = o->vars.list.len,
		.var_files = o->var_files.list.items,
		.nvar_files = o->var_files.list.len,
		.read = read_file,
		.self = s,
		.expansion = mok_mastodon_expansion() };

	for (size_t i = 0; i < o->vars.list.len; i++)
		vars[i] = split(s->arena, o->vars.list.items[i]);
	if (o->files.list.len) {
		options.files = o->files.list.items;
		options.nfiles = o->files.list.len;
	}
	options.environment = environment(s, &options.nenvironment);
	if (s->version) {
		version.value = s->version;
		options.settings = &version;
		options.nsettings = 1;
	}
	options.secret_names = vault_names(s->arena, &options.nsecret_names);
	s->loaded_version = s->version;
	s->stack = mok_plan_load(s->arena, &options, &s->diags);
	if (s->stack)
		vault_check(s->stack, &s->diags);
	if (!s->stack || s->diags.nerrors)
		return session_give_up(s);
	return CLI_DONE;
}

/* ---- the account ---- */

int session_lock(struct session *s)
{
	struct mok_err err = { 0 };

	s->lock = mok_stack_lock(&s->env, SESSION_DIR, s->stack->name, &err);
	return s->lock ? CLI_DONE : cli_fail(s->cli, &err, NULL);
}

/* A version that a running instance has and the plan's may mean stands: it is never moved by
 * itself. NULL: it is the one that the plan was loaded with. */
static const char *version_that_stands(struct session *s)
{
	const char *written = mok_mastodon_written(s->arena, s->stack);
	const char *running = s->version || s->moves_version ? NULL : session_running_version(s);

	if (!written || !running || !mok_mastodon_stands_for(written, running) ||
		strcmp(mok_mastodon_resolve(written), running) == 0)
		return NULL;
	return running;
}

const char *session_running_version(struct session *s)
{
	for (size_t i = 0; i < mok_map_len(s->live.by_address); i++) {
		const struct mok_object *o = mok_map_value(s->live.by_address, i);
		const struct mok_val *object = o ? mok_val_get(&o->attrs, "object") : NULL;

		if (object && mok_mastodon_tier(object) == MOK_TIER_WEB)
			return mok_mastodon_version(s->arena, object);
	}
	return NULL;
}

static int read_account(struct session *s, const struct mok_live_input *in, struct mok_err *err)
{
	struct patience *patience = patience_begin(s);
	int rc = in->without_catalogue ? 0 : images_ask(s, err);

	if (rc == 0)
		rc = mok_live_sweep(in, s->arena, &s->diags, &s->live, err);
	patience_end(patience);
	return rc;
}

/* `scratch`: of what the journal knows, which is a lot and needed here only. */
static int sweep(struct session *s, struct mok_arena *scratch, bool without_catalogue)
{
	struct mok_journal_known known;
	struct mok_live_input in = { .loop = s->loop,
		.http = s->http,
		.providers = &s->providers,
		.stack = s->stack,
		.claims = s->claims,
		.any_parent = s->any_cluster,
		.everything_goes = s->destroys && !s->cli->opt.targets.list.len &&
			!s->cli->opt.excludes.list.len,
		.without_catalogue = without_catalogue,
		.catalogue = s->catalogue };
	struct mok_err err = { 0 };
	int rc = mok_journal_recall(&s->env, scratch, SESSION_DIR, s->stack->name, &known, &err);

	if (mok_streq(known.api_url, s->journal_api)) {
		in.known_ids = known.ids;
		in.known_made = known.made;
		in.known_gone = known.gone;
		in.known_account = known.account_uuid;
	}
	if (rc == 0 && (vault_open(s, &err) != 0 || read_account(s, &in, &err) != 0))
		rc = -1;
	if (rc != 0)
		return cli_fail(s->cli, &err, &s->stack->sources);
	images_keep(s);
	vault_fill_in(s, &known);
	return s->diags.nerrors ? session_give_up(s) : CLI_DONE;
}

int session_sweep(struct session *s, bool without_catalogue)
{
	struct mok_arena *scratch = mok_arena_new();
	int rc = sweep(s, scratch, without_catalogue);

	mok_arena_free(scratch);
	if (rc != CLI_DONE)
		return rc;
	s->version = s->version ? s->version : version_that_stands(s);
	if (!s->version || s->loaded_version == s->version)
		return CLI_DONE;
	rc = session_load(s);
	return rc == CLI_DONE ? session_sweep(s, without_catalogue) : rc;
}

struct mok_diff_options session_diff_options(const struct session *s, bool destroy)
{
	const struct cli_options *o = &s->cli->opt;

	return (struct mok_diff_options){ .destroy = destroy,
		.targets = o->targets.list.items,
		.ntargets = o->targets.list.len,
		.excludes = o->excludes.list.items,
		.nexcludes = o->excludes.list.len,
		.replaces = o->replaces.list.items,
		.nreplaces = o->replaces.list.len };
}

/* Only markers are written then: what is wrong with the rest is only told. */
static struct mok_diags *diags_of(struct session *s, const struct mok_diff_options *options)
{
	return options->adopts ? &s->refusals : &s->diags;
}

static int diff_once(struct session *s, const struct mok_diff_options *options)
{
	int rc = mok_diff(s->arena, s->stack, &s->live, options, diags_of(s, options), &s->changes);
	struct mok_err err = { 0 };

	if (s->keep)
		mok_changes_keep(&s->changes, s->keep, s->keep_self);
	if ((rc == 0 && s->diags.nerrors == 0) || options->adopts)
		return CLI_DONE;
	/* Where the escrow was lost, what else was in it is missing, too: this is the reason. */
	if (options->destroy || options->offline || vault_can_generate(s, &err) == 0)
		return session_give_up(s);
	session_print_diags(s);
	return cli_fail(s->cli, &err, &s->stack->sources);
}

/* Twice where clusters have a say in what changes: the first shows what to ask them. */
int session_diff(struct session *s, const struct mok_diff_options *options)
{
	const struct mok_apply_input in = session_input(s, NULL);
	size_t ndiags = s->diags.list.len;
	struct mok_err err = { 0 };
	bool any = false;
	int rc;

	if (!options->destroy && !options->offline && vault_reconcile(s, &err) != 0)
		return cli_fail(s->cli, &err, &s->stack->sources);
	if (images_settle(s, &err) != 0)
		return cli_fail(s->cli, &err, NULL);
	if (s->diags.nerrors)
		return session_give_up(s);
	rc = diff_once(s, options);
	if (rc != CLI_DONE || options->destroy || options->offline)
		return rc;
	if (mok_predict(&in, s->arena, diags_of(s, options), &any, &err) != 0)
		return cli_fail(s->cli, &err, &s->stack->sources);
	if (s->diags.nerrors)
		return session_give_up(s);
	if (any) {
		s->diags.list.len = ndiags; /* the second says its warnings again */
		rc = diff_once(s, options);
	}
	if (rc == CLI_DONE)
		images_check(s);
	return s->diags.nerrors && rc == CLI_DONE ? session_give_up(s) : rc;
}

/* ---- the journal ---- */

static const char *first_set(const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return value;
	}
	return NULL;
}

int session_open_journal(struct session *s)
{
	static const char *const users[] = { "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "SUDO_USER",
		"USER", "LOGNAME" };
	static const char *const commits[] = { "GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT" };
	struct mok_journal_info info = { .api_url = s->journal_api,
		.account_uuid = s->live.account_uuid,
		.command = s->cli->command->name,
		.user = first_set(users, MOK_COUNT(users)),
		.commit = first_set(commits, MOK_COUNT(commits)) };
	struct mok_err err = { 0 };

	s->journal = mok_journal_open(&s->env, SESSION_DIR, s->stack->name, &info, &err);
	return s->journal ? CLI_DONE : cli_fail(s->cli, &err, NULL);
}

struct mok_apply_input session_input(struct session *s, const struct mok_events *events)
{
	return (struct mok_apply_input){ .loop = s->loop,
		.http = s->http,
		.providers = &s->providers,
		.stack = s->stack,
		.live = &s->live,
		.changes = &s->changes,
		.journal = s->journal,
		.events = events,
		.force_conflicts = s->cli->opt.force_conflicts,
		.escrow = s->vault ? vault_keep : NULL,
		.escrow_self = s->vault };
}
