/* Pod Security Admission, levels baseline and restricted, by the namespace's label.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
#include "apiserver_internal.h"

#include <stdlib.h>

struct review {
	struct ks_req *r;
	const cJSON *spec;
	struct mok_buf text; /* the violations, in the order of the real ones' names */
	int found;
};

static const char *const lists[] = { "initContainers", "containers" };

/* Names of the containers that fail, as `container "a"` or `containers "a", "b"`. */
struct culprits {
	struct mok_buf names;
	int count;
};

static void blame(struct culprits *c, const cJSON *container)
{
	mok_buf_printf(&c->names, "%s\"%s\"", c->count ? ", " : "", ks_str(container, "name"));
	c->count++;
}

static void gather(struct review *v, struct culprits *out,
	bool (*is_bad)(const cJSON *spec, const cJSON *container))
{
	const cJSON *container;

	mok_buf_init(&out->names, 8192);
	out->count = 0;
	for (size_t i = 0; i < MOK_COUNT(lists); i++)
		cJSON_ArrayForEach(
			container, ks_at(v->spec, lists[i])) if (is_bad(v->spec, container))
			blame(out, container);
}

static const char *who(struct review *v, const struct culprits *c)
{
	return ks_printf(v->r, "%s %s", c->count > 1 ? "containers" : "container", c->names.data);
}

static void violate(struct review *v, const char *what)
{
	mok_buf_printf(&v->text, "%s%s", v->found++ ? ", " : "", what);
}

static bool may_escalate(const cJSON *spec, const cJSON *c)
{
	(void)spec;
	return mok_json_bool(c, "securityContext.allowPrivilegeEscalation", true);
}

static bool keeps_capabilities(const cJSON *spec, const cJSON *c)
{
	const cJSON *one;

	(void)spec;
	cJSON_ArrayForEach(one, mok_json_at(c, "securityContext.capabilities.drop")) if (
		mok_streq(cJSON_GetStringValue(one), "ALL")) return false;
	return true;
}

static bool adds_capabilities(const cJSON *spec, const cJSON *c)
{
	const cJSON *one;

	(void)spec;
	cJSON_ArrayForEach(one, mok_json_at(c, "securityContext.capabilities.add")) if (
		!mok_streq(cJSON_GetStringValue(one), "NET_BIND_SERVICE")) return true;
	return false;
}

static bool may_be_root(const cJSON *spec, const cJSON *c)
{
	return !mok_json_bool(c, "securityContext.runAsNonRoot",
		mok_json_bool(spec, "securityContext.runAsNonRoot", false));
}

static bool lacks_seccomp(const cJSON *spec, const cJSON *c)
{
	const char *type = mok_json_str(c, "securityContext.seccompProfile.type");

	if (!type)
		type = mok_json_str(spec, "securityContext.seccompProfile.type");
	return !type || (strcmp(type, "RuntimeDefault") != 0 && strcmp(type, "Localhost") != 0);
}

static bool is_privileged(const cJSON *spec, const cJSON *c)
{
	(void)spec;
	return mok_json_bool(c, "securityContext.privileged", false);
}

struct rule {
	const char *level; /* the mildest at which it holds */
	bool (*is_bad)(const cJSON *spec, const cJSON *container);
	const char *title, *must;
};

static const struct rule rules[] = {
	{ "baseline", is_privileged, "privileged", "must not set securityContext.privileged=true" },
	{ "restricted", may_escalate, "allowPrivilegeEscalation != false",
		"must set securityContext.allowPrivilegeEscalation=false" },
	{ "restricted", keeps_capabilities, "unrestricted capabilities",
		"must set securityContext.capabilities.drop=[\"ALL\"]" },
	{ "restricted", adds_capabilities, "unrestricted capabilities",
		"must not include additional capabilities in securityContext.capabilities.add" },
	{ "restricted", may_be_root, "runAsNonRoot != true", NULL },
	{ "restricted", lacks_seccomp, "seccompProfile", NULL },
};

static void apply_rule(struct review *v, const struct rule *rule)
{
	struct culprits c;
	const char *must = rule->must;

	gather(v, &c, rule->is_bad);
	if (c.count && rule->is_bad == may_be_root)
		violate(v,
			ks_printf(v->r, "%s (pod or %s must set securityContext.runAsNonRoot=true)",
				rule->title, who(v, &c)));
	else if (c.count && rule->is_bad == lacks_seccomp)
		violate(v,
			ks_printf(v->r,
				"%s (pod or %s must set securityContext.seccompProfile.type to "
				"\"RuntimeDefault\" or \"Localhost\")",
				rule->title, who(v, &c)));
	else if (c.count)
		violate(v, ks_printf(v->r, "%s (%s %s)", rule->title, who(v, &c), must));
	mok_buf_release(&c.names);
}

