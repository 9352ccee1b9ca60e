"""Prometheus's rules and Grafana's dashboard name what a service that has worked really shows."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.client import Client
from support.promql import names
from support.service import ROOT

PROMETHEUS = ROOT / "deploy/prometheus"
DASHBOARD = ROOT / "deploy/grafana/dashboards/telecine.json"
#: What Prometheus itself adds.
OWN = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate", "job", "instance"}}


def promtool(*words, **options) -> str:
    path = shutil.which("promtool") or pytest.skip("promtool is missing: scripts/install --test")
    done = subprocess.run([path, *words], capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def scraped(service, small_clip) -> str:
    """The metrics of a service that has taken and processed a video, made an MP4 of it, and refused something."""
    client = Client(service.url).register()
    asset = client.complete(client.send(small_clip))
    assert client.get(client.stream(asset)["variants"]["360p"]).status == 200
    assert client.get("/api/assets/asset_1").status == 404
    assert client.init("small.mp4", 100).status in (200, 201)
    answer = Client(service.url).get("/metrics")
    assert answer.status == 200
    return answer.body.decode()


@pytest.fixture(scope="module")
def shown(scraped) -> dict[str, dict[str, set[str]]]:
    """The values of each label of each metric."""
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(scraped):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return found


def rules() -> list[dict]:
    """The rules, read as the few lines of YAML that they are."""
    found: list[dict] = []
    key = ""
    for line in (PROMETHEUS / "rules.yml").read_text().splitlines():
        if match := re.match(r"\s+- (record|alert): (\S+)", line):
            found.append({match.group(1): match.group(2), "expr": "", "text": ""})
        elif match := re.match(r"\s+(expr|for|labels|annotations|summary|description):\s*(.*)", line):
            key = match.group(1)
            if key == "expr":
                found[-1]["expr"] = match.group(2).removeprefix(">")
            elif found:
                found[-1]["text"] += match.group(2)
        elif key == "expr" and found:
            found[-1]["expr"] += " " + line.strip()
    return found


def panels() -> list[tuple[str, str, str]]:
    """Title, expression and legend of everything that the dashboard asks."""
    board = json.loads(DASHBOARD.read_text())
    asked = [(panel["title"], target["expr"], target.get("legendFormat", ""))
             for panel in board["panels"] for target in panel["targets"]]
    return asked + [(note["name"], note["expr"], note["titleFormat"]) for note in board["annotations"]["list"]]


def recorded() -> dict[str, set[str]]:
    return {rule["record"]: names(rule["expr"]).grouped - {"le"} for rule in rules() if "record" in rule}


def check(expression: str, shown: dict[str, dict[str, set[str]]], legend: set[str]) -> None:
    """Every metric is shown; every label is one of its metrics'; what it is compared with has been seen."""
    named = names(expression.replace("$__rate_interval", "5m"))
    assert named.metrics, f"{expression} asks for nothing"
    known = recorded() | OWN
    labels = {"job", "instance"}
    for metric in named.metrics:
        assert metric in shown or metric in known, f"{metric} is not shown (in {expression})"
        own = set(shown.get(metric, {})) | known.get(metric, set()) | {"job", "instance"}
        labels |= own
        for label, comparisons in named.matched.get(metric, {}).items():
            assert label in own, f"{metric} has no label {label} (in {expression})"
            values = shown.get(metric, {}).get(label, set())
            for sign, value in comparisons:
                assert sign != "=" or not values or value in values or value == "5xx", \
                    f"{label} of {metric} is never {value!r}, but {sorted(values)}"
    assert named.grouped <= labels, f"{named.grouped - labels} are labels of nothing in {expression}"
    available = named.grouped or labels
    assert legend <= available, f"{legend - available} do not come out of {expression}"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("record") or rule["alert"])
def test_rules_name_what_is_shown(rule, shown):
    check(rule["expr"], shown, set(re.findall(r"\$labels\.(\w+)", rule["text"])))


@pytest.mark.parametrize(("title", "expression", "legend"), panels(), ids=lambda value: str(value)[:40])
def test_the_dashboard_names_what_is_shown(title, expression, legend, shown):
    check(expression, shown, set(re.findall(r"{{(\w+)}}", legend)))


def test_every_metric_of_ours_that_an_operator_needs_is_watched(shown):
    """What stands on no panel and in no rule is told here, so that it is left out on purpose."""
    watched = set()
    for expression in [rule["expr"] for rule in rules()] + [expression for _, expression, _ in panels()]:
        watched |= names(expression.replace("$__rate_interval", "5m")).metrics
    watched = {re.sub(r"_(bucket|sum|count)$", "", name) for name in watched}
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown if name.startswith("telecine_")}
    assert ours - watched == {
        "telecine_http_requests_in_flight", "telecine_uploads_open_bytes", "telecine_uploads_refused_total",
        "telecine_sweeps_total", "telecine_sweep_removed_total", "telecine_sweep_removed_bytes_total",
        "telecine_sweep_last_success_timestamp_seconds",
    } & ours


def test_promtool_finds_nothing_to_say_about_the_metrics(scraped):
    assert promtool("check", "metrics", input=scraped) == ""


def test_promtool_accepts_the_configuration_and_the_alerts_fire(tmp_path):
    promtool("check", "config", PROMETHEUS / "prometheus.yml")
    promtool("test", "rules", PROMETHEUS / "rules.test.yml")
    # The dashboard's expressions are PromQL.
    lines = ["groups:", "  - name: dashboard", "    rules:"]
    for number, (_, expression, _) in enumerate(panels()):
        lines.append(f"      - record: panel:{number}")
        lines.append("        expr: " + json.dumps(expression.replace("$__rate_interval", "5m")))
    file = pathlib.Path(tmp_path / "dashboard.yml")
    file.write_text("\n".join(lines) + "\n")
    promtool("check", "rules", file)


def test_what_workers_did_and_what_is_stored_was_counted(scraped, small_clip):
    values = {(sample.name, *sorted(sample.labels.items())): sample.value
              for family in text_string_to_metric_families(scraped) for sample in family.samples}
    assert values["telecine_jobs_ended_total", ("kind", "asset.prepare"), ("outcome", "done")] >= 1
    made = {key[1]: value for key, value in values.items() if key[0] == "telecine_encode_media_seconds_total"}
    assert max(made.values()) >= 3.9, "four seconds were made"
    assert all(values["telecine_encode_seconds_total", rung] > 0 for rung in made)
    assert values["telecine_workers_alive",] >= 1
    assert values["telecine_storage_bytes", ("kind", "originals")] >= small_clip.stat().st_size
    assert values["telecine_storage_bytes", ("kind", "segments")] > 10_000
    assert values["telecine_storage_bytes", ("kind", "mp4s")] > 10_000
    assert values["telecine_storage_free_bytes",] > 0
