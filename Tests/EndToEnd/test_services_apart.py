"""`telecine serve --only …`: five processes on one data folder, and the gateway before them."""
import json
import socket
import subprocess
import urllib.parse

import pytest

from support import tus
from support.apart import NAMES, Apart
from support.client import PASSWORD, Client
from support.service import binary, clean_environment
from support.wait import until
from support.wire import Wire
from support.youtube import YouTube
from test_memory import peak
from test_upload_events import Events

MIB = 1 << 20
# What a body on its way through may take, beside the program itself.
BOUND = 24 * MIB


@pytest.fixture(scope="module")
def youtube():
    channel = YouTube()
    yield channel
    channel.stop()


@pytest.fixture(scope="module")
def apart(tmp_path_factory, ladder, youtube):
    services = Apart(tmp_path_factory.mktemp("apart"), PROFILES_DIR=ladder, **youtube.settings)
    try:
        yield services.start()
    finally:
        services.stop()


@pytest.fixture
def someone(apart):
    return Client(apart.url).register()


def test_a_video_is_sent_watched_and_changed_through_the_gateway(apart, someone, small_clip, youtube):
    upload = someone.send(small_clip)
    events = Events(someone, upload)
    assert events.reply.status == 200
    asset = someone.complete(upload)
    assert [event["assetId"] for event in events if event["last"]] == [asset]

    master = someone.stream(asset)["masterUrl"]
    assert master.startswith(apart.url), "links lead through the gateway"
    playlist = Client(apart.url).get(master)
    assert playlist.status == 200
    folder = master.rsplit("/", 1)[0]
    rung = next(line for line in playlist.body.decode().splitlines() if line and not line.startswith("#"))
    media = Client(apart.url).get(f"{folder}/{rung}").body.decode()
    segment = next(line for line in media.splitlines() if line.endswith(".m4s"))
    place = f"{folder}/{rung.rsplit('/', 1)[0]}/{segment}"
    whole = Client(apart.url).get(place)
    part = Client(apart.url).get(place, headers={"Range": "bytes=100-299"})
    assert (part.status, part.body) == (206, whole.body[100:300])
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(whole.body)}"
    assert part.headers["Content-Length"] == "200"
    head = Client(apart.url).request("HEAD", place)
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(whole.body)))
    fresh = Client(apart.url).get(place, headers={"If-None-Match": whole.headers["ETag"]})
    assert fresh.status == 304

    origin = {"Origin": apart.url}
    login = Client(apart.url).request(
        "POST", "/api/auth/login", data={"email": someone.email, "password": PASSWORD}, headers=origin)
    cookie = origin | {"Cookie": login.headers["Set-Cookie"].split(";")[0]}
    changed = Client(apart.url).request("PATCH", f"/api/assets/{asset}", data={"title": "Renamed"}, headers=cookie)
    assert changed.status == 200, changed
    assert someone.get(f"/api/assets/{asset}").json()["title"] == "Renamed"
    ask = lambda: someone.request("POST", f"/api/assets/{asset}/share/youtube", data={"private": False})  # noqa: E731
    published = until("the video", lambda: answer if (answer := ask()).status != 202 else None)
    assert (published.status, published.json()["status"]) == (200, "published"), published
    assert youtube.videos[0].content == small_clip.read_bytes() and youtube.wrongs == []
    stranger = Client(apart.url).request(
        "PATCH", f"/api/assets/{asset}", data={"title": "No"}, headers=cookie | {"Origin": "https://else.example"})
    assert stranger.status == 403, stranger


def test_large_bodies_pass_through_little_memory(apart, someone):
    before = {name: peak(apart[name].process.pid) for name in ("api-gateway", "upload-manager")}
    content = bytes(64 * MIB)
    path = tus.create(someone, len(content))
    assert tus.patch(someone, path, 0, content).status == 204
    assert tus.offset(someone, path) == len(content)
    for name, size in before.items():
        assert peak(apart[name].process.pid) - size <= BOUND, name


def test_a_refusal_costs_its_client_nothing(apart):
    wire = Wire(Client(apart.url), "POST", "/api/media/upload/",
                {"Content-Length": str(1 << 30), "Expect": "100-continue", "Content-Type": "video/mp4"})
    assert wire.next().status == 401, "before any 100 Continue"


def test_bytes_that_arrived_before_a_break_count(apart, someone):
    path = tus.create(someone, 4 * MIB)
    connection = tus.open_patch(someone, path, 0, b"x" * MIB, 4 * MIB)
    staged = apart.data / "staging" / f"{tus.upload_id(path)}.data"
    # What the gateway had not handed on yet goes with the connection: the client never heard of it.
    until("all that was sent to be there", lambda: staged.exists() and staged.stat().st_size == MIB)
    connection.close()
    until("it to count", lambda: tus.offset(someone, path) == MIB)
    assert tus.patch(someone, path, MIB, b"x" * (3 * MIB)).status == 204


