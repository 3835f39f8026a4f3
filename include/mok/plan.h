/*
 * plan: the plan file. YAML with positions -> overlays, includes, variables, for_each -> a stack
 * whose resources are checked against their kinds. Offline and pure but for reading files through
 * `env`.
 *
 * Every mistake is reported, not only the first; the stack is usable only if diags->nerrors is 0.
 */
#ifndef MOK_PLAN_H
#define MOK_PLAN_H

#include "mok/expr.h"
#include "mok/kind.h"

struct mok_assignment {
	const char *name, *value; /* --var NAME=VALUE, or MOK_VAR_name */
};

/* A block at the top of the file, besides `resources:`, that stands for resources. */
struct mok_expansion {
	const char *key; /* "mastodon" */
	/* `block`: its value as written. `stack`: variables and the resources of the file are
	 * there. Adds to *blocks what could as well have been written under `resources:`: addresses
	 * to blocks, texts with "${...}" inside. Mistakes go to diags. */
	void (*expand)(struct mok_arena *arena, const struct mok_stack *stack,
		const struct mok_pair *block, struct mok_diags *diags, struct mok_val *blocks);
};

struct mok_plan_options {
	const char *const *files; /* -f, overlaid in order */
	size_t nfiles;
	const struct mok_assignment *vars; /* --var */
	size_t nvars;
	const char *const *var_files; /* --var-file: YAML maps */
	size_t nvar_files;
	const struct mok_assignment *environment; /* the whole environment: MOK_VAR_*, ${env.X} */
	size_t nenvironment;
	/* The NAMEs that ${secret.NAME} may have; NULL: any. */
	const char *const *secret_names;
	size_t nsecret_names;
	/* Reads a file (at most max bytes) into the arena; NULL err->msg never. */
	int (*read)(void *self, const char *path, size_t max, struct mok_arena *arena,
		struct mok_source *out, struct mok_err *err);
	void *self;
	const struct mok_expansion *expansion; /* NULL: there is no such block */
	/* Scalars at the top of that block, in place of what the file says. */
	const struct mok_assignment *settings;
	size_t nsettings;
};

/* `secrets: { escrow: FILE, recipients: [age1...] }`: where what is shown or made once is kept.
 * What a recipient must be is checked by whoever can (escrow). */
struct mok_recipient_text {
	const char *text;
	struct mok_mark at;
};
struct mok_secrets_block {
	struct mok_mark at; /* file NULL: there is no such block */
	const char *escrow; /* a path, beside the file that says it; or NULL */
	MOK_VEC(struct mok_recipient_text) recipients;
};

/* Loads, checks offline (types, required, legal values of fixed lists, patterns, references exist
 * and name a field, cycles, names, collisions) and orders. Returns the stack even when there are
 * errors, as far as it got (NULL if nothing could be read). */
struct mok_stack *mok_plan_load(
	struct mok_arena *arena, const struct mok_plan_options *options, struct mok_diags *diags);

/* What ${secret.NAME} is worth from now on, for every evaluation of this stack; both are copied. */
void mok_plan_know_secret(const struct mok_stack *stack, const char *name, const char *value);
/* The names that the stack refers to: -> themselves. */
const struct mok_map *mok_plan_secrets_asked(const struct mok_stack *stack);
/* The first of them that nobody told yet; NULL: all are known. */
const char *mok_plan_secret_missing(const struct mok_stack *stack);

/* The images that the stack refers to by ${image["REGISTRY/NAME:TAG"]}: -> struct mok_mark, where
 * the first does. Each is worth its name with a digest behind it, once somebody has told that. */
const struct mok_map *mok_plan_images_asked(const struct mok_stack *stack);
/* What it is worth from now on; both are copied. */
void mok_plan_know_image(const struct mok_stack *stack, const char *image, const char *pinned);
const char *mok_plan_image(const struct mok_stack *stack, const char *image); /* NULL: not known */

/* Where evaluation finds what resources are worth: filled in by whoever plans or applies. */
struct mok_lookup {
	void *self;
	/* The value of `path` ("" = all attributes) of the resource; may give MOK_UNKNOWN. */
	bool (*attribute)(
		void *self, const struct mok_resource *r, const char *path, struct mok_val *out);
	/* What `${secret.NAME}` is worth: values that mok generates once and keeps (mastodon.h
	 * lists their names). False: not known yet. NULL: none is known. */
	bool (*secret)(void *self, const char *name, struct mok_val *out);
};

/* The fields of one resource as wanted now: expressions evaluated, scalars given their fields'
 * types, stack defaults (region) filled in, values checked again. Unknowns stay unknown. -1 if a
 * diagnostic of severity error was added. */
int mok_plan_eval(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_resource *r, const struct mok_lookup *lookup, struct mok_diags *diags,
	struct mok_val *out) MOK_MUST_CHECK;
/* A value as written, evaluated and typed by a table of fields, while nothing of the account is
 * known. -1 as above. */
int mok_plan_eval_fields(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_val *written, const struct mok_field *fields, struct mok_diags *diags,
	struct mok_val *out) MOK_MUST_CHECK;
/* The documents of a YAML text as a list, texts still untyped. */
int mok_plan_read_documents(struct mok_arena *arena, const char *text, struct mok_val *out,
	struct mok_err *err) MOK_MUST_CHECK;
/* YAML as a plan file has it, texts still untyped: for what comes with mok. */
int mok_plan_read_yaml(struct mok_arena *arena, const struct mok_source *source,
	struct mok_diags *diags, struct mok_val *out) MOK_MUST_CHECK;
int mok_plan_eval_output(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_output *o, const struct mok_lookup *lookup, struct mok_diags *diags,
	struct mok_val *out) MOK_MUST_CHECK;

#endif
