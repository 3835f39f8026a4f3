#include "escrow_internal.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define ADDITIONS_MAX 100
#define FILE_MODE 0600

struct mok_escrow {
	const struct mok_env *env;
	struct mok_arena *arena;
	struct mok_escrow_options options;
	struct mok_age_recipient *own; /* the identities', when no others are named */
	enum mok_escrow_state state;
	cJSON *document;
	unsigned nadditions; /* files PATH.1 ... that were merged into the document */
	bool changed;
};

/* ---- reading ---- */

static bool has_keys(const struct mok_escrow *e)
{
	const char *passphrase = e->options.keys.passphrase;

	return e->options.keys.nidentities > 0 || (passphrase && *passphrase);
}

static const char *addition_path(const struct mok_escrow *e, unsigned number)
{
	return mok_arena_printf(e->arena, "%s.%u", e->options.path, number);
}

static void hint_keys(struct mok_err *err)
{
	mok_err_hint(err,
		"name the identity file that opens it (--identity FILE or "
		"MOK_AGE_IDENTITY), or set MOK_PASSPHRASE");
}

static cJSON *decrypt_document(
	const struct mok_escrow *e, const struct mok_buf *file, struct mok_err *err)
{
	enum mok_age_fault fault;
	cJSON *document = NULL;
	struct mok_buf plain;

	mok_buf_init(&plain, MOK_ESCROW_FILE_MAX);
	if (mok_age_decrypt(&e->options.keys, file->data, file->len, &plain, &fault, err) == 0)
		document = escrow_document_parse(plain.data, plain.len, e->options.stack, err);
	else if (fault == MOK_AGE_NO_MATCH)
		hint_keys(err);
	else
		mok_err_hint(err, "take it from where it is backed up");
	OPENSSL_cleanse(plain.data, plain.cap);
	mok_buf_release(&plain);
	return document;
}

/* 1: read, *out is NULL when there is no key; 0: there is no such file; -1: error. */
static int read_document(
	const struct mok_escrow *e, const char *path, cJSON **out, struct mok_err *err)
{
	const struct mok_files *files = &e->env->files;
	struct mok_err problem = { 0 };
	struct mok_buf file;
	int rc = 1;

	*out = NULL;
	mok_buf_init(&file, MOK_ESCROW_FILE_MAX);
	if (files->read(files->self, path, &file, &problem) != 0)
		rc = problem.http_status == 404 ? 0 : -1;
	else if (has_keys(e)) {
		*out = decrypt_document(e, &file, &problem);
		rc = *out ? 1 : -1;
		if (rc != 1)
			mok_err_wrap(&problem, "the escrow %s", path);
	}
	mok_buf_release(&file);
	if (rc < 0)
		*err = problem;
	return rc;
}

static int merge_additions(struct mok_escrow *e, struct mok_err *err)
{
	for (unsigned number = 1; number <= ADDITIONS_MAX; number++) {
		cJSON *addition;
		int rc = read_document(e, addition_path(e, number), &addition, err);

		if (rc <= 0)
			return rc;
		escrow_document_merge(e->document, addition);
		escrow_document_wipe(addition);
		e->nadditions = number;
		e->changed = true;
	}
	return 0;
}

static int load(struct mok_escrow *e, struct mok_err *err)
{
	int rc = read_document(e, e->options.path, &e->document, err);

	if (rc < 0)
		return -1;
	e->state = rc == 0 ? MOK_ESCROW_ABSENT : MOK_ESCROW_OPEN;
	if (rc == 1 && !e->document)
		e->state = MOK_ESCROW_SEALED;
	if (!e->document)
		e->document = escrow_document_new(e->options.stack);
	return e->state == MOK_ESCROW_SEALED || !has_keys(e) ? 0 : merge_additions(e, err);
}

