#include "engine_internal.h"

#include <string.h>

#define DEFAULT_TIMEOUT_S 1800

static void pump(struct engine *e);

int64_t mok_engine_ms(const struct engine *e, int seconds)
{
	double speed = mok_loop_env(e->loop)->speed;
	double ms = speed > 0 ? (double)seconds * 1000.0 / speed : 0;

	return ms < 1 ? 1 : (int64_t)ms;
}

/* ---- telling ---- */

static enum mok_action action_of(const struct op *op)
{
	static const enum mok_action actions[] = {
		[OP_CREATE] = MOK_ACT_CREATE,
		[OP_UPDATE] = MOK_ACT_UPDATE,
		[OP_WAIT] = MOK_ACT_WAIT,
		[OP_RENAME] = MOK_ACT_UPDATE,
		[OP_MOVE] = MOK_ACT_UPDATE,
		[OP_DELETE] = MOK_ACT_DELETE,
		[OP_FORGET] = MOK_ACT_FORGET,
		[OP_DROP_TAG] = MOK_ACT_FORGET,
		[OP_SETTLE] = MOK_ACT_WAIT,
		[OP_ADOPT] = MOK_ACT_ADOPT,
	};

	return actions[op->what];
}

void mok_engine_emit(struct op *op, enum mok_event_type type, const char *text)
{
	struct engine *e = op->engine;
	const struct mok_env *env = mok_loop_env(e->loop);
	const struct step *s = op->at < op->steps.len ? &op->steps.items[op->at] : NULL;
	struct mok_event event = {
		.type = type,
		.wall_ms = env->clock.wall_ms(env->clock.self),
		.elapsed_ms = op->started ? mok_loop_now(e->loop) - op->started_ms : 0,
		.change = op->change,
		.action = action_of(op),
		.step = s ? s->label : NULL,
		.state = op->state,
		.id = op->object ? op->object->id : NULL,
		.typical_s = s ? s->typical_s : 0,
		.text = text,
		.err = type == MOK_EV_FAILED ? &op->err : NULL,
		.details = type == MOK_EV_FAILED ? &op->details : NULL,
	};

	if (e->in->events && op->change && !op->quiet)
		e->in->events->emit(e->in->events->self, &event);
}

static void write_line(struct engine *e, const struct mok_journal_line *line)
{
	mok_journal_add(e->in->journal, line);
	if (!e->sync_due)
		mok_loop_defer(e->loop, mok_engine_send_creates, e);
	e->sync_due = true;
}

void mok_engine_record(struct op *op, const char *what, const char *id, const char *detail)
{
	const struct mok_change *c = op->change;
	struct mok_journal_line line = { .what = what, .id = id, .detail = detail };

	if (!c)
		return;
	line.address = c->address;
	line.kind = c->kind->name;
	line.name = op->object ? op->object->name : c->name;
	line.parent = op->object ? op->object->parent_id : NULL;
	if (op->what == OP_CREATE)
		line.marker = mok_op_marker(op, c->generation);
	write_line(op->engine, &line);
}

void mok_engine_record_tag(struct engine *e, const char *tag, bool made)
{
	const struct mok_journal_line line = {
		.what = made ? "mark" : "unmark", .kind = "tag", .id = tag
	};

	write_line(e, &line);
}

/* ---- what resources are worth by now ---- */

bool mok_engine_attribute(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out)
{
	struct engine *e = self;
	size_t i = (size_t)(r - e->in->stack->resources.items);
	const struct mok_change *c = &e->in->changes->list.items[i];
	const struct op *make = e->make[i];

	if (make && make->finished && !make->failed)
		return mok_attribute(e->arena, r, &make->want, make->object, path, out);
	if (make && make->what == OP_CREATE)
		return mok_attribute(e->arena, r, &c->want, NULL, path, out);
	return mok_attribute(e->arena, r, &c->want, c->object, path, out);
}

/* ---- one operation ---- */

struct step *mok_op_step(struct op *op)
{
	return &op->steps.items[op->at];
}

static void finish_node(struct engine *e, size_t node)
{
	mok_ready_finish(e->ready, node);
	e->open--;
}

