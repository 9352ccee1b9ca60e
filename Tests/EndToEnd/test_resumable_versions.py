"""Resumable uploads for HTTP in every iteration of the drafts: begun, broken off, gone on with, the same at the end."""
import hashlib

import pytest

from support import resumable
from support.client import Client
from support.resumable import BASE, VERSIONS, Draft, arrived, stored
from support.wire import Wire

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * (24 * 1024)


@pytest.fixture(scope="module")
def server(start_service_once):
    return start_service_once(WORKERS=0)


@pytest.fixture(scope="module")
def someone(server):
    return Client(server.url).register()


@pytest.fixture(params=VERSIONS, ids=lambda version: f"version-{version}")
def draft(someone, request):
    return Draft(someone, request.param)


def same(server, reply) -> None:
    assert hashlib.sha256(stored(server, reply)).digest() == hashlib.sha256(CONTENT).digest()


@pytest.mark.parametrize("version", VERSIONS[:-1])
@pytest.mark.parametrize("reset", [False, True])
def test_one_request_that_breaks_off_goes_on_where_it_stopped(server, someone, version, reset):
    """What URLSession does: the whole file in one POST, then HEAD and PATCH at the address of the first 104."""
    draft = Draft(someone, version)
    wire = draft.open("POST", BASE, len(CONTENT), b"", Content_Type="video/mp4")
    announced = wire.next()
    assert announced.status == 104
    assert announced.headers["upload-draft-interop-version"] == str(version)
    assert "max-size=" in announced.headers["upload-limit"]
    path = announced.headers["location"]
    wire.send(CONTENT[:5 * MIB])
    arrived(server, path, 5 * MIB)
    progress = wire.next()
    assert progress.status == 104 and "location" not in progress.headers
    assert 4 * MIB <= int(progress.headers["upload-offset"]) <= 5 * MIB
    wire.drop(reset)
    head = draft.head(path)
    assert head.status == 204 and draft.complete(head) is False
    assert head.headers["upload-length"] == str(len(CONTENT))
    reached = int(head.headers["upload-offset"])
    assert reached == 5 * MIB
    reply = draft.patch(path, reached, CONTENT[reached:], complete=True)
    same(server, reply)
    assert draft.complete(reply) is True
    head = draft.head(path)
    assert (head.status, head.headers["upload-offset"]) == (204, str(len(CONTENT)))
    assert draft.complete(head) is True
    assert head.headers["content-location"].endswith(reply.json()["asset_id"])


def test_careful_creation_and_a_series_of_requests(server, draft):
    path = draft.created(len(CONTENT))
    reached = 0
    for step in (1, 300_000, 2 * MIB):
        reply = draft.patch(path, reached, CONTENT[reached:reached + step])
        assert reply.status == (204 if (draft.version or 10) >= 6 else 201), reply
        assert draft.complete(reply) is False
        assert not [each for each in reply.interims if "location" in each.headers]
        reached += step
        assert reply.headers["upload-offset"] == str(reached)
    wire = draft.open("PATCH", path, len(CONTENT) - reached, CONTENT[reached:reached + MIB], True, reached)
    arrived(server, path, reached + MIB)
    wire.drop()
    reached = draft.offset(path)
    same(server, draft.patch(path, reached, CONTENT[reached:], complete=True))


def test_a_body_without_a_length_ends_where_it_says(server, draft):
    wire = draft.open("POST", BASE, None, CONTENT[:MIB], complete=False)
    path = wire.next().headers["location"] if draft.version else None
    wire.chunk(b"").trailer()
    reply = wire.final()
    assert (reply.status, draft.complete(reply)) == (201, False)
    assert path in (None, reply.headers["location"])
    path = reply.headers["location"]
    head = draft.head(path)
    assert "upload-length" not in head.headers and head.headers["upload-offset"] == str(MIB)
    wire = draft.open("PATCH", path, None, CONTENT[MIB:], True, MIB)
    same(server, wire.chunk(b"").trailer().final())


def test_without_a_version_or_with_another_there_is_no_104(someone):
    for version in (None, 2, 11, "six", "6.0"):
        headers = {"Upload-Complete": "?1", "Upload-Draft-Interop-Version": version, "Content-Length": 5}
        wire = Wire(someone, "POST", BASE, headers).send(b"small")
        assert wire.final().status == 201
        assert not wire.interims


def test_an_upload_is_cancelled(someone, draft):
    path = draft.created(10)
    assert draft.patch(path, 0, b"12345").headers["upload-offset"] == "5"
    assert resumable.once(someone, "DELETE", path, draft.said()).status == 204
    assert draft.head(path).status == 404


@pytest.mark.parametrize("declared", [len(CONTENT), None], ids=["length", "chunked"])
def test_what_arrived_outlives_a_server_that_is_killed(start_service, declared):
    server = start_service(WORKERS=0)
    draft = Draft(Client(server.url).register(), 8)
    wire = draft.open("POST", BASE, declared, CONTENT[:MIB])
    path = wire.next().headers["location"]
    arrived(server, path, MIB)
    server.kill()
    server.start()
    draft.client.url = server.url
    assert draft.offset(path) == MIB
    same(server, draft.patch(path, MIB, CONTENT[MIB:], complete=True))
