#include "vault.h"

#include "live_secrets.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define IDENTITY_FILE_MAX ((size_t)1 << 20)

struct vault {
	const struct session *session;
	struct mok_age_identities identities;
	struct mok_escrow_options options;
	struct mok_escrow *escrow;
};

void vault_check(const struct mok_stack *stack, struct mok_diags *diags)
{
	const struct mok_secrets_block *block = stack->secrets;

	for (size_t i = 0; i < block->recipients.len; i++) {
		const struct mok_recipient_text *r = &block->recipients.items[i];
		struct mok_age_recipient recipient;
		struct mok_err err = { 0 };
		struct mok_diag *d;

		if (mok_age_recipient_parse(r->text, &recipient, &err) == 0)
			continue;
		d = mok_diag_add(diags, "E0209", r->at, "%s", err.msg);
		mok_diag_hint(diags, d, "%s", err.hint);
	}
}

/* ---- keys ---- */

static int read_identities(struct vault *v, const char *path, struct mok_err *err)
{
	const struct session *s = v->session;
	struct mok_buf text;
	int rc;

	mok_buf_init(&text, IDENTITY_FILE_MAX);
	rc = s->env.files.read(s->env.files.self, path, &text, err);
	if (rc == 0)
		rc = mok_age_identities_parse(
			s->arena, path, text.data, text.len, &v->identities, err);
	else
		mok_err_wrap(err, "the age identity");
	explicit_bzero(text.data, text.cap);
	mok_buf_release(&text);
	return rc;
}

static int read_keys(struct vault *v, struct mok_err *err)
{
	const struct cli_texts *named = &v->session->cli->opt.identities;
	const char *path = getenv("MOK_AGE_IDENTITY"), *passphrase = getenv("MOK_PASSPHRASE");

	for (size_t i = 0; i < named->list.len; i++)
		if (read_identities(v, named->list.items[i], err) != 0)
			return -1;
	if (!named->list.len && path && *path && read_identities(v, path, err) != 0)
		return -1;
	v->options.keys = (struct mok_age_keys){ v->identities.list.items, v->identities.list.len,
		passphrase && *passphrase ? passphrase : NULL };
	return 0;
}

static int read_recipients(struct vault *v, struct mok_err *err)
{
	const struct mok_secrets_block *block = v->session->stack->secrets;
	struct mok_age_recipient *list =
		MOK_NEW_N(v->session->arena, struct mok_age_recipient, block->recipients.len + 1);

	for (size_t i = 0; i < block->recipients.len; i++)
		if (mok_age_recipient_parse(block->recipients.items[i].text, &list[i], err) != 0)
			return -1;
	v->options.recipients = list;
	v->options.nrecipients = block->recipients.len;
	if (v->options.nrecipients || v->options.keys.nidentities || v->options.keys.passphrase ||
		mok_streq(v->session->cli->command->name, "destroy"))
		return 0;
	mok_err_set(err, MOK_ERR_INPUT, "the plan has an escrow that nobody could open");
	err->where = block->at;
	mok_err_hint(err,
		"name recipients (age-keygen -o key.txt makes one), or set "
		"MOK_PASSPHRASE");
	return -1;
}

/* ---- opening ---- */

/* Not secret at all, but in the same format, so that everything else is the same. */
static void use_sandbox(struct vault *v)
{
	v->options.path = mok_arena_printf(
		v->session->arena, SESSION_DIR "/sandbox/escrow-%s.age", v->session->stack->name);
	v->options.keys.passphrase = "sandbox";
	v->options.work_factor = 1;
}

static int use_plan(struct vault *v, struct mok_err *err)
{
	v->options.path = v->session->stack->secrets->escrow;
	return read_keys(v, err) != 0 || read_recipients(v, err) != 0 ? -1 : 0;
}

/* secret_key_base -> SECRET_KEY_BASE */
static const char *entry_name(struct mok_arena *arena, const char *name)
{
	char *upper = mok_arena_strdup(arena, name);

	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return upper;
}

