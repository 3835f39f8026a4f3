/*
 * Decoding: the wire format says numbers, the table which field of JSON each is. Fields that the
 * table has not are skipped, as every reader of protobuf does. Zero values are as they came; what
 * Go would leave out of JSON, normal.c leaves out.
 */
#include "protobuf.h"

#include "data.h"
#include "wire.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 100, NUMBER_MAX = 100, NANOS = 1000000000 };

enum shape { ONE, LIST, MAP };

struct message;

struct field {
	const char *name; /* NULL: there is no such number */
	enum shape shape;
	char code; /* a scalar of schema.json, '@' a message, '=' one that is inline */
	bool omit_zero;
	const struct message *message;
};

struct message {
	struct field *fields; /* by number */
	size_t len;
	const char *choices; /* of JSON's one value, with spaces between; NULL: an object */
};

struct ks_protobuf {
	struct mok_arena *arena;
	struct mok_map *kinds, *messages; /* struct message */
};

struct decoding {
	struct mok_arena *arena;
	const char *error;
};

/* ---- the table ---- */

/* Declared before it is read, as messages name each other. */
static struct message *declare(struct ks_protobuf *table, const char *name)
{
	struct message *message = mok_map_get(table->messages, name);

	if (message)
		return message;
	message = MOK_NEW(table->arena, struct message);
	mok_map_put(table->messages, name, message);
	return message;
}

/* "NAME TYPE [z]" */
static struct field read_field(struct ks_protobuf *table, const char *text)
{
	struct mok_arena *arena = table->arena;
	size_t len = strcspn(text, " ");
	struct field f = { .name = mok_arena_strndup(arena, text, len) };
	const char *type = text + len + 1;

	f.shape = mok_starts(type, "[]") ? LIST : mok_starts(type, "{}") ? MAP : ONE;
	type += f.shape == ONE ? 0 : 2;
	len = strcspn(type, " ");
	f.code = *type;
	f.omit_zero = type[len] == ' ';
	if (f.code == '@' || f.code == '=')
		f.message = declare(table, mok_arena_strndup(arena, type + 1, len - 1));
	return f;
}

static size_t number_of(const cJSON *field)
{
	long number = strtol(field->string, NULL, 10);

	if (number < 0 || number > NUMBER_MAX)
		MOK_BUG("a number in protobuf.json");
	return (size_t)number;
}

static void read_message_of(struct ks_protobuf *table, const cJSON *json)
{
	struct message *m = declare(table, json->string);
	const cJSON *child;

	cJSON_ArrayForEach(child, json) if (number_of(child) >= m->len) m->len =
		number_of(child) + 1;
	m->fields = MOK_NEW_N(table->arena, struct field, m->len);
	cJSON_ArrayForEach(child, json)
	{
		if (*child->string)
			m->fields[number_of(child)] = read_field(table, child->valuestring);
		else
			m->choices = mok_arena_strdup(table->arena, child->valuestring);
	}
}

struct ks_protobuf *ks_protobuf_new(struct mok_arena *arena)
{
	struct ks_protobuf *table = MOK_NEW(arena, struct ks_protobuf);
	MOK_CLEANUP(mok_json_cleanup)
	cJSON *json = mok_json_parse(ks_data_protobuf.text, ks_data_protobuf.len);
	const cJSON *item;

	if (!json)
		MOK_BUG("src/apiserver/data/protobuf.json is damaged");
	*table = (struct ks_protobuf){ arena, mok_map_new(arena), mok_map_new(arena) };
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "messages"))
		read_message_of(table, item);
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "kinds"))
		mok_map_put(table->kinds, item->string, declare(table, item->valuestring));
	return table;
}

/* ---- values ---- */

static cJSON *fail(struct decoding *d, const char *error)
{
	if (!d->error)
		d->error = error;
	return NULL;
}

static size_t length(const struct ks_wire *w)
{
	return (size_t)(w->end - w->at);
}

static cJSON *text_of(struct decoding *d, const struct ks_wire *w)
{
	const char *text = (const char *)w->at;
	size_t len = length(w), bad;

	if (!mok_utf8_valid(text, len, &bad) || memchr(text, '\0', len))
		return fail(d, "string field contains invalid UTF-8");
	return cJSON_CreateString(mok_arena_strndup(d->arena, text, len));
}

static cJSON *base64_of(struct decoding *d, const struct ks_wire *w)
{
	return cJSON_CreateString(mok_base64(d->arena, w->at, length(w)));
}

