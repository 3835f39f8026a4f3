#include "edge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Traefik ---- */

static const cJSON *args_of(const cJSON *deployment)
{
	return mok_json_at(deployment, "spec.template.spec.containers.0.args");
}

/* Traefik's options are not case-sensitive. */
static const char *option(const cJSON *deployment, const char *start, const char *end)
{
	size_t n = strlen(start), m = strlen(end);
	const cJSON *arg;

	cJSON_ArrayForEach(arg, args_of(deployment))
	{
		const char *text = cJSON_GetStringValue(arg);
		size_t len = text ? strcspn(text, "=") : 0;

		if (text && len >= n + m && strncasecmp(text, start, n) == 0 &&
			strncasecmp(text + len - m, end, m) == 0)
			return text[len] ? text + len + 1 : "true";
	}
	return NULL;
}

static bool is_traefik(struct sb_kube *k, const cJSON *deployment, const char *provider)
{
	const char *start = mok_arena_printf(k->ctx->arena, "--providers.%s", provider);
	const char *image = sb_ctl_str(deployment, "spec.template.spec.containers.0.image");

	return strstr(image, "traefik") && option(deployment, start, "") &&
		mok_json_int(deployment, "status.availableReplicas", 0) > 0;
}

static const cJSON *service_of(struct sb_kube *k, const cJSON *deployment)
{
	const cJSON *labels = mok_json_at(deployment, "spec.template.metadata.labels"), *service;
	const char *list = mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/services",
		sb_ctl_str(deployment, "metadata.namespace"));

	cJSON_ArrayForEach(service, sb_ctl_list(k, list))
	{
		cJSON *selector = sb_own(k->ctx, cJSON_CreateObject());
		const cJSON *spec = mok_json_at(service, "spec.selector");

		if (!spec || !spec->child)
			continue;
		mok_json_set(selector, "matchLabels", cJSON_Duplicate(spec, true));
		if (sb_ctl_selects(selector, labels))
			return service;
	}
	return NULL;
}

bool sb_traefik_find(struct sb_kube *k, const char *provider, struct sb_traefik *out)
{
	const cJSON *deployment;

	cJSON_ArrayForEach(deployment, sb_ctl_list(k, "/apis/apps/v1/deployments"))
	{
		if (!is_traefik(k, deployment, provider))
			continue;
		out->deployment = deployment;
		out->service = service_of(k, deployment);
		return true;
	}
	return false;
}

bool sb_traefik_listens(const struct sb_traefik *traefik, int64_t port)
{
	const cJSON *arg;

	cJSON_ArrayForEach(arg, args_of(traefik->deployment))
	{
		const char *text = cJSON_GetStringValue(arg), *colon;

		if (!text || strncasecmp(text, "--entrypoints.", 14) != 0 || !strchr(text, '='))
			continue;
		colon = strrchr(strchr(text, '='), ':');
		if (colon && !strstr(colon, "/udp") && strtol(colon + 1, NULL, 10) == port)
			return true;
	}
	return false;
}

/* ---- Gateway API ---- */

const char *sb_gateway_controller(struct sb_kube *k, const cJSON *gateway)
{
	const cJSON *class = sb_ctl_get(k,
		mok_arena_printf(k->ctx->arena, SB_GATEWAY_API "/gatewayclasses/%s",
			sb_ctl_str(gateway, "spec.gatewayClassName")));

	return sb_ctl_is_true(class, "Accepted") ? mok_json_str(class, "spec.controllerName")
						 : NULL;
}

bool sb_listener_admits(
	struct sb_kube *k, const cJSON *listener, const char *gateway_ns, const char *ns)
{
	const char *from = mok_json_str(listener, "allowedRoutes.namespaces.from");
	const cJSON *space;

	if (mok_streq(from, "All"))
		return true;
	if (!mok_streq(from, "Selector"))
		return strcmp(gateway_ns, ns) == 0;
	space = sb_ctl_get(k, mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s", ns));
	return sb_ctl_selects(mok_json_at(listener, "allowedRoutes.namespaces.selector"),
		mok_json_at(space, "metadata.labels"));
}

/* "*.example.com" stands for all names below. */
static bool overlap(const char *a, const char *b)
{
	if (mok_starts(a, "*.") && mok_ends(b, a + 1))
		return true;
	if (mok_starts(b, "*.") && mok_ends(a, b + 1))
		return true;
	return strcasecmp(a, b) == 0;
}

bool sb_listener_serves(const cJSON *listener, const cJSON *hostnames)
{
	const char *own = sb_get_word(listener, "hostname");
	const cJSON *name;

	if (!own || !hostnames || !hostnames->child)
		return true;
	cJSON_ArrayForEach(name, hostnames)
	{
		if (cJSON_IsString(name) && overlap(own, name->valuestring))
			return true;
	}
	return false;
}

void sb_edge_say(struct sb_kube *k, cJSON *conditions, const cJSON *before, int64_t generation,
	const struct sb_edge_condition *want)
{
	cJSON *one = cJSON_CreateObject();
	const char *since = sb_time(k->ctx, k->ctx->now_ms), *status = want->on ? "True" : "False";
	const cJSON *old;

	cJSON_ArrayForEach(old, before)
	{
		if (mok_streq(sb_get_str(old, "type"), want->type) &&
			mok_streq(sb_get_str(old, "status"), status))
			since = sb_ctl_str(old, "lastTransitionTime");
	}
	sb_set_str(one, "type", want->type);
	sb_set_str(one, "status", status);
	sb_set_int(one, "observedGeneration", generation);
	sb_set_str(one, "lastTransitionTime", since);
	sb_set_str(one, "reason", want->reason);
	sb_set_str(one, "message", want->message);
	cJSON_AddItemToArray(conditions, one);
}
