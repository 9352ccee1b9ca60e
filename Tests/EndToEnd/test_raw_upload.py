"""A file in one request, by what every machine has: curl."""
import json
import subprocess

import pytest

from support import clips
from support.client import Client
from support.resumable import BASE, Draft, arrived, problem, stored
from support.wait import until
from support.wire import Wire, once

RAW = "/api/media/upload/"


@pytest.fixture(scope="module")
def server(start_service_once):
    return start_service_once(MAX_UPLOAD_SIZE=3 * 1024 * 1024, MAX_VIDEO_SIZE_MB=2, WORKERS=0)


@pytest.fixture(scope="module")
def someone(server):
    return Client(server.url).register()


@pytest.fixture
def clip(small_clip, tmp_path):
    return clips.padded(small_clip, tmp_path / "a clip.mp4", 2_500_000)


def curl(client: Client, *arguments) -> dict:
    done = subprocess.run(
        ["curl", "-sS", "--fail-with-body", "-H", f"Authorization: Bearer {client.token}", *map(str, arguments)],
        check=True, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout)


def whole(server, answer: dict) -> bytes:
    assert answer["completed"] is True
    return server.original(answer["asset_id"]).read_bytes()


def test_curl_puts_a_file(server, someone, clip):
    answer = curl(someone, "-T", clip, someone.url + RAW)
    assert whole(server, answer) == clip.read_bytes()
    assert someone.get(f"/api/assets/{answer['asset_id']}").json()["title"] == "a clip.mp4"


@pytest.mark.parametrize("path,title", [
    (RAW + "named%20here.mp4", "named here.mp4"), (RAW + "?filename=asked.mp4&title=A+title", "A title"),
    (RAW.rstrip("/") + "?filename=asked.mp4", "asked.mp4")])
def test_the_name_may_stand_in_the_address(server, someone, path, title):
    reply = once(someone, "PUT", path, {"Content-Type": "video/mp4"}, b"12345")
    assert stored(server, reply) == b"12345"
    assert someone.get(f"/api/assets/{reply.json()['asset_id']}").json()["title"] == title


def test_curl_sends_on_through_interim_answers(server, someone, clip):
    done = subprocess.run(
        ["curl", "-sS", "-i", "-T", clip, "-H", f"Authorization: Bearer {someone.token}",
         "-H", "Upload-Draft-Interop-Version: 8", "-H", "Upload-Complete: ?1", someone.url + RAW],
        check=True, capture_output=True, text=True, timeout=120).stdout
    first, final = done.index("HTTP/1.1 104"), done.index("HTTP/1.1 201")
    assert first < final and f"Location: {BASE}/" in done[first:final]
    assert whole(server, json.loads(done[done.index("{"):])) == clip.read_bytes()


def test_a_file_without_a_length_is_taken(server, someone):
    wire = Wire(someone, "PUT", RAW, {"Transfer-Encoding": "chunked"})
    assert stored(server, wire.chunk(b"12").chunk(b"345").chunk(b"").trailer().final()) == b"12345"


def test_a_plain_post_to_the_drafts_address_is_one_request_too(server, someone, clip):
    # 2.5 MB are more than this door allows.
    reply = once(someone, "POST", BASE, {"Content-Type": "video/mp4"}, clip.read_bytes()[:1_500_000])
    assert stored(server, reply) == clip.read_bytes()[:1_500_000]
    assert reply.headers.get("location") is None and not reply.interims


def test_a_limit_is_told_before_the_body_and_met_within_it(server, someone):
    limit = 3 * 1024 * 1024
    for headers in ({"Content-Length": limit + 1, "Expect": "100-continue"}, {"Content-Length": 1 << 40}):
        reply = Wire(someone, "PUT", RAW, headers).next()
        assert reply.status == 413 and str(limit) in reply.json()["error"]
    wire = Wire(someone, "PUT", RAW, {"Transfer-Encoding": "chunked"})
    assert wire.chunk(b"x" * limit).chunk(b"more").final().status == 413
    until("nothing left", lambda: not list((server.data / "staging").glob("*.data")))


def test_what_is_no_file_is_refused(someone):
    assert once(someone, "PUT", RAW, {}, b"").status == 400
    assert once(someone, "PUT", RAW, {"Content-Type": "multipart/form-data; boundary=x"}, b"--x--").status == 415
    assert once(someone, "PUT", RAW, {"Content-Encoding": "gzip"}, b"12345").status == 415
    assert once(Client(someone.url, token="no"), "PUT", RAW, {}, b"12345").status == 401


def test_a_broken_plain_request_leaves_nothing(server, someone):
    wire = Wire(someone, "PUT", RAW, {"Content-Length": 1000}).send(b"x" * 500)
    until("its bytes", lambda: [f for f in (server.data / "staging").glob("*.data") if f.stat().st_size == 500])
    wire.drop()
    until("nothing left", lambda: not list((server.data / "staging").glob("*.data")))


def test_digests_hold_for_one_request_too(server, someone):
    digest = "sha-256=:WZRHGrsBESr8wYFZ9sx0tPURuZgG2lmzyvWpwXPKz8U=:"
    for name in ("Content-Digest", "Repr-Digest"):
        assert stored(server, once(someone, "PUT", RAW, {name: digest}, b"12345")) == b"12345"
        problem(once(someone, "PUT", RAW, {name: digest}, b"54321"), "digest-mismatching-values")


@pytest.mark.parametrize("version", [3, 6, 8, 10])
def test_the_one_request_is_resumable_for_who_can(server, someone, clip, version):
    draft, content = Draft(someone, version), clip.read_bytes()
    wire = draft.open("PUT", RAW + "clip.mp4", len(content), b"")
    path = wire.next().headers["location"]
    assert path.startswith(BASE + "/")
    wire.send(content[:1_000_000])
    arrived(server, path, 1_000_000)
    wire.drop()
    reached = draft.offset(path)
    assert stored(server, draft.patch(path, reached, content[reached:], complete=True)) == content
