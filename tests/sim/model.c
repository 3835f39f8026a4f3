#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t sim_draw(struct sim_rng *rng, uint64_t n)
{
	return n ? mok_rng_next(&rng->state) % n : 0;
}

bool sim_chance(struct sim_rng *rng, unsigned percent)
{
	return sim_draw(rng, 100) < percent;
}

void sim_line(struct sim_lines *lines, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mok_vec_push(
		lines->arena, &lines->list, (const char *)mok_arena_vprintf(lines->arena, fmt, ap));
	va_end(ap);
}

static int compare_lines(const void *a, const void *b)
{
	const char *const *la = a, *const *lb = b;

	return strcmp(*la, *lb);
}

void sim_lines_sort(struct sim_lines *lines)
{
	if (lines->list.len > 1)
		qsort(lines->list.items, lines->list.len, sizeof(lines->list.items[0]),
			compare_lines);
}

/* ---- kinds ---- */

static const char *const days[] = { "monday", "tuesday", "friday", "sunday" };
static const char *const pool_sizes[] = { "s-2vcpu-4gb", "s-4vcpu-8gb", "s-2vcpu-2gb" };
static const char *const db_sizes[] = { "db-s-1vcpu-2gb", "db-s-2vcpu-4gb", "db-s-4vcpu-8gb" };
/* As large as any of their clusters gets. */
static const char *const replica_sizes[] = { "db-s-4vcpu-8gb", "db-s-6vcpu-16gb" };
static const char *const pool_modes[] = { "transaction", "session" };
static const char *const permissions[] = { "readwrite", "read" };
static const int cdn_ttls[] = { 3600, 60, 86400 };
static const char *const environments[] = { "Production", "Staging", "Development" };

static const char *const chart_versions[] = { "3.13.0", "3.13.1" };
static const char *const storage_classes[] = { "do-block-storage", "do-block-storage-xfs" };

/* How many values v[0] and v[1] have. Changing v[replaces] needs a new object. */
struct kind_row {
	const char *word, *yaml, *prefix;
	enum sim_kind parent; /* SIM_KINDS: none */
	int values[2];
	int replaces; /* -1: nothing does */
	int grows;    /* v that only goes up; -1: none */
};

static const struct kind_row rows[SIM_KINDS] = {
	[SIM_VPC] = { "vpc", "vpc", "vpc", SIM_KINDS, { 4, 2 }, 1, -1 },
	[SIM_CLUSTER] = { "cluster", "kubernetes_cluster", "k8s", SIM_VPC, { 4, 2 }, -1, -1 },
	[SIM_POOL] = { "pool", "kubernetes_node_pool", "pool", SIM_CLUSTER, { 3, 3 }, 0, -1 },
	[SIM_DB] = { "db", "database_cluster", "db", SIM_VPC, { 3, 4 }, -1, 0 },
	[SIM_DB_DB] = { "dbdb", "database_db", "data", SIM_DB, { 1, 1 }, -1, -1 },
	[SIM_DB_USER] = { "dbuser", "database_user", "user", SIM_DB, { 1, 1 }, -1, -1 },
	[SIM_DB_POOL] = { "dbpool", "database_connection_pool", "conn", SIM_DB, { 3, 2 }, -1, -1 },
	[SIM_DB_REPLICA] = { "dbrep", "database_replica", "rep", SIM_DB, { 2, 1 }, -1, 0 },
	[SIM_DB_FIREWALL] = { "dbfw", "database_firewall", "fw", SIM_DB, { 4, 1 }, -1, -1 },
	[SIM_BUCKET] = { "bucket", "spaces_bucket", "bucket", SIM_KINDS, { 2, 2 }, -1, -1 },
	[SIM_KEY] = { "key", "spaces_key", "key", SIM_BUCKET, { 2, 1 }, 0, -1 },
	[SIM_CDN] = { "cdn", "cdn", "cdn", SIM_BUCKET, { 3, 1 }, -1, -1 },
	[SIM_CERTIFICATE] = { "cert", "certificate", "cert", SIM_DOMAIN, { 3, 1 }, 0, -1 },
	[SIM_DOMAIN] = { "domain", "domain", "z", SIM_KINDS, { 1, 1 }, -1, -1 },
	[SIM_RECORD] = { "record", "record", "r", SIM_DOMAIN, { 4, 2 }, -1, -1 },
	[SIM_PROJECT] = { "project", "project", "project", SIM_KINDS, { 3, 2 }, -1, -1 },
	[SIM_TAG] = { "tag", "tag", "tag", SIM_KINDS, { 1, 1 }, -1, -1 },
	[SIM_NAMESPACE] = { "ns", "kubernetes_manifest", "ns", SIM_CLUSTER, { 3, 1 }, -1, -1 },
	[SIM_CONFIG] = { "config", "kubernetes_manifest", "config", SIM_CLUSTER, { 4, 2 }, -1, -1 },
	[SIM_WORKLOAD] = { "deploy", "kubernetes_manifest", "deploy", SIM_CLUSTER, { 3, 2 }, 1,
		-1 },
	[SIM_SECRET_OBJECT] = { "secret", "kubernetes_manifest", "secret", SIM_CLUSTER, { 6, 1 },
		-1, -1 },
	[SIM_JOB] = { "job", "kubernetes_manifest", "job", SIM_CLUSTER, { 3, 3 }, 1, -1 },
	[SIM_CLAIM] = { "claim", "kubernetes_manifest", "claim", SIM_CLUSTER, { 4, 2 }, 1, 0 },
	[SIM_SERVICE] = { "svc", "kubernetes_manifest", "svc", SIM_CLUSTER, { 3, 1 }, -1, -1 },
	[SIM_KEYS] = { "keys", "kubernetes_manifest", "keys", SIM_CLUSTER, { 3, 1 }, -1, -1 },
	[SIM_RELEASE] = { "release", "helm_release", "release", SIM_CLUSTER, { 3, 2 }, -1, -1 },
};

