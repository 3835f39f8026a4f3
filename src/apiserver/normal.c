/*
 * What decoding into Go's structs and encoding them again does to an object: undeclared fields go,
 * zero values that are marked omitempty go, values that are always written come. Then the defaults
 * of the server's code. Custom resources are pruned by their schema instead.
 */
#include "apiserver_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define QUANTITY_FORM \
	"quantities must match the regular expression " \
	"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/* Where the walk is: a field, a key of a map or an item of a list. */
struct step {
	const struct step *above;
	const char *name; /* NULL: an item */
	int index;
	bool key; /* of a map */
};

struct walk {
	struct ks_req *r;
	const struct ks_type *within; /* the innermost struct with a name */
	const char *detail;           /* set once a value cannot be decoded */
};

static bool normalise(
	struct walk *w, cJSON *value, const struct ks_type *type, const struct step *at);

/* As Go's decoder calls what it fails to make: of a time the text, of "int or string" the number.
 */
static const char *const type_names[] = { "object", "string", "int32", "float64", "bool", "",
	"int32", "[]uint8", "string", "string", "object" };

static bool is_whole(const cJSON *value, bool wide)
{
	double most = wide ? 9223372036854774784.0 : 2147483647.0;

	return cJSON_IsNumber(value) && floor(value->valuedouble) == value->valuedouble &&
		value->valuedouble <= most && value->valuedouble >= -most - 1;
}

static bool is_right(const cJSON *value, const struct ks_type *type)
{
	switch ((int)type->kind) {
	case KS_ANY: return true;
	case KS_STRING:
	case KS_BYTES: return cJSON_IsString(value);
	case KS_TIME:
	case KS_MICROTIME: return cJSON_IsString(value) || cJSON_IsNull(value);
	case KS_INTEGER: return is_whole(value, type->wide);
	case KS_NUMBER: return cJSON_IsNumber(value);
	case KS_BOOLEAN: return cJSON_IsBool(value);
	case KS_QUANTITY:
	case KS_INT_OR_STRING: return cJSON_IsNumber(value) || cJSON_IsString(value);
	case KS_LIST: return cJSON_IsArray(value) || cJSON_IsNull(value);
	default: return cJSON_IsObject(value) || cJSON_IsNull(value);
	}
}

bool ks_is_zero(const cJSON *value)
{
	if (cJSON_IsString(value))
		return !*value->valuestring;
	if (cJSON_IsNumber(value))
		return value->valuedouble == 0;
	if (cJSON_IsArray(value) || cJSON_IsObject(value))
		return !value->child;
	return cJSON_IsFalse(value) || cJSON_IsNull(value);
}

static cJSON *zero_of(const struct ks_type *type)
{
	switch ((int)type->kind) {
	case KS_STRING: return cJSON_CreateString("");
	case KS_QUANTITY: return cJSON_CreateString("0");
	case KS_INTEGER:
	case KS_NUMBER:
	case KS_INT_OR_STRING: return cJSON_CreateNumber(0);
	case KS_BOOLEAN: return cJSON_CreateFalse();
	case KS_STRUCT: return cJSON_CreateObject();
	default: return cJSON_CreateNull();
	}
}

static void set_text(cJSON *value, const char *text)
{
	cJSON *copy = cJSON_CreateString(text);
	char *old = value->valuestring;

	value->type = cJSON_String;
	value->valuestring = copy->valuestring;
	copy->valuestring = old;
	cJSON_Delete(copy);
}

/* As people are told: spec.containers[0].image. */
static void add_path(struct mok_buf *text, const struct step *at)
{
	if (!at)
		return;
	add_path(text, at->above);
	if (at->name)
		mok_buf_printf(text, "%s%s", at->above ? "." : "", at->name);
	else
		mok_buf_printf(text, "[%d]", at->index);
}

/* As Go's decoder tells: fields alone. */
static void add_fields(struct mok_buf *text, const struct step *at)
{
	if (!at)
		return;
	add_fields(text, at->above);
	if (at->name && !at->key)
		mok_buf_printf(text, "%s%s", text->len ? "." : "", at->name);
}

static const char *path_text(struct ks_req *r, const struct step *at,
	void (*add)(struct mok_buf *text, const struct step *at))
{
	struct mok_buf text;
	const char *out;

	mok_buf_init(&text, 8192);
	add(&text, at);
	out = mok_arena_strdup(r->arena, text.data);
	mok_buf_release(&text);
	return out;
}

static const char *short_name(const struct walk *w)
{
	const char *dot = w->within && w->within->name ? strrchr(w->within->name, '.') : NULL;

	return dot ? dot + 1 : w->r->resource->kind;
}

/* "v1.ResourceAttributes", "[]v1.Container", "map[string]string" */
static const char *type_name(struct ks_req *r, const struct ks_type *type)
{
	const char *dot = type->kind == KS_STRUCT && type->name ? strchr(type->name, '.') : NULL;

	if (dot)
		return dot + 1;
	if (type->kind == KS_INTEGER && type->wide)
		return "int64";
	if (type->kind == KS_LIST)
		return ks_printf(r, "[]%s", type_name(r, type->element));
	if (type->kind == KS_MAP && type->element->kind == KS_QUANTITY)
		return "v1.ResourceList";
	if (type->kind == KS_MAP)
		return ks_printf(r, "map[string]%s", type_name(r, type->element));
	return type_names[type->kind];
}

static bool complain(
	struct walk *w, const cJSON *value, const struct ks_type *type, const struct step *at)
{
	const char *what = ks_json_type(value);

