#include "digitalocean.h"

#include <string.h>

static const struct mok_val absent;

static const struct mok_val *value_of(const struct mok_val *map, const char *name)
{
	const struct mok_val *v = map && map->type == MOK_MAP ? mok_val_get(map, name) : NULL;

	return v && v->type != MOK_NULL ? v : NULL;
}

static const char *key_of(const struct mok_field *f)
{
	return f->json && !(f->flags & MOK_F_FETCHED) ? f->json : f->name;
}

static cJSON *to_json(const struct mok_field *f, const struct mok_val *v);

static cJSON *object_to_json(const struct mok_field *fields, const struct mok_val *map)
{
	cJSON *json = cJSON_CreateObject();

	for (const struct mok_field *f = fields; f->name; f++) {
		const struct mok_val *v = value_of(map, f->name);

		if (v && !(f->flags & (MOK_F_COMPUTED | MOK_F_LOCAL)))
			cJSON_AddItemToObject(json, key_of(f), to_json(f, v));
	}
	return json;
}

static cJSON *list_to_json(const struct mok_field *f, const struct mok_val *v)
{
	cJSON *json = cJSON_CreateArray();

	for (size_t i = 0; i < v->u.list.len; i++) {
		const struct mok_val *item = &v->u.list.items[i];

		cJSON_AddItemToArray(json,
			f->sub && item->type == MOK_MAP ? object_to_json(f->sub, item)
							: mok_val_to_json(item));
	}
	return json;
}

/* A canonical form is for comparing; JSON and PEM texts and the data of records (a TXT may end with
 * a dot) are sent as written. */
static bool is_sent_normalised(const char *norm)
{
	return norm && !mok_streq(norm, "json") && !mok_streq(norm, "pem") &&
		!mok_streq(norm, "record_data");
}

static cJSON *to_json(const struct mok_field *f, const struct mok_val *v)
{
	struct mok_arena *arena = NULL;
	struct mok_val sent = *v;
	cJSON *json;

	if (is_sent_normalised(f->norm)) {
		arena = mok_arena_new();
		sent = mok_norm(arena, f->norm, sent);
	}
	if (sent.type == MOK_LIST)
		json = list_to_json(f, &sent);
	else if (sent.type == MOK_MAP && f->sub)
		json = object_to_json(f->sub, &sent);
	else
		json = mok_val_to_json(&sent);
	mok_arena_free(arena);
	return json;
}

static void put(cJSON *body, const struct mok_field *f, const struct mok_val *v)
{
	cJSON_DeleteItemFromObjectCaseSensitive(body, key_of(f));
	cJSON_AddItemToObject(body, key_of(f), to_json(f, v));
}

/* ---- the marker ---- */

const struct mok_field *mok_do_marker_field(const struct mok_kind *kind)
{
	switch (kind->marking) {
	case MOK_MARK_TAGS: return mok_field_find(kind->fields, "tags");
	case MOK_MARK_DESCRIPTION: return mok_field_find(kind->fields, "description");
	case MOK_MARK_OBJECT:
	case MOK_MARK_FREE: break;
	}
	return NULL;
}

static void add_marker(cJSON *body, const struct mok_kind *kind, const char *marker)
{
	const struct mok_field *f = mok_do_marker_field(kind);
	struct mok_buf text;
	cJSON *tags;

	if (!f || !marker || !*marker)
		return;
	if (kind->marking == MOK_MARK_TAGS) {
		tags = cJSON_GetObjectItemCaseSensitive(body, f->name);
		if (!tags)
			tags = cJSON_AddArrayToObject(body, f->name);
		cJSON_AddItemToArray(tags, cJSON_CreateString(marker));
		return;
	}
	mok_buf_init(&text, 4096);
	mok_buf_puts(&text, mok_json_str(body, f->name) ? mok_json_str(body, f->name) : "");
	mok_buf_printf(&text, "%s[%s]", text.len ? " " : "", marker);
	cJSON_DeleteItemFromObjectCaseSensitive(body, f->name);
	cJSON_AddStringToObject(body, f->name, text.data);
	mok_buf_release(&text);
}

static const char *marker_of(const struct mok_ask *ask)
{
	if (ask->marker)
		return ask->marker;
	return ask->have ? ask->have->marker : NULL;
}

/* ---- bodies ---- */

static int touch(const struct mok_ask *ask, cJSON *body, struct mok_err *err)
{
	return ask->kind->body ? ask->kind->body(ask, body, err) : 0;
}

static bool is_sent_at_create(const struct mok_kind *kind, const struct mok_field *f)
{
	return !(f->flags & (MOK_F_COMPUTED | MOK_F_LOCAL | MOK_F_NOT_AT_CREATE)) &&
		!mok_streq(f->name, kind->parent_field);
}

static int add_children(const struct mok_ask *ask, cJSON *body, struct mok_err *err)
{
	for (size_t i = 0; i < ask->nchildren; i++) {
		const char *key = ask->children[i].kind->list_key;
		cJSON *list = cJSON_GetObjectItemCaseSensitive(body, key);
		cJSON *child = mok_do_create_body(&ask->children[i], err);

		if (!child)
			return -1;
		if (!list)
			list = cJSON_AddArrayToObject(body, key);
		cJSON_AddItemToArray(list, child);
	}
	return 0;
}

