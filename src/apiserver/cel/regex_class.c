/* Classes of characters. */
#include "regex.h"

enum { CODE_MAX = 0x10ffff };

void re_add_range(struct mok_arena *arena, struct re_class *class, uint32_t low, uint32_t high)
{
	const struct re_range range = { low, high };

	mok_vec_push(arena, &class->ranges, range);
}

static bool among(const struct re_class *class, uint32_t code)
{
	for (size_t i = 0; i < class->ranges.len; i++)
		if (code >= class->ranges.items[i].low && code <= class->ranges.items[i].high)
			return true;
	return false;
}

bool re_class_has(const struct re_class *class, uint32_t code)
{
	uint32_t lower = code | 32;
	bool has = among(class, code);

	if (!has && class->fold && lower >= 'a' && lower <= 'z')
		has = among(class, lower) || among(class, lower - 32);
	return has != class->negated;
}

/* Pairs of ends, in order, ended by a zero high end; NULL: none. */
static void add_pairs(
	struct mok_arena *arena, struct re_class *class, const unsigned char *pairs, bool negated)
{
	uint32_t from = 0;

	for (; pairs && pairs[1]; pairs += 2) {
		if (!negated)
			re_add_range(arena, class, pairs[0], pairs[1]);
		else if (pairs[0] > from)
			re_add_range(arena, class, from, pairs[0] - 1U);
		from = pairs[1] + 1U;
	}
	if (negated)
		re_add_range(arena, class, from, CODE_MAX);
}

static const struct {
	const char *name;
	const unsigned char pairs[12];
} named[] = {
	{ "d", { '0', '9' } },
	{ "w", { '0', '9', 'A', 'Z', '_', '_', 'a', 'z' } },
	{ "s", { '\t', '\n', '\f', '\r', ' ', ' ' } },
	{ "alnum", { '0', '9', 'A', 'Z', 'a', 'z' } },
	{ "alpha", { 'A', 'Z', 'a', 'z' } },
	{ "ascii", { 0, 127 } },
	{ "blank", { '\t', '\t', ' ', ' ' } },
	{ "cntrl", { 0, 31, 127, 127 } },
	{ "digit", { '0', '9' } },
	{ "graph", { '!', '~' } },
	{ "lower", { 'a', 'z' } },
	{ "print", { ' ', '~' } },
	{ "punct", { '!', '/', ':', '@', '[', '`', '{', '~' } },
	{ "space", { '\t', '\r', ' ', ' ' } },
	{ "upper", { 'A', 'Z' } },
	{ "word", { '0', '9', 'A', 'Z', '_', '_', 'a', 'z' } },
	{ "xdigit", { '0', '9', 'A', 'F', 'a', 'f' } },
};

static const unsigned char *pairs_of(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(named); i++)
		if (strcmp(named[i].name, name) == 0)
			return named[i].pairs;
	return NULL;
}

bool re_add_named(struct mok_arena *arena, struct re_class *class, char letter)
{
	const char name[] = { (char)(letter | 32), 0 };

	if (!strchr("dwsDWS", letter))
		return false;
	add_pairs(arena, class, pairs_of(name), letter < 'a');
	return true;
}

bool re_add_posix(struct mok_arena *arena, struct re_class *class, const char *name, bool negated)
{
	const unsigned char *pairs = strlen(name) > 1 ? pairs_of(name) : NULL;

	if (pairs)
		add_pairs(arena, class, pairs, negated);
	return pairs;
}

bool re_add_property(
	struct mok_arena *arena, struct re_class *class, const char *name, bool negated)
{
	static const struct {
		const char *name, *pairs;
		bool above; /* has what is no ASCII */
	} properties[] = { { "L", "alpha", true }, { "Lu", "upper", false },
		{ "Ll", "lower", false }, { "Latin", "alpha", true }, { "N", "digit", false },
		{ "Nd", "digit", false }, { "P", "punct", false }, { "Z", "blank", false },
		{ "Zs", "blank", false }, { "C", "cntrl", false }, { "Cc", "cntrl", false },
		{ "S", "punct", false }, { "M", "", true } };

	for (size_t i = 0; i < MOK_COUNT(properties); i++) {
		const unsigned char *pairs = pairs_of(properties[i].pairs);

		if (strcmp(properties[i].name, name) != 0)
			continue;
		if (pairs)
			add_pairs(arena, class, pairs, negated);
		if (properties[i].above && !negated)
			re_add_range(arena, class, 0x80, CODE_MAX);
		return true;
	}
	return false;
}
