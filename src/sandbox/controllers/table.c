#include "controllers.h"

const struct sb_controller *const sb_controllers[] = {
	&sb_ctl_load_balancer,
	&sb_ctl_deployment,
	&sb_ctl_replica_set,
	&sb_ctl_stateful_set,
	&sb_ctl_daemon_set,
	&sb_ctl_job,
	&sb_ctl_cron_job,
	&sb_ctl_endpoints,
	&sb_ctl_disruption,
	&sb_ctl_volume,
	&sb_ctl_volume_claim,
	&sb_ctl_gateway_class,
	&sb_ctl_gateway,
	&sb_ctl_http_route,
	&sb_ctl_ingress_class,
	&sb_ctl_scheduler,
	&sb_ctl_kubelet,
	&sb_ctl_event,
	NULL,
};
