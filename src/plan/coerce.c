#include "plan_internal.h"

#include <stdlib.h>
#include <string.h>

/* A value takes the type of its field, and is checked against what the field allows. */

struct coerce {
	struct mok_arena *arena;
	struct mok_diags *diags;
	bool failed;
};

static struct mok_val coerce(struct coerce *c, const struct mok_field *f, enum mok_type type,
	const struct mok_val *v, const char *name);

static const char *article(enum mok_type type)
{
	return type == MOK_INT ? "an" : "a";
}

static struct mok_val refuse_type(struct coerce *c, const struct mok_field *f, enum mok_type type,
	const struct mok_val *v, const char *name)
{
	const char *got = v->type == MOK_STR && type != MOK_LIST && type != MOK_MAP
		? "text"
		: mok_type_name(v->type);
	struct mok_diag *d = mok_diag_add(c->diags, "E0405", v->at, "%s is %s %s, not %s %s", name,
		article(type), mok_type_name(type), v->type == MOK_INT ? "an" : "a", got);

	c->failed = true;
	if (type == MOK_BOOL)
		mok_diag_hint(c->diags, d, "write true or false");
	else if (type == MOK_LIST && v->type == MOK_STR && !v->sensitive && (f->flags & MOK_F_ALL))
		mok_diag_hint(c->diags, d, "write a list, or the word all");
	else if (type == MOK_LIST && v->type == MOK_STR && !v->sensitive)
		mok_diag_hint(c->diags, d, "write [%s]", v->u.s);
	return mok_val_null();
}

/* ---- scalars ---- */

static bool to_int(const struct mok_val *v, int64_t *out)
{
	if (v->type == MOK_INT)
		*out = v->u.i;
	else if (v->type == MOK_NUM && v->u.n > -9e15 && v->u.n < 9e15)
		*out = (int64_t)v->u.n;
	else
		return v->type == MOK_STR && mok_parse_i64(v->u.s, out);
	return v->type == MOK_INT || !(v->u.n < (double)*out || v->u.n > (double)*out);
}

static bool to_num(const struct mok_val *v, double *out)
{
	char *end;

	if (v->type == MOK_NUM)
		*out = v->u.n;
	else if (v->type == MOK_INT)
		*out = (double)v->u.i;
	else if (v->type == MOK_STR && v->u.s[0]) {
		*out = strtod(v->u.s, &end);
		return *end == '\0';
	} else
		return false;
	return true;
}

static struct mok_val scalar(struct coerce *c, const struct mok_field *f, enum mok_type type,
	const struct mok_val *v, const char *name)
{
	const char *text;
	int64_t i;
	double n;
	bool b;

	if (type == MOK_STR && (text = mok_val_text(c->arena, v)))
		return mok_val_str(text);
	if (type == MOK_INT && to_int(v, &i))
		return mok_val_int(i);
	if (type == MOK_NUM && to_num(v, &n))
		return mok_val_num(n);
	if (type == MOK_BOOL && plan_bool(v, &b))
		return mok_val_bool(b);
	return refuse_type(c, f, type, v, name);
}

/* ---- what a field allows ---- */

static void out_of_range(
	struct coerce *c, const struct mok_field *f, const struct mok_val *v, const char *what)
{
	c->failed = true;
	if (f->min == f->max)
		mok_diag_add(c->diags, "E0407", v->at, "%s must be %lld%s", f->name,
			(long long)f->min, what);
	else if (f->max == 0)
		mok_diag_add(c->diags, "E0407", v->at, "%s must be at least %lld%s", f->name,
			(long long)f->min, what);
	else
		mok_diag_add(c->diags, "E0407", v->at, "%s must be between %lld and %lld%s",
			f->name, (long long)f->min, (long long)f->max, what);
}

static bool is_within(const struct mok_field *f, double n)
{
	if (f->min == 0 && f->max == 0)
		return true;
	return n >= (double)f->min && (n <= (double)f->max || (f->max == 0 && f->min > 0));
}

static size_t split_values(
	struct mok_arena *arena, const char *values, const char **out, size_t max)
{
	size_t n = 0;

	while (*values && n < max) {
		size_t len = strcspn(values, "|");

		out[n++] = mok_arena_strndup(arena, values, len);
		values += len + (values[len] == '|');
	}
	return n;
}

