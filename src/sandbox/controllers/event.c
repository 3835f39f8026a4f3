/* Events are kept for an hour after they were last told. */
#include "controllers.h"

enum { KEPT_MS = SB_HOUR_MS };

static void reconcile(struct sb_kube *k, const cJSON *event)
{
	int64_t told_ms = sb_ctl_ms(event, "lastTimestamp"), until_ms;

	if (!told_ms)
		told_ms = sb_ctl_ms(event, "metadata.creationTimestamp");
	until_ms = sb_ctl_since(k, told_ms, KEPT_MS);
	if (k->ctx->now_ms < until_ms)
		sb_ctl_again(k, until_ms);
	else
		sb_ctl_write(
			k, "kube-apiserver", "DELETE", sb_ctl_path(k, event, "events", NULL), NULL);
}

const struct sb_controller sb_ctl_event = { "", "events", reconcile, NULL, NULL };
