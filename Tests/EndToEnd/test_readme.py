"""The README's first upload works when it is copied: same commands, only the address and the file are this test's."""
import json
import re
import shutil
import subprocess

from support import clips
from support.service import ROOT


def commands() -> str:
    section = (ROOT / "README.md").read_text().split("## First upload with curl")[1].split("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ") or not line]
    return "\n".join(lines)


def answers(text: str) -> list[dict]:
    """The JSON objects of a text, one after the other as curl prints them."""
    decoder, values, start = json.JSONDecoder(), [], text.find("{")
    while start >= 0:
        value, end = decoder.raw_decode(text, start)
        values.append(value)
        start = text.find("{", end)
    return values


def test_the_first_upload_with_curl_ends_with_a_master(service, small_clip, tmp_path):
    script = commands()
    assert "api=http://localhost:3000" in script
    shutil.copy(small_clip, tmp_path / "video.mp4")
    script = "set -euo pipefail\n" + script.replace("http://localhost:3000", service.url)
    result = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=400)
    assert result.returncode == 0, result.stdout + result.stderr
    answer = next((value for value in answers(result.stdout) if "masterUrl" in value), None)
    assert answer, result.stdout + result.stderr
    assert clips.count_frames(answer["masterUrl"]) == 4 * 25


def test_every_file_that_the_documents_link_is_there():
    for document in [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)\)", document.read_text()):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.relative_to(ROOT)} links {target}"


def test_make_lists_its_tasks():
    shown = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for task in ("run", "test", "lint", "bench", "demo"):
        assert re.search(rf"^  make {task} +\S", shown, re.MULTILINE), shown