static void check_legal(struct coerce *c, const struct mok_field *f, const struct mok_val *v)
{
	const char *values[64], *near;
	struct mok_val same;
	struct mok_buf list;
	struct mok_diag *d;
	size_t n;

	if (!f->values || f->values[0] == '@')
		return;
	same = mok_norm(c->arena, f->norm, *v); /* "production" is Production */
	if (mok_field_takes(f, same.u.s))
		return;
	c->failed = true;
	n = split_values(c->arena, f->values, values, MOK_COUNT(values));
	d = mok_diag_add(c->diags, "E0406", v->at, "%s cannot be %s%s%s", f->name,
		v->sensitive ? "" : "\"", v->sensitive ? "this" : v->u.s, v->sensitive ? "" : "\"");
	near = mok_nearest(v->u.s, values, n);
	mok_buf_init(&list, 2000);
	for (size_t i = 0; i < n; i++)
		mok_buf_printf(&list, "%s%s", i ? ", " : "", values[i]);
	if (near)
		mok_diag_hint(c->diags, d, "did you mean \"%s\"? It can be %s", near, list.data);
	else
		mok_diag_hint(c->diags, d, "it can be %s", list.data);
	mok_buf_release(&list);
}

static void check_text(struct coerce *c, const struct mok_field *f, const struct mok_val *v)
{
	struct mok_diag *d;

	if (!is_within(f, (double)mok_utf8_count(v->u.s, strlen(v->u.s)))) {
		out_of_range(c, f, v, " characters");
	} else if (f->pattern && !plan_matches(f->pattern, v->u.s)) {
		c->failed = true;
		d = mok_diag_add(c->diags, "E0408", v->at,
			"%s does not have the form that is asked for", f->name);
		if (f->form)
			mok_diag_hint(c->diags, d, "it is %s", f->form);
		else
			mok_diag_hint(c->diags, d, "as a regular expression: %s", f->pattern);
	}
	check_legal(c, f, v);
}

static void check_scalar(struct coerce *c, const struct mok_field *f, const struct mok_val *v)
{
	if (v->type == MOK_STR)
		check_text(c, f, v);
	else if ((v->type == MOK_INT && !is_within(f, (double)v->u.i)) ||
		(v->type == MOK_NUM && !is_within(f, v->u.n)))
		out_of_range(c, f, v, "");
}

/* ---- collections ---- */

static bool is_item_checked(const struct mok_field *f)
{
	return f->item != MOK_MAP && f->item != MOK_LIST;
}

/* A list's min and max are of its length; its legal values and pattern are of its items. */
static struct mok_val list(struct coerce *c, const struct mok_field *f, const struct mok_val *v)
{
	struct mok_field item_field = *f;
	struct mok_val *items;
	struct mok_val out = { .type = MOK_LIST };

	if (v->type == MOK_STR && (f->flags & MOK_F_ALL) && strcmp(v->u.s, "all") == 0)
		return *v;
	if (v->type != MOK_LIST)
		return refuse_type(c, f, MOK_LIST, v, f->name);
	if (!is_within(f, (double)v->u.list.len))
		out_of_range(c, f, v, " items");
	item_field.min = item_field.max = 0;
	items = MOK_NEW_N(c->arena, struct mok_val, v->u.list.len + 1);
	for (size_t i = 0; i < v->u.list.len; i++) {
		items[i] = coerce(c, &item_field, f->item ? f->item : MOK_STR, &v->u.list.items[i],
			mok_arena_printf(c->arena, "an item of %s", f->name));
		if (is_item_checked(f))
			check_scalar(c, &item_field, &items[i]);
	}
	out.u.list.items = items;
	out.u.list.len = v->u.list.len;
	return out;
}

static struct mok_val free_map(struct coerce *c, const struct mok_field *f, const struct mok_val *v)
{
	struct mok_val out = { .type = MOK_MAP };
	struct mok_pair *pairs = MOK_NEW_N(c->arena, struct mok_pair, v->u.map.len + 1);

	for (size_t i = 0; i < v->u.map.len; i++) {
		pairs[i] = v->u.map.pairs[i];
		if (pairs[i].val.type == MOK_NULL)
			pairs[i].val = mok_val_str("");
		pairs[i].val = coerce(c, f, MOK_STR, &pairs[i].val,
			mok_arena_printf(c->arena, "%s.%s", f->name, pairs[i].key));
	}
	out.u.map.pairs = pairs;
	out.u.map.len = v->u.map.len;
	return out;
}

/* { a: {...}, b: {...} }: the fields of `sub` under each key. */
static struct mok_val each(struct coerce *c, const struct mok_field *f, const struct mok_val *v)
{
	struct mok_pair *pairs = MOK_NEW_N(c->arena, struct mok_pair, v->u.map.len + 1);
	struct mok_field one = *f;
	struct mok_val out = { .type = MOK_MAP };
	size_t n = 0;

	one.flags &= ~(unsigned)MOK_F_EACH;
	for (size_t i = 0; i < v->u.map.len; i++) {
		if (v->u.map.pairs[i].val.type == MOK_NULL)
			continue;
		pairs[n] = v->u.map.pairs[i];
		pairs[n].val = coerce(c, &one, MOK_MAP, &v->u.map.pairs[i].val,
			mok_arena_printf(c->arena, "%s.%s", f->name, pairs[n].key));
		n++;
	}
	out.u.map.pairs = pairs;
	out.u.map.len = n;
	return out;
}

