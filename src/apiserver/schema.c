#include "apiserver_internal.h"

#include "data.h"

const struct ks_type ks_any = { .kind = KS_ANY };

static const struct ks_type *read_type(struct mok_apiserver *s, const char *text, size_t len);

static const struct ks_type *scalar(struct mok_apiserver *s, char code)
{
	static const char codes[] = "osiwnbqxytu";
	static const enum ks_kind kinds[] = { KS_ANY, KS_STRING, KS_INTEGER, KS_INTEGER, KS_NUMBER,
		KS_BOOLEAN, KS_QUANTITY, KS_INT_OR_STRING, KS_BYTES, KS_TIME, KS_MICROTIME };
	const char *at = strchr(codes, code);
	struct ks_type *type = MOK_NEW(s->arena, struct ks_type);

	if (!at || !*at)
		MOK_BUG("a type in schema.json");
	type->kind = kinds[at - codes];
	type->wide = code == 'w';
	return type;
}

/* Declared before it is read, as types name each other. */
static struct ks_type *declare(struct mok_apiserver *s, const char *name)
{
	struct ks_type *type = mok_map_get(s->types, name);

	if (type)
		return type;
	type = MOK_NEW(s->arena, struct ks_type);
	type->kind = KS_STRUCT;
	type->name = mok_arena_strdup(s->arena, name);
	type->fields = mok_map_new(s->arena);
	mok_map_put(s->types, name, type);
	return type;
}

static const struct ks_type *read_type(struct mok_apiserver *s, const char *text, size_t len)
{
	struct ks_type *type;

	if (len > 1 && text[0] == '@')
		return declare(s, mok_arena_strndup(s->arena, text + 1, len - 1));
	if (len > 2 && text[0] == 'o' && text[1] == '@') {
		type = MOK_NEW(s->arena, struct ks_type);
		type->element = read_type(s, text + 1, len - 1);
		return type;
	}
	if (len < 3)
		return scalar(s, text[0]);
	type = MOK_NEW(s->arena, struct ks_type);
	type->kind = text[0] == '[' ? KS_LIST : KS_MAP;
	type->element = read_type(s, text + 2, len - 2);
	return type;
}

static void read_keys(struct mok_apiserver *s, struct ks_type *list, const char *text, size_t len)
{
	MOK_VEC(const char *) keys = { NULL, 0, 0 };
	const char *end = text + len;

	while (text < end) {
		size_t n = 0;

		while (text + n < end && text[n] != ',')
			n++;
		mok_vec_push(s->arena, &keys, mok_arena_strndup(s->arena, text, n));
		text += n + 1;
	}
	list->keys = keys.items;
	list->nkeys = keys.len;
}

/* The type of a field is its own copy once a word changes it. */
static struct ks_type *own_type(struct mok_apiserver *s, struct ks_field *field)
{
	struct ks_type *copy = MOK_NEW(s->arena, struct ks_type);

	*copy = *field->type;
	field->type = copy;
	return copy;
}

static void read_list_word(
	struct mok_apiserver *s, struct ks_field *field, const char *word, size_t len)
{
	struct ks_type *type = own_type(s, field);

	type->list = mok_starts(word, "set") ? KS_LIST_SET
		: mok_starts(word, "map:")   ? KS_LIST_MAP
					     : KS_LIST_ATOMIC;
	if (type->list == KS_LIST_MAP)
		read_keys(s, type, word + 4, len - 4);
}

/* Freed with the schema. */
static cJSON *keep(struct mok_apiserver *s, cJSON *json)
{
	cJSON_AddItemToObject(s->presets, "", json);
	return json;
}

static void read_word(struct mok_apiserver *s, struct ks_field *f, const char *word, size_t len)
{
	switch (word[0]) {
	case '!': f->required = true; break;
	case 'z': f->omit_zero = true; break;
	case 'e': f->always = true; break;
	case 'r': f->retain_keys = true; break;
	case 'l': read_list_word(s, f, word + 2, len - 2); break;
	case 'a':
		if (f->type->kind != KS_STRUCT)
			own_type(s, f)->atomic = true;
		break;
	case 'm':
		f->merges = true;
		f->merge_key = mok_arena_strndup(s->arena, word + 2, len - 2);
		break;
	case 'n': f->values = mok_arena_strndup(s->arena, word + 2, len - 2); break;
	case 'd': f->fallback = keep(s, mok_json_parse(word + 2, len - 2)); break;
	default: MOK_BUG("a word in schema.json");
	}
}

static struct ks_field *read_field(struct mok_apiserver *s, const cJSON *json)
{
	struct ks_field *field = MOK_NEW(s->arena, struct ks_field);
	const char *text = json->valuestring;
	size_t len = strcspn(text, " ");

