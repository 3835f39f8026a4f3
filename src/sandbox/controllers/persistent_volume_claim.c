/*
 * PersistentVolumeClaims of DigitalOcean's storage classes: the CSI driver makes a volume of the
 * account for each, at once (the classes bind immediately), and grows it when the claim does. What
 * a claim leaves behind is the PersistentVolume's matter; in a cluster that dies it all stays.
 */
#include "droplet.h"
#include "kubernetes.h"
#include "volumes.h"

#include <string.h>

#define MANAGER "kube-controller-manager"
#define DRIVER "csi-provisioner"
#define FINALIZER "kubernetes.io/pvc-protection"

enum { PROVISION_MS = 4 * SB_SECOND_MS };

/* ---- for both kinds ---- */

const cJSON *sb_volume_class(struct sb_kube *k, const cJSON *object)
{
	const char *name = sb_ctl_str(object, "spec.storageClassName");
	const cJSON *class;

	if (!*name)
		return NULL;
	class = sb_ctl_get(k,
		mok_arena_printf(k->ctx->arena, "/apis/storage.k8s.io/v1/storageclasses/%s", name));
	return strcmp(sb_ctl_str(class, "provisioner"), SB_CSI) == 0 ? class : NULL;
}

int64_t sb_volume_gib(const char *quantity)
{
	double gib = mok_apiserver_quantity(quantity) / 1073741824.0;

	return (int64_t)gib + ((double)(int64_t)gib < gib);
}

void sb_volume_let_go(
	struct sb_kube *k, const cJSON *object, const char *plural, const char *finalizer)
{
	const cJSON *have = mok_json_at(object, "metadata.finalizers"), *one;
	cJSON *patch, *list;

	if (!sb_list_has(have, finalizer))
		return;
	patch = cJSON_CreateObject();
	list = cJSON_AddArrayToObject(mok_json_object(patch, "metadata"), "finalizers");
	cJSON_ArrayForEach(one, have) if (!mok_streq(cJSON_GetStringValue(one), finalizer))
		cJSON_AddItemToArray(list, cJSON_Duplicate(one, true));
	sb_ctl_write(k, MANAGER, "PATCH", sb_ctl_path(k, object, plural, NULL), patch);
}

/* ---- provisioning ---- */

static void tell(struct sb_kube *k, const cJSON *claim, const char *agent, const char *reason,
	const char *text)
{
	sb_ctl_tell(k, claim, &(struct sb_ctl_event){ agent, "Normal", reason, NULL }, "%s", text);
}

static const char *volume_name(struct sb_kube *k, const cJSON *claim)
{
	return mok_arena_printf(k->ctx->arena, "pvc-%s", sb_ctl_str(claim, "metadata.uid"));
}

static int64_t wanted_gib(const cJSON *claim)
{
	int64_t gib = sb_volume_gib(sb_ctl_str(claim, "spec.resources.requests.storage"));

	return gib > 1 ? gib : 1;
}

static const char *make_disk(struct sb_kube *k, const cJSON *claim)
{
	const struct sb_doc *cluster = sb_doc_get(k->ctx, K8S_KIND, k->cluster);
	cJSON *body = sb_own(k->ctx, cJSON_CreateObject()), *tags;
	char tag[64];

	k8s_cluster_tag(k->cluster, tag);
	sb_set_str(body, "name", volume_name(k, claim));
	sb_set_str(body, "description", "Created by DigitalOcean CSI driver");
	sb_set_int(body, "size_gigabytes", wanted_gib(claim));
	tags = cJSON_AddArrayToObject(body, "tags");
	cJSON_AddItemToArray(tags, cJSON_CreateString(tag));
	return sb_volume_make(k->ctx, sb_get_str(cluster->json, "region"), body);
}

static cJSON *claim_reference(const cJSON *claim)
{
	cJSON *ref = cJSON_CreateObject();

	sb_set_str(ref, "kind", "PersistentVolumeClaim");
	sb_set_str(ref, "namespace", sb_ctl_str(claim, "metadata.namespace"));
	sb_set_str(ref, "name", sb_ctl_str(claim, "metadata.name"));
	sb_set_str(ref, "uid", sb_ctl_str(claim, "metadata.uid"));
	sb_set_str(ref, "apiVersion", "v1");
	return ref;
}

