/*
 * ask: what may be asked of an API, as data. Of it providers make requests (provider.h); kinds'
 * `body` hooks look at it.
 */
#ifndef MOK_ASK_H
#define MOK_ASK_H

#include "mok/kind.h"

enum mok_verb {
	MOK_ASK_LIST = 0, /* kind (+ parent), page from 1 */
	MOK_ASK_READ,     /* kind, id (+ parent_id): one object */
	MOK_ASK_CREATE,   /* want, name, marker, extra */
	MOK_ASK_CALL,     /* call, want (all wanted fields), have: an in-place update */
	MOK_ASK_DELETE,
	MOK_ASK_FETCH,    /* field (MOK_F_FETCHED) of an object */
	MOK_ASK_TAG_LIST, /* all tags of the account, page from 1 */
	MOK_ASK_TAG_MAKE, /* marker = the tag */
	MOK_ASK_TAG_DROP,
	MOK_ASK_TAG_READ, /* whether the tag `marker` exists: OK or GONE */
	MOK_ASK_ACCOUNT,
	MOK_ASK_CATALOGUE, /* page from 1; `name` = which: "sizes", "regions", "kubernetes",
			      "databases" */
	MOK_ASK_ASSIGN,    /* urns to the project `id` ("default" too) */
	MOK_ASK_MARK,  /* write `marker` ("" = take it off) into the tags or description of a live
			  object */
	MOK_ASK_PARTS, /* Spaces: one sub-resource (`name`: acl, cors, ...) of a bucket, for its
			  attrs */
	MOK_ASK_ASSOCIATED, /* what Kubernetes made that outlives a cluster: load balancers, volumes
			     */
	MOK_ASK_DELETE_ASSOCIATED, /* selective delete with `extra` (the associated list) */
	MOK_ASK_MEMBERS,           /* VPC members, project resources */
	MOK_ASK_PURGE_LIST, /* what a bucket holds (versions, markers, uploads), or what a cluster
			       made elsewhere, from page 1: a list of batches */
	MOK_ASK_PURGE,      /* deletes one such batch, given as `extra` */
	MOK_ASK_TARGETS, /* the versions that an object may be upgraded to now: a list of strings */
	MOK_ASK_BACKUPS, /* when its backups were made: a list of RFC 3339 strings, in no order */
	MOK_ASK_DRY_RUN, /* what a CREATE or CALL of `want` would make of it: one object */
	MOK_ASK_INVENTORY, /* the collections of parent_id that hold objects of the stack `name`:
			      a list of strings */
	MOK_ASK_INVENTORY_SET, /* writes them: `extra` */
	MOK_ASK_TEXT, /* what a cluster's API gives at the path `id`, as a string: logs, metrics */
	MOK_ASK_EXPLAIN, /* of a MOK_K_EXPLAINS kind: why `have` is not ready; lines of text, and a
			    token to ask on with */
	MOK_ASK_MERGE, /* a JSON merge patch, the text `extra`, of the object `id`: as it is then */
	MOK_ASK_DISCOVER, /* private to a provider: what a server serves, page 1 and 2 */
};

struct mok_ask {
	enum mok_verb verb;
	const struct mok_kind *kind;
	const char *id, *parent_id, *name, *marker, *region;
	const char *collection; /* LIST of a MOK_K_COLLECTIONS kind: which */
	const char *selector;   /* LIST of such: only what has these labels; or NULL */
	bool exact;             /* DELETE: only what is still as `have` is; else FAILED with 409 */
	bool fresh;             /* what the provider learnt of the parent may be old by now */
	const char *token;      /* of the page, where pages have tokens instead of numbers */
	int page;
	const struct mok_call *call;
	const struct mok_field *field;
	const struct mok_val *want; /* evaluated, no unknowns in what is sent */
	const struct mok_object *have;
	const struct mok_resource *resource; /* CREATE, CALL, DRY_RUN: whose wish it is; or NULL */
	const struct mok_val
		*extra; /* of the verb: pools of a cluster's POST (list of wants with name and
			   marker), rules of a database's POST, urns, associated ids */
	const struct mok_ask *children; /* pools of a cluster's POST: CREATE asks of their own */
	size_t nchildren;
};

#endif
