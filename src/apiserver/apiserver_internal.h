/*
 * apiserver_internal: what the files of the API server share.
 *
 * schema.c, crd*.c   types of objects                 request.c   target, query, body
 * discovery.c, openapi.c                              status.c    answers that are a Status
 * read.c, selector.c, table*.c, watch.c               write.c, update.c, delete.c, scale.c
 * list.c, past.c     lists, each of one moment        protobuf.c, wire.c  bodies in protobuf
 * normal.c           what decoding and encoding in Go does to an object; quantity.c, defaults.c
 * patch.c, strategic.c                                fields.c, merge.c, typed.c, managed.c  who
 *                                                     owns which field
 * validate*.c        what is refused                  admission.c, pod_security.c, quota.c  what
 *                                                     the server adds and refuses by policy
 * user.c, review.c, rbac.c                            who may do what
 */
#ifndef MOK_APISERVER_INTERNAL_H
#define MOK_APISERVER_INTERNAL_H

#include "mok/apiserver.h"

#include <string.h>

enum {
	KS_BODY_MAX = 3 << 20, /* as the real one */
	KS_DEPTH_MAX = 64,
};

/* ---- types ---- */

enum ks_kind {
	KS_ANY = 0,
	KS_STRING,
	KS_INTEGER,
	KS_NUMBER,
	KS_BOOLEAN,
	KS_QUANTITY,
	KS_INT_OR_STRING,
	KS_BYTES,
	KS_TIME,
	KS_MICROTIME,
	KS_STRUCT,
	KS_LIST,
	KS_MAP,
};

enum ks_list {
	KS_LIST_ATOMIC = 0,
	KS_LIST_SET,
	KS_LIST_MAP,
};

struct ks_type {
	enum ks_kind kind;
	const char *name;              /* "apps.v1.Deployment"; NULL: has none */
	bool atomic;                   /* of a map or struct: owned as one */
	bool preserve;                 /* of a struct: undeclared fields are kept */
	bool unchecked;                /* of a custom resource: nulls and zeros stay as they are */
	bool wide;                     /* of an integer: 64 bits instead of 32 */
	struct mok_map *fields;        /* of a struct: struct ks_field by name */
	const struct ks_type *element; /* of KS_ANY: how it is described, or NULL */
	enum ks_list list;
	const char *const *keys; /* of a list map */
	size_t nkeys;
	const cJSON *schema; /* of a custom resource: its JSON schema, for validation */
};

struct ks_field {
	const char *name;
	const struct ks_type *type;
	bool required, omit_zero, always, retain_keys, merges;
	const char *merge_key;
	const char *values;    /* that it may have, with '|' between; NULL: any */
	const cJSON *fallback; /* the schema's default */
	const cJSON *preset;   /* what the server's code puts in when absent */
};

/* ---- resources ---- */

struct ks_sub {
	const char *name, *group, *version, *kind;
	const cJSON *verbs;
};

struct ks_resource {
	const char *group, *version, *name, *singular, *kind, *list_kind;
	const char *full;   /* "deployments.apps", as in errors */
	const char *stored; /* the same, but for what another group keeps */
	bool namespaced, custom;
	bool storage;        /* of a custom resource: the version that is stored */
	const char *warning; /* of a deprecated version; NULL: it is none */
	const cJSON *verbs, *short_names, *categories;
	const struct ks_sub *subs;
	size_t nsubs;
	const struct ks_type *type;
	const cJSON *columns;   /* additionalPrinterColumns */
	const cJSON *scale;     /* paths of a custom resource's scale subresource */
	struct ks_rules *rules; /* a custom resource's CEL rules; compiled when first wanted */
	bool has_status;
};

struct ks_group {
	const char *group, *version;
	struct ks_resource *resources;
	size_t len;
};

struct mok_apiserver {
	struct mok_arena *arena;
	cJSON *schema, *presets;
	const char *release;
	struct mok_map *types;
	MOK_VEC(struct ks_group) groups;
	struct mok_map *crds; /* struct ks_crd by name, parsed */
	struct ks_protobuf *protobuf;
};

/* ---- a request at work ---- */

struct ks_pair {
	const char *name, *value;
};

