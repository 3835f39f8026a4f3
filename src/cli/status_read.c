#include "status_read.h"

#include "instance.h"
#include "probe.h"

#include <stdlib.h>
#include <string.h>

/* What the sweep saw, the cluster's nodes and pods, and what the instance itself answers. */

struct reading {
	struct session *s;
	struct mok_status_view *out;
	struct instance instance;
	bool has_instance;
};

static void fact(struct reading *r, const char *name, enum mok_health health, const char *text)
{
	struct mok_status_fact f = { .name = name, .text = text, .health = health };

	mok_vec_push(r->s->arena, &r->out->instance, f);
}

/* ---- resources ---- */

static struct mok_status_kind *kind_of(struct reading *r, const char *name)
{
	struct mok_status_kind none = { .name = name };

	for (size_t i = 0; i < r->out->kinds.len; i++)
		if (strcmp(r->out->kinds.items[i].name, name) == 0)
			return &r->out->kinds.items[i];
	mok_vec_push(r->s->arena, &r->out->kinds, none);
	return &r->out->kinds.items[r->out->kinds.len - 1];
}

static void not_ready(struct reading *r, const struct mok_change *c, const char *why)
{
	struct mok_status_fact f = { .name = c->address, .text = why, .health = MOK_UNWELL };

	mok_vec_push(r->s->arena, &r->out->resources, f);
}

static void read_resources(struct reading *r)
{
	for (size_t i = 0; i < r->s->changes.list.len; i++) {
		const struct mok_change *c = &r->s->changes.list.items[i];
		struct mok_status_kind *k;

		if (!c->resource)
			continue;
		k = kind_of(r, c->kind->name);
		k->want++;
		k->have += c->object != NULL;
		if (!c->object)
			not_ready(r, c,
				c->foreign ? "it does not exist: somebody else brings it"
					   : "it does not exist: mok apply makes it");
		else if (!c->object->ready || c->object->failed)
			not_ready(r, c, c->object->status ? c->object->status : "not ready");
	}
}

/* ---- nodes ---- */

static bool is_true(const struct mok_val *object, const char *type)
{
	const struct mok_val *list = object ? mok_val_at(object, "status.conditions") : NULL;

	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++)
		if (mok_streq(mok_val_get_str(&list->u.list.items[i], "type"), type))
			return mok_streq(mok_val_get_str(&list->u.list.items[i], "status"), "True");
	return false;
}

static const char *both(struct mok_arena *arena, const char *have, const char *more)
{
	if (!have || strstr(have, more))
		return have ? have : more;
	return mok_arena_printf(arena, "%s, %s", have, more);
}

static void add_node(struct reading *r, struct mok_status_row *row, const struct mok_val *node)
{
	const char *version = cluster_str(node, "status.nodeInfo.kubeletVersion");

	row->have += is_true(node, "Ready");
	if (*version)
		row->version = both(r->s->arena, row->version, version + (*version == 'v'));
}

/* By the pool's id: a pool that was renamed may have nodes with the name that it had. */
static bool is_of_pool(const struct mok_object *node, const struct mok_object *pool)
{
	const char *id = instance_label(node, "doks.digitalocean.com/node-pool-id");

	if (id && *id)
		return mok_streq(id, pool->id);
	return mok_streq(instance_label(node, "doks.digitalocean.com/node-pool"), pool->name);
}

static void read_pool(
	struct reading *r, const struct mok_object *pool, const struct cluster_objects *nodes)
{
	struct mok_status_row row = { .name = pool->name };

	row.want = cluster_int(&pool->attrs, "count", 0);
	for (size_t i = 0; i < nodes->list.len; i++)
		if (is_of_pool(nodes->list.items[i], pool))
			add_node(r, &row, cluster_object(nodes->list.items[i]));
	row.health = row.have < row.want ? MOK_UNWELL : MOK_WELL;
	mok_vec_push(r->s->arena, &r->out->pools, row);
}

static const struct mok_kind *object_kind(void)
{
	size_t count;
	const struct mok_kind *const *kinds = mok_kinds(&count);

	for (size_t i = 0; i < count; i++)
		if (mok_role_of(kinds[i]) == MOK_ROLE_OBJECT)
			return kinds[i];
	return NULL;
}

