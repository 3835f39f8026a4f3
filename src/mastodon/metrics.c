#include "mok/mastodon.h"

#include <stdlib.h>
#include <string.h>

/*
 * Gauges of Sidekiq's queues and of Puma's threads, as prometheus_exporter serves them. A line is a
 * name, labels in braces if there are any, and a number:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

struct sample {
	const char *name, *labels; /* labels: "{...}", or "" */
	double value;
};

/* The value of a label, up to its closing quote; backslashes stay. */
static const char *label(struct mok_arena *arena, const char *labels, const char *name)
{
	const char *at = labels;
	size_t len = strlen(name), n = 0;

	while ((at = strstr(at, name)) != NULL) {
		if (at > labels && (at[-1] == '{' || at[-1] == ',') && at[len] == '=' &&
			at[len + 1] == '"')
			break;
		at += len;
	}
	if (!at)
		return NULL;
	at += len + 2;
	while (at[n] && at[n] != '"')
		n += at[n] == '\\' && at[n + 1] ? 2 : 1;
	return mok_arena_strndup(arena, at, n);
}

static bool read_sample(struct mok_arena *arena, const char *line, struct sample *out)
{
	size_t len = strcspn(line, "{ ");
	const char *end = line + len, *brace = line[len] == '{' ? strrchr(line, '}') : NULL;
	char *rest;

	if (line[0] == '#' || !line[len] || (line[len] == '{' && !brace))
		return false;
	out->name = mok_arena_strndup(arena, line, len);
	out->labels = brace ? mok_arena_strndup(arena, end, (size_t)(brace - end) + 1) : "";
	end = brace ? brace + 1 : end;
	out->value = strtod(end, &rest);
	return rest != end && out->value >= 0 && out->value < 1e15;
}

/* The next line that is a sample. False: there is no more. */
static bool next_sample(struct mok_arena *arena, const char **metrics, struct sample *out)
{
	while (**metrics) {
		size_t len = strcspn(*metrics, "\n");
		const char *line = mok_arena_strndup(arena, *metrics, len);

		*metrics += len + ((*metrics)[len] == '\n');
		if (read_sample(arena, line, out))
			return true;
	}
	return false;
}

/* ---- Sidekiq ---- */

static struct mok_queue *queue(struct mok_arena *arena, struct mok_queues *out, const char *name)
{
	struct mok_queue none = { .name = name, .waiting = -1, .latency_ms = -1 };

	for (size_t i = 0; i < out->list.len; i++)
		if (strcmp(out->list.items[i].name, name) == 0)
			return &out->list.items[i];
	mok_vec_push(arena, &out->list, none);
	return &out->list.items[out->list.len - 1];
}

void mok_mastodon_queues(struct mok_arena *arena, const char *metrics, struct mok_queues *out)
{
	struct sample s;

	while (next_sample(arena, &metrics, &s)) {
		const char *name = label(arena, s.labels, "queue_name");

		name = name ? name : label(arena, s.labels, "queue");
		if (!name)
			continue;
		if (mok_ends(s.name, "sidekiq_queue_backlog"))
			queue(arena, out, name)->waiting = (int64_t)s.value;
		else if (mok_ends(s.name, "sidekiq_queue_latency_seconds"))
			queue(arena, out, name)->latency_ms = (int64_t)(s.value * 1000 + 0.5);
	}
}

/* ---- Puma ---- */

static void add(int64_t *to, double value)
{
	*to = (*to < 0 ? 0 : *to) + (int64_t)value;
}

struct mok_puma mok_mastodon_puma(struct mok_arena *arena, const char *metrics)
{
	struct mok_puma out = { .waiting = -1, .threads = -1 };
	struct sample s;

	while (next_sample(arena, &metrics, &s)) {
		if (mok_ends(s.name, "puma_request_backlog"))
			add(&out.waiting, s.value);
		else if (mok_ends(s.name, "puma_max_threads"))
			add(&out.threads, s.value);
	}
	return out;
}
