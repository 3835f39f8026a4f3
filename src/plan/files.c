#include "plan_internal.h"

#include <string.h>

#define INCLUDES_MAX 32

/* The files being read, innermost last: a file may not include itself. */
struct chain {
	const struct chain *outer;
	const char *path;
	int depth;
};

int plan_read_source(
	struct load *load, const char *path, struct mok_mark from, const struct mok_source **out)
{
	struct mok_source source = { .name = path };
	struct mok_source *kept;
	struct mok_err err = { 0 };

	if (load->options->read(load->options->self, path, FILE_MAX, load->arena, &source, &err) !=
		0) {
		struct mok_diag *d = mok_diag_add(load->diags, "E0101", from, "%s", err.msg);

		if (err.hint[0])
			mok_diag_hint(load->diags, d, "%s", err.hint);
		return -1;
	}
	mok_vec_push(load->arena, &load->stack->sources.list, source);
	kept = MOK_NEW(load->arena, struct mok_source);
	*kept = source;
	*out = kept;
	return 0;
}

/* ---- merging ---- */

struct merged {
	MOK_VEC(struct mok_pair) list;
	struct mok_map *index;
};

static struct mok_pair *find_merged(struct merged *m, const char *key)
{
	uintptr_t at = (uintptr_t)mok_map_get(m->index, key);

	return at ? &m->list.items[at - 1] : NULL;
}

struct mok_val plan_merge(
	struct mok_arena *arena, const struct mok_val *under, const struct mok_val *over)
{
	struct merged m = { .index = mok_map_new(arena) };
	struct mok_val out = *over;

	if (under->type != MOK_MAP || over->type != MOK_MAP)
		return *over;
	for (size_t i = 0; i < under->u.map.len; i++) {
		mok_vec_push(arena, &m.list, under->u.map.pairs[i]);
		mok_map_put(m.index, under->u.map.pairs[i].key, (void *)(uintptr_t)m.list.len);
	}
	for (size_t i = 0; i < over->u.map.len; i++) {
		const struct mok_pair *pair = &over->u.map.pairs[i];
		struct mok_pair *old = find_merged(&m, pair->key);

		if (old) {
			old->val = plan_merge(arena, &old->val, &pair->val);
			continue;
		}
		mok_vec_push(arena, &m.list, *pair);
		mok_map_put(m.index, pair->key, (void *)(uintptr_t)m.list.len);
	}
	out.at = under->at;
	out.u.map.pairs = m.list.items;
	out.u.map.len = m.list.len;
	return out;
}

/* ---- includes ---- */

static int read_file(struct load *load, const char *path, struct mok_mark from,
	const struct chain *outer, struct mok_val *out);

static bool is_open(const struct chain *chain, const char *path)
{
	for (; chain; chain = chain->outer)
		if (strcmp(chain->path, path) == 0)
			return true;
	return false;
}

static int read_included(struct load *load, const struct mok_val *item, const struct chain *chain,
	struct mok_val *under)
{
	struct mok_val val;
	const char *path;

	if (item->type != MOK_STR) {
		mok_diag_add(load->diags, "E0205", item->at, "include takes a list of file names");
		return -1;
	}
	path = plan_beside(load->arena, chain->path, item->u.s);
	if (is_open(chain, path) || chain->depth == INCLUDES_MAX) {
		mok_diag_add(load->diags, "E0108", item->at, "%s is already being read", path);
		return -1;
	}
	if (read_file(load, path, item->at, chain, &val) != 0)
		return -1;
	*under = under->type == MOK_MAP ? plan_merge(load->arena, under, &val) : val;
	return 0;
}

static int read_file(struct load *load, const char *path, struct mok_mark from,
	const struct chain *outer, struct mok_val *out)
{
	struct chain chain = { outer, path, outer ? outer->depth + 1 : 0 };
	struct mok_val under = mok_val_null();
	const struct mok_source *source;
	const struct mok_val *includes;
	int rc = 0;

	if (plan_read_source(load, path, from, &source) != 0 ||
		plan_read_yaml(load->arena, load->diags, source, out) != 0)
		return -1;
	if (out->type == MOK_NULL) {
		*out = (struct mok_val){ .type = MOK_MAP };
		out->at = (struct mok_mark){ source->name, 1, 1, 2 };
	}
	if (out->type != MOK_MAP) {
		mok_diag_add(load->diags, "E0205", out->at,
			"a plan file is a map of keys, not a %s", mok_type_name(out->type));
		return -1;
	}
	includes = mok_val_get(out, "include");
	if (!includes || includes->type == MOK_NULL)
		return 0;
	if (includes->type != MOK_LIST) {
		mok_diag_add(load->diags, "E0205", includes->at, "include takes a list of files");
		return -1;
	}
	for (size_t i = 0; i < includes->u.list.len; i++)
		rc |= read_included(load, &includes->u.list.items[i], &chain, &under);
	if (under.type == MOK_MAP)
		*out = plan_merge(load->arena, &under, out);
	return rc;
}

int plan_read_files(struct load *load, struct mok_val *out)
{
	const struct mok_mark nowhere = { 0 };
	bool any = false;
	int rc = 0;

	*out = mok_val_null();
	for (size_t i = 0; i < load->options->nfiles; i++) {
		struct mok_val file;

		if (read_file(load, load->options->files[i], nowhere, NULL, &file) != 0) {
			rc = -1;
			continue;
		}
		*out = any ? plan_merge(load->arena, out, &file) : file;
		any = true;
	}
	return rc;
}