bool sim_kind_is_object(enum sim_kind kind)
{
	return kind == SIM_NAMESPACE || kind == SIM_CONFIG || kind == SIM_WORKLOAD ||
		kind == SIM_SECRET_OBJECT || kind == SIM_JOB || kind == SIM_CLAIM ||
		kind == SIM_SERVICE || kind == SIM_RELEASE || kind == SIM_KEYS;
}

const char *sim_kind_word(enum sim_kind kind)
{
	return rows[kind].word;
}

const char *sim_name(const struct sim_model *m, int i, char out[64])
{
	const struct sim_resource *r = &m->list[i];

	switch (r->kind) {
	case SIM_DOMAIN: snprintf(out, 64, "z%d.sim.test", r->number); break;
	case SIM_BUCKET:
		snprintf(out, 64, "bucket%d-%llu", r->number, (unsigned long long)m->seed);
		break;
	case SIM_VPC:
	case SIM_CLUSTER:
	case SIM_POOL:
	case SIM_DB:
	case SIM_DB_DB:
	case SIM_DB_USER:
	case SIM_DB_POOL:
	case SIM_DB_REPLICA:
	case SIM_DB_FIREWALL:
	case SIM_KEY:
	case SIM_CDN:
	case SIM_CERTIFICATE:
	case SIM_RECORD:
	case SIM_PROJECT:
	case SIM_TAG:
	case SIM_NAMESPACE:
	case SIM_CONFIG:
	case SIM_WORKLOAD:
	case SIM_SECRET_OBJECT:
	case SIM_JOB:
	case SIM_CLAIM:
	case SIM_SERVICE:
	case SIM_RELEASE:
	case SIM_KEYS:
	case SIM_KINDS: snprintf(out, 64, "%s%d", rows[r->kind].prefix, r->number); break;
	}
	return out;
}

/* ---- drawing ---- */

static int find_wanted(const struct sim_model *m, struct sim_rng *rng, enum sim_kind kind)
{
	int found[SIM_MAX_RESOURCES], n = 0;

	for (int i = 0; i < m->n; i++)
		if (m->list[i].wanted && m->list[i].kind == kind)
			found[n++] = i;
	return n ? found[sim_draw(rng, (uint64_t)n)] : -1;
}

static int child_of(const struct sim_model *m, int parent, enum sim_kind kind)
{
	for (int i = 0; i < m->n; i++)
		if (m->list[i].wanted && m->list[i].kind == kind && m->list[i].parent == parent)
			return i;
	return -1;
}

