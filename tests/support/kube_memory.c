#include "kube_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct kube_entry *find(struct kube_memory *m, const struct mok_apiserver_key *key)
{
	for (size_t i = 0; i < m->entries.len; i++) {
		const struct mok_apiserver_key *k = &m->entries.items[i].item.key;

		if (strcmp(k->name, key->name) == 0 && strcmp(k->ns, key->ns) == 0 &&
			strcmp(k->resource, key->resource) == 0)
			return &m->entries.items[i];
	}
	return NULL;
}

static bool get(void *self, const struct mok_apiserver_key *key, struct mok_apiserver_item *out)
{
	struct kube_entry *e = find(self, key);

	if (!e || !e->item.text)
		return false;
	*out = e->item;
	return true;
}

static struct mok_apiserver_event copy(
	struct kube_memory *m, const struct mok_apiserver_event *from)
{
	struct mok_apiserver_event to = *from;
	const struct mok_apiserver_key *key = &from->item.key;

	to.item.key.resource = mok_arena_strdup(m->arena, key->resource);
	to.item.key.ns = mok_arena_strdup(m->arena, key->ns);
	to.item.key.name = mok_arena_strdup(m->arena, key->name);
	to.item.text = mok_arena_strndup(m->arena, from->item.text, from->item.len);
	to.before = from->before ? mok_arena_strdup(m->arena, from->before) : NULL;
	return to;
}

static void note(struct kube_memory *m, const struct mok_apiserver_event *event, bool gone)
{
	struct mok_apiserver_event own = copy(m, event);
	struct kube_entry *e = find(m, &event->item.key), new = { own.item };

	mok_vec_push(m->arena, &m->events, own);
	if (e)
		e->item = own.item;
	else
		mok_vec_push(m->arena, &m->entries, new);
	e = find(m, &own.item.key);
	if (gone && e)
		e->item.text = NULL;
}

static void put(void *self, const struct mok_apiserver_event *event)
{
	note(self, event, false);
}

static void forget(void *self, const struct mok_apiserver_event *event)
{
	note(self, event, true);
}

static int by_key(const void *a, const void *b)
{
	const struct mok_apiserver_item *x = a, *y = b;
	int order = strcmp(x->key.ns, y->key.ns);

	return order ? order : strcmp(x->key.name, y->key.name);
}

static void list(void *self, const char *resource, const char *ns,
	const struct mok_apiserver_key *after,
	bool (*each)(void *context, const struct mok_apiserver_item *item), void *context)
{
	struct kube_memory *m = self;
	const struct mok_apiserver_item from = {
		.key = after ? *after : (struct mok_apiserver_key){ "", "", "" }
	};
	MOK_VEC(struct mok_apiserver_item) found = { NULL, 0, 0 };

	for (size_t i = 0; i < m->entries.len; i++) {
		const struct mok_apiserver_item *it = &m->entries.items[i].item;

		if (it->text && strcmp(it->key.resource, resource) == 0 &&
			(!ns || strcmp(it->key.ns, ns) == 0) && (!after || by_key(it, &from) > 0))
			mok_vec_push(m->arena, &found, *it);
	}
	if (found.len)
		qsort(found.items, found.len, sizeof(*found.items), by_key);
	for (size_t i = 0; i < found.len && each(context, &found.items[i]); i++)
		;
}

static void resources(void *self, const char *ns, void (*each)(void *context, const char *resource),
	void *context)
{
	struct kube_memory *m = self;
	struct mok_map *seen = mok_map_new(m->arena);

	for (size_t i = 0; i < m->entries.len; i++) {
		const struct mok_apiserver_item *it = &m->entries.items[i].item;

		if (!it->text || strcmp(it->key.ns, ns) != 0 || mok_map_get(seen, it->key.resource))
			continue;
		mok_map_put(seen, it->key.resource, m);
	}
	for (size_t i = 0; i < mok_map_len(seen); i++)
		each(context, mok_map_key(seen, i));
}

static int64_t version(void *self, bool advance)
{
	struct kube_memory *m = self;

	return m->version += advance;
}

static bool events(void *self, const char *resource, const char *ns, int64_t after,
	void (*each)(void *context, const struct mok_apiserver_event *event), void *context)
{
	struct kube_memory *m = self;

	if (after + 1 < m->oldest)
		return false;
	for (size_t i = 0; i < m->events.len; i++) {
		const struct mok_apiserver_event *e = &m->events.items[i];

		if (e->item.version > after && strcmp(e->item.key.resource, resource) == 0 &&
			(!ns || strcmp(e->item.key.ns, ns) == 0))
			each(context, e);
	}
	return true;
}

static uint64_t draw(void *self)
{
	struct kube_memory *m = self;

	return mok_rng_next(&m->rng);
}

void kube_memory_open(struct kube_memory *m)
{
	memset(m, 0, sizeof(*m));
	m->arena = mok_arena_new();
	m->server = mok_apiserver_new();
	m->now_ms = 1767225600000;
	m->rng = 1;
	m->store = (struct mok_apiserver_store){ .self = m,
		.get = get,
		.put = put,
		.remove = forget,
		.list = list,
		.resources = resources,
		.version = version,
		.events = events,
		.draw = draw };
	mok_apiserver_response_init(&m->out);
	mok_apiserver_seed(m->server, &m->store, "CA", m->now_ms);
}

void kube_memory_close(struct kube_memory *m)
{
	cJSON_Delete(m->json);
	mok_apiserver_response_release(&m->out);
	mok_apiserver_free(m->server);
	mok_arena_free(m->arena);
}

int kube_ask(struct kube_memory *m, const char *method, const char *target, const char *type,
	const char *body)
{
	return kube_send(m, method, target, type, body, body ? strlen(body) : 0);
}

int kube_send(struct kube_memory *m, const char *method, const char *target, const char *type,
	const void *body, size_t len)
{
	const struct mok_apiserver_request request = { .method = method,
		.target = target,
		.content_type = type ? type : "application/json",
		.accept = m->accept,
		.impersonate_user = m->as,
		.bearer = m->bearer,
		.user_agent = "test/1",
		.body = body,
		.body_len = len,
		.authenticated = true,
		.now_ms = m->now_ms };

	cJSON_Delete(m->json);
	mok_apiserver_response_release(&m->out);
	mok_apiserver_response_init(&m->out);
	mok_apiserver_handle(m->server, &m->store, &request, &m->out);
	m->json = mok_json_parse(m->out.body.data, m->out.body.len);
	return m->out.status;
}

const char *kube_str(const struct kube_memory *m, const char *path)
{
	const char *text = mok_json_str(m->json, path);

	return text ? text : "";
}

void kube_expect(struct kube_memory *m, int status, const char *method, const char *target,
	const char *type, const char *body)
{
	if (kube_ask(m, method, target, type, body) != status)
		fail_msg("%s %s is not %d: %s", method, target, status, m->out.body.data);
}

int kube_setup(void **state)
{
	static struct kube_memory memory;

	kube_memory_open(&memory);
	*state = &memory;
	return 0;
}

int kube_teardown(void **state)
{
	kube_memory_close(*state);
	return 0;
}
