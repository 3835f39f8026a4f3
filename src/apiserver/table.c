/* Tables (meta/v1 Table): the columns that `kubectl get` shows. */
#include "apiserver_internal.h"

#include <stdio.h>
#include <stdlib.h>

bool ks_wants_table(const struct ks_req *r)
{
	return ks_accepts(r, "as=Table");
}

struct row {
	struct ks_req *r;
	const cJSON *object;
	cJSON *cells;
};

static void add_text(struct row *row, const char *text)
{
	cJSON_AddItemToArray(row->cells, cJSON_CreateString(text));
}

/* Text at a path, or what stands for nothing. */
static void add_path(struct row *row, const char *path, const char *none)
{
	const char *text = mok_json_str(row->object, path);

	add_text(row, text && *text ? text : none);
}

static void add_number(struct row *row, const char *path)
{
	cJSON_AddItemToArray(
		row->cells, cJSON_CreateNumber((double)mok_json_int(row->object, path, 0)));
}

static const char *duration(struct ks_req *r, int64_t ms)
{
	long long s = ms > 0 ? (long long)(ms / 1000) : 0;

	if (s < 120)
		return ks_printf(r, "%llds", s);
	if (s < 600)
		return s % 60 ? ks_printf(r, "%lldm%llds", s / 60, s % 60)
			      : ks_printf(r, "%lldm", s / 60);
	if (s < 3LL * 3600)
		return ks_printf(r, "%lldm", s / 60);
	if (s < 8LL * 3600)
		return s / 60 % 60 ? ks_printf(r, "%lldh%lldm", s / 3600, s / 60 % 60)
				   : ks_printf(r, "%lldh", s / 3600);
	if (s < 48LL * 3600)
		return ks_printf(r, "%lldh", s / 3600);
	return ks_printf(r, "%lldd", s / 86400);
}

static void add_since(struct row *row, const char *path)
{
	int64_t then;

	if (mok_parse_time(ks_str(row->object, path), &then) != 0)
		add_text(row, "<unknown>");
	else
		add_text(row, duration(row->r, row->r->now_ms - then));
}

static void add_age(struct row *row)
{
	add_since(row, "metadata.creationTimestamp");
}

static void add_ready(struct row *row, const char *ready, const char *wanted)
{
	add_text(row,
		ks_printf(row->r, "%lld/%lld", (long long)mok_json_int(row->object, ready, 0),
			(long long)mok_json_int(row->object, wanted, 0)));
}

/* ---- pods ---- */

static const char *pod_status(const cJSON *pod)
{
	const cJSON *container;
	const char *phase = ks_str(pod, "status.phase"),
		   *reason = mok_json_str(pod, "status.reason");

	if (reason && *reason)
		phase = reason;
	cJSON_ArrayForEach(container, mok_json_at(pod, "status.containerStatuses"))
	{
		const char *waiting = mok_json_str(container, "state.waiting.reason");
		const char *ended = mok_json_str(container, "state.terminated.reason");

		if (waiting && *waiting)
			phase = waiting;
		else if (ended && *ended)
			phase = ended;
	}
	return *ks_str(pod, "metadata.deletionTimestamp") ? "Terminating" : phase;
}

static void pod_row(struct row *row)
{
	const cJSON *list = mok_json_at(row->object, "status.containerStatuses"), *status;
	int ready = 0, restarts = 0;
	int total = cJSON_GetArraySize(mok_json_at(row->object, "spec.containers"));

	cJSON_ArrayForEach(status, list)
	{
		ready += mok_json_bool(status, "ready", false);
		restarts += (int)mok_json_int(status, "restartCount", 0);
	}
	add_text(row, ks_printf(row->r, "%d/%d", ready, total));
	add_text(row, pod_status(row->object));
	add_text(row, ks_printf(row->r, "%d", restarts));
	add_age(row);
	add_path(row, "status.podIP", "<none>");
	add_path(row, "spec.nodeName", "<none>");
	add_path(row, "status.nominatedNodeName", "<none>");
	add_text(row, "<none>");
}

