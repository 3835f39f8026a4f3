/* The parsed form of an expression, and what its parts share. */
#ifndef MOK_EXPR_INTERNAL_H
#define MOK_EXPR_INTERNAL_H

#include "mok/expr.h"

enum node_type {
	NODE_VALUE = 0,
	NODE_REF,
	NODE_CALL,
	NODE_LIST,
	NODE_TEXT, /* parts joined to a string */
};

struct function;

struct mok_expr {
	enum node_type type;
	struct mok_mark at;
	struct mok_val value;
	struct mok_ref ref;
	const struct function *function;
	MOK_VEC(const struct mok_expr *) args;
};

/* One evaluation: where results live, where problems go. */
struct eval {
	struct mok_arena *arena;
	const struct mok_scope *scope;
	struct mok_diags *diags;
	bool failed;
};

struct call {
	struct eval *eval;
	const struct mok_expr *expr;
	const struct mok_val *args; /* known, evaluated */
	size_t nargs;
};

#define MAX_ARGS 32

/* `min` to `max` arguments. run() returns false after call_fail(). */
struct function {
	struct mok_function about;
	size_t min, max;
	/* Is called even when arguments are unknown or null (default). */
	bool takes_unknown;
	bool (*run)(const struct call *call, struct mok_val *out);
};

const struct function *function_find(const char *name, size_t len);
const char *function_nearest(struct mok_arena *arena, const char *name);

/* A diagnostic E0504 at argument `i` (or at the call if i is SIZE_MAX); returns false. */
bool call_fail(const struct call *call, size_t i, const char *fmt, ...) MOK_PRINTF(3, 4);
/* The argument as this type, or false after a diagnostic. Numbers and booleans are also text. */
bool call_text(const struct call *call, size_t i, const char **out);
bool call_int(const struct call *call, size_t i, int64_t *out);
bool call_list(const struct call *call, size_t i, const struct mok_val **out);
bool call_map(const struct call *call, size_t i, const struct mok_val **out);

/* functions_text.c, functions_data.c */
bool fn_base64decode(const struct call *call, struct mok_val *out);
bool fn_base64encode(const struct call *call, struct mok_val *out);
bool fn_cidrsubnet(const struct call *call, struct mok_val *out);
bool fn_default(const struct call *call, struct mok_val *out);
bool fn_file(const struct call *call, struct mok_val *out);
bool fn_format(const struct call *call, struct mok_val *out);
bool fn_from_json(const struct call *call, struct mok_val *out);
bool fn_from_yaml(const struct call *call, struct mok_val *out);
bool fn_join(const struct call *call, struct mok_val *out);
bool fn_json(const struct call *call, struct mok_val *out);
bool fn_keys(const struct call *call, struct mok_val *out);
bool fn_length(const struct call *call, struct mok_val *out);
bool fn_lower(const struct call *call, struct mok_val *out);
bool fn_manifests(const struct call *call, struct mok_val *out);
bool fn_merge(const struct call *call, struct mok_val *out);
bool fn_replace(const struct call *call, struct mok_val *out);
bool fn_sha256(const struct call *call, struct mok_val *out);
bool fn_split(const struct call *call, struct mok_val *out);
bool fn_trim(const struct call *call, struct mok_val *out);
bool fn_upper(const struct call *call, struct mok_val *out);
bool fn_urlencode(const struct call *call, struct mok_val *out);
bool fn_values(const struct call *call, struct mok_val *out);
bool fn_yaml(const struct call *call, struct mok_val *out);

#endif
