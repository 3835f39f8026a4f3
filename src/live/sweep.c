#include "live_internal.h"

#include <stdio.h>
#include <string.h>

static bool is_settled(void *ctx)
{
	const struct sweep *sweep = ctx;

	return sweep->failed || sweep->outstanding == 0;
}

static int run(struct sweep *sweep, struct mok_err *err)
{
	if (mok_loop_run(sweep->in.loop, is_settled, sweep, err) != 0)
		return -1;
	if (!sweep->failed)
		return 0;
	*err = sweep->err;
	return -1;
}

/* ---- the account and the catalogues ---- */

static bool says_sandbox(const struct mok_val *account)
{
	static const char *const places[] = { "name", "email", "team.name", "status_message" };

	for (size_t i = 0; i < MOK_COUNT(places); i++) {
		const struct mok_val *v = mok_val_at(account, places[i]);

		if (v && v->type == MOK_STR && strstr(v->u.s, "sandbox"))
			return true;
	}
	return false;
}

static void got_account(void *ctx, struct mok_answer *answer)
{
	struct sweep *sweep = ctx;
	const struct mok_val *uuid, *name;

	sweep->outstanding--;
	if (answer->verdict != MOK_ANS_OK) {
		mok_err_wrap(&answer->err, "reading the account");
		mok_sweep_fail(sweep, &answer->err);
		return;
	}
	uuid = mok_val_at(&answer->value, "uuid");
	name = mok_val_at(&answer->value, "team.name");
	if (!name || name->type != MOK_STR)
		name = mok_val_at(&answer->value, "email");
	sweep->out->account_uuid = uuid && uuid->type == MOK_STR ? uuid->u.s : "";
	sweep->out->account_name = name && name->type == MOK_STR ? name->u.s : "";
	sweep->out->is_sandbox = says_sandbox(&answer->value);
}

struct part {
	struct sweep *sweep;
	const char *name;
	int page;
};

static void ask_part(struct part *part);

static void got_part(void *ctx, struct mok_answer *answer)
{
	struct part *part = ctx;
	struct sweep *sweep = part->sweep;

	sweep->outstanding--;
	if (answer->verdict == MOK_ANS_OK) {
		mok_catalogue_load(
			sweep->out->catalogue, part->name, &answer->value, part->page > 1);
		part->page++;
		if (answer->next_page)
			ask_part(part);
	} else if (answer->err.http_status != 403) {
		/* Without the scope to read them, the shipped snapshot has to do. */
		mok_err_wrap(&answer->err, "reading what is on offer (%s)", part->name);
		mok_sweep_fail(sweep, &answer->err);
	}
}

static void ask_part(struct part *part)
{
	struct mok_ask ask = { .verb = MOK_ASK_CATALOGUE, .name = part->name, .page = part->page };

	mok_sweep_ask(part->sweep, &ask, got_part, part);
}

static void ask_catalogue(struct sweep *sweep)
{
	static const char *const names[] = { "sizes", "regions", "kubernetes", "databases" };
	const struct mok_stack *stack = sweep->in.stack;

	for (size_t n = 0; n < MOK_COUNT(names); n++) {
		bool needed = false;

		for (size_t i = 0; i < stack->resources.len && !needed; i++) {
			const char *parts = mok_catalogue_parts(stack->resources.items[i].kind);

			needed = parts && strstr(parts, names[n]);
		}
		if (needed) {
			struct part *part = MOK_NEW(sweep->arena, struct part);

			*part = (struct part){ .sweep = sweep, .name = names[n], .page = 1 };
			ask_part(part);
		}
	}
}

/* ---- what is listed by itself ---- */

static bool no_attribute(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out)
{
	(void)self;
	(void)path;
	*out = mok_val_unknown(r->address);
	return true;
}

bool mok_static_fields(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_resource *r, struct mok_val *fields)
{
	const struct mok_lookup lookup = { .attribute = no_attribute };
	struct mok_diags ignored = { .arena = arena };

	return mok_plan_eval(arena, stack, r, &lookup, &ignored, fields) == 0;
}

bool mok_sweep_eval(struct sweep *sweep, const struct mok_resource *r, struct mok_val *fields)
{
	return mok_static_fields(sweep->arena, sweep->in.stack, r, fields);
}

