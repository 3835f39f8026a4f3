/* Pods into processes: what they are, whether they would start, and what would fail in them. */
#include "instance.h"

#include <string.h>

/* What Rails and Mastodon refuse to start without. */
static const char *const needed[] = { "SECRET_KEY_BASE", "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY",
	"ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY",
	"ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT" };

const char *si_boot_why(const struct si_container *c)
{
	if (c->missing)
		return c->missing;
	for (size_t i = 0; i < MOK_COUNT(needed); i++) {
		const char *value = si_env(c, needed[i]);

		if (!value)
			return mok_arena_printf(c->w->arena, "%s is not set", needed[i]);
		if (mok_ends(value, "DO_NOT_USE_IN_PRODUCTION"))
			return mok_arena_printf(
				c->w->arena, "%s is for development only", needed[i]);
	}
	return NULL;
}

/* Base64 for URLs, of a P-256 point and scalar: 65 and 32 bytes. */
static const char *push_why(const struct si_container *c)
{
	const char *public = si_env(c, "VAPID_PUBLIC_KEY");
	const char *private = si_env(c, "VAPID_PRIVATE_KEY");

	if (!public || !private)
		return "VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY are not both set";
	if (strlen(public) < 87 || strlen(private) < 43)
		return "the VAPID keys are no keys of P-256";
	return NULL;
}

/* Too old for the code, or too new: what comes after a deployment takes away what old code uses. */
static const char *stale_why(const struct si_world *w, const char *version, const char *db)
{
	struct si_schema_version schema = si_schema_of(w->ctx, db);

	if (si_minor_cmp(version, schema.pre) > 0)
		return mok_arena_printf(w->arena,
			"PG::UndefinedColumn: the code is %s, the database is migrated to %s",
			version, schema.pre);
	if (*schema.post && si_minor_cmp(version, schema.post) < 0)
		return mok_arena_printf(w->arena,
			"PG::UndefinedTable: the code is %s, the database is migrated to %s for "
			"good",
			version, schema.post);
	return NULL;
}

static void judge(const struct si_container *c, struct si_pod *pod)
{
	const struct si_world *w = c->w;

	pod->boots_not = pod->app == SI_STREAMING ? c->missing : si_boot_why(c);
	pod->link = si_database_link(c);
	pod->broken = pod->link.why ? pod->link.why : si_redis_why(c);
	pod->no_push = push_why(c);
	pod->no_media = si_media_why(c);
	if (!pod->link.key)
		return;
	if (!*si_schema_of(w->ctx, pod->link.key).pre)
		pod->broken = pod->broken ? pod->broken
					  : "PG::UndefinedTable: the database has no schema: "
					    "db:prepare has not run in it";
	else
		pod->stale = stale_why(w, pod->version, pod->link.key);
}

static int64_t number(const struct si_container *c, const char *name, int64_t fallback)
{
	const char *text = si_env(c, name);
	int64_t n;

	return text && mok_parse_i64(text, &n) && n > 0 ? n : fallback;
}

static void read_site(const struct si_container *c, struct si_site *site)
{
	const char *local = si_env(c, "LOCAL_DOMAIN"), *web = si_env(c, "WEB_DOMAIN");
	const char *streaming = si_env(c, "STREAMING_API_BASE_URL");

	site->local_domain = local ? local : "localhost:3000";
	site->web_domain = web ? web : site->local_domain;
	site->alternate_domains = si_env(c, "ALTERNATE_DOMAINS");
	site->streaming_url =
		streaming ? streaming : mok_arena_printf(c->w->arena, "wss://%s", site->web_domain);
	site->vapid_key = si_env(c, "VAPID_PUBLIC_KEY");
	site->limited_federation = si_env_is(c, "LIMITED_FEDERATION_MODE", "true");
	site->single_user = si_env_is(c, "SINGLE_USER_MODE", "true");
	site->no_anonymous_api = si_env_is(c, "DISALLOW_UNAUTHENTICATED_API_ACCESS", "true");
}

/* "-q default,8 -q push": the names after each -q. */
static const char *read_queues(const struct si_container *c)
{
	const char *out = " ";

	for (const char *p = c->command; (p = strstr(p, " -q ")) != NULL;) {
		p += 4;
		out = mok_arena_printf(c->w->arena, "%s%.*s ", out, (int)strcspn(p, " ,"), p);
	}
	return out;
}

static int64_t sidekiq_threads(const struct si_container *c)
{
	const char *p = strstr(c->command, " -c ");
	int64_t n;

	if (p && mok_parse_i64(mok_arena_strndup(c->w->arena, p + 4, strcspn(p + 4, " ")), &n))
		return n;
	return 5;
}

static void read_sizes(const struct si_container *c, struct si_pod *pod)
{
	pod->workers = 1;
	pod->queues = " ";
	if (pod->app == SI_WEB) {
		pod->workers = number(c, "WEB_CONCURRENCY", 2);
		pod->threads = number(c, "MAX_THREADS", 5);
	} else if (pod->app == SI_SIDEKIQ) {
		pod->threads = sidekiq_threads(c);
		pod->queues = read_queues(c);
	} else {
		pod->threads = number(c, "DB_POOL", 10);
	}
}

struct si_pod *si_pod_read(const struct si_world *w, const cJSON *object)
{
	const cJSON *spec = sb_get(object, "spec"), *container;
	struct si_container c;

	cJSON_ArrayForEach(container, sb_get(spec, "containers"))
	{
		struct si_pod *pod;
		enum si_app app;

		si_container_read(&c, w, si_meta(object, "namespace"), spec, container);
		app = si_app_of(&c);
		if (app == SI_OTHER)
			continue;
		pod = MOK_NEW(w->arena, struct si_pod);
		pod->app = app;
		pod->name = mok_arena_strdup(w->arena, si_meta(object, "name"));
		pod->version = si_image_version(w->arena, sb_get_str(container, "image"));
		pod->labels = mok_json_at(object, "metadata.labels");
		pod->ports = sb_get(container, "ports");
		read_site(&c, &pod->site);
		read_sizes(&c, pod);
		pod->nnames = sb_pod_names(w->arena, object, pod->names);
		judge(&c, pod);
		pod->ready = !pod->boots_not && si_condition(object, "Ready") &&
			!*si_meta(object, "deletionTimestamp");
		return pod;
	}
	return NULL;
}

/* Every thread of a process holds a connection while it works. */
void si_pods_share(struct si_instance *instance)
{
	for (size_t i = 0; i < instance->pods.len; i++) {
		struct si_pod *pod = instance->pods.items[i];
		int64_t clients = 0;

		if (!pod->link.pool)
			continue;
		for (size_t j = 0; j < instance->pods.len; j++) {
			const struct si_pod *other = instance->pods.items[j];

			if (other->ready && mok_streq(other->link.pool, pod->link.pool))
				clients += other->workers * other->threads;
		}
		if (clients > 0 && clients > pod->link.room)
			pod->refused_ppm = (clients - pod->link.room) * INT64_C(1000000) / clients;
	}
}
