#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading the account through its API ---- */

/* Every page; `each` gets the items. */
static void each_item(struct sim_world *w, const char *path, const char *key,
	void (*each)(struct sim_world *w, const cJSON *item, void *ctx), void *ctx)
{
	char target[256];
	int n = 200;

	for (int page = 1; n == 200; page++) {
		const cJSON *item;
		cJSON *json;

		snprintf(target, sizeof(target), "%s?per_page=200&page=%d", path, page);
		json = sim_api(w, "GET", target, NULL);
		if (!json) {
			sim_wrong(w, "%s cannot be read", target);
			return;
		}
		n = cJSON_GetArraySize(mok_json_at(json, key));
		cJSON_ArrayForEach(item, mok_json_at(json, key)) each(w, item, ctx);
		cJSON_Delete(json);
	}
}

static const char *text(const cJSON *item, const char *path)
{
	const char *s = mok_json_str(item, path);

	return s ? s : "";
}

/* Replacements of some kinds are called NAME-g<n>. */
static const char *base(struct mok_arena *arena, const char *name)
{
	const char *dash = strrchr(name, '-');

	if (dash && dash[1] == 'g' && dash[2] && strspn(dash + 2, "0123456789") == strlen(dash + 2))
		return mok_arena_strndup(arena, name, (size_t)(dash - name));
	return name;
}

struct reading {
	struct sim_lines *out;
	const char *parent, *parent_id;
};

/* A stranger's line ends in its id, so that it cannot be taken for one of the stack's. */
static void put(struct sim_world *w, struct reading *r, enum sim_kind kind, const char *id,
	const char *line)
{
	if (sim_stranger_of(w, kind, id, r->parent_id ? r->parent_id : ""))
		sim_line(r->out, "%s %s # %s", sim_kind_word(kind), line, id);
	else
		sim_line(r->out, "%s %s", sim_kind_word(kind), line);
}

#define PUT(kind, id, ...) put(w, r, kind, id, mok_arena_printf(r->out->arena, __VA_ARGS__))

static void read_vpc(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;
	const char *description = text(item, "description");
	const char *marker = strstr(description, " [mok:");
	int len = (int)(marker ? (size_t)(marker - description) : strlen(description));

	/* A region's default network cannot be deleted: it is nobody's. */
	if (mok_json_bool(item, "default", false) && !marker &&
		!sim_stranger_of(w, SIM_VPC, text(item, "id"), ""))
		return;
	PUT(SIM_VPC, text(item, "id"), "%s %s %.*s", text(item, "name"), text(item, "ip_range"),
		len, description);
}

static void read_pool(struct sim_world *w, const cJSON *item, struct reading *r)
{
	PUT(SIM_POOL, text(item, "id"), "%s/%s %s x%lld", r->parent,
		base(r->out->arena, text(item, "name")), text(item, "size"),
		(long long)mok_json_int(item, "count", -1));
}

/* ---- in a cluster ---- */

static void read_namespace(struct sim_world *w, const cJSON *item, struct reading *r)
{
	const char *name = text(item, "metadata.name");

	if (!mok_starts(name, "kube-") && !mok_streq(name, "default"))
		PUT(SIM_NAMESPACE, name, "%s/%s %s", r->parent, name,
			text(item, "metadata.labels.v"));
}

/* The cluster's own, and mok's book of what the stack has where. */
static void read_config(struct sim_world *w, const cJSON *item, struct reading *r)
{
	const char *name = text(item, "metadata.name"), *ns = text(item, "metadata.namespace");

	if (!mok_starts(ns, "kube-") && !mok_streq(name, "kube-root-ca.crt"))
		PUT(SIM_CONFIG, name, "%s/%s/%s %s %s", r->parent, ns, name, text(item, "data.v"),
			text(item, "data.more"));
}