/* A field's value as far as it does not depend on the account, or NULL. */
static const char *static_field(struct sweep *sweep, const struct mok_resource *r, const char *name)
{
	const struct mok_val *raw = mok_val_get(&r->fields, name);
	struct mok_val fields;

	if (raw && raw->type == MOK_STR)
		return raw->u.s;
	if (!raw && !mok_field_find(r->kind->fields, name))
		return NULL;
	return mok_sweep_eval(sweep, r, &fields) ? mok_val_get_str(&fields, name) : NULL;
}

/* Where there are none of the kind, there is nobody to ask. */
static bool has_region(struct sweep *sweep, const struct mok_kind *kind, const char *name)
{
	const struct mok_field *region = mok_field_find(kind->fields, "region");

	return !region ||
		mok_field_takes(
			region, mok_norm(sweep->arena, region->norm, mok_val_str(name)).u.s);
}

/* Kinds whose listing is one region's (buckets): the regions that the plan names. */
static void list_regions(struct sweep *sweep, const struct mok_kind *kind)
{
	const struct mok_stack *stack = sweep->in.stack;
	struct mok_ask ask = { .verb = MOK_ASK_LIST, .kind = kind, .region = stack->region };

	if (!mok_map_get(sweep->used, kind->name))
		return;
	if (stack->region && has_region(sweep, kind, stack->region))
		mok_sweep_list(sweep, &ask);
	for (size_t i = 0; i < stack->resources.len; i++) {
		const struct mok_resource *r = &stack->resources.items[i];

		if (r->kind != kind)
			continue;
		ask.region = static_field(sweep, r, "region");
		if (ask.region)
			mok_sweep_list(sweep, &ask);
	}
}

static void list_every_region(struct sweep *sweep, const struct mok_kind *kind)
{
	const struct mok_field *region = mok_field_find(kind->fields, "region");
	struct mok_ask ask = { .verb = MOK_ASK_LIST, .kind = kind };

	for (const char *p = region ? region->values : NULL; p && *p;) {
		size_t len = strcspn(p, "|");

		ask.region = mok_arena_strndup(sweep->arena, p, len);
		mok_sweep_list(sweep, &ask);
		p += len + (p[len] == '|');
	}
}

/* What left the plan may be in a region that left it too. */
static void list_doubted_regions(struct sweep *sweep)
{
	const struct mok_marker *marker;

	for (size_t i = 0; (marker = mok_matcher_doubt(sweep->matcher, i)) != NULL; i++) {
		const struct mok_kind *kind = mok_kind_find(marker->kind);

		if (kind && kind->flags & MOK_K_PER_REGION)
			list_every_region(sweep, kind);
	}
}

/* The kind whose listing is that of all tags, the markers included: it is read once. */
static const struct mok_kind *tag_kind(void)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	for (size_t i = 0; i < count; i++)
		if (mok_streq(kinds[i]->list_key, "tags"))
			return kinds[i];
	return NULL;
}

static void list_roots(struct sweep *sweep)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	for (size_t i = 0; i < count; i++) {
		struct mok_ask ask = { .verb = MOK_ASK_LIST, .kind = kinds[i] };

		if (!kinds[i]->list_path || kinds[i]->parent || kinds[i] == tag_kind())
			continue;
		if (kinds[i]->flags & MOK_K_PER_REGION)
			list_regions(sweep, kinds[i]);
		else
			mok_sweep_list(sweep, &ask);
	}
}

/* ---- what lives inside others ---- */

static void list_under(
	struct sweep *sweep, const struct mok_kind *kind, const struct mok_object *parent)
{
	struct mok_ask ask = { .verb = MOK_ASK_LIST, .kind = kind, .parent_id = parent->id };

	mok_sweep_list(sweep, &ask);
}

static const struct mok_object *find_by_id_or_name(
	struct sweep *sweep, const struct mok_kind *parent, const char *name)
{
	struct mok_object *o = mok_live_by_id(sweep->out, parent, name);

	return o ? o : mok_live_find(sweep->out, parent, NULL, name);
}