static int read_pools(struct reading *r, const struct mok_object *cluster, struct mok_err *err)
{
	const struct cluster c = { r->s, object_kind(), cluster->id };
	const struct mok_live *live = &r->s->live;
	struct cluster_objects nodes = { .list = { 0 } };

	if (cluster_list(&c, "/Node/", &nodes, err) != 0)
		return mok_err_wrap(err, "reading the nodes of %s", cluster->name);
	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *pool = live->objects.items[i];

		if (mok_role_of(pool->kind) == MOK_ROLE_NODES &&
			mok_streq(pool->parent_id, cluster->id))
			read_pool(r, pool, &nodes);
	}
	return 0;
}

static int read_nodes(struct reading *r, struct mok_err *err)
{
	const struct mok_live *live = &r->s->live;

	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];

		if (mok_role_of(o->kind) == MOK_ROLE_CLUSTER && o->marker && o->ready &&
			read_pools(r, o, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- tiers ---- */

static const char *pods_versions(
	struct reading *r, const struct cluster_objects *pods, const char *component)
{
	const char *text = NULL;

	for (size_t i = 0; i < pods->list.len; i++) {
		const struct mok_object *pod = pods->list.items[i];
		const char *version;

		if (!instance_is_of(pod, component))
			continue;
		version = mok_mastodon_version(r->s->arena, cluster_object(pod));
		if (version)
			text = both(r->s->arena, text, version);
	}
	return text;
}

static void read_tier(
	struct reading *r, const struct mok_change *c, const struct cluster_objects *pods)
{
	const struct mok_val *live = c->object ? cluster_object(c->object) : NULL;
	const char *component = cluster_str(&c->want, "manifest.metadata.name");
	struct mok_status_row row = { .health = MOK_WELL };

	component += mok_starts(component, "mastodon-") ? strlen("mastodon-") : 0;
	row.name = component;
	row.want = cluster_int(
		live, "spec.replicas", cluster_int(&c->want, "manifest.spec.replicas", 1));
	row.have = cluster_int(live, "status.readyReplicas", 0);
	row.version = pods_versions(r, pods, component);
	if (!row.version && live)
		row.version = mok_mastodon_version(r->s->arena, live);
	if (!c->object || !c->object->ready || row.have < row.want) {
		row.health = MOK_UNWELL;
		row.note = !c->object       ? "it does not exist"
			: !c->object->ready ? c->object->status
					    : NULL;
	}
	mok_vec_push(r->s->arena, &r->out->tiers, row);
}

/* The Job that begins one is cleared away when it is complete. */
static void note_upgrade(struct reading *r, const struct mok_object *o)
{
	const char *to = instance_label(o, "app.kubernetes.io/version");
	const struct mok_val *marks = mok_val_at(&o->attrs, "object.metadata.annotations");
	const char *from = marks ? mok_val_get_str(marks, INSTANCE_UPGRADE_FROM) : NULL;

	/* Argo CD's stays until its next sync. */
	if (marks && mok_val_get(marks, "argocd.argoproj.io/hook"))
		return;
	fact(r, "upgrade", MOK_UNWELL,
		mok_arena_printf(r->s->arena, "from %s to %s is not complete: mok upgrade goes on",
			from ? from : "?", to));
}

static void note_last_upgrade(struct reading *r, const struct mok_object *o)
{
	const struct mok_val *object = cluster_object(o);
	const char *finished = cluster_str(object, "data.finished_at");

	if (*finished)
		fact(r, "last upgrade", MOK_WELL,
			mok_arena_printf(r->s->arena, "from %s to %s, complete %s, schema %s",
				cluster_str(object, "data.from"), cluster_str(object, "data.to"),
				finished, cluster_str(object, "data.schema")));
}

static void read_jobs(struct reading *r)
{
	const struct mok_live *live = &r->s->live;

	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];
		struct mok_status_fact f = { .name = o->name, .health = MOK_UNWELL };
		const struct mok_val *object = cluster_object(o);

		if (instance_is_record(o, r->instance.ns))
			note_last_upgrade(r, o);
		if (!object || strcmp(cluster_str(object, "kind"), "Job") != 0 ||
			strcmp(cluster_str(object, "metadata.namespace"), r->instance.ns) != 0)
			continue;
		if (instance_is_of(o, "migrate-pre"))
			note_upgrade(r, o);
		if (!o->failed)
			continue;
		f.text = o->status ? o->status : "failed";
		mok_vec_push(r->s->arena, &r->out->jobs, f);
	}
}