void mok_op_accept(struct op *op)
{
	struct engine *e = op->engine;

	if (op->accepted_node == SIZE_MAX)
		return;
	finish_node(e, op->accepted_node);
	op->accepted_node = SIZE_MAX;
	pump(e);
}

static void count(struct op *op)
{
	struct mok_apply_result *out = op->engine->out;

	switch (op->what) {
	case OP_CREATE: out->ncreated++; return;
	case OP_UPDATE:
	case OP_MOVE: out->nupdated++; return;
	case OP_WAIT:
	case OP_SETTLE: out->nwaited += !op->quiet; return;
	case OP_DELETE: out->ndeleted++; return;
	case OP_FORGET: out->nforgotten++; return;
	case OP_ADOPT: out->nadopted++; return;
	case OP_RENAME:
	case OP_DROP_TAG: return;
	}
}

struct holder {
	struct op *op, *first, *last;
};

static void begin(struct op *op);

/* Writes under one parent that the API wants one at a time. */
static const char *serial_key(const struct op *op)
{
	const struct mok_kind *kind = op->change ? op->change->kind : NULL;
	const char *parent;

	if (!kind || !(kind->flags & MOK_K_SERIAL) || !kind->parent_field || op->change->implied ||
		op->what == OP_ADOPT)
		return NULL;
	parent =
		op->object ? op->object->parent_id : mok_val_get_str(&op->want, kind->parent_field);
	return parent ? parent : "";
}

static bool take_turn(struct op *op)
{
	struct engine *e = op->engine;
	const char *key = serial_key(op);
	struct holder *h = key ? mok_map_get(e->serial, key) : NULL;

	if (!key)
		return true;
	if (!h) {
		h = MOK_NEW(e->arena, struct holder);
		mok_map_put(e->serial, key, h);
	}
	if (!h->op) {
		h->op = op;
		return true;
	}
	if (h->last)
		h->last->next_serial = op;
	else
		h->first = op;
	h->last = op;
	return false;
}

static void give_turn(struct op *op)
{
	for (size_t i = 0; i < mok_map_len(op->engine->serial); i++) {
		struct holder *h = mok_map_value(op->engine->serial, i);

		if (h->op != op)
			continue;
		h->op = h->first;
		if (h->first)
			h->first = h->first->next_serial;
		if (!h->first)
			h->last = NULL;
		if (h->op)
			begin(h->op);
	}
}

static void finish_op(struct op *op)
{
	struct engine *e = op->engine;

	op->finished = true;
	if (op->accepted_node != SIZE_MAX) {
		finish_node(e, op->accepted_node);
		op->accepted_node = SIZE_MAX;
	}
	finish_node(e, op->node);
	give_turn(op);
	pump(e);
}

static void complete(struct op *op)
{
	if (op->what == OP_DELETE)
		mok_engine_record(op, "gone", op->object->id, NULL);
	else if (op->what == OP_FORGET)
		mok_engine_record(op, "gone", op->object->id, "forgotten");
	else if (op->what == OP_ADOPT)
		mok_engine_record(op, "ack", op->object->id, "adopted");
	op->at = op->steps.len;
	op->engine->out->changed |= op->what != OP_WAIT && op->what != OP_SETTLE;
	count(op);
	mok_engine_emit(op, MOK_EV_DONE, NULL);
	finish_op(op);
}

static void run_step(struct op *op)
{
	if (op->at == op->steps.len) {
		complete(op);
		return;
	}
	mok_op_step(op)->run(op);
}

void mok_op_again(void *ctx)
{
	run_step(ctx);
}

void mok_op_next(struct op *op)
{
	op->at++;
	op->tries = 0;
	op->refused_since_ms = 0;
	op->waiting_said = false;
	if (op->at < op->steps.len)
		mok_engine_emit(op, MOK_EV_PROGRESS, NULL);
	run_step(op);
}

/* Whoever waits for what failed is skipped; a rank's barrier only orders. */
static void block_after(struct op *op, size_t node)
{
	struct engine *e = op->engine;
	size_t count;
	const size_t *after = mok_graph_after(e->graph, node, &count);

	for (size_t i = 0; i < count; i++) {
		struct op *next = e->by_node[after[i]];

		if (next && next != op && !next->blocked_by)
			next->blocked_by = op->change ? op->change->address : "a stray marker";
	}
}

