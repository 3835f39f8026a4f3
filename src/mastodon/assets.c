#include "mastodon_internal.h"

/* Assets in a bucket, for browsers that know one version while pods are of another. */

#define POD "spec.template.spec"

void masto_assets(struct masto *m)
{
	static const char *const needs[] = { "mastodon_service_account",
		"mastodon_priority_background", NULL };
	const struct masto_object object = { .address = "mastodon_assets_copy",
		.component = "assets-copy",
		.once = true,
		.needs = needs };
	struct mok_val manifest = masto_base("assets-copy");
	struct masto_remote to;

	if (!m->parts.assets_storage || !m->parts.assets_key)
		return;
	to = masto_remote_of(m, "ASSETS", m->parts.assets_storage, m->parts.assets_key);
	to.acl = "public-read";
	masto_add_remote(m, &to, "mastodon_assets_secret", "mastodon-assets");
	masto_put(
		m, &manifest, "spec.template.metadata.labels", masto_pod_labels(m, "assets-copy"));
	masto_put_text(m, &manifest, POD ".initContainers.0.image", masto_image(m, false));
	masto_put_text(m, &manifest, POD ".containers.0.image", masto_rclone_image(m));
	masto_put_text(m, &manifest, POD ".containers.0.args.2",
		mok_arena_printf(m->arena, "assets:${%s.name}", m->parts.assets_storage->address));
	masto_put_text(m, &manifest, POD ".containers.0.envFrom.0.secretRef.name",
		"${mastodon_assets_secret.name}");
	masto_add(m, &object, manifest);
}