const char *const *vault_names(struct mok_arena *arena, size_t *count)
{
	const struct mok_secret_spec *specs = mok_secret_specs(count);
	const char **names = MOK_NEW_N(arena, const char *, *count);

	for (size_t i = 0; i < *count; i++)
		names[i] = plan_secret_name(arena, specs[i].name);
	return names;
}

static void tell_plan(const struct vault *v)
{
	const struct mok_stack *stack = v->session->stack;
	const struct mok_map *asked = mok_plan_secrets_asked(stack);
	struct mok_escrow_entry entry;

	for (size_t i = 0; i < mok_map_len(asked); i++) {
		const char *name = mok_map_key(asked, i);

		if (mok_escrow_find(v->escrow, entry_name(v->session->arena, name), &entry))
			mok_plan_know_secret(stack, name, entry.value);
	}
}

int vault_open(struct session *s, struct mok_err *err)
{
	struct vault *v;

	bool sandbox = s->cli->opt.sandbox;

	if (s->vault)
		tell_plan(s->vault); /* it may have been loaded again */
	if (s->vault || (!sandbox && !s->stack->secrets->escrow))
		return 0;
	v = s->vault = MOK_NEW(s->arena, struct vault);
	*v = (struct vault){ .session = s, .options = { .stack = s->stack->name } };
	if (sandbox)
		use_sandbox(v);
	else if (use_plan(v, err) != 0)
		return -1;
	v->escrow = mok_escrow_open(&s->env, &v->options, err);
	if (!v->escrow)
		return -1;
	tell_plan(v);
	return 0;
}

void vault_close(struct vault *v)
{
	if (!v)
		return;
	mok_escrow_free(v->escrow);
	mok_age_identities_wipe(&v->identities);
}

struct mok_escrow *vault_escrow(const struct vault *v)
{
	return v ? v->escrow : NULL;
}

const char *vault_path(const struct vault *v)
{
	return v->options.path;
}

struct mok_escrow *vault_open_other(const struct vault *v, const char *path, struct mok_err *err)
{
	struct mok_escrow_options options = v->options;

	options.path = path;
	return mok_escrow_open(&v->session->env, &options, err);
}

/* ---- secrets that are shown once ---- */

/* By the id alone, since an object may have had another address. */
static const char *find_value(
	const struct mok_escrow *escrow, const struct mok_object *object, const char *field)
{
	for (size_t i = 0; i < mok_escrow_len(escrow); i++) {
		struct mok_escrow_entry entry = mok_escrow_at(escrow, i);
		const char *dot = strrchr(entry.name, '.');
		const char *value;

		if (!dot || !mok_streq(dot + 1, field) ||
			!mok_streq(entry.kind, object->kind->name))
			continue;
		value = mok_escrow_value_of(escrow, entry.name, object->id);
		if (value)
			return value;
	}
	return NULL;
}

/* Does anything in the plan take it? */
static bool is_taken(const struct session *s, const struct mok_resource *r, const char *field)
{
	struct mok_refs refs = { 0 };

	for (size_t i = 0; i < s->stack->resources.len; i++)
		mok_expr_refs(s->arena, &s->stack->resources.items[i].fields, &refs);
	for (size_t i = 0; i < s->stack->outputs.len; i++)
		mok_expr_refs(s->arena, &s->stack->outputs.items[i].value, &refs);
	for (size_t i = 0; i < refs.list.len; i++)
		if (mok_streq(refs.list.items[i].root, r->address) &&
			mok_streq(refs.list.items[i].path, field))
			return true;
	return false;
}

static void warn(struct session *s, const struct mok_resource *r, const char *field)
{
	struct mok_diag *d;

	if (s->vault ? mok_escrow_state(s->vault->escrow) == MOK_ESCROW_SEALED
		     : !is_taken(s, r, field))
		return;
	d = mok_diag_add(&s->diags, "W0210", r->at,
		s->vault ? "the %s of %s is not in the escrow"
			 : "the %s of %s was shown once, and there is no escrow that kept it",
		field, r->address);
	d->address = r->address;
	mok_diag_hint(&s->diags, d, "mok apply --replace '%s' makes another%s", r->address,
		s->vault ? "" : "; secrets: { escrow: ..., recipients: [...] } keeps it");
}