static const char *label(const cJSON *item, const char *name)
{
	const cJSON *labels = mok_json_at(item, "metadata.labels");
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(labels, name);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static void read_workload(struct sim_world *w, const cJSON *item, struct reading *r)
{
	if (mok_streq(label(item, "app.kubernetes.io/managed-by"), "Helm"))
		PUT(SIM_RELEASE, "", "%s/%s/%s x%lld %s", r->parent,
			text(item, "metadata.namespace"), label(item, "app.kubernetes.io/instance"),
			(long long)mok_json_int(item, "spec.replicas", -1),
			label(item, "helm.sh/chart"));
	else if (!mok_starts(text(item, "metadata.namespace"), "kube-"))
		PUT(SIM_WORKLOAD, "", "%s/%s/%s x%lld %s", r->parent,
			text(item, "metadata.namespace"), text(item, "metadata.name"),
			(long long)mok_json_int(item, "spec.replicas", -1),
			text(item, "spec.selector.matchLabels.v"));
}

static void read_service(struct sim_world *w, const cJSON *item, struct reading *r)
{
	if (mok_streq(text(item, "spec.type"), "LoadBalancer"))
		PUT(SIM_SERVICE, "", "%s/%s/%s %lld", r->parent, text(item, "metadata.namespace"),
			text(item, "metadata.name"),
			(long long)mok_json_int(item, "spec.ports.0.port", -1));
}

static void read_secret(struct sim_world *w, const cJSON *item, struct reading *r)
{
	static const char *const digits[] = { "MA==", "MQ==", "Mg==", "Mw==", "NA==", "NQ==" };
	const char *name = text(item, "metadata.name"), *dash = strrchr(name, '-');
	size_t v = 0;

	while (v < MOK_COUNT(digits) && !mok_streq(text(item, "data.v"), digits[v]))
		v++;
	if (mok_starts(name, "keys"))
		PUT(SIM_KEYS, "", "%s/%s/%s %zu", r->parent, text(item, "metadata.namespace"), name,
			v);
	if (!mok_starts(name, "secret") || !dash)
		return;
	PUT(SIM_SECRET_OBJECT, "", "%s/%s/%.*s %zu", r->parent, text(item, "metadata.namespace"),
		(int)(dash - name), name, v);
}

static void read_job(struct sim_world *w, const cJSON *item, struct reading *r)
{
	PUT(SIM_JOB, "", "%s/%s/%s %s %s", r->parent, text(item, "metadata.namespace"),
		text(item, "metadata.name"), text(item, "metadata.labels.v"),
		text(item, "spec.template.spec.containers.0.command.1"));
}

static void read_claim(struct sim_world *w, const cJSON *item, struct reading *r)
{
	PUT(SIM_CLAIM, "", "%s/%s/%s %s %s", r->parent, text(item, "metadata.namespace"),
		text(item, "metadata.name"), text(item, "status.capacity.storage"),
		text(item, "spec.storageClassName"));
}

/* What a claim has in the account. */
static void read_volume(struct sim_world *w, const cJSON *item, void *ctx)
{
	const struct reading *r = ctx;

	(void)w;
	sim_line(r->out, "volume %lld", (long long)mok_json_int(item, "size_gigabytes", -1));
}

/* What a Service has in the account, and must not leave there. */
static void read_balancer(struct sim_world *w, const cJSON *item, void *ctx)
{
	const struct reading *r = ctx;

	(void)w;
	(void)item;
	sim_line(r->out, "lb");
}

static void read_objects(struct sim_world *w, const char *cluster, struct reading *r)
{
	static const struct {
		const char *path;
		void (*read)(struct sim_world *w, const cJSON *item, struct reading *r);
	} lists[] = {
		{ "/api/v1/namespaces", read_namespace },
		{ "/api/v1/configmaps", read_config },
		{ "/apis/apps/v1/deployments", read_workload },
		{ "/api/v1/secrets", read_secret },
		{ "/apis/batch/v1/jobs", read_job },
		{ "/api/v1/persistentvolumeclaims", read_claim },
		{ "/api/v1/services", read_service },
	};

	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		cJSON *json = sim_kube(w, cluster, "GET", lists[i].path, NULL);
		const cJSON *item;

		cJSON_ArrayForEach(item, mok_json_at(json, "items")) lists[i].read(w, item, r);
		cJSON_Delete(json);
	}
}

