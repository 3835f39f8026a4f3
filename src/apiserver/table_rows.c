/* What `kubectl get` shows of the kinds that need more than the paths of table_kinds.c. */
#include "table.h"

#include <math.h>

void ks_row_text(struct ks_row *row, const char *text)
{
	cJSON_AddItemToArray(row->cells, cJSON_CreateString(text));
}

/* Text at a path, or what stands for nothing. */
void ks_row_path(struct ks_row *row, const char *path, const char *none)
{
	const char *text = mok_json_str(row->object, path);

	ks_row_text(row, text && *text ? text : none);
}

void ks_row_number(struct ks_row *row, const char *path)
{
	cJSON_AddItemToArray(
		row->cells, cJSON_CreateNumber((double)mok_json_int(row->object, path, 0)));
}

const char *ks_row_duration(struct ks_req *r, int64_t ms)
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

void ks_row_since(struct ks_row *row, const char *path)
{
	int64_t then;

	if (mok_parse_time(ks_str(row->object, path), &then) != 0)
		ks_row_text(row, "<unknown>");
	else
		ks_row_text(row, ks_row_duration(row->r, row->r->now_ms - then));
}

void ks_row_age(struct ks_row *row)
{
	ks_row_since(row, "metadata.creationTimestamp");
}

static void add_ready(struct ks_row *row, const char *ready, const char *wanted)
{
	ks_row_text(row,
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

static void pod_row(struct ks_row *row)
{
	const cJSON *list = mok_json_at(row->object, "status.containerStatuses"), *status;
	int ready = 0, restarts = 0;
	int total = cJSON_GetArraySize(mok_json_at(row->object, "spec.containers"));

	cJSON_ArrayForEach(status, list)
	{
		ready += mok_json_bool(status, "ready", false);
		restarts += (int)mok_json_int(status, "restartCount", 0);
	}
	ks_row_text(row, ks_printf(row->r, "%d/%d", ready, total));
	ks_row_text(row, pod_status(row->object));
	ks_row_text(row, ks_printf(row->r, "%d", restarts));
	ks_row_age(row);
	ks_row_path(row, "status.podIP", "<none>");
	ks_row_path(row, "spec.nodeName", "<none>");
	ks_row_path(row, "status.nominatedNodeName", "<none>");
	ks_row_text(row, "<none>");
}

/* ---- workloads ---- */

void ks_row_containers(struct ks_row *row, const char *path)
{
	struct mok_buf names, images;
	const cJSON *container;

	mok_buf_init(&names, 8192);
	mok_buf_init(&images, 8192);
	cJSON_ArrayForEach(container, mok_json_at(row->object, path))
	{
		mok_buf_printf(&names, "%s%s", names.len ? "," : "", ks_str(container, "name"));
		mok_buf_printf(&images, "%s%s", images.len ? "," : "", ks_str(container, "image"));
	}
	ks_row_text(row, names.data);
	ks_row_text(row, images.data);
	mok_buf_release(&names);
	mok_buf_release(&images);
}

void ks_row_labels(struct ks_row *row, const char *path)
{
	struct mok_buf text;
	const cJSON *label;

	mok_buf_init(&text, 8192);
	cJSON_ArrayForEach(label, mok_json_at(row->object, path)) mok_buf_printf(
		&text, "%s%s=%s", text.len ? "," : "", label->string, cJSON_GetStringValue(label));
	ks_row_text(row, text.len ? text.data : "<none>");
	mok_buf_release(&text);
}

static void deployment_row(struct ks_row *row)
{
	add_ready(row, "status.readyReplicas", "spec.replicas");
	ks_row_number(row, "status.updatedReplicas");
	ks_row_number(row, "status.availableReplicas");
	ks_row_age(row);
	ks_row_containers(row, "spec.template.spec.containers");
	ks_row_selector(row, "spec.selector");
}

static void replica_set_row(struct ks_row *row)
{
	ks_row_number(row, "spec.replicas");
	ks_row_number(row, "status.replicas");
	ks_row_number(row, "status.readyReplicas");
	ks_row_age(row);
	ks_row_containers(row, "spec.template.spec.containers");
	ks_row_selector(row, "spec.selector");
}

static void stateful_set_row(struct ks_row *row)
{
	add_ready(row, "status.readyReplicas", "spec.replicas");
	ks_row_age(row);
	ks_row_containers(row, "spec.template.spec.containers");
}

static void daemon_set_row(struct ks_row *row)
{
	static const char *const counts[] = { "desiredNumberScheduled", "currentNumberScheduled",
		"numberReady", "updatedNumberScheduled", "numberAvailable" };

	for (size_t i = 0; i < MOK_COUNT(counts); i++)
		ks_row_number(row, ks_printf(row->r, "status.%s", counts[i]));
	ks_row_labels(row, "spec.template.spec.nodeSelector");
	ks_row_age(row);
	ks_row_containers(row, "spec.template.spec.containers");
	ks_row_selector(row, "spec.selector");
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

static void job_row(struct ks_row *row)
{
	int64_t from, to = row->r->now_ms;

	ks_row_text(row, job_status(row->object));
	add_ready(row, "status.succeeded", "spec.completions");
	if (mok_parse_time(ks_str(row->object, "status.completionTime"), &from) == 0)
		to = from;
	if (mok_parse_time(ks_str(row->object, "status.startTime"), &from) == 0)
		ks_row_text(row, ks_row_duration(row->r, to - from));
	else
		ks_row_text(row, "");
	ks_row_age(row);
	ks_row_containers(row, "spec.template.spec.containers");
	ks_row_selector(row, "spec.selector");
}

static void cron_job_row(struct ks_row *row)
{
	ks_row_path(row, "spec.schedule", "");
	ks_row_path(row, "spec.timeZone", "<none>");
	ks_row_text(row, mok_json_bool(row->object, "spec.suspend", false) ? "True" : "False");
	cJSON_AddItemToArray(row->cells,
		cJSON_CreateNumber(cJSON_GetArraySize(mok_json_at(row->object, "status.active"))));
	if (mok_json_str(row->object, "status.lastScheduleTime"))
		ks_row_since(row, "status.lastScheduleTime");
	else
		ks_row_text(row, "<none>");
	ks_row_age(row);
	ks_row_containers(row, "spec.jobTemplate.spec.template.spec.containers");
	ks_row_selector(row, "spec.jobTemplate.spec.selector");
}

/* ---- the rest ---- */

static void add_ports(struct ks_row *row)
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
	ks_row_text(row, text.len ? text.data : "<none>");
	mok_buf_release(&text);
}

static const char *external_address(struct ks_row *row)
{
	const char *type = ks_str(row->object, "spec.type");
	const char *own = ks_row_joined(row, "spec.externalIPs"), *given;

	if (strcmp(type, "ExternalName") == 0)
		return ks_str(row->object, "spec.externalName");
	if (strcmp(type, "LoadBalancer") != 0)
		return *own ? own : "<none>";
	given = ks_row_addresses(row);
	if (*own && *given)
		return ks_printf(row->r, "%s,%s", given, own);
	return *own ? own : *given ? given : "<pending>";
}

static void service_row(struct ks_row *row)
{
	ks_row_path(row, "spec.type", "");
	ks_row_path(row, "spec.clusterIP", "<none>");
	ks_row_text(row, external_address(row));
	add_ports(row);
	ks_row_age(row);
	ks_row_labels(row, "spec.selector");
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

static void node_row(struct ks_row *row)
{
	ks_row_text(row, node_status(row->r, row->object));
	ks_row_text(row, "<none>");
	ks_row_age(row);
	ks_row_path(row, "status.nodeInfo.kubeletVersion", "");
	ks_row_text(row, node_address(row->object, "InternalIP"));
	ks_row_text(row, node_address(row->object, "ExternalIP"));
	ks_row_path(row, "status.nodeInfo.osImage", "<unknown>");
	ks_row_path(row, "status.nodeInfo.kernelVersion", "<unknown>");
	ks_row_path(row, "status.nodeInfo.containerRuntimeVersion", "<unknown>");
}

static void namespace_row(struct ks_row *row)
{
	ks_row_path(row, "status.phase", "");
	ks_row_age(row);
}

static void count_row(struct ks_row *row)
{
	cJSON_AddItemToArray(
		row->cells, cJSON_CreateNumber(cJSON_GetArraySize(ks_at(row->object, "data"))));
	ks_row_age(row);
}

static void secret_row(struct ks_row *row)
{
	ks_row_path(row, "type", "");
	count_row(row);
}

const char *ks_row_lower(struct ks_req *r, const char *text)
{
	char *out = mok_arena_strdup(r->arena, text);

	for (char *p = out; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 32 : *p);
	return out;
}

static const char *trimmed(struct ks_req *r, const char *text)
{
	static const char blank[] = " \t\r\n";
	size_t len;

	text += strspn(text, blank);
	len = strlen(text);
	while (len && strchr(blank, text[len - 1]))
		len--;
	return mok_arena_strndup(r->arena, text, len);
}

/* "kubelet, node-1" */
static const char *source_of(struct ks_req *r, const cJSON *event)
{
	const char *host = ks_str(event, "source.host");
	const char *component = ks_str(event, "source.component");

	component = *component ? component : ks_str(event, "reportingComponent");
	host = *host ? host : ks_str(event, "reportingInstance");
	return *host ? ks_printf(r, "%s, %s", component, host) : component;
}

/* "pod/web" */
static const char *involved(struct ks_req *r, const cJSON *event)
{
	const char *kind = ks_row_lower(r, ks_str(event, "involvedObject.kind"));
	const char *name = ks_str(event, "involvedObject.name");

	return *name ? ks_printf(r, "%s/%s", kind, name) : kind;
}

static void event_row(struct ks_row *row)
{
	const cJSON *event = row->object;
	bool series = ks_at(event, "series");
	const char *first = *ks_str(event, "firstTimestamp") ? "firstTimestamp" : "eventTime";
	const char *last = *ks_str(event, "lastTimestamp") ? "lastTimestamp" : first;

	ks_row_since(row, series ? "series.lastObservedTime" : last);
	ks_row_path(row, "type", "");
	ks_row_path(row, "reason", "");
	ks_row_text(row, involved(row->r, event));
	ks_row_path(row, "involvedObject.fieldPath", "");
	ks_row_text(row, source_of(row->r, event));
	ks_row_text(row, trimmed(row->r, ks_str(event, "message")));
	ks_row_since(row, first);
	/* What happened once may not count. */
	cJSON_AddItemToArray(row->cells,
		cJSON_CreateNumber(series ? (double)mok_json_int(event, "series.count", 0)
					  : fmax((double)mok_json_int(event, "count", 0), 1)));
	ks_row_path(row, "metadata.name", "");
}

/* Columns after the name, between '|'; those after '*' are for -o wide. */
static const struct {
	const char *resource, *columns;
	void (*fill)(struct ks_row *row);
} tables[] = {
	{ "pods", "Ready|Status|Restarts|Age|*IP|*Node|*Nominated Node|*Readiness Gates", pod_row },
	{ "deployments.apps", "Ready|Up-to-date|Available|Age|*Containers|*Images|*Selector",
		deployment_row },
	{ "replicasets.apps",
		"Desired:integer|Current:integer|Ready:integer|Age|*Containers|*Images|*Selector",
		replica_set_row },
	{ "statefulsets.apps", "Ready|Age|*Containers|*Images", stateful_set_row },
	{ "daemonsets.apps",
		"Desired:integer|Current:integer|Ready:integer|Up-to-date:integer|Available:"
		"integer|Node Selector|Age|*Containers|*Images|"
		"*Selector",
		daemon_set_row },
	{ "jobs.batch", "Status|Completions|Duration|Age|*Containers|*Images|*Selector", job_row },
	{ "cronjobs.batch",
		"Schedule|Timezone|Suspend:boolean|Active:integer|Last Schedule|Age|*Containers|"
		"*Images|*Selector",
		cron_job_row },
	{ "services", "Type|Cluster-IP|External-IP|Port(s)|Age|*Selector", service_row },
	{ "nodes",
		"Status|Roles|Age|Version|*Internal-IP|*External-IP|*OS-Image|*Kernel-Version|"
		"*Container-Runtime",
		node_row },
	{ "namespaces", "Status|Age", namespace_row },
	{ "configmaps", "Data|Age", count_row },
	{ "secrets", "Type|Data|Age", secret_row },
	{ "events",
		"Last Seen|Type|Reason|Object|*Subobject|*Source|Message|*First "
		"Seen|*Count|*Name:string:name",
		event_row },
};

static size_t table_of(const struct ks_resource *res)
{
	size_t i = 0;

	while (i < MOK_COUNT(tables) && strcmp(tables[i].resource, res->stored) != 0)
		i++;
	return i;
}

const char *ks_row_columns(const struct ks_resource *resource)
{
	size_t i = table_of(resource);

	return i < MOK_COUNT(tables) ? tables[i].columns : ks_kind_columns(resource);
}

void ks_row_fill(struct ks_row *row)
{
	size_t i = table_of(row->r->resource);

	if (i < MOK_COUNT(tables))
		tables[i].fill(row);
	else
		ks_kind_fill(row);
}
