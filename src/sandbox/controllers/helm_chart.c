/*
 * Charts that are known, and what they make. A chart is a file in data/:
 *
 *   chart, repository, oci: which one it is;   app: its appVersion;   values: its defaults
 *   name_max: the longest that its names' first part gets
 *   crds: [...]       CRDs of its crds/ folder, as notes (helm_crd.c)
 *   labels: {...}     of every object
 *   objects: [...]    what it makes; { crd: {notes} } is a CRD among them
 *   dependencies: [ { chart, when, values } ]   subcharts, with the member that has their values
 *
 * In objects a string "${a.b}" is the value at that path (of any type; absent: so is the member),
 * "...${a.b}..." has its text; besides values there are release.{name,namespace}, chart.version,
 * chart.app and fullname. "$when": path leaves an object out unless the value is true ("!path":
 * if it is), { $when, $text } is a text with such a condition, and the members of "<<" are added
 * where they are not already.
 */
#include "data.h"
#include "helm.h"

#include <string.h>

static const struct sb_data *const charts[] = {
	&sb_data_argo_cd,
	&sb_data_cert_manager,
	&sb_data_eck_operator,
	&sb_data_keda,
	&sb_data_kube_prometheus_stack,
	&sb_data_metrics_server,
	&sb_data_robusta,
	&sb_data_traefik,
};

static bool same_place(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	while (n && a[n - 1] == '/')
		n--;
	while (m && b[m - 1] == '/')
		m--;
	return n == m && strncmp(a, b, n) == 0;
}

static bool is_chart(const cJSON *about, const char *repo, const char *chart)
{
	const char *home = sb_get_str(about, "repository");

	if (mok_starts(chart, "oci://"))
		return sb_list_has(sb_get(about, "oci"), chart);
	return mok_streq(sb_get_str(about, "chart"), chart) && home && same_place(home, repo);
}

const cJSON *helm_chart_about(struct sb_ctx *ctx, const char *repo, const char *chart)
{
	for (size_t i = 0; i < MOK_COUNT(charts); i++) {
		cJSON *about = sb_own(ctx, mok_apiserver_yaml(charts[i]->text, charts[i]->len));

		if (!about)
			MOK_BUG("a chart's file is no YAML");
		if (is_chart(about, repo, chart))
			return about;
	}
	return NULL;
}

/* ---- values ---- */

/* Helm's way: maps are merged, null takes a default away. */
static void merge_values(cJSON *into, const cJSON *over)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, over)
	{
		cJSON *have = cJSON_GetObjectItemCaseSensitive(into, item->string);

		if (cJSON_IsNull(item))
			cJSON_DeleteItemFromObjectCaseSensitive(into, item->string);
		else if (cJSON_IsObject(have) && cJSON_IsObject(item))
			merge_values(have, item);
		else
			mok_json_set(into, item->string, cJSON_Duplicate(item, true));
	}
}

static bool is_true(const cJSON *value)
{
	if (!value || cJSON_IsNull(value) || cJSON_IsFalse(value))
		return false;
	if (cJSON_IsString(value))
		return value->valuestring[0] != '\0';
	if (cJSON_IsNumber(value))
		return value->valueint != 0;
	return cJSON_IsTrue(value) || value->child;
}

static bool holds(const cJSON *scope, const char *path)
{
	if (!path)
		return true;
	return *path == '!' ? !is_true(mok_json_at(scope, path + 1))
			    : is_true(mok_json_at(scope, path));
}

/* The chart's name is left out where the release's has it already. */
static const char *full_name(
	struct sb_ctx *ctx, const cJSON *about, const cJSON *scope, const char *release)
{
	const char *chart = sb_get_word(scope, "nameOverride"), *name;

	if (!chart)
		chart = sb_get_str(about, "chart");
	name = strstr(release, chart) ? release
				      : mok_arena_printf(ctx->arena, "%s-%s", release, chart);
	return mok_arena_printf(ctx->arena, "%.*s", (int)sb_get_int(about, "name_max", 63), name);
}

