#include "mok/manifest.h"

#include <string.h>

struct look {
	struct mok_arena *arena;
	const struct mok_val *object;
	const char *why;
};

static int64_t int_at(const struct mok_val *object, const char *path, int64_t fallback)
{
	const struct mok_val *v = mok_val_at(object, path);

	return v && v->type == MOK_INT ? v->u.i : fallback;
}

static const char *text_at(const struct mok_val *object, const char *path)
{
	const struct mok_val *v = mok_val_at(object, path);

	return v && v->type == MOK_STR ? v->u.s : "";
}

static enum mok_readiness not_yet(struct look *l, const char *why)
{
	l->why = why;
	return MOK_NOT_YET;
}

static const struct mok_val *condition_in(const struct mok_val *list, const char *type)
{
	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++)
		if (mok_streq(mok_val_get_str(&list->u.list.items[i], "type"), type))
			return &list->u.list.items[i];
	return NULL;
}

/* The condition of a type, or NULL. */
static const struct mok_val *condition(const struct mok_val *object, const char *type)
{
	return condition_in(mok_val_at(object, "status.conditions"), type);
}

static bool is_true(const struct mok_val *object, const char *type)
{
	const struct mok_val *c = condition(object, type);

	return c && mok_streq(mok_val_get_str(c, "status"), "True");
}

static const char *words_of(struct look *l, const struct mok_val *c)
{
	const char *reason = mok_val_get_str(c, "reason"), *text = mok_val_get_str(c, "message");

	if (reason && text && *text)
		return mok_arena_printf(l->arena, "%s: %s", reason, text);
	return text && *text ? text : reason;
}

/* A condition that has to be True, of the generation that is wanted. */
static enum mok_readiness needs(struct look *l, const char *type)
{
	const struct mok_val *c = condition(l->object, type);
	int64_t generation = int_at(l->object, "metadata.generation", 0);

	if (!c)
		return not_yet(l, mok_arena_printf(l->arena, "it is not %s yet", type));
	if (int_at(c, "observedGeneration", generation) < generation)
		return not_yet(l, "its controller has not seen the change yet");
	if (mok_streq(mok_val_get_str(c, "status"), "True"))
		return MOK_READY;
	return not_yet(l, words_of(l, c));
}

static bool is_observed(const struct look *l)
{
	return int_at(l->object, "status.observedGeneration", 0) >=
		int_at(l->object, "metadata.generation", 0);
}

static enum mok_readiness counts(struct look *l, const char *what, int64_t have, int64_t want)
{
	return not_yet(l,
		mok_arena_printf(
			l->arena, "%lld of %lld %s", (long long)have, (long long)want, what));
}

/* ---- by kind: what kubectl rollout status and kubectl wait look at ---- */

static enum mok_readiness deployment(struct look *l)
{
	int64_t want = int_at(l->object, "spec.replicas", 1);
	int64_t updated = int_at(l->object, "status.updatedReplicas", 0);
	int64_t total = int_at(l->object, "status.replicas", 0);
	int64_t available = int_at(l->object, "status.availableReplicas", 0);
	const struct mok_val *progress = condition(l->object, "Progressing");

	if (!is_observed(l))
		return not_yet(l, "its controller has not seen the change yet");
	if (progress &&
		mok_streq(mok_val_get_str(progress, "reason"), "ProgressDeadlineExceeded")) {
		l->why = words_of(l, progress);
		return MOK_STALLED;
	}
	if (updated < want)
		return counts(l, "pods are of the new version", updated, want);
	if (total > updated)
		return counts(l, "old pods still run", total - updated, total - updated);
	if (available < updated)
		return counts(l, "pods are available", available, updated);
	return MOK_READY;
}

static enum mok_readiness stateful_set(struct look *l)
{
	int64_t want = int_at(l->object, "spec.replicas", 1);
	int64_t ready = int_at(l->object, "status.readyReplicas", 0);
	int64_t updated = int_at(l->object, "status.updatedReplicas", 0);
	bool rolls = !mok_streq(text_at(l->object, "spec.updateStrategy.type"), "OnDelete");

