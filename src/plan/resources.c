#include "plan_internal.h"

#include <ctype.h>
#include <string.h>

/* Blocks into resources: one, or with for_each one for each item. */

/* ---- expressions in values ---- */

static bool parse_leaf(void *ctx, const struct mok_val *v, struct mok_val *out)
{
	struct load *load = ctx;

	if (v->type != MOK_STR || !strstr(v->u.s, "${"))
		return false;
	if (mok_expr_parse(load->arena, v->u.s, v->at, load->diags, out) != 0)
		*out = mok_val_unknown("?");
	out->at = v->at;
	return true;
}

struct mok_val plan_parse(struct load *load, const struct mok_val *v)
{
	return mok_val_map(load->arena, v, parse_leaf, load);
}

/* ---- names ---- */

static bool is_block_name(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	for (const char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			return false;
	return !plan_is_scope_root(s);
}

/* <stack>-<address> in lower case, other characters as '-', cut with a hash to the kind's limit. */
static const char *default_name(
	struct mok_arena *arena, const char *stack, const char *address, int max)
{
	size_t limit = max > 0 ? (size_t)max : 63, n = 0;
	char *name = mok_arena_alloc(arena, strlen(stack) + strlen(address) + 2);
	char sum[65];

	for (const char *p = mok_arena_printf(arena, "%s-%s", stack, address); *p; p++) {
		bool plain = isalnum((unsigned char)*p) != 0;

		if (!plain && (n == 0 || name[n - 1] == '-'))
			continue;
		name[n++] = plain ? (char)tolower((unsigned char)*p) : '-';
	}
	while (n > 0 && name[n - 1] == '-')
		n--;
	name[n] = '\0';
	if (n <= limit)
		return name;
	mok_sha256_hex(address, strlen(address), sum);
	n = limit - 7;
	while (n > 1 && name[n - 1] == '-')
		n--;
	return mok_arena_printf(arena, "%.*s-%.6s", (int)n, name, sum);
}

/* ---- one block ---- */

static const struct mok_kind *find_kind(struct load *load, const struct mok_pair *block)
{
	const struct mok_val *v = mok_val_get(&block->val, "kind");
	const struct mok_kind *const *kinds;
	const struct mok_kind *kind;
	const char **names, *near;
	struct mok_diag *d;
	size_t n;

	if (!v || v->type != MOK_STR) {
		d = mok_diag_add(load->diags, "E0401", v ? v->at : block->key_at,
			"\"%s\" does not say its kind", block->key);
		mok_diag_hint(load->diags, d, "write kind: vpc, kind: record, ...");
		return NULL;
	}
	kind = mok_kind_find(v->u.s);
	if (kind)
		return kind;
	kinds = mok_kinds(&n);
	names = MOK_NEW_N(load->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		names[i] = kinds[i]->name;
	d = mok_diag_add(load->diags, "E0401", v->at, "there is no kind \"%s\"", v->u.s);
	near = mok_nearest(
		mok_starts(v->u.s, "digitalocean_") ? v->u.s + strlen("digitalocean_") : v->u.s,
		names, n);
	mok_diag_near(load->diags, d, near);
	return NULL;
}

/* An image that nobody chose is pinned to the digest of its tag. */
static void add_images(
	struct load *load, const struct mok_kind *kind, struct mok_mark at, struct mok_val *fields)
{
	for (const struct mok_field *f = kind->fields; f->name; f++) {
		struct mok_val v;

		if (!(f->flags & MOK_F_IMAGE) || !f->dflt || mok_val_get(fields, f->name))
			continue;
		v = mok_val_str(mok_arena_printf(load->arena, "${image[\"%s\"]}", f->dflt));
		v.at = at;
		mok_val_set(load->arena, fields, f->name, plan_parse(load, &v));
	}
}

/* The block's own keys without those of the life cycle. */
static struct mok_val field_values(
	struct load *load, const struct mok_kind *kind, const struct mok_pair *block)
{
	struct mok_val fields = { .type = MOK_MAP, .at = block->key_at };
	struct mok_pair *pairs = MOK_NEW_N(load->arena, struct mok_pair, block->val.u.map.len);
	size_t n = 0;

	for (size_t i = 0; i < block->val.u.map.len; i++) {
		const struct mok_pair *pair = &block->val.u.map.pairs[i];

		if (plan_is_life_key(pair->key))
			continue;
		pairs[n] = *pair;
		pairs[n++].val = plan_parse(load, &pair->val);
	}
	fields.u.map.pairs = pairs;
	fields.u.map.len = n;
	add_images(load, kind, block->key_at, &fields);
	return fields;
}

static void add_resource(struct load *load, const struct mok_resource *model, const char *address,
	const struct mok_val *key, const struct mok_val *value)
{
	struct mok_resource r = *model;

	r.address = address;
	if (key) {
		r.each_key = *key;
		r.each_value = *value;
	}
	if (r.kind->name_field)
		r.default_name = default_name(load->arena,
			load->stack->name ? load->stack->name : "x", address, r.kind->name_max);
	mok_vec_push(load->arena, &load->stack->resources, r);
}

/* ---- for_each ---- */

static bool bad_items(struct load *load, struct mok_mark at, const char *what)
{
	mok_diag_add(load->diags, "E0601", at, "for_each takes a list of texts or a map: %s", what);
	return false;
}

static bool add_item(struct load *load, const struct mok_resource *model, struct mok_map *seen,
	const struct mok_val *key, const struct mok_val *value)
{
	if (key->type != MOK_STR || !key->u.s[0] || strpbrk(key->u.s, "\"[]\n"))
		return bad_items(load, plan_mark(key, model->at),
			"a key is a text without quotes and brackets");
	if (key->sensitive)
		return bad_items(load, plan_mark(key, model->at),
			"keys are shown in addresses, so they cannot be sensitive");
	if (mok_map_get(seen, key->u.s))
		return bad_items(load, plan_mark(key, model->at), "this one is in it twice");
	mok_map_put(seen, key->u.s, seen);
	add_resource(load, model,
		mok_arena_printf(load->arena, "%s[\"%s\"]", model->block, key->u.s), key, value);
	return true;
}

static void add_each(
	struct load *load, const struct mok_resource *model, const struct mok_val *written)
{
	struct mok_val parsed = plan_parse(load, written), items;
	struct mok_map *seen = mok_map_new(load->arena);
	struct plan_scope s;
	bool ok = true;

	plan_scope_init(&s, load->arena, load->plan, NULL, NULL);
	if (mok_expr_eval(load->arena, &parsed, &s.scope, load->diags, &items) != 0)
		return;
	if (items.type == MOK_LIST) {
		for (size_t i = 0; ok && i < items.u.list.len; i++)
			ok = add_item(
				load, model, seen, &items.u.list.items[i], &items.u.list.items[i]);
	} else if (items.type == MOK_MAP) {
		for (size_t i = 0; ok && i < items.u.map.len; i++) {
			struct mok_val key = mok_val_str(items.u.map.pairs[i].key);

			key.at = items.u.map.pairs[i].key_at;
			ok = add_item(load, model, seen, &key, &items.u.map.pairs[i].val);
		}
	} else if (items.type != MOK_UNKNOWN) {
		bad_items(load, written->at, "this is neither");
	}
}

static void read_block(struct load *load, const struct mok_pair *block)
{
	struct mok_resource r = { .address = block->key, .block = block->key, .at = block->key_at };
	const struct mok_val *each;
	bool *repeats = MOK_NEW(load->arena, bool);

	*repeats = mok_val_get(&block->val, "for_each") != NULL;
	mok_map_put(load->plan->blocks, block->key, repeats);
	if (!is_block_name(block->key)) {
		mok_diag_add(load->diags, "E0207", block->key_at,
			"\"%s\" cannot be the address of a resource", block->key);
		return;
	}
	if (block->val.type != MOK_MAP) {
		mok_diag_add(load->diags, "E0205", plan_mark(&block->val, block->key_at),
			"the resource \"%s\" is a map of its fields", block->key);
		return;
	}
	r.kind = find_kind(load, block);
	if (!r.kind)
		return;
	plan_read_life(load, &block->val, &r);
	r.fields = field_values(load, r.kind, block);
	each = mok_val_get(&block->val, "for_each");
	if (each)
		add_each(load, &r, each);
	else
		add_resource(load, &r, block->key, NULL, NULL);
}

/* Room for one of each block: what doubles leaves as much behind as it takes. */
static void make_room(struct load *load, size_t more)
{
	struct mok_stack *stack = load->stack;
	size_t len = stack->resources.len, cap = len + more;
	struct mok_resource *items;

	if (cap <= stack->resources.cap)
		return;
	items = MOK_NEW_N(load->arena, struct mok_resource, cap);
	if (len)
		memcpy(items, stack->resources.items, len * sizeof(*items));
	stack->resources.items = items;
	stack->resources.cap = cap;
}

void plan_read_resources(struct load *load, const struct mok_val *map)
{
	struct mok_stack *stack = load->stack;

	make_room(load, map->u.map.len);
	for (size_t i = 0; i < map->u.map.len; i++)
		if (map->u.map.pairs[i].val.type != MOK_NULL)
			read_block(load, &map->u.map.pairs[i]);
	for (size_t i = 0; i < stack->resources.len; i++)
		mok_map_put(stack->by_address, stack->resources.items[i].address,
			&stack->resources.items[i]);
}

/* ---- outputs ---- */

void plan_read_outputs(struct load *load, const struct mok_val *map)
{
	static const char *const keys[] = { "value", "sensitive", "description", NULL };

	for (size_t i = 0; i < map->u.map.len; i++) {
		const struct mok_pair *pair = &map->u.map.pairs[i];
		struct mok_output o = { .name = pair->key, .at = pair->key_at };
		const struct mok_val *value = &pair->val, *sensitive;

		if (value->type == MOK_MAP && mok_val_get(value, "value")) {
			plan_unknown_keys(load, value, "E0402", keys, "an output");
			sensitive = mok_val_get(value, "sensitive");
			if (sensitive && !plan_bool(sensitive, &o.sensitive))
				mok_diag_add(load->diags, "E0405", sensitive->at,
					"sensitive is true or false");
			value = mok_val_get(value, "value");
		}
		o.value = plan_parse(load, value);
		mok_vec_push(load->arena, &load->stack->outputs, o);
	}
}