static void name_recipients(struct mok_escrow *e)
{
	const struct mok_age_keys *keys = &e->options.keys;

	if (e->options.nrecipients || !keys->nidentities)
		return;
	e->own = MOK_NEW_N(e->arena, struct mok_age_recipient, keys->nidentities);
	for (size_t i = 0; i < keys->nidentities; i++)
		mok_age_identity_recipient(&keys->identities[i], &e->own[i]);
	e->options.recipients = e->own;
	e->options.nrecipients = keys->nidentities;
}

struct mok_escrow *mok_escrow_open(
	const struct mok_env *env, const struct mok_escrow_options *options, struct mok_err *err)
{
	struct mok_escrow *e = mok_xcalloc(1, sizeof(*e));

	e->env = env;
	e->arena = mok_arena_new();
	e->options = *options;
	name_recipients(e);
	if (load(e, err) == 0)
		return e;
	mok_escrow_free(e);
	return NULL;
}

void mok_escrow_free(struct mok_escrow *e)
{
	if (!e)
		return;
	escrow_document_wipe(e->document);
	mok_arena_free(e->arena);
	free(e);
}

enum mok_escrow_state mok_escrow_state(const struct mok_escrow *e)
{
	return e->state;
}

/* ---- entries ---- */

static const cJSON *entries_of(const struct mok_escrow *e)
{
	return cJSON_GetObjectItemCaseSensitive(e->document, "entries");
}

size_t mok_escrow_len(const struct mok_escrow *e)
{
	return (size_t)cJSON_GetArraySize(entries_of(e));
}

struct mok_escrow_entry mok_escrow_at(const struct mok_escrow *e, size_t i)
{
	return escrow_document_view(cJSON_GetArrayItem(entries_of(e), (int)i));
}

bool mok_escrow_find(const struct mok_escrow *e, const char *name, struct mok_escrow_entry *out)
{
	const cJSON *entry = escrow_document_entry(e->document, name);

	if (entry)
		*out = escrow_document_view(entry);
	return entry != NULL;
}

const char *mok_escrow_value_of(const struct mok_escrow *e, const char *name, const char *id)
{
	const cJSON *entry = escrow_document_entry(e->document, name), *version;

	if (!entry)
		return NULL;
	if (mok_streq(mok_json_str(entry, "id"), id))
		return mok_json_str(entry, "value");
	cJSON_ArrayForEach(version, cJSON_GetObjectItemCaseSensitive(entry, "previous"))
	{
		if (mok_streq(mok_json_str(version, "id"), id))
			return mok_json_str(version, "value");
	}
	return NULL;
}

static int check_new(const struct mok_escrow_new *new, struct mok_err *err)
{
	size_t len = strlen(new->value);

	if (len > 0 && len <= MOK_ESCROW_VALUE_MAX && mok_utf8_valid(new->value, len, NULL))
		return 0;
	return mok_err_set(err, MOK_ERR_INPUT, "the value of %s is %s", new->name,
		len == 0                             ? "empty"
			: len > MOK_ESCROW_VALUE_MAX ? "too long"
						     : "not text in UTF-8");
}

static void set(struct mok_escrow *e, const struct mok_escrow_new *new)
{
	escrow_document_set(e->document, new, e->env->clock.wall_ms(e->env->clock.self));
	e->changed = true;
}

int mok_escrow_put(struct mok_escrow *e, const struct mok_escrow_new *new, struct mok_err *err)
{
	const cJSON *held = escrow_document_entry(e->document, new->name);

	if (check_new(new, err) != 0)
		return -1;
	if (!held) {
		set(e, new);
		return 0;
	}
	if (mok_streq(mok_json_str(held, "value"), new->value))
		return 0;
	mok_err_set(err, MOK_ERR_REFUSED,
		"the escrow %s holds another value of %s, and none is overwritten", e->options.path,
		new->name);
	mok_err_hint(err, "if the other is wrong: mok secrets rotate, or a new escrow file");
	return -1;
}

