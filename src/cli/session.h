/*
 * session: one run's wiring, from the plan file to the differences: environment, endpoints, sandbox
 * in this process or beside it, sweep, diff. Each step prints what went wrong and returns the exit
 * code, CLI_DONE to go on.
 */
#ifndef MOK_CLI_SESSION_H
#define MOK_CLI_SESSION_H

#include "cli.h"
#include "local_net.h"

#include "mok/mastodon.h"

#define SESSION_DIR ".mok"
#define CLOUD_DIR SESSION_DIR "/sandbox" /* the cloud of --sandbox */

struct session {
	struct cli *cli;
	struct mok_arena *arena;
	struct mok_real_env *real;
	struct mok_env env; /* the real one, its net replaced in the sandbox */
	struct mok_sandbox *sandbox;
	struct local_net *local;
	struct mok_loop *loop;
	struct mok_http *http;
	struct mok_kubernetes *kubernetes;
	struct mok_registry *registry;
	const char *registry_mirror;  /* all images are asked there; NULL: each at its own */
	struct mok_map *image_errors; /* image -> struct mok_err: why its digest is not known */
	bool destroys;                /* everything goes, unless options leave something out */
	bool any_cluster;             /* --kubeconfig: clusters need not be in the account */
	struct mok_provider list[3];
	struct mok_providers providers;
	const char *journal_api;    /* what the journal is bound to, besides the account */
	const char *version;        /* of Mastodon, in place of the plan's; NULL: the plan's */
	const char *loaded_version; /* what it was when the plan was loaded */
	bool moves_version;         /* a running instance may get another version */
	const char *api_url;        /* as it was told; NULL: DigitalOcean's, or this process's */
	struct mok_diags diags;
	struct mok_diags
		refusals; /* what would stop a plan, of which nothing is written now (adopt) */
	const struct mok_map *claims;    /* as in mok_live_input */
	struct mok_catalogue *catalogue; /* the same */
	struct mok_stack *stack;
	struct mok_live live;
	struct mok_changes changes;
	/* Which of the changes a diff is about, as in mok_changes_keep; NULL: all. */
	bool (*keep)(void *self, const struct mok_change *change);
	void *keep_self;
	struct mok_lockfile *lock;
	struct mok_journal *journal;
	struct vault *vault; /* vault.h; NULL: no secrets block, or not opened yet */
};

/* patience.c: says now and then that the account is still being read, until _end. */
struct patience;
struct patience *patience_begin(struct session *s);
void patience_end(struct patience *patience);

/* From here on signals are only noted. Always _end what was begun. */
int session_begin(struct session *s, struct cli *cli);
void session_end(struct session *s);

/* Reads the plan file; its mistakes are printed. */
int session_load(struct session *s);
/* Endpoints, tokens, sandbox. */
int session_connect(struct session *s);
int session_lock(struct session *s);
/* The account, with what the journal knows. A plan that names a minor version of Mastodon is loaded
 * again if another of its patches runs. */
int session_sweep(struct session *s, bool without_catalogue);
/* Mastodon's version that the live web pods are of; NULL: there are none. */
const char *session_running_version(struct session *s);
/* Mistakes that show against the account are printed. */
int session_diff(struct session *s, const struct mok_diff_options *options);
int session_open_journal(struct session *s);
/* The engine's input; events may be NULL. */
struct mok_apply_input session_input(struct session *s, const struct mok_events *events);

/* --target, --exclude, --replace. */
struct mok_diff_options session_diff_options(const struct session *s, bool destroy);
/* Prints the diagnostics there are, to stderr. */
void session_print_diags(struct session *s);
/* A JSON document of diagnostics alone: what a command that cannot go on leaves on stdout. */
void session_diags_document(struct session *s);
/* Both, and the exit code of a mistake. */
int session_give_up(struct session *s);
const char *cli_token(void); /* NULL: none in the environment */

#endif
