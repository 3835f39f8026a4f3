#include "program.h"

#include "pods.h"

#include <string.h>

static bool holds(const cJSON *list, const char *text)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list)
	{
		if (cJSON_IsString(one) && strstr(one->valuestring, text))
			return true;
	}
	return false;
}

bool sb_program_says(const cJSON *container, const char *text)
{
	return holds(cJSON_GetObjectItemCaseSensitive(container, "command"), text) ||
		holds(cJSON_GetObjectItemCaseSensitive(container, "args"), text);
}

/* ---- any image ---- */

/* What is known of processes by a word of their command or image: what they print first, and how
 * long they take to answer. */
static const struct {
	const char *word, *line;
	int64_t boot_ms;
} known[] = {
	{ "nginx", "start worker processes\n", 500 },
	{ "postgres", "database system is ready to accept connections\n", 2000 },
};

static bool is_any(const cJSON *pod, const cJSON *container)
{
	(void)pod;
	(void)container;
	return true;
}

static void start_any(
	struct sb_kube *k, const cJSON *pod, const cJSON *container, struct sb_outcome *out)
{
	const char *image = sb_ctl_str(container, "image");

	(void)pod;
	for (size_t i = 0; i < MOK_COUNT(known); i++) {
		if (!strstr(image, known[i].word) && !sb_program_says(container, known[i].word))
			continue;
		out->log = known[i].line;
		out->boot_ms = known[i].boot_ms;
		return;
	}
	out->log = mok_arena_printf(k->ctx->arena, "%s: started\n", sb_ctl_str(container, "name"));
}

static const struct sb_program any = { is_any, start_any, NULL };

static const struct sb_program *const sb_programs[] = {
	&sb_program_helm,
	&sb_program_argo_cd,
	&sb_program_mastodon,
	&any,
	NULL,
};

/* ---- the course ---- */

const struct sb_program *sb_program_of(const cJSON *pod, const cJSON *container)
{
	for (size_t i = 0; sb_programs[i]; i++)
		if (sb_programs[i]->is(pod, container))
			return sb_programs[i];
	MOK_BUG("the last program takes any container");
}

static void take_faults(struct sb_kube *k, const cJSON *pod, struct sb_outcome *out)
{
	if (!out->exits && sb_pod_fault(k, pod, "not_ready"))
		out->unready = "HTTP probe failed with statuscode: 503";
	if (sb_pod_fault(k, pod, out->exits ? "job_fails" : "crash_loop")) {
		out->exits = true;
		out->code = 1;
		out->run_ms = 1500;
		out->log = "fatal: a fault of the sandbox's fault file ends this process\n";
	}
}

struct sb_outcome sb_program_start(
	struct sb_kube *k, const cJSON *pod, const cJSON *container, bool runs_on)
{
	const struct sb_program *program = sb_program_of(pod, container);
	struct sb_outcome out = {
		.exits = !runs_on, .run_ms = sb_random_between(k->ctx, 2000, 6000), .boot_ms = 1000
	};

	if (program->start)
		program->start(k, pod, container, &out);
	take_faults(k, pod, &out);
	return out;
}
