#include "plan_internal.h"

#include <ctype.h>
#include <string.h>

/* The keys that every resource may have. */

static const char *const life_keys[] = { "kind", "for_each", "depends_on", "protect", "retain",
	"ignore_changes", "moved_from", "timeouts" };

bool plan_is_life_key(const char *key)
{
	for (size_t i = 0; i < MOK_COUNT(life_keys); i++)
		if (strcmp(life_keys[i], key) == 0)
			return true;
	return false;
}

/* A switch may be an expression of what is known without the account. */
static bool read_switch(
	struct load *load, const struct mok_val *block, const char *key, bool *is_set, bool *out)
{
	const struct mok_val *v = mok_val_get(block, key);
	struct mok_val parsed, val;
	struct plan_scope s;

	*is_set = false;
	if (!v || v->type == MOK_NULL)
		return true;
	parsed = plan_parse(load, v);
	plan_scope_init(&s, load->arena, load->plan, NULL, NULL);
	if (mok_expr_eval(load->arena, &parsed, &s.scope, load->diags, &val) != 0)
		return false;
	*is_set = plan_bool(&val, out);
	if (!*is_set && val.type != MOK_UNKNOWN) {
		struct mok_diag *d = mok_diag_add(load->diags, "E0405", v->at,
			"%s is a boolean, not a %s", key, mok_type_name(val.type));

		mok_diag_hint(load->diags, d, "write true or false");
	}
	return *is_set;
}

/* A field, or a path into one whose shape is not mok's to know. */
static bool can_be_ignored(struct load *load, const struct mok_resource *r, const char *path)
{
	size_t len = strcspn(path, ".[");
	const struct mok_field *f =
		mok_field_find(r->kind->fields, mok_arena_strndup(load->arena, path, len));

	return f && (!path[len] || (f->flags & MOK_F_ANY && path[len] == '.' && path[len + 1]));
}

static void read_ignored(struct load *load, const struct mok_val *v, struct mok_resource *r)
{
	const char *names[128], *near;
	struct mok_diag *d;
	size_t n = 0;

	for (const struct mok_field *f = r->kind->fields; f->name && n < MOK_COUNT(names); f++)
		names[n++] = f->name;
	for (size_t i = 0; i < v->u.list.len; i++) {
		const struct mok_val *item = &v->u.list.items[i];

		if (item->type == MOK_STR && can_be_ignored(load, r, item->u.s)) {
			mok_vec_push(load->arena, &r->ignore_changes, item->u.s);
			continue;
		}
		d = mok_diag_add(load->diags, "E0603", item->at, "%s has no field \"%s\"",
			r->kind->name, item->type == MOK_STR ? item->u.s : "");
		near = item->type == MOK_STR ? mok_nearest(item->u.s, names, n) : NULL;
		mok_diag_near(load->diags, d, near);
	}
}

static bool parse_duration(const char *s, int *out)
{
	int64_t total = 0;

	if (!*s)
		return false;
	while (*s) {
		int64_t n = 0;

		if (!isdigit((unsigned char)*s))
			return false;
		for (; isdigit((unsigned char)*s) && n < 1000000; s++)
			n = n * 10 + (*s - '0');
		if (*s == 'h')
			n *= 3600;
		else if (*s == 'm')
			n *= 60;
		else if (*s != 's')
			return false;
		s++;
		total += n;
	}
	*out = (int)total;
	return total > 0 && total <= (int64_t)7 * 24 * 3600;
}

static void read_timeouts(struct load *load, const struct mok_val *v, struct mok_resource *r)
{
	static const char *const keys[] = { "create", "update", "delete", NULL };
	int *const out[] = { &r->timeout_create_s, &r->timeout_update_s, &r->timeout_delete_s };
	struct mok_val map;

	if (!plan_map(load, v, "timeouts", &map))
		return;
	plan_unknown_keys(load, &map, "E0604", keys, "timeouts");
	for (size_t i = 0; keys[i]; i++) {
		const struct mok_val *t = mok_val_get(&map, keys[i]);
		struct mok_diag *d;

		if (!t || (t->type == MOK_STR && parse_duration(t->u.s, out[i])))
			continue;
		d = mok_diag_add(load->diags, "E0604", t->at, "this is not a duration");
		mok_diag_hint(load->diags, d, "write 30m, 90s or 1h30m");
		*out[i] = 0;
	}
}

void plan_read_life(struct load *load, const struct mok_val *block, struct mok_resource *r)
{
	const struct mok_val *ignored = mok_val_get(block, "ignore_changes");
	const struct mok_val *timeouts = mok_val_get(block, "timeouts");
	const struct mok_val *moved = mok_val_get(block, "moved_from");
	const struct mok_pair *protect = plan_pair(block, "protect");
	bool is_set, on = false;

	if (read_switch(load, block, "protect", &is_set, &on) && is_set) {
		r->protect = on ? MOK_YES : MOK_NO;
		r->protect_at = protect->key_at;
	}
	if (read_switch(load, block, "retain", &is_set, &on) && is_set)
		r->retain = on;
	if (ignored && ignored->type == MOK_LIST)
		read_ignored(load, ignored, r);
	else if (ignored && ignored->type != MOK_NULL)
		mok_diag_add(
			load->diags, "E0603", ignored->at, "ignore_changes is a list of fields");
	if (timeouts)
		read_timeouts(load, timeouts, r);
	if (plan_text(load, moved, "moved_from", &r->moved_from) &&
		strcmp(r->moved_from, r->block) == 0)
		mok_diag_add(
			load->diags, "E0605", moved->at, "%s cannot move from itself", r->block);
}
