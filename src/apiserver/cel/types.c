/* Types: making, comparing, telling them. */
#include "cel.h"

#define DYN (&cel_simple[CEL_DYN])

const struct cel_type cel_simple[] = {
	[CEL_ERROR] = { .kind = CEL_ERROR },
	[CEL_DYN] = { .kind = CEL_DYN },
	[CEL_NULL] = { .kind = CEL_NULL },
	[CEL_BOOL] = { .kind = CEL_BOOL },
	[CEL_INT] = { .kind = CEL_INT },
	[CEL_UINT] = { .kind = CEL_UINT },
	[CEL_DOUBLE] = { .kind = CEL_DOUBLE },
	[CEL_STRING] = { .kind = CEL_STRING },
	[CEL_BYTES] = { .kind = CEL_BYTES },
	[CEL_LIST] = { .kind = CEL_LIST, .element = DYN },
	[CEL_MAP] = { .kind = CEL_MAP, .key = DYN, .element = DYN },
	[CEL_OBJECT] = { .kind = CEL_OBJECT },
	[CEL_DURATION] = { .kind = CEL_DURATION },
	[CEL_TIMESTAMP] = { .kind = CEL_TIMESTAMP },
	[CEL_TYPE] = { .kind = CEL_TYPE, .element = DYN },
	[CEL_OPTIONAL] = { .kind = CEL_OPTIONAL, .element = DYN },
	[CEL_URL] = { .kind = CEL_URL },
	[CEL_QUANTITY] = { .kind = CEL_QUANTITY },
	[CEL_IP] = { .kind = CEL_IP },
	[CEL_CIDR] = { .kind = CEL_CIDR },
	[CEL_FORMAT] = { .kind = CEL_FORMAT },
	[CEL_SEMVER] = { .kind = CEL_SEMVER },
};

static const char *const names[] = {
	[CEL_ERROR] = "!error!",
	[CEL_DYN] = "dyn",
	[CEL_NULL] = "null",
	[CEL_BOOL] = "bool",
	[CEL_INT] = "int",
	[CEL_UINT] = "uint",
	[CEL_DOUBLE] = "double",
	[CEL_STRING] = "string",
	[CEL_BYTES] = "bytes",
	[CEL_LIST] = "list",
	[CEL_MAP] = "map",
	[CEL_OBJECT] = "object",
	[CEL_DURATION] = "google.protobuf.Duration",
	[CEL_TIMESTAMP] = "google.protobuf.Timestamp",
	[CEL_TYPE] = "type",
	[CEL_OPTIONAL] = "optional_type",
	[CEL_URL] = "kubernetes.URL",
	[CEL_QUANTITY] = "kubernetes.Quantity",
	[CEL_IP] = "net.IP",
	[CEL_CIDR] = "net.CIDR",
	[CEL_FORMAT] = "kubernetes.NamedFormat",
	[CEL_SEMVER] = "kubernetes.Semver",
	[CEL_PARAM] = "?",
};

const char *cel_kind_name(enum cel_kind kind)
{
	return kind == CEL_NULL ? "null_type" : names[kind];
}

/* The types that an expression can name. */
bool cel_kind_named(const char *name, enum cel_kind *out)
{
	for (size_t i = CEL_NULL; i < CEL_PARAM; i++)
		if (i != CEL_OBJECT && strcmp(cel_kind_name((enum cel_kind)i), name) == 0) {
			*out = (enum cel_kind)i;
			return true;
		}
	return false;
}

static const struct cel_type *type_new(
	struct mok_arena *arena, enum cel_kind kind, const struct cel_type *element)
{
	struct cel_type *type = MOK_NEW(arena, struct cel_type);

	type->kind = kind;
	type->element = element;
	return type;
}

const struct cel_type *cel_list_of(struct mok_arena *arena, const struct cel_type *element)
{
	return type_new(arena, CEL_LIST, element);
}

const struct cel_type *cel_optional_of(struct mok_arena *arena, const struct cel_type *element)
{
	return type_new(arena, CEL_OPTIONAL, element);
}

const struct cel_type *cel_map_of(
	struct mok_arena *arena, const struct cel_type *key, const struct cel_type *element)
{
	struct cel_type *type = MOK_NEW(arena, struct cel_type);

	*type = (struct cel_type){ .kind = CEL_MAP, .key = key, .element = element };
	return type;
}

