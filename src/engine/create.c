#include "engine_internal.h"

#include <string.h>

#define DEFAULT_SETTLE_S 30
#define EARLY_TRIES 3

/*
 * Creating without ever making two. The intent is synced before the POST leaves, the id before mok
 * waits. After any doubt (a lost answer, "exists already", an intent or a marker tag of an earlier
 * run without its object) mok looks for its marker, for as long as the API may hide what is new;
 * only then does it send the POST (again).
 */

static const char *marker_of(const struct op *op)
{
	return mok_op_marker(op, op->change->generation);
}

static int settle_s(const struct mok_kind *kind)
{
	return kind && kind->settle_s > 0 ? kind->settle_s : DEFAULT_SETTLE_S;
}

static void start_looking(struct op *op)
{
	op->in_doubt = true;
	op->settle_until_ms = mok_loop_now(op->engine->loop) +
		mok_engine_ms(op->engine, settle_s(op->change->kind));
	mok_engine_emit(op, MOK_EV_PROGRESS, "looking whether it was made");
	mok_step_look(op);
}

/* ---- what rides along ---- */

static bool is_known_but_for(const struct mok_val *want, const char *parent_field)
{
	for (size_t i = 0; i < want->u.map.len; i++)
		if (!mok_streq(want->u.map.pairs[i].key, parent_field) &&
			mok_val_has_unknown(&want->u.map.pairs[i].val))
			return false;
	return true;
}

static bool evaluate_child(struct engine *e, const struct mok_change *c, struct mok_val *want)
{
	struct mok_diags ignored = { .arena = e->arena };
	const struct mok_lookup lookup = { .self = e, .attribute = mok_engine_attribute };

	if (mok_plan_eval(e->arena, e->in->stack, c->resource, &lookup, &ignored, want) != 0)
		return false;
	if (c->name)
		mok_val_set(e->arena, want, c->kind->name_field, mok_val_str(c->name));
	return true;
}

/* Node pools: every one whose fields are known goes into the cluster's POST, with an intent of its
 * own. */
static void add_pools(struct op *op, struct mok_ask *ask)
{
	struct engine *e = op->engine;
	struct mok_ask *children = MOK_NEW_N(e->arena, struct mok_ask, op->pools.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < op->pools.len; i++) {
		struct op *pool = op->pools.items[i];
		const struct mok_change *c = pool->change;

		pool->absorbed = false;
		if (!evaluate_child(e, c, &pool->want) ||
			!is_known_but_for(&pool->want, c->kind->parent_field))
			continue;
		pool->absorbed = true;
		children[n++] = (struct mok_ask){ .verb = MOK_ASK_CREATE,
			.kind = c->kind,
			.want = &pool->want,
			.name = mok_val_get_str(&pool->want, c->kind->name_field),
			.marker = marker_of(pool) };
	}
	ask->children = children;
	ask->nchildren = n;
}

/* A database's firewall: the rules that are known already. An empty list asks the provider for a
 * rule that lets nobody in, so that the database is never open. */
static void add_rules(struct op *op, struct mok_ask *ask)
{
	struct engine *e = op->engine;
	struct mok_val rules = { .type = MOK_LIST };
	bool any = false;

	for (size_t i = 0; i < op->singles.len; i++) {
		const struct mok_change *c = op->singles.items[i]->change;
		const struct mok_field *f = c->kind->fields;
		const struct mok_val *list;
		struct mok_val want;

		if (!evaluate_child(e, c, &want))
			continue;
		any = true;
		while (f->name && f->type != MOK_LIST)
			f++;
		list = f->name ? mok_val_get(&want, f->name) : NULL;
		for (size_t k = 0; list && list->type == MOK_LIST && k < list->u.list.len; k++)
			if (!mok_val_has_unknown(&list->u.list.items[k]))
				mok_val_append(e->arena, &rules, list->u.list.items[k]);
	}
	if (any) {
		struct mok_val *kept = MOK_NEW(e->arena, struct mok_val);

		*kept = rules;
		ask->extra = kept;
	}
}

static struct mok_ask create_ask(struct op *op)
{
	const struct mok_kind *kind = op->change->kind;
	struct mok_ask ask = {
		.verb = MOK_ASK_CREATE, .kind = kind, .want = &op->want, .resource = op->resource
	};

	ask.name = kind->name_field ? mok_val_get_str(&op->want, kind->name_field) : NULL;
	ask.parent_id = kind->parent_field ? mok_val_get_str(&op->want, kind->parent_field) : NULL;
	ask.region = mok_val_get_str(&op->want, "region");
	ask.marker = marker_of(op);
	add_pools(op, &ask);
	add_rules(op, &ask);
	return ask;
}

/* ---- it exists ---- */

