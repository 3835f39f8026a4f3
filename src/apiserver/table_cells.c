/* The cells of table_kinds.c that are more than what is at a path. */
#include "table.h"

#include <stdlib.h>

enum { SHOWN_MAX = 3 };

/* ---- texts one after the other ---- */

/* The first three, and how many more there are. */
struct few {
	struct ks_req *r;
	const char *text;
	int shown, count;
};

static void add_few(struct few *few, const char *text)
{
	if (few->count++ < SHOWN_MAX) {
		few->text = ks_printf(few->r, "%s%s%s", few->text, few->shown ? "," : "", text);
		few->shown++;
	}
}

static const char *few_text(const struct few *few, const char *none)
{
	if (!few->count)
		return none;
	return few->count > SHOWN_MAX
		? ks_printf(few->r, "%s + %d more...", few->text, few->count - SHOWN_MAX)
		: few->text;
}

static const char *append(struct ks_req *r, const char *text, const char *between, const char *more)
{
	return *text ? ks_printf(r, "%s%s%s", text, between, more) : more;
}

const char *ks_row_joined(struct ks_row *row, const char *path)
{
	const cJSON *one;
	const char *text = "";

	cJSON_ArrayForEach(one, mok_json_at(row->object, path)) if (cJSON_IsString(one)) text =
		append(row->r, text, ",", one->valuestring);
	return text;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *ks_row_addresses(struct ks_row *row)
{
	MOK_VEC(const char *) found = { NULL, 0, 0 };
	const cJSON *one;
	const char *text = "";

	cJSON_ArrayForEach(one, mok_json_at(row->object, "status.loadBalancer.ingress"))
	{
		const char *ip = ks_str(one, "ip");

		ip = *ip ? ip : ks_str(one, "hostname");
		if (*ip)
			mok_vec_push(row->r->arena, &found, ip);
	}
	if (found.len)
		qsort(found.items, found.len, sizeof(*found.items), by_text);
	for (size_t i = 0; i < found.len; i++)
		if (!i || strcmp(found.items[i], found.items[i - 1]) != 0)
			text = append(row->r, text, ",", found.items[i]);
	return text;
}

/* ---- selectors ---- */

struct requirement {
	const char *key, *text;
};

static int by_key(const void *a, const void *b)
{
	const struct requirement *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static const char *sorted_values(struct ks_req *r, const cJSON *list)
{
	MOK_VEC(const char *) found = { NULL, 0, 0 };
	const cJSON *one;
	const char *text = "";

	cJSON_ArrayForEach(one, list)
	{
		if (cJSON_IsString(one))
			mok_vec_push(r->arena, &found, one->valuestring);
	}
	if (found.len)
		qsort(found.items, found.len, sizeof(*found.items), by_text);
	for (size_t i = 0; i < found.len; i++)
		text = append(r, text, ",", found.items[i]);
	return text;
}

static const char *expression(struct ks_req *r, const cJSON *json)
{
	const char *key = ks_str(json, "key"), *word = ks_str(json, "operator");

	if (strcmp(word, "Exists") == 0)
		return key;
	if (strcmp(word, "DoesNotExist") == 0)
		return ks_printf(r, "!%s", key);
	return ks_printf(r, "%s %s (%s)", key, strcmp(word, "In") == 0 ? "in" : "notin",
		sorted_values(r, ks_at(json, "values")));
}

/* In the order of keys, as requirements are. */
void ks_row_selector(struct ks_row *row, const char *path)
{
	const cJSON *selector = mok_json_at(row->object, path), *one;
	MOK_VEC(struct requirement) found = { NULL, 0, 0 };
	struct requirement next;
	const char *text = "";

	cJSON_ArrayForEach(one, ks_at(selector, "matchLabels"))
	{
		next = (struct requirement){ one->string,
			ks_printf(row->r, "%s=%s", one->string,
				cJSON_IsString(one) ? one->valuestring : "") };
		mok_vec_push(row->r->arena, &found, next);
	}
	cJSON_ArrayForEach(one, ks_at(selector, "matchExpressions"))
	{
		next = (struct requirement){ ks_str(one, "key"), expression(row->r, one) };
		mok_vec_push(row->r->arena, &found, next);
	}
	if (found.len)
		qsort(found.items, found.len, sizeof(*found.items), by_key);
	for (size_t i = 0; i < found.len; i++)
		text = append(row->r, text, ",", found.items[i].text);
	ks_row_text(row, *text ? text : "<none>");
}

/* ---- volumes ---- */

static const char *modes_text(struct ks_row *row, const char *path)
{
	static const struct {
		const char *mode, *word;
	} words[] = { { "ReadWriteOnce", "RWO" }, { "ReadOnlyMany", "ROX" },
		{ "ReadWriteMany", "RWX" }, { "ReadWriteOncePod", "RWOP" } };
	const char *text = "";

	for (size_t i = 0; i < MOK_COUNT(words); i++) {
		const cJSON *one;
		bool has = false;

		cJSON_ArrayForEach(one, mok_json_at(row->object, path)) has |=
			mok_streq(cJSON_GetStringValue(one), words[i].mode);
		if (has)
			text = append(row->r, text, ",", words[i].word);
	}
	return text;
}

static void modes(struct ks_row *row, const char *path)
{
	ks_row_text(row, modes_text(row, path));
}

static bool is_bound(const struct ks_row *row)
{
	return *ks_str(row->object, "spec.volumeName");
}

static void bound(struct ks_row *row, const char *path)
{
	ks_row_text(row, is_bound(row) ? ks_str(row->object, path) : "");
}

static void bound_modes(struct ks_row *row, const char *path)
{
	(void)path;
	ks_row_text(row, is_bound(row) ? modes_text(row, "status.accessModes") : "");
}

static void phase(struct ks_row *row, const char *path)
{
	(void)path;
	ks_row_text(row,
		*ks_str(row->object, "metadata.deletionTimestamp")
			? "Terminating"
			: ks_str(row->object, "status.phase"));
}

static void claim(struct ks_row *row, const char *path)
{
	const cJSON *reference = mok_json_at(row->object, "spec.claimRef");

	(void)path;
	ks_row_text(row,
		reference ? ks_printf(row->r, "%s/%s", ks_str(reference, "namespace"),
				    ks_str(reference, "name"))
			  : "");
}

/* ---- quotas, budgets, autoscalers ---- */

static const char *share(struct ks_row *row, const char *name)
{
	const cJSON *status = ks_at(row->object, "status");
	const char *used = cJSON_GetStringValue(ks_at(ks_at(status, "used"), name));
	const char *hard = cJSON_GetStringValue(ks_at(ks_at(status, "hard"), name));

	return ks_printf(row->r, "%s: %s/%s", name, used ? used : "0", hard ? hard : "0");
}

static void quota(struct ks_row *row, bool limits)
{
	const cJSON *hard;
	MOK_VEC(const char *) names = { NULL, 0, 0 };
	const char *text = "";

	cJSON_ArrayForEach(hard, mok_json_at(row->object, "status.hard"))
	{
		if (mok_starts(hard->string, "limits.") == limits)
			mok_vec_push(row->r->arena, &names, hard->string);
	}
	if (names.len)
		qsort(names.items, names.len, sizeof(*names.items), by_text);
	for (size_t i = 0; i < names.len; i++)
		text = append(row->r, text, ", ", share(row, names.items[i]));
	ks_row_text(row, text);
}

static void requests(struct ks_row *row, const char *path)
{
	(void)path;
	quota(row, false);
}

static void limits(struct ks_row *row, const char *path)
{
	(void)path;
	quota(row, true);
}

static const char *amount_text(struct ks_req *r, const cJSON *value, const char *none)
{
	if (cJSON_IsString(value))
		return value->valuestring;
	return cJSON_IsNumber(value) ? ks_printf(r, "%.0f", value->valuedouble) : none;
}

static void amount(struct ks_row *row, const char *path)
{
	ks_row_text(row, amount_text(row->r, mok_json_at(row->object, path), "N/A"));
}

static void minimum(struct ks_row *row, const char *path)
{
	(void)path;
	ks_row_text(
		row, amount_text(row->r, mok_json_at(row->object, "spec.minReplicas"), "<unset>"));
}

static void target(struct ks_row *row, const char *path)
{
	(void)path;
	ks_row_text(row,
		ks_printf(row->r, "%s/%s", ks_str(row->object, "spec.scaleTargetRef.kind"),
			ks_str(row->object, "spec.scaleTargetRef.name")));
}

/* One value of a metric: a quantity, or a part of what is asked for in percent. */
static const char *measure(
	struct ks_req *r, const cJSON *values, const char *member, const char *none)
{
	const cJSON *value = ks_at(values, member);

	if (strcmp(member, "averageUtilization") == 0 && cJSON_IsNumber(value))
		return ks_printf(r, "%.0f%%", value->valuedouble);
	return cJSON_IsString(value) ? value->valuestring : none;
}

static const char *metric(struct ks_req *r, const cJSON *spec, const cJSON *status)
{
	static const struct {
		const char *type, *member, *other;
		bool named, marked;
	} kinds[] = { { "Resource", "resource", "averageUtilization", true, false },
		{ "ContainerResource", "containerResource", "averageUtilization", true, false },
		{ "Pods", "pods", "averageValue", false, false },
		{ "Object", "object", "value", false, true },
		{ "External", "external", "value", false, true } };
	size_t i = 0;
	const cJSON *own, *wanted, *current;
	const char *member;
	bool average;

	while (i < MOK_COUNT(kinds) && strcmp(kinds[i].type, ks_str(spec, "type")) != 0)
		i++;
	if (i == MOK_COUNT(kinds))
		return "<unknown type>";
	own = ks_at(spec, kinds[i].member);
	wanted = ks_at(own, "target");
	current = ks_at(ks_at(status, kinds[i].member), "current");
	average = ks_at(wanted, "averageValue");
	member = average ? "averageValue" : kinds[i].other;
	return ks_printf(r, "%s%s%s/%s%s", kinds[i].named ? ks_str(own, "name") : "",
		kinds[i].named ? ": " : "", measure(r, current, member, "<unknown>"),
		measure(r, wanted, member, "<auto>"), kinds[i].marked && average ? " (avg)" : "");
}

static void metrics(struct ks_row *row, const char *path)
{
	const cJSON *specs = mok_json_at(row->object, "spec.metrics"), *spec;
	const cJSON *status = mok_json_at(row->object, "status.currentMetrics");
	const char *text = "";
	int n = cJSON_GetArraySize(specs), i = 0;

	(void)path;
	cJSON_ArrayForEach(spec, specs)
	{
		if (i < 2)
			text = append(row->r, text, ", ",
				metric(row->r, spec, cJSON_GetArrayItem(status, i)));
		i++;
	}
	if (n > 2)
		text = ks_printf(row->r, "%s + %d more...", text, n - 2);
	ks_row_text(row, n ? text : "<none>");
}

/* ---- network ---- */

static void hosts(struct ks_row *row, const char *path)
{
	const cJSON *rules = mok_json_at(row->object, "spec.rules"), *rule;
	const char *text = "";
	int shown = 0, n = cJSON_GetArraySize(rules);
	bool more = false;

	(void)path;
	cJSON_ArrayForEach(rule, rules)
	{
		more |= shown == SHOWN_MAX;
		if (!more && *ks_str(rule, "host")) {
			text = append(row->r, text, ",", ks_str(rule, "host"));
			shown++;
		}
	}
	if (more)
		text = ks_printf(row->r, "%s + %d more...", text, n - SHOWN_MAX);
	ks_row_text(row, shown ? text : "*");
}

static void addresses(struct ks_row *row, const char *path)
{
	(void)path;
	ks_row_text(row, ks_row_addresses(row));
}

static void tls(struct ks_row *row, const char *path)
{
	(void)path;
	ks_row_text(row, mok_json_at(row->object, "spec.tls.0") ? "80, 443" : "80");
}

static void parameters(struct ks_row *row, const char *path)
{
	const cJSON *p = mok_json_at(row->object, "spec.parameters");
	const char *group = ks_str(p, "apiGroup");

	(void)path;
	ks_row_text(row,
		p ? ks_printf(row->r, "%s%s%s/%s", ks_str(p, "kind"), *group ? "." : "", group,
			    ks_str(p, "name"))
		  : "<none>");
}

static void add_subset(struct few *few, const cJSON *subset, const cJSON *port)
{
	const cJSON *address;

	cJSON_ArrayForEach(address, ks_at(subset, "addresses"))
	{
		const char *ip = ks_str(address, "ip");
		bool six = strchr(ip, ':');

		add_few(few,
			port ? ks_printf(few->r, "%s%s%s:%lld", six ? "[" : "", ip, six ? "]" : "",
				       (long long)mok_json_int(port, "port", 0))
			     : ip);
	}
}

static void endpoints(struct ks_row *row, const char *path)
{
	const cJSON *subsets = ks_at(row->object, "subsets"), *subset, *port;
	struct few few = { row->r, "", 0, 0 };

	(void)path;
	cJSON_ArrayForEach(subset, subsets)
	{
		if (!mok_json_at(subset, "ports.0"))
			add_subset(&few, subset, NULL);
		cJSON_ArrayForEach(port, ks_at(subset, "ports")) add_subset(&few, subset, port);
	}
	ks_row_text(row, few_text(&few, cJSON_GetArraySize(subsets) ? "" : "<none>"));
}

static void ports(struct ks_row *row, const char *path)
{
	const cJSON *port;
	struct few few = { row->r, "", 0, 0 };

	(void)path;
	cJSON_ArrayForEach(port, ks_at(row->object, "ports"))
	{
		const char *name = mok_json_str(port, "name");

		add_few(&few, amount_text(row->r, ks_at(port, "port"), name ? name : "*"));
	}
	ks_row_text(row, few_text(&few, "<unset>"));
}

static void slices(struct ks_row *row, const char *path)
{
	const cJSON *endpoint, *address;
	struct few few = { row->r, "", 0, 0 };

	(void)path;
	cJSON_ArrayForEach(endpoint, ks_at(row->object, "endpoints"))
		cJSON_ArrayForEach(address, ks_at(endpoint, "addresses"))
			add_few(&few, cJSON_IsString(address) ? address->valuestring : "");
	ks_row_text(row, few_text(&few, "<unset>"));
}

/* ---- the rest ---- */

static void age(struct ks_row *row, const char *path)
{
	(void)path;
	ks_row_age(row);
}

static void role(struct ks_row *row, const char *path)
{
	(void)path;
	ks_row_text(row,
		ks_printf(row->r, "%s/%s", ks_str(row->object, "roleRef.kind"),
			ks_str(row->object, "roleRef.name")));
}

static void subjects(struct ks_row *row, const char *kind)
{
	bool account = strcmp(kind, "ServiceAccount") == 0;
	const cJSON *one;
	const char *text = "";

	cJSON_ArrayForEach(one, ks_at(row->object, "subjects"))
	{
		if (strcmp(ks_str(one, "kind"), kind) != 0)
			continue;
		text = append(row->r, text, ", ",
			account ? ks_printf(row->r, "%s/%s", ks_str(one, "namespace"),
					  ks_str(one, "name"))
				: ks_str(one, "name"));
	}
	ks_row_text(row, text);
}

static void service(struct ks_row *row, const char *path)
{
	const cJSON *reference = mok_json_at(row->object, "spec.service");

	(void)path;
	ks_row_text(row,
		reference ? ks_printf(row->r, "%s/%s", ks_str(reference, "namespace"),
				    ks_str(reference, "name"))
			  : "Local");
}

static void available(struct ks_row *row, const char *path)
{
	const cJSON *one;
	const char *text = "Unknown";

	(void)path;
	cJSON_ArrayForEach(one, mok_json_at(row->object, "status.conditions"))
	{
		const char *status = ks_str(one, "status"), *reason = ks_str(one, "reason");

		if (strcmp(ks_str(one, "type"), "Available") != 0)
			continue;
		text = strcmp(status, "True") == 0 || !*reason
			? status
			: ks_printf(row->r, "%s (%s)", status, reason);
	}
	ks_row_text(row, text);
}

/* "statefulset.apps/db" */
static void owner(struct ks_row *row, const char *path)
{
	const cJSON *one;
	const char *text = "<none>";

	(void)path;
	cJSON_ArrayForEach(one, mok_json_at(row->object, "metadata.ownerReferences"))
	{
		const char *version = ks_str(one, "apiVersion"), *slash = strchr(version, '/');

		if (!mok_json_bool(one, "controller", false))
			continue;
		text = ks_printf(row->r, "%s%s%.*s/%s", ks_row_lower(row->r, ks_str(one, "kind")),
			slash ? "." : "", slash ? (int)(slash - version) : 0, version,
			ks_str(one, "name"));
		break;
	}
	ks_row_text(row, text);
}

static void audiences(struct ks_row *row, const char *path)
{
	const cJSON *list = mok_json_at(row->object, "spec.tokenRequests"), *one;
	const char *text = "";

	(void)path;
	cJSON_ArrayForEach(one, list) text = append(row->r, text, ",", ks_str(one, "audience"));
	ks_row_text(row, list ? text : "<unset>");
}

static void param_kind(struct ks_row *row, const char *path)
{
	const cJSON *kind = mok_json_at(row->object, "spec.paramKind");

	(void)path;
	ks_row_text(row,
		kind ? ks_printf(row->r, "%s/%s", ks_str(kind, "apiVersion"), ks_str(kind, "kind"))
		     : "<unset>");
}

static void param(struct ks_row *row, const char *path)
{
	const cJSON *reference = mok_json_at(row->object, "spec.paramRef");
	const char *ns = ks_str(reference, "namespace"), *name = ks_str(reference, "name");

	(void)path;
	ks_row_text(row, *name ? ks_printf(row->r, "%s/%s", *ns ? ns : "*", name) : "<unset>");
}

static const struct {
	const char *name;
	void (*add)(struct ks_row *row, const char *path);
} cells[] = {
	{ "age", age },
	{ "addresses", addresses },
	{ "amount", amount },
	{ "audiences", audiences },
	{ "available", available },
	{ "bound", bound },
	{ "bound-modes", bound_modes },
	{ "claim", claim },
	{ "containers", ks_row_containers },
	{ "endpoints", endpoints },
	{ "hosts", hosts },
	{ "labels", ks_row_labels },
	{ "limits", limits },
	{ "metrics", metrics },
	{ "minimum", minimum },
	{ "modes", modes },
	{ "owner", owner },
	{ "param", param },
	{ "param-kind", param_kind },
	{ "parameters", parameters },
	{ "phase", phase },
	{ "ports", ports },
	{ "requests", requests },
	{ "role", role },
	{ "selector", ks_row_selector },
	{ "service", service },
	{ "slices", slices },
	{ "subjects", subjects },
	{ "target", target },
	{ "tls", tls },
};

void ks_row_named(struct ks_row *row, const char *name, const char *path)
{
	for (size_t i = 0; i < MOK_COUNT(cells); i++) {
		if (strcmp(cells[i].name, name) == 0) {
			cells[i].add(row, path);
			return;
		}
	}
	MOK_BUG("a cell that nobody adds");
}

void ks_row_name(struct ks_row *row)
{
	static const char *const notes[] = { "storageclass.kubernetes.io/is-default-class",
		"storageclass.beta.kubernetes.io/is-default-class",
		"ingressclass.kubernetes.io/is-default-class" };
	const char *full = row->r->resource->full, *name = ks_str(row->object, "metadata.name");
	const cJSON *given = mok_json_at(row->object, "metadata.annotations");

	for (size_t i = 0; i < MOK_COUNT(notes); i++) {
		bool of_kind = mok_starts(full, i < 2 ? "storageclasses." : "ingressclasses.");

		if (of_kind && mok_streq(cJSON_GetStringValue(ks_at(given, notes[i])), "true")) {
			ks_row_text(row, ks_printf(row->r, "%s (default)", name));
			return;
		}
	}
	ks_row_text(row, name);
}
