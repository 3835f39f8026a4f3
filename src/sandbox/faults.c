/*
 * Faults, from a JSON file (docs/sandbox.md): a list of rules, each of which says which requests it
 * meets ("match") and what happens to them ("do", and "when": before or after the commit).
 */
#include "core_internal.h"

#include <fnmatch.h>
#include <string.h>

enum action {
	DO_DROP = 0,
	DO_HANG,
	DO_STATUS,
	DO_TRUNCATE,
	DO_UNKNOWN,
	DO_BURST,
	DO_HOURLY,
	DO_MILD,
	DO_NAMED,
	DO_CLUSTER
};

/* What a rule does, by name. Mild ones change the request's plan; named ones are the handlers';
 * those of clusters meet objects rather than requests. */
static const struct {
	const char *name;
	enum action action;
	bool after; /* when the rule does not say */
} actions[] = {
	{ "drop", DO_DROP, true },
	{ "hang", DO_HANG, true },
	{ "status", DO_STATUS, false },
	{ "truncate", DO_TRUNCATE, true },
	{ "unknown", DO_UNKNOWN, true },
	{ "burst_429", DO_BURST, false },
	{ "hourly_429", DO_HOURLY, false },
	{ "not_found", DO_STATUS, false },
	{ "delay", DO_MILD, false },
	{ "lag", DO_MILD, false },
	{ "list_lag", DO_MILD, false },
	{ "shift", DO_MILD, false },
	{ "stretch", DO_MILD, false },
	{ "blank_secrets", DO_NAMED, false },
	{ "delete_errors", DO_NAMED, false },
	{ "image_pull", DO_CLUSTER, false },
	{ "crash_loop", DO_CLUSTER, false },
	{ "not_ready", DO_CLUSTER, false },
	{ "job_fails", DO_CLUSTER, false },
	{ "quota", DO_CLUSTER, false },
	{ "webhook_down", DO_CLUSTER, false },
	{ "chart_missing", DO_CLUSTER, false },
	{ "undelegated", DO_CLUSTER, false },
	{ "disk_full", DO_CLUSTER, false },
	{ "connections_taken", DO_CLUSTER, false },
	{ "index_invalid", DO_CLUSTER, false },
	{ "queue_late", DO_CLUSTER, false },
	{ "jobs_die", DO_CLUSTER, false },
	{ "answers_fail", DO_CLUSTER, false },
	{ "answers_late", DO_CLUSTER, false },
	{ "requests_wait", DO_CLUSTER, false },
};

struct sb_fault_rule {
	const char *name, *method, *path, *field, *value;
	struct sb_fault_object object; /* patterns; NULL: any */
	enum action action;
	bool after;
	int64_t write, nth, every, times; /* 0: not said */
	double probability, factor;
	int64_t ms, number;
	int status;
	const cJSON *body, *headers;
	int64_t met, done;
};

struct sb_faults {
	struct mok_arena *arena;
	cJSON *json;
	MOK_VEC(struct sb_fault_rule) rules;
};

/* ---- reading the file ---- */

static double number_of(const cJSON *json, const char *key, double fallback)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

	return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

static int bad_rule(struct mok_err *err, int at, const char *what)
{
	mok_err_set(err, MOK_ERR_INPUT, "faults: rule %d: %s", at + 1, what);
	mok_err_hint(err, "docs/sandbox.md describes the file");
	return -1;
}

static int read_action(struct sb_fault_rule *rule, const cJSON *json, int at, struct mok_err *err)
{
	const char *when = mok_json_str(json, "when");

	rule->name = mok_json_str(json, "do");
	if (!rule->name)
		return bad_rule(err, at, "\"do\" is missing");
	for (size_t i = 0; i < MOK_COUNT(actions); i++) {
		if (strcmp(actions[i].name, rule->name) != 0)
			continue;
		rule->action = actions[i].action;
		rule->after = when ? mok_streq(when, "after") : actions[i].after;
		if (when && !rule->after && !mok_streq(when, "before"))
			return bad_rule(err, at, "\"when\" is before or after");
		return 0;
	}
	bad_rule(err, at, "there is no such fault");
	return mok_err_wrap(err, "\"do\": \"%.64s\"", rule->name);
}

