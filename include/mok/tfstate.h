/*
 * tfstate: what a Terraform or OpenTofu state says is managed, and which resources of a plan that
 * is. Pure: a state is only read.
 *
 * Formats: a state file of version 4 (Terraform 0.12 and later, OpenTofu) and `terraform show
 * -json`: https://developer.hashicorp.com/terraform/internals/json-format
 * Of a state's attributes only those that mok_tf_types() names are looked at: the rest may be
 * secret. All of it is hostile.
 */
#ifndef MOK_TFSTATE_H
#define MOK_TFSTATE_H

#include "mok/diff.h"

#define MOK_TFSTATE_MAX ((size_t)64 << 20) /* bytes of a file */

/* What identifies an object of one of Terraform's resource types. Paths are of attributes. */
struct mok_tf_type {
	const char *type; /* "digitalocean_record" */
	const char *kind; /* mok's: "record" */
	/* Of it, as mok's kind has it: the first of "a|b" that is told; NULL: see below. */
	const char *id;
	const char *name;   /* what it answers to if the id is stale; or NULL */
	const char *parent; /* its parent's id; NULL: it has none, or no attribute tells */
	/* Of objects in a cluster: where the manifest is, or what it would be. A path that begins
	 * with '=' is the text itself. */
	const char *api_version, *object_kind, *object_name, *object_namespace;
	const char *once; /* a secret that the API tells once only, as mok's field; or NULL */
	const char *once_field;
	const char *inside; /* another row's type, of what lies at `inside_at`; or NULL */
	const char *inside_at;
};
/* Sorted by nothing; a row whose type has a space is only found by `inside`. */
const struct mok_tf_type *mok_tf_types(size_t *count);
const struct mok_tf_type *mok_tf_type_find(const char *type); /* NULL: mok has no kind for it */
/* What becomes of a type that mok has no kind for. */
const char *mok_tf_no_kind(const char *type);

enum mok_tf_fate {
	MOK_TF_NO_KIND = 0,
	MOK_TF_UNREADABLE, /* deposed, or the state does not say what it is: `reason` */
	MOK_TF_UNPLANNED,  /* no resource of the plan is it; `reason` may be NULL */
	MOK_TF_ABSENT,     /* the plan may mean it, the account has none */
	MOK_TF_LEFT,       /* plan_address would be it, but: `reason` */
	MOK_TF_TWICE,      /* another entry of the state is the same object: `reason` */
	MOK_TF_OURS,       /* is plan_address already; NULL: the stack's, of no resource now */
	MOK_TF_ADOPTS,     /* is claimed as plan_address */
};

struct mok_tf_item {
	const char *address; /* as Terraform says it, to be given to `terraform state rm` */
	const char *type;
	const char *label, *index; /* digitalocean_record.LABEL["INDEX"]; NULL: none */
	const struct mok_tf_type *row;
	const struct mok_kind *kind; /* NULL: none */
	const char *id, *name, *parent_id;
	const char *key;    /* the natural key, of what lies in a cluster; instead of id */
	const char *secret; /* what is told once only; never to be shown */
	bool tainted;       /* Terraform would replace it */

	enum mok_tf_fate fate;
	const char *reason, *plan_address;
	struct mok_object *object; /* of the last sweep */
};

struct mok_tf_state {
	struct mok_arena *arena;
	MOK_VEC(struct mok_tf_item) items; /* managed instances, in the state's order */
	struct mok_map *by_plan; /* plan_address of what is ADOPTS or LEFT -> item, once matched */
};

/* -1: MOK_ERR_INPUT: it is no state, an old one, encrypted, a plan, or has wrong types. */
int mok_tf_read(struct mok_arena *arena, const char *text, size_t len, struct mok_tf_state *out,
	struct mok_err *err) MOK_MUST_CHECK;

/* Gives each item its fate, and claims (as in mok_live_input) what a resource of the plan is. To
 * be called again with what a sweep and a diff of the claims show, while there come more. */
void mok_tf_match(struct mok_tf_state *state, const struct mok_live *live,
	const struct mok_changes *changes, struct mok_map *claims);

#endif
