#include "plan_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool plan_is_scope_root(const char *root)
{
	static const char *const roots[] = { "var", "env", "each", "secret", "image" };

	for (size_t i = 0; i < MOK_COUNT(roots); i++)
		if (strcmp(root, roots[i]) == 0)
			return true;
	return false;
}

static const char *first_part(struct mok_arena *arena, const char *path)
{
	return mok_arena_strndup(arena, path, strcspn(path, "."));
}

static bool not_there(struct mok_diags *diags, const struct mok_ref *ref, const char *what,
	const char *name, const char *near)
{
	struct mok_diag *d =
		mok_diag_add(diags, "E0505", ref->at, "there is no %s \"%s\"", what, name);

	mok_diag_near(diags, d, near);
	return false;
}

static const char *nearest_key(struct mok_arena *arena, const struct mok_map *map, const char *name)
{
	size_t n = mok_map_len(map);
	const char **names = MOK_NEW_N(arena, const char *, n + 1);

	for (size_t i = 0; i < n; i++)
		names[i] = mok_map_key(map, i);
	return mok_nearest(name, names, n);
}

/* The rest of a path inside a value that is known. */
static bool inside(struct mok_diags *diags, const struct mok_ref *ref, const char *name,
	const struct mok_val *v, struct mok_val *out)
{
	const char *rest = strchr(ref->path, '.');
	const struct mok_val *at = rest && v->type != MOK_UNKNOWN ? mok_val_at(v, rest + 1) : v;

	if (!at) {
		mok_diag_add(diags, "E0506", ref->at, "%s has no \"%s\"", name, rest + 1);
		return false;
	}
	*out = *at;
	out->sensitive |= v->sensitive;
	return true;
}

static bool variable(struct plan_scope *s, const struct mok_ref *ref, struct mok_val *out,
	struct mok_diags *diags)
{
	const char *name = first_part(s->arena, ref->path);
	const struct mok_variable *var = mok_map_get(s->plan->variables, name);

	if (!var)
		return not_there(diags, ref, "variable", name,
			nearest_key(s->arena, s->plan->variables, name));
	return inside(diags, ref, mok_arena_printf(s->arena, "var.%s", name), &var->value, out);
}

static bool is_secret_name(const char *name)
{
	static const char *const words[] = { "TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY",
		"CREDENTIAL", "PASSPHRASE" };
	char upper[128];
	size_t i;

	for (i = 0; name[i] && i < sizeof(upper) - 1; i++)
		upper[i] = (char)toupper((unsigned char)name[i]);
	upper[i] = '\0';
	for (i = 0; i < MOK_COUNT(words); i++)
		if (strstr(upper, words[i]))
			return true;
	return false;
}

static bool environment(struct plan_scope *s, const struct mok_ref *ref, struct mok_val *out,
	struct mok_diags *diags)
{
	const struct mok_assignment *a = mok_map_get(s->plan->environment, ref->path);

	if (!a)
		return not_there(diags, ref, "environment variable", ref->path, NULL);
	*out = mok_val_str(a->value);
	out->sensitive = is_secret_name(ref->path);
	return true;
}

static bool each(struct plan_scope *s, const struct mok_ref *ref, struct mok_val *out,
	struct mok_diags *diags)
{
	const char *name = first_part(s->arena, ref->path);
	const struct mok_resource *r = s->resource;

	if (!r || r->each_key.type == MOK_NULL) {
		mok_diag_add(diags, "E0505", ref->at,
			"each.%s exists only in a block with for_each", name);
		return false;
	}
	if (strcmp(name, "key") == 0)
		return inside(diags, ref, "each.key", &r->each_key, out);
	if (strcmp(name, "value") == 0)
		return inside(diags, ref, "each.value", &r->each_value, out);
	mok_diag_add(diags, "E0505", ref->at, "each has key and value, no \"%s\"", name);
	return false;
}

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* What mok generates and keeps; not known before somebody looked. */
static bool secret(struct plan_scope *s, const struct mok_ref *ref, struct mok_val *out,
	struct mok_diags *diags)
{
	const struct mok_lookup *lookup = s->lookup;
	const struct mok_plan_options *o = s->plan->options;
	const char *known = mok_map_get(s->plan->secrets_known, ref->path);

	if (o->secret_names && !is_one_of(ref->path, o->secret_names, o->nsecret_names))
		return not_there(diags, ref, "secret", ref->path,
			mok_nearest(ref->path, o->secret_names, o->nsecret_names));
	mok_map_put(s->plan->secrets_asked, ref->path, s->plan->secrets_asked);
	if (known)
		*out = mok_val_str(known);
	else if (!lookup || !lookup->secret || !lookup->secret(lookup->self, ref->path, out))
		*out = mok_val_unknown(mok_arena_printf(s->arena, "secret.%s", ref->path));
	out->sensitive = true;
	return true;
}

