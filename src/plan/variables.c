#include "plan_internal.h"

#include <stdlib.h>
#include <string.h>

static const char *const keys[] = { "type", "default", "pattern", "sensitive", "description",
	NULL };
static const char *const types[] = { "string", "number", "bool", "list", "map" };

struct declared {
	struct mok_variable *variable;
	const char *pattern;
	struct mok_mark pattern_at;
};

static bool wrong_type(
	struct load *load, const struct mok_variable *var, struct mok_mark at, const char *got)
{
	struct mok_diag *d = mok_diag_add(load->diags, "E0303", at,
		"the variable \"%s\" is a %s, and this is a %s", var->name, var->type, got);

	if (strcmp(var->type, "bool") == 0)
		mok_diag_hint(load->diags, d, "write true or false");
	return false;
}

static bool to_number(const char *text, struct mok_val *out)
{
	int64_t i;
	char *end;
	double n;

	if (mok_parse_i64(text, &i)) {
		*out = mok_val_int(i);
		return true;
	}
	n = strtod(text, &end);
	if (end == text || *end || n > 1e300 || n < -1e300)
		return false;
	*out = mok_val_num(n);
	return true;
}

/* A value as YAML gave it gets the declared type. */
static bool take_type(struct load *load, const struct mok_variable *var, struct mok_val *v)
{
	struct mok_val out = *v;
	bool b;

	if (v->type == MOK_NULL)
		return true;
	if (strcmp(var->type, "list") == 0 || strcmp(var->type, "map") == 0) {
		if (strcmp(mok_type_name(v->type), var->type) != 0)
			return wrong_type(load, var, v->at, mok_type_name(v->type));
		return true;
	}
	if (v->type != MOK_STR)
		return wrong_type(load, var, v->at, mok_type_name(v->type));
	if (strcmp(var->type, "string") == 0) {
		v->plain = false;
		return true;
	}
	if (strcmp(var->type, "number") == 0 && !to_number(v->u.s, &out))
		return wrong_type(load, var, v->at, "string");
	if (strcmp(var->type, "bool") == 0) {
		if (!plan_bool(v, &b))
			return wrong_type(load, var, v->at, "string");
		out = mok_val_bool(b);
	}
	out.at = v->at;
	*v = out;
	return true;
}

/* Text from the command line or the environment: lists and maps are written as YAML. */
static bool take_text(struct load *load, const struct mok_variable *var, const char *text,
	const char *from, struct mok_val *out)
{
	const struct mok_source source = { from, text, strlen(text) };
	struct mok_diags quiet = { .arena = load->arena };
	size_t before = load->diags->list.len;
	const struct mok_mark at = { .file = NULL };

	if (strcmp(var->type, "list") == 0 || strcmp(var->type, "map") == 0) {
		if (plan_read_yaml(load->arena, &quiet, &source, out) != 0)
			*out = mok_val_str("");
	} else {
		*out = mok_val_str(text);
	}
	out->at = at;
	if (take_type(load, var, out))
		return true;
	/* No place in a file: the message says where it came from. */
	for (size_t i = before; i < load->diags->list.len; i++)
		load->diags->list.items[i].message = mok_arena_printf(
			load->arena, "%s: %s", from, load->diags->list.items[i].message);
	return false;
}