/* Both of them, part by part, by `same`. */
static bool parts_fit(const struct cel_type *a, const struct cel_type *b,
	bool (*fit)(const struct cel_type *a, const struct cel_type *b))
{
	if (a->kind == CEL_OBJECT)
		return a->shape == b->shape;
	if (a->kind == CEL_TYPE)
		return true;
	return (!a->key || !b->key || fit(a->key, b->key)) &&
		(!a->element || !b->element || fit(a->element, b->element));
}

bool cel_same_type(const struct cel_type *a, const struct cel_type *b)
{
	return a == b || (a->kind == b->kind && parts_fit(a, b, cel_same_type));
}

/* What may be null. */
static bool takes_null(enum cel_kind kind)
{
	return kind == CEL_OBJECT || kind == CEL_DURATION || kind == CEL_TIMESTAMP ||
		kind >= CEL_OPTIONAL;
}

bool cel_assignable(const struct cel_type *from, const struct cel_type *to)
{
	if (from->kind == CEL_DYN || to->kind == CEL_DYN || from->kind == CEL_ERROR ||
		to->kind == CEL_ERROR)
		return true;
	if (from->kind == CEL_NULL && takes_null(to->kind))
		return true;
	return from->kind == to->kind && parts_fit(from, to, cel_assignable);
}

const char *cel_type_text(struct mok_arena *arena, const struct cel_type *type)
{
	switch ((int)type->kind) {
	case CEL_LIST:
	case CEL_OPTIONAL:
		return mok_arena_printf(
			arena, "%s(%s)", names[type->kind], cel_type_text(arena, type->element));
	case CEL_MAP:
		return mok_arena_printf(arena, "map(%s, %s)", cel_type_text(arena, type->key),
			cel_type_text(arena, type->element));
	case CEL_TYPE:
		return mok_arena_printf(arena, "type(%s)", cel_type_text(arena, type->element));
	default: return names[type->kind];
	}
}

/* ---- signatures ---- */

static enum cel_kind kind_of(char letter)
{
	static const char letters[] = "biudsynxDTLQICFVt[{?";
	static const enum cel_kind kinds[] = { CEL_BOOL, CEL_INT, CEL_UINT, CEL_DOUBLE, CEL_STRING,
		CEL_BYTES, CEL_NULL, CEL_DYN, CEL_DURATION, CEL_TIMESTAMP, CEL_URL, CEL_QUANTITY,
		CEL_IP, CEL_CIDR, CEL_FORMAT, CEL_SEMVER, CEL_TYPE, CEL_LIST, CEL_MAP,
		CEL_OPTIONAL };
	const char *at = strchr(letters, letter);

	if (letter == 'A' || letter == 'B')
		return CEL_PARAM;
	if (!letter || !at)
		MOK_BUG("a letter in a CEL signature");
	return kinds[at - letters];
}

const struct cel_type *cel_signature_type(struct mok_arena *arena, const char **at)
{
	char letter = *(*at)++;
	enum cel_kind kind = kind_of(letter);
	struct cel_type *type;
	const struct cel_type *key;

	if (kind == CEL_PARAM) {
		type = MOK_NEW(arena, struct cel_type);
		*type = (struct cel_type){ .kind = kind, .param = letter };
		return type;
	}
	if (kind == CEL_LIST || kind == CEL_OPTIONAL)
		return type_new(arena, kind, cel_signature_type(arena, at));
	if (kind != CEL_MAP)
		return &cel_simple[kind];
	key = cel_signature_type(arena, at);
	return cel_map_of(arena, key, cel_signature_type(arena, at));
}

/* Past one type. */
static const char *skip(const char *at)
{
	char letter = *at++;

	if (letter == '[' || letter == '?')
		return skip(at);
	return letter == '{' ? skip(skip(at)) : at;
}

/* A list is of what its first item is. */
static bool fits(const char *at, const struct cel_val *value)
{
	enum cel_kind kind = kind_of(*at);

	if (kind == CEL_DYN || kind == CEL_PARAM)
		return true;
	if (kind != value->kind)
		return false;
	return kind != CEL_LIST || !cel_list_len(value) || fits(at + 1, cel_list_items(value));
}

bool cel_fn_fits(const struct cel_fn *fn, bool on, const struct cel_val *args, size_t nargs)
{
	const char *at = fn->signature + (*fn->signature == '.');

	if (on != (*fn->signature == '.'))
		return false;
	for (size_t i = 0; i < nargs; i++) {
		if (*at == ':' || !fits(at, &args[i]))
			return false;
		at = skip(at);
	}
	return *at == ':';
}
