/* Resource quotas: what a namespace uses, and what would be too much.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/ All amounts are in thousandths. */
#include "apiserver_internal.h"

#include <stdlib.h>

/* ---- what an object uses ---- */

static const char *resource_of(const char *key)
{
	if (mok_starts(key, "count/"))
		return key + 6;
	if (strcmp(key, "requests.storage") == 0)
		return "persistentvolumeclaims";
	return strcmp(key, "cpu") == 0 || strcmp(key, "memory") == 0 || strchr(key, '.') ? "pods"
											 : key;
}

/* "requests.cpu" and "cpu" name what containers request. */
static const char *compute(const char *key, const char **kind)
{
	*kind = mok_starts(key, "limits.") ? "limits" : "requests";
	if (mok_starts(key, "limits.") || mok_starts(key, "requests."))
		return strchr(key, '.') + 1;
	return strcmp(key, "cpu") == 0 || strcmp(key, "memory") == 0 ? key : NULL;
}

static int64_t used_by_pod(const cJSON *pod, const char *key)
{
	const char *kind, *name = compute(key, &kind), *phase = ks_str(pod, "status.phase");
	const cJSON *container;
	int64_t sum = 0;

	if (strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0)
		return 0;
	if (!name)
		return 1000;
	cJSON_ArrayForEach(container, mok_json_at(pod, "spec.containers"))
	{
		const cJSON *amount = ks_at(ks_at(ks_at(container, "resources"), kind), name);

		if (cJSON_IsString(amount))
			sum += ks_quantity_milli(amount->valuestring);
	}
	return sum;
}

static int64_t used_by(const cJSON *object, const char *full, const char *key)
{
	if (strcmp(resource_of(key), full) != 0)
		return 0;
	if (strcmp(full, "pods") == 0 && !mok_starts(key, "count/"))
		return used_by_pod(object, key);
	if (strcmp(key, "requests.storage") == 0)
		return ks_quantity_milli(ks_str(object, "spec.resources.requests.storage"));
	return 1000;
}

struct sum {
	struct ks_req *r;
	const char *key, *full;
	int64_t milli;
};

static bool add(void *context, const struct mok_apiserver_item *item)
{
	struct sum *s = context;
	cJSON *object = ks_parse_item(s->r, item);

	s->milli += used_by(object, s->full, s->key);
	cJSON_Delete(object);
	return true;
}

static int64_t used_in(struct ks_req *r, const char *ns, const char *key)
{
	struct sum s = { r, key, resource_of(key), 0 };

	r->store->list(r->store->self, s.full, ns, NULL, add, &s);
	return s.milli;
}

/* ---- quotas ---- */

struct quotas {
	struct ks_req *r;
	MOK_VEC(cJSON *) found;
};

static bool take(void *context, const struct mok_apiserver_item *item)
{
	struct quotas *q = context;

	mok_vec_push(q->r->arena, &q->found, ks_own(q->r, ks_parse_item(q->r, item)));
	return true;
}

/* Containers that do not say what the quota counts: the pod cannot be counted. */
static bool is_countable(struct ks_req *r, const cJSON *quota, const cJSON *hard, const cJSON *pod)
{
	const char *kind, *name = compute(hard->string, &kind);
	const cJSON *container;

	if (!name || strcmp(resource_of(hard->string), "pods") != 0)
		return true;
	cJSON_ArrayForEach(container, mok_json_at(pod, "spec.containers"))
	{
		if (ks_at(ks_at(ks_at(container, "resources"), kind), name))
			continue;
		return ks_forbidden(r, ks_str(pod, "metadata.name"),
			ks_printf(r, "failed quota: %s: must specify %s for: %s",
				ks_str(quota, "metadata.name"), hard->string,
				ks_str(container, "name")));
	}
	return true;
}

struct excess {
	struct mok_buf requested, used, limited;
};

static void note(struct ks_req *r, struct mok_buf *text, const cJSON *hard, int64_t milli)
{
	mok_buf_printf(text, "%s%s=%s", text->len ? "," : "", hard->string,
		ks_quantity_print(r->arena, milli, cJSON_GetStringValue(hard)));
}

static void check_hard(
	struct ks_req *r, const cJSON *hard, const cJSON *object, struct excess *too_much)
{
	int64_t more = used_by(object, r->resource->full, hard->string), used, most;

	if (!more || !cJSON_IsString(hard))
		return;
	used = used_in(r, r->ns, hard->string);
	most = ks_quantity_milli(hard->valuestring);
	if (used + more <= most)
		return;
	note(r, &too_much->requested, hard, more);
	note(r, &too_much->used, hard, used);
	note(r, &too_much->limited, hard, most);
}

static bool check_quota(struct ks_req *r, const cJSON *quota, const cJSON *object)
{
	const cJSON *hard;
	struct excess e;
	bool pod = strcmp(r->resource->full, "pods") == 0;

	mok_buf_init(&e.requested, 8192);
	mok_buf_init(&e.used, 8192);
	mok_buf_init(&e.limited, 8192);
	cJSON_ArrayForEach(hard, mok_json_at(quota, "spec.hard"))
	{
		if (pod && !is_countable(r, quota, hard, object))
			break;
		check_hard(r, hard, object, &e);
	}
	if (!r->answered && e.requested.len)
		ks_forbidden(r, ks_str(object, "metadata.name"),
			ks_printf(r, "exceeded quota: %s, requested: %s, used: %s, limited: %s",
				ks_str(quota, "metadata.name"), e.requested.data, e.used.data,
				e.limited.data));
	mok_buf_release(&e.requested);
	mok_buf_release(&e.used);
	mok_buf_release(&e.limited);
	return !r->answered;
}

bool ks_quota_allows(struct ks_req *r, const cJSON *object)
{
	struct quotas q = { .r = r };

	if (!*r->ns)
		return true;
	r->store->list(r->store->self, "resourcequotas", r->ns, NULL, take, &q);
	for (size_t i = 0; i < q.found.len; i++)
		if (!check_quota(r, q.found.items[i], object))
			return false;
	return true;
}

/* As the quota's controller would count, which is never behind here. */
static void count(struct ks_req *r, cJSON *quota, const char *ns)
{
	cJSON *before = ks_own(r, cJSON_Duplicate(quota, true)), *used = cJSON_CreateObject();
	cJSON *status = mok_json_object(quota, "status");
	const cJSON *hard;

	cJSON_ArrayForEach(
		hard, mok_json_at(quota, "spec.hard")) if (cJSON_IsString(hard)) ks_set_str(used,
		hard->string,
		ks_quantity_print(r->arena, used_in(r, ns, hard->string), hard->valuestring));
	mok_json_set(status, "hard", cJSON_Duplicate(mok_json_at(quota, "spec.hard"), true));
	mok_json_set(status, "used", used);
	if (!ks_same(before, quota))
		ks_store_put(r, ks_resource_find(r, "", "v1", "resourcequotas"), quota, before);
}

void ks_quota_count(struct ks_req *r, const char *ns)
{
	struct quotas q = { .r = r };

	r->store->list(r->store->self, "resourcequotas", ns, NULL, take, &q);
	for (size_t i = 0; i < q.found.len; i++)
		count(r, q.found.items[i], ns);
}