static cJSON *scope_of(struct sb_ctx *ctx, const struct helm_chart *chart, const cJSON *given,
	const struct helm_release *release)
{
	const cJSON *defaults = sb_get(chart->about, "values");
	cJSON *scope =
		sb_own(ctx, defaults ? cJSON_Duplicate(defaults, true) : cJSON_CreateObject());
	const char *over;
	cJSON *part;

	merge_values(scope, given);
	part = mok_json_object(scope, "release");
	sb_set_str(part, "name", release->name);
	sb_set_str(part, "namespace", release->ns);
	part = mok_json_object(scope, "chart");
	sb_set_str(part, "version", chart->version);
	sb_set_str(part, "app", chart->app_version);
	over = sb_get_word(scope, "fullnameOverride");
	sb_set_str(scope, "fullname",
		over ? over : full_name(ctx, chart->about, scope, release->name));
	return scope;
}

/* ---- filling in ---- */

struct fill {
	struct sb_ctx *ctx;
	const cJSON *scope;
};

static cJSON *expand(const struct fill *f, const cJSON *node);

static void add_value(const struct fill *f, struct mok_buf *out, const char *path)
{
	const cJSON *value = mok_json_at(f->scope, path);
	const char *plain = cJSON_GetStringValue(value);
	char *text = value && !plain ? cJSON_PrintUnformatted(value) : NULL;

	if (plain)
		mok_buf_puts(out, plain);
	else if (text)
		mok_buf_puts(out, text);
	cJSON_free(text);
}

static cJSON *expand_text(const struct fill *f, const char *text)
{
	struct mok_buf out;
	cJSON *string;

	mok_buf_init(&out, (size_t)1 << 20);
	while (*text) {
		size_t plain = mok_starts(text, "${") ? 0 : strcspn(text, "$"), len;

		if (!mok_starts(text, "${")) {
			plain += text[plain] == '$' && text[plain + 1] != '{';
			mok_buf_add(&out, text, plain);
			text += plain;
			continue;
		}
		len = strcspn(text, "}");
		add_value(f, &out, mok_arena_strndup(f->ctx->arena, text + 2, len - 2));
		text += len + (text[len] == '}');
	}
	string = cJSON_CreateString(out.data);
	mok_buf_release(&out);
	return string;
}

/* NULL: the value is absent. */
static cJSON *expand_string(const struct fill *f, const char *text)
{
	size_t len = strlen(text);
	const cJSON *value;

	if (!mok_starts(text, "${") || strcspn(text, "}") != len - 1)
		return expand_text(f, text);
	value = mok_json_at(f->scope, mok_arena_strndup(f->ctx->arena, text + 2, len - 3));
	return value ? cJSON_Duplicate(value, true) : NULL;
}

static cJSON *expand_list(const struct fill *f, const cJSON *list)
{
	cJSON *out = cJSON_CreateArray(), *one;
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		one = expand(f, item);
		if (one)
			cJSON_AddItemToArray(out, one);
	}
	return out;
}

static void add_where_absent(cJSON *into, cJSON *more)
{
	while (more && more->child) {
		cJSON *item = cJSON_DetachItemViaPointer(more, more->child);

		if (cJSON_GetObjectItemCaseSensitive(into, item->string))
			cJSON_Delete(item);
		else
			cJSON_AddItemToObject(into, item->string, item);
	}
	cJSON_Delete(more);
}

static cJSON *expand_object(const struct fill *f, const cJSON *object)
{
	cJSON *out, *one;
	const cJSON *item;

	if (!holds(f->scope, sb_get_str(object, "$when")))
		return NULL;
	item = sb_get(object, "$text");
	if (item)
		return expand(f, item);
	out = cJSON_CreateObject();
	cJSON_ArrayForEach(item, object)
	{
		if (strcmp(item->string, "$when") == 0 || strcmp(item->string, "<<") == 0)
			continue;
		one = expand(f, item);
		if (one)
			cJSON_AddItemToObject(out, item->string, one);
	}
	item = sb_get(object, "<<");
	if (item)
		add_where_absent(out, expand(f, item));
	return out;
}

static cJSON *expand(const struct fill *f, const cJSON *node)
{
	if (cJSON_IsString(node))
		return expand_string(f, node->valuestring);
	if (cJSON_IsArray(node))
		return expand_list(f, node);
	return cJSON_IsObject(node) ? expand_object(f, node) : cJSON_Duplicate(node, true);
}

/* ---- objects ---- */