static int add(struct sim_model *m, struct sim_rng *rng, enum sim_kind kind, int parent)
{
	struct sim_resource *r = &m->list[m->n];

	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->number = m->next_number++;
	r->parent = parent;
	r->other = r->extra = -1;
	r->wanted = true;
	for (int k = 0; k < 2; k++)
		r->v[k] = rows[kind].grows == k
			? 0
			: (int)sim_draw(rng, (uint64_t)rows[kind].values[k]);
	r->v[2] = (int)sim_draw(rng, 1000);
	snprintf(r->address, sizeof(r->address), "%s_%d", rows[kind].word, r->number);
	return m->n++;
}

/* Postgres has databases, users and pools; Valkey has not. */
static bool is_postgres(const struct sim_resource *db)
{
	return db->v[2] % 3 != 0;
}

static int find_parent(struct sim_model *m, struct sim_rng *rng, enum sim_kind kind)
{
	enum sim_kind parent = rows[kind].parent;
	int at = parent == SIM_KINDS ? -1 : find_wanted(m, rng, parent);

	if (kind == SIM_CLUSTER || kind == SIM_DB)
		return at >= 0 && sim_chance(rng, 70) ? at : -1;
	if (parent != SIM_KINDS && at < 0)
		return -2;
	if (parent == SIM_DB && kind != SIM_DB_FIREWALL && !is_postgres(&m->list[at]))
		return -2;
	if ((kind == SIM_DB_FIREWALL || kind == SIM_CDN || kind == SIM_RELEASE) &&
		child_of(m, at, kind) >= 0)
		return -2; /* one each */
	return at;
}

/* What lives in nothing that goes with it, and can live alone. */
static bool can_retain(const struct sim_resource *r)
{
	return r->parent < 0 && r->kind != SIM_CLUSTER;
}

static void add_random(struct sim_model *m, struct sim_rng *rng)
{
	static const enum sim_kind draws[] = { SIM_VPC, SIM_VPC, SIM_CLUSTER, SIM_POOL, SIM_POOL,
		SIM_DB, SIM_DB, SIM_DB_DB, SIM_DB_USER, SIM_DB_USER, SIM_DB_POOL, SIM_DB_REPLICA,
		SIM_DB_FIREWALL, SIM_BUCKET, SIM_BUCKET, SIM_KEY, SIM_CDN, SIM_CERTIFICATE,
		SIM_DOMAIN, SIM_DOMAIN, SIM_RECORD, SIM_RECORD, SIM_PROJECT, SIM_TAG, SIM_NAMESPACE,
		SIM_CONFIG, SIM_SECRET_OBJECT, SIM_WORKLOAD, SIM_WORKLOAD, SIM_SERVICE, SIM_JOB,
		SIM_CLAIM, SIM_RELEASE, SIM_KEYS, SIM_KEYS, SIM_KEYS };
	enum sim_kind kind = draws[sim_draw(rng, MOK_COUNT(draws))];
	int parent = find_parent(m, rng, kind);
	int i, db = -1, user = -1;

	if (parent == -2 || m->n + 2 >= SIM_MAX_RESOURCES)
		return;
	if (kind == SIM_PROJECT && find_wanted(m, rng, SIM_PROJECT) >= 0)
		return; /* two that take all would fight */
	if (kind == SIM_DB_POOL) {
		db = child_of(m, parent, SIM_DB_DB);
		user = child_of(m, parent, SIM_DB_USER);
		if (db < 0 || user < 0)
			return;
	}
	if (sim_kind_is_object(kind) && kind != SIM_NAMESPACE)
		db = sim_chance(rng, 50) ? child_of(m, parent, SIM_NAMESPACE) : -1;
	i = add(m, rng, kind, parent);
	m->list[i].other = db;
	m->list[i].extra = user;
	if (kind == SIM_CLUSTER)
		add(m, rng, SIM_POOL, i); /* it needs one */
	if (sim_chance(rng, 6))
		m->list[i].protect = true;
	if (sim_chance(rng, 5) && can_retain(&m->list[i]))
		m->list[i].retain = true;
}

void sim_model_draw(struct sim_model *m, struct sim_rng *rng, int size)
{
	for (int tries = 0; m->n < size && tries < 8 * size; tries++)
		add_random(m, rng);
}

/* ---- changing ---- */

bool sim_model_has_dependents(const struct sim_model *m, int i)
{
	for (int k = 0; k < m->n; k++)
		if (m->list[k].wanted &&
			(m->list[k].parent == i || m->list[k].other == i || m->list[k].extra == i))
			return true;
	return false;
}