/* ---- workloads ---- */

static void add_containers(struct row *row)
{
	struct mok_buf names, images;
	const cJSON *container;

	mok_buf_init(&names, 8192);
	mok_buf_init(&images, 8192);
	cJSON_ArrayForEach(container, mok_json_at(row->object, "spec.template.spec.containers"))
	{
		mok_buf_printf(&names, "%s%s", names.len ? "," : "", ks_str(container, "name"));
		mok_buf_printf(&images, "%s%s", images.len ? "," : "", ks_str(container, "image"));
	}
	add_text(row, names.data);
	add_text(row, images.data);
	mok_buf_release(&names);
	mok_buf_release(&images);
}

static void add_labels(struct row *row, const char *path)
{
	struct mok_buf text;
	const cJSON *label;

	mok_buf_init(&text, 8192);
	cJSON_ArrayForEach(label, mok_json_at(row->object, path)) mok_buf_printf(
		&text, "%s%s=%s", text.len ? "," : "", label->string, cJSON_GetStringValue(label));
	add_text(row, text.len ? text.data : "<none>");
	mok_buf_release(&text);
}

static void deployment_row(struct row *row)
{
	add_ready(row, "status.readyReplicas", "spec.replicas");
	add_number(row, "status.updatedReplicas");
	add_number(row, "status.availableReplicas");
	add_age(row);
	add_containers(row);
	add_labels(row, "spec.selector.matchLabels");
}

static void replica_set_row(struct row *row)
{
	add_number(row, "spec.replicas");
	add_number(row, "status.replicas");
	add_number(row, "status.readyReplicas");
	add_age(row);
	add_containers(row);
	add_labels(row, "spec.selector.matchLabels");
}

static void stateful_set_row(struct row *row)
{
	add_ready(row, "status.readyReplicas", "spec.replicas");
	add_age(row);
	add_containers(row);
}

static void daemon_set_row(struct row *row)
{
	static const char *const counts[] = { "desiredNumberScheduled", "currentNumberScheduled",
		"numberReady", "updatedNumberScheduled", "numberAvailable" };

	for (size_t i = 0; i < MOK_COUNT(counts); i++)
		add_number(row, ks_printf(row->r, "status.%s", counts[i]));
	add_labels(row, "spec.template.spec.nodeSelector");
	add_age(row);
	add_containers(row);
	add_labels(row, "spec.selector.matchLabels");
}

static const char *job_status(const cJSON *job)
{
	const cJSON *condition;

	cJSON_ArrayForEach(condition, mok_json_at(job, "status.conditions"))
	{
		const char *type = ks_str(condition, "type");

		if (strcmp(ks_str(condition, "status"), "True") != 0)
			continue;
		if (strcmp(type, "Complete") == 0 || strcmp(type, "Failed") == 0)
			return type;
	}
	return "Running";
}

static void job_row(struct row *row)
{
	int64_t from, to = row->r->now_ms;

	add_text(row, job_status(row->object));
	add_ready(row, "status.succeeded", "spec.completions");
	if (mok_parse_time(ks_str(row->object, "status.completionTime"), &from) == 0)
		to = from;
	if (mok_parse_time(ks_str(row->object, "status.startTime"), &from) == 0)
		add_text(row, duration(row->r, to - from));
	else
		add_text(row, "");
	add_age(row);
	add_containers(row);
	add_labels(row, "spec.selector.matchLabels");
}

static void cron_job_row(struct row *row)
{
	add_path(row, "spec.schedule", "");
	add_path(row, "spec.timeZone", "<none>");
	add_text(row, mok_json_bool(row->object, "spec.suspend", false) ? "True" : "False");
	cJSON_AddItemToArray(row->cells,
		cJSON_CreateNumber(cJSON_GetArraySize(mok_json_at(row->object, "status.active"))));
	if (mok_json_str(row->object, "status.lastScheduleTime"))
		add_since(row, "status.lastScheduleTime");
	else
		add_text(row, "<none>");
	add_age(row);
}

