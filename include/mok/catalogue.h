/*
 * catalogue: what DigitalOcean offers (sizes, regions, versions, layouts) and what it costs. Filled
 * from the live answers when planning, from a shipped, dated snapshot when offline.
 */
#ifndef MOK_CATALOGUE_H
#define MOK_CATALOGUE_H

#include "mok/kind.h"

/* The shipped snapshot's date, "2026-08-07", and the price table's. */
const char *mok_catalogue_snapshot_date(void);

struct mok_catalogue *mok_catalogue_new(struct mok_arena *arena); /* the snapshot */
/* Replaces one part ("sizes", "regions", "kubernetes", "databases") by a live answer, a value as
 * ASK_CATALOGUE gives it (pages are added up with `more`). */
void mok_catalogue_load(
	struct mok_catalogue *catalogue, const char *part, const struct mok_val *answer, bool more);
bool mok_catalogue_is_live(const struct mok_catalogue *catalogue);

/* Which parts a kind's fields need ("sizes kubernetes"), to fetch no more than that. */
const char *mok_catalogue_parts(const struct mok_kind *kind);
/* Checks every "@name" field and cross rules (size offered in region, num_nodes pairs with size,
 * version on offer) of evaluated fields; E08xx diagnostics with the legal values. `have` NULL: to
 * be created (a running object may keep what is no longer on offer). */
void mok_catalogue_check(const struct mok_catalogue *catalogue, const struct mok_resource *r,
	const struct mok_val *want, const struct mok_object *have, struct mok_diags *diags);
/* Cents a month of a Droplet or database size slug; -1: unknown. */
int64_t mok_catalogue_price(
	const struct mok_catalogue *catalogue, const char *what, const char *slug);

/* Versions go up in steps: of what the API offers to a cluster that runs `have` (list of strings),
 * the one to take next on the way to `want` (a slug, a prefix or "latest"); NULL: none leads there.
 */
const char *mok_version_step(const struct mok_val *offered, const char *have, const char *want);

#endif
