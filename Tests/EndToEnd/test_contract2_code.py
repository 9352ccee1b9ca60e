"""Contract 2's published code, unmodified but for host, token and file, against the running service."""
import json
import pathlib
import shlex
import subprocess

import pytest

from support import clips, handling

CODE = pathlib.Path(__file__).parent / "contract2"


def run(service, client, path: pathlib.Path) -> dict:
    """What the example reports at its end."""
    command = ["node", CODE / "run-upload.mjs", service.url, client.token, path]
    result = subprocess.run(command, capture_output=True, text=True, timeout=580)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["uploaded"]["status"] == "processing" and report["said"] == "Processing complete!", report
    return report["ended"]


def test_a_video_is_uploaded_and_polled_until_it_is_ready(service, client, small_clip):
    ended = run(service, client, small_clip)
    assert ended["file_type"] == "video" and ended["width"] == 640 and ended["height"] == 360
    assert client.get(ended["urls"]["thumbnail"]).headers["Content-Type"] == "image/jpeg"


def test_a_sound_is_uploaded_and_polled_until_it_is_ready(service, client, tmp_path):
    path = tmp_path / "tone.wav"
    clips.run_ffmpeg("-f", "lavfi", "-i", "sine=frequency=330:duration=3", path)
    ended = run(service, client, path)
    assert ended["file_type"] == "audio"
    assert client.get(ended["urls"]["mp3"]).headers["Content-Type"] == "audio/mpeg"


def test_a_picture_is_uploaded_and_polled_until_it_is_ready(service, client, tmp_path):
    path = tmp_path / "photo.jpg"
    clips.run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=1920x1080", "-frames:v", "1", path)
    ended = run(service, client, path)
    assert ended["file_type"] == "image" and (ended["width"], ended["height"]) == (1920, 1080)
    assert set(ended["urls"]) == {"thumbnail", "small", "medium", "large", "webp", "original"}
    assert ended["display_url"] == ended["urls"]["medium"]
    for name, kind in (("thumbnail", "image/jpeg"), ("webp", "image/webp"), ("original", "image/jpeg")):
        answer = client.get(ended["urls"][name])
        assert (answer.status, answer.headers["Content-Type"]) == (200, kind), name


def test_the_example_in_the_fixture_is_the_contracts_own():
    """Guards against helpful edits: the snippet still carries the contract's own host and token."""
    code = (CODE / "upload.js").read_text()
    assert code.count("http://localhost:8000/api/media/") == 2 and code.count("`Bearer ${token}`") == 2


@pytest.mark.parametrize("ending", ["/", ""])
def test_the_curl_example_uploads_a_file_with_and_without_the_last_slash(service, client, small_clip, ending):
    code = (CODE / "curl.sh").read_text().replace("\\\n", " ")
    command = shlex.split(code.replace("http://localhost:8000", service.url)
                          .replace("YOUR_TOKEN", client.token).replace("/path/to/image.jpg", str(small_clip)))
    command[-1] = command[-1].rstrip("/") + ending
    result = subprocess.run([*command, "-sS"], capture_output=True, text=True, timeout=120)
    answer = json.loads(result.stdout)
    assert answer["file_type"] == "video" and answer["mime_type"] == "video/mp4"
    assert handling.detail(client, answer["id"])["user_username"] == answer["user_username"]