static void adopt_object(struct op *op, struct mok_object *o)
{
	struct engine *e = op->engine;

	o->resource = op->resource;
	o->generation = op->change->generation;
	o->slug = op->change->address;
	mok_addr_hash(op->change->address, o->addr_hash);
	if (!o->parent_id && op->change->kind->parent_field)
		o->parent_id = mok_val_get_str(&op->want, op->change->kind->parent_field);
	o->free_tag = mok_op_free_tag(op, op->change->generation, &op->want);
	if (op->change->kind->marking == MOK_MARK_FREE)
		o->marker = marker_of(op);
	op->object = o;
	op->settle_until_ms = mok_loop_now(e->loop) + mok_engine_ms(e, settle_s(op->change->kind));
	mok_vec_push(e->in->live->arena, &e->in->live->objects, o);
	mok_engine_record(op, "ack", o->id, NULL);
	e->out->changed = true;
}

/* Tags may have been dropped without a word: then the marker is written once more. */
static void ensure_marked(struct op *op)
{
	struct step tag = { .run = mok_step_ask, .label = "mark", .gone_is_fine = true };
	struct step mark = { .run = mok_step_ask, .label = "mark" };
	const char *marker = marker_of(op);
	size_t at = op->at;

	if (op->change->kind->marking != MOK_MARK_TAGS || mok_streq(op->object->marker, marker))
		return;
	tag.ask = (struct mok_ask){ .verb = MOK_ASK_TAG_MAKE, .marker = marker };
	mark.ask = (struct mok_ask){ .verb = MOK_ASK_MARK,
		.kind = op->change->kind,
		.have = op->object,
		.id = op->object->id,
		.parent_id = op->object->parent_id,
		.name = op->object->name,
		.marker = marker };
	mok_step_add(op, tag);
	mok_step_add(op, mark);
	/* The two come right after this step, before whatever follows. */
	for (int k = 0; k < 2; k++) {
		struct step last = op->steps.items[op->steps.len - 1];

		memmove(&op->steps.items[at + 2], &op->steps.items[at + 1],
			(op->steps.len - at - 2) * sizeof(last));
		op->steps.items[at + 1] = last;
	}
}

static int keep_secret(struct op *op, const struct mok_val *secret)
{
	struct engine *e = op->engine;
	struct mok_err err;

	if (!(op->change->kind->flags & MOK_K_SECRET_ONCE) || secret->type != MOK_MAP)
		return 0;
	for (size_t i = 0; i < secret->u.map.len; i++)
		mok_val_set(e->arena, &op->object->attrs, secret->u.map.pairs[i].key,
			secret->u.map.pairs[i].val);
	if (!e->in->escrow)
		return 0;
	if (e->in->escrow(e->in->escrow_self, op->change->address, op->object, secret, &err) == 0)
		return 0;
	mok_err_wrap(&err, "keeping its secret");
	mok_err_hint(
		&err, "its secret is lost; another: mok apply --replace '%s'", op->change->address);
	mok_op_fail(op, &err);
	return -1;
}

static void take_pools(struct op *op, const struct mok_answer *answer)
{
	for (size_t i = 0; i < op->pools.len; i++) {
		struct op *pool = op->pools.items[i];
		const char *marker = marker_of(pool);

		for (size_t k = 0; pool->absorbed && !pool->object && k < answer->objects.len;
			k++) {
			struct mok_object *o = answer->objects.items[k];

			if (o->kind != pool->change->kind || !mok_streq(o->marker, marker))
				continue;
			if (!o->parent_id)
				o->parent_id = op->object->id;
			adopt_object(pool, o);
			pool->object->parent_id = op->object->id;
		}
		pool->absorbed = pool->object != NULL;
	}
}

void mok_op_created(struct op *op, struct mok_object *o, const struct mok_answer *answer)
{
	adopt_object(op, o);
	take_pools(op, answer);
	if (keep_secret(op, &answer->value) != 0)
		return;
	ensure_marked(op);
	mok_op_next(op);
}

/* ---- the POST ---- */

void mok_op_refused(struct op *op, struct mok_err *err)
{
	mok_engine_record(op, "fail", NULL, err->msg);
	for (size_t i = 0; i < op->pools.len; i++) {
		if (op->pools.items[i]->absorbed)
			mok_engine_record(op->pools.items[i], "fail", NULL, err->msg);
		op->pools.items[i]->absorbed = false;
	}
	mok_op_fail(op, err);
}

static void wait_and_create(struct op *op, struct mok_answer *answer)
{
	if (mok_op_lost_patience(op, answer)) {
		mok_op_refused(op, &answer->err);
		return;
	}
	if (mok_op_overdue(op, answer->err.msg))
		return;
	mok_engine_emit(op, MOK_EV_RETRY, answer->err.msg);
	mok_op_later(op, 5, mok_op_again);
}

