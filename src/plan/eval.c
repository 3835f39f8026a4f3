#include "plan_internal.h"

#include <string.h>

/* What is wanted now: expressions evaluated, defaults filled in, types taken. */

/* The block's fields, evaluated, with room for the two that may be filled in. */
#define SPARE 2
#define FIELDS_MAX 128

struct fields {
	struct mok_pair pairs[FIELDS_MAX + SPARE];
	size_t len;
};

static bool evaluate_fields(struct mok_arena *arena, const struct mok_resource *r,
	const struct mok_scope *scope, struct mok_diags *diags, struct fields *out)
{
	bool ok = true;

	for (size_t i = 0; i < r->fields.u.map.len && out->len < FIELDS_MAX; i++) {
		struct mok_pair *pair = &out->pairs[out->len++];

		*pair = r->fields.u.map.pairs[i];
		ok &= mok_expr_eval(
			      arena, &r->fields.u.map.pairs[i].val, scope, diags, &pair->val) == 0;
	}
	return ok;
}

static struct mok_val *find_field(struct fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->len; i++)
		if (strcmp(fields->pairs[i].key, name) == 0)
			return &fields->pairs[i].val;
	return NULL;
}

static void fill_in(struct fields *fields, const char *key, const char *text, struct mok_mark at)
{
	struct mok_val *v = find_field(fields, key), filled = mok_val_str(text);

	filled.at = at;
	if (!v)
		fields->pairs[fields->len++] =
			(struct mok_pair){ .key = key, .key_at = at, .val = filled };
	else if (v->type == MOK_NULL)
		*v = filled;
}

static bool is_in(struct mok_arena *arena, const struct mok_field *region, const char *name)
{
	return mok_field_takes(region, mok_norm(arena, region->norm, mok_val_str(name)).u.s);
}

/* A region of the stack's that this kind is not in: the resource needs one of its own. The first
 * that there is stands in for it, lest it be missed too. */
static const char *refuse_region(const struct mok_resource *r, const struct mok_field *region,
	const char *name, struct mok_diags *diags)
{
	const char *list = "", *first = NULL;
	struct mok_diag *d = mok_diag_add(diags, "E0406", r->at,
		"%s needs a region of its own: there is no %s in %s", r->address, r->kind->name,
		name);

	for (const char *p = region->values; *p;) {
		size_t len = strcspn(p, "|");

		first = first ? first : mok_arena_strndup(diags->arena, p, len);
		list = mok_arena_printf(
			diags->arena, "%s%s%.*s", list, *list ? ", " : "", (int)len, p);
		p += len + (p[len] == '|');
	}
	mok_diag_hint(diags, d, "write region: there; it can be %s", list);
	return first;
}

static void fill_region(const struct mok_stack *stack, const struct mok_resource *r,
	struct mok_diags *diags, struct fields *fields)
{
	const struct mok_field *region = mok_field_find(r->kind->fields, "region");
	const struct mok_val *v = region ? find_field(fields, "region") : NULL;
	const char *name;
	struct mok_diag *d;

	if (!region || (region->flags & MOK_F_COMPUTED) || (v && v->type != MOK_NULL))
		return;
	if (!stack->region && !(region->flags & MOK_F_REQUIRED))
		return;
	if (!stack->region) {
		d = mok_diag_add(diags, "E0409", r->at, "%s needs a region", r->address);
		mok_diag_hint(diags, d, "write `region: ams3` here or at the top of the file");
	}
	name = stack->region ? stack->region : "";
	if (stack->region && !is_in(diags->arena, region, name))
		name = refuse_region(r, region, name, diags);
	fill_in(fields, "region", name, stack->region ? stack->region_at : r->at);
}

/* A name that has to be written gets no default. */
static void fill_name(const struct mok_resource *r, struct fields *fields)
{
	const char *key = r->kind->name_field;
	const struct mok_field *name = key ? mok_field_find(r->kind->fields, key) : NULL;

	if (name && !(name->flags & MOK_F_REQUIRED) && r->default_name)
		fill_in(fields, key, r->default_name, r->at);
}

