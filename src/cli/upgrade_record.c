#include "upgrade.h"

#include <string.h>

/*
 * What an upgrade leaves behind for the next one, for people, and for itself when it is run again:
 * a ConfigMap beside the instance. It is no part of the stack, and nothing depends on it.
 */

/* ---- reading ---- */

static const struct mok_val *live_data(const struct upgrade *u)
{
	const struct mok_live *live = &u->s->live;

	for (size_t i = 0; i < live->objects.len; i++)
		if (instance_is_record(live->objects.items[i], u->instance.ns))
			return mok_val_get(cluster_object(live->objects.items[i]), "data");
	return NULL;
}

const char *upgrade_record_get(const struct upgrade *u, const char *key)
{
	return u->record.type == MOK_MAP ? mok_val_get_str(&u->record, key) : NULL;
}

void upgrade_record_put(struct upgrade *u, const char *key, const char *value)
{
	mok_val_set(u->s->arena, &u->record, key, mok_val_str(value));
}

static const char *now(const struct upgrade *u)
{
	char text[21];

	mok_format_time(u->s->env.clock.wall_ms(u->s->env.clock.self), text);
	return mok_arena_strdup(u->s->arena, text);
}

void upgrade_record_time(struct upgrade *u, const char *key)
{
	upgrade_record_put(u, key, now(u));
}

void upgrade_record_open(struct upgrade *u)
{
	const struct mok_val *data = live_data(u);
	bool begun = upgrade_job(u, "migrate-pre", u->to) != NULL;

	u->record = (struct mok_val){ .type = MOK_MAP };
	if (data && data->type == MOK_MAP && mok_streq(mok_val_get_str(data, "to"), u->to) &&
		(begun || !mok_val_get_str(data, "finished_at"))) {
		u->record = *data;
		return;
	}
	upgrade_record_put(u, "from", u->from);
	upgrade_record_put(u, "to", u->to);
	upgrade_record_time(u, "started_at");
}

const char *upgrade_record_last(const struct upgrade *u)
{
	const struct mok_val *data = live_data(u);
	cJSON *json MOK_CLEANUP(mok_json_cleanup) = NULL;
	const char *timings = data ? mok_val_get_str(data, "timings") : NULL, *list = NULL;
	const cJSON *item;

	if (!data || !timings || !mok_val_get_str(data, "finished_at"))
		return NULL;
	json = mok_json_parse(timings, strlen(timings));
	cJSON_ArrayForEach(item, json)
	{
		if (cJSON_IsNumber(item) && item->valuedouble >= 1)
			list = mok_arena_printf(u->s->arena, "%s%s%s %.0f s", list ? list : "",
				list ? ", " : "", item->string, item->valuedouble);
	}
	return list ? mok_arena_printf(u->s->arena, "the last upgrade, %s to %s, took: %s.",
			      mok_val_get_str(data, "from"), mok_val_get_str(data, "to"), list)
		    : NULL;
}

/* ---- writing ---- */

void upgrade_record_timing(struct upgrade *u, const char *step, int64_t ms)
{
	const char *text = upgrade_record_get(u, "timings");
	cJSON *json MOK_CLEANUP(mok_json_cleanup) =
		text ? mok_json_parse(text, strlen(text)) : NULL;
	const cJSON *before;
	double seconds;
	char *out;

	if (!cJSON_IsObject(json)) {
		cJSON_Delete(json);
		json = cJSON_CreateObject();
	}
	before = cJSON_GetObjectItemCaseSensitive(json, step);
	seconds = (cJSON_IsNumber(before) ? before->valuedouble : 0) + (double)ms / 1000;
	mok_json_set(json, step, cJSON_CreateNumber(seconds));
	out = cJSON_PrintUnformatted(json);
	upgrade_record_put(u, "timings", mok_arena_strdup(u->s->arena, out));
	cJSON_free(out);
}

static struct mok_val texts(struct upgrade *u, const char *const *pairs)
{
	struct mok_val out = { .type = MOK_MAP };

	for (size_t i = 0; pairs[i]; i += 2)
		mok_val_set(u->s->arena, &out, pairs[i], mok_val_str(pairs[i + 1]));
	return out;
}

void upgrade_record_save(struct upgrade *u)
{
	struct mok_arena *arena = u->s->arena;
	const char *const head[] = { "apiVersion", "v1", "kind", "ConfigMap", NULL };
	const char *const about[] = { "name", INSTANCE_RECORD, "namespace", u->instance.ns, NULL };
	const char *const labels[] = { "app.kubernetes.io/name", "mastodon",
		"app.kubernetes.io/component", "upgrade", "app.kubernetes.io/managed-by", "mok",
		NULL };
	struct mok_val manifest = texts(u, head), metadata = texts(u, about);
	struct mok_val want = { .type = MOK_MAP };
	struct mok_ask ask = { .verb = MOK_ASK_CREATE, .want = &want };
	struct mok_err err = { 0 };
	struct mok_answer answer;

	mok_val_set(arena, &metadata, "labels", texts(u, labels));
	mok_val_set(arena, &manifest, "metadata", metadata);
	mok_val_set(arena, &manifest, "data", u->record);
	mok_val_set(arena, &want, "manifest", manifest);
	/* Interrupted: whoever goes on sees it. */
	if (cluster_ask(&u->instance.cluster, &ask, &answer, &err) == 0 &&
		answer.verdict != MOK_ANS_OK)
		upgrade_say(u, "  what happened is not noted in the cluster: %s",
			answer.err.msg[0] ? answer.err.msg : "it does not answer");
}
