/* regex: what its parser and its matcher share. */
#ifndef MOK_CEL_REGEX_H
#define MOK_CEL_REGEX_H

#include "cel.h"

enum { REGEX_MAX = 20000, REGEX_DEPTH_MAX = 200, REGEX_REPEAT_MAX = 1000 };

enum re_op { RE_CLASS = 0, RE_SPLIT, RE_JUMP, RE_ASSERT, RE_MATCH };

enum re_assert {
	RE_TEXT_BEGIN = 0,
	RE_TEXT_END,
	RE_LINE_BEGIN,
	RE_LINE_END,
	RE_WORD,
	RE_NO_WORD,
};

struct re_range {
	uint32_t low, high;
};

struct re_class {
	MOK_VEC(struct re_range) ranges;
	bool negated, fold; /* fold: in either case of ASCII */
};

struct re_step {
	enum re_op op;
	size_t to, other; /* of a jump; of a split: first where to go first */
	enum re_assert assert;
	const struct re_class *class;
};

struct cel_regex {
	struct mok_arena *arena;
	struct re_step *steps;
	size_t len;
};

enum re_kind { RE_NONE = 0, RE_ONE, RE_PLACE, RE_ROW, RE_CHOICE, RE_REPEAT };

/* What a pattern says, before it is steps. */
struct re_node {
	enum re_kind kind;
	const struct re_class *class;
	enum re_assert assert;
	struct re_node *a, *b; /* of a row and a choice; a: what is repeated */
	int low, high;         /* high -1: no end */
	bool lazy;
};

/* NULL: *why. */
struct re_node *re_parse(struct mok_arena *arena, const char *pattern, const char **why);
/* regex_class.c. Adds \d, \w, \s and the like; false: the letter names none. */
bool re_add_named(struct mok_arena *arena, struct re_class *class, char letter);
/* "alpha" of [[:alpha:]], "L" of \p{L}. Of \p the part above ASCII is told by letter or not alone.
 */
bool re_add_posix(struct mok_arena *arena, struct re_class *class, const char *name, bool negated);
bool re_add_property(
	struct mok_arena *arena, struct re_class *class, const char *name, bool negated);
void re_add_range(struct mok_arena *arena, struct re_class *class, uint32_t low, uint32_t high);
bool re_class_has(const struct re_class *class, uint32_t code);

#endif
