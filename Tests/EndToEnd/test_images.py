"""Pictures: five sizes from one upload, upright, in sRGB, never larger than they were, without metadata."""
import re
import struct

import pytest

from support import clips, pages, pictures

SIZES = {"large": 1080, "medium": 640, "small": 320}


class Picture:
    """An uploaded and processed picture, and everything that is served of it."""

    def __init__(self, client, content: bytes, name: str = "picture", kind: str = "image/jpeg"):
        upload = client.begin(name, len(content), kind=kind)
        step = upload["chunkSize"]
        pieces = [content[start:start + step] for start in range(0, len(content), step)]
        for number, piece in enumerate(pieces):
            assert client.chunk(upload["uploadId"], number, piece, len(pieces)).status == 200
        self.client = client
        self.asset = client.complete(upload["uploadId"])
        self.media = client.get(f"/media/{self.asset}").json()
        self.details = self.media["details"]
        self.files = {name: self.fetch(url) for name, url in self.media["images"].items()}

    def fetch(self, url: str) -> bytes:
        answer = self.client.get(url, headers={"Authorization": ""})
        assert answer.status == 200, answer
        assert answer.headers["X-Content-Type-Options"] == "nosniff" or "poster" in url
        return answer.body

    def variant(self, query: str, **headers):
        answer = self.client.get(f"/api/images/{self.asset}/url?{query}")
        assert answer.status == 200, answer
        return self.client.get(answer.json()["url"], headers={"Authorization": ""} | headers)


@pytest.fixture(scope="module")
def photograph(service):
    from support.client import Client
    return Picture(Client(service.url).register(), clips.real("i-slrhills.jpg").read_bytes())