struct ks_req {
	struct mok_apiserver *server;
	const struct mok_apiserver_store *store;
	const struct mok_apiserver_request *in;
	struct mok_apiserver_response *out;
	struct mok_arena *arena;
	int64_t now_ms;
	const char *path;
	const char **segments;
	size_t nsegments;
	MOK_VEC(struct ks_pair) query;
	MOK_VEC(cJSON *) owned;
	MOK_VEC(const char *) unknown; /* paths of fields that nobody declared */
	MOK_VEC(const char *) twice;   /* paths of fields that the body has twice */
	MOK_VEC(cJSON *) causes;       /* what validation found */
	struct mok_map *patterns;      /* of schemas, compiled: struct cel_regex by text */
	const struct ks_resource *resource;
	const char *ns, *name, *sub; /* ns and sub "", name NULL when absent */
	const cJSON *user;           /* who asks, as a UserInfo (authentication.k8s.io) */
	bool limited;                /* to what roles give: the administrator is not */
	bool dry_run, answered, internal;
	bool resets_managers; /* the body's managedFields are [] */
};

/* request.c */
bool ks_request_read(struct ks_req *r);
const char *ks_query(const struct ks_req *r, const char *name); /* NULL: absent */
bool ks_query_true(const struct ks_req *r, const char *name);
cJSON *ks_own(struct ks_req *r, cJSON *json); /* freed with the request */
/* body.c: the body as an object, from JSON, YAML or protobuf; NULL: it has answered. */
cJSON *ks_body(struct ks_req *r);
const char *ks_json_error(struct ks_req *r, const char *text, size_t len); /* as Go says it */
/* decode_time.c: what Go says of a text that is no time of RFC 3339; NULL: it is one. */
const char *ks_time_wrong(struct mok_arena *arena, const char *text, bool micro);
const char *ks_json_type(const cJSON *json);        /* the same: "array", "number" */
const char *ks_patch_words(const struct ks_req *r); /* before the words of a patch that is none */
/* NULL: no base64; *bad (may be NULL) is where. */
const char *ks_unbase64(struct mok_arena *arena, const char *text, size_t *bad);
struct ks_yaml_error {
	size_t line; /* of what is wrong, or of the key that a map has twice */
	const char *text, *twice;
};
/* NULL: malformed. A key that a map has twice is noted; the later counts. */
cJSON *ks_yaml(struct mok_arena *arena, const char *text, size_t len, struct ks_yaml_error *error);
const char *ks_manager(struct ks_req *r); /* the field manager */
char *ks_printf(struct ks_req *r, const char *fmt, ...) MOK_PRINTF(2, 3);
bool ks_accepts(const struct ks_req *r, const char *what);

/* options.c: false: it has answered. */
bool ks_options(struct ks_req *r);
bool ks_acceptable(struct ks_req *r);

/* status.c: all of them answer; they return false, so that `return ks_...` reads well. */
bool ks_fail(struct ks_req *r, int code, const char *reason, const char *fmt, ...) MOK_PRINTF(4, 5);
bool ks_fail_details(
	struct ks_req *r, int code, const char *reason, const char *message, cJSON *details);
bool ks_bad_request(struct ks_req *r, const char *fmt, ...) MOK_PRINTF(2, 3);
bool ks_forbidden(struct ks_req *r, const char *name, const char *why);
bool ks_not_found(struct ks_req *r, const char *resource, const char *name);
bool ks_conflict(struct ks_req *r, const char *name);
bool ks_exists(struct ks_req *r, const char *name);
/* 422 about an object of meta.k8s.io: options, or what has no name yet. */
bool ks_bad_field(
	struct ks_req *r, cJSON *details, const char *reason, const char *field, const char *text);
cJSON *ks_details(const char *name, const char *group, const char *kind);
void ks_reply(struct ks_req *r, int status, const cJSON *json);
void ks_warn(struct ks_req *r, const char *text);
/* Notes what is wrong with a field; ks_invalid then answers 422 when anything is. */
void ks_cause(struct ks_req *r, const char *reason, const char *field, const char *fmt, ...)
	MOK_PRINTF(4, 5);
bool ks_invalid(struct ks_req *r, const char *name);
bool ks_invalid_as(struct ks_req *r, const char *group, const char *kind, const char *name);

/* schema.c */
void ks_schema_load(struct mok_apiserver *server);
const struct ks_type *ks_type_named(const struct mok_apiserver *server, const char *name);
struct ks_field *ks_field_of(const struct ks_type *type, const char *name);
extern const struct ks_type ks_any;
/* Looks built-in resources up, then custom ones. NULL: there is none. */
const struct ks_resource *ks_resource_find(
	struct ks_req *r, const char *group, const char *version, const char *name);
