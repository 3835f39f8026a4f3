#include "expr_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32

struct parser {
	struct mok_arena *arena;
	struct mok_diags *diags;
	const char *text;
	size_t len, pos;
	struct mok_mark at; /* of the whole scalar */
	int first_column;   /* of text[0], or 0 if columns inside are not known */
	int depth;
};

/* A scalar as long as its text is plain; two longer, it is quoted; else it has escapes or lines. */
static void find_columns(struct parser *p)
{
	uint32_t chars = (uint32_t)mok_utf8_count(p->text, p->len);
	uint32_t width = p->at.end > p->at.column ? p->at.end - p->at.column : 0;

	if (width == chars)
		p->first_column = (int)p->at.column;
	else if (width == chars + 2)
		p->first_column = (int)p->at.column + 1;
}

static struct mok_mark mark_of(const struct parser *p, size_t from, size_t to)
{
	struct mok_mark mark = p->at;

	if (!p->first_column)
		return mark;
	mark.column = (uint32_t)p->first_column + (uint32_t)mok_utf8_count(p->text, from);
	mark.end = (uint32_t)p->first_column + (uint32_t)mok_utf8_count(p->text, to);
	if (mark.end <= mark.column)
		mark.end = mark.column + 1;
	return mark;
}

static struct mok_expr *node_new(struct parser *p, enum node_type type)
{
	struct mok_expr *node = MOK_NEW(p->arena, struct mok_expr);

	node->type = type;
	return node;
}

static struct mok_expr *syntax(struct parser *p, size_t from, size_t to, const char *what)
{
	struct mok_diag *diag =
		mok_diag_add(p->diags, "E0501", mark_of(p, from, to), "%s in \"${...}\"", what);

	mok_diag_hint(p->diags, diag, "write $${ for a literal ${");
	return NULL;
}

static char peek(const struct parser *p)
{
	return p->text[p->pos < p->len ? p->pos : p->len]; /* the text ends with a NUL */
}

static void skip_space(struct parser *p)
{
	while (p->pos < p->len && isspace((unsigned char)p->text[p->pos]))
		p->pos++;
}

static bool accept(struct parser *p, char c)
{
	skip_space(p);
	if (peek(p) != c)
		return false;
	p->pos++;
	return true;
}

static bool is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static size_t name_end(const struct parser *p)
{
	size_t end = p->pos;

	if (end < p->len && is_name_start(p->text[end]))
		while (end < p->len && is_name(p->text[end]))
			end++;
	return end;
}

/* After the opening quote. NULL: not closed. */
static const char *quoted(struct parser *p, char quote)
{
	struct mok_buf buf;
	const char *out = NULL;

	mok_buf_init(&buf, p->len + 1);
	while (p->pos < p->len && p->text[p->pos] != quote) {
		char c = p->text[p->pos++];

		if (c == '\\' && p->pos < p->len) {
			c = p->text[p->pos++];
			if (c == 'n')
				c = '\n';
			else if (c == 't')
				c = '\t';
		}
		mok_buf_putc(&buf, c);
	}
	if (p->pos < p->len) {
		p->pos++;
		out = mok_arena_strdup(p->arena, buf.data);
	}
	mok_buf_release(&buf);
	return out;
}

static struct mok_expr *parse_string(struct parser *p)
{
	struct mok_expr *node = node_new(p, NODE_VALUE);
	size_t from = p->pos;
	char quote = p->text[p->pos++];
	const char *s = quoted(p, quote);

	if (!s)
		return syntax(p, from, p->len, "a string is not closed");
	node->value = mok_val_str(s);
	node->at = mark_of(p, from, p->pos);
	return node;
}

static struct mok_expr *parse_number(struct parser *p)
{
	struct mok_expr *node = node_new(p, NODE_VALUE);
	size_t from = p->pos;
	const char *text;
	char *end;
	int64_t i;
	double n;

	p->pos++;
	while (isalnum((unsigned char)peek(p)) || peek(p) == '.')
		p->pos++;
	text = mok_arena_strndup(p->arena, p->text + from, p->pos - from);
	errno = 0;
	n = strtod(text, &end);
	if (mok_parse_i64(text, &i))
		node->value = mok_val_int(i);
	else if (*end == '\0' && errno == 0)
		node->value = mok_val_num(n);
	else
		return syntax(p, from, p->pos, "this is not a number");
	node->at = mark_of(p, from, p->pos);
	return node;
}

static struct mok_expr *parse_expr(struct parser *p);

/* After the opening bracket, up to and with `close`. */
static bool parse_args(struct parser *p, struct mok_expr *node, char close)
{
	size_t from = p->pos - 1;

	if (accept(p, close))
		return true;
	do {
		const struct mok_expr *arg = parse_expr(p);

		if (!arg)
			return false;
		if (node->args.len == MAX_ARGS)
			return syntax(p, from, p->pos, "there are too many arguments") != NULL;
		mok_vec_push(p->arena, &node->args, arg);
	} while (accept(p, ','));
	if (accept(p, close))
		return true;
	syntax(p, p->pos, p->pos + 1,
		close == ')' ? "a \",\" or \")\" is missing" : "a \",\" or \"]\" is missing");
	return false;
}

