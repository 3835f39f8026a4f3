/* Regular expressions: steps of a machine that is in all its states at once, so that no pattern
 * takes longer than its length times the text's. */
#include "regex.h"

#include <stdlib.h>

enum { REGEX_MADE_MAX = 10 * REGEX_MAX };

/* ---- the tree as steps ---- */

struct maker {
	struct mok_arena *arena;
	MOK_VEC(struct re_step) steps;
	size_t made; /* nodes, those that make no step among them */
	bool full;
};

static size_t step(struct maker *m, struct re_step step)
{
	if (m->steps.len >= REGEX_MAX) {
		m->full = true;
		return 0;
	}
	mok_vec_push(m->arena, &m->steps, step);
	return m->steps.len - 1;
}

static void make(struct maker *m, const struct re_node *node);

/* A choice, which is deep on its left: its items but the last, each behind a split. */
static void make_choice(struct maker *m, const struct re_node *node)
{
	MOK_VEC(const struct re_node *) items = { NULL, 0, 0 };
	MOK_VEC(size_t) jumps = { NULL, 0, 0 };

	for (; node->kind == RE_CHOICE; node = node->a)
		mok_vec_push(m->arena, &items, node->b);
	mok_vec_push(m->arena, &items, node);
	for (size_t i = items.len; i > 1 && !m->full; i--) {
		size_t split = step(m, (struct re_step){ .op = RE_SPLIT });

		make(m, items.items[i - 1]);
		mok_vec_push(m->arena, &jumps, step(m, (struct re_step){ .op = RE_JUMP }));
		m->steps.items[split].to = split + 1;
		m->steps.items[split].other = m->steps.len;
	}
	make(m, items.items[0]);
	for (size_t i = 0; i < jumps.len; i++)
		m->steps.items[jumps.items[i]].to = m->steps.len;
}

/* Goes into what follows, or past it: at `split` both ways are known once it is made. */
static void set_split(struct maker *m, size_t split, size_t in, size_t past, bool lazy)
{
	m->steps.items[split].to = lazy ? past : in;
	m->steps.items[split].other = lazy ? in : past;
}

static void make_star(struct maker *m, const struct re_node *node)
{
	size_t split = step(m, (struct re_step){ .op = RE_SPLIT });

	make(m, node->a);
	step(m, (struct re_step){ .op = RE_JUMP, .to = split });
	set_split(m, split, split + 1, m->steps.len, node->lazy);
}

static void make_repeat(struct maker *m, const struct re_node *node)
{
	MOK_VEC(size_t) splits = { NULL, 0, 0 };

	for (int i = 0; i < node->low && !m->full; i++)
		make(m, node->a);
	if (node->high < 0) {
		make_star(m, node);
		return;
	}
	for (int i = node->low; i < node->high && !m->full; i++) {
		mok_vec_push(m->arena, &splits, step(m, (struct re_step){ .op = RE_SPLIT }));
		make(m, node->a);
	}
	for (size_t i = 0; i < splits.len && !m->full; i++)
		set_split(m, splits.items[i], splits.items[i] + 1, m->steps.len, node->lazy);
}

/* The items of a row, which is deep on its left. */
static void make_row(struct maker *m, const struct re_node *node)
{
	MOK_VEC(const struct re_node *) items = { NULL, 0, 0 };

	for (; node->kind == RE_ROW; node = node->a)
		mok_vec_push(m->arena, &items, node->b);
	make(m, node);
	for (size_t i = items.len; i > 0 && !m->full; i--)
		make(m, items.items[i - 1]);
}

static void make(struct maker *m, const struct re_node *node)
{
	m->full |= ++m->made > REGEX_MADE_MAX;
	if (m->full)
		return;
	switch ((int)node->kind) {
	case RE_ONE: step(m, (struct re_step){ .op = RE_CLASS, .class = node->class }); return;
	case RE_PLACE: step(m, (struct re_step){ .op = RE_ASSERT, .assert = node->assert }); return;
	case RE_ROW: make_row(m, node); return;
	case RE_CHOICE: make_choice(m, node); return;
	case RE_REPEAT: make_repeat(m, node); return;
	default: return;
	}
}

struct cel_regex *cel_regex_new(struct mok_arena *arena, const char *pattern, const char **why)
{
	const struct re_node *tree = re_parse(arena, pattern, why);
	struct maker m = { .arena = arena };
	struct cel_regex *regex;

