#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One seed: a plan is drawn and applied, changed and applied, and destroyed in the end. Each time
 * there are rough runs first (faults, kills, a lost journal), then clean ones, which have to get
 * there; then the account is compared.
 */

#define CLEAN_RUNS 3

struct history {
	struct sim_world *w;
	struct sim_model model;
	struct sim_stats *stats;
	unsigned faults; /* percent, of rough runs */
	bool destroyed;
};

static enum sim_outcome run(struct history *h, struct sim_run *run)
{
	struct mok_buf yaml;
	enum sim_outcome outcome;

	mok_buf_init(&yaml, (size_t)1 << 20);
	sim_model_yaml(&h->model, &yaml);
	sim_model_tried(&h->model);
	outcome = sim_run(h->w, yaml.data, run);
	sim_check_keys(h->w);
	mok_buf_release(&yaml);
	h->stats->runs++;
	h->stats->requests += h->w->requests;
	h->stats->stops += outcome == SIM_STOPPED;
	h->stats->failures += outcome == SIM_FAILED;
	h->stats->refused += outcome == SIM_REFUSED;
	return outcome;
}

static void maybe_lose_journal(struct history *h)
{
	if (!sim_chance(&h->w->rng, 35))
		return;
	sim_trace(h->w, "the journal is lost");
	/* Nothing at all tells of what was made a moment ago and is listed nowhere yet: a new
	 * machine takes longer to come up. */
	fake_env_advance(h->w->fake, 60000);
	fake_env_drop_file(h->w->fake, SIM_DIR "/" SIM_STACK ".journal");
}

static void maybe_lose_escrow(struct history *h)
{
	if (sim_model_has(&h->model, SIM_KEYS) && sim_chance(&h->w->rng, 25))
		sim_lose_escrow(h->w, &h->model);
}

/* With faults, and mostly an early death. */
static void rough_run(struct history *h, bool destroy)
{
	struct sim_world *w = h->w;
	struct sim_run r = { .destroy = destroy };
	uint64_t in = 1 + sim_draw(&w->rng, 60 + 30 * (uint64_t)h->model.n);
	bool broken = sim_break_clusters(w, &h->model);
	uint64_t how = sim_draw(&w->rng, broken ? 200 : 100); /* what goes wrong takes long */
	enum sim_outcome outcome;

	w->fault_percent = h->faults;
	if (how < 65)
		fake_env_kill_at(w->fake, fake_env_steps(w->fake) + in);
	else if (how < 80)
		w->interrupt_at = fake_env_steps(w->fake) + in;
	outcome = run(h, &r);
	if (outcome == SIM_DONE && !destroy)
		sim_check_ready(w, "a rough apply");
	else if (outcome == SIM_FAILED && broken && !destroy && h->faults == 0)
		sim_check_blame(w, &h->model, r.err.msg);
	w->fault_percent = 0;
	sim_mend_clusters(w);
	/* A plan that made nothing wrong may be refused only by the model's own protections. */
	maybe_lose_journal(h);
	if (sim_chance(&w->rng, 50))
		fake_env_advance(w->fake, (int64_t)sim_draw(&w->rng, 600000));
}

/* Without faults it has to succeed, at the latest the third time: an object that fails for good
 * or a list that lags may cost a run. */
static void clean_runs(struct history *h, bool destroy)
{
	struct sim_world *w = h->w;
	struct sim_run r = { .destroy = destroy };

	fake_env_kill_at(w->fake, 0);
	for (int i = 0; i < CLEAN_RUNS && !w->violation; i++) {
		if (run(h, &r) == SIM_DONE)
			return;
		fake_env_advance(w->fake, 600000);
	}
	sim_wrong(w, "%s does not succeed without faults: %s", destroy ? "destroy" : "apply",
		r.err.msg);
}

