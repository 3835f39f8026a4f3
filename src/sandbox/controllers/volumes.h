/* volumes: DigitalOcean's block storage in a cluster, as its CSI driver has it. */
#ifndef MOK_SANDBOX_VOLUMES_H
#define MOK_SANDBOX_VOLUMES_H

#include "controllers.h"

#define SB_CSI "dobs.csi.digitalocean.com"

/* The StorageClass of a claim or volume if it is one of DigitalOcean's; NULL: it is not. */
const cJSON *sb_volume_class(struct sb_kube *k, const cJSON *object);
/* "20Gi" in GiB, rounded up; 0: it is no quantity. */
int64_t sb_volume_gib(const char *quantity);
/* Takes a finalizer off. plural: "persistentvolumes". */
void sb_volume_let_go(
	struct sb_kube *k, const cJSON *object, const char *plural, const char *finalizer);

#endif