static void read_cluster(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;
	struct reading inner = { .out = r->out, .parent = text(item, "name") };
	const cJSON *pool;

	PUT(SIM_CLUSTER, text(item, "id"), "%s %s surge %d", text(item, "name"),
		text(item, "maintenance_policy.day"),
		(int)mok_json_bool(item, "surge_upgrade", false));
	cJSON_ArrayForEach(pool, mok_json_at(item, "node_pools")) read_pool(w, pool, &inner);
	read_objects(w, text(item, "id"), &inner);
}

static void read_db_db(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;

	if (!mok_streq(text(item, "name"), "defaultdb"))
		PUT(SIM_DB_DB, text(item, "name"), "%s/%s", r->parent, text(item, "name"));
}

static void read_db_user(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;

	if (!mok_streq(text(item, "role"), "primary"))
		PUT(SIM_DB_USER, text(item, "name"), "%s/%s", r->parent, text(item, "name"));
}

static void read_db_pool(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;

	PUT(SIM_DB_POOL, text(item, "name"), "%s/%s %s %lld", r->parent, text(item, "name"),
		text(item, "mode"), (long long)mok_json_int(item, "size", -1));
}

static void read_db_replica(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;

	PUT(SIM_DB_REPLICA, text(item, "name"), "%s/%s %s", r->parent, text(item, "name"),
		text(item, "size"));
}

static void read_rule(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;

	/* Nobody's address: what mok leaves so that the database is not open. */
	if (!mok_streq(text(item, "value"), "192.0.2.1"))
		PUT(SIM_DB_FIREWALL, text(item, "uuid"), "%s/%s", r->parent, text(item, "value"));
}

static void read_db(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;
	struct reading inner = {
		.out = r->out, .parent = text(item, "name"), .parent_id = text(item, "id")
	};
	char path[128];

	PUT(SIM_DB, text(item, "id"), "%s %s %s %s", text(item, "name"), text(item, "engine"),
		text(item, "size"),
		sim_stranger_of(w, SIM_DB, text(item, "id"), "")
			? "-"
			: text(item, "maintenance_window.day"));
	if (mok_streq(text(item, "engine"), "pg")) {
		snprintf(path, sizeof(path), "/v2/databases/%s/dbs", text(item, "id"));
		each_item(w, path, "dbs", read_db_db, &inner);
		snprintf(path, sizeof(path), "/v2/databases/%s/replicas", text(item, "id"));
		each_item(w, path, "replicas", read_db_replica, &inner);
		snprintf(path, sizeof(path), "/v2/databases/%s/users", text(item, "id"));
		each_item(w, path, "users", read_db_user, &inner);
		snprintf(path, sizeof(path), "/v2/databases/%s/pools", text(item, "id"));
		each_item(w, path, "pools", read_db_pool, &inner);
	}
	snprintf(path, sizeof(path), "/v2/databases/%s/firewall", text(item, "id"));
	each_item(w, path, "rules", read_rule, &inner);
}

static void read_key(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;

	if (mok_streq(text(item, "access_key"), mok_sandbox_spaces_key(w->sandbox)))
		return;
	PUT(SIM_KEY, text(item, "access_key"), "%s %s %s", base(r->out->arena, text(item, "name")),
		text(item, "grants.0.bucket"), text(item, "grants.0.permission"));
}

static void read_cdn(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;
	const char *origin = text(item, "origin");

	PUT(SIM_CDN, text(item, "id"), "%.*s %lld", (int)strcspn(origin, "."), origin,
		(long long)mok_json_int(item, "ttl", -1));
}

static void read_certificate(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;

	PUT(SIM_CERTIFICATE, text(item, "id"), "%s %s", base(r->out->arena, text(item, "name")),
		text(item, "dns_names.0"));
}

static void read_record(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;
	char id[32];

	if (mok_streq(text(item, "type"), "NS") || mok_streq(text(item, "type"), "SOA"))
		return;
	/* What Let's Encrypt asks for while it issues. */
	if (mok_starts(text(item, "name"), "_acme-challenge"))
		return;
	snprintf(id, sizeof(id), "%lld", (long long)mok_json_int(item, "id", 0));
	/* Records of one name and type share one TTL, others' too. */
	PUT(SIM_RECORD, id, "%s/%s %s %s %lld", r->parent, text(item, "name"), text(item, "type"),
		text(item, "data"),
		sim_stranger_of(w, SIM_RECORD, id, r->parent_id)
			? -1LL
			: (long long)mok_json_int(item, "ttl", -1));
}

