"""Hostile files, all at once: each ends with a reason or harmlessly, and nothing outside of it is touched."""
import collections
import errno
import http.server
import os
import pathlib
import re
import threading

import pytest

from support import hostile
from support.client import ENDED, Client
from support.service import command_line, descendants
from support.wait import until

# What must be refused, by a word of the reason. What is not named here may also play, where that does no harm.
REASONS = {
    "playlist": ["hls.mp4", "hls.m4a", "hls.ts", "hls-key.ts", "hls-mark.mp4", "concat.mp4", "dash.mp4",
                 "shortcut.mp4"],
    "SVG": ["drawing.mp4"],
    "text": ["page.mp4", "smil.mp4", "rtsp.mp4", "script.mp4", "call.mp4"],
    "not a video": ["hls-hidden.mp4", "hls-padded.ts", "document.mp4", "archive.mp4", "program.mp4", "zeros.mp4",
                    "noise.mp4", "one-byte.mp4", "cut-media.mp4", "cut-index.mp4", "nested.mp4", "tiny-box.mp4",
                    "endless-box.mp4", "stsz-list.mp4", "rate.wav", "channels.wav", "no-rate.wav", "endless.mp3",
                    "tag.mp3", "head.mp4"],
    "neither picture nor sound": ["reference.mov", "overlapping.mp4", "pixels.h264", "pixels-large.h264",
                                  "pixels.avi"],
    "pixels": ["pixels.mkv"],
    "streams": ["streams.mp4", "streams.mkv"],
    "claims to last": ["sparse.mp4", "hertz.wav"],
}
# Files that reach for one of the canaries begin with its number.
PLACE = re.compile(r"^\d-")


class Canary(http.server.ThreadingHTTPServer):
    """A file and an address that nobody may touch, and whether somebody did.

    The file is a named pipe: whoever opens it waits there for a writer, and is seen.
    """

    def __init__(self, folder: pathlib.Path):
        super().__init__(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        self.hits: list[str] = []
        self.path = folder / "canary.ts"
        os.mkfifo(self.path, 0o644)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def urls(self) -> list[str]:
        return [f"file://{self.path}", f"http://127.0.0.1:{self.server_address[1]}/canary.ts"]

    def process_request(self, request, address):
        self.hits.append(f"connection from {address}")
        self.shutdown_request(request)

    def opened(self) -> bool:
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            assert error.errno == errno.ENXIO, error
            return False
        return True


class Health(threading.Thread):
    """Asks for the service's health all the time; keeps what it says is wrong with it, and counts the answers."""

    def __init__(self, url: str):
        super().__init__(daemon=True)
        self.client = Client(url)
        self.answers = collections.Counter()
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.25):
            try:
                self.answers[frozenset(self.client.ills())] += 1
            except (AssertionError, OSError) as error:
                self.answers[repr(error)] += 1


class Siege:
    """One service, every hostile file in its queue at once, and what became of each."""

    def __init__(self, service, folder: pathlib.Path):
        self.service = service
        self.client = Client(service.url).register()
        self.canary = Canary(folder)
        self.health = Health(service.url)
        self.health.start()
        self.files = hostile.everything(hostile.Movie(folder), self.canary.urls)
        self.uploads = {name: self._send(folder, name, content) for name, content in self.files.items()}
        self.touched = False

    def _send(self, folder: pathlib.Path, name: str, content: bytes) -> str:
        path = folder / name
        path.write_bytes(content)
        return self.client.send(path)

    def outcome(self, name: str) -> dict:
        status = self.client.finish(self.uploads[name], deadline=400, expect=ENDED)
        self.touched = self.touched or self.canary.opened()
        return status

    def wait(self) -> None:
        for name in self.uploads:
            self.outcome(name)


@pytest.fixture(scope="module")
def siege(start_service_once, tmp_path_factory):
    siege = Siege(start_service_once(), tmp_path_factory.mktemp("hostile"))
    yield siege
    siege.health.over.set()
    siege.canary.shutdown()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("word", REASONS)
def test_a_refusal_says_what_is_wrong(siege, word):
    names = [name for name in siege.files if PLACE.sub("", name) in REASONS[word]]
    assert names
    for name in names:
        status = siege.outcome(name)
        assert status["status"] != "processed" and word in status["error"], f"{name}: {status}"


@pytest.mark.timeout(600)
def test_every_hostile_file_ends_with_a_reason_or_harmlessly(siege):
    wrong = {}
    for name in siege.files:
        status = siege.outcome(name)
        reason = status.get("error") or ""
        if status["status"] != "processed" and not is_sentence(reason):
            wrong[name] = reason
        print(f"{name}: {status['status']} {reason}")
    assert not wrong


def is_sentence(reason: str) -> bool:
    """For a person: no path of this machine, no tool's raw output, not the words for a fault of ours."""
    leaks = ("/tmp", "0x", "ffprobe", "ffmpeg", "Error opening", "[in#", "\n", "http:", "file:", "Processing failed",
             "planned", "stopped the worker")
    return len(reason) > 10 and reason[0].isupper() and not any(leak in reason for leak in leaks)


@pytest.mark.timeout(600)
def test_nothing_outside_of_the_files_was_read_and_no_connection_made(siege):
    siege.wait()
    assert not siege.touched and not siege.canary.opened()
    assert siege.canary.hits == []


@pytest.mark.timeout(600)
def test_no_worker_died_and_no_process_outlives_its_file(siege):
    siege.wait()
    service = siege.service
    assert "a worker ended and is started again" not in service.text()

    def tools_are_gone() -> bool:
        left = set(descendants(service.process.pid)) - set(service.workers())
        return not [pid for pid in left if command_line(pid) != [""]]

    # What plays harmlessly is still being encoded.
    until("the end of every child", tools_are_gone, deadline=400, every=0.5)
    # Each worker keeps an empty folder of its own.
    until("empty work folders", lambda: not list((service.data / "work").glob("*/*")))


@pytest.mark.timeout(600)
def test_the_service_was_well_all_the_time(siege):
    siege.wait()
    until("answers about health", lambda: siege.health.answers.total() > 3)
    assert set(siege.health.answers) == {frozenset()}, siege.health.answers
    until("it to say that it is well", lambda: siege.client.get("/health").status == 200)


def test_an_honest_file_still_plays(siege, small_clip):
    assert siege.client.finish(siege.client.send(small_clip))["assetId"]


def test_an_empty_file_is_refused_at_the_door(siege):
    answer = siege.client.init("empty.mp4", 0)
    assert 400 <= answer.status < 500 and answer.json()["detail"], answer