static cJSON *integer(uint64_t value)
{
	return cJSON_CreateNumber((double)(int64_t)value);
}

static cJSON *number(struct decoding *d, uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return isfinite(value) ? cJSON_CreateNumber(value)
			       : fail(d, "json: unsupported value: not a finite number");
}

/* The fields of a small message that are looked for, by their number. */
static bool read_small(
	struct decoding *d, struct ks_wire w, struct ks_wire_field *fields, size_t len)
{
	struct ks_wire_field field;

	while (ks_wire_next(&w, &field, &d->error))
		if (field.number < len)
			fields[field.number] = field;
	return !d->error;
}

static cJSON *quantity(struct decoding *d, const struct ks_wire *w)
{
	struct ks_wire_field fields[2] = { { .number = 0 } };

	if (!read_small(d, *w, fields, 2))
		return NULL;
	if (!fields[1].bytes.at)
		return cJSON_CreateString("0");
	return text_of(d, &fields[1].bytes);
}

/* type (0 the number, 1 the text), intVal, strVal */
static cJSON *int_or_string(struct decoding *d, const struct ks_wire *w)
{
	struct ks_wire_field fields[4] = { { .number = 0 } };

	if (!read_small(d, *w, fields, 4))
		return NULL;
	if (fields[1].value == 0)
		return cJSON_CreateNumber((double)(int32_t)fields[2].value);
	return fields[3].bytes.at ? text_of(d, &fields[3].bytes) : cJSON_CreateString("");
}

/* Seconds and nanoseconds; a message of nothing is the zero of Go's time, null in JSON. */
static cJSON *time_of(struct decoding *d, const struct ks_wire *w, bool micro)
{
	static const int64_t first = -62135596800, last = 253402300799; /* years 1 and 9999 */
	struct ks_wire_field fields[3] = { { .number = 0 } };
	int64_t seconds, nanos;
	char text[21], whole[32];

	if (!length(w))
		return cJSON_CreateNull();
	if (!read_small(d, *w, fields, 3))
		return NULL;
	seconds = (int64_t)fields[1].value;
	nanos = (int32_t)fields[2].value;
	if (seconds < first || seconds > last || nanos < 0 || nanos >= NANOS)
		return fail(d, "Time.MarshalJSON: year outside of range [0,9999]");
	mok_format_time(seconds * 1000, text);
	if (!micro)
		return cJSON_CreateString(text);
	snprintf(whole, sizeof(whole), "%.19s.%06dZ", text, (int)(nanos / 1000));
	return cJSON_CreateString(whole);
}

/* JSON inside of a message, as it came. */
static cJSON *raw(struct decoding *d, const struct ks_wire *w)
{
	struct ks_wire_field fields[2] = { { .number = 0 } };
	cJSON *json;

	if (!read_small(d, *w, fields, 2))
		return NULL;
	if (!fields[1].bytes.at || !length(&fields[1].bytes))
		return cJSON_CreateNull();
	json = mok_json_parse((const char *)fields[1].bytes.at, length(&fields[1].bytes));
	return json ? json : fail(d, "json: invalid value of a RawExtension");
}

static cJSON *read_message(
	struct decoding *d, const struct message *m, struct ks_wire w, int depth);

static enum ks_wire_type wire_type(char code)
{
	return code == 'i' || code == 'b' ? KS_WIRE_VARINT
		: code == 'n'             ? KS_WIRE_FIXED64
					  : KS_WIRE_BYTES;
}

static cJSON *read_value(
	struct decoding *d, const struct field *f, const struct ks_wire_field *in, int depth)
{
	if (in->type != wire_type(f->code))
		return fail(d,
			mok_arena_printf(d->arena, "proto: wrong wireType = %d for field %c%s",
				(int)in->type, toupper((unsigned char)*f->name), f->name + 1));
	switch (f->code) {
	case 's': return text_of(d, &in->bytes);
	case 'y': return base64_of(d, &in->bytes);
	case 'i': return integer(in->value);
	case 'b': return cJSON_CreateBool(in->value != 0);
	case 'n': return number(d, in->value);
	case 'q': return quantity(d, &in->bytes);
	case 'x': return int_or_string(d, &in->bytes);
	case 't': return time_of(d, &in->bytes, false);
	case 'u': return time_of(d, &in->bytes, true);
	case 'o': return raw(d, &in->bytes);
	case '@': return read_message(d, f->message, in->bytes, depth + 1);
	default: MOK_BUG("a type in protobuf.json");
	}
}

