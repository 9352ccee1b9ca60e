"""The catalog from outside: list, search, change, versions, duplicates, trash."""
import hashlib
import json
import pathlib
import subprocess
import urllib.parse

import pytest

from support import clips, pictures
from support.client import Client
from support.wait import until

CODE = pathlib.Path(__file__).parent / "contract1"


def listed(client: Client, **query) -> dict:
    answer = client.get("/api/assets?" + urllib.parse.urlencode(query))
    assert answer.status == 200, answer
    return answer.json()


@pytest.fixture
def asset(client, small_clip) -> str:
    return client.complete(client.send(small_clip, metadata={"title": "My Video", "description": "About it"}))


def test_the_contracts_asset_code_runs_unchanged(service, client, asset):
    """getAssets, searchAssets and updateAsset, letter by letter, and the contract's share."""
    command = ["node", CODE / "run-assets.mjs", service.url, client.token, asset]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    seen = json.loads(result.stdout)
    [line] = seen["list"]["assets"]
    assert line["id"] == asset and line["title"] == "My Video" and line["description"] == "About it"
    assert line["status"] == "ready" and line["duration"] > 3 and line["fileType"] == "video/mp4"
    assert line["thumbnailUrl"].startswith(service.url) and line["createdAt"].endswith("Z")
    assert {k: seen["list"]["pagination"][k] for k in ("page", "limit", "total", "pages")} == {
        "page": 1, "limit": 20, "total": 1, "pages": 1}
    assert seen["updated"] == {"id": asset, "metadata": {
        "title": "Updated Video Title", "description": "Updated video description",
        "tags": ["demo", "tutorial", "testing"]}}
    assert [found["id"] for found in seen["found"]["assets"]] == [asset]
    assert len(seen["share"]["token"]) >= 12 and seen["share"]["expiresIn"] == 86400
    assert seen["share"]["sharingUrl"] == f"{service.url}/public/stream/{seen['share']['token']}"
    assert seen["share"]["expiresAt"].endswith("Z")


def test_the_asset_code_in_the_fixture_is_the_contracts_own():
    code = (CODE / "assets.js").read_text()
    assert code.count("http://localhost:3003/") == 3 and code.count("Bearer YOUR_JWT_TOKEN") == 3


def test_what_is_wrong_in_a_question_is_named(client):
    for query, field in (("status=gone", "status"), ("type=poem", "type"), ("sort=size", "sort"), ("page=0", "page"),
                         ("limit=101", "limit"), ("cursor=x", "cursor")):
        answer = client.get(f"/api/assets?{query}")
        assert answer.status == 400 and answer.json()["field"] == field, answer


def test_both_forms_of_an_id_are_answered_and_those_of_others_are_not(service, client, asset):
    number = asset.removeprefix("asset_")
    assert client.get(f"/api/assets/{number}").json()["id"] == asset
    changed = client.request("PATCH", f"/api/assets/{number}", data={"title": "By number"})
    assert changed.status == 200 and changed.json()["id"] == asset
    stranger = Client(service.url).register()
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/versions")):
        data = {"title": "Mine"} if method == "PATCH" else None
        assert stranger.request(method, f"/api/assets/{asset}{path}", data=data).status == 403
    assert client.get(f"/api/assets/{asset}").json()["title"] == "By number"


def test_a_new_version_goes_live_when_it_plays_and_the_old_link_and_version_stay(client, asset, tmp_path):
    old = client.stream(asset)["masterUrl"]
    before = client.get(f"/media/{asset}").json()
    other = clips.make(tmp_path / "other.mp4", 6, size="320x180")
    content = other.read_bytes()
    begun = client.request("POST", f"/api/assets/{asset}/versions",
                           data={"filename": other.name, "fileSize": len(content), "fileType": "video/mp4"})
    assert begun.status == 201 and set(begun.json()) == {"uploadId", "chunkSize", "expiresAt"}, begun
    upload = begun.json()["uploadId"]
    assert client.chunk(upload, 0, content, 1).status == 200
    assert client.complete(upload) == asset
    now = client.get(f"/media/{asset}").json()
    assert now["version"] == 2 and abs(now["duration"] - 6) < 0.2
    versions = client.get(f"/api/assets/{asset}/versions").json()["versions"]
    seen = [(version["version"], version["live"], version["filename"]) for version in versions]
    assert seen == [(2, True, "other.mp4"), (1, False, "small.mp4")]
    assert versions[0]["fileHash"] == hashlib.sha256(content).hexdigest()
    assert clips.count_frames(old) == 100, "a link that was given before plays what it did"
    restored = client.request("POST", f"/api/assets/{asset}/versions/1/restore")
    assert restored.status == 200 and restored.json()["duration"] == before["duration"]
    assert client.request("POST", f"/api/assets/{asset}/versions/3/restore").status == 404
    assert listed(client)["assets"][0]["duration"] == before["duration"]