static void second_plan_is_empty(struct history *h, bool destroy, bool without_journal)
{
	struct sim_run r = { .plan_only = true, .destroy = destroy };

	/* Nothing tells that lists lag: no journal, or it is a project's list of members. */
	if (without_journal || sim_model_has(&h->model, SIM_PROJECT))
		fake_env_advance(h->w->fake, 60000);
	if (without_journal)
		fake_env_drop_file(h->w->fake, SIM_DIR "/" SIM_STACK ".journal");
	if (run(h, &r) != SIM_DONE)
		sim_wrong(h->w, "the second plan fails: %s", r.err.msg);
	else if (r.changes || r.waits)
		sim_wrong(h->w, "the second plan%s is not empty: %s",
			without_journal ? " (without the journal)" : "", r.first_change);
	if (h->w->writes)
		sim_wrong(h->w, "a plan writes");
}

static void converge(struct history *h, bool destroy, const char *when)
{
	struct sim_world *w = h->w;
	uint64_t rough = sim_draw(&w->rng, 4);

	for (uint64_t i = 0; i < rough && !w->violation; i++) {
		rough_run(h, destroy);
		maybe_lose_escrow(h);
	}
	if (w->violation)
		return;
	sim_delete_failed_jobs(w);
	clean_runs(h, destroy);
	if (w->violation)
		return;
	if (!destroy) {
		sim_check_ready(w, when);
		sim_model_applied(&h->model);
	}
	second_plan_is_empty(h, destroy, sim_chance(&w->rng, 30));
	if (!w->violation)
		sim_check(w, &h->model, destroy, when);
}

/* A block that goes though it is protected: refused, and nothing is sent. */
static void protection_holds(struct history *h)
{
	int i = sim_model_protected(&h->model);
	struct sim_run r = { 0 };

	if (i < 0 || h->w->violation)
		return;
	h->model.list[i].wanted = false;
	if (run(h, &r) != SIM_REFUSED)
		sim_wrong(h->w, "the removal of a protected %s was not refused",
			sim_kind_word(h->model.list[i].kind));
	if (h->w->writes)
		sim_wrong(h->w, "a refused plan wrote");
	h->model.list[i].wanted = true;
}

static void change(struct history *h)
{
	struct mok_buf words;

	mok_buf_init(&words, 4096);
	sim_model_change(&h->model, &h->w->rng, &words);
	sim_trace(h->w, "changes:%s", words.data);
	mok_buf_release(&words);
}

static void rounds(struct history *h)
{
	struct sim_world *w = h->w;
	uint64_t n = 1 + sim_draw(&w->rng, 3);

	converge(h, false, "after the first apply");
	for (uint64_t i = 0; i < n && !w->violation; i++) {
		sim_add_strangers_inside(w, &h->model);
		sim_see_strangers(w);
		change(h);
		/* Sometimes the file changes again before the first change got through. */
		if (sim_chance(&w->rng, 25)) {
			rough_run(h, false);
			change(h);
		}
		converge(h, false, "after a change");
		protection_holds(h);
	}
}

static void destroy_all(struct history *h)
{
	struct sim_run r = { .destroy = true };

	if (sim_model_is_protected(&h->model)) {
		if (run(h, &r) != SIM_REFUSED)
			sim_wrong(h->w, "destroying what is protected was not refused");
		if (h->w->writes)
			sim_wrong(h->w, "a refused destroy wrote");
		sim_model_lift_protection(&h->model);
		converge(h, false, "after the protection was lifted");
	}
	if (!h->w->violation)
		converge(h, true, "after destroy");
}

const char *sim_history(struct sim_world *w, struct sim_stats *stats)
{
	static const unsigned levels[] = { 0, 2, 6, 15 };
	struct history h = { .w = w, .stats = stats };
	int size = 1 + (int)sim_draw(&w->rng, 14);

	stats->histories++;
	h.faults = levels[sim_draw(&w->rng, MOK_COUNT(levels))];
	h.model.seed = w->seed;
	h.model.next_number = 1;
	if (!w->violation)
		sim_add_strangers(w);
	if (!w->violation)
		sim_see_strangers(w);
	sim_model_draw(&h.model, &w->rng, size);
	sim_trace(w, "%d resources, %u %% faults", h.model.n, h.faults);
	if (!w->violation)
		rounds(&h);
	if (!w->violation && sim_chance(&w->rng, 70))
		destroy_all(&h);
	return w->violation;
}
