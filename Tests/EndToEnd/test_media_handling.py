"""Contract 2 by its parts: every field, the list and its pages, stats, who may see what, the files."""
import json
import re
import secrets
import urllib.parse

import pytest

from support import clips, handling
from support.client import Client
from support.wait import until

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def owner(service):
    return Client(service.url).register()


@pytest.fixture(scope="module")
def video(service, owner, small_clip):
    """(the upload's answer, the detail once it is ready) of a public video."""
    first = handling.upload(owner, small_clip, declared="image/png")
    return first, handling.ready(owner, first["id"])


def test_an_upload_answers_with_every_field_of_the_contract(video, owner, service, small_clip):
    first, _ = video
    assert first["file_type"] == "video" and first["mime_type"] == "video/mp4", "content decides, not the declared type"
    assert first["status"] == "processing"
    assert first["user_username"] == owner.email.partition("@")[0]
    assert first["file_size"] == small_clip.stat().st_size
    assert first["is_public"] is True and first["metadata"] == {}
    assert {first[name] for name in ("width", "height", "duration", "bitrate")} == {None}
    assert DATE.fullmatch(first["created_at"]) and DATE.fullmatch(first["updated_at"])
    assert first["display_url"] == f"{service.url}/media/user_{first['user']}/video/{first['id']}_small.mp4"
    assert first["thumbnail_url"] == f"{service.url}/media/thumbnails/{first['id']}_small_thumbnail.jpg"
    assert set(first["urls"]) == {"thumbnail", "mp4", "processed", "hls", "original"}


def test_the_detail_says_what_was_found(video):
    first, now = video
    assert set(first) == set(now), "the same shape throughout"
    assert (now["width"], now["height"], now["duration"]) == (640, 360, 4)
    assert now["bitrate"] > 10_000
    assert now["display_url"] == now["urls"]["processed"]


def test_the_files_are_open_while_the_medium_is_public(video, service):
    _, now = video
    nobody = Client(service.url)
    poster = nobody.get(now["thumbnail_url"])
    assert poster.body.startswith(b"\xff\xd8") and poster.headers["X-Content-Type-Options"] == "nosniff"
    assert poster.headers["Cache-Control"].startswith("public")
    part = nobody.get(now["urls"]["mp4"], headers={"Range": "bytes=4-7"})
    assert (part.status, part.body, part.headers["Content-Type"]) == (206, b"ftyp", "video/mp4")
    assert clips.count_frames(now["urls"]["mp4"]) == 100
    assert clips.count_frames(now["urls"]["hls"]) == 100
    again = nobody.get(now["thumbnail_url"], headers={"If-None-Match": poster.headers["ETag"]})
    assert again.status == 304
    assert nobody.get(f"{handling.BASE}{now['id']}/").status == 401, "the API stays its owner's"


def test_an_address_with_another_name_or_folder_leads_nowhere(video, service):
    _, now = video
    nobody = Client(service.url)
    for path in (f"/media/thumbnails/{now['id']}_other_thumbnail.jpg", f"/media/mp3/{now['id']}_small.mp3",
                 f"/media/user_999/video/{now['id']}_small.mp4", f"/media/small/{now['id']}_small_small.jpg",
                 "/media/thumbnails/x.jpg", "/media/thumbnails/99999999999999999999_small_thumbnail.jpg"):
        assert nobody.get(path).status == 404, path


def test_files_named_before_they_exist_are_waited_for(service, owner, small_clip):
    first = handling.upload(owner, small_clip)
    answers = {name: owner.get(first["urls"][name], timeout=120) for name in ("thumbnail", "mp4", "original")}
    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(answers, 200)


def test_a_private_medium_is_for_its_owner_and_for_signed_addresses(service, owner, small_clip):
    first = handling.upload(owner, small_clip, fields={"is_public": "false"})
    now = handling.ready(owner, first["id"])
    assert now["is_public"] is False
    nobody, stranger = Client(service.url), Client(service.url).register()
    signed = urllib.parse.urlsplit(now["thumbnail_url"])
    assert signed.query.startswith("token=")
    answer = nobody.get(now["thumbnail_url"])
    assert answer.status == 200 and answer.headers["Cache-Control"].startswith("private")
    assert owner.get(signed.path).status == 200
    for client in (nobody, stranger):
        refused = client.get(signed.path)
        assert (refused.status, refused.json()["error"]) == (403, "Access denied")
    assert nobody.get(signed.path + "?token=" + "A" * 48).json()["error"] == "Invalid token"
    # One medium's token opens no other.
    other = handling.upload(owner, small_clip, fields={"is_public": "false"})
    path = urllib.parse.urlsplit(other["urls"]["original"]).path
    assert nobody.get(f"{path}?{signed.query}").status == 403


def test_the_flag_opens_and_closes_at_once(service, owner, video):
    _, now = video
    path = f"{handling.BASE}{now['id']}/"
    plain = now["thumbnail_url"]
    nobody = Client(service.url)
    changed = owner.request("PATCH", path, data={"is_public": False})
    assert changed.status == 200 and changed.json()["is_public"] is False
    assert nobody.get(plain).status == 403
    assert owner.request("PATCH", path, data={"is_public": True}).json()["thumbnail_url"] == plain
    assert nobody.get(plain).status == 200


