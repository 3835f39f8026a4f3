#include "mastodon_internal.h"

#include <stdlib.h>
#include <string.h>

/* What can be known to go wrong before anything is made. */

static const char *const queues[] = { "default", "push", "ingress", "mailers", "pull", "scheduler",
	"fasp" };

/* ---- versions ---- */

#define CILIUM_KUBERNETES 33 /* from when DigitalOcean's gateway is there */

static long number_after(const char *text, const char *prefix)
{
	return text && mok_starts(text, prefix) ? strtol(text + strlen(prefix), NULL, 10) : 0;
}

/* `prefix`: what stands before the number that counts, in the version and in the hint. */
static void check_least(
	struct masto *m, const struct mok_resource *r, const char *prefix, long least)
{
	struct mok_val fields;
	const char *version;
	struct mok_diag *d;
	long have;

	if (!r)
		return;
	fields = masto_fields_of(m, r);
	version = mok_val_get_str(&fields, "version");
	have = number_after(version, prefix);
	if (have <= 0 || have >= least ||
		mok_streq(mok_val_get_str(&fields, "engine"), "valkey")) /* all are new enough */
		return;
	d = mok_diag_add(m->diags, "E0906", r->at,
		"version %s of %s is older than what this block needs", version, r->address);
	mok_diag_hint(m->diags, d, "it needs %s%ld at least", prefix, least);
}

/* "4.7"; whatever has another form was refused for that. */
static bool has_form(const char *version)
{
	size_t digits = strspn(version, "0123456789");

	return digits > 0 && version[digits] == '.';
}

static void check_versions(struct masto *m)
{
	const struct mok_release *release = mok_mastodon_release(m->version);
	bool is_cilium = strcmp(masto_str(m, "gateway.class", ""), "cilium") == 0;
	struct mok_diag *d;

	if (!release && masto_has(m, "version") && has_form(m->version)) {
		d = mok_diag_add(m->diags, "E0906", masto_mark(m, "version"),
			"this mok does not know Mastodon %s", m->version);
		mok_diag_hint(m->diags, d, "it knows 4.5, 4.6 and 4.7");
	}
	if (release) {
		check_least(m, m->parts.database, "", release->postgres);
		check_least(m, m->parts.redis, "", release->redis);
	}
	if (is_cilium || release)
		check_least(m, m->parts.cluster, "1.",
			is_cilium ? CILIUM_KUBERNETES : release->kubernetes);
}

/* ---- Valkey ---- */

static void check_redis(struct masto *m)
{
	struct mok_val fields;
	const char *policy;
	struct mok_diag *d;

	if (!m->parts.redis)
		return;
	fields = masto_fields_of(m, m->parts.redis);
	policy = mok_val_get_str(&fields, "eviction_policy");
	if (!policy || strcmp(policy, "noeviction") == 0)
		return;
	d = mok_diag_add(m->diags, "E0919", m->parts.redis->at,
		"%s drops what it holds when it is full (%s), jobs among it",
		m->parts.redis->address, policy);
	mok_diag_hint(m->diags, d, "write eviction_policy: noeviction");
}

/* ---- Sidekiq ---- */

static bool is_served(const struct group *g, const char *queue)
{
	const struct mok_val *list = mok_val_get(g->is, "queues");
	size_t len = strlen(queue);

	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++) {
		const char *q =
			list->u.list.items[i].type == MOK_STR ? list->u.list.items[i].u.s : "";

		if (strncmp(q, queue, len) == 0 && (!q[len] || q[len] == ','))
			return true;
	}
	return false;
}

static void check_queues(struct masto *m)
{
	const char *missing = NULL;
	struct mok_diag *d;
	bool several = false;

	for (size_t i = 0; i < MOK_COUNT(queues); i++) {
		bool served = strcmp(queues[i], "scheduler") == 0; /* looked at by itself */

		for (size_t g = 0; g < m->ngroups; g++)
			served |= is_served(&m->groups[g], queues[i]);
		if (served)
			continue;
		several = missing != NULL;
		missing = several ? mok_arena_printf(m->arena, "%s, %s", missing, queues[i])
				  : queues[i];
	}
	if (!missing)
		return;
	d = mok_diag_add(m->diags, "E0907", masto_mark(m, "sidekiq"),
		"no group serves the queue%s %s", several ? "s" : "", missing);
	mok_diag_hint(
		m->diags, d, "jobs would pile up there: add what is missing to a group's queues");
}

