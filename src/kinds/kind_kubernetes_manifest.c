#include "mok/manifest.h"

#include "argo_application.h"
#include "check_help.h"

#include <string.h>

#define SUFFIX_DIGITS 10

static const struct mok_field fields[] = {
	{ .name = "cluster_id",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_REPLACES,
		.norm = "lower",
		.doc = "The cluster that it lives in." },
	{ .name = "manifest",
		.type = MOK_MAP,
		.flags = MOK_F_REQUIRED | MOK_F_ANY,
		.doc = "The object, as kubectl takes it." },
	{ .name = "name_suffix",
		.type = MOK_STR,
		.flags = MOK_F_LOCAL,
		.values = "none|hash",
		.dflt = "none",
		.doc = "`hash` puts ten digits of the content's hash behind the name, so that "
		       "every "
		       "change is a new object; the last three stay." },
	{ .name = "wait",
		.type = MOK_BOOL,
		.flags = MOK_F_LOCAL,
		.dflt = "true",
		.doc = "Whether apply waits until it does its work (rolled out, finished, bound "
		       "...)." },
	{ .name = "read_only",
		.type = MOK_BOOL,
		.flags = MOK_F_LOCAL,
		.dflt = "false",
		.doc = "Somebody else makes it, such as Argo CD: it is never written, only read. "
		       "What refers to it waits until it is there." },
	{ .name = "force_conflicts",
		.type = MOK_BOOL,
		.flags = MOK_F_LOCAL,
		.dflt = "false",
		.doc = "Takes over fields that another manager owns." },
	{ .name = "fills",
		.type = MOK_STR,
		.flags = MOK_F_LOCAL | MOK_F_FILLS,
		.doc = "Address of the database that it puts the first data into. From then on "
		       "`${secret.NAME}` is never made anew." },
	{ .name = "name",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED,
		.doc = "Its name, with the suffix." },
	{ .name = "object",
		.type = MOK_MAP,
		.flags = MOK_F_COMPUTED | MOK_F_ANY,
		.doc = "The object as the cluster has it, with its status." },
	{ 0 },
};

static const struct mok_call calls[] = {
	{ .name = "apply",
		.method = "PATCH",
		.path = "{id}",
		.flags = MOK_CALL_FULL | MOK_CALL_WAITS,
		.typical_s = 5 },
	{ 0 },
};

/* ---- what follows from the manifest ---- */

static struct mok_val with(struct mok_arena *arena, const struct mok_val *map, const char *key,
	const struct mok_val *value)
{
	struct mok_val out = { .type = MOK_MAP, .at = map->at };

	for (size_t i = 0; i < map->u.map.len; i++)
		if (strcmp(map->u.map.pairs[i].key, key) != 0)
			mok_val_set(arena, &out, map->u.map.pairs[i].key, map->u.map.pairs[i].val);
	if (value->u.map.len)
		mok_val_set(arena, &out, key, *value);
	return out;
}

/* When Argo CD is to sync it is no content: whoever applies it gives it the same name. */
static struct mok_val content_of(struct mok_arena *arena, const struct mok_val *manifest)
{
	const struct mok_val *metadata = mok_val_get(manifest, "metadata");
	const struct mok_val *all = mok_val_get(metadata, "annotations");
	struct mok_val notes = { .type = MOK_MAP };

	if (!all || all->type != MOK_MAP)
		return *manifest;
	for (size_t i = 0; i < all->u.map.len; i++)
		if (!mok_starts(all->u.map.pairs[i].key, "argocd.argoproj.io/"))
			mok_val_set(
				arena, &notes, all->u.map.pairs[i].key, all->u.map.pairs[i].val);
	if (notes.u.map.len == all->u.map.len)
		return *manifest;
	notes = with(arena, metadata, "annotations", &notes);
	return with(arena, manifest, "metadata", &notes);
}

static const char *hashed_name(struct mok_arena *arena, const struct mok_val *manifest)
{
	const char *name = mok_val_get_str(mok_val_get(manifest, "metadata"), "name");
	struct mok_val content = content_of(arena, manifest);
	char hash[65];

	mok_manifest_hash(&content, hash);
	return mok_arena_printf(arena, "%s-%.*s", name, SUFFIX_DIGITS, hash);
}