int mok_escrow_rotate(struct mok_escrow *e, const struct mok_escrow_new *new, struct mok_err *err)
{
	const cJSON *held = escrow_document_entry(e->document, new->name);

	if (check_new(new, err) != 0)
		return -1;
	if (!held || !mok_streq(mok_json_str(held, "value"), new->value) ||
		!mok_streq(mok_json_str(held, "id"), new->id))
		set(e, new);
	return 0;
}

/* ---- generation ---- */

static int half_a_pair(const struct mok_secret_spec *spec, struct mok_err *err)
{
	mok_err_set(err, MOK_ERR_REFUSED, "the escrow holds %s, but not %s that belongs to it",
		spec->partner, spec->name);
	mok_err_hint(err, "import both: mok secrets import FILE");
	return -1;
}

static int generate_one(
	struct mok_escrow *e, const struct mok_secret_spec *spec, struct mok_err *err)
{
	struct mok_escrow_new new = { spec->name, "generated", NULL, NULL };
	struct mok_arena *arena;
	const char *partner = NULL;
	int rc;

	if (spec->partner && escrow_document_entry(e->document, spec->partner))
		return half_a_pair(spec, err);
	arena = mok_arena_new();
	mok_secret_generate(arena, &e->env->random, spec, &new.value, &partner);
	rc = mok_escrow_put(e, &new, err);
	if (rc == 0 && spec->partner) {
		new.name = spec->partner;
		new.value = partner;
		rc = mok_escrow_put(e, &new, err);
	}
	mok_arena_free(arena);
	return rc;
}

static int refuse_sealed(const struct mok_escrow *e, struct mok_err *err)
{
	mok_err_set(err, MOK_ERR_REFUSED,
		"the escrow %s exists and cannot be opened: what it holds is not known",
		e->options.path);
	hint_keys(err);
	return -1;
}

int mok_escrow_generate(struct mok_escrow *e, size_t *made, struct mok_err *err)
{
	size_t count, before = mok_escrow_len(e);
	const struct mok_secret_spec *specs = mok_secret_specs(&count);

	if (e->state == MOK_ESCROW_SEALED)
		return refuse_sealed(e, err);
	for (size_t i = 0; i < count; i++) {
		if (specs[i].flags & MOK_SECRET_IMPORT_ONLY ||
			escrow_document_entry(e->document, specs[i].name))
			continue;
		if (generate_one(e, &specs[i], err) != 0)
			return -1;
	}
	if (made)
		*made = mok_escrow_len(e) - before;
	return 0;
}

/* ---- what a running instance has ---- */

static int take_from(struct mok_escrow *e, const struct mok_secret_store *store,
	const struct mok_secret_spec *spec, const char *value, struct mok_err *err)
{
	const cJSON *held = escrow_document_entry(e->document, spec->name);
	const struct mok_escrow_new new = { spec->name, "imported", NULL, value };
	const char *wrong = spec->check(value);

	if (wrong)
		return mok_err_set(err, MOK_ERR_INPUT, "%s has a %s that cannot be right: %s",
			store->what, spec->name, wrong);
	if (!held)
		return mok_escrow_put(e, &new, err);
	if (escrow_document_has_had(held, value))
		return 0;
	mok_err_set(err, MOK_ERR_REFUSED, "%s has another %s than the escrow %s", store->what,
		spec->name, e->options.path);
	mok_err_hint(err,
		"one of the two belongs to another instance: find out which before "
		"anything is written");
	return -1;
}

int mok_escrow_reconcile(
	struct mok_escrow *e, const struct mok_secret_store *store, struct mok_err *err)
{
	size_t count;
	const struct mok_secret_spec *specs = mok_secret_specs(&count);
	struct mok_buf value;
	int rc = e->state == MOK_ESCROW_SEALED ? refuse_sealed(e, err) : 0;

	mok_buf_init(&value, MOK_ESCROW_VALUE_MAX);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		bool found = false;

		mok_buf_clear(&value);
		rc = store->get(store->self, specs[i].name, &found, &value, err);
		if (rc == 0 && found)
			rc = take_from(e, store, &specs[i], value.data, err);
	}
	OPENSSL_cleanse(value.data, value.cap);
	mok_buf_release(&value);
	return rc;
}

