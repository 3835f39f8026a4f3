/* Terraform states, which come from anywhere, beside an account and a plan that have some of what
 * they say: a network, and a domain with a record. */
#include "fuzz.h"
#include "mok/tfstate.h"

struct world {
	struct mok_arena *arena;
	struct mok_live live;
	struct mok_changes changes;
};

static struct mok_val texts(struct world *w, const char *const *pairs)
{
	struct mok_val map = { .type = MOK_MAP };

	for (; *pairs; pairs += 2)
		mok_val_set(w->arena, &map, pairs[0], mok_val_str(pairs[1]));
	return map;
}

static void add(struct world *w, const char *kind, const char *parent, const char *id,
	const char *const *attrs)
{
	struct mok_object *o = MOK_NEW(w->arena, struct mok_object);
	struct mok_resource *r = MOK_NEW(w->arena, struct mok_resource);
	struct mok_change change = { .resource = r, .action = MOK_ACT_CREATE };

	*o = (struct mok_object){ .kind = mok_kind_find(kind), .id = id, .parent_id = parent };
	o->attrs = texts(w, attrs);
	*r = (struct mok_resource){ .address = id, .block = id, .kind = o->kind };
	mok_vec_push(w->arena, &w->live.objects, o);
	change.address = id;
	change.kind = o->kind;
	change.want = o->attrs;
	mok_vec_push(w->arena, &w->changes.list, change);
}

static void make(struct world *w, struct mok_arena *arena)
{
	*w = (struct world){
		.arena = arena, .live = { .arena = arena }, .changes = { .arena = arena }
	};
	w->live.by_key = mok_map_new(arena);
	w->live.by_id = mok_map_new(arena);
	w->live.twins = mok_map_new(arena);
	w->live.others = mok_map_new(arena);
	add(w, "vpc", NULL, "v", (const char *const[]){ "name", "n", NULL });
	add(w, "domain", NULL, "t", (const char *const[]){ "name", "t", NULL });
	add(w, "record", "t", "1",
		(const char *const[]){
			"domain", "t", "type", "A", "name", "a", "data", "x", NULL });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mok_arena *arena = mok_arena_new();
	const char *text = mok_arena_strndup(arena, (const char *)data, size);
	struct mok_map *claims = mok_map_new(arena);
	struct mok_tf_state state;
	struct mok_err err = { 0 };
	struct world world;

	make(&world, arena);
	if (mok_tf_read(arena, text, size, &state, &err) == 0)
		for (int i = 0; i < 2; i++)
			mok_tf_match(&state, &world.live, &world.changes, claims);
	mok_arena_free(arena);
	return 0;
}
