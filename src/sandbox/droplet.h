/*
 * droplet: Droplets, load balancers and volumes, as far as clusters make them.
 */
#ifndef MOK_SANDBOX_DROPLET_H
#define MOK_SANDBOX_DROPLET_H

#include "catalogue.h"
#include "core.h"
#include "fields.h"

#define DROPLET_KIND "droplet"
#define LB_KIND "load_balancer"
#define VOLUME_KIND "volume"
#define SNAPSHOT_KIND "snapshot"

struct sb_droplet_spec {
	const char *name, *region, *size, *vpc_uuid, *image;
	const cJSON *tags;
	int64_t ready_ms;
};

/* Makes one; returns its id (decimal). */
const char *sb_droplet_make(struct sb_ctx *ctx, const struct sb_droplet_spec *spec);
/* It goes in real_ms of the real cloud's time. No such Droplet: nothing. */
void sb_droplet_leave(struct sb_ctx *ctx, const char *id, int64_t real_ms);
int64_t sb_droplet_count(struct sb_ctx *ctx); /* those that count against the limit */

/* As /v2/regions shows it. */
cJSON *sb_region_view(const char *slug);
cJSON *sb_size_view(const struct sb_size *size);

struct sb_balancer_spec {
	const char *name, *region, *vpc_uuid, *cluster_id; /* cluster_id NULL: nobody's */
};
const char *sb_balancer_make(
	struct sb_ctx *ctx, const struct sb_balancer_spec *spec, const cJSON *body);
void sb_balancer_delete(struct sb_ctx *ctx, struct sb_doc *balancer);

/* body: as POST /v2/volumes takes it. */
const char *sb_volume_make(struct sb_ctx *ctx, const char *region, const cJSON *body);
void sb_volume_delete(struct sb_ctx *ctx, struct sb_doc *volume);
const char *sb_volume_snapshot(struct sb_ctx *ctx, const struct sb_doc *volume, const cJSON *body);

#endif