static void add_finalizers(cJSON *meta)
{
	cJSON *list = cJSON_AddArrayToObject(meta, "finalizers");

	cJSON_AddItemToArray(
		list, cJSON_CreateString("external-provisioner.volume.kubernetes.io/finalizer"));
	cJSON_AddItemToArray(list, cJSON_CreateString("kubernetes.io/pv-protection"));
}

static const char *size_text(struct sb_kube *k, int64_t gib)
{
	return mok_arena_printf(k->ctx->arena, "%lldGi", (long long)gib);
}

static cJSON *volume_object(
	struct sb_kube *k, const cJSON *claim, const cJSON *class, const char *disk)
{
	const cJSON *xfs = sb_get(mok_json_at(class, "parameters"), "csi.storage.k8s.io/fstype");
	const char *policy = sb_ctl_str(class, "reclaimPolicy");
	cJSON *volume = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(volume, "metadata");
	cJSON *spec = cJSON_AddObjectToObject(volume, "spec"), *csi;

	sb_set_str(meta, "name", volume_name(k, claim));
	sb_set_str(mok_json_object(meta, "annotations"), "pv.kubernetes.io/provisioned-by", SB_CSI);
	add_finalizers(meta);
	sb_set_str(mok_json_object(spec, "capacity"), "storage", size_text(k, wanted_gib(claim)));
	mok_json_set(
		spec, "accessModes", cJSON_Duplicate(mok_json_at(claim, "spec.accessModes"), true));
	mok_json_set(spec, "claimRef", claim_reference(claim));
	sb_set_str(spec, "persistentVolumeReclaimPolicy", *policy ? policy : "Delete");
	sb_set_str(spec, "storageClassName", sb_ctl_str(class, "metadata.name"));
	sb_set_str(spec, "volumeMode", "Filesystem");
	csi = mok_json_object(spec, "csi");
	sb_set_str(csi, "driver", SB_CSI);
	sb_set_str(csi, "fsType", xfs ? xfs->valuestring : "ext4");
	sb_set_str(csi, "volumeHandle", disk);
	return volume;
}

static void make_volume(struct sb_kube *k, const cJSON *claim, const cJSON *class)
{
	tell(k, claim, SB_CSI, "Provisioning",
		mok_arena_printf(k->ctx->arena,
			"External provisioner is provisioning volume for claim \"%s/%s\"",
			sb_ctl_str(claim, "metadata.namespace"),
			sb_ctl_str(claim, "metadata.name")));
	sb_ctl_write(k, DRIVER, "POST", "/api/v1/persistentvolumes",
		volume_object(k, claim, class, make_disk(k, claim)));
	tell(k, claim, SB_CSI, "ProvisioningSucceeded",
		mok_arena_printf(k->ctx->arena, "Successfully provisioned volume %s",
			volume_name(k, claim)));
}

/* ---- binding ---- */

static const cJSON *volume_of(struct sb_kube *k, const cJSON *claim)
{
	return sb_ctl_get(k,
		mok_arena_printf(
			k->ctx->arena, "/api/v1/persistentvolumes/%s", volume_name(k, claim)));
}

static void write_spec(struct sb_kube *k, const cJSON *claim)
{
	cJSON *patch = cJSON_CreateObject(), *notes;

	if (*sb_ctl_str(claim, "spec.volumeName")) {
		cJSON_Delete(patch);
		return;
	}
	sb_set_str(mok_json_object(patch, "spec"), "volumeName", volume_name(k, claim));
	notes = mok_json_object(mok_json_object(patch, "metadata"), "annotations");
	sb_set_str(notes, "pv.kubernetes.io/bind-completed", "yes");
	sb_set_str(notes, "pv.kubernetes.io/bound-by-controller", "yes");
	sb_set_str(notes, "volume.beta.kubernetes.io/storage-provisioner", SB_CSI);
	sb_set_str(notes, "volume.kubernetes.io/storage-provisioner", SB_CSI);
	sb_ctl_write(
		k, MANAGER, "PATCH", sb_ctl_path(k, claim, "persistentvolumeclaims", NULL), patch);
}