void mok_op_fail(struct op *op, const struct mok_err *err)
{
	struct engine *e = op->engine;
	struct mok_failure failure = { .change = op->change, .action = action_of(op), .err = *err };

	failure.details = op->details;
	if (!failure.err.where.file && op->resource)
		failure.err.where = op->resource->at;
	op->err = failure.err;
	op->failed = true;
	op->quiet = false;
	e->out->nfailed++;
	mok_vec_push(e->arena, &e->out->failures, failure);
	mok_engine_emit(op, MOK_EV_FAILED, NULL);
	block_after(op, op->node);
	finish_op(op);
}

static void skip(struct op *op)
{
	op->skipped = op->failed = true;
	op->engine->out->nskipped++;
	mok_engine_emit(op, MOK_EV_SKIPPED, op->blocked_by);
	block_after(op, op->node);
	finish_op(op);
}

/* In a sandbox that is fast a wait may be a millisecond: what takes long all the same is asked for
 * ever more rarely, a fiftieth of the time it took so far. */
static int64_t patient_ms(const struct op *op, int64_t ms)
{
	int64_t waited = mok_loop_now(op->engine->loop) - op->started_ms;

	return mok_loop_env(op->engine->loop)->speed == 1 || ms > waited / 50 ? ms : waited / 50;
}

void mok_op_later(struct op *op, int seconds, void (*fn)(void *op))
{
	const struct mok_env *env = mok_loop_env(op->engine->loop);
	int64_t ms = patient_ms(op, mok_engine_ms(op->engine, seconds));
	uint64_t spread = (uint64_t)ms / 5;

	if (spread)
		ms += (int64_t)(env->random.next(env->random.self) % spread) - ms / 10;
	mok_loop_after(op->engine->loop, ms, fn, op);
}

bool mok_op_overdue(const struct op *op, const char *waiting_for)
{
	struct op *o = (struct op *)(uintptr_t)op;
	const struct mok_apply_input *in = op->engine->in;
	struct mok_err err = { 0 };

	if (in->gives_up && in->gives_up(in->gives_up_self, &err)) {
		mok_op_fail(o, &err);
		return true;
	}
	if (mok_loop_now(op->engine->loop) < op->deadline_ms)
		return false;
	mok_err_set(&err, MOK_ERR_API, "gave up waiting: %s", waiting_for);
	mok_err_hint(&err,
		"nothing is lost: run mok apply again, with a longer `timeouts:` if this is usual");
	mok_op_fail_explained(o, &err);
	return true;
}

static int timeout_s(const struct op *op)
{
	const struct mok_resource *r = op->resource;
	int s = 0;

	if (r && op->what == OP_DELETE)
		s = r->timeout_delete_s;
	else if (r)
		s = op->what == OP_UPDATE || op->what == OP_RENAME ? r->timeout_update_s
								   : r->timeout_create_s;
	if (s == 0 && op->change)
		s = op->change->kind->timeout_s;
	return s > 0 ? s : DEFAULT_TIMEOUT_S;
}

/* It is its turn: its time runs from now. */
static void begin(struct op *op)
{
	struct engine *e = op->engine;
	int64_t limit = mok_engine_ms(e, timeout_s(op));
	int64_t least =
		mok_loop_env(e->loop)->speed == 1 ? 0 : 60000; /* a sandbox may be slow too */

	op->started_ms = mok_loop_now(e->loop);
	op->deadline_ms = op->started_ms + (limit > least ? limit : least);
	mok_engine_emit(op, MOK_EV_START, NULL);
	run_step(op);
}

/* The object is not replaced after all: it is not deleted, and its creation becomes an update. */
static bool stays(struct op *op)
{
	if (op->what == OP_CREATE) {
		op->what = OP_UPDATE;
		op->object = op->change->object;
		return false;
	}
	if (op->what != OP_DELETE && op->what != OP_FORGET && op->what != OP_RENAME)
		return false;
	finish_op(op);
	return true;
}