static void check_scheduler(struct masto *m)
{
	const struct group *first = NULL;
	struct mok_diag *d;

	for (size_t i = 0; i < m->ngroups; i++) {
		const struct group *g = &m->groups[i];

		if (!g->is_scheduler)
			continue;
		if (first)
			mok_diag_add(m->diags, "E0908", masto_mark(m, g->path),
				"two groups serve the queue \"scheduler\": %s and %s", first->name,
				g->name);
		if (!first)
			first = g;
		if (g->max <= 1)
			continue;
		d = mok_diag_add(m->diags, "E0908", masto_mark(m, g->path),
			"the group \"%s\" serves the queue \"scheduler\", so it cannot have more "
			"than "
			"one pod",
			g->name);
		mok_diag_hint(
			m->diags, d, "give the scheduler a group of its own, with replicas: 1");
	}
	if (first)
		return;
	d = mok_diag_add(m->diags, "E0908", masto_mark(m, "sidekiq"),
		"no group serves the queue \"scheduler\"");
	mok_diag_hint(m->diags, d, "write scheduler: { queues: [scheduler], concurrency: 5 }");
}

/* ---- environment ---- */

struct denied {
	const char *name; /* a final _ denies all that begin so */
	const char *why;
};

static const struct denied deny_list[] = {
	{ "SELF_DESTRUCT", "it deletes the instance from the fediverse" },
	{ "SECRET_KEY_BASE_DUMMY", "it makes every session forgeable" },
	{ "DB_POOL", "web and Sidekiq size their pools by their threads" },
	{ "DATABASE_URL", "it would override every other setting of the database" },
	{ "S3_KEY_PREFIX", "media that is there already would be lost from sight" },
	{ "STREAMING_CLUSTER_NUM", "the streaming server grows by replicas" },
	{ "STATSD_", "current versions do not have it" },
	{ "LOCAL_DOMAIN", "the block's `domain` is it" },
	{ "WEB_DOMAIN", "the block's `web_domain` is it" },
};

static bool is_name_of_variable(const char *name)
{
	static const char all[] = "0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return name[0] && !(name[0] >= '0' && name[0] <= '9') && !name[strspn(name, all)];
}

static void check_variable(struct masto *m, const struct mok_pair *pair)
{
	if (!is_name_of_variable(pair->key))
		mok_diag_add(m->diags, "E0909", pair->key_at,
			"\"%s\" is no variable: letters, digits and underscores make its name, no "
			"digit first",
			pair->key);
	for (size_t k = 0; k < MOK_COUNT(deny_list); k++) {
		const struct denied *d = &deny_list[k];

		if (mok_ends(d->name, "_") ? mok_starts(pair->key, d->name)
					   : strcmp(pair->key, d->name) == 0)
			mok_diag_add(m->diags, "E0909", pair->key_at, "%s cannot be set here: %s",
				pair->key, d->why);
	}
}

static void check_env(struct masto *m, const char *path)
{
	const struct mok_val *extra = mok_val_at(&m->is, path);

	for (size_t i = 0; extra && extra->type == MOK_MAP && i < extra->u.map.len; i++)
		check_variable(m, &extra->u.map.pairs[i]);
}

/* ---- mail ---- */

static void check_mail(struct masto *m, const char *path)
{
	int64_t port = masto_int(m, path, 2525);
	struct mok_diag *d;

	if (port != 25 && port != 465 && port != 587)
		return;
	d = mok_diag_add(m->diags, port == 25 ? "E0911" : "W0912", masto_mark(m, path),
		port == 25 ? "DigitalOcean blocks port %lld"
			   : "DigitalOcean blocks port %lld for most accounts",
		(long long)port);
	mok_diag_hint(m->diags, d, "most mail services listen on 2525 too");
}

/* ---- gateway ---- */

static void check_gateway(struct masto *m)
{
	struct mok_diag *d;

	if (strcmp(masto_challenge(m), "dns01") != 0)
		return;
	if (!masto_has(m, "gateway.tls.token")) {
		d = mok_diag_add(m->diags, "E0913", masto_mark(m, "gateway.tls.challenge"),
			"dns01 needs a token");
		mok_diag_hint(m->diags, d,
			"write token: ${var.dns_token}, a token with the scope domains; mok's own "
			"never enters the cluster");
	}
}

/* ---- images ---- */

static bool has_tag(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strpbrk(slash ? slash : name, ":@") != NULL;
}