static void read_domain(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;
	struct reading inner = {
		.out = r->out, .parent = text(item, "name"), .parent_id = text(item, "name")
	};
	char path[160];

	PUT(SIM_DOMAIN, text(item, "name"), "%s", text(item, "name"));
	snprintf(path, sizeof(path), "/v2/domains/%s/records", text(item, "name"));
	each_item(w, path, "domain_records", read_record, &inner);
}

static void read_project(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;

	if (!mok_json_bool(item, "is_default", false))
		PUT(SIM_PROJECT, text(item, "id"), "%s %s", text(item, "name"),
			text(item, "environment"));
}

/* Markers are mok's own affair, as long as none is left when all is gone. */
static void read_tag(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct reading *r = ctx;
	const char *name = text(item, "name");

	if (mok_starts(name, "mok:") || mok_starts(name, "k8s") || mok_starts(name, "filler-") ||
		mok_starts(name, "a-stranger"))
		return;
	PUT(SIM_TAG, name, "%s", name);
}

static void read_buckets(struct sim_world *w, struct reading *r)
{
	struct mok_buf xml;

	mok_buf_init(&xml, (size_t)1 << 20);
	sim_list_buckets(w, &xml);
	for (const char *at = xml.data; (at = strstr(at, "<Name>")) != NULL;) {
		at += strlen("<Name>");
		PUT(SIM_BUCKET, "", "%.*s", (int)strcspn(at, "<"), at);
	}
	mok_buf_release(&xml);
}

void sim_account(struct sim_world *w, struct sim_lines *out)
{
	struct reading r = { .out = out };

	each_item(w, "/v2/vpcs", "vpcs", read_vpc, &r);
	each_item(w, "/v2/kubernetes/clusters", "kubernetes_clusters", read_cluster, &r);
	each_item(w, "/v2/databases", "databases", read_db, &r);
	each_item(w, "/v2/spaces/keys", "keys", read_key, &r);
	each_item(w, "/v2/cdn/endpoints", "endpoints", read_cdn, &r);
	each_item(w, "/v2/certificates", "certificates", read_certificate, &r);
	each_item(w, "/v2/domains", "domains", read_domain, &r);
	each_item(w, "/v2/projects", "projects", read_project, &r);
	each_item(w, "/v2/tags", "tags", read_tag, &r);
	each_item(w, "/v2/load_balancers", "load_balancers", read_balancer, &r);
	each_item(w, "/v2/volumes", "volumes", read_volume, &r);
	read_buckets(w, &r);
	sim_lines_sort(out);
}

/* ---- comparing ---- */

static size_t count_starting(const struct sim_lines *lines, const char *start, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < lines->list.len; i++)
		n += strncmp(lines->list.items[i], start, len) == 0;
	return n;
}

/* Two that a Secret was before stay to go back to, as long as there is a newest one. */
static bool is_former(const struct sim_lines *want, const struct sim_lines *have, const char *line)
{
	size_t len = (size_t)(strrchr(line, ' ') - line) + 1;

	return mok_starts(line, "secret ") && count_starting(want, line, len) == 1 &&
		count_starting(have, line, len) <= 3;
}

static void compare(struct sim_world *w, const struct sim_lines *want, const struct sim_lines *have,
	const char *when)
{
	size_t i = 0, k = 0;

	while (i < want->list.len || k < have->list.len) {
		int order = i == want->list.len ? 1
			: k == have->list.len   ? -1
						: strcmp(want->list.items[i], have->list.items[k]);

		if (order < 0)
			sim_wrong(w, "%s: missing: %s", when, want->list.items[i++]);
		else if (order > 0 && is_former(want, have, have->list.items[k]))
			k++;
		else if (order > 0)
			sim_wrong(w, "%s: too many: %s", when, have->list.items[k++]);
		else
			i++;
		k += order == 0;
	}
}

