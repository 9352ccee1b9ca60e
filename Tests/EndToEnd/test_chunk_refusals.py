"""What uploads refuse, and with which words: a clear 4xx that names the reason, and nothing kept of it."""
import contextlib
import http.client
import sqlite3
import uuid

import pytest

from support.client import Client, form

SIZE = 200_000
CHUNK = 64 * 1024
TOTAL = 4


@pytest.fixture(scope="module")
def strict(start_service_once):
    """A service with small chunks and a small limit of size."""
    return start_service_once(CHUNK_SIZE=CHUNK, MAX_UPLOAD_SIZE=1_000_000)


@pytest.fixture(scope="module")
def someone(strict):
    return Client(strict.url).register()


@pytest.fixture
def upload(someone):
    return someone.begin("clip.mp4", SIZE)["uploadId"]


def refused(answer, *statuses: int) -> dict:
    """The problem of a refusal: RFC 9457, with `error` beside `detail` for the contracts' clients."""
    assert answer.status in statuses, answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == answer.status
    assert problem["error"] == problem["detail"] and problem["detail"]
    return problem


@pytest.mark.parametrize("data, field", [
    ({}, "filename"),
    ({"filename": "a.mp4", "fileType": "video/mp4"}, "fileSize"),
    ({"filename": "a.mp4", "fileType": "video/mp4", "fileSize": 0}, "fileSize"),
    ({"filename": "a.mp4", "fileType": "video/mp4", "fileSize": -1}, "fileSize"),
    ({"filename": "a.mp4", "fileType": "video/mp4", "fileSize": 1.5}, "fileSize"),
    ({"filename": "a.mp4", "fileType": "video/mp4", "fileSize": "many"}, "fileSize"),
    ({"filename": "", "fileType": "video/mp4", "fileSize": 10}, "filename"),
    ({"filename": "a.mp4", "fileType": "video/mp4", "fileSize": 10, "fileHash": "a1b2"}, "fileHash"),
    ({"filename": "a.mp4", "fileType": "video/mp4", "fileSize": 10, "metadata": "none"}, "metadata"),
])
def test_an_init_that_cannot_be_names_the_field(someone, data, field):
    answer = someone.request("POST", "/api/uploads/init", data=data)
    assert field in refused(answer, 400, 422)["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe"])
def test_an_init_that_is_no_json_object_is_refused(someone, body):
    refused(someone.request("POST", "/api/uploads/init", body=body, headers={"Content-Type": "application/json"}), 400)


def test_a_file_over_the_limit_is_refused_before_its_bytes(someone):
    problem = refused(someone.init("big.mp4", 1_000_001), 413)
    assert problem["detail"].startswith("File size exceeds maximum allowed size")


@pytest.mark.parametrize("number", ["-1", str(TOTAL), "9223372036854775808", "1.5", "x", ""])
def test_a_chunk_with_a_wrong_number_is_refused(someone, upload, number):
    refused(someone.chunk(upload, number, b"x" * CHUNK, TOTAL), 400, 422)
    assert someone.status(upload)["receivedChunks"] == 0


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK + 1])
def test_a_chunk_of_a_wrong_size_is_refused(someone, upload, size):
    refused(someone.chunk(upload, 0, b"x" * size, TOTAL), 400, 413, 422)
    assert someone.status(upload)["receivedChunks"] == 0


def test_the_last_chunk_has_the_size_that_is_left(someone, upload):
    refused(someone.chunk(upload, TOTAL - 1, b"x" * CHUNK, TOTAL), 400, 413, 422)
    assert someone.chunk(upload, TOTAL - 1, b"x" * (SIZE - CHUNK * (TOTAL - 1)), TOTAL).status == 200


@pytest.mark.parametrize("total", ["3", "5", "0", "-4", "x"])
def test_a_chunk_with_a_wrong_total_is_refused(someone, upload, total):
    refused(someone.chunk(upload, 0, b"x" * CHUNK, total), 400, 409, 422)
    assert someone.status(upload)["receivedChunks"] == 0


@pytest.mark.parametrize("missing", ["chunk", "chunkNumber"])
def test_a_form_without_a_field_names_it(someone, upload, missing):
    fields = [("chunk", b"x" * CHUNK), ("chunkNumber", "0"), ("totalChunks", str(TOTAL))]
    body, headers = form([field for field in fields if field[0] != missing])
    answer = someone.request("POST", f"/api/uploads/{upload}/chunks", body=body, headers=headers)
    assert missing in refused(answer, 400, 422)["detail"]


def test_a_body_that_is_no_form_is_refused(someone, upload):
    answer = someone.request(
        "POST", f"/api/uploads/{upload}/chunks", body=b"x" * 100, headers={"Content-Type": "video/mp4"})
    refused(answer, 400, 415)


def test_a_form_that_stops_in_the_middle_is_refused_or_dropped(someone, upload):
    body, headers = form([("chunk", b"x" * CHUNK), ("chunkNumber", "0"), ("totalChunks", str(TOTAL))])
    connection = someone.connect()
    connection.putrequest("POST", f"/api/uploads/{upload}/chunks")
    connection.putheader("Authorization", f"Bearer {someone.token}")
    connection.putheader("Content-Type", headers["Content-Type"])
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[: len(body) // 2])
    connection.close()
    assert someone.status(upload)["receivedChunks"] == 0
    assert someone.chunk(upload, 0, b"x" * CHUNK, TOTAL).json()["received"] == 1


def test_another_persons_upload_is_not_found(strict, upload):
    stranger = Client(strict.url).register()
    for answer in (stranger.get(f"/api/uploads/{upload}"), stranger.chunk(upload, 0, b"x" * CHUNK, TOTAL)):
        assert refused(answer, 403, 404)["detail"] in ("Upload not found", "Access denied")


@pytest.mark.parametrize("name", [str(uuid.UUID(int=0)), "1", "..%2f..%2fetc", "%00"])
def test_an_upload_that_never_was_is_not_found(someone, name):
    assert someone.get(f"/api/uploads/{name}").status in (400, 404)
    assert someone.chunk(name, 0, b"x", 1).status in (400, 404)


def test_without_a_token_nothing_is_told(strict, upload):
    nobody = Client(strict.url)
    refused(nobody.init("a.mp4", 10), 401)
    refused(nobody.get(f"/api/uploads/{upload}"), 401)
    refused(nobody.chunk(upload, 0, b"x" * CHUNK, TOTAL), 401)
    assert refused(Client(strict.url, "abc.def.ghi").get("/api/assets"), 401)["detail"] == "Invalid token"


def test_a_refused_body_is_not_sent_when_the_client_asks_first(strict, upload):
    """`Expect: 100-continue`: the refusal comes in place of the go-ahead, so the bytes cost nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", strict.port, timeout=120)
    connection.putrequest("POST", f"/api/uploads/{upload}/chunks")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(CHUNK))
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    assert connection.getresponse().status == 401
    connection.close()


def test_an_expired_upload_is_gone(strict, someone, upload):
    """The shortest expiry is a minute; here time is turned forward in the database instead of waited for."""
    with contextlib.closing(sqlite3.connect(strict.data / "telecine.sqlite", timeout=120)) as database, database:
        changed = database.execute("UPDATE uploads SET expires_at = 1 WHERE id = ?", (upload,)).rowcount
    assert changed == 1
    for answer in (someone.chunk(upload, 0, b"x" * CHUNK, TOTAL), someone.get(f"/api/uploads/{upload}")):
        assert refused(answer, 404, 410)["detail"].startswith("Upload not found")