static bool has_right_count(struct parser *p, const struct mok_expr *node)
{
	const struct function *f = node->function;
	struct mok_diag *diag;

	if (node->args.len >= f->min && node->args.len <= f->max)
		return true;
	diag = mok_diag_add(p->diags, "E0503", node->at, "%s() does not take %zu argument%s",
		f->about.name, node->args.len, node->args.len == 1 ? "" : "s");
	mok_diag_hint(p->diags, diag, "it is %s", f->about.signature);
	return false;
}

static struct mok_expr *parse_call(struct parser *p, size_t from, size_t end)
{
	struct mok_expr *node = node_new(p, NODE_CALL);
	const char *name = mok_arena_strndup(p->arena, p->text + from, end - from);
	struct mok_diag *diag;
	const char *near;

	node->function = function_find(name, strlen(name));
	node->at = mark_of(p, from, end);
	p->pos++;
	if (!parse_args(p, node, ')'))
		return NULL;
	if (node->function)
		return has_right_count(p, node) ? node : NULL;
	diag = mok_diag_add(p->diags, "E0502", node->at, "there is no function \"%s\"", name);
	near = function_nearest(p->arena, name);
	mok_diag_near(p->diags, diag, near);
	return NULL;
}

/* The inside of "[...]": a string, a number, or each.key and each.value as they stand. */
static const char *parse_index(struct parser *p, bool *is_text)
{
	size_t from;
	const char *out;

	skip_space(p);
	from = p->pos;
	*is_text = peek(p) == '"' || peek(p) == '\'';
	if (*is_text) {
		p->pos++;
		out = quoted(p, p->text[from]);
	} else {
		while (is_name(peek(p)) || peek(p) == '.')
			p->pos++;
		out = mok_arena_strndup(p->arena, p->text + from, p->pos - from);
	}
	if (!out || !accept(p, ']')) {
		syntax(p, from, p->pos, "an index is a quoted string or a number, then \"]\"");
		return NULL;
	}
	if (*is_text || isdigit((unsigned char)out[0]) || mok_streq(out, "each.key") ||
		mok_streq(out, "each.value"))
		return out;
	syntax(p, from, p->pos, "an index is a quoted string, a number, each.key or each.value");
	return NULL;
}

static bool is_scope(const char *root)
{
	return mok_streq(root, "var") || mok_streq(root, "env") || mok_streq(root, "each") ||
		mok_streq(root, "image");
}

/* An index right after a resource's name is part of its address; later ones are path parts. */
static bool parse_ref_index(struct parser *p, struct mok_ref *ref, struct mok_buf *path)
{
	bool is_text;
	const char *index = parse_index(p, &is_text);

	if (!index)
		return false;
	if (path->len == 0 && !is_scope(ref->root)) {
		ref->root = is_text ? mok_arena_printf(p->arena, "%s[\"%s\"]", ref->root, index)
				    : mok_arena_printf(p->arena, "%s[%s]", ref->root, index);
		return true;
	}
	mok_buf_puts(path, path->len ? "." : "");
	mok_buf_puts(path, index);
	return true;
}

static bool parse_ref_name(struct parser *p, struct mok_buf *path)
{
	size_t end = name_end(p);

	if (end == p->pos)
		while (end < p->len && isdigit((unsigned char)p->text[end]))
			end++;
	if (end == p->pos) {
		syntax(p, p->pos, p->pos + 1, "a name is missing after \".\"");
		return false;
	}
	mok_buf_puts(path, path->len ? "." : "");
	mok_buf_add(path, p->text + p->pos, end - p->pos);
	p->pos = end;
	return true;
}

static struct mok_expr *parse_ref(struct parser *p, size_t from, size_t end)
{
	struct mok_expr *node = node_new(p, NODE_REF);
	struct mok_buf path;
	bool ok = true;

	mok_buf_init(&path, p->len + 16);
	node->ref.root = mok_arena_strndup(p->arena, p->text + from, end - from);
	p->pos = end;
	while (ok && (peek(p) == '.' || peek(p) == '[')) {
		bool is_name_part = p->text[p->pos++] == '.';

		ok = is_name_part ? parse_ref_name(p, &path)
				  : parse_ref_index(p, &node->ref, &path);
	}
	node->at = node->ref.at = mark_of(p, from, p->pos);
	node->ref.path = mok_arena_strdup(p->arena, path.data);
	mok_buf_release(&path);
	if (ok && is_scope(node->ref.root) && !node->ref.path[0])
		return syntax(p, from, p->pos, "a name is missing after var, env, each or image");
	return ok ? node : NULL;
}

static struct mok_expr *parse_word(struct parser *p)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t from = p->pos, end = name_end(p);
	struct mok_expr *node;

	for (size_t i = 0; i < MOK_COUNT(words); i++) {
		if (strlen(words[i]) != end - from ||
			memcmp(words[i], p->text + from, end - from) != 0)
			continue;
		node = node_new(p, NODE_VALUE);
		node->value = i == 2 ? mok_val_null() : mok_val_bool(i == 0);
		node->at = mark_of(p, from, end);
		p->pos = end;
		return node;
	}
	if (end < p->len && p->text[end] == '(') {
		p->pos = end;
		return parse_call(p, from, end);
	}
	return parse_ref(p, from, end);
}

