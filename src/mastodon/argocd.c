#include "mastodon_internal.h"

#include "mok/manifest.h"

#include <string.h>

/*
 * gitops.manage: argocd. Objects are planned as ever, but all save Secrets and namespaces are Argo
 * CD's to write, out of files: to mok they are read-only. What mok writes beside them is the root
 * Application, which makes the others.
 *
 * Argo CD takes a wave after the other within one sync of one Application, so the instance is one:
 * a new version is a change of its files, whose Jobs then run before and after the pods roll.
 * https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
 */

#define NS "argocd"
#define WAVE "argocd.argoproj.io/sync-wave"
#define HOOK "argocd.argoproj.io/hook"
#define HOOK_DELETE "argocd.argoproj.io/hook-delete-policy"
#define COMPARE "argocd.argoproj.io/compare-options"

struct place {
	const char *kind, *name; /* name: the beginning of it, or NULL; kind NULL: all the rest */
	const char *folder;
	int wave;
	bool hook;
};

/* The first that fits. Certificates come last, since under http01 they need a record that mok makes
 * once the gateway has its address. */
static const struct place places[] = {
	{ "Application", NULL, "applications", 0, false },
	{ "CustomResourceDefinition", NULL, "base", -2, false },
	{ "PriorityClass", NULL, "base", -2, false },
	{ "ClusterIssuer", NULL, "issuers", -1, false },
	{ "ConfigMap", NULL, "mastodon/0-config", 0, false },
	{ "ServiceAccount", NULL, "mastodon/0-config", 0, false },
	{ "NetworkPolicy", NULL, "mastodon/0-config", 0, false },
	{ "Elasticsearch", NULL, "mastodon/0-config", 0, false },
	{ "CiliumNetworkPolicy", NULL, "mastodon/0-config", 0, false },
	{ "Job", "mastodon-db-grants", "mastodon/0-config", 0, true },
	{ "Job", "mastodon-migrate-pre", "mastodon/1-migrate-pre", 1, true },
	{ "Job", "mastodon-assets-copy", "mastodon/1-migrate-pre", 1, true },
	{ "Job", "mastodon-search-deploy", "mastodon/3-migrate-post", 3, false },
	{ "Job", NULL, "mastodon/3-migrate-post", 3, true },
	{ "Gateway", NULL, "mastodon/3-migrate-post", 3, false },
	{ "HTTPRoute", NULL, "mastodon/3-migrate-post", 3, false },
	{ "Ingress", NULL, "mastodon/3-migrate-post", 3, false },
	{ "Certificate", NULL, "mastodon/3-migrate-post", 3, false },
	{ NULL, NULL, "mastodon/2-workloads", 2, false },
};

static const char *const folders[] = { "applications", "base", "issuers", "mastodon/0-config",
	"mastodon/1-migrate-pre", "mastodon/2-workloads", "mastodon/3-migrate-post" };

static const struct place *place_of(const struct mok_val *manifest)
{
	const char *kind = mok_val_get_str(manifest, "kind");
	const struct mok_val *metadata = mok_val_get(manifest, "metadata");
	const char *name = metadata ? mok_val_get_str(metadata, "name") : NULL;
	const struct place *p = places;

	while (p->kind &&
		(!mok_streq(p->kind, kind) || (p->name && !(name && mok_starts(name, p->name)))))
		p++;
	return p;
}

const char *mok_argocd_folder(const struct mok_val *manifest)
{
	return place_of(manifest)->folder;
}

const char *mok_argocd_folder_at(size_t i)
{
	return i < MOK_COUNT(folders) ? folders[i] : NULL;
}

/* ---- whose an object is ---- */

/* Secrets do not belong into a repository, and they need their namespaces. */
static bool is_ours(const struct mok_val *manifest)
{
	const char *kind = mok_val_get_str(manifest, "kind");

	return mok_streq(kind, "Secret") || mok_streq(kind, "Namespace");
}

static void annotate(struct masto *m, struct mok_val *manifest, const char *name, const char *value)
{
	const struct mok_val *have = mok_val_at(manifest, "metadata.annotations");
	struct mok_val annotations = { .type = MOK_MAP, .at = m->at };

	if (have)
		annotations = *have;
	mok_val_set(m->arena, &annotations, name, masto_format(m, "%s", value));
	masto_put(m, manifest, "metadata.annotations", annotations);
}

bool masto_hand_over(struct masto *m, struct mok_val *manifest)
{
	const struct mok_val *have = mok_val_at(manifest, "metadata.annotations");
	const struct place *place;

	if (!m->argocd || m->ours || is_ours(manifest))
		return false;
	place = place_of(manifest);
	if (!have || !mok_val_get(have, WAVE))
		annotate(m, manifest, WAVE, mok_arena_printf(m->arena, "%d", place->wave));
	if (place->hook) {
		annotate(m, manifest, HOOK, "Sync");
		annotate(m, manifest, HOOK_DELETE, "BeforeHookCreation");
	}
	return true;
}

