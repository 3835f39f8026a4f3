/* Limit ranges: what pods get that do not say what they need, and which are refused.
 * https://kubernetes.io/docs/concepts/policy/limit-range/ */
#include "apiserver_internal.h"

static const struct {
	const char *list, *word;
} lists[] = { { "initContainers", "init container" }, { "containers", "container" } };

struct ranger {
	struct ks_req *r;
	cJSON *pod;
	MOK_VEC(cJSON *) ranges;
	struct mok_buf set, wrong;
	int nwrong;
};

static bool take(void *context, const struct mok_apiserver_item *item)
{
	struct ranger *g = context;

	mok_vec_push(g->r->arena, &g->ranges, ks_own(g->r, ks_parse_item(g->r, item)));
	return true;
}

/* Puts in what is absent of a container's limits or requests. */
static void fill(struct ranger *g, cJSON *container, const char *name, const cJSON *defaults,
	const char *word)
{
	cJSON *resources = mok_json_object(container, "resources");
	const char *kind = strcmp(name, "limits") == 0 ? "limit" : "request";
	const cJSON *one;
	bool any = false;

	cJSON_ArrayForEach(one, defaults)
	{
		if (ks_at(ks_at(resources, name), one->string))
			continue;
		cJSON_AddItemToObject(
			mok_json_object(resources, name), one->string, cJSON_Duplicate(one, true));
		mok_buf_printf(&g->set, "%s%s", any ? ", " : g->set.len ? "; " : "", one->string);
		any = true;
	}
	if (any)
		mok_buf_printf(&g->set, " %s for %s %s", kind, word, ks_str(container, "name"));
}

static void refuse(struct ranger *g, const char *text)
{
	mok_buf_printf(&g->wrong, "%s%s", g->nwrong++ ? ", " : "", text);
}

/* most: the item's max, else its min. */
static void check(struct ranger *g, const cJSON *resources, const cJSON *bound, bool most)
{
	const char *word = most ? "maximum" : "minimum", *kind = most ? "limit" : "request";
	const cJSON *of = ks_at(resources, most ? "limits" : "requests");
	const char *have = mok_json_str(of, bound->string), *want = cJSON_GetStringValue(bound);
	double is = have ? ks_quantity_value(have) : 0, may = ks_quantity_value(want);

	if (!have)
		refuse(g,
			ks_printf(g->r, "%s %s usage per Container is %s.  No %s is specified",
				word, bound->string, want, kind));
	else if (most ? is > may : is < may)
		refuse(g,
			ks_printf(g->r, "%s %s usage per Container is %s, but %s is %s", word,
				bound->string, want, kind, have));
}

static void check_container(struct ranger *g, const cJSON *container, const cJSON *item)
{
	const cJSON *resources = ks_at(container, "resources"), *bound;

	cJSON_ArrayForEach(bound, ks_at(item, "min")) check(g, resources, bound, false);
	cJSON_ArrayForEach(bound, ks_at(item, "max")) check(g, resources, bound, true);
}

static void limit(
	struct ranger *g, cJSON *container, const cJSON *range, const char *word, bool checks)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, mok_json_at(range, "spec.limits"))
	{
		if (strcmp(ks_str(item, "type"), "Container") != 0)
			continue;
		if (checks) {
			check_container(g, container, item);
			continue;
		}
		fill(g, container, "requests", ks_at(item, "defaultRequest"), word);
		fill(g, container, "limits", ks_at(item, "default"), word);
	}
}

static void each(struct ranger *g, bool checks)
{
	for (size_t i = 0; i < MOK_COUNT(lists); i++) {
		cJSON *container;

		cJSON_ArrayForEach(container, ks_at(ks_at(g->pod, "spec"), lists[i].list))
		{
			for (size_t j = 0; j < g->ranges.len; j++)
				limit(g, container, g->ranges.items[j], lists[i].word, checks);
		}
	}
}

bool ks_limit_pod(struct ks_req *r, cJSON *pod)
{
	struct ranger g = { .r = r, .pod = pod };

	r->store->list(r->store->self, "limitranges", r->ns, NULL, take, &g);
	if (!g.ranges.len)
		return true;
	mok_buf_init(&g.set, 65536);
	mok_buf_init(&g.wrong, 65536);
	each(&g, false);
	if (g.set.len)
		ks_set_str(mok_json_object(mok_json_object(pod, "metadata"), "annotations"),
			"kubernetes.io/limit-ranger",
			ks_printf(r, "LimitRanger plugin set: %s", g.set.data));
	each(&g, true);
	if (g.nwrong)
		ks_forbidden(r, ks_str(pod, "metadata.name"),
			g.nwrong > 1 ? ks_printf(r, "[%s]", g.wrong.data) : g.wrong.data);
	mok_buf_release(&g.set);
	mok_buf_release(&g.wrong);
	return !r->answered;
}
