/*
 * kind: what a kind of resource is, as data; what a stack wants; what the account has.
 *
 * A kind is one file under src/kinds/: a descriptor and a few pure hooks. Parser, checker, differ,
 * printer, schema export and reference pages are loops over descriptors and contain no kind names.
 */
#ifndef MOK_KIND_H
#define MOK_KIND_H

#include "mok/field.h"
#include "mok/marker.h"

struct mok_kind;
struct mok_resource;
struct mok_object;
struct mok_ask;     /* ask.h */
struct mok_errands; /* errand.h */

/* ---- calls ---- */

enum mok_call_flag {
	MOK_CALL_WAITS = 1 << 0,      /* asynchronous: done when "ready and fields match" */
	MOK_CALL_FULL = 1 << 1,       /* replaces the whole: every field of this call goes along */
	MOK_CALL_NAME = 1 << 2,       /* the live name goes along */
	MOK_CALL_WHEN_READY = 1 << 3, /* refused (412) while the object or its parent is busy */
	MOK_CALL_DISRUPTS = 1 << 4,   /* restarts or moves something: said in the plan */
	/* Not one request but one for each tag that is missing or too many. Tags are compared
	 * without case. No method, no path. */
	MOK_CALL_TAGS = 1 << 5,
	/* The object's urn is posted to the project that the field names: method and path are of
	 * the project ({value}: the field's value). */
	MOK_CALL_ASSIGN = 1 << 6,
	/* Its field is a version that goes up in steps: MOK_ASK_TARGETS lists what may come next.
	 */
	MOK_CALL_STEPS = 1 << 7,
};

/* One in-place update: `method path` with {id}, {name}, {parent} filled in, percent-encoded. */
struct mok_call {
	const char *name; /* "resize"; NULL ends a table */
	const char *method, *path;
	const char *wrap; /* envelope key in the body, or NULL */
	unsigned flags;
	const char *with; /* space-separated fields that always go along (both sizes of a resize) */
	int typical_s;
};

/* ---- kinds ---- */

enum mok_marking {
	MOK_MARK_FREE = 0,    /* a free-standing tag that names kind, parent and natural key */
	MOK_MARK_TAGS,        /* in the create's `tags` */
	MOK_MARK_DESCRIPTION, /* a " [marker]" suffix of `description` */
	MOK_MARK_OBJECT,      /* among the object's own annotations */
};

enum mok_kind_flag {
	MOK_K_NAME_UNIQUE = 1 << 0,      /* the server refuses a second of that name */
	MOK_K_GEN_NAME = 1 << 1,         /* a replacement is called <name>-g<n> and created first */
	MOK_K_RENAMES = 1 << 2,          /* ... and takes the old name back by its first call */
	MOK_K_HOLDS_DATA = 1 << 3,       /* deleting it destroys users' data */
	MOK_K_DIES_WITH_PARENT = 1 << 4, /* its delete is not sent when the parent's is */
	MOK_K_SERIAL = 1 << 5,           /* writes under one parent go one at a time */
	MOK_K_ASSIGNABLE = 1 << 6,       /* may be a member of a project (has a urn) */
	MOK_K_SINGLE = 1 << 7,      /* one per parent, always there: created by its update call */
	MOK_K_SECRET_ONCE = 1 << 8, /* the create answers with a secret never shown again */
	MOK_K_WEAK_REFS = 1 << 9,   /* a member list: what it refers to may go first (project) */
	MOK_K_DESTROY_FIRST = 1 << 10, /* two cannot live side by side (VPC ranges) */
	MOK_K_LEAVES_BEHIND = 1 << 11, /* others make what outlives it: ASK_ASSOCIATED first */
	MOK_K_PER_REGION = 1 << 12,    /* its listing is one region's */
	MOK_K_WORLD_NAME = 1 << 13,    /* names are shared by all customers */
	MOK_K_PARTS = 1 << 14,         /* each call's settings are read by a request of their own */
	MOK_K_CONTAINS = 1 << 15,      /* must be emptied before its delete (`force_destroy`) */
	MOK_K_APPLIES = 1 << 16, /* one idempotent call: nothing is in doubt, and it has dry runs */
	MOK_K_COLLECTIONS = 1 << 17, /* its objects are in many listings under one parent */
	MOK_K_EXPLAINS = 1 << 18,    /* why it is not ready can be asked: MOK_ASK_EXPLAIN */
	MOK_K_HAS_NODES = 1 << 19,   /* deleting it, and calls that WAIT, move what runs_pods */
};

/* Objects of the same kind that an object has had made, and that would be left without it. Before
 * it is deleted it is made to stop, and each of them is deleted alone: what they made in turn
 * stays. */
