"""tus checksums: a piece counts when it is what it says, and not at all otherwise."""
import base64
import hashlib
import zlib

import pytest

from support import tus
from support.client import Client
from support.tus import ask, create, offset, patch


@pytest.fixture(scope="module")
def tusd(start_service_once):
    return start_service_once(WORKERS=0)


@pytest.fixture(scope="module")
def someone(tusd):
    return Client(tusd.url).register()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_right_checksum_counts_and_a_wrong_one_is_460_with_the_offset_unchanged(tusd, someone, algorithm):
    path = create(someone, 8)
    assert patch(someone, path, 0, b"1234", Upload_Checksum=tus.checksum(algorithm, b"1234")).status == 204
    tus.problem(patch(someone, path, 4, b"5678", Upload_Checksum=tus.checksum(algorithm, b"other")), 460)
    assert offset(someone, path) == 4
    hexadecimal = f"{algorithm} {hashlib.new(algorithm, b'5678').hexdigest()}"
    assert patch(someone, path, 4, b"5678", Upload_Checksum=hexadecimal).status == 204
    assert tus.original(tusd, someone, path) == b"12345678"


def test_a_crc32_counts(tusd, someone):
    path = create(someone, 4)
    value = zlib.crc32(b"1234").to_bytes(4, "big")
    assert patch(someone, path, 0, b"1234", Upload_Checksum="crc32 AAAAAA==").status == 460
    assert patch(someone, path, 0, b"1234",
                 Upload_Checksum=f"crc32 {base64.b64encode(value).decode()}").status == 204
    assert tus.original(tusd, someone, path) == b"1234"


@pytest.mark.parametrize("value", ["sha512 AAAA", "sha1", "sha1 AAAA", "sha1  AAAA", "sha1 !", ""])
def test_an_unknown_or_broken_checksum_is_400_with_the_offset_unchanged(someone, value):
    path = create(someone, 8)
    tus.problem(patch(someone, path, 0, b"1234", Upload_Checksum=value), 400)
    assert offset(someone, path) == 0


def test_a_wrong_checksum_of_the_first_bytes_leaves_an_empty_upload_that_is_named(someone):
    answer = ask(someone, "POST", tus.BASE, b"1234", Upload_Length=4, Upload_Checksum=tus.checksum("sha1", b"x"))
    assert answer.status == 460
    assert offset(someone, answer.headers["Location"]) == 0
