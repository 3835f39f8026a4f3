/* What `kubectl get` shows of kinds, as data. */
#include "table.h"

/*
 * Cells, between '|', each for one column unless it says otherwise:
 * PATH[?NONE]   a text, or what stands for none
 * #PATH         a number              %PATH   how many a list has
 * &PATH?true    a boolean, and its default
 * ,PATH[?NONE]  texts, by commas      !PATH   since then
 * @NAME[ PATH]  see table_cells.c
 */
static const struct {
	const char *resource, *columns, *cells;
} kinds[] = {
	{ "endpoints", "Endpoints|Age", "@endpoints|@age" },
	{ "limitranges", KS_NO_COLUMNS, "metadata.creationTimestamp" },
	{ "persistentvolumeclaims",
		"Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|"
		"*VolumeMode",
		"@phase|spec.volumeName|@bound status.capacity.storage|@bound-modes|"
		"spec.storageClassName|spec.volumeAttributesClassName?<unset>|@age|"
		"spec.volumeMode?<unset>" },
	{ "persistentvolumes",
		"Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|"
		"VolumeAttributesClass|Reason|Age|*VolumeMode",
		"spec.capacity.storage?0|@modes spec.accessModes|"
		"spec.persistentVolumeReclaimPolicy|@phase|@claim|spec.storageClassName|"
		"spec.volumeAttributesClassName?<unset>|status.reason|@age|"
		"spec.volumeMode?<unset>" },
	{ "podtemplates", "Containers|Images|Pod Labels",
		"@containers template.spec.containers|@labels template.metadata.labels" },
	{ "replicationcontrollers",
		"Desired:integer|Current:integer|Ready:integer|Age|*Containers|*Images|*Selector",
		"#spec.replicas|#status.replicas|#status.readyReplicas|@age|"
		"@containers spec.template.spec.containers|@labels spec.selector" },
	{ "resourcequotas", "Request|Limit|Age", "@requests|@limits|@age" },
	{ "serviceaccounts", "Age", "@age" },
	{ "apiservices.apiregistration.k8s.io", "Service|Available|Age",
		"@service|@available|@age" },
	{ "controllerrevisions.apps", "Controller|Revision|Age", "@owner|#revision|@age" },
	{ "horizontalpodautoscalers.autoscaling", "Reference|Targets|MinPods|MaxPods|Replicas|Age",
		"@target|@metrics|@minimum|#spec.maxReplicas|#status.currentReplicas|@age" },
	{ "ingressclasses.networking.k8s.io", "Controller|Parameters|Age",
		"spec.controller|@parameters|@age" },
	{ "ingresses.networking.k8s.io", "Class|Hosts|Address|Ports|Age",
		"spec.ingressClassName?<none>|@hosts|@addresses|@tls|@age" },
	{ "networkpolicies.networking.k8s.io", "Pod-Selector|Age",
		"@selector spec.podSelector|@age" },
	{ "poddisruptionbudgets.policy",
		"Min Available|Max Unavailable|Allowed Disruptions:integer|Age",
		"@amount spec.minAvailable|@amount spec.maxUnavailable|"
		"#status.disruptionsAllowed|@age" },
	{ "clusterrolebindings.rbac.authorization.k8s.io",
		"Role|Age|*Users|*Groups|*ServiceAccounts",
		"@role|@age|@subjects User|@subjects Group|@subjects ServiceAccount" },
	{ "rolebindings.rbac.authorization.k8s.io", "Role|Age|*Users|*Groups|*ServiceAccounts",
		"@role|@age|@subjects User|@subjects Group|@subjects ServiceAccount" },
	{ "clusterroles.rbac.authorization.k8s.io", KS_NO_COLUMNS, "metadata.creationTimestamp" },
	{ "roles.rbac.authorization.k8s.io", KS_NO_COLUMNS, "metadata.creationTimestamp" },
	{ "csidrivers.storage.k8s.io",
		"AttachRequired:boolean|PodInfoOnMount:boolean|StorageCapacity:boolean|"
		"TokenRequests|RequiresRepublish:boolean|Modes|Age",
		"&spec.attachRequired?true|&spec.podInfoOnMount|&spec.storageCapacity|@audiences|"
		"&spec.requiresRepublish|,spec.volumeLifecycleModes?<none>|@age" },
	{ "csinodes.storage.k8s.io", "Drivers:integer|Age", "%spec.drivers|@age" },
	{ "storageclasses.storage.k8s.io",
		"Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age",
		"provisioner|reclaimPolicy?Delete|volumeBindingMode?Immediate|"
		"&allowVolumeExpansion|@age" },
	{ "volumeattachments.storage.k8s.io", "Attacher:string:name|PV|Node|Attached:boolean|Age",
		"spec.attacher|spec.source.persistentVolumeName|spec.nodeName|&status.attached|"
		"@age" },
	{ "runtimeclasses.node.k8s.io", "Handler|Age", "handler|@age" },
	{ "mutatingwebhookconfigurations.admissionregistration.k8s.io", "Webhooks:integer|Age",
		"%webhooks|@age" },
	{ "validatingwebhookconfigurations.admissionregistration.k8s.io", "Webhooks:integer|Age",
		"%webhooks|@age" },
	{ "validatingadmissionpolicies.admissionregistration.k8s.io",
		"Validations:integer|ParamKind|Age", "%spec.validations|@param-kind|@age" },
	{ "validatingadmissionpolicybindings.admissionregistration.k8s.io",
		"PolicyName|ParamRef|Age", "spec.policyName|@param|@age" },
	{ "customresourcedefinitions.apiextensions.k8s.io", KS_NO_COLUMNS,
		"metadata.creationTimestamp" },
	{ "priorityclasses.scheduling.k8s.io",
		"Value:integer|Global-Default:boolean|Age|PreemptionPolicy",
		"#value|&globalDefault|@age|preemptionPolicy" },
	{ "leases.coordination.k8s.io", "Holder|Age", "spec.holderIdentity|@age" },
	{ "endpointslices.discovery.k8s.io", "AddressType|Ports|Endpoints|Age",
		"addressType|@ports|@slices|@age" },
	{ "", "Age", "@age" },
};

