"""The Dockerfile and docker-compose.yml, as far as they can be checked without a container engine."""
import importlib.machinery
import importlib.util
import json
import re
import subprocess

import pytest
import yaml

from support.service import ROOT, binary

SERVICES = {"api-gateway": 3000, "upload-manager": 3001, "streaming-engine": 3002, "content-management": 3003,
            "status-checker": 3006}


def image_root():
    loader = importlib.machinery.SourceFileLoader("image_root", str(ROOT / "scripts/image-root"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("image_root", loader))
    loader.exec_module(module)
    return module


STAGES = image_root().stages((ROOT / "Dockerfile").read_text())


def all_of(stage: int, name: str) -> list[str]:
    return [rest for instruction, rest in STAGES[stage] if instruction == name]


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def settings() -> set[str]:
    shown = subprocess.run([binary(), "settings", "--markdown"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^\| `([A-Z0-9_]+)`", shown, re.MULTILINE))


def test_the_image_builds_from_what_is_there_and_what_docker_may_see():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for rest in all_of(0, "COPY"):
        source = rest.split()[0]
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignored, source
    listed = subprocess.run([ROOT / "scripts/install", "--list"], capture_output=True, text=True, check=True).stdout
    needed = set(re.findall(r"need run lib:\S+ (\S+)", (ROOT / "scripts/install").read_text()))
    assert listed and needed <= set(all_of(0, "RUN")[0].split()), "what scripts/install knows is installed there"


def test_the_image_runs_as_nobody_in_particular_and_can_be_asked_how_it_is():
    names = [name for name, _ in STAGES[-1]]
    assert all_of(-1, "USER") == ["telecine"]
    assert names.index("USER") > max(index for index, name in enumerate(names) if name == "RUN")
    health = json.loads(all_of(-1, "HEALTHCHECK")[0].partition("CMD ")[2])
    assert health == ["telecine", "health"]
    assert all_of(-1, "ENTRYPOINT") == ['["telecine"]']
    assert {int(port) for port in all_of(-1, "EXPOSE")[0].split()} == set(SERVICES.values())
    install = all_of(-1, "RUN")[0]
    assert "--no-install-recommends" in install
    assert "rm -rf /var/lib/apt/lists" in install
    assert not re.search(r"\S+-dev\b", install), "headers are for the build"


def test_compose_has_the_contracts_services_on_the_contracts_ports(compose, settings):
    assert set(compose["services"]) == set(SERVICES) | {"prometheus", "grafana"}
    for name, port in SERVICES.items():
        service = compose["services"][name]
        assert service["ports"] == [f"{port}:{port}"]
        assert service["command"] == ["serve", "--only", name]
        assert service["healthcheck"]["test"] == ["CMD", "telecine", "health", "--only", name]
        assert service["build"] == "."
        assert "data:/data" in service["volumes"], "all of them share one folder"
        assert set(service["environment"]) <= settings
        place = service["environment"][name.upper().replace("-", "_") + "_URL"]
        assert place == f"http://{name}:{port}"
    assert compose["services"]["prometheus"]["ports"] == ["9090:9090"]
    assert compose["services"]["grafana"]["ports"] == ["3100:3000"]
    assert {"data", "prometheus", "grafana"} == set(compose["volumes"])


def test_compose_mounts_what_is_there_and_names_what_is_a_setting(compose, settings):
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).exists(), source
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert asked <= settings | {"GRAFANA_USER", "GRAFANA_PASSWORD"}
    # With the .env of contract 1, nothing that must be there is missing.
    required = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert required == {"JWT_SECRET", "GRAFANA_PASSWORD"}


def test_prometheus_reads_the_services_by_their_names(compose):
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    targets = {target for job in scraped for static in job["static_configs"] for target in static["targets"]}
    assert {f"{name}:{port}" for name, port in SERVICES.items()} <= targets
    source = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    dashboards = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/telecine.yml").read_text())
    folder = dashboards["providers"][0]["options"]["path"]
    assert f"./deploy/grafana/dashboards:{folder}:ro" in compose["services"]["grafana"]["volumes"]