const struct ks_resource *ks_resource_by_kind(
	struct ks_req *r, const char *group, const char *version, const char *kind);

/* crd.c */
struct ks_crd {
	int64_t version;
	struct mok_arena *arena;
	cJSON *json;
	struct ks_resource *resources; /* one a version */
	size_t len;
};
const struct ks_crd *ks_crd_read(struct ks_req *r, const struct mok_apiserver_item *item);
const struct ks_resource *ks_crd_find(
	struct ks_req *r, const char *group, const char *version, const char *name);
void ks_crd_free(struct mok_apiserver *server);
/* Every served version of every custom resource; for discovery. */
void ks_crd_each(struct ks_req *r, void (*each)(void *context, const struct ks_resource *resource),
	void *context);
/* crd_life.c */
void ks_crd_begin(struct ks_req *r, cJSON *crd);           /* as it is made */
void ks_crd_settle(struct ks_req *r, cJSON *crd);          /* its names and conditions */
void ks_crd_establish(struct ks_req *r, const cJSON *crd); /* that, stored */
void ks_crd_leave(struct ks_req *r, cJSON *crd);
/* Takes the objects of a definition away that is marked as deleted, then itself. */
void ks_crd_drain(struct ks_req *r, const char *name);
bool ks_crd_is(const struct ks_resource *resource);
/* before: NULL when it is made; what was so and has not changed is not held against it. */
void ks_crd_validate(struct ks_req *r, const cJSON *before, const cJSON *object);
/* crd_rules.c: x-kubernetes-validations; to be run after the schema was checked. */
struct ks_rules *ks_rules_new(struct mok_arena *arena, const cJSON *schema);
void ks_rules_run(
	struct ks_req *r, struct ks_rules *rules, const cJSON *before, const cJSON *object);

/* events.c: of events.k8s.io, which are stored as the core group's. */
bool ks_event_is_later(const struct ks_resource *resource);
void ks_event_to_core(cJSON *event);
void ks_event_from_core(cJSON *event);

/* ephemeral.c: is a pod's subresource of that name asked for? It changes nothing else. */
bool ks_is_ephemeral(const struct ks_req *r);
void ks_ephemeral_only(cJSON *object, const cJSON *live);

/* discovery.c, openapi.c: true when the path was theirs and is answered. */
bool ks_discovery(struct ks_req *r);
bool ks_openapi(struct ks_req *r);

/* write.c: the way of every object that is written. */
/* Is it of this resource and this path? False: it has answered. */
bool ks_fits_place(struct ks_req *r, cJSON *object);
bool ks_no_duplicates(struct ks_req *r); /* as fieldValidation asks; false: it has answered */
bool ks_decode(struct ks_req *r, cJSON *object);
bool ks_check_version(struct ks_req *r, const cJSON *object, const cJSON *live);
/* Store and answer. `applied`: the managed fields are already told. */
void ks_store_new(struct ks_req *r, cJSON *object, bool applied);
void ks_store_change(struct ks_req *r, cJSON *object, const cJSON *live, bool applied);
bool ks_has_generation(const struct ks_resource *res);

/* scale.c */
cJSON *ks_scale_of(struct ks_req *r, const cJSON *object); /* the answer */
cJSON *ks_scale_view(struct ks_req *r, const cJSON *live); /* what a patch is applied to */
/* A Scale that is applied, as the configuration of the object that it scales. */
cJSON *ks_scale_config(struct ks_req *r, const cJSON *scale);
void ks_scale_store(struct ks_req *r, cJSON *object, const cJSON *live, bool applied);
void ks_scale_to(struct ks_req *r, cJSON *live, const cJSON *scale);

/* past.c: as store->list, of the request's resource and namespace at an earlier version. False: too
 * long ago. */
bool ks_list_at(struct ks_req *r, int64_t version, const struct mok_apiserver_key *after,
	bool (*each)(void *context, const struct mok_apiserver_item *item), void *context);

/* read.c, logs.c and others: each answers. */
void ks_get(struct ks_req *r);
void ks_list(struct ks_req *r);
void ks_watch(struct ks_req *r);
void ks_logs(struct ks_req *r);
void ks_token(struct ks_req *r);
void ks_create(struct ks_req *r);
void ks_update(struct ks_req *r);
void ks_patch(struct ks_req *r);
void ks_delete(struct ks_req *r);
void ks_delete_collection(struct ks_req *r);
void ks_delete_pod(struct ks_req *r, cJSON *pod);
/* pod_subs.c */
void ks_bind(struct ks_req *r);
void ks_evict(struct ks_req *r);
/* A Status of success. */
void ks_reply_success(struct ks_req *r, int code, cJSON *details);
void ks_reply_object(struct ks_req *r, int status, cJSON *object);
/* What a table's rows are to hold. False: it has answered. */
bool ks_can_include(struct ks_req *r);