/* ---- the rest ---- */

static void add_ports(struct row *row)
{
	struct mok_buf text;
	const cJSON *port;

	mok_buf_init(&text, 8192);
	cJSON_ArrayForEach(port, mok_json_at(row->object, "spec.ports"))
	{
		long long node = (long long)mok_json_int(port, "nodePort", 0);

		mok_buf_printf(&text, "%s%lld", text.len ? "," : "",
			(long long)mok_json_int(port, "port", 0));
		if (node)
			mok_buf_printf(&text, ":%lld", node);
		mok_buf_printf(&text, "/%s", ks_str(port, "protocol"));
	}
	add_text(row, text.len ? text.data : "<none>");
	mok_buf_release(&text);
}

static void service_row(struct row *row)
{
	const char *type = ks_str(row->object, "spec.type"), *ip;

	ip = mok_json_str(row->object, "status.loadBalancer.ingress.0.ip");
	add_text(row, type);
	add_path(row, "spec.clusterIP", "None");
	add_text(row, ip ? ip : strcmp(type, "LoadBalancer") == 0 ? "<pending>" : "<none>");
	add_ports(row);
	add_age(row);
	add_labels(row, "spec.selector");
}

static const char *node_status(struct ks_req *r, const cJSON *node)
{
	const cJSON *condition;
	const char *ready = "Unknown";

	cJSON_ArrayForEach(condition,
		mok_json_at(node, "status.conditions")) if (strcmp(ks_str(condition, "type"),
								    "Ready") == 0) ready =
		strcmp(ks_str(condition, "status"), "True") == 0 ? "Ready" : "NotReady";
	return mok_json_bool(node, "spec.unschedulable", false)
		? ks_printf(r, "%s,SchedulingDisabled", ready)
		: ready;
}

static const char *node_address(const cJSON *node, const char *type)
{
	const cJSON *address;

	cJSON_ArrayForEach(address,
		mok_json_at(node, "status.addresses")) if (strcmp(ks_str(address, "type"), type) ==
		0) return ks_str(address, "address");
	return "<none>";
}

static void node_row(struct row *row)
{
	add_text(row, node_status(row->r, row->object));
	add_text(row, "<none>");
	add_age(row);
	add_path(row, "status.nodeInfo.kubeletVersion", "");
	add_text(row, node_address(row->object, "InternalIP"));
	add_text(row, node_address(row->object, "ExternalIP"));
	add_path(row, "status.nodeInfo.osImage", "<unknown>");
	add_path(row, "status.nodeInfo.kernelVersion", "<unknown>");
	add_path(row, "status.nodeInfo.containerRuntimeVersion", "<unknown>");
}

static void namespace_row(struct row *row)
{
	add_path(row, "status.phase", "");
	add_age(row);
}

static void count_row(struct row *row)
{
	cJSON_AddItemToArray(
		row->cells, cJSON_CreateNumber(cJSON_GetArraySize(ks_at(row->object, "data"))));
	add_age(row);
}

static void secret_row(struct row *row)
{
	add_path(row, "type", "");
	count_row(row);
}

static void event_row(struct row *row)
{
	add_since(row, "lastTimestamp");
	add_path(row, "type", "");
	add_path(row, "reason", "");
	add_text(row,
		ks_printf(row->r, "%s/%s", ks_str(row->object, "involvedObject.kind"),
			ks_str(row->object, "involvedObject.name")));
	add_path(row, "message", "");
}

static void claim_row(struct row *row)
{
	add_text(row,
		*ks_str(row->object, "metadata.deletionTimestamp")
			? "Terminating"
			: ks_str(row->object, "status.phase"));
	add_path(row, "spec.volumeName", "");
	add_path(row, "status.capacity.storage", "");
	add_path(row, "status.accessModes.0", "");
	add_path(row, "spec.storageClassName", "");
	add_age(row);
}

static void age_row(struct row *row)
{
	add_age(row);
}

