"""SIGTERM: what is under way ends well, nothing new begins, and the process leaves with 0."""
import http.client
import signal
import socket
import subprocess

import pytest

from support import clips
from support.client import Client, form
from support.service import binary, clean_environment, descendants
from support.wait import until


def half_sent(client: Client, upload: str, content: bytes) -> tuple[http.client.HTTPConnection, bytes]:
    """A chunk of which the first half is on its way; the connection, and the half that is left."""
    body, headers = form([("chunk", content), ("chunkNumber", "0"), ("totalChunks", "1")])
    connection = client.connect()
    connection.putrequest("POST", f"/api/uploads/{upload}/chunks")
    connection.putheader("Authorization", f"Bearer {client.token}")
    connection.putheader("Content-Type", headers["Content-Type"])
    connection.putheader("Content-Length", str(len(body)))
    middle = len(body) // 2
    connection.endheaders(body[:middle])
    return connection, body[middle:]


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_chunk_under_way_is_finished_and_kept(start_service, small_clip):
    service = start_service()
    client = Client(service.url).register()
    content = small_clip.read_bytes()
    upload = client.begin(small_clip.name, len(content))["uploadId"]
    connection, rest = half_sent(client, upload, content)
    # Under way is what the service has begun to receive: a connection that waits to be accepted is not.
    spools = lambda: [file for file in (service.data / "staging").glob("*.part") if file.stat().st_size]  # noqa: E731
    until("the first bytes", spools)
    family = descendants(service.process.pid)
    service.process.send_signal(signal.SIGTERM)
    until("the port to close", lambda: refuses(service.port))
    connection.send(rest)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    assert service.process.wait(120) == 0
    until("nothing to be left behind", lambda: not [pid for pid in family if pid in descendants(1)])
    client.url = service.start().url
    assert client.finish(upload)["assetId"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_an_idle_service_leaves_at_once(start_service, name):
    service = start_service()
    service.process.send_signal(getattr(signal, name))
    assert service.process.wait(120) == 0


@pytest.mark.parametrize("verb", ["serve", "work"])
def test_a_stop_while_it_starts_is_no_failure(tmp_path, verb):
    data = tmp_path / "data"
    arguments = ["--port", "0"] if verb == "serve" else []
    process = subprocess.Popen([binary(), verb, "--data", data, *arguments], env=clean_environment(), cwd=tmp_path,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    # The first thing that either makes: long before it is ready.
    until("the beginning", data.exists, every=0.002)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def test_whoever_reads_that_it_is_ready_may_stop_it_at_once(tmp_path):
    process = subprocess.Popen([binary(), "serve", "--data", tmp_path / "data", "--port", "0"], cwd=tmp_path,
                               env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert b"is ready on" in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)
    assert process.returncode == 0


def test_a_stop_in_the_middle_of_processing_costs_nothing(start_service, tmp_path):
    service = start_service()
    client = Client(service.url).register()
    upload = client.send(clips.make(tmp_path / "clip.mp4", 20))
    until("some progress", lambda: 0 < client.status(upload)["progress"] < 100)
    before = client.status(upload)["progress"]
    assert service.stop() == 0
    client.url = service.start().url
    assert client.status(upload)["progress"] >= before
    asset = client.complete(upload)
    assert clips.count_frames(client.stream(asset)["masterUrl"]) == 20 * 25