/* ---- queues ---- */

static const struct mok_val *sidekiq_pod(const struct cluster_objects *pods)
{
	for (size_t i = 0; i < pods->list.len; i++) {
		const struct mok_object *pod = pods->list.items[i];

		if (mok_starts(instance_label(pod, "app.kubernetes.io/component"), "sidekiq-") &&
			pod->ready)
			return cluster_object(pod);
	}
	return NULL;
}

static int read_queues(
	struct reading *r, const struct cluster_objects *pods, struct mok_err *interrupted)
{
	const struct mok_val *pod = sidekiq_pod(pods);
	struct mok_queues queues = { .list = { 0 } };
	struct mok_arena *arena = r->s->arena;
	struct mok_err err = { 0 };
	const char *text;

	if (!pod) {
		r->out->queues_unread = "no pod of Sidekiq is ready";
		return 0;
	}
	text = cluster_text(&r->instance.cluster,
		instance_metrics_path(&r->instance, cluster_str(pod, "metadata.name")), &err);
	if (!text && err.code == MOK_ERR_INTERRUPTED) {
		*interrupted = err;
		return -1;
	}
	if (text)
		mok_mastodon_queues(arena, text, &queues);
	for (size_t i = 0; i < queues.list.len; i++) {
		const struct mok_queue *q = &queues.list.items[i];
		struct mok_status_queue row = { q->name, q->waiting, q->latency_ms };

		mok_vec_push(arena, &r->out->queues, row);
	}
	if (!text)
		r->out->queues_unread = mok_arena_printf(arena,
			"%s (Sidekiq's metrics, which observability.metrics turns on)", err.msg);
	else if (!queues.list.len)
		r->out->queues_unread = "Sidekiq's metrics have none";
	return 0;
}

static int read_tiers(struct reading *r, struct mok_err *err)
{
	struct cluster_objects pods = { .list = { 0 } };

	if (r->instance.running && instance_list(&r->instance, "/Pod", &pods, err) != 0)
		return mok_err_wrap(err, "reading the pods");
	for (size_t i = 0; i < r->s->changes.list.len; i++)
		if (instance_is_tier(instance_tier(&r->s->changes.list.items[i])))
			read_tier(r, &r->s->changes.list.items[i], &pods);
	read_jobs(r);
	return read_queues(r, &pods, err);
}

/* ---- the instance from outside ---- */

static int probe(struct reading *r, const char *path, struct probe_answer *out, struct mok_err *err)
{
	out->status = 0;
	return probe_get(r->s, r->instance.domain, path, out, err);
}

static int read_health(struct reading *r, struct mok_err *interrupted)
{
	struct mok_arena *arena = r->s->arena;
	struct mok_err err = { 0 };
	struct probe_answer answer;

	if (probe(r, "/health", &answer, &err) != 0) {
		*interrupted = err;
		fact(r, "health", MOK_UNWELL, mok_arena_printf(arena, "no answer: %s", err.msg));
		return err.code == MOK_ERR_INTERRUPTED ? -1 : 0;
	}
	fact(r, "health", answer.status == 200 ? MOK_WELL : MOK_UNWELL,
		mok_arena_printf(arena, "%s/health answers %d",
			probe_base(r->s, r->instance.domain), answer.status));
	return 0;
}

static int read_reported(struct reading *r, struct mok_err *interrupted)
{
	struct mok_arena *arena = r->s->arena;
	cJSON *json MOK_CLEANUP(mok_json_cleanup) = NULL;
	struct mok_err err = { 0 };
	struct probe_answer answer;
	const char *version;

	if (probe(r, "/api/v2/instance", &answer, &err) != 0) {
		*interrupted = err;
		fact(r, "version", MOK_UNREAD, "no answer");
		return err.code == MOK_ERR_INTERRUPTED ? -1 : 0;
	}
	json = mok_json_parse(answer.body, strlen(answer.body));
	version = mok_json_str(json, "version");
	if (answer.status == 200 && version)
		fact(r, "version", MOK_WELL, mok_arena_printf(arena, "%s", version));
	else
		fact(r, "version", MOK_UNWELL,
			mok_arena_printf(arena, "/api/v2/instance answers %d", answer.status));
	return 0;
}

