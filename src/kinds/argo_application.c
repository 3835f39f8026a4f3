#include "argo_application.h"

#include "mok/manifest.h"

#include <string.h>

/*
 * An Argo CD Application that makes others. The one that mok writes is deleted without what it
 * made, since mok goes on with that; its Applications would stay as objects that nobody reads, held
 * by a finalizer that nobody takes off once Argo CD is gone.
 * https://argo-cd.readthedocs.io/en/stable/user-guide/app_deletion/
 * https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
 */

#define TRACKING "argocd.argoproj.io/tracking-id"
#define INSTANCE "app.kubernetes.io/instance"

static const char *mark(const struct mok_object *o, const char *marks, const char *name)
{
	const struct mok_val *metadata = mok_val_at(&o->attrs, "object.metadata");
	const struct mok_val *map = metadata ? mok_val_get(metadata, marks) : NULL;

	return map ? mok_val_get_str(map, name) : NULL;
}

static const char *collection(struct mok_arena *arena, const struct mok_object *by)
{
	const struct mok_val *object = mok_val_get(&by->attrs, "object");

	if (!object || !mok_streq(mok_val_get_str(object, "kind"), "Application") ||
		!mok_streq(mark(by, "annotations", MOK_ARGO_ROOT), "true"))
		return NULL;
	return mok_manifest_collection(arena, object);
}

/* "root:argoproj.io/Application:argocd/one"; by a label only where Argo CD was told to. */
static bool is_of(const struct mok_object *by, const struct mok_object *o)
{
	const char *id = mark(o, "annotations", TRACKING), *label = mark(o, "labels", INSTANCE);
	size_t len = strlen(by->name);

	if (mok_streq(by->id, o->id))
		return false;
	if (!id)
		return mok_streq(label, by->name);
	return strncmp(id, by->name, len) == 0 && mok_starts(id + len, ":argoproj.io/Application:");
}

const struct mok_offspring mok_argo_offspring = {
	.label = "removing its Applications",
	.collection = collection,
	.is_of = is_of,
	.stop = "{\"spec\":{\"syncPolicy\":null}}",
	.release = "{\"metadata\":{\"finalizers\":null}}",
};
