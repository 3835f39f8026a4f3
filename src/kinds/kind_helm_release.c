#include "helm.h"

#include "check_help.h"

#include <string.h>

static const struct mok_field fields[] = {
	{ .name = "cluster_id",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.norm = "lower",
		.doc = "The cluster that it lives in." },
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?",
		.max = 53,
		.doc = "The release's name." },
	{ .name = "namespace",
		.type = MOK_STR,
		.flags = MOK_F_REPLACES,
		.pattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
		.max = 63,
		.dflt = "default",
		.doc = "The namespace of the release and of most of its objects." },
	{ .name = "create_namespace",
		.type = MOK_BOOL,
		.flags = MOK_F_LOCAL,
		.dflt = "false",
		.doc = "Whether Helm makes the namespace where it is missing." },
	{ .name = "repository",
		.type = MOK_STR,
		.pattern = "https?://.+",
		.doc = "The address of the chart repository; none for a chart at `oci://` or at an "
		       "address of its own." },
	{ .name = "chart",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.pattern = "[^ -].*",
		.doc = "The chart's name in the repository, or `oci://...`." },
	{ .name = "version",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.pattern = "v?[0-9]+\\.[0-9]+\\.[0-9]+([-+][0-9A-Za-z.+-]+)?",
		.doc = "The chart's version, whole: a range would let the same file mean another "
		       "chart tomorrow." },
	{ .name = "values",
		.type = MOK_MAP,
		.flags = MOK_F_ANY | MOK_F_WHOLE,
		.doc = "What differs from the chart's own values." },
	{ .name = "wait",
		.type = MOK_BOOL,
		.flags = MOK_F_LOCAL,
		.dflt = "true",
		.doc = "Whether Helm waits until what the chart makes is ready, and rolls back if "
		       "it does not get ready." },
	{ .name = "timeout",
		.type = MOK_STR,
		.flags = MOK_F_LOCAL,
		.pattern = "[1-9][0-9]*[hms]([0-9]+m)?([0-9]+s)?",
		.dflt = "10m",
		.doc = "How long Helm waits for that." },
	{ .name = "image",
		.type = MOK_STR,
		.flags = MOK_F_LOCAL | MOK_F_IMAGE,
		.pattern = "[^ ]+",
		.dflt = "docker.io/alpine/helm:4.3.1",
		.doc = "The image that the Job runs: a Helm 4, as the command `helm`. By default "
		       "with the "
		       "digest that the tag has." },
	{ .name = "status",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "What Helm's record says: deployed, failed, pending-upgrade, ..." },
	{ .name = "revision",
		.type = MOK_INT,
		.flags = MOK_F_COMPUTED,
		.doc = "How many times it was changed." },
	{ .name = "app_version",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "The version of what the chart installs." },
	{ 0 },
};

/* Any change is one run of Helm. */
static const struct mok_call calls[] = {
	{ .name = "upgrade", .flags = MOK_CALL_FULL, .typical_s = 60 },
	{ 0 },
};

static void derive(struct mok_arena *arena, struct mok_val *want)
{
	const struct mok_val *ns = mok_val_get(want, "namespace");

	if (!ns || ns->type == MOK_NULL)
		mok_val_set(arena, want, "namespace", mok_val_str("default"));
}

static const char *key(struct mok_arena *arena, const struct mok_val *attrs)
{
	const char *ns = mok_want_str(attrs, "namespace"), *name = mok_want_str(attrs, "name");

	return ns && name ? mok_arena_printf(arena, "%s/%s", ns, name) : NULL;
}

static const char *collection(struct mok_arena *arena, const struct mok_val *attrs)
{
	(void)arena;
	(void)attrs;
	return MOK_HELM_COLLECTION;
}

/* ---- ties ---- */

struct tied {
	struct mok_arena *arena;
	struct mok_val *provides;
};

static void add_kind(void *ctx, const char *group, const char *kind, const char *plural)
{
	struct tied *t = ctx;

	(void)plural;
	mok_val_append(t->arena, t->provides,
		mok_val_str(mok_arena_printf(t->arena, "kind %s/%s", group, kind)));
}

static void ties(struct mok_arena *arena, const struct mok_val *want, struct mok_val *provides,
	struct mok_val *requires)
{
	const char *ns = mok_want_str(want, "namespace"), *chart = mok_want_str(want, "chart");
	struct tied t = { arena, provides };