/* An image's name with the digest that its tag has; not known before its registry was asked. */
static bool image(struct plan_scope *s, const struct mok_ref *ref, struct mok_val *out)
{
	const char *known = mok_map_get(s->plan->images_known, ref->path);
	struct mok_mark *at;

	if (!mok_map_get(s->plan->images_asked, ref->path)) {
		at = MOK_NEW(s->plan->arena, struct mok_mark);
		*at = ref->at;
		mok_map_put(s->plan->images_asked, ref->path, at);
	}
	*out = known ? mok_val_str(known)
		     : mok_val_unknown(mok_arena_printf(s->arena, "image %s", ref->path));
	return true;
}

/* ---- resources ---- */

/* web[each.key] -> web["a"] */
static const char *resolve_index(struct mok_arena *arena, const struct mok_resource *from,
	const struct mok_ref *ref, struct mok_diags *diags)
{
	const char *open = strchr(ref->root, '[');
	const struct mok_val *v;

	if (!open || (strcmp(open, "[each.key]") != 0 && strcmp(open, "[each.value]") != 0))
		return ref->root;
	v = !from || from->each_key.type == MOK_NULL ? NULL
		: strcmp(open, "[each.key]") == 0    ? &from->each_key
						     : &from->each_value;
	if (!v || v->type != MOK_STR) {
		mok_diag_add(diags, "E0505", ref->at,
			"each.key and each.value as an index need a block with for_each over "
			"texts");
		return NULL;
	}
	return mok_arena_printf(arena, "%.*s[\"%s\"]", (int)(open - ref->root), ref->root, v->u.s);
}

const struct mok_resource *plan_find(const struct mok_plan *plan, const struct mok_resource *from,
	const struct mok_ref *ref, struct mok_arena *arena, struct mok_diags *diags)
{
	const char *address = resolve_index(arena, from, ref, diags);
	const struct mok_resource *r =
		address ? mok_map_get(plan->stack->by_address, address) : NULL;
	const bool *repeats;
	struct mok_diag *d;

	if (r || !address)
		return r;
	repeats = mok_map_get(plan->blocks, address);
	if (repeats && !*repeats)
		return NULL; /* what is wrong with that block is said there */
	if (repeats) {
		d = mok_diag_add(diags, "E0505", ref->at,
			"\"%s\" has for_each: a reference to it needs an index", address);
		mok_diag_hint(diags, d, "write %s[\"KEY\"]", address);
		return NULL;
	}
	not_there(diags, ref, "resource", address,
		nearest_key(arena, plan->stack->by_address, address));
	return NULL;
}

static bool resolve(
	void *self, const struct mok_ref *ref, struct mok_val *out, struct mok_diags *diags)
{
	struct plan_scope *s = self;
	const struct mok_resource *r;

	if (strcmp(ref->root, "var") == 0)
		return variable(s, ref, out, diags);
	if (strcmp(ref->root, "env") == 0)
		return environment(s, ref, out, diags);
	if (strcmp(ref->root, "each") == 0)
		return each(s, ref, out, diags);
	if (strcmp(ref->root, "secret") == 0)
		return secret(s, ref, out, diags);
	if (strcmp(ref->root, "image") == 0)
		return image(s, ref, out);
	if (!s->lookup) {
		mok_diag_add(diags, "E0601", ref->at,
			"this must be known without the account: \"%s\" is a resource", ref->root);
		return false;
	}
	r = plan_find(s->plan, s->resource, ref, s->arena, diags);
	return r && s->lookup->attribute(s->lookup->self, r, ref->path, out);
}

/* Read once: evaluation while applying sees what the plan saw. */
static int read_file(void *self, const char *base, const char *path, struct mok_arena *arena,
	const char **out, struct mok_err *err)
{
	struct plan_scope *s = self;
	const struct mok_plan *plan = s->plan;
	const char *full = plan_beside(arena, base, path);
	const char *known = mok_map_get(plan->files, full);
	struct mok_source source = { .name = full };
	size_t bad;

	if (known) {
		*out = known;
		return 0;
	}
	if (plan->options->read(
		    plan->options->self, full, FUNCTION_FILE_MAX, plan->arena, &source, err) != 0)
		return -1;
	if (memchr(source.text, '\0', source.len) || !mok_utf8_valid(source.text, source.len, &bad))
		return mok_err_set(err, MOK_ERR_INPUT, "%s is not UTF-8 text", full);
	mok_map_put(plan->files, full, (void *)(uintptr_t)source.text);
	*out = source.text;
	return 0;
}

static int read_yaml(void *self, const char *text, struct mok_arena *arena, struct mok_val *out,
	struct mok_err *err)
{
	(void)self;
	return mok_plan_read_documents(arena, text, out, err);
}

void plan_scope_init(struct plan_scope *s, struct mok_arena *arena, const struct mok_plan *plan,
	const struct mok_resource *resource, const struct mok_lookup *lookup)
{
	*s = (struct plan_scope){
		.plan = plan, .resource = resource, .lookup = lookup, .arena = arena
	};
	s->scope = (struct mok_scope){ s, resolve, read_file, read_yaml };
}