/* Webhooks see what has gone just before for a moment still. */
static bool is_early(struct op *op)
{
	return op->takes_over && ++op->tries <= EARLY_TRIES;
}

static void created(void *ctx, struct mok_answer *answer)
{
	struct op *op = ctx;

	op->err = answer->err;
	switch (answer->verdict) {
	case MOK_ANS_OK:
		if (answer->objects.len)
			mok_op_created(op, answer->objects.items[0], answer);
		else
			start_looking(op); /* a success that cannot be read */
		return;
	case MOK_ANS_EXISTS:
		op->said_exists = true;
		/* A marker tag of this run alone proves nothing: it was there before. */
		if (op->change->kind->marking == MOK_MARK_FREE && !op->in_doubt)
			mok_op_name_taken(op, NULL);
		else
			start_looking(op);
		return;
	case MOK_ANS_AMBIGUOUS:
		if (op->change->kind->flags & MOK_K_APPLIES)
			wait_and_create(op, answer);
		else
			start_looking(op);
		return;
	case MOK_ANS_GONE:
		/* The parent is new and not to be seen everywhere yet, or gone for good. */
		if (++op->tries > 12) {
			mok_op_refused(op, &answer->err);
			return;
		}
		wait_and_create(op, answer);
		return;
	case MOK_ANS_BUSY: wait_and_create(op, answer); return;
	case MOK_ANS_UNSUPPORTED:
	case MOK_ANS_FAILED:
		if (is_early(op))
			wait_and_create(op, answer);
		else
			mok_op_refused(op, &answer->err);
		return;
	}
}

void mok_engine_send_creates(void *engine)
{
	struct engine *e = engine;
	struct mok_err err;
	size_t n = e->to_send.len;

	e->sync_due = false;
	if (mok_journal_sync(e->in->journal, &err) != 0) {
		mok_err_wrap(&err, "the journal cannot be written, so nothing more is started");
		e->fatal = true;
		e->fatal_err = err;
	}
	e->to_send.len = 0;
	for (size_t i = 0; i < n; i++) {
		struct op *op = e->to_send.items[i];
		struct mok_ask ask;

		if (e->fatal) {
			mok_op_fail(op, &e->fatal_err);
			continue;
		}
		ask = create_ask(op);
		mok_ask_send(&e->asker, e->arena, &ask, created, op);
	}
}

static void write_intents(struct op *op)
{
	mok_engine_record(op, "intent", NULL, NULL);
	add_pools(op, &(struct mok_ask){ .verb = MOK_ASK_CREATE });
	for (size_t i = 0; i < op->pools.len; i++)
		if (op->pools.items[i]->absorbed)
			mok_engine_record(op->pools.items[i], "intent", NULL, NULL);
}

/* What is always there is taken by its first update. */
static void take_single(struct op *op)
{
	struct mok_object *o = MOK_NEW(op->engine->arena, struct mok_object);
	const char *parent = mok_val_get_str(&op->want, op->change->kind->parent_field);
	struct mok_object *live = mok_live_by_id(op->engine->in->live, op->change->kind, parent);

	*o = (struct mok_object){
		.kind = op->change->kind, .id = parent, .parent_id = parent, .ready = true
	};
	o->attrs = live ? live->attrs : (struct mok_val){ .type = MOK_MAP };
	adopt_object(op, o);
	mok_op_next(op);
}

static bool was_begun_before(const struct op *op)
{
	const struct engine *e = op->engine;
	char hash[17];

	int64_t acked_ms = mok_journal_acked_ms(e->in->journal, op->change->address);
	int64_t settle_ms = mok_engine_ms(e, settle_s(op->change->kind));

	mok_addr_hash(op->change->address, hash);
	/* What was made a moment before the sweep may only not be listed yet. */
	if (acked_ms && e->in->live->read_ms - acked_ms < settle_ms)
		return true;
	return mok_map_get(e->in->live->doubts, hash) ||
		mok_journal_is_open(e->in->journal, op->change->address);
}

void mok_step_create(struct op *op)
{
	if (op->absorbed && op->object) {
		mok_op_next(op);
		return;
	}
	if (op->change->kind->flags & MOK_K_SINGLE) {
		take_single(op);
		return;
	}
	if (!(op->change->kind->flags & MOK_K_APPLIES) && !op->in_doubt && was_begun_before(op)) {
		start_looking(op);
		return;
	}
	mok_op_send_create(op);
}

void mok_op_send_create(struct op *op)
{
	op->said_exists = false;
	write_intents(op);
	mok_vec_push(op->engine->arena, &op->engine->to_send, op);
	if (!op->engine->sync_due)
		mok_loop_defer(op->engine->loop, mok_engine_send_creates, op->engine);
	op->engine->sync_due = true;
}
