#include "plan_internal.h"

#include <locale.h>
#include <regex.h>
#include <string.h>

const struct mok_pair *plan_pair(const struct mok_val *map, const char *key)
{
	for (size_t i = 0; map->type == MOK_MAP && i < map->u.map.len; i++)
		if (strcmp(map->u.map.pairs[i].key, key) == 0)
			return &map->u.map.pairs[i];
	return NULL;
}

bool plan_map(struct load *load, const struct mok_val *v, const char *what, struct mok_val *out)
{
	const struct mok_val empty = { .type = MOK_MAP };
	bool is_map = !v || v->type == MOK_NULL || v->type == MOK_MAP;

	if (!is_map)
		mok_diag_add(load->diags, "E0205", v->at, "%s is a map, not a %s", what,
			mok_type_name(v->type));
	*out = v && v->type == MOK_MAP ? *v : empty; /* v may be out */
	return is_map;
}

bool plan_text(struct load *load, const struct mok_val *v, const char *what, const char **out)
{
	*out = NULL;
	if (!v || v->type == MOK_NULL)
		return false;
	if (v->type == MOK_STR) {
		*out = v->u.s;
		return true;
	}
	mok_diag_add(load->diags, "E0205", v->at, "%s is a text, not a %s", what,
		mok_type_name(v->type));
	return false;
}

void plan_unknown_keys(struct load *load, const struct mok_val *map, const char *code,
	const char *const *known, const char *what)
{
	size_t n = 0;

	while (known[n])
		n++;
	for (size_t i = 0; i < map->u.map.len; i++) {
		const struct mok_pair *pair = &map->u.map.pairs[i];
		struct mok_diag *d;
		const char *near;
		bool found = false;

		for (size_t k = 0; k < n && !found; k++)
			found = strcmp(known[k], pair->key) == 0;
		if (found)
			continue;
		d = mok_diag_add(
			load->diags, code, pair->key_at, "%s has no key \"%s\"", what, pair->key);
		near = mok_nearest(pair->key, known, n);
		mok_diag_near(load->diags, d, near);
	}
}

static enum plan_found look_for(const char *pattern, const char *text)
{
	regex_t regex;
	int rc;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return PLAN_NO_PATTERN;
	rc = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return rc == 0 ? PLAN_FOUND : PLAN_NOT_FOUND;
}

enum plan_found plan_search(const char *pattern, const char *text)
{
	locale_t characters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before;
	enum plan_found found;

	if (!characters)
		return look_for(pattern, text);
	before = uselocale(characters);
	found = look_for(pattern, text);
	uselocale(before);
	freelocale(characters);
	return found;
}

bool plan_bool(const struct mok_val *v, bool *out)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	if (v->type == MOK_BOOL) {
		*out = v->u.b;
		return true;
	}
	for (size_t i = 0; v->type == MOK_STR && i < MOK_COUNT(words); i++)
		if (strcmp(v->u.s, words[i]) == 0) {
			*out = i % 2 == 1;
			return true;
		}
	return false;
}

struct mok_mark plan_mark(const struct mok_val *v, struct mok_mark fallback)
{
	return v && v->at.file ? v->at : fallback;
}

bool plan_has_expression(const struct mok_val *v)
{
	bool found = v->type == MOK_STR && strstr(v->u.s, "${");

	if (v->type == MOK_LIST)
		for (size_t i = 0; !found && i < v->u.list.len; i++)
			found = plan_has_expression(&v->u.list.items[i]);
	if (v->type == MOK_MAP)
		for (size_t i = 0; !found && i < v->u.map.len; i++)
			found = plan_has_expression(&v->u.map.pairs[i].val);
	return found;
}

const char *plan_beside(struct mok_arena *arena, const char *base, const char *path)
{
	const char *slash = base ? strrchr(base, '/') : NULL;

	if (*path == '/' || !slash)
		return path;
	return mok_arena_printf(arena, "%.*s/%s", (int)(slash - base), base, path);
}