/* From the escrow, or from where it went: a Secret of the stack. */
static const char *shown_once(const struct session *s, const struct mok_resource *r,
	const struct mok_object *object, const char *field)
{
	const struct live_secrets live = { s->arena, s->stack, &s->live };
	const char *value = s->vault ? find_value(s->vault->escrow, object, field) : NULL;

	return value ? value : live_secrets_value(&live, r->address, field);
}

/* Nobody has it any more: the run that made it ended before it reached the escrow or, where there
 * is none, a Secret of the stack. */
static bool is_lost(
	const struct session *s, const struct mok_resource *r, const char *field, bool begun)
{
	const struct live_secrets live = { s->arena, s->stack, &s->live };

	return begun || (!s->vault && live_secrets_wanted(&live, r->address, field));
}

static void fill_in_object(
	struct session *s, const struct mok_resource *r, struct mok_object *object, bool begun)
{
	struct mok_arena *arena = s->arena;

	for (const struct mok_field *f = object->kind->fields; f->name; f++) {
		const char *value;
		struct mok_val secret;

		if (!(f->flags & MOK_F_SENSITIVE) || mok_val_get(&object->attrs, f->name))
			continue;
		value = shown_once(s, r, object, f->name);
		if (!value) {
			object->secretless = is_lost(s, r, f->name, begun);
			if (!begun && !object->secretless)
				warn(s, r, f->name);
			continue;
		}
		secret = mok_val_str(mok_arena_strdup(arena, value));
		secret.sensitive = true;
		mok_val_set(arena, &object->attrs, f->name, secret);
	}
}

void vault_fill_in(struct session *s, const struct mok_journal_known *known)
{
	bool here = mok_streq(known->api_url, s->journal_api) &&
		mok_streq(known->account_uuid, s->live.account_uuid);

	for (size_t i = 0; i < s->stack->resources.len; i++) {
		const struct mok_resource *r = &s->stack->resources.items[i];
		struct mok_object *object = mok_map_get(s->live.by_address, r->address);

		if (object && object->kind->flags & MOK_K_SECRET_ONCE)
			fill_in_object(s, r, object,
				s->vault && here && mok_map_get(known->open, r->address));
	}
}

static bool brings_something(const struct mok_changes *changes)
{
	for (size_t i = 0; i < changes->list.len; i++) {
		enum mok_action action = changes->list.items[i].action;

		if (action == MOK_ACT_CREATE || action == MOK_ACT_UPDATE ||
			action == MOK_ACT_REPLACE)
			return true;
	}
	return false;
}

/* ---- what is made once ---- */

bool vault_is_open(const struct vault *v)
{
	return v && mok_escrow_state(v->escrow) != MOK_ESCROW_SEALED;
}

/* Whoever cannot open the escrow still plans by what the instance has. */
static int tell_from(
	const struct session *s, const struct mok_secret_store *store, struct mok_err *err)
{
	const struct mok_map *asked = mok_plan_secrets_asked(s->stack);
	struct mok_buf value;
	int rc = 0;

	mok_buf_init(&value, MOK_ESCROW_VALUE_MAX);
	for (size_t i = 0; rc == 0 && i < mok_map_len(asked); i++) {
		const char *name = mok_map_key(asked, i);
		bool found = false;

		mok_buf_clear(&value);
		rc = store->get(store->self, entry_name(s->arena, name), &found, &value, err);
		if (rc == 0 && found && value.len)
			mok_plan_know_secret(s->stack, name, value.data);
	}
	explicit_bzero(value.data, value.cap);
	mok_buf_release(&value);
	return rc;
}

int vault_reconcile(struct session *s, struct mok_err *err)
{
	struct live_secrets live = { s->arena, s->stack, &s->live };
	const struct mok_secret_store store = live_secrets_store(&live);

	if (mok_map_len(mok_plan_secrets_asked(s->stack)) == 0)
		return 0;
	if (!vault_is_open(s->vault))
		return tell_from(s, &store, err);
	if (mok_escrow_reconcile(s->vault->escrow, &store, err) != 0)
		return -1;
	tell_plan(s->vault);
	return 0;
}