/* ---- fields ---- */

/* One message at work. */
struct filling {
	struct decoding *d;
	cJSON *object;
	struct mok_map *keys; /* members of its maps, by field and key; NULL: none yet */
	int depth;
};

/* The field's list or map, made when it is not there. */
static cJSON *container(cJSON *object, const struct field *f)
{
	cJSON *found = cJSON_GetObjectItemCaseSensitive(object, f->name);

	if (found)
		return found;
	found = f->shape == LIST ? cJSON_CreateArray() : cJSON_CreateObject();
	cJSON_AddItemToObject(object, f->name, found);
	return found;
}

static bool add_packed(struct decoding *d, const struct field *f, struct ks_wire w, cJSON *list)
{
	struct ks_wire_field one = { .type = wire_type(f->code) };

	while (w.at < w.end) {
		cJSON *value;

		if (!(f->code == 'n' ? ks_wire_fixed(&w, 8, &one.value, &d->error)
				     : ks_wire_varint(&w, &one.value, &d->error)))
			return false;
		value = read_value(d, f, &one, 0);
		if (!value)
			return false;
		cJSON_AddItemToArray(list, value);
	}
	return true;
}

static bool add_item(struct filling *m, const struct field *f, const struct ks_wire_field *in)
{
	cJSON *list = container(m->object, f), *value;

	if (in->type == KS_WIRE_BYTES && wire_type(f->code) != KS_WIRE_BYTES)
		return add_packed(m->d, f, in->bytes, list);
	value = read_value(m->d, f, in, m->depth);
	if (value)
		cJSON_AddItemToArray(list, value);
	return value;
}

/* The later of two members of one key counts. */
static void put_member(struct filling *m, const struct field *f, const char *key, cJSON *value)
{
	const char *whole = mok_arena_printf(m->d->arena, "%s %s", f->name, key);
	cJSON *map = container(m->object, f), *before;

	if (!m->keys)
		m->keys = mok_map_new(m->d->arena);
	before = mok_map_get(m->keys, whole);
	if (before)
		cJSON_Delete(cJSON_DetachItemViaPointer(map, before));
	cJSON_AddItemToObject(map, key, value);
	mok_map_put(m->keys, whole, value);
}

/* An entry is a message of key (1) and value (2); what is left out is zero. */
static bool add_member(struct filling *m, const struct field *f, const struct ks_wire_field *in)
{
	static const unsigned char nothing[1];
	struct ks_wire_field fields[3] = { { .number = 0 } };
	cJSON *key, *value;

	if (in->type != KS_WIRE_BYTES)
		return fail(m->d, "proto: wrong wireType for a map");
	if (!read_small(m->d, in->bytes, fields, 3))
		return false;
	for (size_t i = 1; i < 3; i++)
		if (!fields[i].number)
			fields[i] = (struct ks_wire_field){ .number = i,
				.type = i == 1 ? KS_WIRE_BYTES : wire_type(f->code),
				.bytes = { nothing, nothing } };
	if (fields[1].type != KS_WIRE_BYTES)
		return fail(m->d, "proto: wrong wireType for the key of a map");
	key = text_of(m->d, &fields[1].bytes);
	value = key ? read_value(m->d, f, &fields[2], m->depth) : NULL;
	if (value)
		put_member(m, f, key->valuestring, value);
	cJSON_Delete(key);
	return value;
}

static bool is_scalar_zero(const cJSON *value)
{
	return cJSON_IsFalse(value) || (cJSON_IsNumber(value) && value->valuedouble == 0) ||
		(cJSON_IsString(value) && !*value->valuestring);
}

static bool set_field(struct filling *m, const struct field *f, const struct ks_wire_field *in)
{
	cJSON *value = read_value(m->d, f, in, m->depth);

	if (!value)
		return false;
	if (f->omit_zero && is_scalar_zero(value))
		cJSON_Delete(value);
	else
		mok_json_set(m->object, f->name, value);
	return true;
}

