/*
 * PersistentVolumes of DigitalOcean's block storage. One whose claim is gone is deleted together
 * with the account's volume, or stays Released, as its reclaim policy has it.
 */
#include "droplet.h"
#include "volumes.h"

#include <string.h>

#define MANAGER "kube-controller-manager"

static const cJSON *claim_of(struct sb_kube *k, const cJSON *volume)
{
	const cJSON *claim = sb_ctl_get(k,
		mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/persistentvolumeclaims/%s",
			sb_ctl_str(volume, "spec.claimRef.namespace"),
			sb_ctl_str(volume, "spec.claimRef.name")));

	/* A claim of the same name may have come after it. */
	return strcmp(sb_ctl_str(claim, "metadata.uid"), sb_ctl_str(volume, "spec.claimRef.uid")) ==
			0
		? claim
		: NULL;
}

static bool is_to_go(const cJSON *volume)
{
	return strcmp(sb_ctl_str(volume, "spec.persistentVolumeReclaimPolicy"), "Delete") == 0;
}

static void show(struct sb_kube *k, const cJSON *volume, const char *phase)
{
	cJSON *status;

	if (strcmp(sb_ctl_str(volume, "status.phase"), phase) == 0)
		return;
	status = cJSON_CreateObject();
	sb_set_str(status, "phase", phase);
	sb_set_str(status, "lastPhaseTransitionTime", sb_time(k->ctx, k->ctx->now_ms));
	sb_ctl_status(k, MANAGER, volume, "persistentvolumes", status);
}

static void release(struct sb_kube *k, const cJSON *volume)
{
	if (is_to_go(volume))
		sb_ctl_write(k, MANAGER, "DELETE",
			sb_ctl_path(k, volume, "persistentvolumes", NULL), NULL);
	else
		show(k, volume, "Released");
}

static void finish(struct sb_kube *k, const cJSON *volume)
{
	const char *handle = sb_ctl_str(volume, "spec.csi.volumeHandle");
	struct sb_doc *disk = is_to_go(volume) ? sb_doc_get(k->ctx, VOLUME_KIND, handle) : NULL;
	const cJSON *fresh;

	if (disk)
		sb_volume_delete(k->ctx, disk);
	sb_volume_let_go(k, volume, "persistentvolumes",
		"external-provisioner.volume.kubernetes.io/finalizer");
	fresh = sb_ctl_get(k, sb_ctl_path(k, volume, "persistentvolumes", NULL));
	if (fresh)
		sb_volume_let_go(k, fresh, "persistentvolumes", "kubernetes.io/pv-protection");
}

static void reconcile(struct sb_kube *k, const cJSON *volume)
{
	bool claimed;

	if (strcmp(sb_ctl_str(volume, "spec.csi.driver"), SB_CSI) != 0)
		return;
	claimed = claim_of(k, volume) != NULL;
	if (*sb_ctl_str(volume, "metadata.deletionTimestamp")) {
		if (!claimed)
			finish(k, volume);
	} else if (claimed) {
		show(k, volume, "Bound");
	} else if (*sb_ctl_str(volume, "spec.claimRef.uid")) {
		release(k, volume);
	} else {
		show(k, volume, "Available");
	}
}

const struct sb_controller sb_ctl_volume = {
	"",
	"persistentvolumes",
	reconcile,
	" persistentvolumeclaims ",
	NULL,
};
