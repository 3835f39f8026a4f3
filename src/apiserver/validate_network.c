/* Services, network policies and ingresses: what is refused. */
#include "validate.h"

#include <stdlib.h>

/* ---- services ---- */

static void check_target_port(struct ks_req *r, const cJSON *port, const char *path)
{
	const cJSON *target = ks_at(port, "targetPort");

	if (cJSON_IsString(target))
		ks_port_name(r, target->valuestring, path);
	else
		ks_port(r, target, path);
}

static void check_ports(struct ks_req *r, const cJSON *ports)
{
	int i = 0, count = cJSON_GetArraySize(ports);
	const cJSON *port, *other;

	cJSON_ArrayForEach(port, ports)
	{
		const char *at = ks_printf(r, "spec.ports[%d]", i++), *name = ks_str(port, "name");
		const char *at_name = ks_below(r, at, "name");

		if (count > 1 && !*name)
			ks_want(r, at_name, NULL);
		else if (*name)
			ks_label_name(r, name, at_name);
		for (other = ports->child; *name && other != port; other = other->next)
			if (strcmp(ks_str(other, "name"), name) == 0)
				ks_twice(r, at_name, name);
		ks_port(r, ks_at(port, "port"), ks_below(r, at, "port"));
		ks_one_of(r, port, "protocol", at, "SCTP TCP UDP");
		check_target_port(r, port, ks_below(r, at, "targetPort"));
	}
}

void ks_check_service(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *spec = ks_at(object, "spec");
	const char *type = ks_str(spec, "type"), *ip = ks_str(spec, "clusterIP");
	bool external = strcmp(type, "ExternalName") == 0;

	if (!mok_json_at(spec, "ports.0") && !external && strcmp(ip, "None") != 0)
		ks_want(r, "spec.ports", NULL);
	if (mok_json_at(spec, "externalIPs.0"))
		ks_warn(r,
			"spec.externalIPs is deprecated and may no longer be implemented in "
			"some clusters");
	if (external && !*ks_str(spec, "externalName"))
		ks_want(r, "spec.externalName", NULL);
	check_ports(r, ks_at(spec, "ports"));
	ks_labels(r, ks_at(spec, "selector"), "spec.selector");
	ks_one_of(r, spec, "sessionAffinity", "spec", "ClientIP None");
	ks_one_of(r, spec, "type", "spec", "ClusterIP ExternalName LoadBalancer NodePort");
	if (before && !external && strcmp(ks_str(before, "spec.type"), "ExternalName") != 0 &&
		strcmp(ks_str(before, "spec.clusterIP"), ip) != 0)
		ks_bad(r, "spec.clusterIPs[0]", ks_at(spec, "clusterIPs"),
			"may not change once set");
}

/* ---- network policies ---- */

/* a.b.c.d/n, or anything with a colon, which is taken for IPv6. */
static bool is_cidr(const char *text)
{
	const char *slash = strchr(text, '/');
	int64_t bits, part;
	int dots = 0;

	if (!slash || !mok_parse_i64(slash + 1, &bits) || bits < 0)
		return false;
	if (memchr(text, ':', (size_t)(slash - text)))
		return bits <= 128;
	for (const char *s = text; s < slash; dots++) {
		char *end;

		part = strtol(s, &end, 10);
		if (end == s || part < 0 || part > 255)
			return false;
		s = end + (*end == '.');
		if (*end != '.' && end != slash)
			return false;
	}
	return dots == 4 && bits <= 32;
}

