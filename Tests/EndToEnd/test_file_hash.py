"""The stated SHA-256: right, the upload completes; wrong, it fails and says why."""
import hashlib


def test_the_right_hash_completes_the_upload(client, small_clip):
    digest = hashlib.sha256(small_clip.read_bytes()).hexdigest()
    for spelling in (digest, digest.upper()):
        upload = client.send(small_clip, fileHash=spelling)
        assert client.finish(upload)["assetId"]


def test_a_wrong_hash_fails_the_upload_with_the_reason(client, small_clip):
    digest = hashlib.sha256(b"something else").hexdigest()
    status = client.finish(client.send(small_clip, fileHash=digest), expect=("failed",))
    assert "SHA-256" in status["error"]
    assert not status.get("assetId")
