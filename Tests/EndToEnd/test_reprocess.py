"""Processing once more: by the owner what failed, by an administrator what is ready too."""
import pytest

from support import clips, handling
from support.client import PASSWORD, Client
from support.wait import until

BROKEN = b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 8


@pytest.fixture(scope="module")
def house(start_service_once):
    return start_service_once()


@pytest.fixture(scope="module")
def admin(house):
    client = Client(house.url)
    data = {"token": house.admin_link.partition("token=")[2], "email": "boss@example.com", "password": PASSWORD}
    client.token = client.request("POST", "/setup", data=data).json()["token"]
    return client


@pytest.fixture(scope="module")
def owner(house):
    return Client(house.url).register()


def reprocess(client: Client, medium: int):
    return client.request("POST", f"{handling.BASE}{medium}/reprocess/")


def test_what_failed_is_processed_again_and_works_when_its_cause_is_gone(house, owner, small_clip):
    medium = handling.send(owner, BROKEN, "broken.mkv").json()["id"]
    assert handling.finished(owner, medium)["status"] == "failed"
    # The disk gave other bytes then.
    house.original(f"asset_{medium}").write_bytes(small_clip.read_bytes())
    answer = reprocess(owner, medium)
    assert answer.status == 202 and answer.json()["status"] == "processing" and "error" not in answer.json()
    now = handling.ready(owner, medium)
    assert now["width"] == 640 and clips.count_frames(now["urls"]["mp4"]) == 100


def test_what_is_ready_is_an_administrators_to_process_again(house, owner, admin, small_clip):
    medium = handling.upload(owner, small_clip)["id"]
    handling.ready(owner, medium)
    until("every rung", lambda: handling.detail(owner, medium)["progress"] == 100)
    assert reprocess(owner, medium).status == 403
    assert reprocess(Client(house.url).register(), medium).status == 403
    answer = until("the queue to be empty", lambda: (reply := reprocess(admin, medium)).status == 202 and reply)
    assert answer.json()["user_username"] == owner.email.partition("@")[0]
    assert owner.get(answer.json()["thumbnail_url"]).status == 200, "what plays goes on playing"
    assert reprocess(owner, 123456).status == 404


def test_administrators_process_in_bulk(owner, admin):
    media = [handling.send(owner, BROKEN, f"broken{number}.mkv").json()["id"] for number in range(2)]
    for medium in media:
        handling.finished(owner, medium)
    order = {"action": "reprocess", "ids": media}
    outcome = admin.request("POST", "/api/admin/media/actions", data=order).json()
    assert outcome == {"done": media, "failed": []}
    for medium in media:
        assert handling.finished(owner, medium)["status"] == "failed"