/* 3 stands for { min: 3, max: 3 }; what is wrong with it is said once. */
static struct mok_val range(struct coerce *c, const struct mok_field *f, const struct mok_val *v)
{
	struct mok_val out = { .type = MOK_MAP, .at = v->at };
	struct mok_field number = f->sub[0];
	int64_t n;

	number.name = f->name;
	if (to_int(v, &n) && !is_within(&number, (double)n)) {
		out_of_range(c, &number, v, "");
		return out;
	}
	mok_val_set(c->arena, &out, "min", *v);
	mok_val_set(c->arena, &out, "max", *v);
	return out;
}

static struct mok_val map(
	struct coerce *c, const struct mok_field *f, const struct mok_val *v, const char *name)
{
	struct mok_val out, spread;
	int64_t ignored;

	if ((f->flags & MOK_F_RANGE) && (v->type == MOK_STR || v->type == MOK_INT)) {
		if (!to_int(v, &ignored))
			return refuse_type(c, f, MOK_INT, v, name);
		spread = range(c, f, v);
		v = &spread;
	}
	if (v->type != MOK_MAP)
		return refuse_type(c, f, MOK_MAP, v, name);
	if (f->flags & MOK_F_ANY)
		return mok_val_core(c->arena, v);
	if (f->flags & MOK_F_EACH)
		return each(c, f, v);
	if (!f->sub)
		return free_map(c, f, v);
	if (plan_coerce_fields(c->arena, c->diags, f->sub, v, &out) != 0)
		c->failed = true;
	return out;
}

static struct mok_val coerce(struct coerce *c, const struct mok_field *f, enum mok_type type,
	const struct mok_val *v, const char *name)
{
	struct mok_val out = *v;

	if (v->type == MOK_UNKNOWN || v->type == MOK_NULL)
		return out;
	if (type == MOK_LIST)
		out = list(c, f, v);
	else if (type == MOK_MAP)
		out = map(c, f, v, name);
	else
		out = scalar(c, f, type, v, name);
	out.at = v->at;
	out.sensitive |= v->sensitive || (f->flags & MOK_F_SENSITIVE);
	return out;
}

static void missing(struct coerce *c, const struct mok_field *fields, const struct mok_val *map)
{
	for (const struct mok_field *f = fields; f->name; f++) {
		const struct mok_val *v = mok_val_get(map, f->name);

		if (!(f->flags & MOK_F_REQUIRED) || (v && v->type != MOK_NULL))
			continue;
		c->failed = true;
		mok_diag_add(c->diags, "E0404", map->at, "the field \"%s\" is missing", f->name);
	}
}

static void unknown_field(
	struct coerce *c, const struct mok_field *fields, const struct mok_pair *pair)
{
	const char *names[128], *near;
	struct mok_diag *d;
	size_t n = 0;

	for (const struct mok_field *f = fields; f->name && n < MOK_COUNT(names); f++)
		if (!(f->flags & MOK_F_COMPUTED))
			names[n++] = f->name;
	c->failed = true;
	d = mok_diag_add(c->diags, "E0402", pair->key_at, "there is no field \"%s\"", pair->key);
	near = mok_nearest(pair->key, names, n);
	mok_diag_near(c->diags, d, near);
}

int plan_coerce_fields(struct mok_arena *arena, struct mok_diags *diags,
	const struct mok_field *fields, const struct mok_val *map, struct mok_val *out)
{
	struct coerce c = { arena, diags, false };
	struct mok_pair *pairs = MOK_NEW_N(arena, struct mok_pair, map->u.map.len);
	size_t n = 0;

	for (size_t i = 0; i < map->u.map.len; i++) {
		const struct mok_pair *pair = &map->u.map.pairs[i];
		const struct mok_field *f = mok_field_find(fields, pair->key);

		if (!f) {
			unknown_field(&c, fields, pair);
			continue;
		}
		if (f->flags & MOK_F_COMPUTED) {
			c.failed = true;
			mok_diag_add(diags, "E0403", pair->key_at,
				"%s is computed by the API and cannot be set", f->name);
			continue;
		}
		if (pair->val.type == MOK_NULL)
			continue;
		pairs[n] = *pair;
		pairs[n].val = coerce(&c, f, f->type, &pair->val, f->name);
		if (f->type != MOK_LIST && f->type != MOK_MAP)
			check_scalar(&c, f, &pairs[n].val);
		n++;
	}
	missing(&c, fields, map);
	*out = (struct mok_val){ .type = MOK_MAP, .at = map->at };
	out->u.map.pairs = pairs;
	out->u.map.len = n;
	return c.failed ? -1 : 0;
}
