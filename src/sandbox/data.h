/* Charts as the sandbox knows them: data/NAME.yaml, see controllers/helm_chart.c. */
#ifndef MOK_SANDBOX_DATA_H
#define MOK_SANDBOX_DATA_H

#include <stddef.h>

struct sb_data {
	const char *text;
	size_t len;
};

extern const struct sb_data sb_data_argo_cd;
extern const struct sb_data sb_data_cert_manager;
extern const struct sb_data sb_data_eck_operator;
extern const struct sb_data sb_data_keda;
extern const struct sb_data sb_data_kube_prometheus_stack;
extern const struct sb_data sb_data_metrics_server;
extern const struct sb_data sb_data_robusta;
extern const struct sb_data sb_data_traefik;

#endif
