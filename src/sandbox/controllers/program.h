/*
 * program: what a container's process does once it is started, told by tables rather than run. The
 * kubelet asks the first program that says "that is me"; the last one knows every other image.
 */
#ifndef MOK_SANDBOX_PROGRAM_H
#define MOK_SANDBOX_PROGRAM_H

#include "controller.h"

/* Filled in with what is usual before a program may change it. Durations are the real cloud's. */
struct sb_outcome {
	bool exits; /* after run_ms, with that code; else it runs until it is told to stop */
	int code;
	int64_t run_ms;
	int64_t boot_ms;     /* until it answers its probes */
	const char *unready; /* what its probes see, or NULL: they are answered */
	const char *log;     /* printed now, lines ended by \n; NULL: nothing. Never a secret. */
	const char *reason;  /* of an exit: "OOMKilled"; NULL: Completed or Error */
	bool goes_on;        /* of end(): it has not ended, and is asked again after run_ms */
};

struct sb_program {
	bool (*is)(const cJSON *pod, const cJSON *container);
	/* At the start: how it will go. NULL: as usual. */
	void (*start)(struct sb_kube *k, const cJSON *pod, const cJSON *container,
		struct sb_outcome *out);
	/* At the end of one that exits: what it has done by then (through sb_ctl_write and
	 * documents), with code and log still to be decided. NULL: nothing. */
	void (*end)(struct sb_kube *k, const cJSON *pod, const cJSON *container,
		struct sb_outcome *out);
};

extern const struct sb_program sb_program_helm;     /* helm.c */
extern const struct sb_program sb_program_argo_cd;  /* argo_cd.c */
extern const struct sb_program sb_program_mastodon; /* ../instance/program.c */

const struct sb_program *sb_program_of(const cJSON *pod, const cJSON *container);
/* The usual course, then the program's, then what faults make of it. */
struct sb_outcome sb_program_start(
	struct sb_kube *k, const cJSON *pod, const cJSON *container, bool runs_on);
/* Does command or args hold that text? */
bool sb_program_says(const cJSON *container, const char *text);

#endif
