/* How the commands of Helm begin: values, charts, what is refused, records and objects. */
#include "helm_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- values, from the Secrets and ConfigMaps that the pod mounts ---- */

static const cJSON *named(const cJSON *list, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list) if (mok_streq(sb_get_str(one, "name"), name)) return one;
	return NULL;
}

static const char *read_volume(struct helm_run *run, const cJSON *volume, const char *key)
{
	struct sb_kube *k = run->k;
	const char *ns = sb_ctl_str(run->pod, "metadata.namespace");
	const char *secret = mok_json_str(volume, "secret.secretName");
	const char *map = mok_json_str(volume, "configMap.name");
	const cJSON *object;
	const char *text;

	if (!secret && !map)
		return NULL;
	object = sb_ctl_get(k,
		mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/%s/%s", ns,
			secret ? "secrets" : "configmaps", secret ? secret : map));
	text = sb_get_str(mok_json_at(object, "data"), key);
	return text && secret ? mok_unbase64(k->ctx->arena, text, NULL) : text;
}

/* What a path holds in the container; NULL: there is no such file. */
static const char *read_file(struct helm_run *run, const char *path)
{
	const cJSON *mount, *volume;

	cJSON_ArrayForEach(mount, sb_get(run->container, "volumeMounts"))
	{
		const char *at = sb_ctl_str(mount, "mountPath"),
			   *sub = sb_get_str(mount, "subPath");
		size_t len = strlen(at);

		volume = named(mok_json_at(run->pod, "spec.volumes"), sb_ctl_str(mount, "name"));
		if (sub && strcmp(at, path) == 0)
			return read_volume(run, volume, sub);
		if (mok_starts(path, at) && path[len] == '/' && !strchr(path + len + 1, '/'))
			return read_volume(run, volume, path + len + 1);
	}
	return NULL;
}

static void merge(cJSON *into, const cJSON *over)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, over)
	{
		cJSON *have = cJSON_GetObjectItemCaseSensitive(into, item->string);

		if (cJSON_IsObject(have) && cJSON_IsObject(item))
			merge(have, item);
		else
			mok_json_set(into, item->string, cJSON_Duplicate(item, true));
	}
}

/* NULL: it has failed. */
static cJSON *read_values(struct helm_run *run)
{
	struct sb_ctx *ctx = run->k->ctx;
	cJSON *all = sb_own(ctx, cJSON_CreateObject()), *one;

	for (size_t i = 0; i < run->args.values.len; i++) {
		const char *path = run->args.values.items[i], *text = read_file(run, path);

		if (!text) {
			helm_fail(run, "open %s: no such file or directory", path);
			return NULL;
		}
		one = sb_own(ctx, mok_apiserver_yaml(text, strlen(text)));
		if (!one && text[strspn(text, " \r\n\t")]) {
			helm_fail(run, "failed to parse %s: error converting YAML to JSON", path);
			return NULL;
		}
		merge(all, one);
	}
	return all;
}

/* ---- the chart ---- */

static const char *last_part(const char *reference)
{
	const char *slash = strrchr(reference, '/');

	return slash ? slash + 1 : reference;
}

static bool has_fault(struct helm_run *run, const char *chart)
{
	const struct sb_fault_object object = { "Chart", run->args.ns, chart };

	return sb_fault_in_cluster(run->k->ctx, "chart_missing", &object, 1);
}

/* False: it has failed. Of a chart that nobody here knows any version is there; of one that is
 * known too, since newer ones appear. */
static bool find_chart(struct helm_run *run, struct helm_chart *out)
{
	struct helm_args *args = &run->args;
	const char *name = last_part(args->chart), *app;

	if (!*args->repo && !mok_starts(args->chart, "oci://")) {
		helm_fail(run, "repo %.*s not found", (int)strcspn(args->chart, "/"), args->chart);
		return false;
	}
	if (has_fault(run, name)) {
		helm_fail(run, "chart \"%s\" version \"%s\" not found in %s repository", name,
			args->version, *args->repo ? args->repo : args->chart);
		return false;
	}
	out->name = name;
	out->about = helm_chart_about(run->k->ctx, args->repo, args->chart);
	app = sb_get_str(out->about, "app");
	out->version = *args->version ? args->version : "0.1.0";
	out->app_version = app ? app : out->version;
	out->values = read_values(run);
	return out->values != NULL;
}

/* ---- records ---- */

static cJSON *chart_of(const struct helm_chart *chart)
{
	cJSON *out = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(out, "metadata");

	sb_set_str(meta, "name", chart->name);
	sb_set_str(meta, "version", chart->version);
	sb_set_str(meta, "appVersion", chart->app_version);
	sb_set_str(meta, "apiVersion", "v2");
	sb_set_str(meta, "type", "application");
	sb_set_str(out, "lock", NULL);
	mok_json_set(out, "templates", cJSON_CreateArray());
	mok_json_set(out, "values",
		chart->about && sb_get(chart->about, "values")
			? cJSON_Duplicate(sb_get(chart->about, "values"), true)
			: cJSON_CreateObject());
	sb_set_str(out, "schema", NULL);
	mok_json_set(out, "files", cJSON_CreateArray());
	return out;
}

