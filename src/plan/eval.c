#include "plan_internal.h"

#include <string.h>

/* What is wanted now: expressions evaluated, defaults filled in, types taken. */

static void fill_in(struct mok_arena *arena, struct mok_val *map, const char *key, const char *text,
	struct mok_mark at)
{
	const struct mok_val *v = mok_val_get(map, key);
	struct mok_val filled = mok_val_str(text);

	if (v && v->type != MOK_NULL)
		return;
	filled.at = at;
	mok_val_set(arena, map, key, filled);
}

static int fill_defaults(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_resource *r, struct mok_diags *diags, struct mok_val *map)
{
	const struct mok_field *region = mok_field_find(r->kind->fields, "region");
	const struct mok_val *v = region ? mok_val_get(map, "region") : NULL;
	const struct mok_field *name;
	struct mok_diag *d;

	name = r->kind->name_field ? mok_field_find(r->kind->fields, r->kind->name_field) : NULL;
	if (name && !(name->flags & MOK_F_REQUIRED) && r->default_name)
		fill_in(arena, map, r->kind->name_field, r->default_name, r->at);
	if (!region || (region->flags & MOK_F_COMPUTED) || (v && v->type != MOK_NULL))
		return 0;
	if (stack->region) {
		fill_in(arena, map, "region", stack->region, r->at);
		return 0;
	}
	if (!(region->flags & MOK_F_REQUIRED))
		return 0;
	d = mok_diag_add(diags, "E0409", r->at, "%s needs a region", r->address);
	mok_diag_hint(diags, d, "write `region: ams3` here or at the top of the file");
	fill_in(arena, map, "region", "", r->at);
	return -1;
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
	struct plan_scope s;
	struct mok_val map;

	plan_scope_init(&s, arena, stack->plan, r, lookup);
	if (mok_expr_eval(arena, &r->fields, &s.scope, diags, &map) != 0) {
		add_address(diags, ndiags, r->address);
		*out = (struct mok_val){ .type = MOK_MAP };
		return -1;
	}
	fill_defaults(arena, stack, r, diags, &map);
	if (plan_coerce_fields(arena, diags, r->kind->fields, &map, out) == 0 && r->kind->check)
		r->kind->check(r, out, diags);
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
