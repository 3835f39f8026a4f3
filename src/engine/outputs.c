/* Outputs, once all is done: what no operation had a use for is read first. */
#include "engine_internal.h"

#include "mok/expr.h"

struct reading {
	struct engine *engine;
	struct mok_object *object;
	const struct mok_field *field;
	size_t *open;
};

/* What cannot be read stays unknown: the next run reads it. */
static void got(void *ctx, struct mok_answer *answer)
{
	struct reading *reading = ctx;

	(*reading->open)--;
	if (answer->verdict == MOK_ANS_OK)
		mok_val_set(reading->engine->arena, &reading->object->attrs, reading->field->name,
			answer->value);
}

static struct mok_object *object_of(struct engine *e, const struct mok_resource *r)
{
	size_t i = (size_t)(r - e->in->stack->resources.items);

	return e->make[i] && e->make[i]->object ? e->make[i]->object
						: e->in->changes->list.items[i].object;
}

static void read_one(
	struct engine *e, struct mok_object *o, const struct mok_field *field, size_t *open)
{
	struct reading *reading = MOK_NEW(e->arena, struct reading);
	const struct mok_ask ask = { .verb = MOK_ASK_FETCH,
		.kind = o->kind,
		.field = field,
		.id = o->id,
		.parent_id = o->parent_id,
		.have = o };

	*reading = (struct reading){ e, o, field, open };
	(*open)++;
	mok_ask_send(&e->asker, e->arena, &ask, got, reading);
}

static void read_missing(struct engine *e, const struct mok_val *value, size_t *open)
{
	struct mok_refs refs = { 0 };

	mok_expr_refs(e->arena, value, &refs);
	for (size_t i = 0; i < refs.list.len; i++) {
		const struct mok_resource *r =
			mok_map_get(e->in->stack->by_address, refs.list.items[i].root);
		const struct mok_field *f =
			r ? mok_field_find(r->kind->fields, refs.list.items[i].path) : NULL;
		struct mok_object *o = r ? object_of(e, r) : NULL;

		if (o && !o->gone && f && (f->flags & MOK_F_FETCHED) &&
			!mok_val_get(&o->attrs, f->name))
			read_one(e, o, f, open);
	}
}

static bool all_read(void *ctx)
{
	return *(const size_t *)ctx == 0;
}

int mok_engine_read_outputs(struct engine *e, struct mok_err *err)
{
	/* An answer may come after an interruption has ended the loop. */
	size_t *open = MOK_NEW(e->arena, size_t);

	for (size_t i = 0; i < e->in->stack->outputs.len; i++)
		read_missing(e, &e->in->stack->outputs.items[i].value, open);
	return mok_loop_run(e->loop, all_read, open, err);
}

void mok_engine_outputs(struct engine *e)
{
	const struct mok_lookup lookup = { .self = e, .attribute = mok_engine_attribute };
	struct mok_diags ignored = { .arena = e->arena };

	for (size_t i = 0; i < e->in->stack->outputs.len; i++) {
		struct mok_output_value v = { .output = &e->in->stack->outputs.items[i] };

		if (mok_plan_eval_output(
			    e->arena, e->in->stack, v.output, &lookup, &ignored, &v.value) != 0)
			continue;
		v.value.sensitive |= v.output->sensitive;
		mok_vec_push(e->arena, &e->out->outputs, v);
	}
}