	if (type->kind == KS_QUANTITY) {
		w->detail = QUANTITY_FORM;
		return false;
	}
	if (type->kind == KS_INTEGER && cJSON_IsNumber(value))
		what = ks_printf(w->r, "number %.15g", value->valuedouble);
	w->detail = ks_printf(w->r,
		"json: cannot unmarshal %s into Go struct field %s.%s of type %s", what,
		short_name(w), path_text(w->r, at, add_fields), type_name(w->r, type));
	return false;
}

static bool check_time(struct walk *w, const cJSON *value, bool micro)
{
	w->detail = ks_time_wrong(w->r->arena, value->valuestring, micro);
	return !w->detail;
}

static bool normalise_quantity(struct walk *w, cJSON *value)
{
	char number[40], *text;

	if (cJSON_IsNumber(value))
		snprintf(number, sizeof(number), "%.15g", value->valuedouble);
	text = ks_quantity(w->r->arena, cJSON_IsNumber(value) ? number : value->valuestring);
	if (!text) {
		w->detail = QUANTITY_FORM;
		return false;
	}
	set_text(value, text);
	return true;
}

static bool check_bytes(struct walk *w, const cJSON *value)
{
	static const char codes[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *text = value->valuestring;
	size_t n = strspn(text, codes), left = n % 4;
	size_t padding = strspn(text + n, "=");

	/* Lines may be broken. */
	if (strpbrk(text, "\r\n") ||
		(!text[n + padding] && padding <= 2 && (left + padding) % 4 == 0))
		return true;
	w->detail =
		ks_printf(w->r, "illegal base64 data at input byte %zu", text[n] ? n : n - left);
	return false;
}

static void add_always(struct walk *w, cJSON *object, const struct ks_type *type)
{
	for (size_t i = 0; i < mok_map_len(type->fields); i++) {
		const struct ks_field *f = mok_map_value(type->fields, i);
		cJSON *zero;

		if (!f->always || ks_at(object, f->name))
			continue;
		zero = zero_of(f->type);
		cJSON_AddItemToObject(object, f->name, zero);
		if (f->type->kind == KS_STRUCT)
			normalise(w, zero, f->type, NULL);
	}
}

static void drop(cJSON *object, cJSON *child)
{
	cJSON_Delete(cJSON_DetachItemViaPointer(object, child));
}

static bool normalise_child(struct walk *w, cJSON *object, cJSON *child, const struct ks_type *type,
	const struct step *at)
{
	const struct ks_field *f = ks_field_of(type, child->string);

	if (!f) {
		if (type->preserve)
			return true;
		mok_vec_push(w->r->arena, &w->r->unknown, path_text(w->r, at, add_path));
		drop(object, child);
		return true;
	}
	if (cJSON_IsNull(child) && !f->always && !type->unchecked) {
		drop(object, child);
		return true;
	}
	if (!cJSON_IsNull(child) && !normalise(w, child, f->type, at))
		return false;
	if (f->omit_zero && ks_is_zero(child))
		drop(object, child);
	return true;
}

static bool normalise_struct(
	struct walk *w, cJSON *object, const struct ks_type *type, const struct step *above)
{
	const struct ks_type *outer = w->within;
	cJSON *child, *next;

	w->within = type->name ? type : outer;
	for (child = object->child; child; child = next) {
		const struct step at = { above, child->string, 0, false };

		next = child->next;
		if (!normalise_child(w, object, child, type, &at))
			return false;
	}
	if (!type->unchecked)
		add_always(w, object, type);
	w->within = outer;
	return true;
}

static bool normalise_list(
	struct walk *w, cJSON *list, const struct ks_type *type, const struct step *above)
{
	struct step at = { above, NULL, 0, false };
	cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (!normalise(w, item, type->element, &at))
			return false;
		at.index++;
	}
	return true;
}

static bool normalise_map(
	struct walk *w, cJSON *map, const struct ks_type *type, const struct step *above)
{
	cJSON *item;

	cJSON_ArrayForEach(item, map)
	{
		const struct step at = { above, item->string, 0, true };

		if (!cJSON_IsNull(item) && !normalise(w, item, type->element, &at))
			return false;
	}
	return true;
}

static bool normalise(
	struct walk *w, cJSON *value, const struct ks_type *type, const struct step *at)
{
	/* A custom resource's schema says what is wrong in its own words. */
	if (!is_right(value, type))
		return type->unchecked || complain(w, value, type, at);
	if (cJSON_IsNull(value))
		return true;
	switch ((int)type->kind) {
	case KS_STRUCT: return normalise_struct(w, value, type, at);
	case KS_LIST: return normalise_list(w, value, type, at);
	case KS_MAP: return normalise_map(w, value, type, at);
	case KS_QUANTITY: return normalise_quantity(w, value);
	case KS_BYTES: return check_bytes(w, value);
	case KS_TIME:
	case KS_MICROTIME:
		return type->unchecked || check_time(w, value, type->kind == KS_MICROTIME);
	default: return true;
	}
}

const char *ks_undecodable(struct ks_req *r, cJSON *object, const struct ks_type *type)
{
	struct walk w = { .r = r };

	return normalise(&w, object, type, NULL) ? NULL : w.detail;
}

bool ks_normalise(struct ks_req *r, cJSON *object, const struct ks_type *type)
{
	const char *detail = ks_undecodable(r, object, type);

	if (!detail)
		return true;
	return ks_bad_request(r, "%s in version \"%s\" cannot be handled as a %s: %s",
		r->resource->kind, r->resource->version, r->resource->kind, detail);
}
