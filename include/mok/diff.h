/*
 * diff: wanted x have -> changes with reasons. Pure.
 */
#ifndef MOK_DIFF_H
#define MOK_DIFF_H

#include "mok/live.h"
#include "mok/plan.h"

enum mok_action {
	MOK_ACT_NONE = 0,
	MOK_ACT_CREATE,
	MOK_ACT_UPDATE, /* in place; also marker and protection alone */
	MOK_ACT_REPLACE,
	MOK_ACT_DELETE,
	MOK_ACT_FORGET, /* the marker is taken off, the object lives on (retain) */
	MOK_ACT_WAIT,   /* is as wanted, but not ready: waited for, and no change */
	MOK_ACT_ADOPT,  /* its marker is written, nothing else (mok_changes_adopt) */
};
const char *mok_action_name(enum mok_action action); /* "create", ... "no-op" */

struct mok_field_change {
	const char *path; /* "maintenance_policy.day" */
	const struct mok_field *field;
	struct mok_val before, after; /* after MOK_UNKNOWN: known after apply */
	bool sensitive, forces_replacement, risky;
	const char *reason;          /* why it forces or what it does, or NULL */
	const struct mok_call *call; /* that carries it; NULL when it replaces */
};

struct mok_change {
	enum mok_action action;
	const char *address; /* of an orphan: its slug with '?' or the journal's address */
	const struct mok_kind *kind;
	const struct mok_resource *resource; /* NULL: an orphan */
	struct mok_object *object;           /* what exists now; NULL: nothing */
	struct mok_val want;                 /* evaluated; may hold unknowns */
	const char *name;                    /* what a new object will be called, or NULL */
	unsigned generation;                 /* of the new object */
	MOK_VEC(struct mok_field_change) fields;
	MOK_VEC(const char *)
	reasons;              /* "region forces replacement", "not in the configuration" ... */
	MOK_VEC(size_t) deps; /* changes that create or update first */
	bool create_first;    /* of a REPLACE */
	bool implied;         /* a delete that its parent's does */
	bool refused;         /* protection forbids it: exit 5 */
	bool destroys_data;
	bool set_protect, clear_protect, set_retain, clear_retain;
	const char *moved_from; /* address whose marker is rewritten, or NULL */
	bool asked;             /* replaced since --replace says so */
	bool resume;            /* of an UPDATE or a WAIT: not ready yet, apply waits for it */
	bool excluded;          /* by --target, --exclude or the two below: shown as no-op */
	bool foreign;           /* somebody else's: `object` is what they made of it */
	bool postponed;         /* needs a foreign object that is not there or not ready */
	struct mok_price before_price, after_price;
};

struct mok_diff_options {
	bool destroy; /* plan --destroy: everything goes */
	const char *const *targets, *const *excludes, *const *replaces;
	size_t ntargets, nexcludes, nreplaces;
	bool offline; /* nothing is known of the account: everything is created */
	bool adopts;  /* strangers are no mistakes: they are only listed */
};

/* An object without this stack's marker in the place of what a resource would create. */
struct mok_stranger {
	const struct mok_resource *resource;
	struct mok_object *object;
	const char *obstacle; /* why it is not to be taken over without a look, or NULL */
};
/* Why an object is not to be taken over, even if it is sure which one is meant; or NULL. */
const char *mok_obstacle(
	struct mok_arena *arena, const struct mok_live *live, const struct mok_object *o);

struct mok_output_value {
	const struct mok_output *output;
	struct mok_val value;
};

struct mok_changes {
	struct mok_arena *arena;
	MOK_VEC(struct mok_change)
	list; /* resources in dependency order, then orphans and previous generations */
	MOK_VEC(const char *) drop_tags;        /* stale marker tags to look after and drop */
	MOK_VEC(struct mok_stranger) strangers; /* in dependency order */
	MOK_VEC(struct mok_output_value) outputs;
	size_t ncreate, nupdate, nreplace, ndelete, nforget, nwait, nadopt, nunchanged, nmoved;
	size_t nrefused;
	int64_t cents_before, cents_after;
	MOK_VEC(const char *) unpriced; /* addresses */
	int expected_s;                 /* along the longest path */
};

/* Diagnostics: values that evaluation or the catalogue refuses, an unmarked object with the wanted
 * name (with the adopt command), moved_from trouble. -1 when there is any error among them. */
int mok_diff(struct mok_arena *arena, const struct mok_stack *stack, const struct mok_live *live,
	const struct mok_diff_options *options, struct mok_diags *diags,
	struct mok_changes *out) MOK_MUST_CHECK;
/* Anything to write? What is only waited for does not count. */
bool mok_changes_any(const struct mok_changes *changes);
/* Leaves out all but those that `keep` says: as with --target, but without what they need. */
void mok_changes_keep(struct mok_changes *changes,
	bool (*keep)(void *self, const struct mok_change *change), void *self);
/* The same, and those that are kept only get their marker. */
void mok_changes_adopt(struct mok_changes *changes,
	bool (*keep)(void *self, const struct mok_change *change), void *self);

/* Replaces the scalar `all` of a MOK_F_ALL list by the urns of what the stack has; `skip` (by
 * resource index, may be NULL) leaves some out. */
void mok_expand_all(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_kind *kind, const struct mok_lookup *lookup, const bool *skip,
	struct mok_val *want);

/* Takes out of what is wanted of an existing object what lies at the paths that the resource
 * ignores ("manifest.spec.replicas"); a field that is ignored as a whole stays. */
void mok_leave_ignored(struct mok_arena *arena, const struct mok_resource *r, struct mok_val *want);

/* Whether one field as wanted differs from what the object has, by its kind's rules. */
bool mok_field_differs(struct mok_arena *arena, const struct mok_field *field,
	const struct mok_val *want, const struct mok_object *object);
/* "web-g3" without its "-g3" if that is the object's generation. */
const char *mok_base_name(struct mok_arena *arena, const struct mok_object *object);

/* The order to show changes in: by weight, data-destroying ones last. An array of list.len indices.
 */
const size_t *mok_changes_order(const struct mok_changes *changes);

/* What a resource's attribute is worth, given what is wanted of it and its object (or NULL). Shared
 * by planning and applying. `fresh`: the object is up to date with want. */
bool mok_attribute(struct mok_arena *arena, const struct mok_resource *r,
	const struct mok_val *want, const struct mok_object *object, const char *path,
	struct mok_val *out);

#endif