/* A registry is asked before anything of the account is made. */
static void check_image(struct masto *m, const char *path, bool is_asked)
{
	const char *digest = mok_arena_printf(m->arena, "%s_digest", path);
	const char *name = masto_str(m, path, NULL);
	struct mok_diag *d;

	if (!masto_has(m, path))
		return;
	if (name ? !has_tag(name) && (!is_asked || !strpbrk(name, "\"\\ @$"))
		 : !is_asked || masto_has(m, digest))
		return;
	d = mok_diag_add(m->diags, "E0920", masto_mark(m, path),
		name ? "\"%s\" is not the name of an image without its tag"
		     : "the name of this image is not known before apply",
		name);
	mok_diag_hint(m->diags, d,
		name ? "write REGISTRY/NAME: its tag follows from the version"
		     : "write REGISTRY/NAME, or pin: tag");
}

static void check_images(struct masto *m)
{
	bool is_asked = strcmp(masto_str(m, "images.pin", "digest"), "digest") == 0;

	check_image(m, "images.web", is_asked);
	check_image(m, "images.streaming", is_asked);
	check_image(m, "images.postgres", is_asked);
	check_image(m, "images.rclone", is_asked);
}

/* ---- buckets of their own ---- */

/* The dumps would be in the folder that is made like the bucket of the media, and go. */
static bool would_sweep_dumps(const struct masto *m)
{
	const char *media = masto_str(m, "backup.media.prefix", NULL);
	const char *dumps = masto_given(m, "backup.database.prefix");

	return media && masto_has(m, "backup.database") && mok_starts(dumps, media) &&
		(!dumps[strlen(media)] || dumps[strlen(media)] == '/');
}

static void check_media_copy(struct masto *m)
{
	struct mok_diag *d;

	if (!masto_has(m, "backup.media"))
		return;
	if ((!masto_has(m, "backup.storage") && !masto_has(m, "backup.s3")) ||
		(m->parts.backup_storage && m->parts.backup_storage == m->parts.storage)) {
		d = mok_diag_add(m->diags, "E0924", masto_mark(m, "backup.media"),
			"a copy of the media in their own bucket is none");
		mok_diag_hint(
			m->diags, d, "write storage: a spaces_bucket of another region, or s3");
	}
	if (would_sweep_dumps(m)) {
		d = mok_diag_add(m->diags, "E0924", masto_mark(m, "backup.media.prefix"),
			"the dumps of the database are in this folder, and copying the media would "
			"take them away");
		mok_diag_hint(m->diags, d, "give one of them another prefix");
	}
}

static void check_assets(struct masto *m)
{
	struct mok_diag *d;

	if (!masto_has(m, "assets_storage") ||
		(masto_has(m, "assets_storage_key") && masto_has(m, "assets_domain")))
		return;
	d = mok_diag_add(m->diags, "E0925", masto_mark(m, "assets_storage"),
		"a bucket for assets needs %s",
		masto_has(m, "assets_domain") ? "a key that may write there"
					      : "a domain that they are served from");
	mok_diag_hint(m->diags, d, "write %s",
		masto_has(m, "assets_domain")
			? "assets_storage_key: the address of a spaces_key with a grant for it"
			: "assets_domain: https://assets.example.com, of a cdn before that bucket");
}

static void check_backup(struct masto *m)
{
	struct mok_diag *d;

	check_assets(m);
	check_media_copy(m);
	if (!masto_has(m, "backup.storage") || masto_has(m, "backup.storage_key"))
		return;
	d = mok_diag_add(m->diags, "E0923", masto_mark(m, "backup.storage"),
		"backup.storage needs a key that may write there");
	mok_diag_hint(
		m->diags, d, "write storage_key: the address of a spaces_key with a grant for it");
}

/* ---- GitOps ---- */

static void check_gitops(struct masto *m)
{
	struct mok_diag *d;

	if (!m->argocd || masto_has(m, "gitops.repository"))
		return;
	d = mok_diag_add(m->diags, "E0922", masto_mark(m, "gitops.manage"),
		"manage: argocd needs the repository that Argo CD reads");
	mok_diag_hint(m->diags, d, "write repository: https://..., and path: the folder in it");
}

static void check_login(struct masto *m, const char *block, const char *variable)
{
	const char *login = mok_arena_printf(m->arena, "%s.login", block);
	struct mok_diag *d;

	if (!masto_has(m, login) ||
		masto_has(m, mok_arena_printf(m->arena, "%s.password", block)) ||
		masto_has(m, mok_arena_printf(m->arena, "extra_secret_env.%s", variable)))
		return;
	d = mok_diag_add(
		m->diags, "W0927", masto_mark(m, login), "%s has a login and no password", block);
	mok_diag_hint(m->diags, d, "password: ${var.smtp_password}, a variable that is sensitive");
}

