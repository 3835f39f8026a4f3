#include "mastodon_internal.h"

#include <string.h>

/* The whole: block in, resources out. */

/* In the order of what needs what: a need that is not there yet is left out. */
static void (*const steps[])(struct masto *m) = {
	masto_pools,
	masto_addons,
	masto_config,
	masto_network,
	masto_jobs,
	masto_backup,
	masto_assets,
	masto_workloads,
	masto_routes,
	masto_observe,
	masto_argocd,
};

static void expand(struct mok_arena *arena, const struct mok_stack *stack,
	const struct mok_pair *block, struct mok_diags *diags, struct mok_val *blocks)
{
	struct masto m = { .arena = arena,
		.stack = stack,
		.diags = diags,
		.blocks = blocks,
		.fields = mok_map_new(arena),
		.at = block->key_at,
		.written = &block->val,
		.has_helm = mok_kind_find("helm_release") != NULL };
	size_t nerrors = diags->nerrors;
	bool is_whole = masto_settings(&m);

	m.argocd = strcmp(masto_str(&m, "gitops.manage", "mok"), "argocd") == 0;
	m.sources.type = m.namespaces.type = MOK_LIST;
	if (m.is.type == MOK_MAP)
		masto_checks(&m);
	if (!is_whole || diags->nerrors > nerrors)
		return;
	for (size_t i = 0; i < MOK_COUNT(steps); i++)
		steps[i](&m);
	masto_check_patches(&m);
}

static const struct mok_expansion expansion = { "mastodon", expand };

const struct mok_expansion *mok_mastodon_expansion(void)
{
	return &expansion;
}
