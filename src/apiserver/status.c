/* Answers: objects, and what went wrong as a Status (meta/v1). */
#include "apiserver_internal.h"

#include <stdarg.h>
#include <stdio.h>

void ks_reply(struct ks_req *r, int status, const cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json);

	if (!text || r->answered)
		MOK_BUG(text ? "a request that is answered twice" : "out of memory");
	r->answered = true;
	r->out->status = status;
	r->out->content_type = "application/json";
	mok_buf_puts(&r->out->body, text);
	mok_buf_putc(&r->out->body, '\n');
	cJSON_free(text);
}

cJSON *ks_details(const char *name, const char *group, const char *kind)
{
	cJSON *details = cJSON_CreateObject();

	if (name && *name)
		cJSON_AddStringToObject(details, "name", name);
	if (group && *group)
		cJSON_AddStringToObject(details, "group", group);
	if (kind && *kind)
		cJSON_AddStringToObject(details, "kind", kind);
	return details;
}

cJSON *mok_apiserver_failure(int code, const char *reason, const char *message, cJSON *details)
{
	cJSON *status = cJSON_CreateObject();

	cJSON_AddStringToObject(status, "kind", "Status");
	cJSON_AddStringToObject(status, "apiVersion", "v1");
	cJSON_AddObjectToObject(status, "metadata");
	cJSON_AddStringToObject(status, "status", "Failure");
	cJSON_AddStringToObject(status, "message", message);
	if (reason && *reason)
		cJSON_AddStringToObject(status, "reason", reason);
	if (details)
		cJSON_AddItemToObject(status, "details", details);
	cJSON_AddNumberToObject(status, "code", code);
	return status;
}

bool ks_fail_details(
	struct ks_req *r, int code, const char *reason, const char *message, cJSON *details)
{
	cJSON *status = mok_apiserver_failure(code, reason, message, details);

	if (!r->answered)
		ks_reply(r, code, status);
	cJSON_Delete(status);
	return false;
}

bool ks_fail(struct ks_req *r, int code, const char *reason, const char *fmt, ...)
{
	const char *message;
	va_list ap;

	va_start(ap, fmt);
	message = mok_arena_vprintf(r->arena, fmt, ap);
	va_end(ap);
	return ks_fail_details(r, code, reason, message, NULL);
}

bool ks_bad_request(struct ks_req *r, const char *fmt, ...)
{
	const char *message;
	va_list ap;

	va_start(ap, fmt);
	message = mok_arena_vprintf(r->arena, fmt, ap);
	va_end(ap);
	return ks_fail_details(r, 400, "BadRequest", message, NULL);
}

bool ks_forbidden(struct ks_req *r, const char *name, const char *why)
{
	return ks_fail_details(r, 403, "Forbidden",
		ks_printf(r, "%s \"%s\" is forbidden: %s", r->resource->full, name, why),
		ks_details(name, r->resource->group, r->resource->name));
}

bool ks_not_found(struct ks_req *r, const char *resource, const char *name)
{
	const char *dot = strchr(resource, '.');
	const char *kind = mok_arena_strndup(r->arena, resource, strcspn(resource, "."));

	return ks_fail_details(r, 404, "NotFound",
		ks_printf(r, "%s \"%s\" not found", resource, name),
		ks_details(name, dot ? dot + 1 : "", kind));
}

bool ks_conflict(struct ks_req *r, const char *name)
{
	return ks_fail_details(r, 409, "Conflict",
		ks_printf(r,
			"Operation cannot be fulfilled on %s \"%s\": the object has been modified; "
			"please apply your changes to the latest version and try again",
			r->resource->full, name),
		ks_details(name, r->resource->group, r->resource->name));
}

bool ks_exists(struct ks_req *r, const char *name)
{
	return ks_fail_details(r, 409, "AlreadyExists",
		ks_printf(r, "%s \"%s\" already exists", r->resource->full, name),
		ks_details(name, r->resource->group, r->resource->name));
}

bool ks_bad_field(
	struct ks_req *r, cJSON *details, const char *reason, const char *field, const char *text)
{
	cJSON *cause = cJSON_CreateObject();
	const char *group = ks_str(details, "group");

	cJSON_AddStringToObject(cause, "reason", reason);
	cJSON_AddStringToObject(cause, "message", text);
	cJSON_AddStringToObject(cause, "field", field);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(details, "causes"), cause);
	return ks_fail_details(r, 422, "Invalid",
		ks_printf(r, "%s%s%s \"\" is invalid: %s: %s", ks_str(details, "kind"),
			*group ? "." : "", group, field, text),
		details);
}

void ks_warn(struct ks_req *r, const char *text)
{
	struct mok_buf buf;

	mok_buf_init(&buf, 8192);
	mok_buf_puts(&buf, "299 - ");
	mok_buf_add_json(&buf, text);
	mok_vec_push(r->arena, &r->out->warnings, mok_arena_strdup(r->arena, buf.data));
	mok_buf_release(&buf);
}

/* ---- 422 ---- */

void ks_cause(struct ks_req *r, const char *reason, const char *field, const char *fmt, ...)
{
	cJSON *cause = ks_own(r, cJSON_CreateObject());
	const char *message;
	va_list ap;

	va_start(ap, fmt);
	message = mok_arena_vprintf(r->arena, fmt, ap);
	va_end(ap);
	cJSON_AddStringToObject(cause, "reason", reason);
	cJSON_AddStringToObject(cause, "message", message);
	cJSON_AddStringToObject(cause, "field", field);
	mok_vec_push(r->arena, &r->causes, cause);
}

/* The same cause twice is told once. */
static const char *causes_text(struct ks_req *r)
{
	struct mok_map *told = mok_map_new(r->arena);
	struct mok_buf text;
	const char *out;

	mok_buf_init(&text, 65536);
	for (size_t i = 0; i < r->causes.len; i++) {
		cJSON *cause = r->causes.items[i];
		const char *one =
			ks_printf(r, "%s: %s", ks_str(cause, "field"), ks_str(cause, "message"));

		if (!mok_map_get(told, one))
			mok_buf_printf(&text, "%s%s", mok_map_len(told) ? ", " : "", one);
		mok_map_put(told, one, cause);
	}
	out = mok_map_len(told) > 1 ? ks_printf(r, "[%s]", text.data)
				    : mok_arena_strdup(r->arena, text.data);
	mok_buf_release(&text);
	return out;
}

bool ks_invalid(struct ks_req *r, const char *name)
{
	/* Errors of events name the group that they are stored in. */
	const char *group = ks_event_is_later(r->resource) ? "" : r->resource->group;

	return ks_invalid_as(r, group, r->resource->kind, name);
}

bool ks_invalid_as(struct ks_req *r, const char *group, const char *kind, const char *name)
{
	cJSON *details, *causes;

	if (!r->causes.len)
		return true;
	details = ks_details(name, group, kind);
	causes = cJSON_AddArrayToObject(details, "causes");
	for (size_t i = 0; i < r->causes.len; i++)
		cJSON_AddItemToArray(causes, cJSON_Duplicate(r->causes.items[i], true));
	return ks_fail_details(r, 422, "Invalid",
		ks_printf(r, "%s%s%s \"%s\" is invalid: %s", kind, *group ? "." : "", group, name,
			causes_text(r)),
		details);
}
