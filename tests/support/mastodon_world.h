/*
 * What the mastodon block makes of one of plans/: its objects, written as YAML and read back as any
 * reader would. Names are short: tests read like sentences.
 */
#ifndef MOK_TEST_MASTODON_WORLD_H
#define MOK_TEST_MASTODON_WORLD_H

#include "mok/mastodon.h"

#define DOCUMENTS_MAX 128
#define DIGEST "sha256:dab3b777df34d6afee9bf4ab2d26f7afd22d789dff68ebf42495a631ba691b23"

struct world {
	struct mok_arena *arena;
	struct mok_diags diags;
	struct mok_stack *stack;
	struct mok_val *wants;
	struct mok_val documents[DOCUMENTS_MAX]; /* read back from the YAML */
	size_t ndocuments;
	const char *more; /* a second file over the first, or NULL */
};

int set_up(void **state);
int tear_down(void **state);
/* plans/PLAN.yaml, and over it the text `more`, or NULL. Fails the test when it has a mistake. What
 * only the cloud knows is "ADDRESS.FIELD", each image has DIGEST. */
void load(struct world *w, const char *plan, const char *more);
/* A resource's fields, evaluated. */
const struct mok_val *want_of(struct world *w, const struct mok_resource *r);
/* The object of a kind whose name is `name`, or `name` and a hash; NULL, or a failed test. */
const struct mok_val *find(struct world *w, const char *kind, const char *name);
const struct mok_val *must(struct world *w, const char *kind, const char *name);
const char *at(struct world *w, const char *kind, const char *name, const char *path);
/* `wanted`: NULL says that nothing is there. */
void assert_at(
	struct world *w, const char *kind, const char *name, const char *path, const char *wanted);
void assert_secret(struct world *w, const char *name, const char *key, const char *wanted);
size_t count(struct world *w, const char *kind);

#endif
