#include "mok/mastodon.h"

#include <stdlib.h>
#include <string.h>

/*
 * The gauges of Sidekiq's queues, as prometheus_exporter serves them. A line is a name, labels in
 * braces and a number: https://prometheus.io/docs/instrumenting/exposition_formats/
 */

struct sample {
	const char *name, *queue;
	double value;
};

/* The value of a label, up to its closing quote; backslashes stay. */
static const char *label(struct mok_arena *arena, const char *labels, const char *name)
{
	const char *at = labels;
	size_t len = strlen(name), n = 0;

	while ((at = strstr(at, name)) != NULL) {
		if ((at[-1] == '{' || at[-1] == ',') && at[len] == '=' && at[len + 1] == '"')
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
	const char *end;
	char *rest;

	if (line[0] == '#' || line[len] != '{' || !(end = strrchr(line, '}')))
		return false;
	out->name = mok_arena_strndup(arena, line, len);
	out->queue = label(arena, line + len, "queue_name");
	if (!out->queue)
		out->queue = label(arena, line + len, "queue");
	out->value = strtod(end + 1, &rest);
	return out->queue && rest != end + 1 && out->value >= 0 && out->value < 1e15;
}

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
	while (*metrics) {
		size_t len = strcspn(metrics, "\n");
		const char *line = mok_arena_strndup(arena, metrics, len);
		struct sample s;

		metrics += len + (metrics[len] == '\n');
		if (!read_sample(arena, line, &s))
			continue;
		if (mok_ends(s.name, "sidekiq_queue_backlog"))
			queue(arena, out, s.queue)->waiting = (int64_t)s.value;
		else if (mok_ends(s.name, "sidekiq_queue_latency_seconds"))
			queue(arena, out, s.queue)->latency_ms = (int64_t)(s.value * 1000 + 0.5);
	}
}