static int read_rule(struct sb_faults *faults, const cJSON *json, int at, struct mok_err *err)
{
	struct sb_fault_rule rule = { 0 };
	const cJSON *match = cJSON_GetObjectItemCaseSensitive(json, "match");

	if (!cJSON_IsObject(json))
		return bad_rule(err, at, "a rule is an object");
	if (read_action(&rule, json, at, err) != 0)
		return -1;
	rule.method = mok_json_str(match, "method");
	rule.path = mok_json_str(match, "path");
	rule.object = (struct sb_fault_object){ mok_json_str(match, "kind"),
		mok_json_str(match, "namespace"), mok_json_str(match, "name") };
	rule.write = mok_json_int(match, "write", 0);
	rule.nth = mok_json_int(match, "nth", 0);
	rule.every = mok_json_int(match, "every", 0);
	rule.probability = number_of(match, "probability", 1);
	rule.times = mok_json_int(json, "times", 0);
	rule.ms = mok_json_int(json, "ms", 1000);
	rule.number = mok_json_int(json, "by", 1);
	rule.factor = number_of(json, "factor", 2);
	rule.status =
		(int)mok_json_int(json, "status", mok_streq(rule.name, "not_found") ? 404 : 500);
	rule.field = mok_json_str(json, "field");
	rule.value = mok_json_str(json, "value");
	rule.body = cJSON_GetObjectItemCaseSensitive(json, "body");
	rule.headers = cJSON_GetObjectItemCaseSensitive(json, "headers");
	if (rule.status < 100 || rule.status > 599)
		return bad_rule(err, at, "\"status\" is no HTTP status");
	mok_vec_push(faults->arena, &faults->rules, rule);
	return 0;
}

static int read_rules(struct sb_faults *faults, const char *text, struct mok_err *err)
{
	const cJSON *list, *item;
	int at = 0;

	faults->json = mok_json_parse(text, strlen(text));
	list = cJSON_IsArray(faults->json) ? faults->json : mok_json_at(faults->json, "rules");
	if (!cJSON_IsArray(list))
		return mok_err_set(
			err, MOK_ERR_INPUT, "faults: this is not JSON with a list of rules");
	cJSON_ArrayForEach(item, list)
	{
		if (read_rule(faults, item, at++, err) != 0)
			return -1;
	}
	return 0;
}

struct sb_faults *sb_faults_new(const char *text, struct mok_err *err)
{
	struct mok_arena *arena = mok_arena_new();
	struct sb_faults *faults = MOK_NEW(arena, struct sb_faults);

	faults->arena = arena;
	if (!text || !*text || read_rules(faults, text, err) == 0)
		return faults;
	sb_faults_free(faults);
	return NULL;
}

void sb_faults_free(struct sb_faults *faults)
{
	if (!faults)
		return;
	cJSON_Delete(faults->json);
	mok_arena_free(faults->arena);
}

bool sb_faults_lag(const struct sb_faults *faults)
{
	for (size_t i = 0; i < faults->rules.len; i++)
		if (mok_ends(faults->rules.items[i].name, "lag"))
			return true;
	return false;
}

bool sb_faults_in_clusters(const struct sb_faults *faults)
{
	for (size_t i = 0; i < faults->rules.len; i++)
		if (faults->rules.items[i].action == DO_CLUSTER)
			return true;
	return false;
}

/* ---- which requests ---- */

static bool is_chosen(struct sb_ctx *ctx, struct sb_fault_rule *rule)
{
	if (rule->times && rule->done >= rule->times)
		return false;
	if (rule->probability < 1 &&
		(double)(mok_rng_next(&ctx->rng) >> 11) * 0x1p-53 >= rule->probability)
		return false;
	rule->done++;
	return true;
}

static bool is_met(struct sb_call *call, struct sb_fault_rule *rule)
{
	struct sb_ctx *ctx = &call->ctx;

	if (rule->action == DO_CLUSTER ||
		(rule->method && strcmp(rule->method, ctx->request->method) != 0) ||
		(rule->path && fnmatch(rule->path, ctx->path, 0) != 0) ||
		(rule->write && (!call->writes || ctx->core->writes != rule->write)))
		return false;
	rule->met++;
	if ((rule->nth && rule->met != rule->nth) || (rule->every && rule->met % rule->every != 0))
		return false;
	return is_chosen(ctx, rule);
}

static bool fits(const char *pattern, const char *text)
{
	return !pattern || fnmatch(pattern, text, 0) == 0;
}

static bool is_of(const struct sb_fault_rule *rule, const struct sb_fault_object *objects, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fits(rule->object.kind, objects[i].kind) &&
			fits(rule->object.ns, objects[i].ns) &&
			fits(rule->object.name, objects[i].name))
			return true;
	return false;
}

bool sb_fault_extent(struct sb_ctx *ctx, const char *name, const struct sb_fault_object *objects,
	size_t count, struct sb_fault_extent *out)
{
	struct sb_faults *faults = ctx->core->faults;

	for (size_t i = 0; i < faults->rules.len; i++) {
		struct sb_fault_rule *rule = &faults->rules.items[i];

		if (strcmp(rule->name, name) != 0 || !is_of(rule, objects, count) ||
			!is_chosen(ctx, rule))
			continue;
		*out = (struct sb_fault_extent){ .ms = rule->ms, .number = rule->number };
		return true;
	}
	return false;
}

bool sb_fault_in_cluster(
	struct sb_ctx *ctx, const char *name, const struct sb_fault_object *objects, size_t count)
{
	struct sb_fault_extent extent;

	return sb_fault_extent(ctx, name, objects, count, &extent);
}

