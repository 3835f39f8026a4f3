/*
 * model: values with positions, and diagnostics about them. The vocabulary of plan, diff and
 * report.
 *
 * Everything lives in an arena and is never changed once built, so that values may be shared
 * freely.
 */
#ifndef MOK_MODEL_H
#define MOK_MODEL_H

#include "mok/base.h"

enum mok_type {
	MOK_NULL = 0,
	MOK_BOOL,
	MOK_INT,
	MOK_NUM,
	MOK_STR,
	MOK_LIST,
	MOK_MAP,
	MOK_EXPR,    /* not evaluated yet; only inside a resource's block as written */
	MOK_UNKNOWN, /* known after apply; `s` says of what, e.g. "db.id" */
};

struct mok_pair;
struct mok_expr; /* expr.h */

struct mok_val {
	enum mok_type type;
	bool sensitive; /* never shown; functions keep it */
	bool plain;     /* an unquoted YAML scalar: a MOK_STR whose type its field decides */
	bool built;     /* private to the builders */
	struct mok_mark at;
	union {
		bool b;
		int64_t i;
		double n;
		const char *s;
		struct {
			const struct mok_val *items;
			size_t len;
		} list;
		struct {
			const struct mok_pair *pairs; /* in the file's order; keys are distinct */
			size_t len;
		} map;
		const struct mok_expr *expr;
	} u;
};

struct mok_pair {
	const char *key;
	struct mok_mark key_at;
	struct mok_val val;
};

struct mok_val mok_val_null(void);
struct mok_val mok_val_bool(bool b);
struct mok_val mok_val_int(int64_t i);
struct mok_val mok_val_num(double n);
struct mok_val mok_val_str(const char *s); /* s must outlive the value */
struct mok_val mok_val_unknown(const char *of);
/* Builders: append to a list or set a key of a map under construction. Copies made before are not
 * affected. Appending is O(1) amortised; setting looks through the keys: for small maps. */
void mok_val_append(struct mok_arena *arena, struct mok_val *list, struct mok_val item);
void mok_val_set(struct mok_arena *arena, struct mok_val *map, const char *key, struct mok_val val);
const struct mok_val *mok_val_get(const struct mok_val *map, const char *key);  /* NULL: absent */
const struct mok_val *mok_val_at(const struct mok_val *root, const char *path); /* "a.b.0" */
const char *mok_val_get_str(const struct mok_val *map, const char *key); /* NULL: not a string */

/* Paths into values of any shape, as plans show them: "spec.containers[web].image", "args[0]",
 * "annotations.example.com/x"; a dot of a key's own may have a backslash. */
const struct mok_val *mok_val_find(const struct mok_val *root, const char *path);
/* How much of the path's beginning is this key, with the dot behind it; 0: it is another. */
size_t mok_path_key(const char *path, const char *key);
/* What is not there is left out already. */
struct mok_val mok_val_without(
	struct mok_arena *arena, const struct mok_val *root, const char *path);
/* Puts what `from` has at the path into a copy of `root`, with what leads there. */
struct mok_val mok_val_graft(struct mok_arena *arena, const struct mok_val *root,
	const struct mok_val *from, const char *path);

/* Deep. Ints equal nums of the same value; sensitive, plain and positions are not compared; an
 * unknown equals nothing. */
bool mok_val_equal(const struct mok_val *a, const struct mok_val *b);
/* The text of a scalar, or NULL for a list, a map, null and what is not known. */
const char *mok_val_text(struct mok_arena *arena, const struct mok_val *v);
bool mok_val_has_unknown(const struct mok_val *v);
const struct mok_val *mok_val_first_unknown(const struct mok_val *v); /* inside; NULL: none */
bool mok_val_has_sensitive(const struct mok_val *v);
/* Canonical text (keys sorted) for hashing; not for people. */
void mok_val_canonical(const struct mok_val *v, struct mok_buf *out);
struct mok_val mok_val_from_json(struct mok_arena *arena, const cJSON *json);
/* The caller deletes it. Unknowns become null. Sensitive values are included: mind where it goes.
 */
cJSON *mok_val_to_json(const struct mok_val *v);
/* What `leaf` makes of everything in it but lists and maps; false: it stays as it is. What does not
 * change is shared with the original. */
struct mok_val mok_val_map(struct mok_arena *arena, const struct mok_val *v,
	bool (*leaf)(void *ctx, const struct mok_val *v, struct mok_val *out), void *ctx);
/* Unquoted scalars as YAML 1.2's core schema reads them: `no` and `1.2.3` stay texts. What holds
 * none of them is shared with the original. */
struct mok_val mok_val_core(struct mok_arena *arena, const struct mok_val *v);
const char *mok_type_name(enum mok_type type); /* "string", "list", ... for messages */

/* ---- diagnostics ---- */

enum mok_severity { MOK_SEV_ERROR = 0, MOK_SEV_WARNING, MOK_SEV_NOTE };

/* Every code exists once, in src/model/codes.c, with its title and long explanation: "E0101". */
struct mok_diag {
	enum mok_severity severity;
	const char *code;
	struct mok_mark at;    /* file NULL: about the whole */
	const char *address;   /* or NULL */
	const char *message;   /* one sentence, lower-case start, no final stop */
	const char *hint;      /* what to do: 'did you mean "x"?', the legal values; or NULL */
	struct mok_mark other; /* a second place ("first defined here"); file NULL: none */
	const char *other_label;
};

struct mok_diags {
	struct mok_arena *arena;
	MOK_VEC(struct mok_diag) list;
	size_t nerrors;
};

struct mok_diag *mok_diag_add(struct mok_diags *diags, const char *code, struct mok_mark at,
	const char *fmt, ...) MOK_PRINTF(4, 5); /* severity from the code's first letter E, W, N */
void mok_diag_hint(struct mok_diags *diags, struct mok_diag *diag, const char *fmt, ...)
	MOK_PRINTF(3, 4); /* diag: as just returned, before the next is added */
/* 'did you mean "near"?'; near NULL: nothing. */
void mok_diag_near(struct mok_diags *diags, struct mok_diag *diag, const char *near);
/* Sorts by file, line, column, code, so that two runs over the same input print the same, and drops
 * repeats (same place, code and words: a block's mistake met by each of its instances). */
void mok_diags_sort(struct mok_diags *diags);

struct mok_code {
	const char *code, *title, *explanation; /* explanation: paragraphs with an example */
};
const struct mok_code *mok_code_find(const char *code); /* NULL: no such code */
const struct mok_code *mok_codes(size_t *count);

/* A source file kept for showing lines in diagnostics. */
struct mok_source {
	const char *name; /* as the user named it; the `file` of marks points to this string */
	const char *text;
	size_t len;
};
struct mok_sources {
	MOK_VEC(struct mok_source) list;
};
/* The line without its newline, or len 0. */
const char *mok_source_line(
	const struct mok_sources *sources, const char *file, uint32_t line, size_t *out_len);

#endif