static bool is_last_pool(const struct sim_model *m, int i)
{
	int n = 0;

	if (m->list[i].kind != SIM_POOL)
		return false;
	for (int k = 0; k < m->n; k++)
		n += m->list[k].wanted && m->list[k].kind == SIM_POOL &&
			m->list[k].parent == m->list[i].parent;
	return n <= 1;
}

static void change_value(struct sim_model *m, struct sim_rng *rng, int i, struct mok_buf *trace)
{
	struct sim_resource *r = &m->list[i];
	const struct kind_row *row = &rows[r->kind];
	int k = (int)sim_draw(rng, 2);
	int old = r->v[k];

	if (row->replaces == k &&
		(r->protect || r->maybe_protected || sim_model_has_dependents(m, i)))
		return;
	if (row->values[k] < 2 || (row->grows == k && old + 1 >= row->values[k]))
		return;
	r->v[k] = row->grows == k
		? old + 1
		: (old + 1 + (int)sim_draw(rng, (uint64_t)row->values[k] - 1)) % row->values[k];
	mok_buf_printf(trace, " %s.%d:%d->%d%s", r->address, k, old, r->v[k],
		row->replaces == k ? "(replaces)" : "");
}

static void remove_one(struct sim_model *m, int i, struct mok_buf *trace)
{
	struct sim_resource *r = &m->list[i];

	if (r->retain && (!r->applied || memcmp(r->v, r->applied_v, sizeof(r->v)) != 0))
		return; /* how it lives on would depend on how far the change got */
	if (r->protect || r->maybe_protected || r->retain != r->applied_retain ||
		r->retain != r->maybe_retained || sim_model_has_dependents(m, i) ||
		is_last_pool(m, i))
		return;
	r->wanted = false;
	r->lives_on = r->retain;
	mok_buf_printf(trace, " -%s%s", r->address, r->retain ? "(retained)" : "");
}

/* The only Secret with a key goes, and another comes: it is the same key. */
static void put_keys_elsewhere(
	struct sim_model *m, struct sim_rng *rng, int i, struct mok_buf *trace)
{
	int k;

	if (!m->list[m->list[i].parent].wanted || m->n >= SIM_MAX_RESOURCES)
		return;
	k = add(m, rng, SIM_KEYS, m->list[i].parent);
	mok_buf_printf(trace, " +%s", m->list[k].address);
}

static void rename_one(struct sim_model *m, struct sim_rng *rng, int i, struct mok_buf *trace)
{
	struct sim_resource *r = &m->list[i];

	/* Not what leaves its former selves behind: these keep the old address, and mok cannot tell
	 * them from a second object (E0805) while moved_from stands. */
	if (r->moved_from[0])
		return;
	memcpy(r->moved_from, r->address, sizeof(r->moved_from));
	snprintf(r->address, sizeof(r->address), "m%d_%s_%d", (int)sim_draw(rng, 1000),
		rows[r->kind].word, r->number);
	mok_buf_printf(trace, " %s=>%s", r->moved_from, r->address);
}

/* Not what is about to be replaced. */
static void toggle_protect(struct sim_resource *r)
{
	int k = rows[r->kind].replaces;

	if (r->protect || k < 0 || (r->applied && !r->maybe_replaced && r->v[k] == r->applied_v[k]))
		r->protect = !r->protect;
}

void sim_model_change(struct sim_model *m, struct sim_rng *rng, struct mok_buf *trace)
{
	int n = 1 + (int)sim_draw(rng, 5);

	for (int k = 0; k < n && m->n > 0; k++) {
		int i = (int)sim_draw(rng, (uint64_t)m->n);
		uint64_t what = sim_draw(rng, 100);

		if (what < 15) {
			int before = m->n;

			add_random(m, rng);
			for (int j = before; j < m->n; j++)
				mok_buf_printf(trace, " +%s", m->list[j].address);
			continue;
		}
		if (!m->list[i].wanted)
			continue;
		if (what < 55) {
			change_value(m, rng, i, trace);
		} else if (what < 78) {
			remove_one(m, i, trace);
			if (m->list[i].kind == SIM_KEYS && !m->list[i].wanted)
				put_keys_elsewhere(m, rng, i, trace);
		} else if (what < 88) {
			rename_one(m, rng, i, trace);
		} else if (what < 94) {
			toggle_protect(&m->list[i]);
			mok_buf_printf(
				trace, " %s protect:%d", m->list[i].address, m->list[i].protect);
		} else if (can_retain(&m->list[i])) {
			m->list[i].retain = !m->list[i].retain;
			mok_buf_printf(
				trace, " %s retain:%d", m->list[i].address, m->list[i].retain);
		}
	}
}