def test_nobody_sees_changes_or_deletes_what_is_somebody_elses(service, video):
    _, now = video
    stranger = Client(service.url).register()
    path = f"{handling.BASE}{now['id']}/"
    for method, data in (("GET", None), ("PATCH", {"is_public": False}), ("DELETE", None)):
        answer = stranger.request(method, path, data=data)
        assert (answer.status, answer.json()["error"]) == (403, "Access denied"), method
    assert stranger.get(handling.BASE).json() == {"count": 0, "next": None, "previous": None, "results": []}


def test_contract_1_keeps_its_ids_in_the_same_place(video, owner):
    _, now = video
    one = owner.get(f"/api/media/asset_{now['id']}").json()
    assert one["id"] == f"asset_{now['id']}" and "variants" in one
    assert owner.get(f"/media/{now['id']}").json()["id"] == one["id"]


@pytest.fixture(scope="module")
def collector(service, small_clip, tmp_path_factory):
    """Somebody with three sounds, a video and a file that cannot be played."""
    client = Client(service.url).register()
    sound = tmp_path_factory.mktemp("sounds") / "tone.wav"
    clips.run_ffmpeg("-f", "lavfi", "-i", "sine=frequency=330:duration=1", sound)
    ids = [handling.upload(client, sound)["id"] for _ in range(3)] + [handling.upload(client, small_clip)["id"]]
    broken = b"\x1a\x45\xdf\xa3" + secrets.token_bytes(2000)
    ids.append(handling.send(client, broken, "broken.mkv").json()["id"])
    ends = [handling.finished(client, medium)["status"] for medium in ids]
    assert ends == ["ready"] * 4 + ["failed"]
    return client, ids


def test_the_list_is_filtered_and_paged(collector, service):
    client, ids = collector
    page = client.get(f"{handling.BASE}?type=audio&status=ready&page_size=2").json()
    assert page["count"] == 3 and page["previous"] is None
    assert [line["id"] for line in page["results"]] == [ids[2], ids[1]]
    assert set(page["results"][0]) == {"id", "file_type", "status", "display_url", "thumbnail_url", "created_at"}
    assert page["next"] == f"{service.url}/api/media/?type=audio&status=ready&page_size=2&page=2"
    last = client.get(page["next"]).json()
    assert [line["id"] for line in last["results"]] == [ids[0]] and last["next"] is None
    assert last["previous"] == f"{service.url}/api/media/?type=audio&status=ready&page_size=2"
    assert client.get(f"{handling.BASE}?page=9").status == 404
    assert client.get(f"{handling.BASE}?status=nonsense").status == 400
    assert client.get(f"{handling.BASE}?status=uploading").json()["count"] == 0
    assert [line["id"] for line in client.get(f"{handling.BASE}?status=failed").json()["results"]] == [ids[4]]


def test_stats_count_by_type_and_status(collector):
    client, ids = collector
    stats = client.get(f"{handling.BASE}stats/").json()
    assert stats["total"] == 5
    assert stats["by_type"] == {"image": 0, "video": 2, "audio": 3}
    assert stats["by_status"] == {"ready": 4, "processing": 0, "failed": 1, "uploading": 0}
    assert stats["total_size"] == sum(handling.detail(client, medium)["file_size"] for medium in ids)


def test_a_failed_medium_says_why_and_has_no_files(collector):
    client, ids = collector
    failed = handling.detail(client, ids[4])
    assert failed["status"] == "failed" and len(failed["error"]) > 10
    answer = client.get(failed["urls"]["mp4"])
    assert answer.status == 404 and failed["error"] in answer.json()["error"]


def test_a_deleted_medium_is_gone_with_its_files(service, owner, small_clip):
    first = handling.upload(owner, small_clip)
    now = handling.ready(owner, first["id"])
    assert owner.get(now["thumbnail_url"]).status == 200
    gone = owner.request("DELETE", f"{handling.BASE}{now['id']}/")
    assert (gone.status, gone.body) == (204, b"")
    assert owner.get(f"{handling.BASE}{now['id']}/").status == 404
    assert owner.get(now["thumbnail_url"]).status == 404
    assert now["id"] not in [item["id"] for item in owner.get(handling.BASE).json()["results"]]
    # It can be had back until the trash is emptied.
    place = f"/api/trash/asset_{now['id']}"
    assert owner.request("POST", f"{place}/restore").status == 200
    assert owner.get(now["thumbnail_url"]).status == 200
    assert owner.request("DELETE", f"{handling.BASE}{now['id']}/").status == 204
    assert owner.request("DELETE", place).status == 204
    folder = service.data / f"objects/assets/{now['id']}"
    until("its objects to go", lambda: not any(folder.rglob("*.m4s")))


def test_an_original_tells_nobody_where_it_was_taken(service, owner, small_clip, tmp_path):
    path = tmp_path / "holiday.mp4"
    clips.run_ffmpeg("-i", small_clip, "-c", "copy", "-movflags", "use_metadata_tags", "-metadata",
                     "location=+48.8584+002.2945/", "-metadata", "com.apple.quicktime.model=Secret Phone 9", path)
    assert b"48.8584" in path.read_bytes()
    now = handling.ready(owner, handling.upload(owner, path)["id"])
    answer = Client(service.url).get(now["urls"]["original"], timeout=120)
    assert answer.status == 200 and answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{now["id"]}_holiday.mp4"'
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(answer.body)
    assert clips.count_frames(copy) == 100
    assert b"48.8584" not in answer.body and b"Secret Phone" not in answer.body
    assert "48.8584" not in json.dumps(now)
