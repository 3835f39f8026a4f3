/* diff's own: comparing values, and what the parts of the planner share. */
#ifndef MOK_DIFF_INTERNAL_H
#define MOK_DIFF_INTERNAL_H

#include "mok/diff.h"
#include "mok/graph.h"

struct planner {
	struct mok_arena *arena;
	const struct mok_stack *stack;
	const struct mok_live *live; /* NULL: offline */
	const struct mok_catalogue *catalogue;
	const struct mok_diff_options *options;
	struct mok_diags *diags;
	struct mok_changes *out; /* list[i] is the change of resources[i]; orphans follow */
	struct mok_graph *needs; /* over resources: what is made before what */
	bool *excluded;          /* by --target and --exclude */
	struct mok_map *parents; /* "kind/name" -> resource, for parents named literally */
};

/* Appends to change->fields what of want differs from the object. */
void mok_compare(struct planner *p, struct mok_change *change);

/* The scalar `all` in place of a list (MOK_F_ALL). */
bool mok_is_all(const struct mok_val *v);

/* Fills planner->excluded from the options. */
void mok_select(struct planner *p);
bool mok_address_matches(const char *pattern, const struct mok_resource *r);

/* The change of one resource, of everything that no resource holds, and their sums. */
void mok_plan_resource(struct planner *p, size_t index);
void mok_plan_leftovers(struct planner *p);
void mok_plan_totals(struct planner *p);
void mok_check_children(struct planner *p); /* kind->needs_child */

/* The change that replaces what the object of the resource is inside of, or NULL. */
const struct mok_change *mok_replaced_around(
	struct planner *p, const struct mok_resource *r, const struct mok_object *o);
/* An excluded change may not go along unseen. */
void mok_refuse_left_out(struct planner *p, const struct mok_change *change);
/* strangers.c: what has the wanted name or natural key, or NULL; whose it is, if anything has it,
 * noted in planner->out; and that as mistakes. */
struct mok_object *mok_namesake(struct planner *p, const struct mok_change *c);
void mok_check_namesake(struct planner *p, struct mok_change *c);
void mok_refuse_strangers(struct planner *p);
bool mok_planned_attribute(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out);

#endif
