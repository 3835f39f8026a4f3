#include "upgrade.h"

#include <string.h>

#define POLL_S 2
#define PODS_TIMEOUT_S 1800
#define LEAST_MS 60000 /* a sandbox may be slow too */

/* ---- time ---- */

struct pause {
	bool over;
};

static void end_pause(void *ctx)
{
	((struct pause *)ctx)->over = true;
}

static bool is_over(void *ctx)
{
	return ((struct pause *)ctx)->over;
}

int64_t upgrade_scaled_ms(const struct upgrade *u, int seconds)
{
	double speed = u->s->env.speed, ms = speed > 0 ? seconds * 1000.0 / speed : 0;

	return ms < 20 ? 20 : (int64_t)ms;
}

int upgrade_pause(struct upgrade *u, int seconds)
{
	struct pause *p = MOK_NEW(u->s->arena, struct pause);

	mok_loop_after(u->s->loop, upgrade_scaled_ms(u, seconds), end_pause, p);
	return mok_loop_run(u->s->loop, is_over, p, &u->err);
}

int64_t upgrade_deadline(const struct upgrade *u, int seconds)
{
	int64_t ms = upgrade_scaled_ms(u, seconds);

	return mok_loop_now(u->s->loop) + (ms > LEAST_MS ? ms : LEAST_MS);
}

/* ---- pods of another version ---- */

static const char *image_of(const struct upgrade *u, const char *component)
{
	for (size_t i = 0; i < u->s->changes.list.len; i++) {
		const struct mok_change *c = &u->s->changes.list.items[i];
		const struct mok_val *labels = mok_val_at(&c->want, "manifest.metadata.labels");

		if (c->resource && instance_is_tier(instance_tier(c)) && labels &&
			mok_streq(
				mok_val_get_str(labels, "app.kubernetes.io/component"), component))
			return cluster_str(
				&c->want, "manifest.spec.template.spec.containers.0.image");
	}
	return NULL;
}

static size_t name_len(const char *image)
{
	const char *slash = strrchr(image, '/');
	const char *end = strpbrk(slash ? slash : image, ":@");

	return end ? (size_t)(end - image) : strlen(image);
}

/* Of a tier: any other image than the wanted one. Of what runs once or by the clock: Mastodon's own
 * image with another version. */
static bool is_other(const struct upgrade *u, const struct mok_object *pod)
{
	const struct mok_val *object = cluster_object(pod);
	const char *image = cluster_str(object, "spec.containers.0.image");
	const char *phase = cluster_str(object, "status.phase");
	const char *wanted = image_of(u, instance_label(pod, "app.kubernetes.io/component"));
	const char *web = image_of(u, "web");

	if (strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0)
		return false;
	if (wanted)
		return strcmp(image, wanted) != 0;
	return web && name_len(web) == name_len(image) && strncmp(web, image, name_len(web)) == 0 &&
		strcmp(image, web) != 0;
}

static const char *others(struct upgrade *u, const struct cluster_objects *pods, size_t *count)
{
	const char *first = NULL;

	*count = 0;
	for (size_t i = 0; i < pods->list.len; i++) {
		if (!is_other(u, pods->list.items[i]))
			continue;
		first = first ? first : pods->list.items[i]->name;
		(*count)++;
	}
	return first;
}

int upgrade_wait_for_pods(struct upgrade *u)
{
	int64_t until = upgrade_deadline(u, PODS_TIMEOUT_S);
	size_t count, before = 0;

	for (;;) {
		struct cluster_objects pods = { .list = { 0 } };
		const char *first;

		if (instance_list(&u->instance, "/Pod", &pods, &u->err) != 0)
			return -1;
		first = others(u, &pods, &count);
		if (count == 0)
			return 0;
		if (count != before)
			upgrade_say(u, "  %zu of another version still %s (%s)", count,
				count == 1 ? "runs" : "run", first);
		before = count;
		if (mok_loop_now(u->s->loop) > until) {
			mok_err_set(&u->err, MOK_ERR_API,
				"gave up waiting for pods of another version to end: %s", first);
			mok_err_hint(&u->err,
				"nothing is lost: it goes on from here when it is run again");
			return -1;
		}
		if (upgrade_pause(u, POLL_S) != 0)
			return -1;
	}
}