static struct mok_val renamed(
	struct mok_arena *arena, const struct mok_val *manifest, struct mok_val name)
{
	struct mok_val out = { .type = MOK_MAP, .at = manifest->at }, metadata = out;
	const struct mok_val *old = mok_val_get(manifest, "metadata");

	for (size_t i = 0; i < old->u.map.len; i++)
		mok_val_set(arena, &metadata, old->u.map.pairs[i].key, old->u.map.pairs[i].val);
	mok_val_set(arena, &metadata, "name", name);
	for (size_t i = 0; i < manifest->u.map.len; i++)
		mok_val_set(
			arena, &out, manifest->u.map.pairs[i].key, manifest->u.map.pairs[i].val);
	mok_val_set(arena, &out, "metadata", metadata);
	return out;
}

/* A Secret's stringData is only another way to write data: one form, so that it can be compared;
 * none of it is ever shown. */
static struct mok_val encoded(struct mok_arena *arena, const struct mok_val *v)
{
	const char *text = mok_val_text(arena, v);
	struct mok_val out = *v;

	if (text)
		out = mok_val_str(mok_base64(arena, text, strlen(text)));
	out.at = v->at;
	return out;
}

static void add_secrets(
	struct mok_arena *arena, const struct mok_val *from, bool plain, struct mok_val *data)
{
	for (size_t i = 0; from && from->type == MOK_MAP && i < from->u.map.len; i++) {
		const struct mok_pair *pair = &from->u.map.pairs[i];
		struct mok_val v = plain ? encoded(arena, &pair->val) : pair->val;

		v.sensitive = true;
		mok_val_set(arena, data, pair->key, v);
	}
}

static struct mok_val secret(struct mok_arena *arena, const struct mok_val *manifest)
{
	struct mok_val out = { .type = MOK_MAP, .at = manifest->at };
	struct mok_val data = { .type = MOK_MAP, .at = manifest->at };

	for (size_t i = 0; i < manifest->u.map.len; i++) {
		const struct mok_pair *pair = &manifest->u.map.pairs[i];

		if (strcmp(pair->key, "data") != 0 && strcmp(pair->key, "stringData") != 0)
			mok_val_set(arena, &out, pair->key, pair->val);
	}
	add_secrets(arena, mok_val_get(manifest, "data"), false, &data);
	add_secrets(arena, mok_val_get(manifest, "stringData"), true, &data);
	if (data.u.map.len > 0)
		mok_val_set(arena, &out, "data", data);
	return out;
}

static bool is_secret(const struct mok_val *manifest)
{
	return mok_streq(mok_val_get_str(manifest, "kind"), "Secret") &&
		mok_streq(mok_val_get_str(manifest, "apiVersion"), "v1");
}

static void derive(struct mok_arena *arena, struct mok_val *want)
{
	const struct mok_val *manifest = mok_val_get(want, "manifest");
	const struct mok_val *name = mok_val_at(want, "manifest.metadata.name");
	struct mok_val is;

	if (!manifest || manifest->type != MOK_MAP || !name || name->type != MOK_STR)
		return;
	is = is_secret(manifest) ? secret(arena, manifest) : *manifest;
	if (mok_streq(mok_want_str(want, "name_suffix"), "hash"))
		is = renamed(arena, &is,
			mok_val_has_unknown(&is) ? mok_val_unknown("its name")
						 : mok_val_str(hashed_name(arena, &is)));
	mok_val_set(arena, want, "manifest", is);
	mok_val_set(arena, want, "name", *mok_val_at(&is, "metadata.name"));
}

static const char *key(struct mok_arena *arena, const struct mok_val *attrs)
{
	return mok_manifest_key(arena, mok_val_get(attrs, "manifest"));
}

static const char *collection(struct mok_arena *arena, const struct mok_val *attrs)
{
	return mok_manifest_collection(arena, mok_val_get(attrs, "manifest"));
}