static struct mok_expr *parse_list(struct parser *p)
{
	struct mok_expr *node = node_new(p, NODE_LIST);
	size_t from = p->pos++;

	if (!parse_args(p, node, ']'))
		return NULL;
	node->at = mark_of(p, from, p->pos);
	return node;
}

static struct mok_expr *parse_primary(struct parser *p)
{
	char c;

	skip_space(p);
	c = peek(p);
	if (is_name_start(c))
		return parse_word(p);
	if (c == '"' || c == '\'')
		return parse_string(p);
	if (isdigit((unsigned char)c) || c == '-')
		return parse_number(p);
	if (c == '[')
		return parse_list(p);
	if (c == '}' || c == '\0')
		return syntax(p, p->pos, p->pos + 1, "an expression is missing");
	return syntax(p, p->pos, p->pos + 1, "this is not the start of an expression");
}

static struct mok_expr *parse_expr(struct parser *p)
{
	struct mok_expr *node;

	if (p->depth == MAX_DEPTH)
		return syntax(p, p->pos, p->pos + 1, "the nesting is too deep");
	p->depth++;
	node = parse_primary(p);
	p->depth--;
	return node;
}

/* After "${". Leaves pos after the closing brace. */
static struct mok_expr *parse_hole(struct parser *p)
{
	size_t from = p->pos - 2;
	struct mok_expr *node = parse_expr(p);

	if (!node)
		return NULL;
	if (accept(p, '}'))
		return node;
	if (p->pos >= p->len)
		return syntax(p, from, p->len, "the closing \"}\" is missing");
	return syntax(p, p->pos, p->pos + 1, "a \"}\" is expected here");
}

static void add_text(struct parser *p, struct mok_expr *parts, struct mok_buf *buf)
{
	struct mok_expr *node;

	if (!buf->len)
		return;
	node = node_new(p, NODE_VALUE);
	node->value = mok_val_str(mok_arena_strdup(p->arena, buf->data));
	node->at = p->at;
	mok_vec_push(p->arena, &parts->args, (const struct mok_expr *)node);
	mok_buf_clear(buf);
}

static bool parse_parts(struct parser *p, struct mok_expr *parts, struct mok_buf *buf)
{
	while (p->pos < p->len) {
		const char *rest = p->text + p->pos;
		struct mok_expr *hole;

		if (mok_starts(rest, "$${")) {
			mok_buf_puts(buf, "${");
			p->pos += 3;
		} else if (mok_starts(rest, "${")) {
			add_text(p, parts, buf);
			p->pos += 2;
			hole = parse_hole(p);
			if (!hole)
				return false;
			mok_vec_push(p->arena, &parts->args, (const struct mok_expr *)hole);
		} else {
			mok_buf_putc(buf, *rest);
			p->pos++;
		}
	}
	add_text(p, parts, buf);
	return true;
}

int mok_expr_parse(struct mok_arena *arena, const char *text, struct mok_mark at,
	struct mok_diags *diags, struct mok_val *out)
{
	struct parser p = { arena, diags, text, strlen(text), 0, at, 0, 0 };
	struct mok_expr *parts;
	struct mok_buf buf;
	bool ok;

	*out = mok_val_str(text);
	out->at = at;
	if (!strstr(text, "${"))
		return 0;
	find_columns(&p);
	parts = node_new(&p, NODE_TEXT);
	parts->at = at;
	mok_buf_init(&buf, p.len + 1);
	ok = parse_parts(&p, parts, &buf);
	mok_buf_release(&buf);
	if (!ok) {
		*out = mok_val_null();
		out->at = at;
		return -1;
	}
	if (parts->args.len == 1 && parts->args.items[0]->type == NODE_VALUE &&
		!mok_starts(text, "${")) {
		out->u.s = parts->args.items[0]->value.u.s;
		return 0;
	}
	out->type = MOK_EXPR;
	out->u.expr = parts->args.len == 1 ? parts->args.items[0] : parts;
	return 0;
}

static void refs_of(struct mok_arena *arena, const struct mok_expr *e, struct mok_refs *refs)
{
	if (e->type == NODE_REF)
		mok_vec_push(arena, &refs->list, e->ref);
	for (size_t i = 0; i < e->args.len; i++)
		refs_of(arena, e->args.items[i], refs);
}

void mok_expr_refs(struct mok_arena *arena, const struct mok_val *v, struct mok_refs *refs)
{
	if (v->type == MOK_EXPR)
		refs_of(arena, v->u.expr, refs);
	if (v->type == MOK_LIST)
		for (size_t i = 0; i < v->u.list.len; i++)
			mok_expr_refs(arena, &v->u.list.items[i], refs);
	if (v->type == MOK_MAP)
		for (size_t i = 0; i < v->u.map.len; i++)
			mok_expr_refs(arena, &v->u.map.pairs[i].val, refs);
}