/* ---- gateway, certificate ---- */

static void add_certificate(struct reading *r, const struct mok_object *o)
{
	const struct mok_val *object = cluster_object(o);
	struct mok_status_fact f = { .name = "certificate",
		.health = o->ready ? MOK_WELL : MOK_UNWELL };

	f.text = o->ready ? "ready" : o->status;
	if (mok_parse_time(cluster_str(object, "status.notAfter"), &f.until_ms) != 0)
		f.until_ms = 0;
	if (f.until_ms && f.until_ms < r->s->live.read_ms)
		f.health = MOK_UNWELL;
	mok_vec_push(r->s->arena, &r->out->instance, f);
}

static void add_address(struct reading *r, const struct mok_object *o, const char *list_path)
{
	const struct mok_val *list = mok_val_at(cluster_object(o), list_path);
	const char *text = NULL;

	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++) {
		static const char *const keys[] = { "value", "ip", "hostname" };

		for (size_t k = 0; k < MOK_COUNT(keys); k++) {
			const char *value = mok_val_get_str(&list->u.list.items[i], keys[k]);

			if (value)
				text = both(r->s->arena, text, value);
		}
	}
	fact(r, "address", text ? MOK_WELL : MOK_UNWELL,
		text ? text : "the load balancer has none yet");
}

static void read_routes(struct reading *r)
{
	const struct mok_live *live = &r->s->live;

	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];
		const char *kind = cluster_str(cluster_object(o), "kind");

		if (!o->marker || mok_role_of(o->kind) != MOK_ROLE_OBJECT)
			continue;
		if (strcmp(kind, "Gateway") == 0)
			add_address(r, o, "status.addresses");
		else if (strcmp(kind, "Ingress") == 0)
			add_address(r, o, "status.loadBalancer.ingress");
		else if (strcmp(kind, "Certificate") == 0)
			add_certificate(r, o);
	}
}

/* ---- versions of what is under it ---- */

static const char *engine_name(const char *engine)
{
	static const char *const names[][2] = { { "pg", "PostgreSQL" }, { "valkey", "Valkey" },
		{ "redis", "Redis" }, { "opensearch", "OpenSearch" }, { "mysql", "MySQL" } };

	for (size_t i = 0; i < MOK_COUNT(names); i++)
		if (strcmp(names[i][0], engine) == 0)
			return names[i][1];
	return engine;
}

static void read_versions(struct reading *r)
{
	const struct mok_live *live = &r->s->live;

	for (size_t i = 0; i < live->objects.len; i++) {
		const struct mok_object *o = live->objects.items[i];
		enum mok_role role = mok_role_of(o->kind);
		const char *version = cluster_str(&o->attrs, "version");

		if (!o->marker || !*version ||
			(role != MOK_ROLE_CLUSTER && role != MOK_ROLE_DATABASE))
			continue;
		fact(r,
			role == MOK_ROLE_CLUSTER ? "Kubernetes"
						 : engine_name(cluster_str(&o->attrs, "engine")),
			MOK_WELL, version);
	}
}

static int read_instance(struct reading *r, struct mok_err *err)
{
	if (!r->instance.running)
		fact(r, "health", MOK_UNWELL, "it does not run yet: mok apply");
	else if (read_health(r, err) != 0 || read_reported(r, err) != 0)
		return -1;
	read_routes(r);
	return read_tiers(r, err);
}

int status_read(struct session *s, struct mok_status_view *out, struct mok_err *err)
{
	struct reading r = { .s = s, .out = out };

	*out = (struct mok_status_view){
		.stack = s->stack, .live = &s->live, .changes = &s->changes
	};
	r.has_instance = instance_find(s, &r.instance);
	if (r.has_instance) {
		out->version = r.instance.running;
		if (read_instance(&r, err) != 0)
			return -1;
	}
	read_versions(&r);
	read_resources(&r);
	return read_nodes(&r, err);
}