/* A namespace and a definition come before what is in the one and of the other. A name may not be
 * known yet, if the content is in it. */
static void ties(struct mok_arena *arena, const struct mok_val *want, struct mok_val *provides,
	struct mok_val *requires)
{
	const struct mok_val *manifest = mok_val_get(want, "manifest");
	const char *type = mok_manifest_collection(arena, manifest), *kind, *ns;
	const struct mok_val *name = mok_val_at(want, "manifest.metadata.name");
	const struct mok_val *group = mok_val_at(want, "manifest.spec.group");
	const struct mok_val *of_kind = mok_val_at(want, "manifest.spec.names.kind");

	if (!type)
		return;
	kind = strchr(type, '/') + 1;
	ns = strchr(kind, '/') + 1;
	if (mok_starts(type, "/Namespace/") && name && name->type == MOK_STR)
		mok_val_append(arena, provides,
			mok_val_str(mok_arena_printf(arena, "namespace %s", name->u.s)));
	if (mok_starts(kind, "CustomResourceDefinition/") && group && group->type == MOK_STR &&
		of_kind && of_kind->type == MOK_STR)
		mok_val_append(arena, provides,
			mok_val_str(
				mok_arena_printf(arena, "kind %s/%s", group->u.s, of_kind->u.s)));
	if (*ns)
		mok_val_append(
			arena, requires, mok_val_str(mok_arena_printf(arena, "namespace %s", ns)));
	mok_val_append(arena, requires,
		mok_val_str(mok_arena_printf(arena, "kind %.*s", (int)(ns - 1 - type), type)));
}

/* HorizontalPodAutoscalers and those that make them (KEDA's) name what they scale. */
static void governs(struct mok_arena *arena, const struct mok_val *want, struct mok_val *moved)
{
	const struct mok_val *target = mok_val_at(want, "manifest.spec.scaleTargetRef");
	const char *name = target ? mok_val_get_str(target, "name") : NULL;
	const char *version = target ? mok_val_get_str(target, "apiVersion") : NULL;
	const char *of_kind = target ? mok_val_get_str(target, "kind") : NULL;
	const struct mok_val *ns = mok_val_at(want, "manifest.metadata.namespace");
	struct mok_val metadata = { .type = MOK_MAP }, meant = { .type = MOK_MAP };
	const char *key;

	if (!name || (ns && ns->type != MOK_STR))
		return;
	mok_val_set(arena, &metadata, "name", mok_val_str(name));
	if (ns)
		mok_val_set(arena, &metadata, "namespace", *ns);
	mok_val_set(arena, &meant, "apiVersion", mok_val_str(version ? version : "apps/v1"));
	mok_val_set(arena, &meant, "kind", mok_val_str(of_kind ? of_kind : "Deployment"));
	mok_val_set(arena, &meant, "metadata", metadata);
	key = mok_manifest_key(arena, &meant);
	if (key)
		mok_val_append(arena, moved,
			mok_val_str(mok_arena_printf(arena, "%s\nmanifest.spec.replicas", key)));
}

/* ---- checks ---- */

static void check_text(const struct mok_resource *r, const struct mok_val *manifest,
	const char *path, struct mok_diags *diags)
{
	const struct mok_val *v = mok_val_at(manifest, path);
	struct mok_diag *d;

	if (v && (v->type == MOK_UNKNOWN || (v->type == MOK_STR && v->u.s[0])))
		return;
	d = mok_diag_add(diags, "E0704", v && v->at.file ? v->at : manifest->at,
		v ? "the manifest's %s is not a name" : "the manifest has no %s", path);
	d->address = r->address;
	mok_diag_hint(diags, d, "a manifest is one object: apiVersion, kind, metadata.name, ...");
}

static void check(const struct mok_resource *r, const struct mok_val *want, struct mok_diags *diags)
{
	const struct mok_val *manifest = mok_val_get(want, "manifest");
	const char *of_kind;

	if (!manifest || manifest->type != MOK_MAP)
		return;
	check_text(r, manifest, "apiVersion", diags);
	check_text(r, manifest, "kind", diags);
	check_text(r, manifest, "metadata.name", diags);
	of_kind = mok_val_get_str(manifest, "kind");
	if (of_kind && mok_ends(of_kind, "List") && mok_val_get(manifest, "items"))
		mok_field_diag(diags, r, "manifest", "E0704",
			"a list of objects is not one object: write one resource for each");
	if (mok_val_get(manifest, "status"))
		mok_field_diag(diags, r, "manifest", "E0704",
			"status is the cluster's to write: leave it out");
}