static const struct mok_object *foreign_parent(
	struct sweep *sweep, const struct mok_kind *kind, const char *id)
{
	struct mok_object *o = MOK_NEW(sweep->arena, struct mok_object);

	*o = (struct mok_object){ .kind = kind, .id = id, .name = id, .ready = true };
	return o;
}

const struct mok_object *mok_sweep_parent(
	struct sweep *sweep, struct mok_arena *scratch, const struct mok_resource *r)
{
	const struct mok_kind *parent = mok_kind_find(r->kind->parent);
	const struct mok_val *v = mok_val_get(&r->fields, r->kind->parent_field);
	const struct mok_object *found;
	struct mok_refs refs = { 0 };
	const char *name;

	if (!parent || !v)
		return NULL;
	mok_expr_refs(scratch, v, &refs);
	for (size_t i = 0; i < refs.list.len; i++) {
		struct mok_object *o = mok_map_get(sweep->out->by_address, refs.list.items[i].root);

		if (o && o->kind == parent)
			return o;
	}
	/* A name that the plan knows without the account, also where it refers to a resource that
	 * has no marker yet. */
	if (refs.list.len > 0 && mok_map_get(sweep->in.stack->by_address, refs.list.items[0].root))
		return NULL;
	name = static_field(sweep, r, r->kind->parent_field);
	found = name ? find_by_id_or_name(sweep, parent, name) : NULL;
	if (!found && name && sweep->in.any_parent && r->kind->flags & MOK_K_COLLECTIONS)
		found = foreign_parent(sweep, parent, name);
	return found;
}

static void list_under_hash(
	struct sweep *sweep, const struct mok_kind *kind, const char *parent_hash)
{
	const struct mok_kind *parent = kind->parent ? mok_kind_find(kind->parent) : NULL;
	char sum[65];

	for (size_t i = 0; parent && i < sweep->out->objects.len; i++) {
		const struct mok_object *o = sweep->out->objects.items[i];

		if (o->kind != parent)
			continue;
		mok_sha256_hex(o->id, strlen(o->id), sum);
		if (strncmp(sum, parent_hash, strlen(parent_hash)) == 0)
			list_under(sweep, kind, o);
	}
}

/* A marker whose object is not in sight names its parent by hash. Most are of few parents. */
static void list_doubted_parents(struct sweep *sweep)
{
	struct mok_map *seen = mok_map_new(sweep->scratch);
	const struct mok_marker *marker;

	for (size_t i = 0; (marker = mok_matcher_doubt(sweep->matcher, i)) != NULL; i++) {
		const struct mok_kind *kind = mok_kind_find(marker->kind);
		const char *key = mok_arena_printf(
			sweep->scratch, "%s:%s", marker->kind, marker->parent_hash);

		if (!kind || !kind->list_path || mok_map_get(seen, key))
			continue;
		mok_map_put(seen, key, sweep);
		list_under_hash(sweep, kind, marker->parent_hash);
	}
}

static void list_children(struct sweep *sweep)
{
	const struct mok_stack *stack = sweep->in.stack;
	struct mok_arena *scratch = mok_arena_new();
	const char *last_block = NULL;
	const struct mok_val *last = NULL;

	for (size_t i = 0; i < stack->resources.len; i++) {
		const struct mok_resource *r = &stack->resources.items[i];
		const struct mok_object *parent;
		const struct mok_val *v;

		if (!r->kind->parent || !r->kind->list_path)
			continue;
		/* The instances of one block share the expression unless it is about each. */
		v = mok_val_get(&r->fields, r->kind->parent_field);
		if (last && v && mok_streq(last_block, r->block) && v->type == MOK_EXPR &&
			last->type == MOK_EXPR && v->u.expr == last->u.expr)
			continue;
		last_block = r->block;
		last = v;
		parent = mok_sweep_parent(sweep, scratch, r);
		if (parent)
			list_under(sweep, r->kind, parent);
	}
	mok_arena_free(scratch);
	list_doubted_parents(sweep);
}

/* ---- the sweep ---- */

#define AGAIN_S 3
#define AGAIN_MS 200 /* at least: a sandbox may be slow too */

static void woken(void *ctx)
{
	((struct sweep *)ctx)->outstanding--;
}

