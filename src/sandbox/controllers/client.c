/* The API as controllers use it. */
#include "refusals.h"
#include "run.h"

#include <stdio.h>
#include <string.h>

/* ---- requests ---- */

static const char *type_of(const char *method)
{
	return strcmp(method, "APPLY") == 0    ? "application/apply-patch+yaml"
		: strcmp(method, "PATCH") == 0 ? "application/merge-patch+json"
					       : "application/json";
}

struct sb_ctl_answer sb_ctl_write(
	struct sb_kube *k, const char *agent, const char *method, const char *target, cJSON *body)
{
	struct mok_apiserver_store store = sb_kube_store(k);
	struct mok_apiserver_response response;
	struct sb_ctl_answer answer;
	char *text = body ? cJSON_PrintUnformatted(body) : NULL;
	struct mok_apiserver_request request = {
		.method = strcmp(method, "APPLY") == 0 ? "PATCH" : method,
		.target = target,
		.content_type = type_of(method),
		.user_agent = agent,
		.body = text,
		.body_len = text ? strlen(text) : 0,
		.authenticated = true,
		.now_ms = k->ctx->now_ms,
	};
	cJSON *json = sb_kube_refusal(k, method, target, body);

	if (json) {
		if (*k->at.resource)
			sb_ctl_again(k, sb_ctl_later(k, SB_REFUSED_RETRY_MS));
		cJSON_free(text);
		cJSON_Delete(body);
		return (struct sb_ctl_answer){ (int)mok_json_int(json, "code", 500),
			sb_own(k->ctx, json) };
	}
	mok_apiserver_response_init(&response);
	mok_apiserver_handle(sb_kube_server(k->ctx), &store, &request, &response);
	json = cJSON_ParseWithLength(response.body.data, response.body.len);
	answer.status = response.status;
	answer.json = sb_own(k->ctx, json ? json : cJSON_CreateObject());
	mok_apiserver_response_release(&response);
	cJSON_free(text);
	cJSON_Delete(body);
	return answer;
}

const cJSON *sb_ctl_get(struct sb_kube *k, const char *target)
{
	struct sb_ctl_answer answer = sb_ctl_write(k, "", "GET", target, NULL);

	return answer.status == 200 ? answer.json : NULL;
}

const cJSON *sb_ctl_list(struct sb_kube *k, const char *target)
{
	struct sb_ctl_answer answer = sb_ctl_write(k, "", "GET", target, NULL);
	const cJSON *items = cJSON_GetObjectItemCaseSensitive(answer.json, "items");

	return answer.status == 200 && items ? items : sb_own(k->ctx, cJSON_CreateArray());
}

/* ---- straight from the store ---- */

cJSON *sb_ctl_parse(struct sb_kube *k, const struct mok_apiserver_item *item)
{
	cJSON *object = sb_own(k->ctx, cJSON_ParseWithLength(item->text, item->len));
	char version[24];

	snprintf(version, sizeof(version), "%lld", (long long)item->version);
	sb_set_str(mok_json_object(object, "metadata"), "resourceVersion", version);
	return object;
}

struct sb_ctl_objects sb_ctl_children(struct sb_kube *k, const char *uid, const char *resource)
{
	MOK_VEC(cJSON *) found = { 0 };
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT o.resource, o.ns, o.name, o.version, o.json FROM kube_owner w"
		" JOIN kube_object o USING(cluster, resource, ns, name)"
		" WHERE w.cluster = ? AND w.owner = ? AND w.resource = ? ORDER BY o.name",
		"sss", k->cluster, uid, resource);

	while (sb_sql_row(k->ctx, stmt)) {
		struct mok_apiserver_item item = { .version = sqlite3_column_int64(stmt, 3) };
		cJSON *object;

		item.text = sb_sql_text(k->ctx, stmt, 4);
		item.len = strlen(item.text);
		object = sb_ctl_parse(k, &item);
		mok_vec_push(k->ctx->arena, &found, object);
	}
	return (struct sb_ctl_objects){ found.items, found.len };
}

/* A label as it stands in stored texts: most objects are seen not to match without being parsed. */
static const char *label_text(struct sb_kube *k, const cJSON *selector)
{
	const cJSON *labels = mok_json_at(selector, "matchLabels");
	const cJSON *label = labels ? labels->child : NULL;

	return label && cJSON_IsString(label) ? mok_arena_printf(k->ctx->arena, "\"%s\":\"%s\"",
							label->string, label->valuestring)
					      : "";
}

struct sb_ctl_objects sb_ctl_selected(
	struct sb_kube *k, const char *resource, const char *ns, const cJSON *selector)
{
	MOK_VEC(cJSON *) found = { 0 };
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT version, json FROM kube_object WHERE cluster = ? AND resource = ? AND ns = "
		"?"
		" AND instr(json, ?) ORDER BY name",
		"ssss", k->cluster, resource, ns, label_text(k, selector));

	while (sb_sql_row(k->ctx, stmt)) {
		struct mok_apiserver_item item = { .version = sqlite3_column_int64(stmt, 0) };
		cJSON *object;

		item.text = sb_sql_text(k->ctx, stmt, 1);
		item.len = strlen(item.text);
		object = sb_ctl_parse(k, &item);
		if (sb_ctl_selects(selector, mok_json_at(object, "metadata.labels")))
			mok_vec_push(k->ctx->arena, &found, object);
	}
	return (struct sb_ctl_objects){ found.items, found.len };
}

/* ---- objects ---- */

