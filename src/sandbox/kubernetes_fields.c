#include "kubernetes.h"

#include <string.h>

static bool clock_time(const char *text)
{
	size_t len = strlen(text);

	return len == 5 && text[2] == ':' && strspn(text, "0123456789:") == 5 && text[0] <= '2' &&
		(text[0] < '2' || text[1] <= '3') && text[3] <= '5';
}

static const char *apply_maintenance(cJSON *cluster, const cJSON *body)
{
	static const char *const days[] = { "any", "monday", "tuesday", "wednesday", "thursday",
		"friday", "saturday", "sunday" };
	const cJSON *policy = sb_get(body, "maintenance_policy");
	const char *start = sb_get_word(policy, "start_time");
	const char *day = sb_get_word(policy, "day");
	cJSON *own = cJSON_GetObjectItemCaseSensitive(cluster, "maintenance_policy");
	bool known = !day;

	if (!policy)
		return NULL;
	if (start && !clock_time(start))
		return "invalid maintenance policy start_time: must be in the format HH:MM";
	for (size_t i = 0; day && i < MOK_COUNT(days); i++)
		known = known || strcmp(days[i], day) == 0;
	if (!known)
		return "invalid maintenance policy day";
	if (start)
		sb_set_str(own, "start_time", start);
	if (day)
		sb_set_str(own, "day", day);
	return NULL;
}

static const char *apply_firewall(struct mok_arena *arena, cJSON *cluster, const cJSON *body)
{
	const cJSON *wanted = sb_get(body, "control_plane_firewall");
	const cJSON *addresses = sb_get(wanted, "allowed_addresses");
	const cJSON *one;
	cJSON *own = cJSON_GetObjectItemCaseSensitive(cluster, "control_plane_firewall");

	if (!wanted)
		return NULL;
	if (addresses && !sb_is_string_list(addresses))
		return "control_plane_firewall.allowed_addresses must be a list of strings";
	cJSON_ArrayForEach(one, addresses) if (!sb_ipv4_valid(one->valuestring,
						       true)) return mok_arena_printf(arena,
		"invalid control plane firewall address: %s", one->valuestring);
	sb_set_bool(own, "enabled", sb_get_bool(wanted, "enabled", false));
	if (addresses)
		mok_json_set(own, "allowed_addresses", cJSON_Duplicate(addresses, true));
	return NULL;
}

/* An absent or null member leaves what is there; expanders [] unsets them. */
static const char *apply_autoscaler(cJSON *cluster, const cJSON *body)
{
	const cJSON *wanted = sb_get(body, "cluster_autoscaler_configuration");
	const cJSON *threshold = sb_get(wanted, "scale_down_utilization_threshold");
	const cJSON *expanders = sb_get(wanted, "expanders");
	const cJSON *one;
	const char *unneeded = sb_get_word(wanted, "scale_down_unneeded_time");
	cJSON *own;

	if (!wanted)
		return NULL;
	if (threshold &&
		(!cJSON_IsNumber(threshold) || threshold->valuedouble < 0 ||
			threshold->valuedouble > 1))
		return "scale_down_utilization_threshold must be between 0 and 1";
	if (expanders && !sb_is_string_list(expanders))
		return "expanders must be a list of strings";
	cJSON_ArrayForEach(one, expanders) if (strcmp(one->valuestring, "random") != 0 &&
		strcmp(one->valuestring, "priority") != 0 &&
		strcmp(one->valuestring, "least_waste") !=
			0) return "invalid expander: must be one of random, priority, least_waste";
	own = cJSON_GetObjectItemCaseSensitive(cluster, "cluster_autoscaler_configuration");
	if (!cJSON_IsObject(own)) {
		mok_json_set(cluster, "cluster_autoscaler_configuration", cJSON_CreateObject());
		own = cJSON_GetObjectItemCaseSensitive(cluster, "cluster_autoscaler_configuration");
	}
	if (threshold)
		mok_json_set(
			own, "scale_down_utilization_threshold", cJSON_Duplicate(threshold, true));
	if (unneeded)
		sb_set_str(own, "scale_down_unneeded_time", unneeded);
	if (expanders)
		mok_json_set(own, "expanders", cJSON_Duplicate(expanders, true));
	return NULL;
}

