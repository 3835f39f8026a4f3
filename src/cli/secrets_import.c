#include "secrets_import.h"

#include "vault.h"

#include <string.h>

struct importing {
	const struct mok_escrow *escrow;
	struct mok_arena *arena;
	struct mok_map *values; /* name -> const char * */
	size_t nothers;         /* settings that are none of these secrets */
};

static int take(void *self, const char *name, const char *value, bool raw, unsigned line,
	struct mok_err *err)
{
	struct importing *in = self;
	const struct mok_secret_spec *spec = mok_secret_find(name);
	const char *wrong = spec ? spec->check(value) : NULL;

	if (!spec) {
		in->nothers++;
		return 0;
	}
	if (raw)
		wrong = "it refers to another variable ($), which is not looked up";
	if (wrong)
		return mok_err_set(err, MOK_ERR_INPUT, "line %u: %s: %s", line, name, wrong);
	mok_map_put(in->values, name, mok_arena_strdup(in->arena, value));
	return 0;
}

/* Both in the file, or one beside what the escrow holds. */
static const char *known_value(const struct importing *in, const char *name)
{
	const char *value = mok_map_get(in->values, name);
	struct mok_escrow_entry held;

	if (!value && mok_escrow_find(in->escrow, name, &held))
		value = held.value;
	return value;
}

static int check_pair(const struct importing *in, struct mok_err *err)
{
	const char *private_key = known_value(in, "VAPID_PRIVATE_KEY");
	const char *public_key = known_value(in, "VAPID_PUBLIC_KEY");

	if (!private_key && !public_key)
		return 0;
	if (private_key && public_key && mok_vapid_is_pair(private_key, public_key))
		return 0;
	return mok_err_set(err, MOK_ERR_INPUT,
		private_key && public_key
			? "VAPID_PRIVATE_KEY and VAPID_PUBLIC_KEY do not belong together"
			: "VAPID_PRIVATE_KEY and VAPID_PUBLIC_KEY go together, and one is missing");
}

static int import_dotenv(struct session *s, const struct mok_buf *text, struct mok_err *err)
{
	struct importing in = { .escrow = vault_escrow(s->vault), .arena = s->arena };
	const struct mok_dotenv_visitor visitor = { &in, take };

	in.values = mok_map_new(in.arena);
	if (mok_dotenv_read(text->data, text->len, &visitor, err) != 0 || check_pair(&in, err) != 0)
		return -1;
	if (mok_map_len(in.values) == 0) {
		mok_err_set(err, MOK_ERR_INPUT, "it holds none of Mastodon's secrets (%zu others)",
			in.nothers);
		mok_err_hint(err,
			"wanted: an escrow file, or a .env.production with "
			"SECRET_KEY_BASE=...");
		return -1;
	}
	for (size_t i = 0; i < mok_map_len(in.values); i++) {
		const struct mok_escrow_new entry = { mok_map_key(in.values, i), "imported", NULL,
			mok_map_value(in.values, i) };

		if (mok_escrow_put(vault_escrow(s->vault), &entry, err) != 0)
			return -1;
	}
	return 0;
}

static int import_escrow(struct session *s, const char *path, struct mok_err *err)
{
	struct mok_escrow *from = vault_open_other(s->vault, path, err);
	int rc = from ? 0 : -1;

	if (from && mok_escrow_state(from) == MOK_ESCROW_SEALED)
		rc = mok_err_set(err, MOK_ERR_INPUT, "it is encrypted, and no key was given");
	for (size_t i = 0; rc == 0 && i < mok_escrow_len(from); i++) {
		struct mok_escrow_entry e = mok_escrow_at(from, i);
		const struct mok_escrow_new entry = { e.name, e.kind, e.id, e.value };

		rc = mok_escrow_put(vault_escrow(s->vault), &entry, err);
	}
	mok_escrow_free(from);
	return rc;
}

static bool is_encrypted(const struct mok_buf *text)
{
	return mok_starts(text->data, "age-encryption.org/") ||
		mok_starts(text->data, "-----BEGIN AGE ENCRYPTED FILE-----");
}

int secrets_import(struct session *s, const char *path, struct mok_err *err)
{
	const struct mok_files *files = &s->env.files;
	struct mok_buf text;
	int rc;

	mok_buf_init(&text, MOK_ESCROW_FILE_MAX);
	rc = files->read(files->self, path, &text, err);
	if (rc == 0) {
		rc = is_encrypted(&text) ? import_escrow(s, path, err)
					 : import_dotenv(s, &text, err);
		if (rc != 0)
			mok_err_wrap(err, "%s", path);
	}
	explicit_bzero(text.data, text.cap);
	mok_buf_release(&text);
	return rc;
}