void sim_model_tried(struct sim_model *m)
{
	for (int i = 0; i < m->n; i++) {
		struct sim_resource *r = &m->list[i];
		int k = rows[r->kind].replaces;

		r->maybe_protected |= r->protect;
		r->maybe_retained |= r->retain;
		r->maybe_replaced |= k >= 0 && r->v[k] != r->applied_v[k];
	}
}

void sim_model_applied(struct sim_model *m)
{
	for (int i = 0; i < m->n; i++) {
		struct sim_resource *r = &m->list[i];

		r->moved_from[0] = '\0';
		r->maybe_protected = r->protect;
		r->maybe_retained = r->retain;
		r->maybe_replaced = false;
		r->applied_retain = r->retain;
		r->applied = true;
		memcpy(r->applied_v, r->v, sizeof(r->v));
	}
}

void sim_model_lift_protection(struct sim_model *m)
{
	for (int i = 0; i < m->n; i++)
		m->list[i].protect = false;
}

bool sim_model_has(const struct sim_model *m, enum sim_kind kind)
{
	for (int i = 0; i < m->n; i++)
		if (m->list[i].wanted && m->list[i].kind == kind)
			return true;
	return false;
}

bool sim_model_is_protected(const struct sim_model *m)
{
	for (int i = 0; i < m->n; i++)
		if (m->list[i].wanted && m->list[i].protect && !m->list[i].retain)
			return true;
	return false;
}

int sim_model_protected(const struct sim_model *m)
{
	for (int i = 0; i < m->n; i++)
		if (m->list[i].wanted && m->list[i].protect && !m->list[i].retain &&
			!m->list[i].applied_retain && !sim_model_has_dependents(m, i) &&
			!is_last_pool(m, i))
			return i;
	return -1;
}

/* ---- as YAML ---- */

static const char *ref(const struct sim_model *m, int i)
{
	return m->list[i].address;
}

/* The namespace that an object is in. */
static const char *ns_of(const struct sim_model *m, const struct sim_resource *r, char out[64])
{
	if (r->other < 0)
		snprintf(out, 64, "default");
	else
		sim_name(m, r->other, out);
	return out;
}

static void put_manifest(const struct sim_model *m, const struct sim_resource *r, struct mok_buf *o)
{
	char name[64], ns[64];

	sim_name(m, (int)(r - m->list), name);
	mok_buf_printf(o, "    cluster_id: ${%s.id}\n    manifest: ", ref(m, r->parent));
	if (r->kind == SIM_NAMESPACE)
		mok_buf_printf(o,
			"{ apiVersion: v1, kind: Namespace, metadata: { name: %s, labels: { v: "
			"\"%d\" } } }\n",
			name, r->v[0]);
	else if (r->kind == SIM_CONFIG)
		mok_buf_printf(o,
			"{ apiVersion: v1, kind: ConfigMap, metadata: { name: %s, namespace: %s }, "
			"data: { v: \"%d\"%s } }\n",
			name, ns_of(m, r, ns), r->v[0], r->v[1] ? ", more: x" : "");
	else if (r->kind == SIM_SECRET_OBJECT)
		mok_buf_printf(o,
			"{ apiVersion: v1, kind: Secret, metadata: { name: %s, namespace: %s }, "
			"stringData: { s: \"${var.secret}\", v: \"%d\" } }\n    name_suffix: "
			"hash\n",
			name, ns_of(m, r, ns), r->v[0]);
	else if (r->kind == SIM_KEYS)
		mok_buf_printf(o,
			"{ apiVersion: v1, kind: Secret, metadata: { name: %s, namespace: %s }, "
			"stringData: { base: \"${secret.secret_key_base}\", v: \"%d\" } }\n",
			name, ns_of(m, r, ns), r->v[0]);
	else if (r->kind == SIM_JOB)
		mok_buf_printf(o,
			"{ apiVersion: batch/v1, kind: Job, metadata: { name: %s, namespace: %s, "
			"labels: { v: \"%d\" } }, spec: { backoffLimit: 1, template: { spec: { "
			"restartPolicy: Never, containers: [ { name: a, image: \"busybox:1.37\", "
			"command: [ echo, \"%d\" ] } ] } } } }\n",
			name, ns_of(m, r, ns), r->v[0], r->v[1]);
	else if (r->kind == SIM_CLAIM)
		mok_buf_printf(o,
			"{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: %s, "
			"namespace: %s }, spec: { accessModes: [ ReadWriteOnce ], "
			"storageClassName: "
			"%s, resources: { requests: { storage: %dGi } } } }\n",
			name, ns_of(m, r, ns), storage_classes[r->v[1]], 1 + r->v[0]);
	else if (r->kind == SIM_SERVICE)
		mok_buf_printf(o,
			"{ apiVersion: v1, kind: Service, metadata: { name: %s, namespace: %s }, "
			"spec: { type: LoadBalancer, selector: { v: \"1\" }, ports: [ { name: a, "
			"port: %d } ] } }\n",
			name, ns_of(m, r, ns), 80 + r->v[0]);
	else
		mok_buf_printf(o,
			"{ apiVersion: apps/v1, kind: Deployment, metadata: { name: %s, namespace: "
			"%s }, spec: { replicas: %d, selector: { matchLabels: { v: \"%d\" } }, "
			"template: { metadata: { labels: { v: \"%d\" } }, spec: { containers: [ { "
			"name: a, image: \"registry.k8s.io/pause:3.10\" } ] } } } }\n",
			name, ns_of(m, r, ns), 1 + r->v[0], r->v[1], r->v[1]);
}