static void bind(struct sb_kube *k, const cJSON *claim, const cJSON *volume)
{
	cJSON *status = cJSON_CreateObject();
	const cJSON *fresh;

	write_spec(k, claim);
	fresh = sb_ctl_get(k, sb_ctl_path(k, claim, "persistentvolumeclaims", NULL));
	sb_set_str(status, "phase", "Bound");
	mok_json_set(status, "accessModes",
		cJSON_Duplicate(mok_json_at(volume, "spec.accessModes"), true));
	mok_json_set(
		status, "capacity", cJSON_Duplicate(mok_json_at(volume, "spec.capacity"), true));
	sb_ctl_status(k, MANAGER, fresh ? fresh : claim, "persistentvolumeclaims", status);
}

static void grow(struct sb_kube *k, const cJSON *claim, const cJSON *volume)
{
	int64_t wanted = wanted_gib(claim);
	struct sb_doc *disk =
		sb_doc_get(k->ctx, VOLUME_KIND, sb_ctl_str(volume, "spec.csi.volumeHandle"));
	cJSON *patch;

	if (wanted <= sb_volume_gib(sb_ctl_str(volume, "spec.capacity.storage")))
		return;
	if (disk) {
		sb_set_int(disk->json, "size_gigabytes", wanted);
		sb_doc_put(k->ctx, disk);
	}
	patch = cJSON_CreateObject();
	sb_set_str(mok_json_object(mok_json_object(patch, "spec"), "capacity"), "storage",
		size_text(k, wanted));
	sb_ctl_write(k, "csi-resizer", "PATCH", sb_ctl_path(k, volume, "persistentvolumes", NULL),
		patch);
	tell(k, claim, "external-resizer " SB_CSI, "VolumeResizeSuccessful",
		"Resize volume succeeded");
}

/* ---- the end ---- */

/* A pod that has not ended keeps its claims. */
static bool in_use(struct sb_kube *k, const cJSON *claim)
{
	const cJSON *pod, *volume;

	cJSON_ArrayForEach(pod,
		sb_ctl_list(k,
			mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/pods",
				sb_ctl_str(claim, "metadata.namespace"))))
	{
		const char *phase = sb_ctl_str(pod, "status.phase");

		if (strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0)
			continue;
		cJSON_ArrayForEach(volume, mok_json_at(pod, "spec.volumes"))
		{
			if (mok_streq(mok_json_str(volume, "persistentVolumeClaim.claimName"),
				    sb_ctl_str(claim, "metadata.name")))
				return true;
		}
	}
	return false;
}

static void serve(struct sb_kube *k, const cJSON *claim, const cJSON *class)
{
	const cJSON *volume = volume_of(k, claim);
	int64_t at_ms =
		sb_ctl_since(k, sb_ctl_ms(claim, "metadata.creationTimestamp"), PROVISION_MS);

	if (!volume && k->ctx->now_ms < at_ms) {
		tell(k, claim, "persistentvolume-controller", "ExternalProvisioning",
			"Waiting for a volume to be created either by the external provisioner "
			"'" SB_CSI "' or manually by the system administrator.");
		sb_ctl_again(k, at_ms);
		return;
	}
	if (!volume) {
		make_volume(k, claim, class);
		volume = volume_of(k, claim);
	}
	if (!volume)
		return;
	grow(k, claim, volume);
	bind(k, claim, volume_of(k, claim));
}

static void reconcile(struct sb_kube *k, const cJSON *claim)
{
	const char *other = sb_ctl_str(claim, "spec.volumeName");
	const cJSON *class = sb_volume_class(k, claim);

	if (*sb_ctl_str(claim, "metadata.deletionTimestamp")) {
		if (!in_use(k, claim))
			sb_volume_let_go(k, claim, "persistentvolumeclaims", FINALIZER);
	} else if (class && (!*other || strcmp(other, volume_name(k, claim)) == 0)) {
		serve(k, claim, class);
	}
}

const struct sb_controller sb_ctl_volume_claim = {
	"",
	"persistentvolumeclaims",
	reconcile,
	" pods ",
	NULL,
};
