/*
 * Services of type LoadBalancer, as DigitalOcean's cloud controller manager serves them: each has a
 * load balancer of the account, found by its annotation or name. It goes with the Service, held by
 * a finalizer, as long as there is a cluster; when the cluster goes first it stays, and is billed.
 */
#include "controllers.h"
#include "droplet.h"
#include "kubernetes.h"

#include <string.h>

#define AGENT "digitalocean-cloud-controller-manager"
#define COMPONENT "service-controller"
#define PREFIX "service.beta.kubernetes.io/do-loadbalancer-"
#define ID_NOTE "kubernetes.digitalocean.com/load-balancer-id"
#define FINALIZER "service.kubernetes.io/load-balancer-cleanup"

static const char *note_of(const cJSON *service, const char *name)
{
	return sb_get_word(mok_json_at(service, "metadata.annotations"), name);
}

static void tell(struct sb_kube *k, const cJSON *service, const char *type, const char *reason,
	const char *text)
{
	sb_ctl_tell(
		k, service, &(struct sb_ctl_event){ COMPONENT, type, reason, NULL }, "%s", text);
}

/* ---- what is wanted of the load balancer ---- */

static const char *name_of(struct sb_kube *k, const cJSON *service)
{
	const char *name = note_of(service, PREFIX "name");
	char *own = mok_arena_printf(k->ctx->arena, "a%s", sb_ctl_str(service, "metadata.uid"));
	size_t n = 0;

	if (name)
		return name;
	for (char *p = own; *p; p++)
		if (*p != '-')
			own[n++] = *p;
	own[n < 32 ? n : 32] = '\0';
	return own;
}

static bool is_network(const cJSON *service)
{
	const char *type = note_of(service, PREFIX "type");

	return !type || strcmp(type, "REGIONAL_NETWORK") == 0;
}

static bool is_on(const cJSON *service, const char *name)
{
	return mok_streq(note_of(service, name), "true");
}

/* A network load balancer passes packets on to the same port; the others go to node ports. */
static cJSON *rules_of(const cJSON *service)
{
	const char *protocol = note_of(service, PREFIX "protocol");
	cJSON *rules = cJSON_CreateArray();
	const cJSON *port;

	cJSON_ArrayForEach(port, mok_json_at(service, "spec.ports"))
	{
		bool udp = mok_streq(sb_get_str(port, "protocol"), "UDP");
		const char *word = udp ? "udp" : protocol ? protocol : "tcp";
		int64_t entry = sb_get_int(port, "port", 0);
		cJSON *rule = cJSON_CreateObject();

		sb_set_str(rule, "entry_protocol", word);
		sb_set_int(rule, "entry_port", entry);
		sb_set_str(rule, "target_protocol", word);
		sb_set_int(rule, "target_port",
			is_network(service) ? entry : sb_get_int(port, "nodePort", entry));
		sb_set_str(rule, "certificate_id", "");
		sb_set_bool(rule, "tls_passthrough", false);
		cJSON_AddItemToArray(rules, rule);
	}
	return rules;
}

static cJSON *droplets_of(struct sb_kube *k)
{
	cJSON *ids = cJSON_CreateArray();
	const cJSON *node;

	cJSON_ArrayForEach(node, sb_ctl_list(k, "/api/v1/nodes"))
	{
		const char *id = sb_ctl_str(node, "spec.providerID"), *slash = strrchr(id, '/');
		int64_t droplet = 0;

		if (slash && mok_parse_i64(slash + 1, &droplet))
			cJSON_AddItemToArray(ids, cJSON_CreateNumber((double)droplet));
	}
	return ids;
}

/* NULL, or what is wrong with an annotation. */
static const char *set_number(
	struct sb_kube *k, cJSON *body, const cJSON *service, const char *note, const char *field)
{
	const char *text = note_of(service, note);
	int64_t number = 0;

	if (!text)
		return NULL;
	if (!mok_parse_i64(text, &number) || number < 1)
		return mok_arena_printf(
			k->ctx->arena, "failed to parse annotation %s: \"%s\"", note, text);
	sb_set_int(body, field, number);
	return NULL;
}

/* NULL: *wrong says why not. */
static cJSON *wanted(struct sb_kube *k, const cJSON *service, const char **wrong)
{
	const char *type = note_of(service, PREFIX "type");
	const char *network = note_of(service, PREFIX "network");
	cJSON *body = sb_own(k->ctx, cJSON_CreateObject());

	sb_set_str(body, "type", is_network(service) ? "REGIONAL_NETWORK" : "REGIONAL");
	sb_set_str(body, "network", network ? network : "EXTERNAL");
	sb_set_int(body, "size_unit", 1);
	sb_set_bool(body, "enable_proxy_protocol", is_on(service, PREFIX "enable-proxy-protocol"));
	sb_set_bool(
		body, "redirect_http_to_https", is_on(service, PREFIX "redirect-http-to-https"));
	sb_set_bool(body, "enable_backend_keepalive",
		is_on(service, PREFIX "enable-backend-keepalive"));
	mok_json_set(body, "forwarding_rules", rules_of(service));
	mok_json_set(body, "droplet_ids", droplets_of(k));
	*wrong = set_number(k, body, service, PREFIX "size-unit", "size_unit");
	if (!*wrong)
		*wrong = set_number(k, body, service, PREFIX "http-idle-timeout-seconds",
			"http_idle_timeout_seconds");
	if (!*wrong && type && strcmp(type, "REGIONAL") != 0 && !is_network(service))
		*wrong = mok_arena_printf(k->ctx->arena, "invalid value for annotation %s: \"%s\"",
			PREFIX "type", type);
	return *wrong ? NULL : body;
}