const char *masto_argo_cd(const struct masto *m)
{
	for (size_t i = 0; i < m->stack->resources.len; i++) {
		const struct mok_resource *r = &m->stack->resources.items[i];
		struct mok_val fields;

		if (strcmp(r->kind->name, "helm_release") != 0)
			continue;
		fields = masto_fields_of(m, r);
		if (mok_streq(mok_val_get_str(&fields, "chart"), "argo-cd"))
			return r->address;
	}
	return ARGO_CD;
}

/* ---- Applications ---- */

static const char *stack_name(const struct masto *m)
{
	return m->stack->name ? m->stack->name : "mastodon";
}

static void add_option(struct masto *m, struct mok_val *app, const char *option)
{
	masto_push(m, app, "spec.syncPolicy.syncOptions", masto_format(m, "%s", option));
}

static struct mok_val application(struct masto *m, const char *name, const char *ns, int wave)
{
	struct mok_val app = masto_base("argocd-application");

	masto_put(m, &app, "metadata.name", masto_format(m, "%s", name));
	masto_put(m, &app, "spec.project", masto_format(m, "%s", stack_name(m)));
	masto_put(m, &app, "spec.destination.namespace", masto_format(m, "%s", ns));
	if (wave != 0)
		annotate(m, &app, WAVE, mok_arena_printf(m->arena, "%d", wave));
	return app;
}

static void add(struct masto *m, const char *address, const char *const *needs, struct mok_val app)
{
	const struct masto_object object = {
		.address = address, .component = "gitops", .needs = needs
	};

	masto_add(m, &object, app);
}

/* By dry runs, for what definitions' defaults add to other people's objects is no difference. The
 * instance's own objects have all defaults that matter, and among them is a Job that has run for
 * another configuration: a dry run of that one fails, since its template cannot be changed. */
static void compare_by_dry_run(struct masto *m, struct mok_val *app)
{
	annotate(m, app, COMPARE, "ServerSideDiff=true");
}

void masto_chart_application(struct masto *m, const struct masto_chart *chart)
{
	struct mok_val app = application(
		m, mok_arena_printf(m->arena, "%s-%s", stack_name(m), chart->chart), chart->ns, -2);

	masto_put(m, &app, "spec.source.repoURL", masto_format(m, "%s", chart->repository));
	masto_put(m, &app, "spec.source.chart", masto_format(m, "%s", chart->chart));
	masto_put(m, &app, "spec.source.targetRevision", masto_format(m, "%s", chart->version));
	masto_put(m, &app, "spec.source.helm.releaseName", masto_format(m, "%s", chart->chart));
	masto_put(m, &app, "spec.source.helm.valuesObject", chart->values);
	add_option(m, &app, "CreateNamespace=true");
	compare_by_dry_run(m, &app);
	add(m, chart->address, NULL, app);
	mok_val_append(m->arena, &m->sources, masto_format(m, "%s", chart->repository));
	mok_val_append(m->arena, &m->namespaces, masto_format(m, "%s", chart->ns));
}

static void set_source(struct masto *m, struct mok_val *app, const char *folder)
{
	const char *path = masto_text(m, "gitops.path");
	const char *revision = masto_text(m, "gitops.revision");

	masto_put(m, app, "spec.source.repoURL",
		masto_format(m, "%s", masto_text(m, "gitops.repository")));
	masto_put(m, app, "spec.source.targetRevision",
		masto_format(m, "%s", revision ? revision : "HEAD"));
	masto_put(m, app, "spec.source.path",
		masto_format(m, "%s%s%s", path ? path : "", path && *path ? "/" : "", folder));
}

/* What is the cluster's to change: replicas where there is an autoscaler. */
static void ignore(struct masto *m, struct mok_val *app, const char *group, const char *kind,
	const char *name, const char *pointer)
{
	struct mok_val one = { .type = MOK_MAP, .at = m->at };

	masto_put(m, &one, "group", masto_format(m, "%s", group));
	masto_put(m, &one, "kind", masto_format(m, "%s", kind));
	masto_put(m, &one, "name", masto_format(m, "%s", name));
	masto_push(m, &one, "jsonPointers", masto_format(m, "%s", pointer));
	masto_push(m, app, "spec.ignoreDifferences", one);
}

