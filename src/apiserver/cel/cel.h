/*
 * cel: the Common Expression Language as Kubernetes v1.36 speaks it in x-kubernetes-validations.
 *
 * lex.c, parse.c        text to nodes                of_schema.c  a JSON schema as types and values
 * types.c, check.c      what type a node has         value.c, compare.c, print.c   values
 * eval.c, macro.c       nodes to a value             table.c      every function, with its types
 * number.c, text.c, ... the functions themselves     regex*.c     RE2's syntax, by PCRE2
 *
 * The language: https://github.com/google/cel-spec/blob/master/doc/langdef.md; what Kubernetes
 * adds: https://kubernetes.io/docs/reference/using-api/cel/. Expressions and what they look at are
 * hostile: depth, steps and memory are bounded.
 */
#ifndef MOK_CEL_H
#define MOK_CEL_H

#include "mok/base.h"

#include <string.h>

enum {
	CEL_DEPTH_MAX = 200,      /* of an expression's nesting */
	CEL_TEXT_MAX = 100000,    /* of an expression, in bytes */
	CEL_CALL_COST = 1000000,  /* what one expression may cost */
	CEL_WHOLE_COST = 10000000 /* and all of an object's */
};

/* ---- types ---- */

enum cel_kind {
	CEL_ERROR = 0, /* a value only */
	CEL_DYN,       /* a type only */
	CEL_NULL,
	CEL_BOOL,
	CEL_INT,
	CEL_UINT,
	CEL_DOUBLE,
	CEL_STRING,
	CEL_BYTES,
	CEL_LIST,
	CEL_MAP,
	CEL_OBJECT, /* a type only: its values are maps */
	CEL_DURATION,
	CEL_TIMESTAMP,
	CEL_TYPE,
	CEL_OPTIONAL,
	CEL_URL,
	CEL_QUANTITY,
	CEL_IP,
	CEL_CIDR,
	CEL_FORMAT,
	CEL_SEMVER,
	CEL_PARAM, /* of a signature only */
};

struct cel_type {
	enum cel_kind kind;
	const struct cel_type *key;     /* of a map */
	const struct cel_type *element; /* of a map, a list, an optional */
	const struct cel_shape *shape;  /* of an object */
	char param;                     /* of a signature: 'A', 'B' */
};

extern const struct cel_type cel_simple[]; /* by kind; lists and maps of dyn */
const struct cel_type *cel_list_of(struct mok_arena *arena, const struct cel_type *element);
const struct cel_type *cel_map_of(
	struct mok_arena *arena, const struct cel_type *key, const struct cel_type *element);
const struct cel_type *cel_optional_of(struct mok_arena *arena, const struct cel_type *element);
bool cel_same_type(const struct cel_type *a, const struct cel_type *b);
bool cel_assignable(const struct cel_type *from, const struct cel_type *to);
const char *cel_type_text(struct mok_arena *arena, const struct cel_type *type);
const char *cel_kind_name(enum cel_kind kind);
bool cel_kind_named(const char *name, enum cel_kind *out);

/* ---- a schema ---- */

/* What CEL sees of a structural schema. */
struct cel_shape {
	const struct cel_type *type; /* NULL: nothing, and nobody can name it */
	enum cel_kind kind;          /* CEL_DYN: an integer or a string; CEL_ERROR: no type */
	struct mok_map *fields;      /* of an object: struct cel_shape by the name in JSON */
	const struct cel_shape *element;
	bool nullable, date;
	bool by_set, by_keys; /* of a list: x-kubernetes-list-type */
	const cJSON *keys;
	const cJSON *schema;
};
struct cel_shape *cel_shape_of(struct mok_arena *arena, const cJSON *schema, bool root);
/* A name as expressions write it ("a-b" is "a__dash__b"), and back; NULL: there is none. */
const char *cel_escape(struct mok_arena *arena, const char *name);
const char *cel_unescape(struct mok_arena *arena, const char *name);

/* ---- values ---- */

struct cel_text {
	const char *at;
	size_t len;
};

struct cel_list;
struct cel_map;

/* IP addresses, and networks. */
struct cel_net {
	unsigned char bytes[16];
	bool six;
	int prefix; /* of a network */
	struct cel_text text;
};

struct cel_url {
	const char *scheme, *host, *hostname, *port, *path, *query, *text;
};

struct cel_semver {
	uint64_t part[3];
	const char *pre, *build;
};

struct cel_val {
	enum cel_kind kind;
	union {
		bool truth;
		int64_t i;
		uint64_t u;
		double d;
		struct cel_text text; /* of a string, bytes, and the message of an error */
		struct cel_list *list;
		struct cel_map *map;
		struct {
			int64_t seconds;
			int32_t nanos, zone; /* seconds east of UTC, for its text */
		} time;                      /* a timestamp; a duration counts nanoseconds in i */
		const struct cel_type *type;
		const struct cel_val *inner; /* of an optional; NULL: none */
		const struct cel_net *net;
		const struct cel_url *url;
		const struct cel_semver *semver;
		const struct cel_decimal *quantity;
		const char *format; /* its name */
	} is;
};