/* ---- the load balancer ---- */

static struct sb_doc *find(struct sb_kube *k, const cJSON *service)
{
	const char *id = note_of(service, ID_NOTE);
	struct sb_doc *doc = id ? sb_doc_get(k->ctx, LB_KIND, id) : NULL;

	return doc ? doc : sb_doc_named(k->ctx, LB_KIND, NULL, name_of(k, service));
}

static struct sb_doc *make(struct sb_kube *k, const cJSON *service, const cJSON *body)
{
	const struct sb_doc *cluster = sb_doc_get(k->ctx, K8S_KIND, k->cluster);
	struct sb_balancer_spec spec = { .name = name_of(k, service), .cluster_id = k->cluster };

	spec.region = sb_get_str(cluster->json, "region");
	spec.vpc_uuid = sb_get_str(cluster->json, "vpc_uuid");
	tell(k, service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer");
	return sb_doc_get(k->ctx, LB_KIND, sb_balancer_make(k->ctx, &spec, body));
}

static void update(struct sb_kube *k, struct sb_doc *doc, const char *name, const cJSON *body)
{
	bool changed = strcmp(doc->name, name) != 0;
	const cJSON *field;

	cJSON_ArrayForEach(field, body)
	{
		if (mok_json_equal(sb_get(doc->json, field->string), field))
			continue;
		mok_json_set(doc->json, field->string, cJSON_Duplicate(field, true));
		changed = true;
	}
	if (!changed)
		return;
	sb_set_str(doc->json, "name", name);
	doc->name = name;
	sb_doc_put(k->ctx, doc);
}

/* ---- the Service ---- */

/* id NULL: the annotation and the finalizer go. */
static void mark(struct sb_kube *k, const cJSON *service, const char *id)
{
	const cJSON *have = mok_json_at(service, "metadata.finalizers"), *one;
	cJSON *patch = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(patch, "metadata");
	cJSON *list = cJSON_AddArrayToObject(meta, "finalizers");

	if (sb_list_has(have, FINALIZER) == (id != NULL) &&
		mok_streq(note_of(service, ID_NOTE), id)) {
		cJSON_Delete(patch);
		return;
	}
	cJSON_ArrayForEach(one, have) if (!mok_streq(cJSON_GetStringValue(one), FINALIZER))
		cJSON_AddItemToArray(list, cJSON_Duplicate(one, true));
	if (id)
		cJSON_AddItemToArray(list, cJSON_CreateString(FINALIZER));
	sb_set_str(mok_json_object(meta, "annotations"), ID_NOTE, id);
	sb_ctl_write(k, AGENT, "PATCH", sb_ctl_path(k, service, "services", NULL), patch);
}

static void show(struct sb_kube *k, const cJSON *service, const struct sb_doc *doc)
{
	const char *host = note_of(service, PREFIX "hostname");
	const cJSON *have = mok_json_at(service, "status");
	cJSON *status = have ? cJSON_Duplicate(have, true) : cJSON_CreateObject(), *ingress;
	cJSON *balancer = cJSON_CreateObject();

	if (doc) {
		ingress = cJSON_CreateObject();
		sb_set_str(ingress, host ? "hostname" : "ip",
			host ? host : sb_get_str(doc->json, "ip"));
		if (!host)
			sb_set_str(ingress, "ipMode", "VIP");
		cJSON_AddItemToArray(cJSON_AddArrayToObject(balancer, "ingress"), ingress);
	}
	mok_json_set(status, "loadBalancer", balancer);
	sb_ctl_status(k, AGENT, service, "services", status);
}

static void remove_balancer(struct sb_kube *k, const cJSON *service)
{
	struct sb_doc *doc = find(k, service);

	tell(k, service, "Normal", "DeletingLoadBalancer", "Deleting load balancer");
	if (doc)
		sb_balancer_delete(k->ctx, doc);
	tell(k, service, "Normal", "DeletedLoadBalancer", "Deleted load balancer");
	if (!*sb_ctl_str(service, "metadata.deletionTimestamp"))
		show(k, service, NULL);
	mark(k, service, NULL);
}

static void ensure(struct sb_kube *k, const cJSON *service)
{
	const char *wrong = NULL;
	const cJSON *body = wanted(k, service, &wrong);
	struct sb_doc *doc;

	if (!body) {
		tell(k, service, "Warning", "SyncLoadBalancerFailed",
			mok_arena_printf(k->ctx->arena,
				"Error syncing load balancer: failed to ensure load balancer: %s",
				wrong));
		return;
	}
	doc = find(k, service);
	if (doc)
		update(k, doc, name_of(k, service), body);
	else
		doc = make(k, service, body);
	mark(k, service, doc->id);
	if (k->ctx->now_ms < sb_get_int(doc->json, "ready_ms", 0)) {
		sb_ctl_again(k, sb_get_int(doc->json, "ready_ms", 0));
		return;
	}
	if (!mok_json_at(service, "status.loadBalancer.ingress.0"))
		tell(k, service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer");
	show(k, sb_ctl_get(k, sb_ctl_path(k, service, "services", NULL)), doc);
}

static void reconcile(struct sb_kube *k, const cJSON *service)
{
	bool held = sb_list_has(mok_json_at(service, "metadata.finalizers"), FINALIZER);
	bool wants = strcmp(sb_ctl_str(service, "spec.type"), "LoadBalancer") == 0;

	if (wants && !*sb_ctl_str(service, "metadata.deletionTimestamp"))
		ensure(k, service);
	else if (held)
		remove_balancer(k, service);
}

const struct sb_controller sb_ctl_load_balancer = {
	"",
	"services",
	reconcile,
	" nodes ",
	NULL,
};