static void created_row(struct row *row)
{
	add_path(row, "metadata.creationTimestamp", "");
}

/* Columns after the name, between '|'; those after '*' are for -o wide. */
static const struct {
	const char *resource, *columns;
	void (*fill)(struct row *row);
} tables[] = {
	{ "pods", "Ready|Status|Restarts|Age|*IP|*Node|*Nominated Node|*Readiness Gates", pod_row },
	{ "deployments.apps", "Ready|Up-to-date|Available|Age|*Containers|*Images|*Selector",
		deployment_row },
	{ "replicasets.apps", "Desired|Current|Ready|Age|*Containers|*Images|*Selector",
		replica_set_row },
	{ "statefulsets.apps", "Ready|Age|*Containers|*Images", stateful_set_row },
	{ "daemonsets.apps",
		"Desired|Current|Ready|Up-to-date|Available|Node Selector|Age|*Containers|*Images|"
		"*Selector",
		daemon_set_row },
	{ "jobs.batch", "Status|Completions|Duration|Age|*Containers|*Images|*Selector", job_row },
	{ "cronjobs.batch", "Schedule|Timezone|Suspend|Active|Last Schedule|Age", cron_job_row },
	{ "services", "Type|Cluster-IP|External-IP|Port(s)|Age|*Selector", service_row },
	{ "nodes",
		"Status|Roles|Age|Version|*Internal-IP|*External-IP|*OS-Image|*Kernel-Version|"
		"*Container-Runtime",
		node_row },
	{ "namespaces", "Status|Age", namespace_row },
	{ "configmaps", "Data|Age", count_row },
	{ "secrets", "Type|Data|Age", secret_row },
	{ "events", "Last Seen|Type|Reason|Object|Message", event_row },
	{ "persistentvolumeclaims", "Status|Volume|Capacity|Access Modes|StorageClass|Age",
		claim_row },
	{ "customresourcedefinitions.apiextensions.k8s.io", "Created At", created_row },
	{ "", "Age", age_row },
};

static cJSON *column(const char *name, const char *type, const char *format, int priority)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", name);
	cJSON_AddStringToObject(json, "type", type);
	cJSON_AddStringToObject(json, "format", format);
	cJSON_AddStringToObject(json, "description", "");
	cJSON_AddNumberToObject(json, "priority", priority);
	return json;
}

static size_t table_of(const struct ks_resource *res)
{
	size_t i = 0;

	while (*tables[i].resource && strcmp(tables[i].resource, res->full) != 0)
		i++;
	return i;
}

static void add_columns(struct ks_req *r, cJSON *list, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "|");
		bool wide = *text == '*';

		cJSON_AddItemToArray(list,
			column(mok_arena_strndup(r->arena, text + wide, len - wide), "string", "",
				wide));
		text += len + (text[len] == '|');
	}
}

/* ---- custom resources: additionalPrinterColumns ---- */

/* ".status.conditions[?(@.type=="Ready")].status" and plain paths, as printer columns use them. */
static const cJSON *json_path(struct ks_req *r, const cJSON *at, const char *path)
{
	while (at && *path) {
		size_t len;

		path += *path == '.';
		len = strcspn(path, ".[");
		if (len)
			at = ks_at(at, mok_arena_strndup(r->arena, path, len));
		path += len;
		if (mok_starts(path, "[?(@.")) {
			const char *name = path + 5, *equals = strstr(name, "==");
			const char *quote = equals ? equals + 3 : NULL, *end = strstr(path, ")]");
			const cJSON *item, *found = NULL;

			if (!quote || !end || end - quote < 1)
				return NULL;
			cJSON_ArrayForEach(item, at) if (!found &&
				mok_streq(mok_json_str(item,
						  mok_arena_strndup(
							  r->arena, name, (size_t)(equals - name))),
					mok_arena_strndup(r->arena, quote,
						(size_t)(end - quote - 1)))) found = item;
			at = found;
			path = end + 2;
		} else if (*path == '[') {
			at = cJSON_GetArrayItem(at, (int)strtol(path + 1, NULL, 10));
			path += strcspn(path, "]");
			path += *path == ']';
		}
	}
	return at;
}