	if (!is_observed(l))
		return not_yet(l, "its controller has not seen the change yet");
	if (ready < want)
		return counts(l, "pods are ready", ready, want);
	want -= int_at(l->object, "spec.updateStrategy.rollingUpdate.partition", 0);
	if (rolls && updated < want)
		return counts(l, "pods are of the new version", updated, want);
	return MOK_READY;
}

static enum mok_readiness daemon_set(struct look *l)
{
	int64_t want = int_at(l->object, "status.desiredNumberScheduled", 0);
	int64_t updated = int_at(l->object, "status.updatedNumberScheduled", 0);
	int64_t available = int_at(l->object, "status.numberAvailable", 0);

	if (!is_observed(l))
		return not_yet(l, "its controller has not seen the change yet");
	if (updated < want)
		return counts(l, "pods are of the new version", updated, want);
	return available < want ? counts(l, "pods are available", available, want) : MOK_READY;
}

static enum mok_readiness job(struct look *l)
{
	const struct mok_val *failed = condition(l->object, "Failed");

	if (is_true(l->object, "Failed")) {
		l->why = words_of(l, failed);
		return MOK_BROKEN;
	}
	if (is_true(l->object, "Complete") || is_true(l->object, "Suspended"))
		return MOK_READY;
	return not_yet(l, "it has not finished yet");
}

static enum mok_readiness service(struct look *l)
{
	const struct mok_val *v = mok_val_at(l->object, "status.loadBalancer.ingress.0");

	if (!mok_streq(text_at(l->object, "spec.type"), "LoadBalancer") || v)
		return MOK_READY;
	return not_yet(l, "its load balancer has no address yet");
}

/* Records are made of its address; a controller that tells none wants `wait: false`. */
static enum mok_readiness ingress(struct look *l)
{
	return mok_val_at(l->object, "status.loadBalancer.ingress.0")
		? MOK_READY
		: not_yet(l, "its controller has not told an address yet");
}

static enum mok_readiness claim(struct look *l)
{
	const char *phase = text_at(l->object, "status.phase");
	const char *class = text_at(l->object, "spec.storageClassName");

	if (mok_streq(phase, "Lost")) {
		l->why = "its volume is lost";
		return MOK_BROKEN;
	}
	/* Of a class that waits for the first pod it stays pending, and does its work all the same;
	 * DigitalOcean's bind at once. */
	return mok_streq(phase, "Bound") ||
			(mok_streq(phase, "Pending") && !mok_starts(class, "do-block-storage"))
		? MOK_READY
		: not_yet(l, "it is not bound yet");
}

static enum mok_readiness definition(struct look *l)
{
	const struct mok_val *names = condition(l->object, "NamesAccepted");

	if (names && mok_streq(mok_val_get_str(names, "status"), "False")) {
		l->why = words_of(l, names);
		return MOK_BROKEN;
	}
	return needs(l, "Established");
}

static enum mok_readiness namespaced(struct look *l)
{
	return mok_streq(text_at(l->object, "status.phase"), "Terminating")
		? not_yet(l, "it is being deleted")
		: MOK_READY;
}

static enum mok_readiness pod(struct look *l)
{
	const char *phase = text_at(l->object, "status.phase");

	if (mok_streq(phase, "Failed")) {
		l->why = text_at(l->object, "status.message");
		return MOK_BROKEN;
	}
	return mok_streq(phase, "Succeeded") ? MOK_READY : needs(l, "Ready");
}

static enum mok_readiness by_condition(struct look *l)
{
	return needs(l, "Ready");
}

/* Yellow serves: a replica is missing. */
static enum mok_readiness elasticsearch(struct look *l)
{
	const char *health = text_at(l->object, "status.health");
	int64_t generation = int_at(l->object, "metadata.generation", 0);

	if (int_at(l->object, "status.observedGeneration", 0) < generation)
		return not_yet(l, "its operator has not seen the change yet");
	if (mok_streq(text_at(l->object, "status.phase"), "Invalid")) {
		l->why = "its operator calls it invalid";
		return MOK_BROKEN;
	}
	if (!mok_streq(text_at(l->object, "status.phase"), "Ready") ||
		(!mok_streq(health, "green") && !mok_streq(health, "yellow")))
		return not_yet(l,
			mok_arena_printf(
				l->arena, "its health is %s", *health ? health : "unknown"));
	return MOK_READY;
}