static bool has_namespace(const char *kind)
{
	static const char *const without[] = { "APIService", "ClusterIssuer", "ClusterRole",
		"ClusterRoleBinding", "CustomResourceDefinition", "GatewayClass", "IngressClass",
		"MutatingWebhookConfiguration", "Namespace", "PriorityClass",
		"ValidatingWebhookConfiguration" };

	for (size_t i = 0; i < MOK_COUNT(without); i++)
		if (strcmp(kind, without[i]) == 0)
			return false;
	return true;
}

/* What every object of a release carries. */
static void mark(const struct fill *f, cJSON *object, const cJSON *common)
{
	cJSON *meta = mok_json_object(object, "metadata"),
	      *labels = mok_json_object(meta, "labels");
	const char *kind = sb_get_str(object, "kind");
	cJSON *more = common ? expand(f, common) : NULL;

	add_where_absent(labels, more);
	if (kind && has_namespace(kind) && !sb_get_str(meta, "namespace"))
		sb_set_str(meta, "namespace", mok_json_str(f->scope, "release.namespace"));
}

static void add_objects(struct sb_ctx *ctx, const cJSON *about, const cJSON *scope, cJSON *out)
{
	const struct fill fill = { ctx, scope };
	const cJSON *item;

	cJSON_ArrayForEach(item, sb_get(about, "objects"))
	{
		cJSON *object = expand(&fill, item), *crd;
		const cJSON *notes = object ? sb_get(object, "crd") : NULL;

		if (!object || !object->child) {
			cJSON_Delete(object);
			continue;
		}
		if (notes) {
			crd = helm_crd(notes);
			cJSON_DeleteItemFromObjectCaseSensitive(object, "crd");
			merge_values(crd, object);
			cJSON_Delete(object);
			object = crd;
		}
		mark(&fill, object, sb_get(about, "labels"));
		cJSON_AddItemToArray(out, object);
	}
}

static const cJSON *about_named(struct sb_ctx *ctx, const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(charts); i++) {
		cJSON *about = sb_own(ctx, mok_apiserver_yaml(charts[i]->text, charts[i]->len));

		if (mok_streq(sb_get_str(about, "chart"), name))
			return about;
	}
	MOK_BUG("a chart depends on one that is not there");
}

/* The chart and those it brings along, subcharts first; each with the scope of its values. */
static void visit(struct sb_ctx *ctx, const struct helm_chart *chart,
	const struct helm_release *release,
	void (*each)(struct sb_ctx *ctx, const cJSON *about, const cJSON *scope, cJSON *out),
	cJSON *out)
{
	const cJSON *scope = scope_of(ctx, chart, chart->values, release), *item;

	cJSON_ArrayForEach(item, sb_get(chart->about, "dependencies"))
	{
		struct helm_chart sub = { .version = sb_get_str(item, "version") };
		const char *key = sb_get_str(item, "values");

		if (!holds(scope, sb_get_str(item, "when")))
			continue;
		sub.about = about_named(ctx, sb_get_str(item, "chart"));
		sub.app_version = sb_get_str(sub.about, "app");
		sub.values = sb_own(ctx, cJSON_Duplicate(sb_get(scope, key), true));
		each(ctx, sub.about, scope_of(ctx, &sub, sub.values, release), out);
	}
	each(ctx, chart->about, scope, out);
}

cJSON *helm_chart_objects(
	struct sb_ctx *ctx, const struct helm_chart *chart, const struct helm_release *release)
{
	cJSON *out = cJSON_CreateArray();

	if (chart->about)
		visit(ctx, chart, release, add_objects, out);
	return out;
}

static void add_crds(struct sb_ctx *ctx, const cJSON *about, const cJSON *scope, cJSON *out)
{
	const cJSON *notes;

	(void)ctx;
	(void)scope;
	cJSON_ArrayForEach(notes, sb_get(about, "crds")) cJSON_AddItemToArray(out, helm_crd(notes));
}

cJSON *helm_chart_crds(struct sb_ctx *ctx, const struct helm_chart *chart)
{
	const struct helm_release nobody = { "", "", 0 };
	cJSON *out = cJSON_CreateArray();

	if (chart->about)
		visit(ctx, chart, &nobody, add_crds, out);
	return out;
}