/* A chart whose Deployment shows the values and the version. */
static void put_release(const struct sim_model *m, const struct sim_resource *r, struct mok_buf *o)
{
	char name[64], ns[64];

	mok_buf_printf(o,
		"    cluster_id: ${%s.id}\n    name: %s\n    namespace: %s\n    repository: "
		"https://kubernetes-sigs.github.io/metrics-server/\n    chart: metrics-server\n"
		"    version: %s\n    values: { replicas: %d, note: \"${var.secret}\" }\n",
		ref(m, r->parent), sim_name(m, (int)(r - m->list), name), ns_of(m, r, ns),
		chart_versions[r->v[1]], 1 + r->v[0]);
}

static void put_fields(const struct sim_model *m, const struct sim_resource *r, struct mok_buf *o)
{
	switch (r->kind) {
	case SIM_VPC:
		mok_buf_printf(o, "    ip_range: 10.%d.%d.0/20\n    description: text %d\n",
			r->number % 100, 16 * r->v[1], r->v[0]);
		return;
	case SIM_CLUSTER:
		mok_buf_printf(o,
			"    version: \"1.35\"\n    surge_upgrade: %s\n"
			"    maintenance_policy: { day: %s, start_time: \"04:00\" }\n",
			r->v[1] ? "true" : "false", days[r->v[0]]);
		if (r->parent >= 0)
			mok_buf_printf(o, "    vpc_uuid: ${%s.id}\n", ref(m, r->parent));
		return;
	case SIM_POOL:
		mok_buf_printf(o, "    cluster_id: ${%s.id}\n    size: %s\n    count: %d\n",
			ref(m, r->parent), pool_sizes[r->v[0]], 1 + r->v[1]);
		return;
	case SIM_DB:
		mok_buf_printf(o,
			"    engine: %s\n    version: \"%s\"\n    size: %s\n    num_nodes: 1\n"
			"    maintenance_window: { day: %s, hour: \"04:00\" }\n",
			is_postgres(r) ? "pg" : "valkey", is_postgres(r) ? "17" : "8",
			db_sizes[r->v[0]], days[r->v[1]]);
		if (r->parent >= 0)
			mok_buf_printf(
				o, "    private_network_uuid: ${%s.id}\n", ref(m, r->parent));
		return;
	case SIM_DB_DB:
	case SIM_DB_USER:
		mok_buf_printf(o, "    cluster_id: ${%s.id}\n", ref(m, r->parent));
		return;
	case SIM_DB_POOL:
		mok_buf_printf(o,
			"    cluster_id: ${%s.id}\n    mode: %s\n    size: %d\n"
			"    db: ${%s.name}\n    user: ${%s.name}\n",
			ref(m, r->parent), pool_modes[r->v[1]], 2 + r->v[0], ref(m, r->other),
			ref(m, r->extra));
		return;
	case SIM_DB_REPLICA:
		mok_buf_printf(o, "    cluster_id: ${%s.id}\n    size: %s\n", ref(m, r->parent),
			replica_sizes[r->v[0]]);
		return;
	case SIM_DB_FIREWALL:
		mok_buf_printf(o,
			"    cluster_id: ${%s.id}\n    rules: [ { type: ip_addr, value: "
			"198.51.100.%d } ]\n",
			ref(m, r->parent), 1 + r->v[0]);
		return;
	case SIM_BUCKET:
		mok_buf_printf(o, "    acl: %s\n    versioning: %s\n    force_destroy: true\n",
			r->v[0] ? "public-read" : "private", r->v[1] ? "true" : "false");
		return;
	case SIM_KEY:
		mok_buf_printf(o, "    grants: [ { bucket: \"${%s.name}\", permission: %s } ]\n",
			ref(m, r->parent), permissions[r->v[0]]);
		return;
	case SIM_CDN:
		mok_buf_printf(o, "    origin: ${%s.bucket_domain_name}\n    ttl: %d\n",
			ref(m, r->parent), cdn_ttls[r->v[0]]);
		return;
	case SIM_CERTIFICATE:
		mok_buf_printf(o, "    type: lets_encrypt\n    dns_names: [ \"c%d.${%s.name}\" ]\n",
			r->v[0], ref(m, r->parent));
		return;
	case SIM_RECORD:
		mok_buf_printf(o,
			"    domain: ${%s.name}\n    type: A\n    data: 10.1.%d.%d\n    ttl: %d\n",
			ref(m, r->parent), r->number % 200, 1 + r->v[0], 300 + 60 * r->v[1]);
		return;
	case SIM_PROJECT:
		mok_buf_printf(o, "    purpose: Web Application\n    environment: %s\n",
			environments[r->v[0]]);
		if (r->v[1])
			mok_buf_puts(o, "    resources: all\n");
		return;
	case SIM_NAMESPACE:
	case SIM_CONFIG:
	case SIM_WORKLOAD:
	case SIM_SECRET_OBJECT:
	case SIM_JOB:
	case SIM_CLAIM:
	case SIM_KEYS:
	case SIM_SERVICE: put_manifest(m, r, o); return;
	case SIM_RELEASE: put_release(m, r, o); return;
	case SIM_DOMAIN:
	case SIM_TAG:
	case SIM_KINDS: return;
	}
}

