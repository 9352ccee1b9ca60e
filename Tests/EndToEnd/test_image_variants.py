"""Pictures made to measure: signed by the owner's service, made once, kept within bounds."""
import concurrent.futures
import re

import pytest

from support import pictures
from support.client import Client
from support.wait import until

WEBP = {"Accept": "image/avif,image/webp,*/*;q=0.8", "Authorization": ""}
NONE = {"Accept": "*/*", "Authorization": ""}


@pytest.fixture(scope="module")
def owner(service):
    return Client(service.url).register()


@pytest.fixture(scope="module")
def picture(owner, tmp_path_factory):
    """A picture of 800 × 600."""
    path = tmp_path_factory.mktemp("variants") / "picture.jpg"
    path.write_bytes(pictures.jpeg(path.parent))
    return owner.complete(owner.send(path, kind="image/jpeg"))


def link(owner, asset: str, query: str) -> str:
    answer = owner.get(f"/api/images/{asset}/url?{query}")
    assert answer.status == 200, answer
    return answer.json()["url"]


def test_the_box_is_filled_or_fitted_and_never_exceeded(owner, picture):
    for query, expected in [
            ("width=400", (400, 300)), ("height=150", (200, 150)), ("width=100&height=100", (100, 75)),
            ("width=100&height=100&fit=cover", (100, 100)), ("width=2000", (800, 600)),
            ("width=1200&height=1200&fit=cover", (600, 600))]:
        answer = owner.get(link(owner, picture, query), headers=NONE)
        assert answer.status == 200, answer
        assert pictures.size(answer.body) == expected, query


def test_the_format_follows_what_the_client_accepts(owner, picture):
    url = link(owner, picture, "width=320&quality=70")
    modern, plain = owner.get(url, headers=WEBP), owner.get(url, headers=NONE)
    assert modern.headers["Content-Type"] == "image/webp" and modern.body[8:12] == b"WEBP"
    assert plain.headers["Content-Type"] == "image/jpeg" and plain.body[:2] == b"\xff\xd8"
    for answer in (modern, plain):
        assert "accept" in answer.headers["Vary"].lower()
        assert "max-age" in answer.headers["Cache-Control"]
    refused = owner.get(url, headers={"Accept": "image/webp;q=0, image/*", "Authorization": ""})
    assert refused.headers["Content-Type"] == "image/jpeg"
    fixed = owner.get(link(owner, picture, "width=320&format=png"), headers=WEBP)
    assert fixed.headers["Content-Type"] == "image/png"
    assert "accept" not in (fixed.headers["Vary"] or "").lower()


def test_a_link_opens_its_own_picture_and_nothing_else(service, owner, picture):
    url = link(owner, picture, "width=300&expiresIn=never")
    assert re.search(r"/images/[\w-]{22}/v1-w300-contain-q80-auto/asset_\d+$", url)
    for other in (url.replace("w300", "w301"), url.replace("q80", "q85"), url[:-1] + "0",
                  url.replace("/images/", "/images/A", 1), re.sub("/images/[^/]+", "/images/" + "A" * 22, url)):
        if other != url:
            assert owner.get(other, headers=NONE).status == 403, other
    stranger = Client(service.url).register()
    assert stranger.get(f"/api/images/{picture}/url?width=300").status == 403
    assert Client(service.url).get(f"/api/images/{picture}/url?width=300").status == 401
    assert stranger.get(url, headers=NONE).status == 200, "a link is a capability"


def test_a_link_states_when_it_ends(owner, picture):
    answer = owner.get(f"/api/images/{picture}/url?width=300&expiresIn=600").json()
    assert answer["expiresAt"] and re.search(r"-e\d{10}/", answer["url"])
    assert owner.get(answer["url"], headers=NONE).status == 200
    assert "expiresAt" not in owner.get(f"/api/images/{picture}/url?width=300&expiresIn=never").json()


@pytest.mark.parametrize("query, field", [
    ("", "width"), ("width=0", "width"), ("width=5000", "width"), ("height=-1", "height"), ("width=ten", "width"),
    ("width=10&fit=stretch", "fit"), ("width=10&fit=cover", "fit"), ("width=10&format=svg", "format"),
    ("width=10&quality=81", "quality"), ("width=10&expiresIn=1", "expiresIn")])
def test_what_is_out_of_bounds_is_named(owner, picture, query, field):
    answer = owner.get(f"/api/images/{picture}/url?{query}")
    assert answer.status in (400, 422) and answer.json()["field"] == field, answer


def test_many_who_ask_first_get_one_picture(start_service, tmp_path):
    service = start_service()
    owner = Client(service.url).register()
    path = tmp_path / "picture.jpg"
    path.write_bytes(pictures.jpeg(tmp_path))
    asset = owner.complete(owner.send(path, kind="image/jpeg"))
    url = link(owner, asset, "width=333")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: owner.get(url, headers=WEBP), range(16)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    # The worker's log comes through a pipe, a moment after its work.
    until("the job in the log", lambda: "asset.variant" in service.text())
    # After that no worker is needed.
    stored = list((service.data / "objects/assets" / asset.removeprefix("asset_") / "v1/derivatives").glob("variant-*"))
    assert [file.name for file in stored] == ["variant-w333-contain-q80-webp.webp"]
    assert owner.request("DELETE", f"/api/assets/{asset}").status == 204
    assert owner.get(url, headers=WEBP).status == 404, "gone with its asset"
    assert service.text().count("asset.variant") == 1, "one job made it"


def test_a_flood_of_new_sizes_is_told_to_wait(owner, tmp_path):
    path = tmp_path / "flood.jpg"
    path.write_bytes(pictures.jpeg(tmp_path))
    asset = owner.complete(owner.send(path, kind="image/jpeg"))
    urls = [link(owner, asset, f"width={width}") for width in range(16, 56)]
    # All at once: one after the other, a slow machine might let all of them in.
    with concurrent.futures.ThreadPoolExecutor(len(urls)) as pool:
        answers = list(pool.map(lambda url: owner.get(url, headers=NONE), urls))
    assert {answer.status for answer in answers} == {200, 429}
    limited = next(answer for answer in answers if answer.status == 429)
    assert int(limited.headers["Retry-After"]) >= 1
    done = next(url for url, answer in zip(urls, answers, strict=True) if answer.status == 200)
    assert owner.get(done, headers=NONE).status == 200, "what is made is always given"


def test_only_pictures_have_variants(service, small_clip):
    client = Client(service.url).register()
    asset = client.complete(client.send(small_clip))
    assert client.get(f"/api/images/{asset}/url?width=100").status == 409