static void add_mild(struct sb_call *call, const struct sb_fault_rule *rule)
{
	struct sb_fault_plan *plan = &call->fault;

	if (strcmp(rule->name, "delay") == 0)
		plan->delay_ms += rule->ms;
	else if (strcmp(rule->name, "lag") == 0)
		plan->lag_ms += rule->ms;
	else if (strcmp(rule->name, "list_lag") == 0)
		plan->list_lag_ms += rule->ms;
	else if (strcmp(rule->name, "shift") == 0)
		plan->shift += rule->number;
	else
		plan->stretch *= rule->factor;
}

void sb_faults_pick(struct sb_call *call)
{
	struct sb_faults *faults = call->ctx.core->faults;
	struct sb_fault_plan *plan = &call->fault;

	for (size_t i = 0; i < faults->rules.len; i++) {
		struct sb_fault_rule *rule = &faults->rules.items[i];

		if (!is_met(call, rule))
			continue;
		if (rule->action == DO_MILD)
			add_mild(call, rule);
		else if (rule->action == DO_NAMED)
			plan->names =
				mok_arena_printf(call->ctx.arena, "%s%s ", plan->names, rule->name);
		else if (rule->after && !plan->after)
			plan->after = rule;
		else if (!rule->after && !plan->before)
			plan->before = rule;
		plan->logged = rule->action == DO_MILD || rule->action == DO_NAMED
			? mok_arena_strdup(call->ctx.arena, rule->name)
			: mok_arena_printf(call->ctx.arena, "%s-%s", rule->name,
				  rule->after ? "after" : "before");
	}
	call->ctx.out->delay_ms = plan->delay_ms;
}

bool sb_fault(const struct sb_ctx *ctx, const char *name)
{
	const char *names = sb_call_of(ctx)->fault.names;
	size_t len = strlen(name);

	for (const char *p = names; (p = strstr(p, name)); p += len)
		if (p[-1] == ' ' && p[len] == ' ')
			return true;
	return false;
}

/* ---- what happens ---- */

static void answer_status(struct sb_call *call, const struct sb_fault_rule *rule)
{
	struct sb_ctx *ctx = &call->ctx;
	const cJSON *header;

	sb_reply_forget(call);
	cJSON_ArrayForEach(header, rule->headers)
	{
		if (cJSON_IsString(header))
			sb_header(ctx, header->string, header->valuestring);
	}
	if (cJSON_IsString(rule->body))
		sb_reply_bytes(ctx, rule->status, "text/html", rule->body->valuestring,
			strlen(rule->body->valuestring));
	else if (rule->body)
		sb_reply(ctx, rule->status, cJSON_Duplicate(rule->body, true));
	else if (rule->status == 404)
		sb_not_found(ctx);
	else
		sb_fail(ctx, rule->status, "Server was unable to give you a response.");
}

/* As an API that has grown since the client was written: members and values it does not know. */
static void make_unknown(cJSON *json, const struct sb_fault_rule *rule)
{
	const char *field = rule->field ? rule->field : "status";
	cJSON *item;

	cJSON_ArrayForEach(item, json)
	{
		if (cJSON_IsString(item) && mok_streq(item->string, field))
			cJSON_SetValuestring(item, rule->value ? rule->value : "reticulating");
		else if (cJSON_IsObject(item) || cJSON_IsArray(item))
			make_unknown(item, rule);
	}
	if (cJSON_IsObject(json))
		cJSON_AddItemToObject(json, "sandbox_unknown", cJSON_CreateObject());
}

static void answer_unknown(struct sb_call *call, const struct sb_fault_rule *rule)
{
	struct mok_buf *body = &call->ctx.out->body;
	cJSON *json = mok_json_parse(body->data, body->len);
	int status = call->ctx.out->status;

	if (!json)
		return;
	make_unknown(json, rule);
	sb_reply_forget(call);
	sb_reply(&call->ctx, status, json);
}

static void carry_out(struct sb_call *call, const struct sb_fault_rule *rule)
{
	struct mok_sandbox_response *out = call->ctx.out;

	switch (rule->action) {
	case DO_DROP: out->dropped = true; break;
	case DO_HANG: out->hung = true; break;
	case DO_STATUS: answer_status(call, rule); break;
	case DO_TRUNCATE:
		out->body.len /= 2;
		out->body.data[out->body.len] = '\0';
		break;
	case DO_UNKNOWN: answer_unknown(call, rule); break;
	case DO_BURST: sb_limits_refuse(call, true); break;
	case DO_HOURLY: sb_limits_refuse(call, false); break;
	case DO_MILD:
	case DO_NAMED:
	case DO_CLUSTER: break;
	}
}

bool sb_faults_before(struct sb_call *call)
{
	if (!call->fault.before)
		return false;
	carry_out(call, call->fault.before);
	return true;
}

void sb_faults_after(struct sb_call *call)
{
	if (call->fault.after && !call->fault.before)
		carry_out(call, call->fault.after);
}