bool sb_ctl_runs(struct sb_kube *k, const char *image)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, sb_ctl_list(k, "/apis/apps/v1/deployments"))
	{
		if (strstr(sb_ctl_str(one, "spec.template.spec.containers.0.image"), image) &&
			mok_json_int(one, "status.availableReplicas", 0) > 0)
			return true;
	}
	return false;
}

const char *sb_ctl_path(struct sb_kube *k, const cJSON *object, const char *plural, const char *sub)
{
	const char *version = sb_ctl_str(object, "apiVersion");
	const char *ns = sb_ctl_str(object, "metadata.namespace");

	return mok_arena_printf(k->ctx->arena, "/%s/%s%s%s/%s/%s%s%s",
		strchr(version, '/') ? "apis" : "api", version, *ns ? "/namespaces/" : "", ns,
		plural, sb_ctl_str(object, "metadata.name"), sub ? "/" : "", sub ? sub : "");
}

bool sb_ctl_status(struct sb_kube *k, const char *agent, const cJSON *object, const char *plural,
	cJSON *status)
{
	const cJSON *have = cJSON_GetObjectItemCaseSensitive(object, "status");
	cJSON *copy;

	if (mok_json_equal(have, status)) {
		cJSON_Delete(status);
		return true;
	}
	copy = cJSON_Duplicate(object, true);
	mok_json_set(copy, "status", status);
	return sb_ctl_write(k, agent, "PUT", sb_ctl_path(k, object, plural, "status"), copy)
		       .status < 300;
}

void sb_ctl_own(cJSON *child, const cJSON *owner)
{
	cJSON *list = cJSON_CreateArray(), *one = cJSON_CreateObject();

	sb_set_str(one, "apiVersion", sb_ctl_str(owner, "apiVersion"));
	sb_set_str(one, "kind", sb_ctl_str(owner, "kind"));
	sb_set_str(one, "name", sb_ctl_str(owner, "metadata.name"));
	sb_set_str(one, "uid", sb_ctl_str(owner, "metadata.uid"));
	sb_set_bool(one, "controller", true);
	sb_set_bool(one, "blockOwnerDeletion", true);
	cJSON_AddItemToArray(list, one);
	mok_json_set(mok_json_object(child, "metadata"), "ownerReferences", list);
}

/* ---- Events ---- */

static cJSON *reference_to(const cJSON *object, const char *field)
{
	cJSON *one = cJSON_CreateObject();

	sb_set_str(one, "kind", sb_ctl_str(object, "kind"));
	sb_set_str(one, "apiVersion", sb_ctl_str(object, "apiVersion"));
	if (*sb_ctl_str(object, "metadata.namespace"))
		sb_set_str(one, "namespace", sb_ctl_str(object, "metadata.namespace"));
	sb_set_str(one, "name", sb_ctl_str(object, "metadata.name"));
	sb_set_str(one, "uid", sb_ctl_str(object, "metadata.uid"));
	sb_set_str(one, "resourceVersion", sb_ctl_str(object, "metadata.resourceVersion"));
	if (field)
		sb_set_str(one, "fieldPath", field);
	return one;
}

static cJSON *new_event(struct sb_kube *k, const cJSON *object, const struct sb_ctl_event *event,
	const char *name, const char *text)
{
	cJSON *json = cJSON_CreateObject();
	const char *time = sb_time(k->ctx, k->ctx->now_ms);

	sb_set_str(mok_json_object(json, "metadata"), "name", name);
	cJSON_AddItemToObject(json, "involvedObject", reference_to(object, event->field));
	sb_set_str(json, "reason", event->reason);
	sb_set_str(json, "message", text);
	sb_set_str(mok_json_object(json, "source"), "component", event->agent);
	sb_set_str(json, "reportingComponent", event->agent);
	sb_set_str(json, "firstTimestamp", time);
	sb_set_str(json, "lastTimestamp", time);
	sb_set_int(json, "count", 1);
	sb_set_str(json, "type", event->type);
	return json;
}

static cJSON *counted_up(struct sb_kube *k, const cJSON *have)
{
	cJSON *patch = cJSON_CreateObject();

	sb_set_int(patch, "count", mok_json_int(have, "count", 1) + 1);
	sb_set_str(patch, "lastTimestamp", sb_time(k->ctx, k->ctx->now_ms));
	return patch;
}

void sb_ctl_tell(struct sb_kube *k, const cJSON *object, const struct sb_ctl_event *event,
	const char *fmt, ...)
{
	struct mok_arena *arena = k->ctx->arena;
	const char *ns = sb_ctl_str(object, "metadata.namespace"), *text, *seed, *name, *list;
	const cJSON *have;
	char hash[65];
	va_list ap;

	va_start(ap, fmt);
	text = mok_arena_vprintf(arena, fmt, ap);
	va_end(ap);
	seed = mok_arena_printf(arena, "%s %s %s %s", sb_ctl_str(object, "metadata.uid"),
		event->reason, event->field ? event->field : "", text);
	mok_sha256_hex(seed, strlen(seed), hash);
	name = mok_arena_printf(arena, "%s.%.16s", sb_ctl_str(object, "metadata.name"), hash);
	list = mok_arena_printf(arena, "/api/v1/namespaces/%s/events", *ns ? ns : "default");
	have = sb_ctl_get(k, mok_arena_printf(arena, "%s/%s", list, name));
	if (have)
		sb_ctl_write(k, event->agent, "PATCH", mok_arena_printf(arena, "%s/%s", list, name),
			counted_up(k, have));
	else
		sb_ctl_write(
			k, event->agent, "POST", list, new_event(k, object, event, name, text));
}
