#include "digitalocean.h"

#include <string.h>

#define DEPTH_MAX 6

static struct mok_val read_value(struct mok_arena *arena, const struct mok_field *f,
	enum mok_type type, const cJSON *json, int depth);

static bool is_blank_secret(const struct mok_field *f, const struct mok_val *v)
{
	return f->flags & MOK_F_SENSITIVE && f->flags & MOK_F_COMPUTED && v->type == MOK_STR &&
		v->u.s[0] == '\0';
}

/* FETCHED fields have a request in `json`; some of them come along in the object all the same. */
static const cJSON *member_of(const cJSON *api, const struct mok_field *f)
{
	const char *path = f->json && !(f->flags & MOK_F_FETCHED) ? f->json : f->name;

	if (strchr(path, '.'))
		return mok_json_at(api, path);
	return cJSON_GetObjectItemCaseSensitive(api, path);
}

static size_t count_fields(const struct mok_field *fields)
{
	size_t n = 0;

	while (fields[n].name)
		n++;
	return n;
}

#define FIELDS_MAX 128

/* What is null, absent or of another type is left out. */
static size_t find_fields(struct mok_arena *arena, const struct mok_field *fields, const cJSON *api,
	struct mok_pair found[FIELDS_MAX], int depth)
{
	size_t n = 0, max = count_fields(fields);

	for (size_t i = 0; i < max && n < FIELDS_MAX; i++) {
		const struct mok_field *f = &fields[i];
		const cJSON *json = member_of(api, f);
		struct mok_val v;

		if (!json || cJSON_IsNull(json))
			continue;
		v = read_value(arena, f, f->type, json, depth);
		if (v.type == MOK_NULL || is_blank_secret(f, &v))
			continue;
		v.sensitive = (f->flags & MOK_F_SENSITIVE) != 0;
		found[n++] = (struct mok_pair){ .key = f->name, .val = v };
	}
	return n;
}

static struct mok_val read_object(
	struct mok_arena *arena, const struct mok_field *fields, const cJSON *api, int depth)
{
	struct mok_val map = { .type = MOK_MAP };
	struct mok_pair found[FIELDS_MAX];
	size_t n = find_fields(arena, fields, api, found, depth);
	struct mok_pair *pairs = MOK_NEW_N(arena, struct mok_pair, n);

	memcpy(pairs, found, n * sizeof(*pairs));
	map.u.map.pairs = pairs;
	map.u.map.len = n;
	return map;
}

static struct mok_val read_list(
	struct mok_arena *arena, const struct mok_field *f, const cJSON *json, int depth)
{
	size_t n = (size_t)cJSON_GetArraySize(json);
	struct mok_val *items = MOK_NEW_N(arena, struct mok_val, n + 1);
	struct mok_val out = { .type = MOK_LIST };
	const cJSON *item;

	cJSON_ArrayForEach(item, json)
	{
		struct mok_val v = read_value(arena, f, f->item, item, depth);

		if (v.type != MOK_NULL)
			items[out.u.list.len++] = v;
	}
	out.u.list.items = items;
	return out;
}

static struct mok_val read_strings(struct mok_arena *arena, const cJSON *json)
{
	size_t n = (size_t)cJSON_GetArraySize(json);
	struct mok_pair *pairs = MOK_NEW_N(arena, struct mok_pair, n + 1);
	struct mok_val out = { .type = MOK_MAP };
	const cJSON *item;

	cJSON_ArrayForEach(item, json) if (cJSON_IsString(item)) pairs[out.u.map.len++] =
		(struct mok_pair){ .key = mok_arena_strdup(arena, item->string),
			.val = mok_val_str(mok_arena_strdup(arena, item->valuestring)) };
	out.u.map.pairs = pairs;
	return out;
}

static struct mok_val read_text(struct mok_arena *arena, const cJSON *json)
{
	if (cJSON_IsString(json))
		return mok_val_str(mok_arena_strdup(arena, json->valuestring));
	if (cJSON_IsNumber(json) && json->valuedouble >= -9e15 && json->valuedouble <= 9e15)
		return mok_val_str(mok_arena_printf(arena, "%lld", (long long)json->valuedouble));
	return mok_val_null();
}