struct mok_offspring {
	const char *label; /* for progress: "removing what it made" */
	/* Where they are; NULL: it has none. */
	const char *(*collection)(struct mok_arena *arena, const struct mok_object *by);
	bool (*is_of)(const struct mok_object *by, const struct mok_object *o);
	const char *stop, *release; /* JSON merge patches of it, and of each of them */
};

struct mok_price {
	int64_t cents_per_month;
	bool unpriced; /* no price is known: said out loud */
};

struct mok_catalogue; /* catalogue.h: legal values and prices */

struct mok_kind {
	const char *name;     /* "kubernetes_node_pool" */
	const char *summary;  /* one line of help */
	const char *provider; /* "digitalocean", "spaces" */
	const struct mok_field *fields;
	const struct mok_call *calls; /* may be NULL: then any change replaces */
	unsigned flags;
	enum mok_marking marking;

	/* Where it lives. Paths take {parent} (the parent's id or natural name), {id}, {name}. */
	const char *list_path,
		*list_key; /* NULL list_path: embedded in the parent's listing at list_key */
	const char *item_path, *item_key;        /* item_key NULL: the body itself */
	const char *create_path, *create_method; /* NULL: list_path, POST */
	const char *delete_path;                 /* NULL: item_path; "" cannot be deleted */
	const char *parent, *parent_field;       /* kind, and the field that holds its id */
	const char *id_json;                     /* "id": path of the id in the API's object */
	const char *urn;                         /* "do:dbaas:" + id, or NULL */
	const char *tag_type; /* "database": tags are set through /v2/tags/{tag}/resources */

	/* What its collections' names begin with; NULL: all that begin like no other kind's. */
	const char *collections;
	const struct mok_offspring *offspring; /* NULL: none ever has any */
	const struct mok_errands *errands; /* what makes, changes and deletes it; NULL: requests */

	/* Names. natural_key: the fields that tell it from its siblings, space-separated. */
	const char *natural_key;
	/* The kind of which it has one at least, always; NULL: none. */
	const char *needs_child;
	/* A value that two cannot have at one time, besides the name; NULL: none. */
	const char *exclusive_field;
	const char *name_field; /* "name", or NULL when it has none */
	int name_max;
	const char *name_pattern;

	/* Life. status_json NULL: ready as soon as it is answered. */
	const char *status_json, *ready, *failed,
		*gone; /* "|"-separated states; others: in transition */
	int typical_create_s, typical_delete_s, poll_s, settle_s, timeout_s;
	int destroy_rank; /* lower goes first where no edge says otherwise */

	const char *example; /* YAML of one resource, for the reference */
	const char *notes;   /* Markdown paragraph for the reference: what to know */

	/* Pure hooks, each may be NULL. */
	/* What follows from the fields once they are evaluated: other fields, other forms. */
	void (*derive)(struct mok_arena *arena, struct mok_val *want);
	/* The natural key where `natural_key` does not do; NULL: it is not known. */
	const char *(*key)(struct mok_arena *arena, const struct mok_val *attrs);
	/* What an object needs without referring to it: the words that some provide and others
	 * require (a namespace, a definition). Both lists are of strings; `want` may hold unknowns.
	 */
	void (*ties)(struct mok_arena *arena, const struct mok_val *want, struct mok_val *provides,
		struct mok_val *requires);
	/* The collection of its parent that it is in (MOK_K_COLLECTIONS); NULL: not known. */
	const char *(*collection)(struct mok_arena *arena, const struct mok_val *attrs);
	/* What it moves in others: lines of a key (as of `key`) and a path in its fields, with a
	 * newline between them. */
	void (*governs)(
		struct mok_arena *arena, const struct mok_val *want, struct mok_val *fields);
	/* Does a change of the natural key leave the old object as it is, for rolling back? */
	bool (*keeps_old)(const struct mok_val *want);
	/* Is it somebody else's, to be read and never written? */
	bool (*reads_only)(const struct mok_val *want);
	/* Is it to be waited for until it is ready? */
	bool (*waits)(const struct mok_val *want);
	/* Does it run pods, which go where nodes are? */
	bool (*runs_pods)(const struct mok_val *want);
	void (*check)(
		const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags);
	/* From the API's object to more attributes (decoded fields are already there). */
	void (*decoded)(struct mok_arena *arena, const cJSON *api, struct mok_object *object);
	/* Last touch on a create or update body before it is sent. */
	int (*body)(const struct mok_ask *ask, cJSON *body, struct mok_err *err);
	/* Beyond status: nodes all running, rules in place. want NULL: only "is it ready". */
	bool (*is_ready)(const struct mok_object *object, const struct mok_val *want);
	struct mok_price (*price)(
		const struct mok_val *attrs, const struct mok_catalogue *catalogue);
	/* Is going from `have` to `want` not a change after all (versions, autoscaling)? Called per
	 * differing field; *why may get a reason for the plan, *replaces may be set or cleared. */
	bool (*same)(const struct mok_field *field, const struct mok_val *want,
		const struct mok_val *have, const struct mok_object *object, bool *replaces,
		const char **why);
};

