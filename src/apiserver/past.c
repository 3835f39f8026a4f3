/* Lists as they were at a version: the events after it, undone. The store keeps some thousands of
 * events; what is older is gone (410), as after a compaction of the real one's store. */
#include "apiserver_internal.h"

#include <stdlib.h>

struct past {
	struct ks_req *r;
	const struct mok_apiserver_key *after;
	struct mok_map *changed; /* keys with an event since then */
	MOK_VEC(struct mok_apiserver_item) items;
};

static int by_key(const void *a, const void *b)
{
	const struct mok_apiserver_item *x = a, *y = b;
	int order = strcmp(x->key.ns, y->key.ns);

	return order ? order : strcmp(x->key.name, y->key.name);
}

static const char *word_of(struct ks_req *r, const struct mok_apiserver_key *key)
{
	return ks_printf(r, "%s/%s", key->ns, key->name);
}

static int64_t version_of(const char *text)
{
	MOK_CLEANUP(mok_json_cleanup) cJSON *json = cJSON_Parse(text);
	int64_t version;

	return mok_parse_i64(ks_str(json, "metadata.resourceVersion"), &version) ? version : 0;
}

/* The first event of an object tells how it was before: as its text, or not at all. */
static void undo(void *context, const struct mok_apiserver_event *event)
{
	struct past *p = context;
	struct mok_apiserver_item item = event->item;
	const char *word = word_of(p->r, &item.key);

	if (mok_map_get(p->changed, word))
		return;
	mok_map_put(p->changed, word, p);
	if (!event->before)
		return;
	item.text = event->before;
	item.len = strlen(item.text);
	item.version = version_of(item.text);
	if (!p->after || by_key(&item, &(struct mok_apiserver_item){ .key = *p->after }) > 0)
		mok_vec_push(p->r->arena, &p->items, item);
}

static bool keep(void *context, const struct mok_apiserver_item *item)
{
	struct past *p = context;

	if (!mok_map_get(p->changed, word_of(p->r, &item->key)))
		mok_vec_push(p->r->arena, &p->items, *item);
	return true;
}

bool ks_list_at(struct ks_req *r, int64_t version, const struct mok_apiserver_key *after,
	bool (*each)(void *context, const struct mok_apiserver_item *item), void *context)
{
	const struct mok_apiserver_store *store = r->store;
	struct past p = { .r = r, .after = after, .changed = mok_map_new(r->arena) };
	const char *ns = *r->ns ? r->ns : NULL;

	if (!store->events(store->self, r->resource->stored, ns, version, undo, &p))
		return false;
	store->list(store->self, r->resource->stored, ns, after, keep, &p);
	if (p.items.len)
		qsort(p.items.items, p.items.len, sizeof(*p.items.items), by_key);
	for (size_t i = 0; i < p.items.len && each(context, &p.items.items[i]); i++)
		;
	return true;
}