static void add_address(struct mok_diags *diags, size_t from, const char *address)
{
	for (size_t i = from; i < diags->list.len; i++)
		if (!diags->list.items[i].address)
			diags->list.items[i].address = address;
}

int mok_plan_eval(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_resource *r, const struct mok_lookup *lookup, struct mok_diags *diags,
	struct mok_val *out)
{
	size_t ndiags = diags->list.len, nerrors = diags->nerrors;
	struct fields fields;
	struct plan_scope s;
	struct mok_val map = { .type = MOK_MAP, .at = r->fields.at };

	fields.len = 0;
	plan_scope_init(&s, arena, stack->plan, r, lookup);
	if (!evaluate_fields(arena, r, &s.scope, diags, &fields)) {
		add_address(diags, ndiags, r->address);
		*out = (struct mok_val){ .type = MOK_MAP };
		return -1;
	}
	fill_name(r, &fields);
	fill_region(stack, r, diags, &fields);
	map.u.map.pairs = fields.pairs;
	map.u.map.len = fields.len;
	if (plan_coerce_fields(arena, diags, r->kind->fields, &map, out) == 0 && r->kind->check)
		r->kind->check(r, out, diags);
	if (diags->nerrors == nerrors && r->kind->derive)
		r->kind->derive(arena, out);
	add_address(diags, ndiags, r->address);
	return diags->nerrors > nerrors ? -1 : 0;
}

int mok_plan_eval_output(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_output *o, const struct mok_lookup *lookup, struct mok_diags *diags,
	struct mok_val *out)
{
	struct plan_scope s;
	struct mok_diag *d;

	plan_scope_init(&s, arena, stack->plan, NULL, lookup);
	if (mok_expr_eval(arena, &o->value, &s.scope, diags, out) != 0)
		return -1;
	if (!mok_val_has_sensitive(out) || o->sensitive)
		return 0;
	d = mok_diag_add(diags, "E0509", plan_mark(&o->value, o->at),
		"the output \"%s\" holds a sensitive value and is not marked so", o->name);
	mok_diag_hint(diags, d, "write %s: { value: ..., sensitive: true }", o->name);
	return -1;
}

/* ---- before anything of the account is known ---- */

struct written {
	struct mok_arena *arena;
	const struct mok_stack *stack;
	int depth;
};

#define WRITTEN_DEPTH 3 /* circles are found later */

/* What a resource's block says itself is known all the same: `domain: ${zone.name}`. */
static bool as_written(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out)
{
	const struct written *w = self;
	struct written deeper = { w->arena, w->stack, w->depth + 1 };
	const struct mok_lookup lookup = { .self = &deeper, .attribute = as_written };
	struct mok_diags ignored = { .arena = w->arena };
	const struct mok_val *field = mok_val_get(&r->fields, path);
	struct plan_scope s;

	*out = mok_val_unknown(r->address);
	if (field && w->depth < WRITTEN_DEPTH) {
		plan_scope_init(&s, w->arena, w->stack->plan, r, &lookup);
		if (mok_expr_eval(w->arena, field, &s.scope, &ignored, out) != 0 ||
			!mok_val_text(w->arena, out))
			*out = mok_val_unknown(r->address);
	}
	out->sensitive |= mok_field_is_sensitive(r->kind->fields, path);
	return true;
}

int mok_plan_eval_fields(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_val *written, const struct mok_field *fields, struct mok_diags *diags,
	struct mok_val *out)
{
	struct written known = { .arena = arena, .stack = stack };
	const struct mok_lookup lookup = { .self = &known, .attribute = as_written };
	struct load load = { .arena = arena, .diags = diags };
	struct mok_val parsed, value;
	struct plan_scope s;

	*out = (struct mok_val){ .type = MOK_MAP, .at = written->at };
	plan_scope_init(&s, arena, stack->plan, NULL, &lookup);
	parsed = plan_parse(&load, written);
	if (mok_expr_eval(arena, &parsed, &s.scope, diags, &value) != 0)
		return -1;
	if (value.type != MOK_MAP) {
		mok_diag_add(diags, "E0205", written->at, "this is a map, not a %s",
			mok_type_name(value.type));
		return -1;
	}
	return plan_coerce_fields(arena, diags, fields, &value, out);
}
