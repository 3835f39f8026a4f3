/*
 * expr: "${...}": parsing, references, evaluation, functions. Pure: whatever it needs from outside
 * comes through struct mok_scope.
 *
 * Grammar: ref := ("var" | "env" | "each" | "secret" | "image" | address) ("." name | "[" index
 * "]")*; index := a quoted string, a number, each.key or each.value; call := name "(" args ")";
 * literals: strings in double or single quotes, numbers, true, false, null, lists [a, b]. A scalar
 * that is one expression keeps the expression's type; text around makes a string; "$${" is a
 * literal "${".
 */
#ifndef MOK_EXPR_H
#define MOK_EXPR_H

#include "mok/model.h"

/* Parses a scalar that may hold "${". `at` is the scalar's place; columns inside are computed from
 * it as far as the scalar is on one line. Problems go to diags (then -1). A scalar without "${"
 * gives a plain value, not MOK_EXPR. */
int mok_expr_parse(struct mok_arena *arena, const char *text, struct mok_mark at,
	struct mok_diags *diags, struct mok_val *out) MOK_MUST_CHECK;

struct mok_ref {
	const char *root; /* "var", "env", "each", "secret", "image" or a resource's address: web,
			     web["a"]; the index may also be the literal words: web[each.key], which
			     the scope resolves */
	const char *path; /* "id", "connection.uri"; "" for the whole */
	struct mok_mark at;
};
/* Every reference in a value, in order, into *refs (append). */
struct mok_refs {
	MOK_VEC(struct mok_ref) list;
};
void mok_expr_refs(struct mok_arena *arena, const struct mok_val *v, struct mok_refs *refs);

struct mok_scope {
	void *self;
	/* The value of a reference. Returns false when there is none (a diagnostic was added); may
	 * give an unknown. */
	bool (*ref)(void *self, const struct mok_ref *ref, struct mok_val *out,
		struct mok_diags *diags);
	/* Reads a file for file(), relative to `base`'s directory; at most 8 MiB. NULL: not allowed
	 * here. */
	int (*read_file)(void *self, const char *base, const char *path, struct mok_arena *arena,
		const char **out, struct mok_err *err);
	/* The documents of a YAML text as a list, for from_yaml() and manifests(). NULL: not
	 * allowed here. */
	int (*read_yaml)(void *self, const char *text, struct mok_arena *arena, struct mok_val *out,
		struct mok_err *err);
};

/* Deep evaluation: the result holds no MOK_EXPR. Unknown arguments give unknown, sensitive ones
 * sensitive. Problems go to diags and read as null; -1 if there was any. */
int mok_expr_eval(struct mok_arena *arena, const struct mok_val *v, const struct mok_scope *scope,
	struct mok_diags *diags, struct mok_val *out) MOK_MUST_CHECK;

/* Block YAML, keys in the order of the value, byte-stable. Unknown values become texts in angle
 * brackets that say of what. Sensitive values become "<secret>" unless `secrets`. False: out is
 * full, or libyaml has no form for it. */
bool mok_yaml_write(const struct mok_val *v, bool secrets, struct mok_buf *out) MOK_MUST_CHECK;

struct mok_function {
	const char *name, *signature, *doc, *example,
		*result; /* example => result, run as a test */
};
/* The functions in the order of the alphabet; NULL after the last. An example may be "". */
const struct mok_function *mok_function_at(size_t i);

#endif