	if (!tree)
		return NULL;
	step(&m, (struct re_step){ .op = RE_JUMP, .to = 1 });
	make(&m, tree);
	step(&m, (struct re_step){ .op = RE_MATCH });
	if (m.full) {
		*why = mok_arena_printf(
			arena, "error parsing regexp: expression too large: `%s`", pattern);
		return NULL;
	}
	regex = MOK_NEW(arena, struct cel_regex);
	*regex = (struct cel_regex){ arena, m.steps.items, m.steps.len };
	return regex;
}

/* ---- running ---- */

struct state {
	size_t step, begin;
};

/* States of one place in the text, the preferred first, each step once. */
struct states {
	struct state *list;
	size_t len;
	size_t *mark; /* by step: the generation in which it is in */
};

struct machine {
	const struct cel_regex *regex;
	struct cel_text text;
	size_t *stack;
	size_t generation;
	struct states now, next;
};

static bool is_word(const struct machine *m, size_t at)
{
	unsigned char c = at < m->text.len ? (unsigned char)m->text.at[at] : 0;

	return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool holds(const struct machine *m, enum re_assert assert, size_t at)
{
	bool word = (at > 0 && is_word(m, at - 1)) != is_word(m, at);

	switch ((int)assert) {
	case RE_TEXT_BEGIN: return at == 0;
	case RE_TEXT_END: return at == m->text.len;
	case RE_LINE_BEGIN: return at == 0 || m->text.at[at - 1] == '\n';
	case RE_LINE_END: return at == m->text.len || m->text.at[at] == '\n';
	case RE_WORD: return word;
	default: return !word;
	}
}

/* A step and all that it leads to without a character. */
static void enter(struct machine *m, struct states *states, size_t step, size_t begin, size_t at)
{
	size_t depth = 0;

	m->stack[depth++] = step;
	while (depth) {
		size_t i = m->stack[--depth];
		const struct re_step *s = &m->regex->steps[i];

		if (states->mark[i] == m->generation)
			continue;
		states->mark[i] = m->generation;
		if (s->op == RE_JUMP) {
			m->stack[depth++] = s->to;
		} else if (s->op == RE_SPLIT) {
			m->stack[depth++] = s->other;
			m->stack[depth++] = s->to;
		} else if (s->op != RE_ASSERT) {
			states->list[states->len++] = (struct state){ i, begin };
		} else if (holds(m, s->assert, at)) {
			m->stack[depth++] = i + 1;
		}
	}
}

/* Goes on by one character; true: it matched, from *begin on. */
static bool advance(struct machine *m, uint32_t code, bool ended, size_t after, size_t *begin)
{
	m->next.len = 0;
	m->generation++;
	for (size_t i = 0; i < m->now.len; i++) {
		const struct re_step *s = &m->regex->steps[m->now.list[i].step];

		if (s->op == RE_MATCH) {
			*begin = m->now.list[i].begin;
			return true; /* the preferred of those that are left */
		}
		if (!ended && re_class_has(s->class, code))
			enter(m, &m->next, m->now.list[i].step + 1, m->now.list[i].begin, after);
	}
	return false;
}

static void machine_init(struct machine *m, const struct cel_regex *regex, struct cel_text text)
{
	size_t n = regex->len + 1;

	*m = (struct machine){ .regex = regex, .text = text };
	m->stack = mok_xcalloc(2 * n + 1, sizeof(size_t));
	m->now = (struct states){ .list = mok_xcalloc(n, sizeof(struct state)),
		.mark = mok_xcalloc(n, sizeof(size_t)) };
	m->next = (struct states){ .list = mok_xcalloc(n, sizeof(struct state)),
		.mark = mok_xcalloc(n, sizeof(size_t)) };
}

static void machine_release(struct machine *m)
{
	free(m->stack);
	free(m->now.list);
	free(m->now.mark);
	free(m->next.list);
	free(m->next.mark);
}

bool cel_regex_find(const struct cel_regex *regex, struct cel_text text, size_t from, size_t *begin,
	size_t *end)
{
	struct machine m;
	bool found = false;
	size_t at = from, start = 0;

	machine_init(&m, regex, text);
	m.generation = 1;
	while (at <= text.len) {
		bool ended = at == text.len;
		uint32_t code = 0;
		size_t n = ended ? 1 : cel_utf8_next(text.at + at, text.len - at, &code);
		struct states swap;

		if (!found)
			enter(&m, &m.now, 0, at, at);
		if (found && !m.now.len)
			break;
		if (advance(&m, code, ended, at + n, &start)) {
			found = true;
			if (!end)
				break;
			*begin = start;
			*end = at;
		}
		swap = m.now;
		m.now = m.next;
		m.next = swap;
		at += n;
	}
	machine_release(&m);
	return found;
}