static int refuse(const struct session *s, struct mok_err *err)
{
	mok_err_set(err, MOK_ERR_REFUSED,
		s->vault ? "the plan needs secrets that are in the escrow, and no key was given"
			 : "the plan needs secrets that are made once, and there is no escrow to "
			   "keep them");
	mok_err_hint(err, "%s",
		s->vault ? "--identity FILE, MOK_AGE_IDENTITY or MOK_PASSPHRASE opens it"
			 : "add to the plan: secrets: { escrow: secrets.age, recipients: [age1...] "
			   "}   (age-keygen -o key.txt makes a key), or accept with --no-escrow "
			   "that the cluster has the only copy");
	return -1;
}

/* New keys over old data would destroy it. */
static int refuse_anew(const struct session *s, const char *filled, struct mok_err *err)
{
	mok_err_set(err, MOK_ERR_REFUSED,
		"%s may hold an instance, and its %s is neither in the escrow nor in the cluster",
		filled, entry_name(s->arena, mok_plan_secret_missing(s->stack)));
	mok_err_hint(err,
		"mok secrets import FILE takes them from a copy of the escrow or a "
		".env.production; if the database is empty after all: mok secrets generate");
	return -1;
}

static void generate_unkept(const struct session *s)
{
	const char *name, *value, *partner;

	while ((name = mok_plan_secret_missing(s->stack)) != NULL) {
		const struct mok_secret_spec *spec = mok_secret_find(entry_name(s->arena, name));

		mok_secret_generate(s->arena, &s->env.random, spec, &value, &partner);
		mok_plan_know_secret(s->stack, name, value);
		if (spec->partner)
			mok_plan_know_secret(
				s->stack, plan_secret_name(s->arena, spec->partner), partner);
	}
}

int vault_can_generate(const struct session *s, struct mok_err *err)
{
	struct live_secrets live = { s->arena, s->stack, &s->live };
	const char *filled = live_secrets_filled(&live);

	if (!mok_plan_secret_missing(s->stack))
		return 0;
	if (s->vault && !vault_is_open(s->vault))
		return refuse(s, err);
	return filled ? refuse_anew(s, filled, err) : 0;
}

int vault_generate(struct session *s, struct mok_err *err)
{
	if (!brings_something(&s->changes))
		return vault_is_open(s->vault) ? mok_escrow_save(s->vault->escrow, false, err) : 0;
	if (vault_can_generate(s, err) != 0)
		return -1;
	if (mok_plan_secret_missing(s->stack)) {
		if (!s->vault && s->cli->opt.no_escrow) {
			generate_unkept(s);
			return 0;
		}
		if (!s->vault)
			return refuse(s, err);
		if (mok_escrow_generate(s->vault->escrow, NULL, err) != 0)
			return -1;
	}
	if (!vault_is_open(s->vault))
		return 0;
	tell_plan(s->vault);
	return mok_escrow_save(s->vault->escrow, false, err);
}

int vault_prove(struct vault *v, const struct mok_changes *changes, struct mok_err *err)
{
	if (!v || mok_escrow_state(v->escrow) == MOK_ESCROW_SEALED)
		return 0;
	for (size_t i = 0; i < changes->list.len; i++) {
		const struct mok_change *c = &changes->list.items[i];

		if (c->kind->flags & MOK_K_SECRET_ONCE &&
			(c->action == MOK_ACT_CREATE || c->action == MOK_ACT_REPLACE))
			return mok_escrow_save(v->escrow, true, err);
	}
	return 0;
}

int vault_keep(void *self, const char *address, const struct mok_object *object,
	const struct mok_val *secret, struct mok_err *err)
{
	struct vault *v = self;

	for (size_t i = 0; i < secret->u.map.len; i++) {
		const struct mok_pair *pair = &secret->u.map.pairs[i];
		const struct mok_escrow_new entry = { .kind = object->kind->name,
			.id = object->id,
			.name = mok_arena_printf(v->session->arena, "%s.%s", address, pair->key),
			.value = pair->val.type == MOK_STR ? pair->val.u.s : "" };

		if (mok_escrow_rotate(v->escrow, &entry, err) != 0)
			return -1;
	}
	return mok_escrow_save(v->escrow, false, err);
}