static struct mok_val read_number(enum mok_type type, const cJSON *json)
{
	double d = json->valuedouble;

	if (!cJSON_IsNumber(json))
		return mok_val_null();
	if (type == MOK_NUM && !(d >= -9e15 && d <= 9e15 && (double)(int64_t)d == d))
		return mok_val_num(d);
	if (!(d >= -9e15 && d <= 9e15))
		return mok_val_null();
	return mok_val_int((int64_t)d);
}

static struct mok_val read_raw(struct mok_arena *arena, const struct mok_field *f,
	enum mok_type type, const cJSON *json, int depth)
{
	switch (type) {
	case MOK_BOOL:
		return cJSON_IsBool(json) ? mok_val_bool(cJSON_IsTrue(json)) : mok_val_null();
	case MOK_INT:
	case MOK_NUM: return read_number(type, json);
	case MOK_STR: return read_text(arena, json);
	case MOK_LIST:
		return cJSON_IsArray(json) ? read_list(arena, f, json, depth + 1) : mok_val_null();
	case MOK_MAP:
		if (!cJSON_IsObject(json))
			return mok_val_null();
		if (!f->sub)
			return read_strings(arena, json);
		return read_object(arena, f->sub, json, depth + 1);
	case MOK_NULL:
	case MOK_EXPR:
	case MOK_UNKNOWN: break;
	}
	return mok_val_null();
}

static struct mok_val read_value(struct mok_arena *arena, const struct mok_field *f,
	enum mok_type type, const cJSON *json, int depth)
{
	struct mok_val v;

	if (depth > DEPTH_MAX)
		return mok_val_null();
	v = read_raw(arena, f, type, json, depth);
	/* Of a list's items the list takes care. */
	return type == f->type && v.type != MOK_NULL ? mok_norm(arena, f->norm, v) : v;
}

struct mok_val mok_do_value(struct mok_arena *arena, const struct mok_field *f, const cJSON *json)
{
	return read_value(arena, f, f->type, json, 0);
}

/* ---- markers ---- */

static bool is_marker(struct mok_arena *arena, const char *text)
{
	struct mok_marker m;

	return mok_starts(text, "mok:") && mok_marker_parse(arena, text, &m) &&
		!(m.kind && m.kind[0]) && !(m.about && m.about[0]);
}

static const char *tag_marker(struct mok_arena *arena, const cJSON *api)
{
	const cJSON *tag;

	cJSON_ArrayForEach(tag, cJSON_GetObjectItemCaseSensitive(api, "tags"))
	{
		if (cJSON_IsString(tag) && is_marker(arena, tag->valuestring))
			return mok_arena_strdup(arena, tag->valuestring);
	}
	return NULL;
}

/* Takes a " [marker]" off the description. */
static void split_description(struct mok_arena *arena, struct mok_object *o)
{
	struct mok_pair *pairs = (struct mok_pair *)(uintptr_t)o->attrs.u.map.pairs;

	for (size_t i = 0; i < o->attrs.u.map.len; i++) {
		const char *text = pairs[i].val.u.s, *open;
		const char *marker;
		size_t len;

		if (!mok_streq(pairs[i].key, "description") || pairs[i].val.type != MOK_STR)
			continue;
		open = strrchr(text, '[');
		if (!open || !mok_ends(text, "]"))
			return;
		marker = mok_arena_strndup(arena, open + 1, strlen(open) - 2);
		if (!is_marker(arena, marker))
			return;
		len = (size_t)(open - text);
		if (len > 0 && text[len - 1] == ' ')
			len--;
		o->marker = marker;
		pairs[i].val.u.s = mok_arena_strndup(arena, text, len);
		return;
	}
}

/* ---- life ---- */

static bool is_in(const char *word, const char *list)
{
	size_t len = word ? strlen(word) : 0;

	for (const char *p = list; word && p && *p; p += strcspn(p, "|"), p += *p == '|')
		if (strcspn(p, "|") == len && strncmp(p, word, len) == 0)
			return true;
	return false;
}

