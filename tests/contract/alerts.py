#!/usr/bin/env python3
"""The alerts and dashboards of the mastodon block, judged by Prometheus' own promtool: every alert
fires when it should and is silent when it should be, every expression of a dashboard is PromQL."""
import json
import pathlib
import subprocess
import sys
import tempfile

import yaml

from common import ROOT, Stack, check, equal, run

# Each alert: series that make it fire by that minute, and series with which it stays silent. A
# series has a value a minute: "0+60x90" starts at 0 and grows by 60 for 90 minutes.
PODS = ("web-1", "web-2")
QUEUE = 'sidekiq_queue_latency_seconds{queue="%s",pod="%s"}'
CLIENTS = 'connected_clients{type="websocket",pod="%s"}'
CRON = 'kube_cronjob_status_last_successful_time{cronjob="%s"}'
SCHEDULER = 'kube_deployment_status_replicas_ready{deployment="mastodon-sidekiq-scheduler"}'
HTTP = 'ruby_http_requests_total{status="%s"}'


def both(name, value):
    return {f'{name}{{pod="{pod}"}}': value for pod in PODS}


def latency(queue, seconds):
    """Every process of Sidekiq tells the same of a queue."""
    return {QUEUE % (queue, pod): f"{seconds}x600" for pod in PODS}


def answers(well, errors):
    return {HTTP % 200: f"0+{well}x600", HTTP % 500: f"0+{errors}x600"}


CASES = {
    "MastodonWebErrorBudgetFast": (90, answers(900, 100), answers(990, 10)),
    "MastodonWebErrorBudgetSlow": (400, answers(980, 20), answers(996, 4)),
    "MastodonWebSlow": (15, {'ruby_http_request_duration_seconds{quantile="0.9"}': "1.5x600"},
                        {'ruby_http_request_duration_seconds{quantile="0.9"}': "0.5x600",
                         'ruby_http_request_duration_seconds{quantile="0.99"}': "3x600"}),
    "MastodonPumaBacklog": (10, both("ruby_puma_request_backlog", "6x600"),
                            both("ruby_puma_request_backlog", "5x600")),
    "MastodonPumaBusy": (10, both("ruby_puma_thread_pool_capacity", "0x600") |
                         both("ruby_puma_max_threads", "10x600"),
                         both("ruby_puma_thread_pool_capacity", "4x600") |
                         both("ruby_puma_max_threads", "10x600")),
    "MastodonConnectionPoolWaiting": (10, both("ruby_active_record_connection_pool_waiting", "1x600"),
                                      both("ruby_active_record_connection_pool_waiting", "0x600")),
    "MastodonQueueSlow": (10, latency("push", 130), latency("push", 70) | latency("pull", 500)),
    "MastodonQueueStuck": (15, latency("default", 150), latency("default", 100)),
    "MastodonQueueGrows": (40, {'sidekiq_queue_backlog{queue="push",pod="a"}': "9000+100x600"},
                           {'sidekiq_queue_backlog{queue="push",pod="a"}': "30000-10x600"}),
    "MastodonDeadJobs": (150, {"sidekiq_stats_dead_size": "0+5x600", "sidekiq_stats_processed": "0+100x600"},
                         {"sidekiq_stats_dead_size": "50x600", "sidekiq_stats_processed": "0+100x600"}),
    "MastodonSchedulerNotAlone": (15, {SCHEDULER: "2x600"}, {SCHEDULER: "1x600"}),
    "MastodonStreamingClientsDrop": (75, {CLIENTS % "a": "100x60 40x60"},
                                     {CLIENTS % "a": "100x60 60x60"}),
    # Where no streaming server is left, nobody tells how many there are.
    "MastodonStreamingClientsGone": (75, {CLIENTS % "a": "100x60 stale"},
                                     {CLIENTS % "a": "100x60 40x60"}),
    "MastodonStreamingPoolWaiting": (10, {"mastodon_streaming_pg_pool_waiting_queries": "1x600"},
                                     {"mastodon_streaming_pg_pool_waiting_queries": "0x600"}),
    "MastodonStreamingEventLoopSlow": (15, {"nodejs_eventloop_lag_p99_seconds": "0.2x600"},
                                       {"nodejs_eventloop_lag_p99_seconds": "0.01x600"}),
    "MastodonCertificateEnds": (
        70, {'certmanager_certificate_expiration_timestamp_seconds{name="mastodon"}': "864000x600"},
        {'certmanager_certificate_expiration_timestamp_seconds{name="mastodon"}': "7776000x600",
         'certmanager_certificate_expiration_timestamp_seconds{name="other"}': "864000x600"}),
    "MastodonCronJobLate": (1600, {CRON % "mastodon-media-remove": "0x2000"},
                            {CRON % "mastodon-media-remove": "0+60x2000", CRON % "another": "0x2000"}),
}


def objects():
    with Stack(None) as stack:
        text = stack.run("-f", str(ROOT / "plans/large.yaml"), "manifests", "--offline", "-").expect(0).out
    return list(yaml.safe_load_all(text))


def rules():
    return next(o for o in objects() if o["kind"] == "PrometheusRule")["spec"]


def promtool(folder, *arguments):
    done = subprocess.run(["promtool", *arguments], cwd=folder, text=True, capture_output=True, check=False,
                          timeout=120)
    check(done.returncode == 0, f"promtool {' '.join(arguments)}:\n{done.stdout}{done.stderr}")


def case(alert, minute, series, fires):
    """promtool compares labels and annotations, too: what is asked here is whether it fires, so the
    series ALERTS is looked at, which only has the labels."""
    return {"interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [{
                "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > 0 or vector(0)',
                "eval_time": f"{minute}m",
                "exp_samples": [{"labels": "{}", "value": 1 if fires else 0}]}]}


def judge(cases):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "rules.yaml").write_text(yaml.safe_dump(rules()))
        (folder / "test.yaml").write_text(yaml.safe_dump({
            "rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": cases}))
        promtool(folder, "check", "rules", "rules.yaml")
        promtool(folder, "test", "rules", "test.yaml")


def every_alert_fires():
    alerts = {r["alert"] for group in rules()["groups"] for r in group["rules"] if "alert" in r}
    equal(sorted(alerts), sorted(CASES), "alerts")
    judge([case(alert, minute, series, True) for alert, (minute, series, _) in CASES.items()])


def no_alert_fires_for_nothing():
    judge([case(alert, minute, series, False) for alert, (minute, _, series) in CASES.items()])


def every_expression_of_a_dashboard_is_one():
    boards = [json.loads(text) for o in objects() if o["kind"] == "ConfigMap"
              for name, text in o["data"].items() if "dashboard" in o["metadata"]["name"]]
    equal(len(boards), 5, "dashboards")
    found = [t["expr"] for board in boards for panel in board["panels"] for t in panel["targets"]]
    check(len(found) >= 15, found)
    with tempfile.TemporaryDirectory() as name:
        (pathlib.Path(name) / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "boards", "rules": [
            {"record": f"panel:{i}", "expr": expr} for i, expr in enumerate(found)]}]}))
        promtool(name, "check", "rules", "rules.yaml")


if __name__ == "__main__":
    sys.exit(run([every_alert_fires, no_alert_fires_for_nothing, every_expression_of_a_dashboard_is_one]))
