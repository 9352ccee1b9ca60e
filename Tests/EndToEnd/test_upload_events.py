"""How an upload gets on, as server-sent events: every door, its owner alone, until the end."""
import json
import socket

import pytest

from support import tus
from support.client import PASSWORD, Client, split
from support.resumable import Draft, upload_id
from support.wait import until
from support.wire import Wire


@pytest.fixture
def another(service):
    return Client(service.url).register()


class Events:
    """A stream of events, read as they come."""

    def __init__(self, client: Client, upload: str, **headers):
        self.wire = Wire(client, "GET", f"/api/uploads/{upload}/events",
                         {name.replace("_", "-"): value for name, value in headers.items()}, timeout=120)
        self.reply = self.wire.next()
        self.rest = ""
        self.ended = False

    def __iter__(self):
        """The data of each event, to the end of the stream; comments are passed over."""
        while True:
            block = self._block()
            if block is None:
                return
            data = [line[6:] for line in block.split("\n") if line.startswith("data: ")]
            if data:
                yield json.loads("\n".join(data)) | {"last": "id: end" in block}

    def _block(self) -> str | None:
        while "\n\n" not in self.rest:
            chunk = self._chunk()
            if not chunk:
                self.ended = True
                return None
            self.rest += chunk
        block, self.rest = self.rest.split("\n\n", 1)
        return block

    def _chunk(self) -> str:
        wire = self.wire
        while b"\r\n" not in wire._unread:
            wire._more()
        size, wire._unread = wire._unread.split(b"\r\n", 1)
        length = int(size, 16)
        while len(wire._unread) < length + 2:
            wire._more()
        chunk, wire._unread = wire._unread[:length], wire._unread[length + 2:]
        return chunk.decode()

    def until(self, found) -> dict:
        return next(event for event in self if found(event))


def test_a_video_is_followed_from_its_first_byte_until_it_is_ready(client, small_clip):
    content = small_clip.read_bytes()
    path = tus.create(client, len(content))
    events = Events(client, tus.upload_id(path))
    assert events.reply.headers["content-type"] == "text/event-stream"
    seen = iter(events)
    first = next(seen)
    assert (first["status"], first["offset"], first["size"]) == ("initialized", 0, len(content))
    tus.patch(client, path, 0, content[:1000])
    assert events.until(lambda event: event["offset"] == 1000)["status"] == "uploading"
    tus.patch(client, path, 1000, content[1000:])
    rest = list(events)
    assert rest[-1]["status"] == "processed" and rest[-1]["last"]
    assert rest[-1]["assetId"].startswith("asset_")
    progress = [event["progress"] for event in rest]
    assert progress == sorted(progress)
    again = Events(client, tus.upload_id(path), Last_Event_ID="end")
    assert again.reply.status == 204, "EventSource comes again by itself; this stops it"
    assert [event["status"] for event in Events(client, tus.upload_id(path))] == ["processed"]


def test_parts_are_counted_and_other_doors_tell_too(client):
    upload = client.begin("clip.mp4", 11 << 20)
    events = Events(client, upload["uploadId"])
    for number, piece in enumerate(split(b"x" * (11 << 20), upload["chunkSize"])[:2]):
        client.chunk(upload["uploadId"], number, piece, 3)
    told = events.until(lambda event: event["receivedChunks"] == 2)
    assert (told["totalChunks"], told["offset"]) == (3, 2 * upload["chunkSize"])
    path = Draft(client).created(10)
    events = Events(client, upload_id(path))
    Draft(client).patch(path, 0, b"12345")
    assert events.until(lambda event: event["offset"] == 5)


def test_a_file_that_is_no_medium_ends_the_stream_with_the_reason(client):
    reply = Draft(client).create(b"this is no video", complete=True)
    last = list(Events(client, reply.json()["upload_id"]))[-1]
    assert last["status"] == "processing_failed" and last["error"] and last["last"]


def test_what_is_taken_away_ends_the_stream(client):
    path = tus.create(client, 10)
    events = Events(client, tus.upload_id(path))
    next(iter(events))
    assert tus.ask(client, "DELETE", path).status == 204
    assert list(events) == [] and events.ended


def test_only_its_owner_hears_of_it(client, another):
    path = tus.create(client, 10)
    for someone, status in ((another, 403), (Client(client.url, token="no"), 401)):
        assert Events(someone, tus.upload_id(path)).reply.status == status
    assert client.get("/api/uploads/nothing/events").status == 404
    assert client.get("/api/uploads/00000000-0000-4000-8000-000000000000/events").status == 404


def test_a_cookie_is_enough(client):
    login = client.request("POST", "/api/auth/login", data={"email": client.email, "password": PASSWORD})
    cookie = login.headers["Set-Cookie"].split(";")[0]
    path = tus.create(client, 10)
    events = Events(client, tus.upload_id(path), Authorization=None, Cookie=cookie)
    assert next(iter(events))["offset"] == 0


def test_one_person_has_a_bounded_number_of_streams(client):
    upload = tus.upload_id(tus.create(client, 10))
    streams = []
    while len(streams) < 40:
        events = Events(client, upload)
        if events.reply.status == 429:
            break
        streams.append(events)
    assert len(streams) == 16 and int(events.reply.headers["retry-after"]) > 0
    for events in streams[:4]:
        events.wire.drop()
    until("a place", lambda: Events(client, upload).reply.status == 200, every=0.3)
    for events in streams[4:]:
        events.wire.socket.shutdown(socket.SHUT_RDWR)