static void custom_cell(struct row *row, const cJSON *definition)
{
	const cJSON *value = json_path(row->r, row->object, ks_str(definition, "jsonPath"));
	int64_t then;

	if (strcmp(ks_str(definition, "type"), "date") == 0) {
		if (cJSON_IsString(value) && mok_parse_time(value->valuestring, &then) == 0)
			add_text(row, duration(row->r, row->r->now_ms - then));
		else
			cJSON_AddItemToArray(row->cells, cJSON_CreateNull());
		return;
	}
	cJSON_AddItemToArray(row->cells, value ? cJSON_Duplicate(value, true) : cJSON_CreateNull());
}

static void fill_custom(struct row *row)
{
	const cJSON *definition;

	cJSON_ArrayForEach(definition, row->r->resource->columns) custom_cell(row, definition);
	if (!row->r->resource->columns)
		add_age(row);
}

static void custom_columns(const struct ks_resource *res, cJSON *list)
{
	const cJSON *definition;

	cJSON_ArrayForEach(definition, res->columns) cJSON_AddItemToArray(list,
		column(ks_str(definition, "name"), ks_str(definition, "type"),
			ks_str(definition, "format"),
			(int)mok_json_int(definition, "priority", 0)));
	if (!res->columns)
		cJSON_AddItemToArray(list, column("Age", "date", "", 0));
}

/* ---- the table ---- */

static cJSON *partial(struct ks_req *r, const cJSON *object)
{
	const char *include = ks_query(r, "includeObject");
	cJSON *out;

	if (include && strcmp(include, "None") == 0)
		return NULL;
	if (include && strcmp(include, "Object") == 0)
		return cJSON_Duplicate(object, true);
	out = cJSON_CreateObject();
	cJSON_AddStringToObject(out, "kind", "PartialObjectMetadata");
	cJSON_AddStringToObject(out, "apiVersion", "meta.k8s.io/v1");
	cJSON_AddItemToObject(out, "metadata", cJSON_Duplicate(ks_at(object, "metadata"), true));
	return out;
}

static cJSON *make_row(struct ks_req *r, const cJSON *object)
{
	struct row row = { r, object, cJSON_CreateArray() };
	cJSON *json = cJSON_CreateObject(), *part = partial(r, object);

	if (strcmp(r->resource->full, "events") != 0)
		add_path(&row, "metadata.name", "");
	if (r->resource->custom)
		fill_custom(&row);
	else
		tables[table_of(r->resource)].fill(&row);
	cJSON_AddItemToObject(json, "cells", row.cells);
	if (part)
		cJSON_AddItemToObject(json, "object", part);
	return json;
}

cJSON *ks_table(struct ks_req *r, const cJSON *objects, cJSON *list_meta)
{
	cJSON *table = ks_own(r, cJSON_CreateObject()), *list;
	const cJSON *object;

	cJSON_AddStringToObject(table, "kind", "Table");
	cJSON_AddStringToObject(table, "apiVersion", "meta.k8s.io/v1");
	cJSON_AddItemToObject(table, "metadata",
		list_meta ? cJSON_Duplicate(list_meta, true) : cJSON_CreateObject());
	if (!list_meta && objects->child)
		ks_set_str(ks_item(table, "metadata"), "resourceVersion",
			ks_str(objects->child, "metadata.resourceVersion"));
	list = cJSON_AddArrayToObject(table, "columnDefinitions");
	if (strcmp(r->resource->full, "events") != 0)
		cJSON_AddItemToArray(list, column("Name", "string", "name", 0));
	if (r->resource->custom)
		custom_columns(r->resource, list);
	else
		add_columns(r, list, tables[table_of(r->resource)].columns);
	list = cJSON_AddArrayToObject(table, "rows");
	cJSON_ArrayForEach(object, objects) cJSON_AddItemToArray(list, make_row(r, object));
	return table;
}