cJSON *mok_do_create_body(const struct mok_ask *ask, struct mok_err *err)
{
	const struct mok_kind *kind = ask->kind;
	cJSON *body = cJSON_CreateObject();

	for (const struct mok_field *f = kind->fields; f->name; f++) {
		const struct mok_val *v = value_of(ask->want, f->name);
		struct mok_val name = ask->name ? mok_val_str(ask->name) : absent;

		if (mok_streq(f->name, kind->name_field) && ask->name)
			v = &name;
		if (v && is_sent_at_create(kind, f))
			put(body, f, v);
	}
	add_marker(body, kind, ask->marker);
	if (add_children(ask, body, err) == 0 && touch(ask, body, err) == 0)
		return body;
	cJSON_Delete(body);
	return NULL;
}

static bool goes_along(const struct mok_call *call, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = call->with; p && *p; p += strcspn(p, " "), p += *p == ' ')
		if (strcspn(p, " ") == len && strncmp(p, name, len) == 0)
			return true;
	return false;
}

/* The declared members over the live ones: a PUT of an object replaces all of it. */
static struct mok_val merged(struct mok_arena *arena, const struct mok_field *f,
	const struct mok_val *want, const struct mok_val *have)
{
	struct mok_val out = { .type = MOK_MAP };

	if (!f->sub || want->type != MOK_MAP || !have || have->type != MOK_MAP)
		return *want;
	for (const struct mok_field *s = f->sub; s->name; s++) {
		const struct mok_val *w = value_of(want, s->name), *h = value_of(have, s->name);

		if (s->flags & MOK_F_COMPUTED)
			continue;
		if (w)
			mok_val_set(arena, &out, s->name, merged(arena, s, w, h));
		else if (h)
			mok_val_set(arena, &out, s->name, *h);
	}
	return out;
}

static bool differs(struct mok_arena *arena, const struct mok_field *f, const struct mok_val *want,
	const struct mok_val *have)
{
	struct mok_val w = mok_norm(arena, f->norm, *want);
	struct mok_val h = mok_norm(arena, f->norm, have ? *have : absent);

	return !mok_val_equal(&w, &h);
}

/* What of a field a call sends, or MOK_NULL: what is wanted if it changes or always goes along,
 * what is there if the call replaces everything or always takes it. */
static struct mok_val sent_value(struct mok_arena *arena, const struct mok_ask *ask,
	const struct mok_field *f, const struct mok_val *have_attrs)
{
	const struct mok_val *want = value_of(ask->want, f->name);
	const struct mok_val *have = value_of(have_attrs, f->name);
	bool mine = mok_call_of(ask->kind, f) == ask->call;
	bool always = goes_along(ask->call, f->name) || (mine && ask->call->flags & MOK_CALL_FULL);

	if (f->flags & (MOK_F_COMPUTED | MOK_F_LOCAL | MOK_F_CREATE_ONLY) ||
		mok_streq(f->name, ask->kind->parent_field) || (!mine && !always) ||
		(mine && !always && f->flags & MOK_F_REPLACES))
		return absent;
	if (want && (always || differs(arena, f, want, have)))
		return merged(arena, f, want, have);
	if (have && !want && always)
		return *have;
	return absent;
}

cJSON *mok_do_call_body(const struct mok_ask *ask, struct mok_err *err)
{
	const struct mok_val *have = ask->have ? &ask->have->attrs : NULL;
	struct mok_arena *arena = mok_arena_new();
	cJSON *body = cJSON_CreateObject();
	const struct mok_field *marker = mok_do_marker_field(ask->kind);

	if (ask->call->flags & MOK_CALL_NAME && ask->have && ask->have->name)
		cJSON_AddStringToObject(body, ask->kind->name_field, ask->have->name);
	for (const struct mok_field *f = ask->kind->fields; f->name; f++) {
		struct mok_val v = sent_value(arena, ask, f, have);

		if (v.type == MOK_NULL)
			continue;
		put(body, f, &v);
		if (f == marker)
			add_marker(body, ask->kind, marker_of(ask));
	}
	mok_arena_free(arena);
	if (touch(ask, body, err) == 0)
		return body;
	cJSON_Delete(body);
	return NULL;
}

/* The marker's field as it is now, or empty, and what its call always takes. */
cJSON *mok_do_mark_body(const struct mok_ask *ask, struct mok_err *err)
{
	const struct mok_field *f = mok_do_marker_field(ask->kind);
	struct mok_arena *arena = mok_arena_new();
	struct mok_ask call = *ask;
	struct mok_object have = { .kind = ask->kind };
	struct mok_val want = { .type = MOK_MAP };
	const struct mok_val *now = NULL;
	cJSON *body;

	if (ask->have) {
		have = *ask->have;
		now = value_of(&ask->have->attrs, f->name);
	}
	if (!have.name)
		have.name = ask->name;
	call.call = mok_call_of(ask->kind, f);
	call.have = &have;
	call.want = &want;
	body = mok_do_call_body(&call, err);
	if (body) {
		struct mok_val empty = f->type == MOK_LIST ? (struct mok_val){ .type = MOK_LIST }
							   : mok_val_str("");

		put(body, f, now ? now : &empty);
		add_marker(body, ask->kind, ask->marker);
	}
	mok_arena_free(arena);
	return body;
}