static cJSON *new_release(
	struct helm_run *run, int64_t revision, const char *status, const char *description)
{
	cJSON *release = sb_own(run->k->ctx, cJSON_CreateObject()), *info;
	const char *now = sb_time(run->k->ctx, run->k->ctx->now_ms);

	sb_set_str(release, "name", run->args.name);
	info = cJSON_AddObjectToObject(release, "info");
	sb_set_str(info, "first_deployed", now);
	sb_set_str(info, "last_deployed", now);
	sb_set_str(info, "description", description);
	sb_set_str(info, "status", status);
	sb_set_int(release, "version", revision);
	sb_set_str(release, "namespace", run->args.ns);
	sb_set_str(release, "apply_method", "ssa");
	return release;
}

static cJSON *labels_of(struct helm_run *run, const struct helm_record *before)
{
	static const char *const system[] = { "createdAt", "modifiedAt", "name", "owner", "status",
		"version" };
	cJSON *labels = sb_own(
		run->k->ctx, before ? cJSON_Duplicate(before->labels, true) : cJSON_CreateObject());

	for (size_t i = 0; i < MOK_COUNT(system); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(labels, system[i]);
	for (size_t i = 0; i < run->args.labels.len; i++) {
		const char *text = run->args.labels.items[i];

		while (*text) {
			size_t len = strcspn(text, ","), key = strcspn(text, "=");

			if (key < len)
				sb_set_str(labels, mok_arena_strndup(run->k->ctx->arena, text, key),
					mok_arena_strndup(
						run->k->ctx->arena, text + key + 1, len - key - 1));
			text += len + (text[len] == ',');
		}
	}
	return labels;
}

/* Room for one more: the oldest go, but never the one that is deployed. */
static void make_room(struct helm_run *run, const struct helm_records *records)
{
	const struct helm_record *deployed = helm_newest(records, "deployed");
	size_t left = records->len;

	if (run->args.history_max <= 0)
		return;
	for (size_t i = 0; i < records->len && left + 1 > (size_t)run->args.history_max; i++) {
		if (deployed && records->items[i].revision == deployed->revision)
			continue;
		helm_record_delete(run->k, run->args.ns, &records->items[i]);
		left--;
	}
}

static cJSON *manifest_of(struct helm_run *run, const struct helm_record *record)
{
	return sb_own(run->k->ctx, helm_manifest_read(sb_ctl_str(record->release, "manifest")));
}

/* ---- install and upgrade ---- */

struct change {
	struct helm_chart chart;
	struct helm_release release;
	struct helm_records records;
	cJSON *objects;
	const cJSON *before; /* the objects of the revision that is there; NULL: none */
};

static void add_namespace(struct helm_run *run)
{
	cJSON *ns = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(ns, "metadata");

	sb_set_str(ns, "apiVersion", "v1");
	sb_set_str(ns, "kind", "Namespace");
	sb_set_str(meta, "name", run->args.ns);
	sb_set_str(mok_json_object(meta, "labels"), "name", run->args.ns);
	if (sb_ctl_get(run->k,
		    mok_arena_printf(run->k->ctx->arena, "/api/v1/namespaces/%s", run->args.ns)))
		cJSON_Delete(ns);
	else
		sb_ctl_write(run->k, "helm", "APPLY",
			mok_arena_printf(run->k->ctx->arena,
				"/api/v1/namespaces/%s?fieldManager=helm", run->args.ns),
			ns);
}

/* What is new in this revision must be nobody's. */
static bool is_free(struct helm_run *run, const struct change *c)
{
	const char *foreign = run->args.take_ownership
		? NULL
		: helm_objects_foreign(run->k, &c->release, c->objects);

	if (foreign)
		helm_fail(run, "unable to continue with %s: %s", c->before ? "update" : "install",
			foreign);
	return !foreign;
}

static bool write_record(
	struct helm_run *run, struct change *c, const struct helm_record *last, bool installs)
{
	cJSON *release = new_release(run, c->release.revision,
		installs ? "pending-install" : "pending-upgrade",
		installs ? "Initial install underway" : "Preparing upgrade");
	char *text = helm_manifest_text(run->k->ctx, c->chart.name, c->objects);

	if (last && !installs)
		sb_set_str(mok_json_object(release, "info"), "first_deployed",
			sb_ctl_str(last->release, "info.first_deployed"));
	mok_json_set(release, "chart", chart_of(&c->chart));
	mok_json_set(release, "config", cJSON_Duplicate(c->chart.values, true));
	sb_set_str(release, "manifest", text);
	free(text);
	make_room(run, &c->records);
	if (helm_record_create(run->k, release, labels_of(run, last)))
		return true;
	helm_fail(run, "create: failed to create: namespaces \"%s\" not found", run->args.ns);
	return false;
}

/* What cannot be applied fails in the next step, where what is done is undone. */
static void put_objects(struct helm_run *run, const struct change *c)
{
	const char *wrong = helm_objects_apply(
		run->k, &c->release, c->before, c->objects, run->args.force_conflicts);

	if (wrong)
		sb_set_str(run->doc->json, "wrong", wrong);
	helm_enter(run, HELM_WAIT, c->release.revision, sb_ctl_later(run->k, run->args.timeout_ms));
}

static void install(struct helm_run *run, struct change *c, const struct helm_record *last)
{
	sb_set_bool(run->doc->json, "installs", true);
	if (strcmp(run->args.command, "upgrade") == 0)
		mok_buf_printf(run->log, "Release \"%s\" does not exist. Installing it now.\n",
			run->args.name);
	if (!find_chart(run, &c->chart))
		return;
	if (!run->args.skip_crds)
		helm_objects_crds(
			run->k, sb_own(run->k->ctx, helm_chart_crds(run->k->ctx, &c->chart)));
	c->objects = sb_own(run->k->ctx, helm_chart_objects(run->k->ctx, &c->chart, &c->release));
	if (!is_free(run, c))
		return;
	if (run->args.create_namespace)
		add_namespace(run);
	if (write_record(run, c, last, true))
		put_objects(run, c);
}

static void upgrade(struct helm_run *run, struct change *c, const struct helm_record *last)
{
	const struct helm_record *deployed = helm_newest(&c->records, "deployed");

	if (mok_starts(last->status, "pending-")) {
		helm_fail(run, "another operation (install/upgrade/rollback) is in progress");
		return;
	}
	if (!find_chart(run, &c->chart))
		return;
	c->objects = sb_own(run->k->ctx, helm_chart_objects(run->k->ctx, &c->chart, &c->release));
	c->before = manifest_of(run, deployed ? deployed : last);
	if (is_free(run, c) && write_record(run, c, last, false))
		put_objects(run, c);
}

void helm_begin_upgrade(struct helm_run *run)
{
	bool plain_install = strcmp(run->args.command, "install") == 0;
	struct change c = { .records = helm_run_records(run) };
	const struct helm_record *last = helm_newest(&c.records, "");

	c.release = (struct helm_release){ run->args.name, run->args.ns,
		last ? last->revision + 1 : 1 };
	if (last && strcmp(last->status, "uninstalled") != 0 && plain_install)
		helm_fail(run, "cannot reuse a name that is still in use");
	else if (last && strcmp(last->status, "uninstalled") != 0)
		upgrade(run, &c, last);
	else if (plain_install || run->args.install)
		install(run, &c, last);
	else
		helm_fail(run, "\"%s\" has no deployed releases", run->args.name);
}

/* ---- rollback ---- */

static cJSON *release_like(
	struct helm_run *run, const struct helm_record *target, const struct helm_record *last)
{
	static const char *const kept[] = { "chart", "config", "manifest", "hooks" };
	cJSON *release = new_release(run, last->revision + 1, "pending-rollback",
		mok_arena_printf(
			run->k->ctx->arena, "Rollback to %lld", (long long)target->revision));
	cJSON *info = mok_json_object(release, "info");

	sb_set_str(info, "first_deployed", sb_ctl_str(last->release, "info.first_deployed"));
	sb_set_int(info, "rollback_revision", target->revision);
	sb_copy(release, target->release, kept, MOK_COUNT(kept));
	return release;
}

const char *helm_roll_back(struct helm_run *run, int64_t wanted, int64_t *out_revision)
{
	struct helm_records records = helm_run_records(run);
	const struct helm_record *last = helm_newest(&records, ""), *target;
	struct helm_release release = { run->args.name, run->args.ns, 0 };
	cJSON *json;

	if (!last)
		return "release: not found";
	if (!wanted)
		wanted = last->revision - 1;
	target = helm_find(&records, wanted);
	if (!target)
		return mok_arena_printf(
			run->k->ctx->arena, "release has no %lld version", (long long)wanted);
	*out_revision = release.revision = last->revision + 1;
	json = release_like(run, target, last);
	make_room(run, &records);
	helm_record_create(run->k, json, labels_of(run, target));
	return helm_objects_apply(run->k, &release, manifest_of(run, last),
		manifest_of(run, target), run->args.force_conflicts);
}

void helm_begin_rollback(struct helm_run *run)
{
	int64_t revision = 0;
	const char *wrong = helm_roll_back(run, run->args.revision, &revision);

	if (wrong && !revision) {
		helm_fail(run, "%s", wrong);
		return;
	}
	if (wrong)
		sb_set_str(run->doc->json, "wrong", wrong);
	helm_enter(run, HELM_WAIT, revision, sb_ctl_later(run->k, run->args.timeout_ms));
}

/* ---- uninstall ---- */

void helm_begin_uninstall(struct helm_run *run)
{
	struct helm_records records = helm_run_records(run);
	struct helm_record *last = helm_newest(&records, "");

	if (last) {
		helm_take_away(run, last);
		helm_enter(run, HELM_UNINSTALL, last->revision,
			sb_ctl_later(run->k, run->args.timeout_ms));
	} else if (run->args.ignore_not_found) {
		mok_buf_printf(run->log, "release \"%s\" uninstalled\n", run->args.name);
		run->over = true;
	} else {
		helm_fail(run, "uninstall: Release not loaded: %s: release: not found",
			run->args.name);
	}
}