static void check_host(struct review *v)
{
	static const char *const names[] = { "hostNetwork", "hostPID", "hostIPC" };
	struct mok_buf on;

	mok_buf_init(&on, 256);
	for (size_t i = 0; i < MOK_COUNT(names); i++)
		if (mok_json_bool(v->spec, names[i], false))
			mok_buf_printf(&on, "%s%s=true", on.len ? ", " : "", names[i]);
	if (on.len)
		violate(v, ks_printf(v->r, "host namespaces (%s)", on.data));
	mok_buf_release(&on);
}

static void check_volumes(struct review *v, bool restricted)
{
	static const char allowed[] = " name configMap csi downwardAPI emptyDir ephemeral "
				      "persistentVolumeClaim projected secret image ";
	const cJSON *volume, *source;

	cJSON_ArrayForEach(volume, ks_at(v->spec, "volumes"))
	{
		cJSON_ArrayForEach(source, volume)
		{
			const char *word = ks_printf(v->r, " %s ", source->string);

			if (strcmp(source->string, "hostPath") == 0 && !restricted)
				violate(v,
					ks_printf(v->r, "hostPath volumes (volume \"%s\")",
						ks_str(volume, "name")));
			else if (restricted && !strstr(allowed, word))
				violate(v,
					ks_printf(v->r,
						"restricted volume types (volume \"%s\" uses "
						"restricted volume type \"%s\")",
						ks_str(volume, "name"), source->string));
		}
	}
}

static void check_host_ports(struct review *v)
{
	const cJSON *container, *port;

	for (size_t i = 0; i < MOK_COUNT(lists); i++)
		cJSON_ArrayForEach(container, ks_at(v->spec, lists[i])) cJSON_ArrayForEach(port,
			ks_at(container, "ports")) if (mok_json_int(port, "hostPort", 0)) violate(v,
			ks_printf(v->r, "hostPort (container \"%s\" uses hostPort %lld)",
				ks_str(container, "name"),
				(long long)mok_json_int(port, "hostPort", 0)));
}

static const char *level_of(struct ks_req *r, const char *mode)
{
	const struct mok_apiserver_key key = { "namespaces", "", r->ns };
	const cJSON *ns = ks_load_key(r, &key);
	const cJSON *label = ks_at(mok_json_at(ns, "metadata.labels"),
		ks_printf(r, "pod-security.kubernetes.io/%s", mode));

	return cJSON_IsString(label) ? label->valuestring : "privileged";
}

static bool review(struct ks_req *r, const cJSON *spec, const char *level, struct review *out)
{
	bool restricted = strcmp(level, "restricted") == 0;

	*out = (struct review){ .r = r, .spec = spec };
	mok_buf_init(&out->text, 65536);
	if (!restricted && strcmp(level, "baseline") != 0)
		return true;
	check_host(out);
	if (!restricted)
		check_volumes(out, false);
	check_host_ports(out);
	for (size_t i = 0; i < MOK_COUNT(rules); i++) {
		/* What a container adds is told with what it keeps. */
		if (restricted || strcmp(rules[i].level, "baseline") == 0)
			apply_rule(out, &rules[i]);
		if (i == 3 && restricted)
			check_volumes(out, true);
	}
	return !out->found;
}

static const cJSON *pod_of(const struct ks_req *r, const cJSON *object)
{
	if (strcmp(r->resource->full, "pods") == 0)
		return ks_at(object, "spec");
	if (strcmp(r->resource->full, "cronjobs.batch") == 0)
		return mok_json_at(object, "spec.jobTemplate.spec.template.spec");
	return mok_json_at(object, "spec.template.spec");
}

/* What the level has against it, or NULL. */
static const char *violations(struct ks_req *r, const cJSON *spec, const char *level)
{
	struct review v;
	const char *text = NULL;

	if (!review(r, spec, level, &v))
		text = ks_printf(r, "PodSecurity \"%s:latest\": %s", level, v.text.data);
	mok_buf_release(&v.text);
	return text;
}

/* Pods are refused; of what makes pods, and at the level of warnings, only a warning is given. */
void ks_pod_security(struct ks_req *r, const cJSON *object)
{
	const cJSON *spec = r->resource->custom ? NULL : pod_of(r, object);
	const char *enforced, *warned, *text = NULL;

	if (!spec || !*r->ns)
		return;
	enforced = level_of(r, "enforce");
	if (strcmp(r->resource->full, "pods") == 0)
		text = violations(r, spec, enforced);
	if (text) {
		ks_forbidden(r, ks_str(object, "metadata.name"), ks_printf(r, "violates %s", text));
		return;
	}
	warned = level_of(r, "warn");
	text = violations(r, spec, strcmp(warned, "privileged") == 0 ? enforced : warned);
	if (text)
		ks_warn(r, ks_printf(r, "would violate %s", text));
}
