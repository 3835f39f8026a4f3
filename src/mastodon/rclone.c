#include "mastodon_internal.h"

/*
 * rclone has its settings from variables, one for each key of its configuration file
 * (https://rclone.org/docs/#config-file), so that what is secret comes by Secret.
 */

#define RCLONE_VERSION "1.76.0"

const char *masto_rclone_image(struct masto *m)
{
	return masto_image_of(m, "images.rclone", RCLONE_VERSION);
}

struct masto_remote masto_remote_of(struct masto *m, const char *name,
	const struct mok_resource *bucket, const struct mok_resource *key)
{
	return (struct masto_remote){ .name = name,
		.provider = "DigitalOcean",
		.endpoint = mok_arena_printf(m->arena, "${%s.endpoint}", bucket->address),
		.access_key = mok_arena_printf(m->arena, "${%s.access_key}", key->address),
		.secret_key = mok_arena_printf(m->arena, "${%s.secret_key}", key->address) };
}

static const char *variable(struct masto *m, const struct masto_remote *r, const char *key)
{
	return mok_arena_printf(m->arena, "RCLONE_CONFIG_%s_%s", r->name, key);
}

/* A key opens its bucket alone, so rclone must not try to make it first. */
void masto_add_remote(
	struct masto *m, const struct masto_remote *r, const char *address, const char *name)
{
	const char *const pairs[] = { variable(m, r, "TYPE"), "s3", variable(m, r, "PROVIDER"),
		r->provider, variable(m, r, "ENDPOINT"), r->endpoint,
		variable(m, r, "ACCESS_KEY_ID"), r->access_key, variable(m, r, "SECRET_ACCESS_KEY"),
		r->secret_key, variable(m, r, "ACL"), r->acl ? r->acl : "private",
		variable(m, r, "NO_CHECK_BUCKET"), "true",
		r->region ? variable(m, r, "REGION") : NULL, r->region, NULL };

	masto_add_secret(m, address, name, pairs);
}