/* A former self, which was to go, whose content turned out to be the new one: it is what was just
 * made. */
static bool is_back(const struct op *op)
{
	const struct engine *e = op->engine;
	const struct mok_object *o = op->object;
	const struct op *make;

	if (op->what != OP_DELETE || op->change->resource || !o->resource)
		return false;
	make = e->make[o->resource - e->in->stack->resources.items];
	return make && make->finished && !make->failed && make->object && make->object != o &&
		mok_streq(make->object->id, o->id) &&
		mok_streq(make->object->parent_id, o->parent_id);
}

static void start(struct op *op)
{
	struct engine *e = op->engine;
	struct mok_err err;

	if (op->what == OP_SETTLE && !mok_settle_prepare(op)) {
		finish_op(op);
		return;
	}
	if (op->blocked_by || e->fatal) {
		if (!op->blocked_by)
			op->blocked_by = "the journal";
		skip(op);
		return;
	}
	op->started = true;
	op->started_ms = mok_loop_now(e->loop);
	if (op->change && (mok_op_is_unneeded(op) || is_back(op)) && stays(op))
		return;
	if (mok_op_prepare(op) != 0) {
		err = op->err;
		mok_op_fail(op, &err);
		return;
	}
	if (take_turn(op))
		begin(op);
}

static void pump(struct engine *e)
{
	size_t node;

	if (e->pumping)
		return;
	e->pumping = true;
	while (mok_ready_next(e->ready, &node)) {
		struct op *op = e->by_node[node];

		if (!op)
			finish_node(e, node);
		else if (!op->started && !op->finished)
			start(op);
	}
	e->pumping = false;
}

/* ---- the whole ---- */

static bool is_done(void *ctx)
{
	const struct engine *e = ctx;

	return e->open == 0;
}

static void tell_in_flight(struct engine *e)
{
	for (size_t i = 0; i < e->ops.len; i++) {
		const struct op *op = e->ops.items[i];
		const char *line;

		if (op->finished)
			continue;
		e->out->nunfinished++;
		if (!op->started || !op->change)
			continue;
		line = mok_arena_printf(e->arena, "%s: %s%s%s", op->change->address,
			op->at < op->steps.len ? op->steps.items[op->at].label : "ending",
			op->object ? ", id " : "", op->object ? op->object->id : "");
		mok_vec_push(e->arena, &e->out->in_flight, line);
	}
}

static int sum_up(struct engine *e, int rc, struct mok_err *err)
{
	struct mok_err journal_err;

	if (mok_journal_sync(e->in->journal, &journal_err) != 0 && rc == 0) {
		*err = journal_err;
		rc = -1;
	}
	e->out->elapsed_ms = mok_loop_now(e->loop) - e->started_ms;
	tell_in_flight(e);
	if (rc != 0)
		return -1;
	mok_engine_outputs(e);
	if (e->out->nfailed == 0)
		return 0;
	mok_err_set(err, MOK_ERR_API, "%zu of the operations failed", e->out->nfailed);
	return -1;
}

int mok_apply(const struct mok_apply_input *in, struct mok_arena *arena,
	struct mok_apply_result *out, struct mok_err *err)
{
	struct engine e = {
		.in = in,
		.asker = { .loop = in->loop, .http = in->http, .providers = in->providers },
		.loop = in->loop,
		.arena = arena,
		.serial = mok_map_new(arena),
		.inventories = mok_map_new(arena),
		.out = out,
		.started_ms = mok_loop_now(in->loop),
	};
	int rc;

	memset(out, 0, sizeof(*out));
	if (in->changes->nrefused)
		return mok_err_set(err, MOK_ERR_REFUSED, "the plan breaks a protection");
	mok_engine_build(&e);
	e.ready = mok_ready_new(arena, e.graph);
	pump(&e);
	rc = mok_loop_run(in->loop, is_done, &e, err);
	if (rc == 0 && !e.fatal)
		rc = mok_engine_shrink(&e, err);
	if (rc == 0 && !e.fatal)
		rc = mok_engine_read_outputs(&e, err);
	return sum_up(&e, rc, err);
}