static void ignore_scaled(struct masto *m, struct mok_val *app)
{
	for (size_t i = 0; i < m->blocks->u.map.len; i++) {
		const struct mok_val *object =
			mok_val_get(&m->blocks->u.map.pairs[i].val, "manifest");
		const struct mok_val *name;

		if (!object)
			continue;
		if (mok_val_at(object, "spec.scaleTargetRef")) {
			name = mok_val_at(object, "spec.scaleTargetRef.name");
			ignore(m, app, "apps", "Deployment", name->u.s, "/spec/replicas");
		}
		/* It has run for this version, whatever image runs now. */
		name = mok_val_at(object, "metadata.name");
		if (mok_streq(mok_val_get_str(object, "kind"), "Job") && !place_of(object)->hook)
			ignore(m, app, "batch", "Job", name->u.s, "/spec");
	}
}

static void add_instance(struct masto *m)
{
	struct mok_val app =
		application(m, mok_arena_printf(m->arena, "%s-mastodon", stack_name(m)), m->ns, 0);

	set_source(m, &app, "mastodon");
	add_option(m, &app, "PruneLast=true");
	add_option(m, &app, "RespectIgnoreDifferences=true");
	ignore_scaled(m, &app);
	add(m, "mastodon_argocd_instance", NULL, app);
}

static void add_part(struct masto *m, const char *address, const char *folder, int wave)
{
	struct mok_val app = application(
		m, mok_arena_printf(m->arena, "%s-%s", stack_name(m), folder), m->ns, wave);

	set_source(m, &app, folder);
	compare_by_dry_run(m, &app);
	add(m, address, NULL, app);
}

static void add_destination(struct masto *m, struct mok_val *project, const char *ns)
{
	struct mok_val one = { .type = MOK_MAP, .at = m->at };

	mok_val_set(m->arena, &one, "server", masto_format(m, "https://kubernetes.default.svc"));
	mok_val_set(m->arena, &one, "namespace", masto_format(m, "%s", ns));
	masto_push(m, project, "spec.destinations", one);
}

/* The project lets Applications have no other sources and places than these. */
static void add_project(struct masto *m, const char *const *needs)
{
	struct mok_val project = masto_base("argocd-project");

	masto_put(m, &project, "metadata.name", masto_format(m, "%s", stack_name(m)));
	mok_val_append(
		m->arena, &m->sources, masto_format(m, "%s", masto_text(m, "gitops.repository")));
	masto_put(m, &project, "spec.sourceRepos", m->sources);
	add_destination(m, &project, NS);
	add_destination(m, &project, m->ns);
	/* Where charts put things besides their own namespaces. */
	add_destination(m, &project, "kube-system");
	for (size_t i = 0; i < m->namespaces.u.list.len; i++)
		if (strcmp(m->namespaces.u.list.items[i].u.s, "kube-system") != 0)
			add_destination(m, &project, m->namespaces.u.list.items[i].u.s);
	add(m, "mastodon_argocd_project", needs, project);
}

/* All that must be there before Argo CD starts the first pod: what it is itself, and every Secret.
 */
static const char *const *root_needs(struct masto *m)
{
	MOK_VEC(const char *) all = { 0 };

	mok_vec_push(m->arena, &all, "mastodon_argocd_project");
	mok_vec_push(m->arena, &all, masto_argo_cd(m));
	mok_vec_push(m->arena, &all, "mastodon_namespace");
	for (size_t i = 0; i < m->blocks->u.map.len; i++) {
		const struct mok_pair *pair = &m->blocks->u.map.pairs[i];
		const struct mok_val *object = mok_val_get(&pair->val, "manifest");

		if (object && mok_streq(mok_val_get_str(object, "kind"), "Secret"))
			mok_vec_push(m->arena, &all, pair->key);
	}
	mok_vec_push(m->arena, &all, (const char *)NULL);
	return all.items;
}

/* From when it is there, Argo CD runs the Job that fills the database whenever the files come. */
static void add_root(struct masto *m)
{
	const struct masto_object object = { .address = "mastodon_argocd_root",
		.component = "gitops",
		.fills = m->parts.database->address,
		.needs = root_needs(m) };
	struct mok_val app = application(m, stack_name(m), NS, 0);

	set_source(m, &app, "applications");
	/* When this one goes, since mok takes over, what Argo CD made stays. */
	masto_drop(m, &app, "metadata.finalizers");
	annotate(m, &app, MOK_ARGO_ROOT, "true");
	masto_add(m, &object, app);
}

void masto_argocd(struct masto *m)
{
	const char *const needs[] = { masto_argo_cd(m), NULL };

	if (!m->argocd)
		return;
	add_part(m, "mastodon_argocd_base", "base", -2);
	add_part(m, "mastodon_argocd_issuers", "issuers", -1);
	add_instance(m);
	m->ours = true;
	add_project(m, needs);
	add_root(m);
	m->ours = false;
}
