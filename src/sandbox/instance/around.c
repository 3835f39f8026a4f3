/*
 * What an instance needs around it and would answer without: names that lead to it, Sidekiq for
 * each queue, a place for media. It is told, and breaks nothing that the sandbox answers.
 */
#include "droplet.h"
#include "instance.h"

#include <string.h>
#include <strings.h>

static void trouble(const struct si_world *w, struct si_instance *instance, const char *text)
{
	mok_vec_push(w->arena, &instance->troubles, text);
}

/* ---- names ---- */

static bool is_load_balancer(struct sb_ctx *ctx, const char *ip)
{
	struct sb_docs all = sb_doc_list(ctx, &(struct sb_which){ .kind = LB_KIND }, 0, 0);

	for (size_t i = 0; i < all.len; i++)
		if (mok_streq(sb_get_str(all.items[i]->json, "ip"), ip))
			return true;
	return false;
}

static void look_up(const struct si_world *w, struct si_instance *instance, const char *domain,
	const char *zone, const char *name)
{
	const struct sb_which which = { .kind = "record", .parent = zone, .name = name };
	struct sb_docs records = sb_doc_list(w->ctx, &which, 0, 0);
	bool any = false;

	for (size_t i = 0; i < records.len; i++) {
		const char *data = sb_get_str(records.items[i]->json, "data");

		if (strcasecmp(records.items[i]->alt, "A") != 0)
			continue;
		any = true;
		if (!is_load_balancer(w->ctx, data))
			trouble(w, instance,
				mok_arena_printf(w->arena,
					"the A record of %s is %s, which is no load balancer",
					domain, data));
	}
	if (!any)
		trouble(w, instance,
			mok_arena_printf(w->arena, "%s has no A record in its zone", domain));
}

/* Zones that others hold may have anything. */
static void check_name(const struct si_world *w, struct si_instance *instance, const char *domain)
{
	for (const char *zone = domain; zone; zone = strchr(zone, '.')) {
		zone += *zone == '.';
		if (!sb_doc_get(w->ctx, "domain", zone))
			continue;
		look_up(w, instance, domain, zone,
			zone == domain ? "@"
				       : mok_arena_strndup(w->ctx->arena, domain,
						 (size_t)(zone - domain) - 1));
		return;
	}
}

/* ---- queues ---- */

const char *const si_queues[] = { "default", "push", "ingress", "mailers", "pull", "scheduler",
	"fasp", NULL };

static void check_queues(const struct si_world *w, struct si_instance *instance)
{
	for (size_t q = 0; si_queues[q]; q++) {
		const char *word = mok_arena_printf(w->arena, " %s ", si_queues[q]);
		int served = 0;

		for (size_t i = 0; i < instance->pods.len; i++) {
			const struct si_pod *pod = instance->pods.items[i];

			served += pod->ready && pod->app == SI_SIDEKIQ &&
				strstr(pod->queues, word) != NULL;
		}
		if (!served)
			trouble(w, instance,
				mok_arena_printf(w->arena, "no Sidekiq is ready for the queue %s",
					si_queues[q]));
		else if (served > 1 && strcmp(si_queues[q], "scheduler") == 0)
			trouble(w, instance, "more than one Sidekiq has the queue scheduler");
	}
}

/* ---- media ---- */

static bool may_write(const struct sb_spaces_key *key, const char *bucket)
{
	const cJSON *grant;

	if (key->full_access)
		return true;
	cJSON_ArrayForEach(grant, key->grants)
	{
		if (mok_streq(sb_get_str(grant, "bucket"), bucket) &&
			mok_streq(sb_get_str(grant, "permission"), "readwrite"))
			return true;
	}
	return false;
}

const char *si_media_why(const struct si_container *c)
{
	const char *id = si_env(c, "AWS_ACCESS_KEY_ID"), *bucket = si_env(c, "S3_BUCKET");
	const char *secret = si_env(c, "AWS_SECRET_ACCESS_KEY");
	struct sb_spaces_key key;

	if (!si_env_is(c, "S3_ENABLED", "true"))
		return NULL;
	if (!bucket || !sb_s3_bucket_region(c->w->ctx, bucket))
		return "S3_BUCKET is no bucket";
	if (!id || !secret || !sb_spaces_key_find(c->w->ctx, id, &key) ||
		!mok_streq(key.secret, secret))
		return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are no key of Spaces";
	return may_write(&key, bucket) ? NULL : "the key of Spaces may not write to S3_BUCKET";
}

void si_look_around(const struct si_world *w, struct si_instance *instance)
{
	check_name(w, instance, instance->domain);
	check_queues(w, instance);
}
