"""One upload, several doors: begun through one protocol, looked at and finished through another."""
import pytest

from support import tus
from support.client import Client, split
from support.resumable import BASE, Draft, arrived, staged, stored, upload_id

CONTENT = bytes(range(256)) * 1600
PART = 65536


@pytest.fixture(scope="module")
def server(start_service_once):
    return start_service_once(CHUNK_SIZE=PART, WORKERS=0)


@pytest.fixture(scope="module")
def someone(server):
    return Client(server.url).register()


@pytest.fixture(params=[3, 8, None])
def draft(someone, request):
    return Draft(someone, request.param)


def offsets(draft: Draft, upload: str) -> tuple[int, int, float]:
    """The same upload's offset as the drafts, tus and contract 3 have it."""
    status = draft.client.get(f"{tus.REST}/{upload}/status").json()
    return draft.offset(f"{BASE}/{upload}"), tus.offset(draft.client, f"{tus.BASE}/{upload}"), status["offset"]


def test_begun_by_the_drafts_broken_off_finished_by_tus(server, draft):
    path = draft.created(len(CONTENT))
    upload = upload_id(path)
    wire = draft.open("PATCH", path, len(CONTENT), CONTENT[:100_000], True, 0)
    arrived(server, path, 100_000)
    wire.drop()
    assert offsets(draft, upload) == (100_000, 100_000, 100_000)
    answer = tus.patch(draft.client, f"{tus.BASE}/{upload}", 100_000, CONTENT[100_000:])
    assert answer.status == 204
    assert tus.original(server, draft.client, f"{tus.BASE}/{upload}") == CONTENT
    assert draft.complete(draft.head(path)) is True


def test_begun_by_tus_finished_by_the_drafts(server, draft):
    path = tus.create(draft.client, len(CONTENT))
    upload = tus.upload_id(path)
    assert tus.patch(draft.client, path, 0, CONTENT[:100_000]).status == 204
    assert offsets(draft, upload) == (100_000, 100_000, 100_000)
    reply = draft.patch(f"{BASE}/{upload}", 100_000, CONTENT[100_000:], complete=True)
    assert stored(server, reply) == CONTENT
    assert tus.offset(draft.client, path) == len(CONTENT)


def test_a_tus_client_ends_what_is_whole_but_was_not_told_to_end(server, draft):
    path = draft.created(4)
    assert draft.patch(path, 0, b"1234").status in (201, 204)
    assert draft.complete(draft.head(path)) is False
    assert tus.offset(draft.client, f"{tus.BASE}/{upload_id(path)}") == 4
    assert draft.complete(draft.head(path)) is True
    assert tus.original(server, draft.client, f"{tus.BASE}/{upload_id(path)}") == b"1234"


def test_begun_in_parts_finished_by_the_drafts(server, draft):
    upload = draft.client.begin("clip.mp4", len(CONTENT))["uploadId"]
    pieces = split(CONTENT, PART)
    for number in (0, 1, 4):
        assert draft.client.chunk(upload, number, pieces[number], len(pieces)).status == 200
    assert offsets(draft, upload) == (2 * PART, 2 * PART, 2 * PART)
    reply = draft.patch(f"{BASE}/{upload}", 2 * PART, CONTENT[2 * PART:], complete=True)
    assert stored(server, reply) == CONTENT
    assert draft.client.status(upload)["receivedChunks"] == len(pieces)


def test_begun_by_the_drafts_finished_in_parts(server, draft):
    path = draft.created(len(CONTENT))
    upload = upload_id(path)
    assert draft.patch(path, 0, CONTENT[:PART * 2]).status in (201, 204)
    status = draft.client.status(upload)
    assert (status["receivedChunks"], status["missingChunks"][0]) == (2, 2)
    pieces = split(CONTENT, status["chunkSize"])
    for number in range(2, len(pieces)):
        assert draft.client.chunk(upload, number, pieces[number], len(pieces)).status == 200
    assert draft.complete(draft.head(path)) is True
    assert server.original(draft.client.status(upload)["assetId"]).read_bytes() == CONTENT


def test_a_silent_connection_of_one_door_lets_go_for_another(server, draft):
    path = draft.created(len(CONTENT))
    silent = draft.open("PATCH", path, len(CONTENT), CONTENT[:5000], True, 0)
    arrived(server, path, 5000)
    assert tus.offset(draft.client, f"{tus.BASE}/{upload_id(path)}") == 5000
    silent.drop()
    quiet = tus.open_patch(draft.client, f"{tus.BASE}/{upload_id(path)}", 5000, CONTENT[5000:9000], len(CONTENT) - 5000)
    arrived(server, path, 9000)
    reply = draft.patch(path, 9000, CONTENT[9000:], complete=True)
    assert stored(server, reply) == CONTENT
    quiet.close()


def test_deleted_through_one_door_it_is_gone_from_all(server, draft):
    path = draft.created(len(CONTENT))
    draft.patch(path, 0, b"x" * 1000)
    assert tus.ask(draft.client, "DELETE", f"{tus.BASE}/{upload_id(path)}").status == 204
    assert draft.head(path).status == 404
    assert staged(server, path) == 0
