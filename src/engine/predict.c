#include "engine_internal.h"

#include <string.h>

/*
 * What a cluster's own API says a change would do. Asked for each object that differs from what is
 * wanted, or is to be made in a cluster that is there; the answers go to the objects, and the diff
 * is made again with them.
 */

struct prediction {
	struct mok_loop *loop;
	struct mok_arena *arena;
	struct mok_diags *diags;
	size_t outstanding, asked;
	bool failed;
	struct mok_err err;
};

struct question {
	struct prediction *p;
	const struct mok_change *change;
};

static bool is_settled(void *ctx)
{
	const struct prediction *p = ctx;

	return p->failed || p->outstanding == 0;
}

static void refuse(struct question *q, const struct mok_err *err)
{
	struct mok_diag *d = mok_diag_add(q->p->diags, "E0810", q->change->resource->at,
		"%s: the cluster refuses it: %s", q->change->address, err->msg);

	d->address = q->change->address;
	if (err->hint[0])
		mok_diag_hint(q->p->diags, d, "%s", err->hint);
}

static void take_refusal(struct question *q, const struct mok_answer *answer)
{
	const struct mok_err *err = &answer->err;
	struct mok_object *o = q->change->object;
	struct mok_val *fields;

	if (o && answer->value.type == MOK_LIST) {
		fields = MOK_NEW(q->p->arena, struct mok_val);
		*fields = answer->value;
		o->immutable = fields;
	} else if (err->http_status >= 400 && err->http_status < 500 && err->code != MOK_ERR_AUTH)
		refuse(q, err);
	else {
		q->p->failed = true;
		q->p->err = *err;
		mok_err_wrap(
			&q->p->err, "%s: asking the cluster what would change", q->change->address);
	}
}

static void answered(void *ctx, struct mok_answer *answer)
{
	struct question *q = ctx;
	struct mok_object *o = q->change->object;

	q->p->outstanding--;
	switch (answer->verdict) {
	case MOK_ANS_OK:
		if (o && answer->objects.len)
			o->predicted = &answer->objects.items[0]->attrs;
		return;
	case MOK_ANS_GONE: /* its namespace or its definition is not there yet */
	case MOK_ANS_BUSY: /* a webhook that it needs is not up */
	case MOK_ANS_UNSUPPORTED: return;
	case MOK_ANS_EXISTS:
	case MOK_ANS_AMBIGUOUS:
	case MOK_ANS_FAILED: take_refusal(q, answer); return;
	}
}

static const char *parent_id_of(const struct mok_change *c)
{
	const struct mok_val *v = mok_val_get(&c->want, c->kind->parent_field);

	if (c->object)
		return c->object->parent_id;
	return v && v->type == MOK_STR ? v->u.s : NULL;
}

static bool is_worth_asking(const struct mok_apply_input *in, const struct mok_change *c)
{
	const char *parent_id;

	if (!c->resource || c->excluded || !(c->kind->flags & MOK_K_APPLIES) ||
		mok_val_has_unknown(&c->want) || c->want.type != MOK_MAP)
		return false;
	parent_id = parent_id_of(c);
	if (!parent_id || !mok_map_get(in->live->inventories, parent_id))
		return false;
	return c->action == MOK_ACT_CREATE || (c->action == MOK_ACT_UPDATE && c->fields.len > 0);
}

static void ask(const struct mok_apply_input *in, struct prediction *p, const struct mok_change *c)
{
	const struct mok_asker asker = {
		.loop = in->loop, .http = in->http, .providers = in->providers
	};
	struct question *q = MOK_NEW(p->arena, struct question);
	struct mok_ask ask = { .verb = MOK_ASK_DRY_RUN,
		.kind = c->kind,
		.parent_id = parent_id_of(c),
		.want = &c->want,
		.have = c->object,
		.resource = c->resource,
		.id = c->object ? c->object->id : NULL };

	*q = (struct question){ p, c };
	/* What moves is marked anew on its own, and before: this would be a conflict with that. */
	ask.marker = c->moved_from && c->object
		? c->object->marker
		: mok_marker_make(
			  p->arena, in->stack->name, c->address, c->generation ? c->generation : 1);
	p->outstanding++;
	p->asked++;
	mok_ask_send(&asker, p->arena, &ask, answered, q);
}

int mok_predict(const struct mok_apply_input *in, struct mok_arena *arena, struct mok_diags *diags,
	bool *any, struct mok_err *err)
{
	struct prediction p = { .loop = in->loop, .arena = arena, .diags = diags };
	const struct mok_map *going = mok_governors_going(arena, in->changes);

	for (size_t i = 0; i < in->changes->list.len; i++) {
		const struct mok_change *c = &in->changes->list.items[i];

		/* What comes once another has gone may be refused as long as that is there. */
		if (is_worth_asking(in, c) && !mok_governor_before(arena, going, c))
			ask(in, &p, c);
	}
	*any = p.asked > 0;
	if (p.asked == 0)
		return 0;
	if (mok_loop_run(in->loop, is_settled, &p, err) != 0)
		return -1;
	if (p.failed)
		*err = p.err;
	return p.failed ? -1 : 0;
}
