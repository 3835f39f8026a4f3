/*
 * escrow: the secrets that exist once. Mastodon's own keys are made here; together with what the
 * API shows only once (a Spaces key's secret) they are kept in an age file beside the plan file,
 * which the `age` program opens too, so that nothing depends on mok.
 *
 * The order is always: generate -> mok_escrow_save (synced) -> use. What the file holds is never
 * overwritten: another value under the same name is refused, unless it is a rotation, and then the
 * former value stays in the entry.
 */
#ifndef MOK_ESCROW_H
#define MOK_ESCROW_H

#include "mok/age.h"

/* ---- Mastodon's secrets ---- */

enum mok_secret_flags {
	MOK_SECRET_ROTATES = 1 << 0,     /* may be replaced in a running instance */
	MOK_SECRET_IMPORT_ONLY = 1 << 1, /* of older instances; never generated */
	MOK_SECRET_PUBLIC = 1 << 2,      /* goes with a secret, and is none itself */
};
struct mok_secret_spec {
	const char *name;    /* of the environment variable; OWNER_PASSWORD is mok's own */
	const char *partner; /* made and rotated together with it; NULL: alone */
	unsigned flags;
	const char *if_changed; /* what a change does to the instance */
	/* NULL: the form is right; else what is wrong with it, without the value. */
	const char *(*check)(const char *value);
};
const struct mok_secret_spec *mok_secret_specs(size_t *count);
const struct mok_secret_spec *mok_secret_find(const char *name); /* NULL: none */

/* A new value for each of the two (or one: partner NULL), in the arena. Draws from `random` only,
 * which must be fit for keys: the real environment's is getrandom(2). */
void mok_secret_generate(struct mok_arena *arena, const struct mok_random *random,
	const struct mok_secret_spec *spec, const char **value, const char **partner);
/* Whether the two halves are of one VAPID pair; both of right form. */
bool mok_vapid_is_pair(const char *private_key, const char *public_key);
/* `count` characters of [A-Za-z0-9], each as likely as the others. */
char *mok_secret_alphanumeric(
	struct mok_arena *arena, const struct mok_random *random, size_t count);

/* ---- .env.production ---- */

/* A dotenv file as Mastodon reads it: NAME=value, export, quotes, comments. Calls `take` for each
 * assignment, the last of a name last; `raw` when the value would be expanded ($X) and was not.
 * -1: a quote that is never closed, or take's failure. */
struct mok_dotenv_visitor {
	void *self;
	int (*take)(void *self, const char *name, const char *value, bool raw, unsigned line,
		struct mok_err *err);
};
int mok_dotenv_read(const char *text, size_t len, const struct mok_dotenv_visitor *visitor,
	struct mok_err *err) MOK_MUST_CHECK;

/* ---- the file ---- */

#define MOK_ESCROW_FILE_MAX ((size_t)16 << 20)
#define MOK_ESCROW_VALUE_MAX ((size_t)64 << 10)

struct mok_escrow_options {
	const char *path, *stack;
	/* Who can open what is written. None: those of the identities, or else the passphrase. */
	const struct mok_age_recipient *recipients;
	size_t nrecipients;
	struct mok_age_keys keys; /* what opens the file; none at all: it stays sealed */
	int work_factor;          /* 0: the default; tests take less */
};

enum mok_escrow_state {
	MOK_ESCROW_ABSENT = 0, /* no file yet: empty */
	MOK_ESCROW_OPEN,
	/* There is a file and no key was given. What it holds is not known; what is put goes to a
	 * file of its own, PATH.1, PATH.2 ..., that the next run with a key merges. So a CI runner
	 * can add with the recipients alone. */
	MOK_ESCROW_SEALED,
};

struct mok_escrow_entry {
	const char *name, *kind, *id, *value; /* id: what of the API it belongs to, or NULL */
	int64_t since_ms;                     /* wall time of this value */
	size_t nprevious;
};

/* NULL: MOK_ERR_IO, or MOK_ERR_INPUT: a key was given and does not open it, it is damaged, of
 * another stack, or of a newer format. The options are copied, but for the strings and arrays that
 * they point to. */
struct mok_escrow;
struct mok_escrow *mok_escrow_open(
	const struct mok_env *env, const struct mok_escrow_options *options, struct mok_err *err);
void mok_escrow_free(struct mok_escrow *escrow); /* wipes; NULL is fine */
enum mok_escrow_state mok_escrow_state(const struct mok_escrow *escrow);

/* Strings live until the next put, rotate or free. */
size_t mok_escrow_len(const struct mok_escrow *escrow);
struct mok_escrow_entry mok_escrow_at(const struct mok_escrow *escrow, size_t i);
bool mok_escrow_find(
	const struct mok_escrow *escrow, const char *name, struct mok_escrow_entry *out);
/* The value, current or former, that belongs to this id of the API; NULL: not held. */
const char *mok_escrow_value_of(const struct mok_escrow *escrow, const char *name, const char *id);

struct mok_escrow_new {
	const char *name, *kind, *id, *value; /* id may be NULL */
};
/* In memory; mok_escrow_save makes it last. The same value again is fine. -1: MOK_ERR_REFUSED if
 * the name is held with another value, MOK_ERR_INPUT for a value that is empty or too long. */
int mok_escrow_put(struct mok_escrow *escrow, const struct mok_escrow_new *entry,
	struct mok_err *err) MOK_MUST_CHECK;
/* As put, but what was held becomes a former value. */
int mok_escrow_rotate(struct mok_escrow *escrow, const struct mok_escrow_new *entry,
	struct mok_err *err) MOK_MUST_CHECK;
/* Puts those of Mastodon's secrets that are missing; `made` (may be NULL) counts. -1: sealed, or
 * half of a pair is there. */
int mok_escrow_generate(
	struct mok_escrow *escrow, size_t *made, struct mok_err *err) MOK_MUST_CHECK;

/* Another place where Mastodon's secrets live: the Secrets of a running instance. */
struct mok_secret_store {
	void *self;
	const char *what; /* "the Secret mastodon-secrets", for errors */
	/* *found false only if the store surely has none: a refusal (403), a timeout or an answer
	 * that cannot be read is -1. The value is appended to out. */
	int (*get)(void *self, const char *name, bool *found, struct mok_buf *out,
		struct mok_err *err);
};
/* Takes what the store has and the escrow has not, before anything is generated. The same value
 * is fine. -1: get failed, a value there is empty or of wrong form (MOK_ERR_INPUT), or differs
 * (MOK_ERR_REFUSED), unless it is a former value here: then it is a rotation that apply is to
 * bring there. */
int mok_escrow_reconcile(struct mok_escrow *escrow, const struct mok_secret_store *store,
	struct mok_err *err) MOK_MUST_CHECK;

/* Writes the file if anything was put since, or if `always`; on return it is on disk. With
 * `always` recipients that were taken off the list cannot open the new file. */
int mok_escrow_save(struct mok_escrow *escrow, bool always, struct mok_err *err) MOK_MUST_CHECK;
/* The same document, encrypted to the same, in memory. */
int mok_escrow_copy(struct mok_escrow *escrow, bool armor, struct mok_buf *out,
	struct mok_err *err) MOK_MUST_CHECK;

#endif
