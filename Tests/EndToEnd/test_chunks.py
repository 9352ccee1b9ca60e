"""Contract 1's chunks as clients send them: in any order, in parallel, repeated, the number before or after."""
import concurrent.futures
import hashlib
import random

import pytest

from support import clips
from support.client import Client, split
from support.wait import until


@pytest.fixture(scope="module")
def chunked(start_service_once):
    """A service with small chunks, so that a small file has many of them."""
    return start_service_once(CHUNK_SIZE=64 * 1024)


@pytest.fixture
def someone(chunked):
    return Client(chunked.url).register()


@pytest.fixture(scope="module")
def file(small_clip, tmp_path_factory):
    return clips.padded(small_clip, tmp_path_factory.mktemp("chunks") / "padded.mp4", 1_500_000)


def stored_hash(service, asset: str) -> str:
    return hashlib.sha256(service.original(asset).read_bytes()).hexdigest()


def test_chunks_in_any_order_make_the_same_file(chunked, someone, file):
    content = file.read_bytes()
    upload = someone.begin(file.name, len(content))
    pieces = split(content, upload["chunkSize"])
    order = list(enumerate(pieces))
    random.Random(1).shuffle(order)
    for count, (number, piece) in enumerate(order, 1):
        answer = someone.chunk(upload["uploadId"], number, piece, len(pieces), number_first=number % 2 == 0)
        assert answer.status == 200, answer
        assert answer.json() == {
            "uploadId": upload["uploadId"], "chunkNumber": number, "received": count, "total": len(pieces)}
    asset = someone.finish(upload["uploadId"])["assetId"]
    assert stored_hash(chunked, asset) == hashlib.sha256(content).hexdigest()


def test_chunks_in_parallel_and_repeated_make_the_same_file(chunked, someone, file):
    content = file.read_bytes()
    upload = someone.begin(file.name, len(content))
    pieces = split(content, upload["chunkSize"])
    # Everything twice, shuffled, eight at a time: repeats meet their originals in flight.
    work = list(enumerate(pieces)) * 2
    random.Random(2).shuffle(work)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(
            lambda piece: someone.chunk(upload["uploadId"], piece[0], piece[1], len(pieces)), work))
    refused = [answer for answer in answers if answer.status != 200]
    assert not refused, refused[:3]
    asset = someone.finish(upload["uploadId"])["assetId"]
    assert stored_hash(chunked, asset) == hashlib.sha256(content).hexdigest()


def test_a_chunk_repeated_after_completion_answers_as_the_first_time(someone, file):
    content = file.read_bytes()
    upload = someone.send(file)
    total = -(-len(content) // (64 * 1024))
    someone.finish(upload)
    answer = someone.chunk(upload, 0, content[: 64 * 1024], total)
    assert answer.status == 200, answer
    assert answer.json()["received"] == total


def test_the_status_has_every_field_of_the_contract(someone, file):
    content = file.read_bytes()
    metadata = {"title": "My Awesome Video", "description": "This is a description of my video"}
    upload = someone.begin(file.name, len(content), metadata=metadata)
    pieces = split(content, upload["chunkSize"])
    status = someone.status(upload["uploadId"])
    assert status["status"] == "initialized"
    assert status["receivedChunks"] == 0
    someone.chunk(upload["uploadId"], 1, pieces[1], len(pieces))
    status = someone.status(upload["uploadId"])
    assert status["status"] == "uploading"
    assert status["uploadId"] == upload["uploadId"]
    assert (status["filename"], status["fileSize"], status["fileType"]) == (file.name, len(content), "video/mp4")
    assert (status["receivedChunks"], status["totalChunks"]) == (1, len(pieces))
    assert status["metadata"] == metadata
    assert status["createdAt"].endswith("Z") and "." in status["createdAt"]
    assert status["lastChunkAt"] >= status["createdAt"]
    assert status["progress"] == 0


def test_progress_never_falls_and_ends_at_100(someone, file):
    upload = someone.send(file)
    seen = []

    def done():
        seen.append(someone.status(upload)["progress"])
        return seen[-1] == 100

    until("progress 100", done, every=0.02)
    assert seen == sorted(seen)
    assert someone.status(upload)["status"] == "processed"