static bool is_type(const char *type)
{
	for (size_t i = 0; i < MOK_COUNT(types); i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

static void declare_type(struct load *load, const struct mok_val *body, struct mok_variable *var)
{
	const struct mok_val *type = mok_val_get(body, "type");
	struct mok_diag *d;
	const char *near;

	var->type = "string";
	if (!type)
		return;
	if (type->type == MOK_STR && is_type(type->u.s)) {
		var->type = type->u.s;
		return;
	}
	d = mok_diag_add(load->diags, "E0301", type->at,
		"a variable's type is string, number, bool, list or map");
	near = type->type == MOK_STR ? mok_nearest(type->u.s, types, MOK_COUNT(types)) : NULL;
	mok_diag_near(load->diags, d, near);
}

static void declare_pattern(struct load *load, const struct mok_val *body, struct declared *decl)
{
	const struct mok_val *pattern = mok_val_get(body, "pattern");

	if (!plan_text(load, pattern, "pattern", &decl->pattern))
		return;
	decl->pattern_at = pattern->at;
	if (plan_search(decl->pattern, "") != PLAN_NO_PATTERN)
		return;
	mok_diag_add(load->diags, "E0301", pattern->at,
		"this pattern is not a POSIX extended regular expression");
	decl->pattern = NULL;
}

static void declare(struct load *load, const struct mok_pair *pair, struct declared *decl)
{
	struct mok_variable *var = MOK_NEW(load->arena, struct mok_variable);
	const struct mok_val *dflt, *sensitive;
	struct mok_val body;
	const char *description;

	decl->variable = var;
	var->name = pair->key;
	var->at = pair->key_at;
	plan_map(load, &pair->val, "a variable", &body);
	plan_unknown_keys(load, &body, "E0301", keys, "a variable");
	declare_type(load, &body, var);
	declare_pattern(load, &body, decl);
	if (plan_text(load, mok_val_get(&body, "description"), "description", &description))
		var->description = description;
	sensitive = mok_val_get(&body, "sensitive");
	if (sensitive && !plan_bool(sensitive, &var->sensitive))
		mok_diag_add(load->diags, "E0301", sensitive->at, "sensitive is true or false");
	dflt = mok_val_get(&body, "default");
	if (!dflt)
		return;
	var->value = *dflt;
	if (plan_has_expression(dflt))
		mok_diag_add(load->diags, "E0301", dflt->at,
			"a default is a plain value: it cannot hold ${...}");
	else if (!take_type(load, var, &var->value))
		var->value = mok_val_null();
	var->value.at.end = var->value.at.end ? var->value.at.end : 1;
}

/* ---- values from outside, in the order in which the later wins ---- */

static void set_from_environment(struct load *load, struct mok_map *set)
{
	for (size_t i = 0; i < load->options->nenvironment; i++) {
		const struct mok_assignment *a = &load->options->environment[i];
		struct mok_variable *var;

		if (!mok_starts(a->name, "MOK_VAR_"))
			continue;
		var = mok_map_get(load->plan->variables, a->name + strlen("MOK_VAR_"));
		if (var && take_text(load, var, a->value, a->name, &var->value))
			mok_map_put(set, var->name, var);
	}
}

static void undeclared(struct load *load, struct mok_mark at, const char *name)
{
	size_t n = mok_map_len(load->plan->variables);
	const char **names = MOK_NEW_N(load->arena, const char *, n + 1);
	struct mok_diag *d;
	const char *near;

	for (size_t i = 0; i < n; i++)
		names[i] = mok_map_key(load->plan->variables, i);
	d = mok_diag_add(load->diags, "E0306", at, "the plan declares no variable \"%s\"", name);
	near = mok_nearest(name, names, n);
	mok_diag_near(load->diags, d, near);
}

static void set_from_file(struct load *load, const char *path, struct mok_map *set)
{
	const struct mok_mark nowhere = { 0 };
	const struct mok_source *source;
	struct mok_val map;

	if (plan_read_source(load, path, nowhere, &source) != 0 ||
		plan_read_yaml(load->arena, load->diags, source, &map) != 0 ||
		!plan_map(load, &map, "a variable file", &map))
		return;
	for (size_t i = 0; i < map.u.map.len; i++) {
		const struct mok_pair *pair = &map.u.map.pairs[i];
		struct mok_variable *var = mok_map_get(load->plan->variables, pair->key);
		struct mok_val v = pair->val;

		if (!var) {
			undeclared(load, pair->key_at, pair->key);
			continue;
		}
		if (take_type(load, var, &v))
			var->value = v;
		mok_map_put(set, var->name, var);
	}
}

static void set_from_arguments(struct load *load, struct mok_map *set)
{
	const struct mok_mark nowhere = { 0 };

	for (size_t i = 0; i < load->options->nvars; i++) {
		const struct mok_assignment *a = &load->options->vars[i];
		struct mok_variable *var = mok_map_get(load->plan->variables, a->name);

		if (!var) {
			undeclared(load, nowhere, a->name);
		} else if (var->sensitive) {
			struct mok_diag *d = mok_diag_add(load->diags, "E0305", var->at,
				"--var %s: this variable is sensitive, and arguments are not "
				"secret",
				var->name);

			mok_diag_hint(
				load->diags, d, "set MOK_VAR_%s, or use --var-file", var->name);
			mok_map_put(set, var->name, var);
		} else {
			take_text(load, var, a->value,
				mok_arena_printf(load->arena, "--var %s", a->name), &var->value);
			mok_map_put(set, var->name, var);
		}
	}
}

static void check_value(
	struct load *load, const struct declared *decl, bool is_set, bool has_default)
{
	struct mok_variable *var = decl->variable;
	struct mok_diag *d;

	var->value.sensitive |= var->sensitive;
	if (!is_set && !has_default) {
		d = mok_diag_add(load->diags, "E0302", var->at, "the variable \"%s\" has no value",
			var->name);
		if (var->sensitive)
			mok_diag_hint(
				load->diags, d, "set MOK_VAR_%s, or use --var-file", var->name);
		else
			mok_diag_hint(load->diags, d, "use --var %s=VALUE, or set MOK_VAR_%s",
				var->name, var->name);
		var->value = mok_val_unknown(mok_arena_printf(load->arena, "var.%s", var->name));
		return;
	}
	if (!decl->pattern || var->value.type != MOK_STR ||
		plan_search(decl->pattern, var->value.u.s) == PLAN_FOUND)
		return;
	d = mok_diag_add(load->diags, "E0304", plan_mark(&var->value, var->at),
		"the value of \"%s\" does not match its pattern", var->name);
	mok_diag_hint(load->diags, d, "the pattern is %s", decl->pattern);
}

void plan_read_variables(struct load *load, const struct mok_val *map)
{
	struct declared *decls = MOK_NEW_N(load->arena, struct declared, map->u.map.len + 1);
	struct mok_map *set = mok_map_new(load->arena);

	for (size_t i = 0; i < map->u.map.len; i++) {
		declare(load, &map->u.map.pairs[i], &decls[i]);
		mok_map_put(load->plan->variables, decls[i].variable->name, decls[i].variable);
	}
	set_from_environment(load, set);
	for (size_t i = 0; i < load->options->nvar_files; i++)
		set_from_file(load, load->options->var_files[i], set);
	set_from_arguments(load, set);
	for (size_t i = 0; i < map->u.map.len; i++) {
		struct mok_variable *var = decls[i].variable;
		bool has_default = map->u.map.pairs[i].val.type == MOK_MAP &&
			mok_val_get(&map->u.map.pairs[i].val, "default");

		check_value(load, &decls[i], mok_map_get(set, var->name), has_default);
		mok_vec_push(load->arena, &load->stack->variables, *var);
	}
}
