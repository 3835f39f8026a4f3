/*
 * plan's own. A file is read into values (struct mok_val: maps, lists, plain and quoted strings,
 * nulls) with their places; files are merged; variables get their values; resource blocks become
 * resources with expressions inside; evaluation gives scalars the types of their fields.
 */
#ifndef MOK_PLAN_INTERNAL_H
#define MOK_PLAN_INTERNAL_H

#include "mok/plan.h"

#define FILE_MAX ((size_t)16 << 20)
#define FUNCTION_FILE_MAX ((size_t)8 << 20)

/* What the plan module keeps behind a stack: evaluation needs it again while applying. */
struct mok_plan {
	struct mok_arena *arena;
	const struct mok_plan_options *options; /* a copy; its arrays must outlive the stack */
	struct mok_stack *stack;
	struct mok_map *variables;   /* name -> struct mok_variable */
	struct mok_map *environment; /* name -> struct mok_assignment */
	struct mok_map *files;       /* path -> const char *: what file() has read */
	struct mok_map *blocks;      /* block name -> bool: does it have for_each? */
	struct mok_secrets_block *secrets;
	struct mok_map *secrets_asked; /* name of ${secret.NAME} -> itself */
	struct mok_map *secrets_known; /* name -> const char * */
	struct mok_map *images_asked;  /* text of ${image["TEXT"]} -> struct mok_mark */
	struct mok_map *images_known;  /* ... -> const char *, with its digest */
	struct mok_map *depends_on;    /* block name -> struct mok_val: the list as written */
};

struct load {
	struct mok_plan *plan;
	struct mok_stack *stack;
	struct mok_arena *arena;
	struct mok_diags *diags;
	const struct mok_plan_options *options;
};

/* ---- reader.c, flow.c: one file ---- */

/* Reads YAML text into values. -1 after a diagnostic. An empty document is a null. */
int plan_read_yaml(struct mok_arena *arena, struct mok_diags *diags,
	const struct mok_source *source, struct mok_val *out) MOK_MUST_CHECK;
/* Looks for the first "${" that flow collections make unreadable, at the place where the YAML
 * parser gave up. Fills in the mark and the quoted form. */
bool plan_flow_expression(struct mok_arena *arena, const struct mok_source *source, uint32_t line,
	uint32_t column, struct mok_mark *at, const char **quoted);

/* ---- files.c: several files ---- */

/* Reads all -f files with their includes and merges them. -1 after a diagnostic. */
int plan_read_files(struct load *load, struct mok_val *out) MOK_MUST_CHECK;
int plan_read_source(struct load *load, const char *path, struct mok_mark from,
	const struct mok_source **out) MOK_MUST_CHECK;
struct mok_val plan_merge(
	struct mok_arena *arena, const struct mok_val *under, const struct mok_val *over);

/* ---- maps.c: helpers on values ---- */

/* Is this a map (absent and null are fine: then *out is an empty one)? */
bool plan_map(struct load *load, const struct mok_val *v, const char *what, struct mok_val *out);
bool plan_text(struct load *load, const struct mok_val *v, const char *what, const char **out);
/* Reports keys that are none of `known`, with the nearest. */
void plan_unknown_keys(struct load *load, const struct mok_val *map, const char *code,
	const char *const *known, const char *what);
/* Is the whole text of the form of a field's pattern? Byte by byte: such patterns are of ASCII. */
bool plan_matches(const char *pattern, const char *text);
/* A pattern from a plan file, anywhere in the text; of UTF-8's characters, whatever the locale. */
enum plan_found { PLAN_NOT_FOUND = 0, PLAN_FOUND = 1, PLAN_NO_PATTERN = 2 };
enum plan_found plan_search(const char *pattern, const char *text);
const struct mok_pair *plan_pair(const struct mok_val *map, const char *key);
/* true, false, yes, no, on, off in small letters. */
bool plan_bool(const struct mok_val *v, bool *out);
bool plan_has_expression(const struct mok_val *v); /* "${" in any of its texts */
/* A path relative to the folder of the file `base` (NULL: as it is). */
const char *plan_beside(struct mok_arena *arena, const char *base, const char *path);
struct mok_mark plan_mark(const struct mok_val *v, struct mok_mark fallback);

/* ---- variables.c ---- */

void plan_read_variables(struct load *load, const struct mok_val *map);

/* ---- secrets.c ---- */

/* A block `secrets:`, wherever it stands; NULL: none. */
void plan_read_secrets(
	struct load *load, const struct mok_pair *block, struct mok_secrets_block *out);

/* ---- resources.c, life.c ---- */

void plan_read_resources(struct load *load, const struct mok_val *map);
void plan_read_outputs(struct load *load, const struct mok_val *map);
/* Lifecycle keys of one block into the resource; the values of `keys` as written. */
void plan_read_life(struct load *load, const struct mok_val *block, struct mok_resource *r);
bool plan_is_life_key(const char *key);
/* Parses the expressions in a value as written. */
struct mok_val plan_parse(struct load *load, const struct mok_val *v);

/* ---- check.c: the whole ---- */

void plan_check(struct load *load);

/* ---- scope.c: what references are worth ---- */

struct plan_scope {
	const struct mok_plan *plan;
	const struct mok_resource *resource; /* for each.*; NULL: none */
	const struct mok_lookup *lookup;     /* NULL: resources cannot be referred to here */
	struct mok_arena *arena;
	struct mok_scope scope;
};
void plan_scope_init(struct plan_scope *s, struct mok_arena *arena, const struct mok_plan *plan,
	const struct mok_resource *resource, const struct mok_lookup *lookup);
/* The resource that a reference's root names, `web[each.key]` resolved; NULL after a diagnostic. */
const struct mok_resource *plan_find(const struct mok_plan *plan, const struct mok_resource *from,
	const struct mok_ref *ref, struct mok_arena *arena, struct mok_diags *diags);
bool plan_is_scope_root(const char *root); /* var, env, each, secret, image */

/* ---- coerce.c: a scalar takes its field's type ---- */

/* Values of a resource or object checked against its fields; nulls are left out. */
int plan_coerce_fields(struct mok_arena *arena, struct mok_diags *diags,
	const struct mok_field *fields, const struct mok_val *map, struct mok_val *out);

#endif