/* What the strangers had when they were last seen, less what went with a parent of the stack's. */
static void expect_strangers(
	struct sim_world *w, const struct sim_model *m, bool destroyed, struct sim_lines *out)
{
	for (size_t i = 0; i < w->strangers.len; i++) {
		const struct sim_stranger *s = &w->strangers.items[i];
		const struct sim_resource *p = s->parent >= 0 ? &m->list[s->parent] : NULL;

		if (s->line && !(p && !p->lives_on && (!p->wanted || (destroyed && !p->retain))))
			mok_vec_push(out->arena, &out->list, s->line);
	}
}

static void note_lines_of_new_strangers(struct sim_world *w, const struct sim_lines *have)
{
	for (size_t i = 0; i < w->strangers.len; i++) {
		struct sim_stranger *s = &w->strangers.items[i];
		const char *end = mok_arena_printf(w->arena, " # %s", s->id);
		const char *start = mok_arena_printf(w->arena, "%s ", sim_kind_word(s->kind));

		for (size_t k = 0; k < have->list.len && !s->line; k++)
			if (mok_ends(have->list.items[k], end) &&
				mok_starts(have->list.items[k], start))
				s->line = mok_arena_strdup(w->arena, have->list.items[k]);
		if (!s->line)
			sim_wrong(w, "a stranger's %s %s is not to be seen", sim_kind_word(s->kind),
				s->id);
	}
}

void sim_see_strangers(struct sim_world *w)
{
	struct sim_lines have = { .arena = mok_arena_new() };

	fake_env_advance(w->fake, 60 * 1000); /* lists lag */
	sim_account(w, &have);
	note_lines_of_new_strangers(w, &have);
	mok_arena_free(have.arena);
}

struct leftover {
	const char *tag;
	size_t count;
};

static void find_marker(struct sim_world *w, const cJSON *item, void *ctx)
{
	struct leftover *left = ctx;

	if (!mok_starts(text(item, "name"), "mok:"))
		return;
	left->count++;
	left->tag = mok_arena_strdup(w->arena, text(item, "name"));
}

/* ---- the sandbox's own book ---- */

struct booked {
	const char *logged;
	enum sim_kind kind;
	bool only_once; /* nothing that a plan may do makes it again */
};

static const struct booked booked[] = {
	{ "\"kubernetes_cluster:", SIM_CLUSTER, true },
	{ "\"database:", SIM_DB, true },
	{ "\"cdn:", SIM_CDN, true },
	{ "\"certificate:", SIM_CERTIFICATE, false },
	{ "\"domain:", SIM_DOMAIN, true },
	{ "\"project:", SIM_PROJECT, true },
	{ "\"spaces_key:", SIM_KEY, false },
};

/* Every "kind:id" that the requests made or ended, one text each; a log is long, and most of its
 * lines do neither. */
struct books {
	struct mok_buf created, deleted;
};

static void copy_list(const char *line, const char *end, const char *key, struct mok_buf *out)
{
	const char *from = memmem(line, (size_t)(end - line), key, strlen(key));
	const char *to;

	if (!from)
		return;
	from += strlen(key);
	to = memchr(from, ']', (size_t)(end - from));
	if (to)
		mok_buf_add(out, from, (size_t)(to - from));
}

static void read_books(struct sim_world *w, struct books *books)
{
	struct mok_buf log;

	mok_buf_init(&log, (size_t)256 << 20);
	mok_buf_init(&books->created, (size_t)256 << 20);
	mok_buf_init(&books->deleted, (size_t)256 << 20);
	if (mok_sandbox_log(w->sandbox, &log) != 0)
		sim_wrong(w, "the sandbox's log cannot be read");
	for (const char *line = log.data, *end; (end = strchr(line, '\n')) != NULL;
		line = end + 1) {
		copy_list(line, end, "\"creates\":[", &books->created);
		copy_list(line, end, "\"deletes\":[", &books->deleted);
	}
	mok_buf_release(&log);
}

static long count_in(const struct mok_buf *list, const char *word)
{
	long n = 0;

	for (const char *at = list->data; (at = strstr(at, word)) != NULL; at++)
		n++;
	return n;
}

