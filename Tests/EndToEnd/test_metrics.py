"""`/metrics`: read by Prometheus's own parser, and true."""
import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.client import Client
from support.tus import create, patch
from support.wait import until


def samples(url: str) -> dict[tuple, float]:
    """(name, sorted labels) and value of every line."""
    answer = Client(url).get("/metrics")
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found, f"{key} stands there twice"
            found[key] = sample.value
    return found


@pytest.fixture
def counted(start_service):
    return start_service(WORKERS=0, MAX_OPEN_UPLOADS=2)


def test_uploads_and_requests_are_counted(counted):
    someone = Client(counted.url).register()
    before = samples(counted.url)
    path = create(someone, 1000)
    assert patch(someone, path, 0, b"x" * 1000).status == 204
    upload = someone.begin("a.mp4", 500)["uploadId"]
    assert someone.init("b.mp4", 10).status == 201
    assert someone.init("c.mp4", 10).status == 429
    after = samples(counted.url)

    def grown(name: str, **labels) -> float:
        key = (name, *sorted(labels.items()))
        return after.get(key, 0) - before.get(key, 0)

    assert grown("telecine_uploads_begun_total", door="videos") == 1
    assert grown("telecine_uploads_begun_total", door="chunks") == 2
    assert grown("telecine_uploads_completed_total", door="videos") == 1
    assert grown("telecine_upload_received_bytes_total", door="videos") == 1000
    assert grown("telecine_uploads_refused_total") == 1
    begun = (("door", "chunks"), ("state", "created"))
    assert after["telecine_uploads_open", *begun] == 2
    assert after["telecine_uploads_open_bytes", *begun] == 510
    assert grown("telecine_errors_total", code="too_many_requests") == 1
    patched = {"method": "PATCH", "route": "/api/v1/videos/tus/:id", "status": "2xx"}
    assert grown("telecine_http_requests_total", **patched) == 1
    assert grown("telecine_http_request_duration_seconds_count", **patched) == 1
    assert grown("telecine_http_request_duration_seconds_bucket", le="+Inf", **patched) == 1
    assert grown("telecine_http_request_bytes_total", route="/api/v1/videos/tus/:id") == 1000
    assert grown("telecine_http_requests_total", method="POST", route="/api/uploads/init", status="4xx") == 1
    assert after["telecine_http_requests_in_flight",] == 1, "the one that reads it"
    assert after["process_resident_memory_bytes",] > 1 << 20
    until("the first sweep", lambda: samples(counted.url).get(("telecine_sweeps_total", ("outcome", "done"))))
    assert samples(counted.url)["telecine_sweep_last_success_timestamp_seconds",] > 1.6e9
    assert not any(upload in str(key) for key in after), "no line names one upload"


def test_who_is_not_near_must_be_an_administrator(start_service):
    service = start_service(WORKERS=0, METRICS_ALLOW="admins")
    assert Client(service.url).get("/metrics").status == 401
    assert Client(service.url).register().get("/metrics").status == 403
    token = service.admin_link.rpartition("token=")[2]
    data = {"token": token, "email": "admin@example.com", "password": "correct horse battery staple"}
    made = Client(service.url).request("POST", "/setup", data=data)
    assert made.status == 201, made
    assert Client(service.url, made.json()["token"]).get("/metrics").status == 200


def test_behind_a_proxy_that_nobody_named_the_world_is_not_near(counted):
    client = Client(counted.url)
    for headers in ({"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}, {"Origin": "https://a.example"}):
        assert client.get("/metrics", headers=headers).status == 401
