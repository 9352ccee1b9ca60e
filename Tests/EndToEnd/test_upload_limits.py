"""What one user may have under way: refused before the bytes, in words, over every door; truthful in advance."""
import contextlib
import sqlite3

import pytest

from support import tus
from support.client import Client, split
from support.tus import ask, create, patch

MIB = 1 << 20


@pytest.fixture(scope="module")
def narrow(start_service_once):
    return start_service_once(WORKERS=0, MAX_OPEN_UPLOADS=3, MAX_OPEN_BYTES="10 MiB", MAX_VIDEO_SIZE_MB=6)


@pytest.fixture
def someone(narrow):
    return Client(narrow.url).register()


def refused(answer) -> str:
    problem = tus.problem(answer, 429)
    assert problem["code"] == "too_many_requests"
    assert int(answer.headers["Retry-After"]) > 0
    return problem["error"]


def announce(client: Client, size: int):
    data = {"session_id": f"{client.email} {size}", "filename": "a.mp4", "file_size": size}
    return client.request("POST", f"{tus.REST}/init", data=data)


def test_one_upload_too_many_is_refused_at_every_door(someone):
    path = create(someone, 10)
    upload = someone.begin("a.mp4", 10)["uploadId"]
    create(someone, 10, Upload_Concat="partial")
    for answer in (ask(someone, "POST", Upload_Length=10), someone.init("b.mp4", 10), announce(someone, 10),
                   ask(someone, "POST", body=b"x" * 10, Upload_Length=10)):
        assert "3 unfinished uploads" in refused(answer)
    # Either way out that the words name makes room.
    assert someone.chunk(upload, 0, b"x" * 10, 1).status == 200
    create(someone, 10)
    assert ask(someone, "DELETE", path).status == 204
    assert announce(someone, 10).status == 201


def test_bytes_under_way_are_counted_over_all_doors_and_told_in_advance(narrow, someone):
    def largest(client: Client) -> int:
        answer = client.request("OPTIONS", tus.BASE)
        assert answer.status == 204, answer
        return int(answer.headers["Tus-Max-Size"])

    assert largest(Client(narrow.url)) == largest(someone) == 6 * MIB
    someone.begin("a.mp4", 7 * MIB)
    assert largest(Client(narrow.url)) == 6 * MIB
    assert largest(someone) == 3 * MIB
    assert str(10 * MIB) in refused(ask(someone, "POST", Upload_Length=3 * MIB + 1))
    refused(ask(someone, "POST", Upload_Defer_Length=1))
    path = create(someone, largest(someone))
    assert largest(someone) == 0
    assert patch(someone, path, 0, bytes(3 * MIB)).status == 204
    assert largest(someone) == 3 * MIB


def test_what_could_never_fit_is_too_large(someone):
    assert tus.problem(someone.init("a.mp4", 11 * MIB), 413)["error"].startswith("File size exceeds maximum")
    assert tus.problem(ask(someone, "POST", Upload_Length=6 * MIB + 1), 413)


# Numbered parts over days.

def test_chunks_are_resumed_days_later_within_the_expiry(start_service):
    """Time is turned back in the database instead of waited for."""
    service = start_service(WORKERS=0, UPLOAD_EXPIRY="7d", CHUNK_SIZE=65536)
    someone = Client(service.url).register()
    content = bytes(range(256)) * 1024
    upload = someone.begin("a.mp4", len(content))["uploadId"]
    pieces = split(content, 65536)
    for number in (2, 0):
        assert someone.chunk(upload, number, pieces[number], len(pieces)).status == 200
    service.stop()
    days = 6 * 86_400 * 1_000_000
    with contextlib.closing(sqlite3.connect(service.data / "telecine.sqlite", timeout=120)) as database, database:
        database.execute("UPDATE uploads SET created_at = created_at - ?, last_part_at = last_part_at - ?, "
                         "expires_at = expires_at - ?", (days, days, days))
    someone.url = service.start().url
    status = someone.status(upload)
    assert (status["status"], status["receivedChunks"], status["missingChunks"]) == ("uploading", 2, [1, 3])
    for number in status["missingChunks"]:
        assert someone.chunk(upload, number, pieces[number], len(pieces)).status == 200
    asset = someone.status(upload)["assetId"]
    assert service.original(asset).read_bytes() == content
