"""Digests of resumable uploads (RFC 9530): verified when given, refused when they cannot be."""
import base64
import hashlib

import pytest

from support.client import Client
from support.resumable import Draft, problem, stored


@pytest.fixture(scope="module")
def server(start_service_once):
    return start_service_once(WORKERS=0)


@pytest.fixture(scope="module")
def draft(server):
    return Draft(Client(server.url).register())


def digest(content: bytes, name: str = "sha256", field: str = "sha-256") -> str:
    return f"{field}=:{base64.b64encode(hashlib.new(name, content).digest()).decode()}:"


@pytest.mark.parametrize("name,field", [
    ("sha256", "sha-256"), ("sha512", "sha-512"), ("sha1", "sha"), ("md5", "md5")])
def test_a_content_digest_counts_or_nothing_does(server, draft, name, field):
    path = draft.created(8)
    assert draft.patch(path, 0, b"1234", Content_Digest=digest(b"1234", name, field)).status == 204
    reply = draft.patch(path, 4, b"5678", complete=True, Content_Digest=digest(b"other", name, field))
    problem(reply, "digest-mismatching-values")
    assert draft.offset(path) == 4
    reply = draft.patch(path, 4, b"5678", complete=True, Content_Digest=f"x=:AA==:, {digest(b'5678', name, field)}")
    assert stored(server, reply) == b"12345678"


def test_a_digest_of_the_whole_is_verified_before_the_end(server, draft):
    content = bytes(range(256)) * 4000
    reply = draft.create(content, complete=True, Repr_Digest=digest(content))
    assert stored(server, reply) == content
    assert reply.headers["repr-digest"] == digest(content)
    before = draft.client.get("/api/assets").json()["pagination"]["total"]
    reply = draft.create(content, complete=True, Repr_Digest=digest(b"other"))
    problem(reply, "digest-mismatching-values")
    assert draft.complete(reply) is True
    assert draft.head(reply.headers["location"]).status == 410
    assert draft.client.get("/api/assets").json()["pagination"]["total"] == before
    path = draft.created(len(content))
    draft.patch(path, 0, content[:1000])
    assert stored(server, draft.patch(path, 1000, content[1000:], True, Repr_Digest=digest(content))) == content


@pytest.mark.parametrize("name", ["Content-Digest", "Repr-Digest"])
def test_of_several_digests_every_known_one_must_be_right(server, draft, name):
    content, field = b"1234567890", name.replace("-", "_")
    short, long = digest(content), digest(content, "sha512", "sha-512")
    for wrong in (f"{short}, {digest(b'other', 'sha512', 'sha-512')}", f"{long}, {digest(b'other')}"):
        problem(draft.create(content, complete=True, **{field: wrong}), "digest-mismatching-values")
    for right in (long, f"{long}, x=:AA==:, {short}"):
        reply = draft.create(content, complete=True, **{field: right})
        assert stored(server, reply) == content
        if name == "Repr-Digest":
            assert set(reply.headers["repr-digest"].split(", ")) == {each for each in (short, long) if each in right}


@pytest.mark.parametrize("name", ["Content-Digest", "Repr-Digest"])
def test_a_digest_that_cannot_be_verified_is_refused(draft, name):
    field = name.replace("-", "_")
    reply = draft.create(b"12345", complete=True, **{field: "unixsum=:AAAA:"})
    problem(reply, "digest-unsupported-algorithms")
    assert reply.headers[f"want-{name.lower()}"] == "sha-256=10, sha-512=9"
    problem(draft.create(b"12345", complete=True, **{field: "sha-256=:AAAA:"}), "digest-invalid-values")