def test_a_photograph_becomes_the_five_sizes_and_a_clean_original(photograph):
    assert set(photograph.files) == {"thumbnail", "small", "medium", "large", "webp", "original"}
    assert pictures.size(photograph.files["thumbnail"]) == (150, 150)
    for name, side in SIZES.items():
        assert pictures.size(photograph.files[name]) == (side, side * 3456 // 4608)
    assert pictures.size(photograph.files["webp"]) == (640, 480)
    assert pictures.size(photograph.files["original"]) == (4608, 3456)
    assert len(photograph.files["webp"]) < len(photograph.files["medium"])
    assert re.fullmatch("#[0-9a-f]{6}", photograph.details["dominantColor"])
    assert len(photograph.details["blurhash"]) == 2 + 4 + 2 * 11
    assert photograph.details["format"] == "jpeg" and "animated" not in photograph.details
    assert photograph.media["status"] == "ready" and photograph.media["progress"] == 100
    assert "streamingUrl" not in photograph.media
    for name in SIZES:
        assert pictures.difference(photograph.files[name], photograph.files["original"]) < 10


def test_the_original_keeps_its_coded_data(photograph):
    """Stripped, not encoded again: from the first scan on, every byte is the uploaded one."""
    uploaded, served = clips.real("i-slrhills.jpg").read_bytes(), photograph.files["original"]
    scans = served[served.index(b"\xff\xda"):]
    assert len(scans) > 1 << 20 and scans in uploaded


def test_the_library_gives_a_picture_for_a_poster(photograph):
    listed = photograph.client.get("/api/assets").json()["assets"]
    entry = next(asset for asset in listed if asset["id"] == photograph.asset)
    assert pictures.size(photograph.fetch(entry["thumbnailUrl"])) == (640, 480)
    assert photograph.client.get(f"/media/{photograph.asset}/stream").status == 409


@pytest.mark.parametrize("shape", ["landscape", "portrait"])
def test_every_way_up_ends_upright(client, shape):
    upright = Picture(client, clips.real(f"i-exif1-{shape}.jpg").read_bytes())
    expected = (1080, 720) if shape == "landscape" else (720, 1080)
    assert pictures.size(upright.files["large"]) == expected
    turned = [2, 3, 4, 5, 6, 7, 8] if shape == "landscape" else [2, 4, 7]
    for orientation in turned:
        picture = Picture(client, clips.real(f"i-exif{orientation}-{shape}.jpg").read_bytes())
        assert pictures.size(picture.files["large"]) == expected, orientation
        assert (picture.media["images"]["large"] and picture.details["format"]) == "jpeg"
        # The corpus's pictures name their orientation in large type: the thing itself is the same.
        assert pictures.difference(picture.files["large"], upright.files["large"]) < 20, orientation
        stated = [data for marker, data in pictures.segments(picture.files["original"]) if marker == 0xE1]
        assert len(stated) == 1 and stated[0].startswith(b"Exif\0\0MM") and len(stated[0]) == 32


def test_an_invalid_way_up_counts_for_nothing(client):
    assert pictures.size(Picture(client, clips.real("i-exif9-invalid.jpg").read_bytes()).files["large"]) == (480, 369)


@pytest.mark.parametrize("name, size", [("i-cmyk-icc.jpg", (500, 333)), ("i-xcmyk.jpg", (1080, 608))])
def test_ink_becomes_light(client, name, size):
    picture = Picture(client, clips.real(name).read_bytes())
    for made in ("large", "small", "thumbnail"):
        assert pictures.components(picture.files[made]) == 3
    assert pictures.size(picture.files["large"]) == size
    mean = [sum(channel) / 576 for channel in zip(*pictures.pixels(picture.files["large"], 24, 24), strict=True)]
    assert all(20 < value < 235 for value in mean), mean


def test_sixteen_bits_become_eight_and_keep_their_colours(client):
    """The flag of the Netherlands: red, white, blue from the top."""
    picture = Picture(client, clips.real("i-16bit.png").read_bytes())
    for name in ("large", "webp"):
        red, white, blue = pictures.pixels(picture.files[name], 1, 3)
        assert red[0] > 130 and red[0] > 2 * red[1], red
        assert min(white) > 235, white
        assert blue[2] > 100 and blue[2] > 2 * blue[0], blue
    grey = Picture(client, clips.real("i-16bit-ga.png").read_bytes())
    assert pictures.size(grey.files["large"]) == (109, 96) and grey.details["alpha"] is True


def test_a_wide_colour_profile_is_converted(client):
    picture = Picture(client, clips.real("i-prophoto.png").read_bytes())
    assert all(pictures.size(content) == (1, 1) for content in picture.files.values())
    assert b"ICC_PROFILE" not in picture.files["large"] and b"iCCP" in picture.files["original"]


def test_a_photograph_of_any_size_ends_upright_and_in_the_same_colours(client, tmp_path):
    """The larger one is decoded at half its size: what is made of it is what is made of the smaller one."""
    wide = pictures.profile(clips.real("i-prophoto.png").read_bytes())
    large, small, plain = (
        Picture(client, pictures.turned_and_wide(tmp_path, size, profile))
        for size, profile in (("3600:2700", wide), ("1500:1125", wide), ("3600:2700", b"no profile")))
    for name in ("large", "medium", "thumbnail"):
        assert pictures.size(large.files[name]) == pictures.size(small.files[name])
        assert pictures.difference(large.files[name], small.files[name]) < 3, name
    assert pictures.size(large.files["large"]) == (810, 1080)
    assert pictures.difference(large.files["large"], plain.files["large"]) > 6, "the colours were not converted"


def test_what_is_transparent_is_white_in_jpeg_and_kept_in_webp(client):
    made = pictures.png(200, 100, lambda x, y: (0, 0, 0, 0) if x < 100 else (200, 30, 30, 255))
    picture = Picture(client, made, kind="image/png")
    row = pictures.pixels(picture.files["large"], 20, 1)
    assert min(row[3]) > 245 and row[16][0] > 150 > row[16][1]
    kind, data = pictures.riff_chunks(picture.files["webp"])[0]
    assert (kind == b"VP8X" and data[0] & 0x10) or (kind == b"VP8L" and data[4] & 0x10)
    assert picture.details["alpha"] is True and picture.details["dominantColor"] == "#c81e1e"


@pytest.mark.parametrize("name", ["i-anim.gif", "i-anim.webp", "i-anim-loop.gif", "i-muybridge.gif"])
def test_what_moves_goes_on_moving_in_webp(client, name):
    picture = Picture(client, clips.real(name).read_bytes())
    kinds = [kind for kind, _ in pictures.riff_chunks(picture.files["webp"])]
    assert picture.details["animated"] is True
    assert kinds[:2] == [b"VP8X", b"ANIM"] and kinds.count(b"ANMF") > 1
    # Encoders may join frames that do not differ.
    assert kinds.count(b"ANMF") <= picture.details["frames"]
    assert picture.files["large"][:2] == b"\xff\xd8"


def test_nothing_is_enlarged(client):
    picture = Picture(client, pictures.png(100, 60), kind="image/png")
    assert pictures.size(picture.files["thumbnail"]) == (60, 60)
    assert {pictures.size(picture.files[name]) for name in ("small", "medium", "large", "webp")} == {(100, 60)}


def test_a_strip_still_has_its_square(client, tmp_path):
    content = pictures.ffmpeg(tmp_path / "strip.png", "testsrc2=size=3000x200", "-frames:v", "1")
    picture = Picture(client, content)
    assert pictures.size(picture.files["thumbnail"]) == (150, 150)
    assert pictures.size(picture.files["large"]) == (1080, 72)


@pytest.mark.parametrize("name", ["i-hat.bmp", "made"])
def test_a_bitmap_is_a_picture_too(client, name):
    content = pictures.bmp(333, 111, (10, 200, 90)) if name == "made" else clips.real(name).read_bytes()
    picture = Picture(client, content, kind="application/octet-stream")
    assert picture.details["format"] == "bmp" and picture.files["original"][:2] == b"BM"
    if name == "made":
        assert picture.details["dominantColor"] == "#0ac85a"
        assert picture.files["original"] == content.removesuffix(b"secret words")
    assert pictures.size(picture.files["large"]) == ((333, 111) if name == "made" else (312, 442))


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif"])
def test_no_position_ever_comes_out(client, tmp_path, kind):
    orientation = 6
    content = {
        "jpeg": lambda: pictures.tainted_jpeg(tmp_path, orientation), "gif": lambda: pictures.tainted_gif(tmp_path),
        "png": lambda: pictures.tainted_png(orientation), "webp": lambda: pictures.tainted_webp(tmp_path, orientation),
    }[kind]()
    assert sum(mark in content for mark in pictures.MARKS) >= 3, "the test's own picture has what shall go"
    picture = Picture(client, content)
    served = dict(picture.files, poster=picture.fetch(picture.media["thumbnailUrl"]))
    for format in ("jpeg", "png", "webp"):
        answer = picture.variant(f"width=200&format={format}")
        assert answer.status == 200, answer
        served[f"variant {format}"] = answer.body
    for name, file in served.items():
        for mark in pictures.MARKS:
            assert mark not in file, (name, mark)
    upright = {"jpeg": (600, 800), "webp": (600, 800), "png": (200, 300), "gif": (200, 150)}[kind]
    width, height = pictures.size(served["large"])
    assert (width, height) == upright
    assert pictures.size(served["variant png"])[0] == 200


def test_the_order_of_bytes_in_exif_does_not_matter(client, tmp_path):
    """Made little-endian here, kept big-endian: the statement is read, not copied."""
    picture = Picture(client, pictures.tainted_jpeg(tmp_path, 3))
    stated = next(data for marker, data in pictures.segments(picture.files["original"]) if marker == 0xE1)
    assert struct.unpack(">H", stated[24:26])[0] == 3


@pytest.mark.parametrize("name", [
    "i-progressive.jpg", "i-arithmetic.jpg", "i-alpha.webp", "i-lossless.webp", "i-alpha-2048.png",
    "i-blackbug-alpha.png", "i-looks-like-svg.webp"])
def test_a_real_picture_is_ready(client, name):
    picture = Picture(client, clips.real(name).read_bytes(), kind="application/octet-stream")
    assert "damaged" not in picture.details
    assert max(pictures.size(picture.files["large"])) <= 1080


@pytest.mark.parametrize("name", ["i-trunc.jpg", "i-trunc.gif"])
def test_what_is_cut_off_is_shown_as_far_as_it_goes(client, name):
    assert Picture(client, clips.real(name).read_bytes()).details["damaged"] is True


def test_a_person_sees_a_picture_as_a_picture(page, service, tmp_path):
    path = tmp_path / "holiday.png"
    path.write_bytes(pictures.png(400, 300))
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    pages.register(page, service.url, f"{tmp_path.name}@example.com")
    pages.drop(page, "#drop", path)
    link = page.locator("#uploads > li").first.get_by_role("link", name=re.compile("Watch"))
    link.wait_for()
    link.click()
    picture = page.get_by_role("img", name=re.compile("holiday"))
    picture.wait_for()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 400
    assert page.get_by_role("link", name="The original").get_attribute("download").startswith("holiday")
    assert not errors