static void put_resource(const struct sim_model *m, int i, struct mok_buf *o)
{
	const struct sim_resource *r = &m->list[i];
	char name[64];

	mok_buf_printf(o, "  %s:\n    kind: %s\n", r->address, rows[r->kind].yaml);
	if (r->kind != SIM_CDN && r->kind != SIM_DB_FIREWALL && !sim_kind_is_object(r->kind))
		mok_buf_printf(o, "    name: %s\n", sim_name(m, i, name));
	put_fields(m, r, o);
	if (r->protect)
		mok_buf_puts(o, "    protect: true\n");
	else
		mok_buf_puts(o, "    protect: false\n");
	if (r->retain)
		mok_buf_puts(o, "    retain: true\n");
	if (r->moved_from[0])
		mok_buf_printf(o, "    moved_from: %s\n", r->moved_from);
}

void sim_model_yaml(const struct sim_model *m, struct mok_buf *out)
{
	int n = 0;

	mok_buf_puts(out,
		"mok: 1\nname: " SIM_STACK "\nregion: ams3\n"
		"variables:\n  secret: { type: string, sensitive: true }\n"
		"outputs:\n  secret: { value: \"${var.secret}\", sensitive: true }\n");
	for (int i = 0; i < m->n; i++)
		n += m->list[i].wanted;
	mok_buf_puts(out, n ? "resources:\n" : "resources: {}\n");
	for (int i = 0; i < m->n; i++)
		if (m->list[i].wanted)
			put_resource(m, i, out);
}

/* ---- what it should come to ---- */