struct cel_entry {
	struct cel_val key, value;
};

struct cel_run; /* an evaluation */

#define CEL_TRUTH(v) ((struct cel_val){ .kind = CEL_BOOL, .is.truth = (v) })
#define CEL_OF_INT(v) ((struct cel_val){ .kind = CEL_INT, .is.i = (v) })
#define CEL_OF_UINT(v) ((struct cel_val){ .kind = CEL_UINT, .is.u = (v) })
#define CEL_OF_DOUBLE(v) ((struct cel_val){ .kind = CEL_DOUBLE, .is.d = (v) })

struct cel_val cel_text(const char *at, size_t len);
struct cel_val cel_string(const char *text);
struct cel_val cel_error(struct mok_arena *arena, const char *fmt, ...) MOK_PRINTF(2, 3);
struct cel_val cel_no_overload(void);
struct cel_val cel_some(struct mok_arena *arena, struct cel_val value);
struct cel_val cel_none(void);
struct cel_val cel_json(struct mok_arena *arena, const cJSON *json, const struct cel_shape *shape);
/* JSON without a schema, for tests: whole numbers are ints. */
struct cel_val cel_free_json(struct mok_arena *arena, const cJSON *json);

struct cel_val cel_new_list(struct mok_arena *arena, struct cel_val *items, size_t len);
size_t cel_list_len(const struct cel_val *list);
const struct cel_val *cel_list_items(const struct cel_val *list);
struct cel_val cel_list_join(struct cel_run *run, const struct cel_val *a, const struct cel_val *b);
/* Is it a set, or a list by keys, whose order does not count? */
bool cel_list_is_unordered(const struct cel_val *list);

struct cel_val cel_new_map(struct mok_arena *arena);
/* False: it has that key already. */
bool cel_map_put(
	struct cel_run *run, struct cel_map *map, struct cel_val key, struct cel_val value);
/* In place of what is there. */
void cel_map_set(
	struct cel_run *run, struct cel_map *map, const struct cel_val *key, struct cel_val value);
size_t cel_map_len(const struct cel_val *map);
const struct cel_entry *cel_map_entries(const struct cel_val *map);
bool cel_map_find(struct cel_run *run, const struct cel_val *map, const struct cel_val *key,
	struct cel_val *out);

bool cel_is_text(const struct cel_val *value, const char *text);
bool cel_equal(struct cel_run *run, const struct cel_val *a, const struct cel_val *b);
/* -1, 0, 1; false: they have no order (*why is what to say). */
bool cel_compare(const struct cel_val *a, const struct cel_val *b, int *out, const char **why);
/* How much there is of it: characters, items; 1 of anything else. */
size_t cel_size(const struct cel_val *value);
const char *cel_text_of(struct mok_arena *arena, const struct cel_val *value); /* strings */
const char *cel_shown(struct mok_arena *arena, const struct cel_val *value);   /* in errors */

/* ---- expressions ---- */

struct cel_regex;

enum cel_op {
	CEL_CONST = 0,
	CEL_IDENT,
	CEL_SELECT,
	CEL_CALL,
	CEL_AND,
	CEL_OR,
	CEL_CONDITION,
	CEL_MAKE_LIST,
	CEL_MAKE_MAP,
	CEL_MACRO,
};

struct cel_fn;
struct cel_macro;

struct cel_node {
	enum cel_op op;
	size_t at;              /* the byte that errors point to */
	struct cel_val value;   /* of a constant */
	const char *name;       /* of an identifier, a field, a function */
	struct cel_node *from;  /* what it is selected from, called on, or goes through; or NULL */
	struct cel_node **args; /* of a map: keys and values in turn */
	bool *optionals;        /* of a list and a map: entries with a '?' */
	size_t nargs;
	bool has, optional; /* of a selection: has(...), .? */
	const struct cel_fn *fns;
	size_t nfns;                     /* what the name may mean; found by the check */
	const struct cel_regex *pattern; /* of a call with a literal one */
	const struct cel_macro *macro;
	const char *vars[2]; /* of a macro */
	size_t nvars;
	const struct cel_type *type;
};

/* What is wrong with an expression. */
struct cel_problems {
	struct mok_arena *arena;
	const char *source;
	MOK_VEC(const char *) list;
};
/* One text of all of them, with the place under each line. */
const char *cel_problems_text(struct cel_problems *problems);
void cel_problem(struct cel_problems *problems, size_t at, const char *fmt, ...) MOK_PRINTF(3, 4);

struct cel_var {
	const char *name;
	const struct cel_type *type;
	struct cel_val value;
	const struct cel_var *outer;
	bool used; /* set by the check */
};

struct cel_program {
	struct cel_node *root;
	const struct cel_type *type;
	bool uses_old;
};

/* Parses and checks. vars: what it may name. NULL: problems tell. */
struct cel_program *cel_compile(struct mok_arena *arena, const char *source, struct cel_var *vars,
	struct cel_problems *out);
/* The value, or an error. *budget: what it may cost, less what it did. */
struct cel_val cel_eval(struct mok_arena *arena, const struct cel_program *program,
	const struct cel_var *vars, int64_t *budget);