/* item.c. A stored object as this request's version shows it; NULL: there is none. */
cJSON *ks_load(struct ks_req *r, const char *name);
cJSON *ks_load_key(struct ks_req *r, const struct mok_apiserver_key *key);
cJSON *ks_parse_item(struct ks_req *r, const struct mok_apiserver_item *item);
const char *ks_api_version(struct ks_req *r, const struct ks_resource *res);
void ks_stamp(struct ks_req *r, cJSON *object, const struct ks_resource *resource);
/* What the server makes up: words of names, uids, times. */
const char *ks_word(struct ks_req *r, size_t len);
const char *ks_uuid(struct ks_req *r);
const char *ks_time_text(struct ks_req *r, int64_t ms);

/* selector.c */
struct ks_term {
	const char *key;
	enum { KS_IN = 0, KS_NOT_IN, KS_EXISTS, KS_ABSENT, KS_GREATER, KS_LESS } op;
	MOK_VEC(const char *) values;
};
struct ks_selection {
	MOK_VEC(struct ks_term) labels, fields;
};
bool ks_selection_read(struct ks_req *r, struct ks_selection *out); /* false: it has answered */
bool ks_selected(const struct ks_selection *selection, const cJSON *object);

/* table.c */
bool ks_wants_table(const struct ks_req *r);
/* Metadata alone is asked for: PartialObjectMetadata. */
bool ks_wants_metadata(const struct ks_req *r);
cJSON *ks_partial(const cJSON *object);
cJSON *ks_table(struct ks_req *r, const cJSON *objects, cJSON *list_meta);

/* normal.c: in place. Undeclared fields are dropped and noted in r->unknown. False: a value of the
 * wrong type, and it has answered 400. */
bool ks_normalise(struct ks_req *r, cJSON *object, const struct ks_type *type);
/* The same, and does not answer: what is wrong, or NULL. */
const char *ks_undecodable(struct ks_req *r, cJSON *object, const struct ks_type *type);
void ks_default(struct ks_req *r, cJSON *object, const struct ks_type *type);
bool ks_is_zero(const cJSON *value);

/* quantity.c */
char *ks_quantity(struct mok_arena *arena, const char *text); /* canonical; NULL: malformed */
double ks_quantity_value(const char *text);
/* In thousandths, rounded up. */
int64_t ks_quantity_milli(const char *text);
void ks_round_milli(cJSON *text); /* up, what is finer than a thousandth */
/* Of thousandths, in the way that `like` is written. */
char *ks_quantity_print(struct mok_arena *arena, int64_t milli, const char *like);

/* patch.c, strategic.c: the patched object, owned by the request; NULL: it has answered. */
bool ks_is_patch_object(struct ks_req *r, const cJSON *patch); /* false: it has answered */
cJSON *ks_merge_patch(struct ks_req *r, const cJSON *object, const cJSON *patch);
cJSON *ks_json_patch(struct ks_req *r, const cJSON *object, const cJSON *patch);
cJSON *ks_strategic_patch(
	struct ks_req *r, const cJSON *object, const cJSON *patch, const struct ks_type *type);

/* fields.c: sets of fields, as trees of cJSON objects: a member has a child ".". */
cJSON *ks_set_parse(const cJSON *fields_v1);
cJSON *ks_set_print(const cJSON *set); /* a new fieldsV1, in order */
void ks_set_union(cJSON *set, const cJSON *with);
void ks_set_minus(cJSON *set, const cJSON *with);
void ks_set_keep(cJSON *set, const cJSON *with); /* the intersection */
bool ks_set_empty(const cJSON *set);
void ks_set_member(cJSON *set);
cJSON *ks_set_child(cJSON *set, const char *element); /* made if absent */
/* Calls with every member's path, as ".spec.containers[name=\"x\"].image". */
void ks_set_each(struct mok_arena *arena, const cJSON *set,
	void (*each)(void *context, const char *path), void *context);

const char *ks_element_text(struct mok_arena *arena, const char *element); /* for people */

