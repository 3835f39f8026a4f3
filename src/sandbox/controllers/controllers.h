/* The controllers, one a file. */
#ifndef MOK_SANDBOX_CONTROLLERS_H
#define MOK_SANDBOX_CONTROLLERS_H

#include "controller.h"

extern const struct sb_controller sb_ctl_alertmanager;
extern const struct sb_controller sb_ctl_autoscaler;
extern const struct sb_controller sb_ctl_certificate;
extern const struct sb_controller sb_ctl_cluster_issuer;
extern const struct sb_controller sb_ctl_cron_job;
extern const struct sb_controller sb_ctl_daemon_set;
extern const struct sb_controller sb_ctl_deployment;
extern const struct sb_controller sb_ctl_disruption;
extern const struct sb_controller sb_ctl_elasticsearch;
extern const struct sb_controller sb_ctl_endpoints;
extern const struct sb_controller sb_ctl_event;
extern const struct sb_controller sb_ctl_gateway;
extern const struct sb_controller sb_ctl_gateway_class;
extern const struct sb_controller sb_ctl_gateway_definitions;
extern const struct sb_controller sb_ctl_http_route;
extern const struct sb_controller sb_ctl_ingress_class;
extern const struct sb_controller sb_ctl_issuer;
extern const struct sb_controller sb_ctl_job;
extern const struct sb_controller sb_ctl_kubelet;
extern const struct sb_controller sb_ctl_load_balancer;
extern const struct sb_controller sb_ctl_prometheus;
extern const struct sb_controller sb_ctl_node;
extern const struct sb_controller sb_ctl_replica_set;
extern const struct sb_controller sb_ctl_scaled_object;
extern const struct sb_controller sb_ctl_scheduler;
extern const struct sb_controller sb_ctl_stateful_set;
extern const struct sb_controller sb_ctl_volume;
extern const struct sb_controller sb_ctl_volume_claim;

#endif