	field->name = json->string;
	field->type = read_type(s, text, len);
	for (text += len; *text; text += len) {
		text++;
		len = text[0] == 'd' ? strlen(text) : strcspn(text, " ");
		read_word(s, field, text, len);
	}
	if (field->always && !field->fallback && field->type->kind == KS_STRING)
		field->fallback = keep(s, cJSON_CreateString(""));
	return field;
}

static void read_struct(struct mok_apiserver *s, const cJSON *json)
{
	struct ks_type *type = declare(s, json->string);
	const cJSON *presets = ks_at(s->presets, json->string), *field;

	cJSON_ArrayForEach(field, json)
	{
		struct ks_field *f;

		if (!*field->string) {
			type->atomic = true;
			continue;
		}
		f = read_field(s, field);
		f->preset = ks_at(presets, f->name);
		mok_map_put(type->fields, f->name, f);
	}
}

static void read_subs(struct mok_apiserver *s, struct ks_resource *out, const cJSON *list)
{
	MOK_VEC(struct ks_sub) subs = { NULL, 0, 0 };
	const cJSON *json;

	cJSON_ArrayForEach(json, list)
	{
		struct ks_sub sub = { .name = ks_str(json, "name"),
			.group = ks_str(json, "group"),
			.version = ks_str(json, "version"),
			.kind = ks_str(json, "kind"),
			.verbs = ks_at(json, "verbs") };

		out->has_status |= strcmp(sub.name, "status") == 0;
		mok_vec_push(s->arena, &subs, sub);
	}
	out->subs = subs.items;
	out->nsubs = subs.len;
}

static void read_resource(struct mok_apiserver *s, const struct ks_group *group, const cJSON *json,
	struct ks_resource *out)
{
	*out = (struct ks_resource){ .group = group->group,
		.version = group->version,
		.name = ks_str(json, "name"),
		.singular = ks_str(json, "singular"),
		.kind = ks_str(json, "kind"),
		.namespaced = mok_json_bool(json, "namespaced", false),
		.storage = true,
		.warning = mok_json_str(json, "warning"),
		.verbs = ks_at(json, "verbs"),
		.short_names = ks_at(json, "short"),
		.categories = ks_at(json, "categories"),
		.type = ks_type_named(s, ks_str(json, "type")) };
	out->list_kind = mok_arena_printf(s->arena, "%sList", out->kind);
	out->full = *out->group ? mok_arena_printf(s->arena, "%s.%s", out->name, out->group)
				: out->name;
	out->stored = ks_event_is_later(out) ? "events" : out->full;
	read_subs(s, out, ks_at(json, "subresources"));
}

static void read_group(struct mok_apiserver *s, const cJSON *json)
{
	const cJSON *list = ks_at(json, "resources"), *resource;
	struct ks_group group = { .group = ks_str(json, "group"),
		.version = ks_str(json, "version") };

	group.resources = MOK_NEW_N(s->arena, struct ks_resource, (size_t)cJSON_GetArraySize(list));
	cJSON_ArrayForEach(resource, list)
		read_resource(s, &group, resource, &group.resources[group.len++]);
	mok_vec_push(s->arena, &s->groups, group);
}

void ks_schema_load(struct mok_apiserver *s)
{
	const cJSON *item;

	s->schema = mok_json_parse(ks_data_schema.text, ks_data_schema.len);
	s->presets = mok_json_parse(ks_data_defaults.text, ks_data_defaults.len);
	if (!s->schema || !s->presets)
		MOK_BUG("src/apiserver/data is damaged");
	s->release = ks_str(s->schema, "version");
	s->types = mok_map_new(s->arena);
	cJSON_ArrayForEach(item, ks_at(s->schema, "types")) read_struct(s, item);
	cJSON_ArrayForEach(item, ks_at(s->schema, "groups")) read_group(s, item);
}

const struct ks_type *ks_type_named(const struct mok_apiserver *s, const char *name)
{
	const struct ks_type *type = mok_map_get(s->types, name);

	if (!type)
		MOK_BUG("no such type in schema.json");
	return type;
}

struct ks_field *ks_field_of(const struct ks_type *type, const char *name)
{
	return type->fields ? mok_map_get(type->fields, name) : NULL;
}

const struct ks_resource *ks_resource_find(
	struct ks_req *r, const char *group, const char *version, const char *name)
{
	for (size_t i = 0; i < r->server->groups.len; i++) {
		const struct ks_group *g = &r->server->groups.items[i];

		if (strcmp(g->group, group) != 0 || strcmp(g->version, version) != 0)
			continue;
		for (size_t j = 0; j < g->len; j++)
			if (strcmp(g->resources[j].name, name) == 0)
				return &g->resources[j];
	}
	return ks_crd_find(r, group, version, name);
}