/* All kinds, sorted by name; generated from the files in src/kinds/. */
const struct mok_kind *const *mok_kinds(size_t *count);
const struct mok_kind *mok_kind_find(const char *name);
/* The in-place call that carries a field; NULL: only a new object can. */
const struct mok_call *mok_call_of(const struct mok_kind *kind, const struct mok_field *field);

/* Both sides of a comparison pass through this. `norm` may be NULL. */
struct mok_val mok_norm(struct mok_arena *arena, const char *norm, struct mok_val v);

/* ---- what a stack wants ---- */

enum mok_tri { MOK_UNSET = 0, MOK_NO, MOK_YES };

struct mok_resource {
	const char *address; /* web, or web["a"] */
	const char *block;   /* web */
	const struct mok_kind *kind;
	struct mok_mark at;       /* of the block's key */
	struct mok_val fields;    /* MAP as written, expressions inside; checked against the kind */
	const char *default_name; /* <stack>-<address>, cut to the kind's limit */
	enum mok_tri protect;
	bool retain;
	struct mok_mark protect_at;
	const char *moved_from; /* an address, or NULL */
	MOK_VEC(const char *) ignore_changes;
	int timeout_create_s, timeout_update_s, timeout_delete_s; /* 0: the kind's */
	struct mok_val each_key, each_value;                      /* MOK_NULL without for_each */
	MOK_VEC(size_t)
	deps; /* indices into the stack's resources: references, depends_on, parent */
};

struct mok_output {
	const char *name;
	struct mok_val value; /* expressions inside */
	bool sensitive;
	struct mok_mark at;
};

struct mok_variable {
	const char *name, *type, *description;
	bool sensitive;
	struct mok_val value;
	struct mok_mark at;
};

struct mok_stack {
	const char *name, *region;
	struct mok_mark region_at;
	const struct mok_secrets_block *secrets; /* plan.h; never NULL */
	MOK_VEC(struct mok_resource) resources;
	MOK_VEC(struct mok_output) outputs;
	MOK_VEC(struct mok_variable) variables;
	struct mok_map *by_address; /* -> struct mok_resource * */
	struct mok_sources sources;
	char config_hash[65]; /* of everything but sensitive values */
	const char *expanded; /* the block at the top that stands for some of them; or NULL */
	const struct mok_val *expanded_as; /* that block as written; or NULL */
	const char *base_dir;  /* of the first file: file() is relative to the file that calls it */
	struct mok_plan *plan; /* private to the plan module */
};

/* ---- what the account has ---- */

struct mok_object {
	const struct mok_kind *kind;
	const char *id;        /* as it stands in paths */
	const char *name;      /* live name, or NULL */
	const char *parent_id; /* or NULL */
	struct mok_object *parent;
	const char *urn; /* or NULL */
	struct mok_val
		attrs; /* MAP: every field of the kind that the API gave, normalised by `decoded` */
	const char *status; /* the API's own word, or NULL */
	const char *status_message;
	int64_t created_ms; /* wall; 0: not told */
	bool ready, failed, gone;
	bool stalled;    /* failed so far, but it goes on being tried */
	bool secretless; /* what it answered once was lost, and nobody ever had it */
	/* Ownership, filled in by live. */
	const char
		*marker; /* full text as found, without suffixes; NULL: not marked by this stack */
	const char *free_tag; /* the free-standing tag that marks it, or NULL */
	char addr_hash[17];   /* from the marker */
	const char *slug;     /* from the marker: for orphans */
	unsigned generation;  /* from the marker */
	bool protected_live, retain_live;
	bool has_objects; /* a tag says that this stack has objects in its collections */
	bool has_data;    /* a tag says that something of the stack may have filled it */
	bool twin; /* another object answers to the same marker: nothing tells whose is whose */
	const struct mok_resource *resource; /* whose it is; NULL: an orphan or a stranger */
	bool is_default;                     /* a VPC or project that the account cannot lose */
	/* What a dry run made of the wanted fields: of a MOK_K_APPLIES kind, where one was made. */
	const struct mok_val *predicted; /* attributes, or NULL */
	const struct mok_val *immutable; /* a list: what it said cannot change; or NULL */
};

/* The natural key's text of a value map under a kind, or NULL when a part is unknown or all are
 * absent. Parts are joined by newlines; a key of one field is that field's text. Values pass
 * mok_norm(), so that what is wanted and what is live give one text. */
const char *mok_natural_key(
	struct mok_arena *arena, const struct mok_kind *kind, const struct mok_val *attrs);

#endif
