/*
 * controller: what runs in the sandbox's clusters. A controller looks at one object and brings the
 * world a step nearer to what the object wants, through the same API as everybody.
 *
 * They run before each request that could see what they do, as if they had run all the while: what
 * was written and what was due is worked off in the order of its time, and k->ctx->now_ms is that
 * time, never later than the request's. So a controller must not wait: it stores a deadline (in a
 * status, an annotation) or computes one from times that the object tells, and asks to be run again
 * then. It is run for an object
 *   - when the object was written, by whomever,
 *   - when an object was written or deleted whose controller owner it is,
 *   - when an object of `also` was written or deleted in its namespace (or anywhere, if one of the
 *     two has no namespace),
 *   - at the time of its newest sb_ctl_again().
 * It must find nothing to do when nothing has changed: what it writes runs it again.
 *
 * All that is handed out lives until reconcile() returns.
 */
#ifndef MOK_SANDBOX_CONTROLLER_H
#define MOK_SANDBOX_CONTROLLER_H

#include "fields.h"
#include "kube_store.h"

struct sb_controller {
	const char *group, *plural;
	void (*reconcile)(struct sb_kube *k, const cJSON *object);
	/* " pods nodes ": other resources, as stores name them ("deployments.apps"), each between
	 * spaces. NULL: none. */
	const char *also;
	/* The object was removed; this was its last state. NULL: it does not matter. */
	void (*gone)(struct sb_kube *k, const cJSON *object);
};

/* Every controller, in the order in which they look at one object; ends with NULL. */
extern const struct sb_controller *const sb_controllers[];

/* Runs them for what has changed and what is due up to ctx->now_ms, and commits. */
void sb_ctl_catch_up(struct sb_ctx *ctx, const char *cluster);
/* The same for all clusters that anybody has talked to. */
void sb_ctl_catch_up_all(struct sb_ctx *ctx);
/* Somebody else's work (a pool with more nodes) concerns this cluster from at_ms on. */
void sb_ctl_wake(struct sb_ctx *ctx, const char *cluster, int64_t at_ms);

/* cilium.c: the definitions that DOKS's network brings into each new cluster. */
void sb_cilium_seed(struct sb_kube *k);

enum { SB_REFUSED_RETRY_MS = 10 * SB_SECOND_MS }; /* after the API refused a write */
/* Run the controllers of the object at hand again at that time, if nothing runs them earlier. */
void sb_ctl_again(struct sb_kube *k, int64_t at_ms);

/* ---- the API, as a client ---- */

/* NULL: there is none. */
const cJSON *sb_ctl_get(struct sb_kube *k, const char *target);
/* The items, which tell no kind, as in every list; a target may select. Never NULL. */
const cJSON *sb_ctl_list(struct sb_kube *k, const char *target);

struct sb_ctl_answer {
	int status;
	const cJSON *json; /* the object, or the Status that says what is wrong; never NULL */
};
/* agent: "kube-controller-manager"; it becomes the field manager. method: POST, PUT, DELETE, PATCH
 * (a merge patch), or APPLY (server-side apply: the target names the fieldManager). Takes body over
 * (NULL: none). What is refused has changed nothing; where a fault did, the object at hand is
 * looked at again. */
struct sb_ctl_answer sb_ctl_write(
	struct sb_kube *k, const char *agent, const char *method, const char *target, cJSON *body);
/* The objects of a resource ("pods") whose ownerReferences name the uid, by name. */
struct sb_ctl_objects {
	cJSON **items;
	size_t len;
};
struct sb_ctl_objects sb_ctl_children(struct sb_kube *k, const char *uid, const char *resource);
/* Those of a namespace that a LabelSelector matches, by name. */
struct sb_ctl_objects sb_ctl_selected(
	struct sb_kube *k, const char *resource, const char *ns, const cJSON *selector);

/* "/apis/apps/v1/namespaces/NS/deployments/NAME", with "/sub" if sub is not NULL; the object must
 * tell its apiVersion. */
const char *sb_ctl_path(
	struct sb_kube *k, const cJSON *object, const char *plural, const char *sub);
/* Puts a status in, if it is another than the object has. Takes status over. False: refused. */
bool sb_ctl_status(struct sb_kube *k, const char *agent, const cJSON *object, const char *plural,
	cJSON *status);
/* An Event about the object, as `kubectl describe` shows it. An equal one is counted up. */
struct sb_ctl_event {
	const char *agent, *type, *reason; /* "kubelet", "Normal" or "Warning", "Started" */
	const char *field;                 /* "spec.containers{web}", or NULL */
};
void sb_ctl_tell(struct sb_kube *k, const cJSON *object, const struct sb_ctl_event *event,
	const char *fmt, ...) MOK_PRINTF(4, 5);

/* Is a Deployment up whose first container has such a word in its image's name? */
bool sb_ctl_runs(struct sb_kube *k, const char *image);

/* ---- small ones ---- */

/* A deadline after a duration that something waits for, not works for: a back-off, a time limit.
 * As sb_after, but at the speed "max" these are a thousandth, since a loop must not be endless. */
int64_t sb_ctl_later(struct sb_kube *k, int64_t real_ms);
/* The same from a moment that has been: when something that began then is over. */
int64_t sb_ctl_since(struct sb_kube *k, int64_t began_ms, int64_t real_ms);
/* The same for a limit: a status tells when something began in whole seconds, and what began at
 * the end of one must not be late at once. */
int64_t sb_ctl_limit(struct sb_kube *k, int64_t began_ms, int64_t real_ms);
/* When to look again at what nobody tells of: after real_ms at first, then ever more rarely, the
 * longer it has been so. */
int64_t sb_ctl_patiently(struct sb_kube *k, int64_t since_ms, int64_t real_ms);
/* "metadata.creationTimestamp" and the like in milliseconds; 0: absent. */
int64_t sb_ctl_ms(const cJSON *object, const char *path);
const char *sb_ctl_str(const cJSON *object, const char *path); /* "" if absent */
/* matchLabels and matchExpressions; an absent selector matches nothing, an empty one all. */
bool sb_ctl_selects(const cJSON *selector, const cJSON *labels);
/* A condition of a status by its type; NULL: it has none. */
const cJSON *sb_ctl_condition(const cJSON *object, const char *type);
bool sb_ctl_is_true(const cJSON *object, const char *condition);
/* {apiVersion, kind, name, uid, controller, blockOwnerDeletion} into metadata.ownerReferences. */
void sb_ctl_own(cJSON *child, const cJSON *owner);

#endif
