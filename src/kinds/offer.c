#include "catalogue_internal.h"

#include <string.h>

struct gathering {
	const struct mok_catalogue *catalogue;
	struct mok_arena *arena;
	const struct mok_val *want;
	struct mok_offer *out;
};

static void add(struct gathering *g, const char *value)
{
	for (size_t i = 0; value && i < g->out->values.len; i++)
		if (strcmp(g->out->values.items[i], value) == 0)
			return;
	if (value)
		mok_vec_push(g->arena, &g->out->values, value);
}

/* Each item's slug, or the items themselves. `available: false` is not on offer. */
static void add_list(struct gathering *g, const struct mok_val *list)
{
	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++) {
		const struct mok_val *item = &list->u.list.items[i];
		const struct mok_val *available =
			item->type == MOK_MAP ? mok_val_get(item, "available") : NULL;

		if (item->type == MOK_STR)
			add(g, item->u.s);
		else if (item->type == MOK_MAP &&
			!(available && available->type == MOK_BOOL && !available->u.b))
			add(g, mok_val_get_str(item, "slug"));
	}
}

static void gather_regions(struct gathering *g, const char *key)
{
	add_list(g, mok_val_get(mok_catalogue_part(g->catalogue, "regions"), key));
}

static void gather_kubernetes(struct gathering *g, const char *key)
{
	const struct mok_val *options =
		mok_val_get(mok_catalogue_part(g->catalogue, "kubernetes"), "options");

	add_list(g, options ? mok_val_get(options, key) : NULL);
}

/* ---- databases ---- */

const struct mok_val *mok_offer_engine(const struct mok_catalogue *catalogue, const char *engine)
{
	const struct mok_val *options =
		mok_val_get(mok_catalogue_part(catalogue, "databases"), "options");
	const struct mok_val *v =
		options && options->type == MOK_MAP ? mok_val_get(options, engine) : NULL;

	return v && v->type == MOK_MAP ? v : NULL;
}

static void add_layouts(struct gathering *g, const struct mok_val *layouts)
{
	const struct mok_val *wanted = mok_val_get(g->want, "num_nodes");

	for (size_t i = 0; layouts && layouts->type == MOK_LIST && i < layouts->u.list.len; i++) {
		const struct mok_val *layout = &layouts->u.list.items[i];
		const struct mok_val *nodes =
			layout->type == MOK_MAP ? mok_val_get(layout, "num_nodes") : NULL;

		if (nodes && (!wanted || wanted->type != MOK_INT || mok_val_equal(nodes, wanted)))
			add_list(g, mok_val_get(layout, "sizes"));
	}
}

static void add_engine(struct gathering *g, const struct mok_val *engine, const char *key)
{
	if (strcmp(key, "sizes") == 0)
		add_layouts(g, mok_val_get(engine, "layouts"));
	else
		add_list(g, mok_val_get(engine, key));
}

/* Of the wanted engine; of all while that is not known. */
static void gather_databases(struct gathering *g, const char *key)
{
	const char *name = mok_val_get_str(g->want, "engine");
	const struct mok_val *engine = name ? mok_offer_engine(g->catalogue, name) : NULL;
	const struct mok_val *options =
		mok_val_get(mok_catalogue_part(g->catalogue, "databases"), "options");

	if (engine) {
		add_engine(g, engine, key);
		return;
	}
	for (size_t i = 0; options && options->type == MOK_MAP && i < options->u.map.len; i++)
		if (options->u.map.pairs[i].val.type == MOK_MAP)
			add_engine(g, &options->u.map.pairs[i].val, key);
}

static const struct {
	const char *name, *part, *key;
	void (*gather)(struct gathering *g, const char *key);
} offers[] = {
	{ "regions", "regions", "regions", gather_regions },
	{ "kubernetes_regions", "kubernetes", "regions", gather_kubernetes },
	{ "kubernetes_versions", "kubernetes", "versions", gather_kubernetes },
	{ "kubernetes_sizes", "kubernetes", "sizes", gather_kubernetes },
	{ "database_regions", "databases", "regions", gather_databases },
	{ "database_versions", "databases", "versions", gather_databases },
	{ "database_sizes", "databases", "sizes", gather_databases },
};

const char *mok_offer_part(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(offers); i++)
		if (strcmp(offers[i].name, name) == 0)
			return offers[i].part;
	return NULL;
}

void mok_offer_gather(const struct mok_catalogue *catalogue, struct mok_arena *arena,
	const char *name, const struct mok_val *want, struct mok_offer *out)
{
	struct gathering g = { catalogue, arena, want, out };

	for (size_t i = 0; i < MOK_COUNT(offers); i++) {
		if (strcmp(offers[i].name, name) != 0)
			continue;
		offers[i].gather(&g, offers[i].key);
		out->is_live = mok_catalogue_part_is_live(catalogue, offers[i].part);
		return;
	}
	MOK_BUG("a field names a catalogue that does not exist");
}