static void check_peers(struct ks_req *r, const cJSON *peers, const char *path)
{
	const cJSON *peer;
	int i = 0;

	cJSON_ArrayForEach(peer, peers)
	{
		const char *at = ks_printf(r, "%s[%d]", path, i++);
		const char *cidr = ks_str(peer, "ipBlock.cidr");

		if (!peer->child)
			ks_want(r, at, "must specify a peer");
		else if (ks_at(peer, "ipBlock") && !*cidr)
			ks_want(r, ks_below(r, at, "ipBlock.cidr"), NULL);
		else if (*cidr && !is_cidr(cidr))
			ks_bad_text(r, ks_below(r, at, "ipBlock.cidr"), cidr,
				"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
	}
}

static void check_policy_rules(
	struct ks_req *r, const cJSON *rules, const char *path, const char *peers)
{
	const cJSON *rule, *port;
	int i = 0;

	cJSON_ArrayForEach(rule, rules)
	{
		const char *at = ks_printf(r, "%s[%d]", path, i++);
		int j = 0;

		cJSON_ArrayForEach(port, ks_at(rule, "ports"))
		{
			const char *at_port = ks_printf(r, "%s.ports[%d]", at, j++);

			ks_one_of(r, port, "protocol", at_port, "SCTP TCP UDP");
			if (cJSON_IsNumber(ks_at(port, "port")))
				ks_port(r, ks_at(port, "port"), ks_below(r, at_port, "port"));
		}
		check_peers(r, ks_at(rule, peers), ks_below(r, at, peers));
	}
}

void ks_check_policy(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *spec = ks_at(object, "spec"), *type;
	int i = 0;

	(void)before;
	check_policy_rules(r, ks_at(spec, "ingress"), "spec.ingress", "from");
	check_policy_rules(r, ks_at(spec, "egress"), "spec.egress", "to");
	cJSON_ArrayForEach(type, ks_at(spec, "policyTypes"))
	{
		const char *name = cJSON_GetStringValue(type);

		if (!mok_streq(name, "Ingress") && !mok_streq(name, "Egress"))
			ks_cause(r, "FieldValueNotSupported",
				ks_printf(r, "spec.policyTypes[%d]", i),
				"Unsupported value: \"%s\": supported values: \"Ingress\", "
				"\"Egress\"",
				name ? name : "");
		i++;
	}
}

/* ---- ingresses ---- */

static void check_host(struct ks_req *r, const char *host, const char *path)
{
	if (!*host)
		return;
	if (!strchr(host, '*'))
		ks_subdomain(r, host, path);
	else if (!mok_starts(host, "*.") || strchr(host + 1, '*'))
		ks_bad_text(r, path, host,
			"a wildcard DNS-1123 subdomain must start with '*.', followed by a valid "
			"DNS "
			"subdomain, which must consist of lower case alphanumeric characters, '-' "
			"or "
			"'.' and end with an alphanumeric character (e.g. '*.example.com', regex "
			"used "
			"for validation is "
			"'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'"
			")");
}

static void check_backend(struct ks_req *r, const cJSON *backend, const char *path)
{
	const cJSON *service = ks_at(backend, "service");

	if (!service && !ks_at(backend, "resource")) {
		ks_want(r, path, "must specify either `service` or `resource`");
		return;
	}
	if (!service)
		return;
	if (!*ks_str(service, "name"))
		ks_want(r, ks_below(r, path, "service.name"), NULL);
	if (!*ks_str(service, "port.name") && !mok_json_int(service, "port.number", 0))
		ks_want(r, path, "port name or number is required");
}

static void check_paths(struct ks_req *r, const cJSON *paths, const char *path)
{
	const cJSON *one;
	int i = 0;

	cJSON_ArrayForEach(one, paths)
	{
		const char *at = ks_printf(r, "%s[%d]", path, i++), *where = ks_str(one, "path");

		if (!*ks_str(one, "pathType"))
			ks_want(r, ks_below(r, at, "pathType"), "pathType must be specified");
		if (*where != '/' &&
			(*where || strcmp(ks_str(one, "pathType"), "ImplementationSpecific") != 0))
			ks_bad_text(r, ks_below(r, at, "path"), where, "must be an absolute path");
		check_backend(r, ks_at(one, "backend"), ks_below(r, at, "backend"));
	}
}

void ks_check_ingress(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *spec = ks_at(object, "spec"), *rule;
	int i = 0;

	(void)before;
	if (!mok_json_at(spec, "rules.0") && !ks_at(spec, "defaultBackend"))
		ks_bad(r, "spec", NULL, "either `defaultBackend` or `rules` must be specified");
	if (ks_at(spec, "defaultBackend"))
		check_backend(r, ks_at(spec, "defaultBackend"), "spec.defaultBackend");
	cJSON_ArrayForEach(rule, ks_at(spec, "rules"))
	{
		const char *at = ks_printf(r, "spec.rules[%d]", i++);

		check_host(r, ks_str(rule, "host"), ks_below(r, at, "host"));
		check_paths(r, mok_json_at(rule, "http.paths"), ks_below(r, at, "http.paths"));
	}
}
