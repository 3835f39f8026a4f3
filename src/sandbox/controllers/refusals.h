/* refusals: what the fault file has the API refuse. */
#ifndef MOK_SANDBOX_REFUSALS_H
#define MOK_SANDBOX_REFUSALS_H

#include "core_internal.h"

/* The Status to answer a write with, or NULL: it is none of the faults' business. body NULL: none,
 * or no JSON. */
cJSON *sb_kube_refusal(
	struct sb_ctx *ctx, const char *method, const char *target, const cJSON *body);

#endif