static const char *apply_sso(cJSON *cluster, const cJSON *body)
{
	static const char *const fields[] = { "enabled", "required", "issuer_url", "client_id" };
	const cJSON *sso = sb_get(body, "sso");
	cJSON *own;

	if (!sso)
		return NULL;
	if (sb_get_bool(sso, "enabled", false) &&
		(!sb_get_word(sso, "issuer_url") || !sb_get_word(sso, "client_id")))
		return "issuer_url and client_id are required when sso is enabled";
	if (sb_get_bool(sso, "required", false) && !sb_get_bool(sso, "enabled", false))
		return "sso can not be required unless it is enabled";
	own = cJSON_CreateObject();
	sb_set_bool(own, "enabled", false);
	sb_set_bool(own, "required", false);
	sb_copy(own, sso, fields, MOK_COUNT(fields));
	mok_json_set(cluster, "sso", own);
	return NULL;
}

static const char *apply_ha(cJSON *cluster, const cJSON *body)
{
	bool now = sb_get_bool(cluster, "ha", false);

	if (now && !sb_get_bool(body, "ha", true))
		return "high availability can not be disabled once it is enabled";
	sb_set_bool(cluster, "ha", sb_get_bool(body, "ha", now));
	return NULL;
}

static void apply_switches(cJSON *cluster, const cJSON *body)
{
	static const char *const flags[] = { "auto_upgrade", "surge_upgrade" };
	static const char *const plugins[] = { "routing_agent", "p2p_oci_registry_plugin",
		"amd_gpu_device_plugin", "amd_gpu_device_metrics_exporter_plugin",
		"nvidia_gpu_device_plugin", "rdma_shared_dev_plugin", "coredns_autoscaler" };

	for (size_t i = 0; i < MOK_COUNT(flags); i++)
		sb_set_bool(cluster, flags[i],
			sb_get_bool(body, flags[i], sb_get_bool(cluster, flags[i], false)));
	for (size_t i = 0; i < MOK_COUNT(plugins); i++) {
		bool before = sb_get_bool(sb_get(cluster, plugins[i]), "enabled", false);
		cJSON *plugin = cJSON_CreateObject();

		sb_set_bool(plugin, "enabled",
			sb_get_bool(sb_get(body, plugins[i]), "enabled", before));
		mok_json_set(cluster, plugins[i], plugin);
	}
}

void k8s_cluster_defaults(cJSON *cluster, unsigned hour, bool ha)
{
	cJSON *policy = cJSON_CreateObject();
	cJSON *firewall = cJSON_CreateObject();
	char start[6] = "00:00";

	start[0] = (char)('0' + hour % 24 / 10);
	start[1] = (char)('0' + hour % 24 % 10);
	sb_set_str(policy, "start_time", start);
	sb_set_str(policy, "duration", "4h0m0s");
	sb_set_str(policy, "day", "any");
	mok_json_set(cluster, "maintenance_policy", policy);
	sb_set_bool(firewall, "enabled", false);
	mok_json_set(firewall, "allowed_addresses", cJSON_CreateArray());
	mok_json_set(cluster, "control_plane_firewall", firewall);
	mok_json_set(cluster, "cluster_autoscaler_configuration", cJSON_CreateNull());
	mok_json_set(cluster, "tags", cJSON_CreateArray());
	mok_json_set(cluster, "registries", cJSON_CreateArray());
	sb_set_bool(cluster, "registry_enabled", false);
	sb_set_bool(cluster, "isolated_workers", false);
	sb_set_bool(cluster, "ha", ha);
}

const char *k8s_cluster_apply(struct mok_arena *arena, cJSON *cluster, const cJSON *body)
{
	const char *name = sb_get_word(body, "name");
	const char *why = NULL;

	if (name && !k8s_name_valid(name))
		return mok_arena_printf(arena, "invalid cluster name: %s", name);
	if (name)
		sb_set_str(cluster, "name", name);
	apply_switches(cluster, body);
	why = apply_maintenance(cluster, body);
	if (!why)
		why = apply_firewall(arena, cluster, body);
	if (!why)
		why = apply_autoscaler(cluster, body);
	if (!why)
		why = apply_sso(cluster, body);
	if (!why)
		why = apply_ha(cluster, body);
	if (!why)
		why = k8s_apply_tags(cluster, body);
	return why;
}