static void read_status(struct mok_arena *arena, const cJSON *api, struct mok_object *o)
{
	const struct mok_kind *kind = o->kind;
	const char *message;

	o->ready = !kind->status_json;
	if (!kind->status_json)
		return;
	o->status = mok_json_str(api, kind->status_json);
	if (o->status)
		o->status = mok_arena_strdup(arena, o->status);
	o->ready = is_in(o->status, kind->ready);
	o->failed = is_in(o->status, kind->failed);
	o->gone = is_in(o->status, kind->gone);
	message = mok_json_str(api, "status.message");
	if (message && *message && !mok_streq(message, o->status))
		o->status_message = mok_arena_strdup(arena, message);
}

static const char *id_of(struct mok_arena *arena, const struct mok_ask *ask,
	const struct mok_kind *kind, const cJSON *api)
{
	const cJSON *json = kind->id_json ? mok_json_at(api, kind->id_json) : NULL;
	struct mok_val v = json ? read_text(arena, json) : mok_val_null();

	if (!kind->id_json)
		return ask->parent_id;
	return v.type == MOK_STR && v.u.s[0] ? v.u.s : NULL;
}

/* Setting the parent copies the pairs from the stack, with room for what `decoded` adds. */
static void read_attrs(struct mok_arena *arena, const cJSON *api, struct mok_object *o)
{
	const struct mok_kind *kind = o->kind;
	struct mok_pair found[FIELDS_MAX];

	if (!kind->parent_field || !o->parent_id) {
		o->attrs = read_object(arena, kind->fields, api, 0);
	} else {
		o->attrs = (struct mok_val){ .type = MOK_MAP };
		o->attrs.u.map.pairs = found;
		o->attrs.u.map.len = find_fields(arena, kind->fields, api, found, 0);
		mok_val_set(arena, &o->attrs, kind->parent_field, mok_val_str(o->parent_id));
	}
	if (o->urn && mok_field_find(kind->fields, "urn"))
		mok_val_set(arena, &o->attrs, "urn", mok_val_str(o->urn));
}

static void read_embedded(struct mok_arena *arena, const struct mok_ask *ask, struct mok_object *o,
	const cJSON *api, struct mok_answer *out)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	for (size_t i = 0; i < count; i++) {
		const cJSON *item;
		struct mok_ask under = *ask;

		if (!mok_streq(kinds[i]->parent, o->kind->name) || kinds[i]->list_path)
			continue;
		under.parent_id = o->id;
		cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(api, kinds[i]->list_key))
		{
			struct mok_object *child =
				mok_do_object(arena, &under, kinds[i], item, out);

			if (child)
				child->parent = o;
		}
	}
}

static const char *dup_text(struct mok_arena *arena, const cJSON *api, const char *name)
{
	const char *s = name ? mok_json_str(api, name) : NULL;

	return s ? mok_arena_strdup(arena, s) : NULL;
}

struct mok_object *mok_do_object(struct mok_arena *arena, const struct mok_ask *ask,
	const struct mok_kind *kind, const cJSON *api, struct mok_answer *out)
{
	const char *id = cJSON_IsObject(api) ? id_of(arena, ask, kind, api) : NULL;
	const char *created = mok_json_str(api, "created_at");
	struct mok_object *o;

	if (!id)
		return NULL;
	/* mok's own tags are no resources of anybody's. */
	if (mok_streq(kind->id_json, "name") && kind->marking == MOK_MARK_FREE && !kind->parent &&
		mok_starts(id, "mok:"))
		return NULL;
	o = MOK_NEW(arena, struct mok_object);
	o->kind = kind;
	o->id = id;
	o->parent_id = kind->parent ? ask->parent_id : NULL;
	o->name = dup_text(arena, api, kind->name_field);
	if (kind->urn)
		o->urn = mok_arena_printf(arena, "%s%s", kind->urn, id);
	read_attrs(arena, api, o);
	if (kind->marking == MOK_MARK_TAGS)
		o->marker = tag_marker(arena, api);
	else if (kind->marking == MOK_MARK_DESCRIPTION)
		split_description(arena, o);
	read_status(arena, api, o);
	if (created && mok_parse_time(created, &o->created_ms) != 0)
		o->created_ms = 0;
	if (kind->decoded)
		kind->decoded(arena, api, o);
	if (o->ready && kind->is_ready && !kind->is_ready(o, NULL))
		o->ready = false;
	mok_vec_push(arena, &out->objects, o);
	read_embedded(arena, ask, o, api, out);
	return o;
}