static void expect(const struct sim_model *m, int i, struct sim_lines *out)
{
	const struct sim_resource *r = &m->list[i];
	char name[64], parent[64] = "", ns[64];

	sim_name(m, i, name);
	if (r->parent >= 0)
		sim_name(m, r->parent, parent);
	switch (r->kind) {
	case SIM_VPC:
		sim_line(out, "vpc %s 10.%d.%d.0/20 text %d", name, r->number % 100, 16 * r->v[1],
			r->v[0]);
		return;
	case SIM_CLUSTER:
		sim_line(out, "cluster %s %s surge %d", name, days[r->v[0]], r->v[1]);
		return;
	case SIM_POOL:
		sim_line(out, "pool %s/%s %s x%d", parent, name, pool_sizes[r->v[0]], 1 + r->v[1]);
		return;
	case SIM_DB:
		sim_line(out, "db %s %s %s %s", name, is_postgres(r) ? "pg" : "valkey",
			db_sizes[r->v[0]], days[r->v[1]]);
		return;
	case SIM_DB_DB: sim_line(out, "dbdb %s/%s", parent, name); return;
	case SIM_DB_USER: sim_line(out, "dbuser %s/%s", parent, name); return;
	case SIM_DB_POOL:
		sim_line(out, "dbpool %s/%s %s %d", parent, name, pool_modes[r->v[1]], 2 + r->v[0]);
		return;
	case SIM_DB_REPLICA:
		sim_line(out, "dbrep %s/%s %s", parent, name, replica_sizes[r->v[0]]);
		return;
	case SIM_DB_FIREWALL: sim_line(out, "dbfw %s/198.51.100.%d", parent, 1 + r->v[0]); return;
	case SIM_BUCKET: sim_line(out, "bucket %s", name); return;
	case SIM_KEY: sim_line(out, "key %s %s %s", name, parent, permissions[r->v[0]]); return;
	case SIM_CDN: sim_line(out, "cdn %s %d", parent, cdn_ttls[r->v[0]]); return;
	case SIM_CERTIFICATE: sim_line(out, "cert %s c%d.%s", name, r->v[0], parent); return;
	case SIM_DOMAIN: sim_line(out, "domain %s", name); return;
	case SIM_RECORD:
		sim_line(out, "record %s/%s A 10.1.%d.%d %d", parent, name, r->number % 200,
			1 + r->v[0], 300 + 60 * r->v[1]);
		return;
	case SIM_PROJECT: sim_line(out, "project %s %s", name, environments[r->v[0]]); return;
	case SIM_TAG: sim_line(out, "tag %s", name); return;
	case SIM_NAMESPACE: sim_line(out, "ns %s/%s %d", parent, name, r->v[0]); return;
	case SIM_CONFIG:
		sim_line(out, "config %s/%s/%s %d %s", parent, ns_of(m, r, ns), name, r->v[0],
			r->v[1] ? "x" : "");
		return;
	case SIM_WORKLOAD:
		sim_line(out, "deploy %s/%s/%s x%d %d", parent, ns_of(m, r, ns), name, 1 + r->v[0],
			r->v[1]);
		return;
	case SIM_SECRET_OBJECT:
		sim_line(out, "secret %s/%s/%s %d", parent, ns_of(m, r, ns), name, r->v[0]);
		return;
	case SIM_KEYS:
		sim_line(out, "keys %s/%s/%s %d", parent, ns_of(m, r, ns), name, r->v[0]);
		return;
	case SIM_JOB:
		sim_line(
			out, "job %s/%s/%s %d %d", parent, ns_of(m, r, ns), name, r->v[0], r->v[1]);
		return;
	case SIM_CLAIM:
		sim_line(out, "claim %s/%s/%s %dGi %s", parent, ns_of(m, r, ns), name, 1 + r->v[0],
			storage_classes[r->v[1]]);
		sim_line(out, "volume %d", 1 + r->v[0]);
		return;
	case SIM_SERVICE:
		sim_line(out, "svc %s/%s/%s %d", parent, ns_of(m, r, ns), name, 80 + r->v[0]);
		sim_line(out, "lb");
		return;
	case SIM_RELEASE:
		sim_line(out, "release %s/%s/%s x%d metrics-server-%s", parent, ns_of(m, r, ns),
			name, 1 + r->v[0], chart_versions[r->v[1]]);
		return;
	case SIM_KINDS: return;
	}
}

/* What lives on does so only while what it lives in does. */
static bool is_there(const struct sim_model *m, int i, bool destroyed)
{
	const struct sim_resource *r = &m->list[i];
	bool itself = r->lives_on || (r->wanted && (!destroyed || r->retain));

	if (!itself)
		return false;
	if (r->parent >= 0 && r->kind != SIM_CLUSTER && r->kind != SIM_DB)
		return is_there(m, r->parent, destroyed);
	return true;
}

void sim_model_expect(const struct sim_model *m, bool destroyed, struct sim_lines *out)
{
	for (int i = 0; i < m->n; i++)
		if (is_there(m, i, destroyed))
			expect(m, i, out);
}