/* ---- writing ---- */

int mok_escrow_copy(struct mok_escrow *e, bool armor, struct mok_buf *out, struct mok_err *err)
{
	const struct mok_age_to to = { .recipients = e->options.recipients,
		.nrecipients = e->options.nrecipients,
		.passphrase = e->options.keys.passphrase,
		.work_factor = e->options.work_factor,
		.armor = armor };
	char *text = cJSON_Print(e->document);
	size_t len = strlen(text);
	int rc = mok_age_encrypt(&e->env->random, &to, text, len, out, err);

	OPENSSL_cleanse(text, len);
	cJSON_free(text);
	if (rc != 0)
		mok_err_hint(err,
			"name recipients in the plan file (secrets: { recipients: "
			"[age1...] }), or set MOK_PASSPHRASE");
	else if (out->overflow)
		rc = mok_err_set(err, MOK_ERR_INPUT, "the escrow would be too large");
	return rc;
}

/* The first free name of PATH.1, PATH.2 ...; NULL: there are too many. */
static const char *free_addition(const struct mok_escrow *e, struct mok_err *err)
{
	for (unsigned number = 1; number <= ADDITIONS_MAX; number++) {
		const char *path = addition_path(e, number);
		cJSON *none;
		int rc = read_document(e, path, &none, err);

		if (rc < 0)
			return NULL;
		if (rc == 0)
			return path;
	}
	mok_err_set(err, MOK_ERR_REFUSED, "%u additions to the escrow %s were never merged",
		ADDITIONS_MAX, e->options.path);
	mok_err_hint(err, "where the identity is: mok secrets export --identity FILE");
	return NULL;
}

/* From the last to the first: a kill between leaves a row without a gap. */
static int drop_additions(struct mok_escrow *e, struct mok_err *err)
{
	const struct mok_files *files = &e->env->files;

	for (; e->nadditions > 0; e->nadditions--)
		if (files->remove(files->self, addition_path(e, e->nadditions), err) != 0)
			return -1;
	return 0;
}

static int make_directory_of(const struct mok_escrow *e, const char *path, struct mok_err *err)
{
	const struct mok_files *files = &e->env->files;
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return 0;
	return files->make_dirs(
		files->self, mok_arena_strndup(e->arena, path, (size_t)(slash - path)), err);
}

static int write_to(struct mok_escrow *e, const char *path, struct mok_err *err)
{
	const struct mok_files *files = &e->env->files;
	struct mok_buf file;
	int rc;

	mok_buf_init(&file, MOK_ESCROW_FILE_MAX);
	rc = mok_escrow_copy(e, false, &file, err);
	if (rc == 0)
		rc = make_directory_of(e, path, err);
	if (rc == 0)
		rc = files->write(files->self, path, file.data, file.len, FILE_MODE, err);
	mok_buf_release(&file);
	return rc;
}

/* What was added is on disk: the next addition holds only what comes after. */
static int save_addition(struct mok_escrow *e, struct mok_err *err)
{
	const char *path;

	if (!e->options.nrecipients)
		return refuse_sealed(e, err);
	path = free_addition(e, err);
	if (!path || write_to(e, path, err) != 0)
		return -1;
	escrow_document_wipe(e->document);
	e->document = escrow_document_new(e->options.stack);
	e->changed = false;
	return 0;
}

int mok_escrow_save(struct mok_escrow *e, bool always, struct mok_err *err)
{
	if (!e->changed && (!always || e->state == MOK_ESCROW_SEALED))
		return always && e->state == MOK_ESCROW_SEALED ? refuse_sealed(e, err) : 0;
	if (e->state == MOK_ESCROW_SEALED)
		return save_addition(e, err);
	if (write_to(e, e->options.path, err) != 0)
		return -1;
	e->changed = false;
	e->state = MOK_ESCROW_OPEN;
	return drop_additions(e, err);
}