	if (ns) {
		const char *tie = mok_arena_printf(arena, "namespace %s", ns);

		mok_val_append(arena, requires, mok_val_str(tie));
		if (mok_want_bool(want, "create_namespace", false))
			mok_val_append(arena, provides, mok_val_str(tie));
	}
	if (chart)
		mok_helm_brings(mok_helm_chart_name(arena, chart), mok_val_get(want, "values"),
			add_kind, &t);
}

/* ---- checks ---- */

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const struct mok_val *repository = mok_val_get(want, "repository");
	const char *chart = mok_want_str(want, "chart");
	bool is_address = chart && strstr(chart, "://");
	struct mok_diag *d;

	if (!chart)
		return;
	if (is_address && repository && repository->type != MOK_NULL) {
		mok_field_diag(diags, r, "repository", "E0701",
			"a chart at an address of its own is in no repository");
	} else if (!is_address && (!repository || repository->type == MOK_NULL)) {
		d = mok_field_diag(
			diags, r, "chart", "E0702", "it is not said where the chart comes from");
		mok_diag_hint(diags, d, "repository: https://..., or chart: oci://...");
	}
}

/* ---- comparing ---- */

static bool same_values(const struct mok_val *want, const struct mok_val *have)
{
	return !mok_val_has_unknown(want) && mok_helm_same_values(want, have);
}

static bool same_chart(const char *want, const struct mok_object *object)
{
	return mok_helm_is_chart(object, want) &&
		(!strstr(want, "://") || mok_helm_is_from(object, NULL, want));
}

static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	(void)replaces;
	(void)why;
	if (strcmp(field->name, "values") == 0)
		return same_values(want, have);
	if (want->type != MOK_STR)
		return false;
	if (strcmp(field->name, "repository") == 0)
		return mok_helm_is_from(object, want->u.s, "");
	if (strcmp(field->name, "chart") == 0)
		return same_chart(want->u.s, object);
	return strcmp(field->name, "version") == 0 && have->type == MOK_STR &&
		mok_helm_same_version(want->u.s, have->u.s);
}

const struct mok_kind mok_kind_helm_release = {
	.name = "helm_release",
	.summary = "a Helm chart, installed in a Kubernetes cluster",
	.provider = "kubernetes",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_DIES_WITH_PARENT | MOK_K_COLLECTIONS | MOK_K_DESTROY_FIRST,
	.marking = MOK_MARK_OBJECT,
	.item_path = "{id}",
	.parent = "kubernetes_cluster",
	.parent_field = "cluster_id",
	.collections = MOK_HELM_COLLECTION,
	.errands = &mok_helm_errands,
	.name_field = "name",
	.name_max = 53,
	.typical_create_s = 60,
	.typical_delete_s = 30,
	.poll_s = 2,
	.settle_s = 5,
	.timeout_s = 2700,
	.destroy_rank = 6,
	.example = "certs:\n"
		   "  kind: helm_release\n"
		   "  cluster_id: ${cluster.id}\n"
		   "  name: cert-manager\n"
		   "  namespace: cert-manager\n"
		   "  create_namespace: true\n"
		   "  repository: https://charts.jetstack.io\n"
		   "  chart: cert-manager\n"
		   "  version: v1.21.1\n"
		   "  values: { crds: { enabled: true } }\n",
	.notes =
		"Installed, upgraded and taken away by the real Helm, which runs as a Job in the "
		"cluster: neither Helm nor the chart repository is needed where mok runs. The Job, "
		"a Secret with the values and a binding to `cluster-admin` are in `kube-system` "
		"while it runs and are removed afterwards, by the next run at the latest. What is "
		"there is read from Helm's own records: another version, other values or a failed "
		"status is a change. An upgrade that fails is rolled back, and the Job's last "
		"lines are in the error. What a killed run left half done is rolled back first, or "
		"uninstalled where nothing was before it. A release is the stack's by labels that "
		"Helm keeps on its records. Objects of kinds that a well-known chart defines "
		"(cert-manager, traefik, argo-cd, kube-prometheus-stack, robusta) come after it by "
		"themselves.",
	.derive = derive,
	.key = key,
	.collection = collection,
	.ties = ties,
	.check = check,
	.same = same,
};