static int pause(struct sweep *sweep, struct mok_err *err)
{
	int64_t ms = mok_sweep_scaled_ms(sweep, AGAIN_S);

	sweep->outstanding++;
	mok_loop_after(sweep->in.loop, ms > AGAIN_MS ? ms : AGAIN_MS, woken, sweep);
	return run(sweep, err);
}

static void note_used(struct sweep *sweep)
{
	const struct mok_stack *stack = sweep->in.stack;

	for (size_t i = 0; i < stack->resources.len; i++)
		mok_map_put(sweep->used, stack->resources.items[i].kind->name, sweep);
}

static void note_marked(struct sweep *sweep)
{
	const struct mok_marker *marker;

	for (size_t i = 0; (marker = mok_matcher_mark(sweep->matcher, i)) != NULL; i++)
		mok_map_put(sweep->used, marker->kind, sweep);
}

static void renew_scratch(struct sweep *sweep)
{
	mok_arena_free(sweep->scratch);
	sweep->scratch = mok_arena_new();
}

static int read_all(struct sweep *sweep, struct mok_err *err)
{
	struct mok_ask tags = { .verb = MOK_ASK_TAG_LIST, .kind = tag_kind() };
	struct mok_ask account = { .verb = MOK_ASK_ACCOUNT };
	struct mok_diags ignored = { .arena = sweep->arena };

	note_used(sweep);
	mok_sweep_ask(sweep, &account, got_account, sweep);
	mok_sweep_list(sweep, &tags);
	list_roots(sweep);
	if (!sweep->in.without_catalogue && !sweep->in.catalogue)
		ask_catalogue(sweep);
	if (run(sweep, err) != 0)
		return -1;
	sweep->matcher = mok_matcher_new(sweep);
	note_marked(sweep);
	list_roots(sweep); /* regions that only a marker made interesting */
	mok_matcher_run(sweep->matcher, &ignored);
	list_doubted_regions(sweep);
	list_children(sweep);
	mok_sweep_inventories(sweep);
	if (run(sweep, err) != 0)
		return -1;
	mok_sweep_collections(sweep);
	if (run(sweep, err) != 0)
		return -1;
	renew_scratch(sweep); /* nothing is being listed any more */
	mok_matcher_run(sweep->matcher, sweep->diags);
	mok_sweep_details(sweep);
	return run(sweep, err);
}

int64_t mok_sweep_scaled_ms(const struct sweep *sweep, int seconds)
{
	double speed = mok_loop_env(sweep->in.loop)->speed;
	double ms = speed > 0 ? seconds * 1000.0 / speed : 0;

	return ms < 1 ? 1 : (int64_t)ms;
}

static int sweep_once(const struct mok_live_input *in, struct mok_arena *arena,
	struct mok_diags *diags, struct mok_live *out, bool *lags, struct mok_err *err)
{
	struct sweep sweep = {
		.in = *in,
		.asker = { .loop = in->loop, .http = in->http, .providers = in->providers },
		.arena = arena,
		.scratch = mok_arena_new(),
		.diags = diags,
		.out = out,
		.used = mok_map_new(arena),
		.asked = mok_map_new(arena),
	};
	const struct mok_env *env = mok_loop_env(in->loop);
	int rc;

	memset(out, 0, sizeof(*out));
	out->arena = arena;
	out->read_ms = env->clock.wall_ms(env->clock.self);
	out->tags = mok_map_new(arena);
	out->inventories = mok_map_new(arena);
	out->listed = mok_map_new(arena);
	out->catalogue = in->catalogue ? in->catalogue : mok_catalogue_new(arena);
	rc = read_all(&sweep, err);
	mok_matcher_free(sweep.matcher);
	mok_arena_free(sweep.scratch);
	if (rc != 0)
		return -1;
	*lags = mok_sweep_lags(&sweep);
	return *lags ? pause(&sweep, err) : 0;
}

int mok_live_sweep(const struct mok_live_input *in, struct mok_arena *arena,
	struct mok_diags *diags, struct mok_live *out, struct mok_err *err)
{
	struct mok_diags before = *diags;
	bool lags = false;

	do {
		*diags = before;
		if (sweep_once(in, arena, diags, out, &lags, err) != 0)
			return -1;
	} while (lags);
	return 0;
}