static long ever_wanted(const struct sim_world *w, const struct sim_model *m, enum sim_kind kind)
{
	long n = 0;

	for (int i = 0; i < m->n; i++)
		n += m->list[i].kind == kind;
	for (size_t i = 0; i < w->strangers.len; i++)
		n += w->strangers.items[i].kind == kind;
	return n;
}

/* What was created and not deleted, by kind, against what is listed; and nothing twice. */
static void check_log(struct sim_world *w, const struct sim_model *m, const struct sim_lines *have,
	const char *when)
{
	struct books books;

	read_books(w, &books);
	for (size_t i = 0; i < MOK_COUNT(booked); i++) {
		const struct booked *b = &booked[i];
		const char *word = sim_kind_word(b->kind);
		long created = count_in(&books.created, b->logged);
		long alive = created - count_in(&books.deleted, b->logged), listed = 0;

		for (size_t k = 0; k < have->list.len; k++)
			listed += mok_starts(have->list.items[k], word) &&
				have->list.items[k][strlen(word)] == ' ';
		if (alive != listed)
			sim_wrong(w, "%s: the log has %ld of %s alive, the lists %ld", when, alive,
				word, listed);
		if (b->only_once && created > ever_wanted(w, m, b->kind))
			sim_wrong(w, "%s: %ld of %s were created for %ld that were wanted", when,
				created, word, ever_wanted(w, m, b->kind));
	}
	mok_buf_release(&books.created);
	mok_buf_release(&books.deleted);
}

void sim_check(struct sim_world *w, const struct sim_model *m, bool destroyed, const char *when)
{
	struct sim_lines want = { .arena = mok_arena_new() }, have = { .arena = want.arena };
	struct leftover left = { 0 };

	fake_env_advance(w->fake, 15 * 60 * 1000); /* what lags has arrived */
	sim_model_expect(m, destroyed, &want);
	expect_strangers(w, m, destroyed, &want);
	sim_lines_sort(&want);
	sim_account(w, &have);
	compare(w, &want, &have, when);
	check_log(w, m, &have, when);
	if (destroyed) {
		each_item(w, "/v2/tags", "tags", find_marker, &left);
		if (left.count)
			sim_wrong(w, "%s: %zu markers are left: %s", when, left.count, left.tag);
	}
	sim_check_secrets(w, when);
	mok_arena_free(want.arena);
}

/* ---- secrets ---- */

static void look_for(struct sim_world *w, const char *secret, const char *when)
{
	const struct mok_buf *written = fake_env_ever_written(w->fake);

	if (memmem(written->data, written->len, secret, strlen(secret)))
		sim_wrong(w, "%s: a secret was written to a file: %.6s...", when, secret);
	if (memmem(w->told.data, w->told.len, secret, strlen(secret)))
		sim_wrong(w, "%s: a secret was told: %.6s...", when, secret);
}

void sim_check_secrets(struct sim_world *w, const char *when)
{
	look_for(w, SIM_TOKEN, when);
	look_for(w, SIM_SECRET, when);
	look_for(w, SIM_SECRET_BASE64, when);
	look_for(w, mok_sandbox_spaces_secret(w->sandbox), when);
	for (size_t i = 0; i < w->secrets.len; i++)
		look_for(w, w->secrets.items[i], when);
}

/* ---- requests ---- */

/* No write of mok's names an object of a stranger. */
void sim_check_request(struct sim_world *w, const char *method, const char *target)
{
	if (mok_streq(method, "GET") || mok_streq(method, "HEAD"))
		return;
	for (size_t i = 0; i < w->strangers.len; i++) {
		const struct sim_stranger *s = &w->strangers.items[i];
		const char *at = strstr(target, s->id);
		size_t len = strlen(s->id);

		if (s->kind == SIM_TAG || s->kind == SIM_DB_USER || !at || at[-1] != '/' ||
			(at[len] && at[len] != '/' && at[len] != '?'))
			continue;
		if (s->kind == SIM_RECORD && !strstr(target, s->parent_id))
			continue;
		sim_wrong(w, "a write to a stranger's object: %s %s", method, target);
	}
}