static size_t kind_of(const struct ks_resource *resource)
{
	size_t i = 0;

	while (*kinds[i].resource && strcmp(kinds[i].resource, resource->full) != 0)
		i++;
	return i;
}

const char *ks_kind_columns(const struct ks_resource *resource)
{
	return kinds[kind_of(resource)].columns;
}

static void add_boolean(struct ks_row *row, const char *path, const char *none)
{
	bool value = mok_json_bool(row->object, path, strcmp(none, "true") == 0);

	cJSON_AddItemToArray(row->cells, cJSON_CreateBool(value));
}

static void add_size(struct ks_row *row, const char *path)
{
	cJSON_AddItemToArray(
		row->cells, cJSON_CreateNumber(cJSON_GetArraySize(mok_json_at(row->object, path))));
}

static void add_cell(struct ks_row *row, const char *cell)
{
	size_t len = strcspn(cell, "?");
	char kind = *cell;
	bool plain = !strchr("#%&,!@", kind);
	const char *path = mok_arena_strndup(row->r->arena, cell + !plain, len - !plain);
	const char *none = cell[len] ? cell + len + 1 : "", *text;

	switch (kind) {
	case '#': ks_row_number(row, path); break;
	case '%': add_size(row, path); break;
	case '&': add_boolean(row, path, none); break;
	case '!': ks_row_since(row, path); break;
	case ',':
		text = ks_row_joined(row, path);
		ks_row_text(row, *text ? text : none);
		break;
	case '@':
		len = strcspn(path, " ");
		ks_row_named(row, mok_arena_strndup(row->r->arena, path, len),
			path + len + (path[len] == ' '));
		break;
	default: ks_row_path(row, path, none);
	}
}

void ks_kind_fill(struct ks_row *row)
{
	const char *cells = kinds[kind_of(row->r->resource)].cells;

	while (*cells) {
		size_t len = strcspn(cells, "|");

		add_cell(row, mok_arena_strndup(row->r->arena, cells, len));
		cells += len + (cells[len] == '|');
	}
}
