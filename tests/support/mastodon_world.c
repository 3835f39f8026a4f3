#include "mastodon_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- loading ---- */

static int read_file(void *self, const char *path, size_t max, struct mok_arena *arena,
	struct mok_source *out, struct mok_err *err)
{
	struct world *w = self;
	FILE *f;
	char *text;

	if (strcmp(path, "more") == 0) {
		out->text = w->more;
		out->len = strlen(w->more);
		return 0;
	}
	f = fopen(path, "rb");
	if (!f)
		return mok_err_set(err, MOK_ERR_IO, "%s: cannot be read", path);
	text = mok_arena_alloc(arena, 65536);
	out->len = fread(text, 1, max < 65535 ? max : 65535, f);
	out->text = text;
	fclose(f);
	return 0;
}

static bool attribute(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out)
{
	struct world *w = self;
	const struct mok_val *v = mok_val_at(want_of(w, r), path);
	char *text = mok_arena_printf(w->arena, "%s.%s", r->address, path);

	*out = v && v->type != MOK_UNKNOWN ? *v : mok_val_str(text);
	if (strcmp(path, "ca") == 0)
		*out = mok_val_str(mok_base64(w->arena, text, strlen(text)));
	return true;
}

static bool secret(void *self, const char *name, struct mok_val *out)
{
	struct world *w = self;

	*out = mok_val_str(mok_arena_printf(w->arena, "secret.%s", name));
	return true;
}

const struct mok_val *want_of(struct world *w, const struct mok_resource *r)
{
	const struct mok_lookup lookup = { .self = w, .attribute = attribute, .secret = secret };
	struct mok_diags ignored = { .arena = w->arena };
	struct mok_val *want = &w->wants[r - w->stack->resources.items];

	if (want->type == MOK_NULL &&
		mok_plan_eval(w->arena, w->stack, r, &lookup, &ignored, want) != 0)
		want->type = MOK_MAP;
	return want;
}

/* As whoever asked the registries tells it. */
static void know_images(struct world *w)
{
	const struct mok_map *asked = mok_plan_images_asked(w->stack);

	for (size_t i = 0; i < mok_map_len(asked); i++)
		mok_plan_know_image(w->stack, mok_map_key(asked, i),
			mok_arena_printf(w->arena, "%s@" DIGEST, mok_map_key(asked, i)));
}

/* Written as YAML, read back as any reader would. */
static void emit(struct world *w)
{
	for (size_t i = 0; i < w->stack->resources.len; i++) {
		const struct mok_resource *r = &w->stack->resources.items[i];
		struct mok_source source = { .name = r->address };
		struct mok_buf text;

		if (strcmp(r->kind->name, "kubernetes_manifest") != 0)
			continue;
		mok_buf_init(&text, 1 << 20);
		assert_true(mok_yaml_write(mok_val_get(want_of(w, r), "manifest"), true, &text));
		source.text = mok_arena_strdup(w->arena, text.data);
		source.len = text.len;
		mok_buf_release(&text);
		assert_true(w->ndocuments < DOCUMENTS_MAX);
		assert_int_equal(mok_plan_read_yaml(w->arena, &source, &w->diags,
					 &w->documents[w->ndocuments++]),
			0);
	}
}

void load(struct world *w, const char *plan, const char *more)
{
	char path[512];
	const char *files[] = { path, "more" };
	struct mok_plan_options options = { .files = files,
		.nfiles = more ? 2 : 1,
		.read = read_file,
		.self = w,
		.expansion = mok_mastodon_expansion() };

	snprintf(path, sizeof(path), "%s/plans/%s.yaml", MOK_SOURCE_DIR, plan);
	w->more = more;
	w->stack = mok_plan_load(w->arena, &options, &w->diags);
	for (size_t i = 0; i < w->diags.list.len; i++)
		print_error(
			"%s: %s\n", w->diags.list.items[i].code, w->diags.list.items[i].message);
	assert_int_equal(w->diags.nerrors, 0);
	know_images(w);
	w->wants = MOK_NEW_N(w->arena, struct mok_val, w->stack->resources.len + 1);
	emit(w);
}

int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->arena = mok_arena_new();
	w->diags.arena = w->arena;
	*state = w;
	return 0;
}

int tear_down(void **state)
{
	struct world *w = *state;

	mok_arena_free(w->arena);
	free(w);
	return 0;
}

/* ---- looking ---- */

/* The object of a kind whose name is `name`, or `name` and a hash. */
const struct mok_val *find(struct world *w, const char *kind, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < w->ndocuments; i++) {
		const char *have =
			mok_val_get_str(mok_val_get(&w->documents[i], "metadata"), "name");

		if (!mok_streq(mok_val_get_str(&w->documents[i], "kind"), kind) ||
			strncmp(have, name, len) != 0)
			continue;
		if (!have[len] ||
			(have[len] == '-' && strlen(have + len) == 11 &&
				strspn(have + len + 1, "0123456789abcdef") == 10))
			return &w->documents[i];
	}
	return NULL;
}

const struct mok_val *must(struct world *w, const char *kind, const char *name)
{
	const struct mok_val *found = find(w, kind, name);

	if (!found)
		fail_msg("there is no %s %s", kind, name);
	return found;
}

const char *at(struct world *w, const char *kind, const char *name, const char *path)
{
	const struct mok_val *v = mok_val_at(must(w, kind, name), path);

	return v ? mok_val_text(w->arena, v) : NULL;
}

void assert_at(
	struct world *w, const char *kind, const char *name, const char *path, const char *wanted)
{
	const char *have = at(w, kind, name, path);

	if (!mok_streq(have, wanted))
		fail_msg("%s %s: %s is %s, not %s", kind, name, path, have ? have : "absent",
			wanted ? wanted : "absent");
}

size_t count(struct world *w, const char *kind)
{
	size_t n = 0;

	for (size_t i = 0; i < w->ndocuments; i++)
		n += mok_streq(mok_val_get_str(&w->documents[i], "kind"), kind);
	return n;
}

void assert_secret(struct world *w, const char *name, const char *key, const char *wanted)
{
	assert_at(w, "Secret", name, mok_arena_printf(w->arena, "data.%s", key),
		mok_base64(w->arena, wanted, strlen(wanted)));
}