def test_a_video_that_was_a_picture_for_a_while_is_a_video_again(client, asset, tmp_path):
    content = pictures.jpeg(tmp_path)
    begun = client.request("POST", f"/api/assets/{asset}/versions",
                           data={"filename": "still.jpg", "fileSize": len(content), "fileType": "image/jpeg"}).json()
    assert client.chunk(begun["uploadId"], 0, content, 1).status == 200
    client.finish(begun["uploadId"])
    assert "medium" in client.get(f"/media/{asset}").json()["images"]
    assert client.get(f"/media/{asset}/stream").status == 409
    assert listed(client, type="image")["pagination"]["total"] == 1
    assert client.request("POST", f"/api/assets/{asset}/versions/1/restore").status == 200
    assert clips.count_frames(client.stream(asset)["masterUrl"]) == 100
    assert listed(client, type="video")["pagination"]["total"] == 1


def test_a_version_that_cannot_be_played_never_goes_live(client, asset, tmp_path):
    poem = b"Not a video. " * 100
    begun = client.request("POST", f"/api/assets/{asset}/versions",
                           data={"filename": "poem.mp4", "fileSize": len(poem), "fileType": "video/mp4"}).json()
    client.chunk(begun["uploadId"], 0, poem, 1)
    client.finish(begun["uploadId"], expect=("processing_failed",))
    assert client.get(f"/media/{asset}").json()["version"] == 1
    assert listed(client)["assets"][0]["status"] == "ready"
    refused = client.request("POST", f"/api/assets/{asset}/versions/2/restore")
    assert refused.status == 409


def test_the_same_file_twice_is_recognised_and_nothing_is_forced(client, asset, small_clip):
    content = small_clip.read_bytes()
    hash_ = hashlib.sha256(content).hexdigest()
    begun = client.begin("again.mp4", len(content), fileHash=hash_)
    assert begun["duplicateOf"] == asset
    assert "duplicateOf" not in client.begin("other.mp4", len(content), fileHash="0" * 64)
    again = client.complete(client.send(small_clip))
    until("the duplicate to be noted", lambda: client.get(f"/media/{again}").json().get("duplicateOf") == asset)
    assert "duplicateOf" not in client.get(f"/media/{asset}").json()


def test_deleted_is_gone_at_once_and_comes_back_whole(client, asset):
    master = client.stream(asset)["masterUrl"]
    assert client.get(master).status == 200
    assert client.request("DELETE", f"/api/assets/{asset}").status == 204
    for path in (f"/api/assets/{asset}", f"/media/{asset}", f"/media/{asset}/stream", master):
        assert client.get(path).status == 404, path
    assert listed(client)["assets"] == [] and listed(client, search="video")["assets"] == []
    trash = client.get("/api/trash").json()
    assert [line["id"] for line in trash["assets"]] == [asset] and trash["keptDays"] == 30
    assert client.request("POST", f"/api/trash/{asset}/restore").status == 200
    assert client.get(master).status == 200
    assert [line["id"] for line in listed(client, search="video")["assets"]] == [asset]


def test_the_trash_is_emptied_with_its_files(service, client, asset):
    original = service.original(asset)
    assert original.exists()
    client.request("DELETE", f"/api/assets/{asset}")
    assert original.exists(), "what can be restored is kept"
    assert client.request("DELETE", "/api/trash").json() == {"removed": 1}
    until("the files to go", lambda: not original.exists())
    assert client.request("POST", f"/api/trash/{asset}/restore").status == 404


def test_without_a_trash_deleting_is_for_good(start_service, small_clip):
    service = start_service(TRASH_DAYS=0)
    client = Client(service.url).register()
    asset = client.complete(client.send(small_clip))
    assert client.request("DELETE", f"/api/assets/{asset}").status == 204
    assert client.get("/api/trash").json()["pagination"]["total"] == 0
    until("the files to go", lambda: not service.original(asset).exists())


def test_many_are_tagged_and_deleted_at_once(client):
    made = []
    poem = b"x" * 100
    for number in range(3):
        upload = client.begin(f"{number}.mp4", len(poem))["uploadId"]
        client.chunk(upload, 0, poem, 1)
        made.append(until("the asset", lambda upload=upload: client.status(upload).get("assetId")))
    tagged = client.request("POST", "/api/assets/bulk", data={"action": "tag", "ids": made, "tags": ["Été", "été"]})
    assert tagged.json() == {"action": "tag", "done": made, "refused": []}, tagged
    assert listed(client, tag="ete")["pagination"]["total"] == 3
    assert client.get("/api/tags").json() == {"tags": [{"tag": "Été", "count": 3}]}
    gone = client.request("POST", "/api/assets/bulk", data={"action": "delete", "ids": made[:2] + ["asset_1"]}).json()
    assert gone["done"] == made[:2] and [line["id"] for line in gone["refused"]] == ["asset_1"]
    assert listed(client)["pagination"]["total"] == 1
    for body in ({"action": "burn", "ids": made}, {"action": "tag", "ids": made}, {"action": "delete", "ids": []},
                 {"action": "delete", "ids": ["poem"]}):
        assert client.request("POST", "/api/assets/bulk", data=body).status == 400
