"""tus on networks that fail: what arrived counts, and nobody waits for the dead."""
import socket
import struct
import threading

import pytest

from support import tus
from support.client import Client
from support.tus import ask, create, offset, open_patch, patch
from support.wait import until

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def tusd(start_service_once):
    return start_service_once(WORKERS=0)


@pytest.fixture
def someone(tusd):
    return Client(tusd.url).register()


def staged(tusd, path: str) -> int:
    """Bytes that are on the server's disk; asks nothing of the server."""
    file = tusd.data / "staging" / f"{tus.upload_id(path)}.data"
    return file.stat().st_size if file.exists() else 0


def sent(tusd, path: str, count: int) -> None:
    until(f"{count} bytes staged", lambda: staged(tusd, path) >= count)


def test_what_arrived_before_the_connection_broke_counts(tusd, someone):
    content = bytes(range(256)) * 4096
    path = create(someone, len(content))
    connection = open_patch(someone, path, 0, content[:700_001], len(content))
    sent(tusd, path, 700_001)
    connection.close()
    assert offset(someone, path) == 700_001
    assert patch(someone, path, 700_001, content[700_001:]).status == 204
    assert tus.original(tusd, someone, path) == content


def test_a_reset_loses_nothing_that_was_reported(tusd, someone):
    content = bytes(range(256)) * 4096
    path = create(someone, len(content))
    reached = 0
    while reached < len(content):
        connection = open_patch(someone, path, reached, content[reached:reached + 150_000], len(content) - reached)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reached + 150_000 >= len(content):
            connection.recv(1)
        else:
            # What is not read yet when the reset comes, the system throws away: all of it, time and again.
            sent(tusd, path, reached + 1)
        connection.close()
        now = offset(someone, path)
        assert now >= reached
        reached = now
    assert tus.original(tusd, someone, path) == content


def test_a_piece_with_a_checksum_counts_whole_or_not_at_all(tusd, someone):
    content = bytes(range(256)) * 2048
    path = create(someone, len(content))
    assert patch(someone, path, 0, content[:1000]).status == 204
    connection = open_patch(someone, path, 1000, content[1000:200_000], len(content) - 1000,
                            Upload_Checksum=tus.checksum("sha1", content[1000:]))
    sent(tusd, path, 200_000)
    connection.close()
    assert offset(someone, path) == 1000
    answer = patch(someone, path, 1000, content[1000:], Upload_Checksum=tus.checksum("sha1", content[1000:]))
    assert answer.status == 204
    assert tus.original(tusd, someone, path) == content


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_a_silent_connection_lets_go_when_another_comes(tusd, someone, method):
    content = b"x" * MIB
    path = create(someone, len(content))
    silent = open_patch(someone, path, 0, content[:1000], len(content))
    sent(tusd, path, 1000)
    if method == "HEAD":
        assert offset(someone, path) == 1000
    elif method == "PATCH":
        assert patch(someone, path, 1000, content[1000:]).status == 204
    else:
        assert ask(someone, "DELETE", path).status == 204
    if method == "PATCH":
        assert tus.original(tusd, someone, path) == content
    silent.close()


def test_what_a_silent_connection_sends_after_it_lost_the_upload_is_not_stored(tusd, someone):
    path = create(someone, 2000)
    silent = open_patch(someone, path, 0, b"a" * 500, 2000)
    sent(tusd, path, 500)
    assert patch(someone, path, 500, b"b" * 500).status == 204
    try:
        silent.sendall(b"c" * 1500)
    except OSError:
        pass
    assert offset(someone, path) == 1000
    assert patch(someone, path, 1000, b"d" * 1000).status == 204
    assert tus.original(tusd, someone, path) == b"a" * 500 + b"b" * 500 + b"d" * 1000
    silent.close()


def test_a_connection_that_receives_is_not_evicted_by_others(tusd, someone):
    # Who is silent for a quarter of a second may be evicted, and a busy machine can make the sender that: once more.
    until("a connection that stays", lambda: stays_while_others_ask(tusd, someone))


def stays_while_others_ask(tusd, someone) -> bool:
    path = create(someone, 64 * MIB)
    sender = open_patch(someone, path, 0, b"x" * 1000, 64 * MIB)
    stop = threading.Event()
    broken = []

    def drip():
        while not stop.is_set():
            try:
                sender.sendall(b"x" * 1000)
            except OSError as error:
                broken.append(error)
                return
            stop.wait(0.01)

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    sent(tusd, path, 2000)
    tus.problem(patch(someone, path, 0, b"y" * 10), 409)
    tus.problem(patch(someone, path, 60 * MIB, b"y" * 10), 409)
    now = offset(someone, path)
    assert now >= 2000
    until("more bytes, or the end", lambda: broken or staged(tusd, path) >= now + 5000)
    stop.set()
    thread.join(120)
    sender.close()
    return not broken


def test_a_stranger_takes_no_connection(tusd, someone):
    path = create(someone, 2000)
    silent = open_patch(someone, path, 0, b"a" * 500, 2000)
    sent(tusd, path, 500)
    stranger = Client(tusd.url).register()
    for method in ("HEAD", "PATCH", "DELETE"):
        assert ask(stranger, method, path, b"x" if method == "PATCH" else None, Upload_Offset=500).status == 403
    silent.sendall(b"b" * 1500)
    assert silent.recv(12) == b"HTTP/1.1 204"
    silent.close()


def test_a_refused_body_costs_a_client_that_asks_first_nothing(tusd, someone):
    path = create(someone, 1000)
    connection = open_patch(someone, path, 7, b"", 900, Expect="100-continue")
    assert connection.recv(12) == b"HTTP/1.1 409"
    connection.close()


def test_two_at_once_at_the_same_offset_store_the_bytes_once(tusd, someone):
    content = bytes(range(256)) * 8192
    path = create(someone, len(content))
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(patch(someone, path, 0, content).status))
               for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert sorted(answers)[0] == 204
    assert set(answers) <= {204, 409, 413, 423}
    assert tus.original(tusd, someone, path) == content
