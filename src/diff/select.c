#include "diff_internal.h"

#include <string.h>

/* An address, or a block for all its instances. */
bool mok_address_matches(const char *pattern, const struct mok_resource *r)
{
	return strcmp(pattern, r->address) == 0 || mok_streq(pattern, r->block);
}

static struct mok_graph *reversed(struct planner *p)
{
	size_t n = mok_graph_len(p->needs), count;
	struct mok_graph *back = mok_graph_new(p->arena, n);

	for (size_t i = 0; i < n; i++) {
		const size_t *after = mok_graph_after(p->needs, i, &count);

		for (size_t k = 0; k < count; k++)
			mok_graph_edge(back, after[k], i);
	}
	return back;
}

static bool reach_matching(
	struct planner *p, const struct mok_graph *g, const char *pattern, bool *reach)
{
	bool any = false;

	for (size_t i = 0; i < p->stack->resources.len; i++)
		if (mok_address_matches(pattern, &p->stack->resources.items[i])) {
			mok_graph_reach(g, i, reach);
			any = true;
		}
	return any;
}

static void unknown_address(struct planner *p, const char *option, const char *pattern)
{
	size_t n = p->stack->resources.len;
	const char **names = MOK_NEW_N(p->arena, const char *, n + 1);
	struct mok_mark nowhere = { 0 };
	const char *near;
	struct mok_diag *d;

	for (size_t i = 0; i < n; i++)
		names[i] = p->stack->resources.items[i].address;
	d = mok_diag_add(
		p->diags, "E0808", nowhere, "%s %s: no resource of that address", option, pattern);
	near = mok_nearest(pattern, names, n);
	mok_diag_near(p->diags, d, near);
}

/* What is aimed at brings along what it needs; when things go, what needs it. */
void mok_select(struct planner *p)
{
	const struct mok_diff_options *o = p->options;
	const struct mok_graph *back = reversed(p);
	const struct mok_graph *with = o->destroy ? p->needs : back;
	const struct mok_graph *without = o->destroy ? back : p->needs;
	size_t n = p->stack->resources.len;
	bool *chosen = MOK_NEW_N(p->arena, bool, n + 1);

	p->excluded = MOK_NEW_N(p->arena, bool, n + 1);
	for (size_t i = 0; i < o->ntargets; i++)
		if (!reach_matching(p, with, o->targets[i], chosen))
			unknown_address(p, "--target", o->targets[i]);
	for (size_t i = 0; i < n && o->ntargets; i++)
		p->excluded[i] = !chosen[i];
	for (size_t i = 0; i < o->nexcludes; i++)
		if (!reach_matching(p, without, o->excludes[i], p->excluded))
			unknown_address(p, "--exclude", o->excludes[i]);
	for (size_t i = 0; i < o->nreplaces; i++) {
		bool any = false;

		for (size_t k = 0; k < n && !any; k++)
			any = mok_address_matches(o->replaces[i], &p->stack->resources.items[k]);
		if (!any)
			unknown_address(p, "--replace", o->replaces[i]);
	}
}