/* ---- within ---- */

struct cel_run {
	struct mok_arena *arena;
	const struct cel_var *vars;
	int64_t cost, limit;
	const struct cel_regex *pattern; /* of the call at work, when it is a literal */
};
void cel_spend(struct cel_run *run, size_t steps);
bool cel_is_spent(const struct cel_run *run);
#define CEL_SPENT "operation cancelled: actual cost limit exceeded"

enum cel_token_kind {
	CEL_T_END = 0,
	CEL_T_IDENT,
	CEL_T_INT,
	CEL_T_UINT,
	CEL_T_DOUBLE,
	CEL_T_STRING,
	CEL_T_BYTES,
	CEL_T_SIGN, /* operators and brackets */
	CEL_T_BAD,
};

struct cel_token {
	enum cel_token_kind kind;
	size_t at, len;
	const char *why;      /* of a bad one */
	struct cel_text text; /* of a string, decoded */
};
void cel_lex(struct mok_arena *arena, const char *source, size_t from, struct cel_token *out);
/* A word that is no name. */
bool cel_is_reserved(const char *name, size_t len);
/* The text of a literal from its quotes on; false: *why. */
bool cel_unquote(struct mok_arena *arena, struct cel_text body, bool bytes, struct cel_text *out);

struct cel_node *cel_parse(
	struct mok_arena *arena, const char *source, struct cel_problems *problems);
bool cel_check(struct mok_arena *arena, struct cel_node *root, struct cel_var *vars,
	struct cel_problems *problems);
struct cel_val cel_node_eval(struct cel_run *run, const struct cel_node *node);

enum cel_cost {
	CEL_ONE = 0,
	CEL_SCAN,    /* reads its first argument */
	CEL_SCAN2,   /* twice */
	CEL_LESSER,  /* as much as the shorter has */
	CEL_BOTH,    /* joins */
	CEL_PATTERN, /* runs a regular expression */
	CEL_ITEMS,   /* goes through its first argument */
	CEL_WITHIN,  /* through its second */
};

/*
 * A function's overload. The signature: arguments, ':' and the result, a letter each:
 * b bool, i int, u uint, d double, s string, y bytes, n null, x dyn, D duration, T timestamp,
 * t type, L URL, Q quantity, I IP, C CIDR, F format, V semver, [ list of, { map of two, ? optional
 * of, A and B whatever they are first. A leading '.' says that the first argument is what it is
 * called on.
 */
struct cel_fn {
	const char *name, *signature;
	struct cel_val (*call)(struct cel_run *run, const struct cel_val *args);
	enum cel_cost cost;
};
/* All of one name, in a row. NULL: there are none. */
const struct cel_fn *cel_fns_named(const char *name, size_t *n);
bool cel_fn_fits(const struct cel_fn *fn, bool on, const struct cel_val *args, size_t nargs);
const struct cel_type *cel_signature_type(struct mok_arena *arena, const char **at);

enum cel_yields { CEL_Y_BOOL = 0, CEL_Y_LIST, CEL_Y_MAP, CEL_Y_SAME, CEL_Y_OPTIONAL };

struct cel_macro {
	const char *name;
	size_t nvars, nargs; /* variables, and expressions after them */
	enum cel_yields yields;
	bool tests; /* its first expression is a condition */
	struct cel_val (*eval)(struct cel_run *run, const struct cel_node *node);
};
const struct cel_macro *cel_macro_find(const char *name, size_t nargs);
/* The first `len` of pairs, in the order of the others; an error if those have none. */
struct cel_val cel_sorted(struct cel_run *run, struct cel_val *pairs, size_t len);

/* regex.c. Compiled in the arena; NULL: *why. */
size_t cel_regex_len(const struct cel_regex *regex); /* compiled, in bytes */
struct cel_regex *cel_regex_new(struct mok_arena *arena, const char *pattern, const char **why);
/* Leftmost match at or after `from`; end NULL: only whether there is one. */
bool cel_regex_find(const struct cel_regex *regex, struct cel_text text, size_t from, size_t *begin,
	size_t *end);

/* time.c: false: malformed. */
bool cel_parse_timestamp(const char *text, bool date_only, struct cel_val *out);
bool cel_parse_duration(const char *text, int64_t *nanos);
int cel_month_len(int year, int month); /* in days; months begin at 1 */
const char *cel_timestamp_text(struct mok_arena *arena, const struct cel_val *time);
const char *cel_duration_text(struct mok_arena *arena, int64_t nanos);
/* quantity.c: numbers of any size, exact. */
int cel_decimal_compare(const struct cel_decimal *a, const struct cel_decimal *b);
int cel_semver_compare(const struct cel_semver *a, const struct cel_semver *b);

/* net.c: what url() takes. */
bool cel_is_url(struct mok_arena *arena, const char *text);

/* utf8.c */
size_t cel_utf8_next(const char *at, size_t len, uint32_t *out); /* bytes taken, 1 if malformed */
void cel_utf8_put(struct mok_buf *buf, uint32_t code);

#define CEL_FUNCTION(name) struct cel_val name(struct cel_run *run, const struct cel_val *args)

#endif