/* Whether a listener does its work; *waiting: it would, but for its certificate. */
static bool listens(const struct look *l, const struct mok_val *listener, bool *waiting)
{
	const struct mok_val *list = mok_val_get(listener, "conditions");
	const struct mok_val *programmed = condition_in(list, "Programmed");
	const struct mok_val *refs = condition_in(list, "ResolvedRefs");
	int64_t generation = int_at(l->object, "metadata.generation", 0);

	*waiting = false;
	if (!programmed || int_at(programmed, "observedGeneration", generation) < generation)
		return false;
	*waiting = refs && mok_streq(mok_val_get_str(refs, "status"), "False") &&
		mok_streq(mok_val_get_str(refs, "reason"), "InvalidCertificateRef");
	return mok_streq(mok_val_get_str(programmed, "status"), "True");
}

/* Traefik says Programmed before its load balancer has an address, which records are made of. And
 * whoever proves a domain over HTTP needs the Gateway before there is a certificate: a listener
 * that lacks nothing else does not hold it up. */
static enum mok_readiness gateway(struct look *l)
{
	enum mok_readiness is = needs(l, "Programmed");
	const struct mok_val *list = mok_val_at(l->object, "status.listeners");
	bool any = false, waiting;

	if (is == MOK_READY && !mok_val_at(l->object, "status.addresses.0"))
		return not_yet(l, "its load balancer has no address yet");
	if (is == MOK_READY || !list || list->type != MOK_LIST ||
		!mok_val_at(l->object, "status.addresses.0"))
		return is;
	for (size_t i = 0; i < list->u.list.len; i++) {
		if (listens(l, &list->u.list.items[i], &waiting))
			any = true;
		else if (!waiting)
			return is;
	}
	return any ? MOK_READY : is;
}

static enum mok_readiness gateway_class(struct look *l)
{
	return needs(l, "Accepted");
}

static enum mok_readiness api_service(struct look *l)
{
	return needs(l, "Available");
}

static const struct {
	const char *group, *kind;
	enum mok_readiness (*look)(struct look *l);
} looks[] = {
	{ "", "Namespace", namespaced },
	{ "", "PersistentVolumeClaim", claim },
	{ "", "Pod", pod },
	{ "", "Service", service },
	{ "apiextensions.k8s.io", "CustomResourceDefinition", definition },
	{ "apiregistration.k8s.io", "APIService", api_service },
	{ "apps", "DaemonSet", daemon_set },
	{ "apps", "Deployment", deployment },
	{ "apps", "StatefulSet", stateful_set },
	{ "batch", "Job", job },
	{ "cert-manager.io", "Certificate", by_condition },
	{ "cert-manager.io", "ClusterIssuer", by_condition },
	{ "cert-manager.io", "Issuer", by_condition },
	{ "elasticsearch.k8s.elastic.co", "Elasticsearch", elasticsearch },
	{ "gateway.networking.k8s.io", "Gateway", gateway },
	{ "gateway.networking.k8s.io", "GatewayClass", gateway_class },
	{ "keda.sh", "ScaledObject", by_condition },
	{ "networking.k8s.io", "Ingress", ingress },
};

enum mok_readiness mok_manifest_ready(
	struct mok_arena *arena, const struct mok_val *object, const char **why)
{
	struct look l = { .arena = arena, .object = object };
	enum mok_readiness is = MOK_READY;
	struct mok_manifest_id id;

	*why = NULL;
	if (!mok_manifest_id(arena, object, &id))
		return MOK_READY;
	if (mok_val_at(object, "metadata.deletionTimestamp")) {
		*why = "it is being deleted";
		return MOK_NOT_YET;
	}
	for (size_t i = 0; i < MOK_COUNT(looks); i++)
		if (strcmp(looks[i].group, id.group) == 0 && strcmp(looks[i].kind, id.kind) == 0)
			is = looks[i].look(&l);
	*why = is == MOK_READY ? NULL : l.why;
	return is;
}