static bool fill(struct filling *m, const struct message *message, struct ks_wire w)
{
	struct ks_wire_field in;

	while (ks_wire_next(&w, &in, &m->d->error)) {
		const struct field *f =
			in.number < message->len ? &message->fields[in.number] : NULL;
		bool good = true;

		if (!f || !f->name)
			continue;
		if (f->code == '=')
			good = in.type == KS_WIRE_BYTES ? fill(m, f->message, in.bytes)
							: !!fail(m->d, "proto: wrong wireType");
		else
			good = f->shape == LIST   ? add_item(m, f, &in)
				: f->shape == MAP ? add_member(m, f, &in)
						  : set_field(m, f, &in);
		if (!good)
			return false;
	}
	return !m->d->error;
}

/* JSON's value of a message that is one of its fields: the first that is there. */
static cJSON *chosen(struct decoding *d, const char *choices, cJSON *object)
{
	cJSON *value = NULL;

	while (!value && *choices) {
		size_t len = strcspn(choices, " ");

		value = cJSON_DetachItemFromObjectCaseSensitive(
			object, mok_arena_strndup(d->arena, choices, len));
		choices += len + (choices[len] == ' ');
	}
	cJSON_Delete(object);
	return value ? value : cJSON_CreateNull();
}

static cJSON *read_message(struct decoding *d, const struct message *m, struct ks_wire w, int depth)
{
	struct filling filling = { d, NULL, NULL, depth };

	if (depth > DEPTH_MAX)
		return fail(d, "exceeded max depth");
	filling.object = cJSON_CreateObject();
	if (!fill(&filling, m, w)) {
		cJSON_Delete(filling.object);
		return NULL;
	}
	return m->choices ? chosen(d, m->choices, filling.object) : filling.object;
}

/* ---- the body ---- */

/* apiVersion (1) and kind (2) */
static const char *kind_of(struct decoding *d, struct ks_wire w)
{
	struct ks_wire_field fields[3] = { { .number = 0 } };
	cJSON *version, *kind;
	const char *out = NULL;

	if (!read_small(d, w, fields, 3) || !fields[2].bytes.at)
		return NULL;
	version = fields[1].bytes.at ? text_of(d, &fields[1].bytes) : cJSON_CreateString("");
	kind = text_of(d, &fields[2].bytes);
	if (version && kind && *kind->valuestring)
		out = mok_arena_printf(d->arena, "%s %s", version->valuestring, kind->valuestring);
	cJSON_Delete(version);
	cJSON_Delete(kind);
	return out;
}

/* Options are the same in every group. */
static const struct message *message_of(const struct ks_protobuf *table, const char *kind)
{
	const struct message *found = mok_map_get(table->kinds, kind);

	return found ? found : mok_map_get(table->kinds, strchr(kind, ' ') + 1);
}

static cJSON *read_unknown(struct decoding *d, const struct ks_protobuf *table, struct ks_wire w,
	struct ks_protobuf_body *body)
{
	struct ks_wire_field fields[3] = { { .number = 0 } };
	const struct message *message;
	const char *kind, *space;
	cJSON *object;

	if (!read_small(d, w, fields, 3))
		return NULL;
	body->kind = fields[1].bytes.at ? kind_of(d, fields[1].bytes) : NULL;
	if (d->error)
		return NULL;
	kind = body->kind ? body->kind : body->fallback;
	space = strchr(kind, ' ');
	message = message_of(table, kind);
	object = message && fields[2].bytes.at ? read_message(d, message, fields[2].bytes, 0)
					       : cJSON_CreateObject();
	if (!object)
		return NULL;
	mok_json_set(object, "kind", cJSON_CreateString(space + 1));
	mok_json_set(object, "apiVersion",
		cJSON_CreateString(mok_arena_strndup(d->arena, kind, (size_t)(space - kind))));
	return object;
}

cJSON *ks_protobuf_read(
	const struct ks_protobuf *table, struct mok_arena *arena, struct ks_protobuf_body *body)
{
	static const char magic[] = { 'k', '8', 's', 0 };
	const unsigned char *bytes = (const unsigned char *)body->data;
	struct decoding d = { .arena = arena };
	cJSON *object = NULL;

	body->kind = NULL;
	if (!body->len)
		fail(&d, "empty data");
	else if (body->len < sizeof(magic) || memcmp(bytes, magic, sizeof(magic)) != 0)
		fail(&d,
			"provided data does not appear to be a protobuf message, expected prefix "
			"[107 56 115 0]");
	else if (body->len == sizeof(magic))
		fail(&d, "empty body");
	else
		object = read_unknown(&d, table,
			(struct ks_wire){ bytes + sizeof(magic), bytes + body->len }, body);
	body->error = d.error;
	return object;
}
