#include "engine_internal.h"

#include <string.h>

/* What others print (a pod's log) may hold what this stack keeps secret. A text that the plan shows
 * elsewhere (a user's name, which is part of a Secret too) is none. */

#define SECRET_MIN 6 /* bytes: shorter ones would tear words apart */

struct gathering {
	struct mok_map *secrets, *shown;
	struct mok_arena *scratch;
	bool shows; /* what is not secret is noted too */
};

static void add_secret(struct gathering *g, const char *text, size_t len)
{
	const char *secret;

	if (len < SECRET_MIN)
		return;
	secret = mok_arena_strndup(g->scratch, text, len);
	if (!mok_map_get(g->secrets, secret) && !mok_map_get(g->shown, secret))
		mok_map_put(g->secrets, secret, g->secrets);
}

/* Texts are printed in lines. */
static void add_lines(struct gathering *g, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\r\n");

		add_secret(g, text, len);
		text += len + (text[len] != '\0');
	}
}

/* The data of a Secret; what is no base64 decodes to nothing of use. */
static void add_decoded(struct gathering *g, const char *text)
{
	size_t len;
	const char *out = mok_unbase64(g->scratch, text, &len);

	if (out && mok_utf8_valid(out, strlen(out), &len))
		add_lines(g, out);
}

static void add_text(struct gathering *g, const char *text)
{
	struct mok_buf encoded;

	add_lines(g, text);
	add_decoded(g, text);
	mok_buf_init(&encoded, 4096); /* as a part of a URL */
	mok_buf_add_url(&encoded, text, false);
	if (!encoded.overflow)
		add_secret(g, encoded.data, encoded.len);
	mok_buf_release(&encoded);
}

static void add_value(struct gathering *g, const struct mok_val *v, bool sensitive)
{
	sensitive |= v->sensitive;
	if (v->type == MOK_STR && g->shows && !sensitive)
		mok_map_put(g->shown, v->u.s, g);
	if (v->type == MOK_STR && !g->shows && sensitive)
		add_text(g, v->u.s);
	for (size_t i = 0; v->type == MOK_LIST && i < v->u.list.len; i++)
		add_value(g, &v->u.list.items[i], sensitive);
	for (size_t i = 0; v->type == MOK_MAP && i < v->u.map.len; i++)
		add_value(g, &v->u.map.pairs[i].val, sensitive);
}

/* A field's own word counts too: of a password within a connection. */
static void add_fields(struct gathering *g, const struct mok_field *fields, const struct mok_val *v,
	bool sensitive)
{
	for (size_t i = 0; v->type == MOK_LIST && i < v->u.list.len; i++)
		add_fields(g, fields, &v->u.list.items[i], sensitive);
	if (v->type != MOK_MAP && v->type != MOK_LIST)
		add_value(g, v, sensitive);
	for (size_t i = 0; v->type == MOK_MAP && i < v->u.map.len; i++) {
		const struct mok_pair *pair = &v->u.map.pairs[i];
		const struct mok_field *f = mok_field_find(fields, pair->key);
		bool is = sensitive || (f && f->flags & MOK_F_SENSITIVE);

		if (f && f->sub)
			add_fields(g, f->sub, &pair->val, is);
		else
			add_value(g, &pair->val, is);
	}
}

static void add_plan(struct gathering *g, const struct engine *e)
{
	const struct mok_stack *stack = e->in->stack;

	for (size_t i = 0; i < stack->variables.len; i++)
		add_value(g, &stack->variables.items[i].value, stack->variables.items[i].sensitive);
	for (size_t i = 0; i < e->in->changes->list.len; i++)
		add_fields(g, e->in->changes->list.items[i].kind->fields,
			&e->in->changes->list.items[i].want, false);
	for (size_t i = 0; i < e->ops.len; i++)
		if (e->ops.items[i]->change)
			add_fields(g, e->ops.items[i]->change->kind->fields, &e->ops.items[i]->want,
				false);
}

/* What a cluster answers does not say what of it was secret in the plan. */
static void add_live(struct gathering *g, const struct engine *e)
{
	for (size_t i = 0; i < e->in->live->objects.len; i++) {
		const struct mok_object *o = e->in->live->objects.items[i];

		if (!g->shows || !(o->kind->flags & MOK_K_APPLIES))
			add_fields(g, o->kind->fields, &o->attrs, false);
	}
}

/* More is known once another operation has ended. */
static void learn_secrets(struct engine *e)
{
	struct gathering g = { .secrets = e->secrets };

	if (e->secrets && e->secrets_open == e->open)
		return;
	if (!e->secrets)
		g.secrets = e->secrets = mok_map_new(e->arena);
	e->secrets_open = e->open;
	g.scratch = mok_arena_new();
	g.shown = mok_map_new(g.scratch);
	for (int pass = 0; pass < 2; pass++) {
		g.shows = pass == 0;
		add_plan(&g, e);
		add_live(&g, e);
	}
	mok_arena_free(g.scratch);
}

static const char *longest_at(const struct engine *e, const char *text)
{
	const char *longest = NULL;

	for (size_t i = 0; i < mok_map_len(e->secrets); i++) {
		const char *secret = mok_map_key(e->secrets, i);

		if (secret[0] == text[0] && mok_starts(text, secret) &&
			(!longest || strlen(secret) > strlen(longest)))
			longest = secret;
	}
	return longest;
}

const char *mok_engine_hide(struct engine *e, const char *text)
{
	struct mok_buf out;
	const char *secret, *hidden;

	learn_secrets(e);
	mok_buf_init(&out, 64 << 10);
	while (*text) {
		secret = longest_at(e, text);
		if (secret)
			mok_buf_puts(&out, "(hidden)");
		else
			mok_buf_putc(&out, *text);
		text += secret ? strlen(secret) : 1;
	}
	hidden = mok_arena_strdup(e->arena, out.data);
	mok_buf_release(&out);
	return hidden;
}
