#include "sim.h"

#include "cli/vault.h"
#include "mok/escrow.h"

#include <string.h>

/*
 * Keys that are made once: the command's own vault over an escrow file on the machine that dies,
 * and what clusters have of them. Once one was seen anywhere, no other may ever be.
 */

struct sim_vault {
	struct cli cli;
	struct session session;
};

struct sim_vault *sim_vault_open(const struct mok_env *env, struct mok_arena *arena,
	struct mok_stack *stack, struct mok_err *err)
{
	struct sim_vault *v = MOK_NEW(arena, struct sim_vault);

	v->cli.arena = arena;
	v->cli.opt.sandbox = true; /* an escrow that everybody can open */
	v->session.cli = &v->cli;
	v->session.arena = arena;
	v->session.env = *env;
	v->session.stack = stack;
	v->session.diags.arena = arena;
	return vault_open(&v->session, err) == 0 ? v : NULL;
}

int sim_vault_reconcile(struct sim_vault *v, const struct mok_live *live, struct mok_err *err)
{
	v->session.live = *live;
	return vault_reconcile(&v->session, err);
}

int sim_vault_generate(struct sim_vault *v, const struct mok_changes *changes, struct mok_err *err)
{
	v->session.changes = *changes;
	return vault_generate(&v->session, err);
}

void sim_vault_close(struct sim_vault *v)
{
	if (v)
		vault_close(v->session.vault);
}

const char *const *sim_key_names(struct mok_arena *arena, size_t *count)
{
	return vault_names(arena, count);
}

/* ---- in clusters ---- */

static void note_key(struct sim_world *w, const char *name, const char *key)
{
	if (!w->key) {
		w->key = mok_arena_strdup(w->arena, key);
		mok_vec_push(w->arena, &w->secrets, w->key);
		mok_vec_push(
			w->arena, &w->secrets, (const char *)mok_unbase64(w->arena, key, NULL));
	} else if (strcmp(w->key, key) != 0) {
		sim_wrong(w, "%s has another key than was made at first", name);
	}
}

static void check_cluster(struct sim_world *w, const char *cluster)
{
	cJSON *json = sim_kube(w, cluster, "GET", "/api/v1/secrets", NULL);
	const cJSON *item;

	cJSON_ArrayForEach(item, mok_json_at(json, "items"))
	{
		const char *name = mok_json_str(item, "metadata.name");
		const char *key = mok_json_str(item, "data.base");

		if (!name || !mok_starts(name, "keys"))
			continue;
		if (!key || strlen(key) < 100)
			sim_wrong(w, "%s has no key", name);
		else
			note_key(w, name, key);
	}
	cJSON_Delete(json);
}

static bool is_wanted(const struct sim_model *m, const char *secret)
{
	char name[64];

	for (int i = 0; i < m->n; i++)
		if (m->list[i].kind == SIM_KEYS && m->list[i].wanted &&
			mok_streq(sim_name(m, i, name), secret))
			return true;
	return false;
}

static void count_copies(struct sim_world *w, const char *cluster)
{
	cJSON *json = sim_kube(w, cluster, "GET", "/api/v1/secrets", NULL);
	const cJSON *item;

	cJSON_ArrayForEach(item, mok_json_at(json, "items")) w->copies +=
		is_wanted(w->copies_of, mok_json_str(item, "metadata.name"));
	cJSON_Delete(json);
}

void sim_lose_escrow(struct sim_world *w, const struct sim_model *m)
{
	fake_env_drop_file(w->fake, SIM_DIR "/sandbox/escrow-" SIM_STACK ".age");
	w->copies = 0;
	w->copies_of = m;
	sim_each_cluster(w, count_copies);
	sim_trace(w, "the escrow is lost, %zu Secrets have the key", w->copies);
	/* Nothing that the plan still has tells it. */
	if (w->copies == 0)
		w->key = NULL;
}

void sim_check_keys(struct sim_world *w)
{
	sim_each_cluster(w, check_cluster);
}