/* ---- KEDA ---- */

static void check_keda(struct masto *m)
{
	struct mok_diag *d;

	if (!masto_has(m, "keda"))
		return;
	if (!masto_prometheus_url(m)) {
		d = mok_diag_add(
			m->diags, "E0926", masto_mark(m, "keda"), "KEDA needs a Prometheus to ask");
		mok_diag_hint(m->diags, d,
			"write observability: { metrics: true, prometheus: true }, or "
			"keda: { prometheus: http://... }");
	} else if (!masto_bool(m, "observability.metrics", false)) {
		d = mok_diag_add(m->diags, "E0926", masto_mark(m, "keda"),
			"KEDA goes by metrics that nobody collects");
		mok_diag_hint(m->diags, d, "write observability: { metrics: true }");
	}
}

/* ---- what monitors ---- */

/* A chart of the plan's own that brings the kinds PodMonitor and PrometheusRule. */
static bool brings_monitors(struct masto *m, const struct mok_resource *r)
{
	struct mok_val fields;
	const char *chart;

	if (strcmp(r->kind->name, "helm_release") != 0)
		return false;
	fields = masto_fields_of(m, r);
	chart = mok_val_get_str(&fields, "chart");
	return !chart || strstr(chart, "prometheus") || strstr(chart, "victoria-metrics") ||
		strstr(chart, "robusta");
}

static void check_monitors(struct masto *m)
{
	const char *what = masto_bool(m, "observability.metrics", false) ? "observability.metrics"
		: masto_bool(m, "observability.alerts", false)           ? "observability.alerts"
									 : NULL;
	struct mok_diag *d;

	if (!what || masto_prometheus_url(m))
		return;
	for (size_t i = 0; i < m->stack->resources.len; i++)
		if (brings_monitors(m, &m->stack->resources.items[i]))
			return;
	d = mok_diag_add(m->diags, "W0935", masto_mark(m, what),
		"%s makes objects of Prometheus' operator, and nothing in the plan installs it",
		what);
	mok_diag_hint(m->diags, d,
		"write observability: { prometheus: true }; where the cluster has the operator "
		"already, nothing is missing");
}

/* ---- all ---- */

void masto_checks(struct masto *m)
{
	check_versions(m);
	check_redis(m);
	masto_check_names(m);
	check_queues(m);
	check_scheduler(m);
	check_env(m, "extra_env");
	check_env(m, "extra_secret_env");
	check_mail(m, "smtp.port");
	check_login(m, "smtp", "SMTP_PASSWORD");
	if (masto_has(m, "smtp.bulk"))
		check_mail(m, "smtp.bulk.port");
	check_login(m, "smtp.bulk", "BULK_SMTP_PASSWORD");
	check_gateway(m);
	check_images(m);
	check_backup(m);
	check_keda(m);
	check_gitops(m);
	check_monitors(m);
	masto_check_nodes(m);
}

void masto_check_patches(struct masto *m)
{
	const struct mok_val *patches = mok_val_at(&m->is, "patches");

	for (size_t i = 0; patches && patches->type == MOK_LIST && i < patches->u.list.len; i++)
		if (i < 64 && !(m->patched & ((uint64_t)1 << i)))
			mok_diag_add(m->diags, "E0918",
				masto_mark(m, mok_arena_printf(m->arena, "patches.%zu", i)),
				"this patch meets no object of the block");
}

/* ---- what is decided once ---- */

#define SEEN "other servers know the instance by it"
#define ENCRYPTS "what the database holds encrypted could not be read any more"

static const struct mok_frozen frozen[] = {
	{ "LOCAL_DOMAIN", "domain", SEEN },
	{ "WEB_DOMAIN", "web_domain", SEEN },
	{ "LIMITED_FEDERATION_MODE", "limited_federation_mode",
		"what was federated before stays as it is" },
	{ "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY", NULL, ENCRYPTS },
	{ "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY", NULL, ENCRYPTS },
	{ "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT", NULL, ENCRYPTS },
};

/* What is wanted and not known yet is made when there is none: that is a change as well. */
const struct mok_frozen *mok_mastodon_frozen(const struct mok_val *live, const struct mok_val *want)
{
	for (size_t i = 0; i < MOK_COUNT(frozen); i++) {
		const struct mok_val *a = mok_val_get(live, frozen[i].name);
		const struct mok_val *b = mok_val_get(want, frozen[i].name);

		if ((a && b && mok_val_equal(a, b)) || (!a && !b))
			continue;
		return &frozen[i];
	}
	return NULL;
}