/* ---- comparing ---- */

/* What the cluster recorded when mok applied it last tells what mok no longer wants there. */
static bool same(const struct mok_field *field, const struct mok_val *want,
	const struct mok_val *have, const struct mok_object *object, bool *replaces,
	const char **why)
{
	const char *recorded = mok_val_get_str(&object->attrs, "hash");
	char hash[65];

	(void)replaces;
	(void)why;
	if (strcmp(field->name, "manifest") != 0 || mok_val_has_unknown(want))
		return false;
	mok_manifest_hash(want, hash);
	return mok_streq(recorded, hash) && mok_manifest_covers(want, have);
}

static bool keeps_old(const struct mok_val *want)
{
	return mok_streq(mok_want_str(want, "name_suffix"), "hash");
}

static bool reads_only(const struct mok_val *want)
{
	return mok_want_bool(want, "read_only", false);
}

static bool waits(const struct mok_val *want)
{
	return mok_want_bool(want, "wait", true);
}

static bool runs_pods(const struct mok_val *want)
{
	static const char *const kinds[] = { "DaemonSet", "Deployment", "Pod", "StatefulSet" };
	const struct mok_val *manifest = mok_val_get(want, "manifest");
	const char *kind = manifest ? mok_val_get_str(manifest, "kind") : NULL;

	for (size_t i = 0; i < MOK_COUNT(kinds); i++)
		if (mok_streq(kind, kinds[i]))
			return true;
	return false;
}

const struct mok_kind mok_kind_kubernetes_manifest = {
	.name = "kubernetes_manifest",
	.summary = "an object in a Kubernetes cluster",
	.provider = "kubernetes",
	.fields = fields,
	.calls = calls,
	.flags = MOK_K_DIES_WITH_PARENT | MOK_K_APPLIES | MOK_K_COLLECTIONS | MOK_K_EXPLAINS,
	.marking = MOK_MARK_OBJECT,
	.item_path = "{id}",
	.parent = "kubernetes_cluster",
	.parent_field = "cluster_id",
	.typical_create_s = 5,
	.typical_delete_s = 5,
	.poll_s = 2,
	.settle_s = 5,
	.timeout_s = 900,
	.destroy_rank = 5,
	.example = "ns:\n"
		   "  kind: kubernetes_manifest\n"
		   "  cluster_id: ${cluster.id}\n"
		   "  manifest: { apiVersion: v1, kind: Namespace, metadata: { name: social } }\n",
	.notes =
		"Written by server-side apply with the field manager `mok`: only the fields in the "
		"manifest are mok's. A field that another manager owns is a conflict, which the "
		"error tells; `force_conflicts`, or --force-conflicts once, takes it over. While "
		"the cluster does not exist "
		"the object is planned against nothing; afterwards what differs is planned by a "
		"dry "
		"run on the cluster's API, so the plan shows what the API server itself would "
		"change. What an autoscaler moves (`spec.replicas`), and what `ignore_changes` "
		"names by its path, is left to others: mok lets go of it only once another manager "
		"owns it. An immutable field makes a new object. Objects need their namespace and "
		"their custom resource definition first: mok finds those edges by itself. A wait "
		"that fails "
		"tells what its worst pod says, the last lines of that pod's log and the last "
		"events; values that the plan keeps secret are hidden in them. A webhook that does "
		"not answer is asked again for two minutes.",
	.check = check,
	.derive = derive,
	.key = key,
	.collection = collection,
	.ties = ties,
	.governs = governs,
	.same = same,
	.keeps_old = keeps_old,
	.reads_only = reads_only,
	.waits = waits,
	.runs_pods = runs_pods,
	.offspring = &mok_argo_offspring,
};