def test_a_service_that_dies_is_named_and_its_upload_goes_on(apart, someone):
    content = bytes(range(256)) * 4096 * 4
    path = tus.create(someone, len(content))
    assert tus.patch(someone, path, 0, content[:MIB]).status == 204
    connection = tus.open_patch(someone, path, MIB, content[MIB:2 * MIB], len(content) - MIB)
    uploads = apart["upload-manager"]
    uploads.kill()
    reply = b""
    connection.settimeout(120)
    try:
        while block := connection.recv(4096):
            reply += block
    except ConnectionError:
        pass
    assert b" 502 " in reply.split(b"\r\n")[0], reply
    answer = someone.get(f"/api/uploads/{tus.upload_id(path)}", headers={"Origin": "https://a.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*", "pages of other origins can read it"
    gone = tus.problem(answer, 502)
    assert gone["code"] == "service_unreachable"
    assert "upload-manager" in gone["error"]
    assert someone.get("/api/assets").status == 200, "the others go on"

    uploads.start(apart.ports["upload-manager"])
    at = tus.offset(someone, path)
    assert at >= MIB
    assert tus.patch(someone, path, at, content[at:]).status == 204
    assert tus.original(uploads, someone, path) == content


def test_the_status_checker_tells_which_service_is_down_and_why(apart, page):
    """On its own port: the page, at both addresses, and the JSON."""
    checker = Client(apart["status-checker"].url)
    look = lambda: checker.get("/api/health")  # noqa: E731
    until("all services to be up", lambda: look().status == 200)
    assert set(look().json()["services"]) == {*NAMES, "workers"}
    page.goto(checker.url + "/status")
    page.get_by_role("heading", name="Everything works").wait_for()
    page.goto(checker.url + "/")
    page.get_by_role("heading", name="Everything works").wait_for()
    line = page.locator("#services li", has_text="Content management")
    assert "Up" in line.inner_text() and "version" in line.inner_text()

    content = apart["content-management"]
    assert content.stop() == 0
    def missed() -> dict | None:
        services = look().json()["services"]
        ill = [name for name, one in services.items() if one["status"] != "ok"]
        return services if ill == ["content-management"] else None

    down = until("it to be missed, and no other", missed)
    assert look().status == 503
    assert down["content-management"]["problems"][0]["reason"] == "It does not answer."
    page.reload()
    page.get_by_role("heading", name="1 of 6 services is down").wait_for()
    assert "Down" in line.inner_text() and "It does not answer." in line.inner_text()
    assert apart["status-checker"].process.poll() is None and checker.get("/health").status == 200
    content.start(apart.ports["content-management"])
    until("all services to be up again", lambda: look().status == 200)


def test_each_service_answers_its_own_paths_at_its_own_port(apart, someone):
    for name in NAMES:
        until(f"{name} to be well", lambda name=name: Client(apart[name].url).get("/health").status == 200)
        assert Client(apart[name].url).get("/metrics").status == 200, name
    uploads = Client(apart["upload-manager"].url, someone.token)
    assert uploads.init("a.mp4", 10).status == 201
    missing = uploads.get("/api/assets")
    assert missing.status == 404
    assert "content-management" in missing.json()["error"]
    assert Client(apart["content-management"].url, someone.token).get("/api/assets").status == 200
    command = [binary(), "health", "--only", "upload-manager", "--port", str(apart.ports["upload-manager"])]
    assert subprocess.run(command, env=clean_environment(), capture_output=True, check=False).returncode == 0
    command[-1] = "1"
    assert subprocess.run(command, env=clean_environment(), capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("arguments, words", [
    (["--only", "upload-manager"], "there can be only one"),
    ([], "another 'telecine serve' uses"),
    (["--only", "nothing"], "--only must be one of: api-gateway, upload-manager"),
])
def test_what_would_disturb_the_others_is_refused(apart, arguments, words):
    ended = subprocess.run([binary(), "serve", "--port", "0", "--data", apart.data, *arguments],
                           env=clean_environment(), capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode != 0
    assert words in ended.stderr


def test_the_gateway_tells_the_services_who_asks(apart, someone):
    """What comes through it counts for its client, not for the gateway: the log of the service says so."""
    name = "seen-by-the-service"
    with socket.create_connection(("127.0.0.1", apart.ports["api-gateway"]), source_address=("127.0.0.2", 0)) as wire:
        host = urllib.parse.urlsplit(apart.url).netloc
        wire.sendall(f"GET /api/assets HTTP/1.1\r\nHost: {host}\r\nX-Request-ID: {name}\r\nConnection: close\r\n"
                     f"Telecine-Peer: 10.9.9.9 invented\r\nAuthorization: Bearer {someone.token}\r\n\r\n".encode())
        while wire.recv(4096):
            pass
    log = apart["content-management"]
    line = until("the line", lambda: next((line for line in log.text().splitlines() if name in line), None))
    assert json.loads(line)["peer"] == "127.0.0.2"
