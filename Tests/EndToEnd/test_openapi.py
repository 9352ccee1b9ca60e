"""The description of the API is valid and true of real answers; nothing that is sent makes the service fail."""
import base64
import hashlib
import os
import re
import subprocess
import sys
import uuid

import openapi_spec_validator
import pytest

from support import clips, pictures, tus
from support.client import PASSWORD, Client, form
from support.openapi import Description
from support.wait import until
from test_upload_events import Events

TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = {"Content-Type": "application/offset+octet-stream"}
PARTIAL = {"Content-Type": "application/partial-upload"}


@pytest.fixture(scope="module")
def house(start_service_once):
    return start_service_once()


@pytest.fixture(scope="module")
def admin(house) -> Client:
    client = Client(house.url)
    client.email = "root@example.com"
    token = house.admin_link.partition("token=")[2]
    answer = client.request("POST", "/setup", data={"token": token, "email": client.email, "password": PASSWORD})
    client.token = answer.json()["token"]
    return client


@pytest.fixture(scope="module")
def video(admin, small_clip) -> str:
    return admin.complete(admin.send(small_clip))


@pytest.fixture(scope="module")
def picture(admin, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("pictures")
    file = folder / "small.jpg"
    file.write_bytes(pictures.jpeg(folder))
    return admin.complete(admin.send(file, kind="image/jpeg"))


@pytest.fixture(scope="module")
def description(house) -> Description:
    answer = Client(house.url).get("/openapi.json")
    assert answer.status == 200, answer
    return Description(answer.json())


@pytest.fixture
def ask(admin, description):
    """One request of the administrator; its answer must be as it is described."""

    def asked(method: str, path: str, status: int, **options):
        answer = admin.request(method, path, **options)
        path = re.sub(r"^https?://[^/]+", "", path)
        assert answer.status == status, f"{method} {path}: {answer}"
        description.check(method, path, answer)
        return answer

    return asked


def test_the_description_is_valid(description):
    openapi_spec_validator.validate(description.document)


def test_what_an_account_reads_is_as_described(ask, admin, video, picture):
    number = video.removeprefix("asset_")
    until("it to be well", lambda: admin.get("/api/health").status == 200)
    for path in ("/health", "/health/ready", "/health/live", "/api/health", "/api/admin/status", "/status",
                 "/metrics", "/openapi.json", "/api/auth/me", "/api/assets",
                 "/api/assets?search=small&sort=title", f"/api/assets/{video}",
                 f"/api/assets/{picture}", f"/media/{video}", f"/api/media/{number}/",
                 f"/api/media/{video}", "/api/media/?page_size=1", "/api/media/stats/", "/api/tags", "/api/trash",
                 f"/api/assets/{video}/versions", f"/api/assets/{video}/captions", f"/media/{video}/share",
                 f"/api/assets/{video}/share/youtube",
                 "/api/admin/media", "/api/admin/jobs", f"/api/images/{picture}/url?width=40",
                 "/", "/docs", "/trash", "/setup", f"/watch/{video}", f"/assets/{video}", "/admin/mediafiles/media/",
                 "/favicon.ico", "/static/docs.js"):
        ask("GET", path, 200)
    for path in ("/api/assets?page=x", "/api/assets?status=lost"):
        ask("GET", path, 400)
    for path in ("/media/asset_1", "/api/uploads/" + str(uuid.uuid4()), "/api/media/?page=900"):
        ask("GET", path, 404)
    query = "from=2026-01-01&to=2026-01-31&share=none"
    for path in (f"/media/{video}/analytics", f"/api/media/{video}/analytics?{query}"):
        ask("GET", path, 200)
    ask("GET", f"/media/{video}/analytics?format=csv&table=retention", 200)
    ask("GET", f"/media/{video}/analytics?table=none&format=csv", 400)
    ask("GET", "/admin", 302)
    ask("GET", "/oembed?format=xml&url=x", 501)


def test_what_an_account_changes_is_as_described(ask, admin, video):
    ask("PATCH", f"/api/assets/{video}", 200, data={"title": "A film", "tags": ["one"], "metadata": {"a": [1, None]}})
    ask("POST", "/api/assets/bulk", 200, data={"action": "untag", "ids": [video, "asset_1"], "tags": ["one"]})
    ask("PATCH", f"/api/media/{video}/", 200, data={"is_public": False})
    ask("POST", f"/media/{video}/events", 204, data={"event": "seeked", "position": None})
    captions = f"/api/assets/{video}/captions/en"
    ask("PUT", captions, 200, body=b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n", headers={"Content-Type": "text/vtt"})
    ask("GET", f"/api/assets/{video}/captions", 200)
    ask("DELETE", captions, 204)
    clip = ask("POST", f"/api/assets/{video}/clips", 201, data={"start": 0, "end": 2}).json()["id"]
    ask("DELETE", f"/api/assets/{clip}", 204)
    assert ask("GET", "/api/trash", 200).json()["assets"]
    ask("POST", f"/api/trash/{clip}/restore", 200)
    ask("DELETE", f"/api/media/{clip}/", 204)
    ask("DELETE", f"/api/trash/{clip}", 204)
    ask("DELETE", "/api/trash", 200)
    ask("POST", f"/api/assets/{video}/versions/7/restore", 404)
    ask("POST", "/api/admin/media/actions", 200, data={"action": "publish", "ids": [1]})
    ask("POST", "/api/admin/jobs/actions", 200, data={"action": "retry", "ids": [900]})


def test_what_people_do_with_their_account_is_as_described(ask, admin):
    key = ask("POST", "/api/auth/keys", 201, data={"name": "Backup", "scope": "read", "expiresIn": 60}).json()
    assert Client(admin.url, key["key"]).get("/api/assets").status == 200
    assert ask("GET", "/api/auth/keys", 200).json()["keys"][0]["lastUsedAt"]
    ask("POST", "/api/auth/keys", 400, data={"name": "Backup", "scope": "everything"})
    ask("DELETE", f"/api/auth/keys/{key['id']}", 204)
    ask("DELETE", f"/api/auth/keys/{key['id']}", 404)

    for _ in range(2):
        ask("POST", "/api/auth/login", 200, data={"email": admin.email, "password": PASSWORD})
    sessions = ask("GET", "/api/auth/sessions", 200).json()["sessions"]
    other = next(session for session in sessions if not session["current"])
    ask("DELETE", f"/api/auth/sessions/{other['id']}", 204)
    ask("DELETE", f"/api/auth/sessions/{other['id']}", 404)
    assert ask("DELETE", "/api/auth/sessions", 200).json()["endedSessions"] >= 1
    ask("POST", "/api/auth/password", 403, data={"currentPassword": "a guess", "newPassword": "something else"})


def test_how_an_upload_gets_on_is_as_described(admin, description, tmp_path):
    """Of one that plays before its last byte has come."""
    clips.run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=8", "-pix_fmt", "yuv420p",
                     "-g", "50", "-preset", "ultrafast", "-movflags", "+faststart", tmp_path / "front.mp4")
    content = clips.padded(tmp_path / "front.mp4", tmp_path / "long.mp4", 3 << 20).read_bytes()
    path = tus.create(admin, len(content))
    assert tus.patch(admin, path, 0, content[:-1000]).status == 204
    until("a stream of an upload", lambda: "masterUrl" in admin.status(tus.upload_id(path)))
    events = iter(Events(admin, tus.upload_id(path)))
    told = [next(events)]
    assert tus.patch(admin, path, len(content) - 1000, content[-1000:]).status == 204
    told += events
    assert "masterUrl" in told[0] and "assetId" in told[-1]
    for event in told:
        event.pop("last")
        description.check_value("UploadNews", event)


def test_uploads_by_every_door_are_as_described(ask):
    content = b"no film at all"
    file = {"filename": "a.mp4", "fileSize": 14, "fileType": "video/mp4"}
    begun = ask("POST", "/api/uploads/init", 201, data=file).json()
    upload = f"/api/uploads/{begun['uploadId']}"
    ask("GET", upload, 200)
    body, headers = form([("chunk", content), ("chunkNumber", 0)])
    ask("POST", f"{upload}/chunks", 200, body=body, headers=headers)
    ask("GET", upload, 200)

    announced = {"session_id": "s", "filename": "b.mp4", "file_size": 14}
    video = ask("POST", "/api/v1/videos/upload/init", 201, data=announced).json()
    rest = f"/api/v1/videos/upload/{video['upload_id']}"
    ask("GET", f"{rest}/status", 200)
    ask("POST", "/api/v1/videos/upload/complete", 409, data={"upload_id": video["upload_id"]})
    ask("PATCH", video["upload_url"], 204, body=content, headers={**TUS, **OCTETS, "Upload-Offset": "0"})
    ask("POST", "/api/v1/videos/upload/complete", 200, data={"upload_id": video["upload_id"]})

    ask("OPTIONS", "/api/v1/videos/tus", 204)
    name = "filename " + base64.b64encode(b"c.mp4").decode()
    made = ask("POST", "/api/v1/videos/tus", 201, headers={**TUS, "Upload-Length": "14", "Upload-Metadata": name})
    tus = made.headers["Location"]
    ask("HEAD", tus, 200, headers=TUS)
    ask("PATCH", tus, 409, body=content, headers={**TUS, **OCTETS, "Upload-Offset": "3"})
    checksum = {"Upload-Checksum": "sha1 " + base64.b64encode(hashlib.sha1(b"other").digest()).decode()}
    ask("PATCH", tus, 460, body=content, headers={**TUS, **OCTETS, **checksum, "Upload-Offset": "0"})
    ask("PATCH", tus, 412, body=content, headers={**OCTETS, "Upload-Offset": "0"})
    ask("DELETE", tus, 204, headers=TUS)
    ask("HEAD", tus, 404, headers=TUS)

    resumable = "/api/v1/videos/resumable"
    ask("OPTIONS", resumable, 204)
    made = ask("POST", resumable, 201, body=content[:5], headers={"Upload-Complete": "?0", "Content-Type": "video/mp4"})
    ask("HEAD", made.headers["Location"], 204)
    ask("PATCH", made.headers["Location"], 409, body=content[5:],
        headers={**PARTIAL, "Upload-Offset": "2", "Upload-Complete": "?1"})
    ask("PATCH", made.headers["Location"], 201, body=content[5:],
        headers={**PARTIAL, "Upload-Offset": "5", "Upload-Complete": "?1"})
    ask("PUT", "/api/media/upload/d.mp4", 201, body=content)
    body, headers = form([("file", content)])
    ask("POST", "/api/media/upload/", 415, body=body, headers=headers)


def test_what_is_signed_is_as_described(ask, admin, video, picture):
    stream = ask("GET", f"/media/{video}/stream", 200).json()
    ask("GET", stream["masterUrl"], 200)
    rendition = stream["masterUrl"].replace("master.m3u8", "360p/playlist.m3u8")
    segment = re.search(r"^\w+\.m4s", ask("GET", rendition, 200).body.decode(), re.MULTILINE).group()
    ask("GET", rendition.replace("playlist.m3u8", segment), 200)
    ask("GET", stream["variants"]["360p"], 206, headers={"Range": "bytes=0-9"})
    ask("GET", stream["masterUrl"].replace("master.m3u8", "poster.jpg"), 200)
    ask("GET", "/stream/nonsense/master.m3u8", 403)
    ask("GET", admin.get(f"/api/images/{picture}/url?width=40").json()["url"], 200)
    files = admin.get(f"/api/media/{picture.removeprefix('asset_')}/").json()["urls"]
    for url in (files["thumbnail"], files["original"]):
        ask("GET", url, 200)


def test_shares_are_as_described(ask, video):
    share = ask("POST", f"/media/{video}/share", 201, data={"expiresIn": 600, "maxViews": 3}).json()
    token = share["token"]
    ask("GET", f"/public/stream/{token}", 302)
    ask("GET", f"/public/stream/{token}", 200, headers={"Accept": "text/html"})
    ask("GET", f"/public/stream/{token}/details", 200)
    ask("GET", f"/public/stream/{token}/poster.jpg", 200)
    ask("POST", f"/public/stream/{token}/play", 200)
    ask("GET", f"/embed/{token}", 200)
    ask("GET", f"/oembed?url={share['sharingUrl']}", 200)
    ask("GET", f"/media/{video}/share/{token}/views", 200)
    ask("GET", f"/media/{video}/share", 200)
    ask("POST", f"/api/assets/{video}/share/youtube", 503, data={})
    ask("DELETE", f"/media/{video}/share/{token}", 204)
    ask("GET", f"/public/stream/{token}/details", 410)
    ask("GET", f"/public/stream/{token}", 410, headers={"Accept": "text/html"})


HOOKS = "support.schemathesis_hooks"
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance")
CONFIGURATION = """
color = false
seed = 5
headers = {{ Authorization = "Bearer {token}" }}
[generation]
max-examples = 4
deterministic = true
# Answers that the standard asks for: oEmbed's "not implemented".
[[operations]]
include-path = "/oembed"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 501]
# Nobody has set up a channel: it says so.
[[operations]]
include-path = "/api/assets/{{id}}/share/youtube"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
# It would sign out the others.
[[operations]]
include-path = "/api/auth/logout"
headers = {{ Authorization = "Bearer nothing" }}
# Bodies and queries meet a real asset where nothing would take it away.
[[operations]]
include-path-regex = '^/(media|api/media|api/assets|api/images)/\\{{id\\}}'
include-method = ["GET", "PATCH", "POST", "PUT"]
parameters = {{ "path.id" = "{asset}" }}
"""


def test_nothing_that_is_sent_makes_the_service_fail(house, admin, video, tmp_path):
    """schemathesis sends what fits the description and what does not, as an administrator."""
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION.format(asset=video, token=admin.token))
    ran = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "--config-file", configuration, "run",
         f"{house.url}/openapi.json", "--phases", "fuzzing", "--checks", ",".join(CHECKS),
         "--request-timeout", "120"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": os.path.dirname(__file__), "SCHEMATHESIS_HOOKS": HOOKS},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=580, check=False)
    assert ran.returncode == 0, ran.stdout[-20_000:]