/* merge.c */
const struct ks_type *ks_child_type(const struct ks_type *type, const char *name);
/* The path element of a list's item, or NULL: it lacks a key. */
const char *ks_element(struct mok_arena *arena, const struct ks_type *list, const cJSON *item);
cJSON *ks_fields_of(struct mok_arena *arena, const cJSON *object, const struct ks_type *type);
struct ks_compared {
	cJSON *added, *modified, *removed;
	const cJSON *before; /* for who looks at conflicts */
};
void ks_compare(struct mok_arena *arena, const cJSON *before, const cJSON *after,
	const struct ks_type *type, struct ks_compared *out);
cJSON *ks_merge(struct mok_arena *arena, const cJSON *live, const cJSON *config,
	const struct ks_type *type);
void ks_remove_items(
	struct mok_arena *arena, cJSON *object, const struct ks_type *type, const cJSON *set);
/* typed.c: fields that the schema has not, duplicate keys: NULL, or what is wrong. */
const char *ks_typed_check(
	struct mok_arena *arena, const cJSON *value, const struct ks_type *type, const char *path);
const char *ks_go_text(struct mok_arena *arena, const cJSON *value); /* as Go prints a value */
bool ks_same(const cJSON *a, const cJSON *b); /* equal as values, members in any order */

/* last_applied.c: may kubectl, which applied from its side before, take the conflicting fields? */
bool ks_last_applied_allows(struct ks_req *r, const cJSON *live, const cJSON *conflicting);
/* Keeps the note of what was applied from the client's side, where there is one, up to date. */
void ks_last_applied_follow(struct ks_req *r, const cJSON *config, cJSON *object);

/* managed.c */
/* After a write by other means than apply: who owns what now. Changes after.metadata. */
void ks_managed_update(struct ks_req *r, const cJSON *before, cJSON *after);
/* Can it be applied, as it came (ns: the namespace that it named)? False: it has answered. */
bool ks_managed_check(struct ks_req *r, cJSON *config, const char *ns);
/* Server-side apply: the object that results, owned by the request; NULL: it has answered. */
cJSON *ks_managed_apply(struct ks_req *r, const cJSON *live, cJSON *config);

/* validate.c, admission.c */
/* What counts as the writer's own, and what the server adds by itself (false: it has answered). */
void ks_complete(struct ks_req *r, const cJSON *before, cJSON *object);
bool ks_prepare(struct ks_req *r, const cJSON *before, cJSON *object);
bool ks_validate(struct ks_req *r, const cJSON *before, const cJSON *object);
/* Notes a change of what identifies an object, before the live one's is taken over. */
void ks_keep_identity(struct ks_req *r, const cJSON *object, const cJSON *live);
void ks_pod_security(struct ks_req *r, const cJSON *object);
/* limit_range.c, quota.c: false: it has answered. */
bool ks_limit_pod(struct ks_req *r, cJSON *pod);
bool ks_quota_allows(struct ks_req *r, const cJSON *object); /* a new one */
void ks_quota_count(struct ks_req *r, const char *ns);       /* anew, after a write */

/* user.c: who asks. */
bool ks_user_read(struct ks_req *r); /* false: it has answered */
/* May they? Of a path that is no resource's, and of the request's resource. False: it has answered.
 */
bool ks_user_may_path(struct ks_req *r);
bool ks_user_may(struct ks_req *r);

/* review.c: what is answered and not stored. Takes a decoded object; answers. */
bool ks_is_review(const struct ks_resource *resource);
void ks_review(struct ks_req *r, cJSON *object);

/* namespace.c */
/* May an object of this name be made in it? False: it has answered. */
bool ks_namespace_open(struct ks_req *r, const char *name);
void ks_namespace_furnish(struct ks_req *r, const char *ns);
void ks_namespace_drain(struct ks_req *r, const char *ns);

/* write.c, also for what the server does by itself */
void ks_store_put(
	struct ks_req *r, const struct ks_resource *resource, cJSON *object, const cJSON *before);
void ks_store_remove(struct ks_req *r, const struct ks_resource *resource, cJSON *object);

/* small ones over cJSON */
static inline const cJSON *ks_at(const cJSON *json, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(json, name);
}
static inline cJSON *ks_item(cJSON *json, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(json, name);
}
static inline const char *ks_str(const cJSON *json, const char *path)
{
	const char *s = mok_json_str(json, path);

	return s ? s : "";
}
void ks_set_str(cJSON *object, const char *name, const char *value);

#endif
