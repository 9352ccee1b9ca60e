"""The verbs of `telecine`, as a person and as a script use them: words, JSON, exit codes."""
import json
import os
import re
import subprocess

import pytest

from support import profiles
from support.client import PASSWORD, Client
from support.service import binary, clean_environment

DONE, FAILED, USAGE, SETTINGS = 0, 1, 64, 78
VERBS = ("serve", "work", "migrate", "sweep", "upload", "assets list", "assets show", "user add", "user list",
         "settings", "doctor")


@pytest.fixture
def telecine(tmp_path):
    """Runs a verb in an empty folder; the finished process."""
    def run(*words, stdin: str = "", **settings) -> subprocess.CompletedProcess:
        return subprocess.run(
            [binary(), *map(str, words)], cwd=tmp_path, env=clean_environment(**settings), input=stdin,
            capture_output=True, text=True, timeout=400)
    return run


def one_line(text: str) -> str:
    assert len(text.strip().splitlines()) == 1, text
    return text


def test_help_names_every_verb_and_each_explains_itself(telecine):
    shown = telecine("--help")
    assert shown.returncode == DONE and not shown.stderr
    for verb in VERBS:
        assert re.search(rf"^ +{verb} ", shown.stdout, re.MULTILINE), verb
        own = telecine(*verb.split(), "--help")
        assert own.returncode == DONE and f"telecine {verb}" in own.stdout


@pytest.mark.parametrize("words", [
    [], ["sing"], ["serve", "--loud"], ["upload"], ["assets"], ["user", "add"], ["serve", "--port"], ["migrate", "x"]])
def test_a_command_line_without_sense_is_64(telecine, words):
    result = telecine(*words)
    assert result.returncode == USAGE
    assert words == [] or one_line(result.stderr).startswith("telecine: ")


@pytest.mark.parametrize("name, value", [
    ("PORT", "99999"), ("PORT", "http"), ("JWT_SECRET", "hunter2"), ("PUBLIC_URL", "media.example.com"),
    ("REGISTRATION", "maybe"), ("CHUNK_SIZE", "1"), ("UPLOAD_EXPIRY", "soon"), ("CONTRACT_PORTS", "2")])
def test_a_wrong_setting_is_named_in_one_line_and_nothing_starts(telecine, name, value):
    result = telecine("serve", "--data", "data", **{name: value})
    assert result.returncode == SETTINGS, result
    assert name in one_line(result.stderr)
    assert name != "JWT_SECRET" or value not in result.stderr, "a secret is never printed"


def test_serve_says_as_json_where_it_is_ready_for_programs_that_start_it(tmp_path):
    with subprocess.Popen(
            [binary(), "serve", "--json", "--port", "0", "--data", "data"], cwd=tmp_path, text=True,
            env=clean_environment(WORKERS=0), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as service:
        try:
            ready = json.loads(service.stdout.readline())
            assert Client(ready["url"]).get("/health/live").status == 200
            assert ready["firstAdminLink"].startswith(ready["publicURL"] + "/setup?token=")
        finally:
            service.terminate()
        assert service.wait(120) == DONE


@pytest.mark.parametrize("change, words", [
    ({"width": -2}, "width"), ({"videoBitrate": "fast"}, "videoBitrate"), ({"colour": "red"}, "colour"),
    ({"frameRate": "30"}, "frameRate")])
def test_an_impossible_profile_is_named(telecine, tmp_path, change, words):
    folder = profiles.fast(tmp_path / "profiles", ("360p",), **change)
    result = telecine("serve", "--data", "data", "--port", "0", PROFILES_DIR=folder)
    assert result.returncode in (FAILED, SETTINGS)
    assert words in result.stderr and "360p" in result.stderr


def test_upload_waits_and_prints_where_to_watch(telecine, service, client, small_clip):
    settings = {"TELECINE_URL": service.url, "TELECINE_TOKEN": client.token}
    plain = telecine("upload", small_clip, **settings)
    assert plain.returncode == DONE, plain.stderr
    assert re.fullmatch(rf"{service.url}/watch/asset_\d+", one_line(plain.stdout).strip())
    assert "100 %" in plain.stderr and "\r" not in plain.stderr, "plain lines where nobody watches"
    result = telecine("upload", "--json", "--title", "A clip", small_clip, **settings)
    [uploaded] = json.loads(result.stdout)
    assert uploaded["status"] == "processed"
    assert client.get(f"/api/media/{uploaded['assetId']}").json()["title"] == "A clip"


def test_assets_are_listed_and_shown(telecine, service, client, small_clip):
    asset = client.complete(client.send(small_clip, metadata={"title": "Listed"}))
    settings = {"TELECINE_URL": service.url, "TELECINE_TOKEN": client.token}
    listed = json.loads(telecine("assets", "list", "--json", **settings).stdout)
    assert [found["id"] for found in listed["assets"]] == [asset]
    assert asset in telecine("assets", "list", **settings).stdout
    shown = json.loads(telecine("assets", "show", asset, "--json", **settings).stdout)
    assert shown["media"]["status"] == "ready" and "masterUrl" in shown["stream"]


@pytest.mark.parametrize("words", [["upload", "missing.mp4"], ["assets", "list"]])
def test_what_cannot_be_done_is_1_with_a_sentence(telecine, words):
    result = telecine(*words, TELECINE_URL="http://127.0.0.1:9", TELECINE_TOKEN="x")
    assert result.returncode == FAILED
    assert one_line(result.stderr).startswith("telecine: ")


def test_accounts_are_made_listed_and_shut_out_beside_a_running_service(telecine, service):
    email = f"made.{os.urandom(4).hex()}@example.com"
    made = telecine("user", "add", "--data", service.data, "--admin", "--json", email, stdin=PASSWORD + "\n")
    assert made.returncode == DONE, made.stderr
    assert json.loads(made.stdout)["role"] == "admin"
    again = telecine("user", "add", "--data", service.data, email, stdin=PASSWORD + "\n")
    assert again.returncode == FAILED
    assert email in telecine("user", "list", "--data", service.data).stdout
    anyone = Client(service.url)
    credentials = {"email": email, "password": PASSWORD}
    assert anyone.request("POST", "/api/auth/login", data=credentials).status == 200
    assert telecine("user", "disable", "--data", service.data, email).returncode == DONE
    assert anyone.request("POST", "/api/auth/login", data=credentials).status in (401, 403)


def test_migrate_makes_the_database_and_does_it_once(telecine, tmp_path):
    first = telecine("migrate", "--data", "data", "--json")
    assert first.returncode == DONE, first.stderr
    count = json.loads(first.stdout)["migrations"]
    assert count >= 1 and (tmp_path / "data/telecine.sqlite").exists()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0, "nobody else has a business in it"
    assert json.loads(telecine("migrate", "--data", "data", "--json").stdout)["migrations"] == count


def test_doctor_is_content_here_and_names_what_is_missing_elsewhere(telecine, ladder, tmp_path):
    well = telecine("doctor", "--data", "data", "--json", PROFILES_DIR=ladder)
    assert well.returncode == DONE, well.stdout
    json.loads(well.stdout)
    empty = tmp_path / "nothing"
    empty.mkdir()
    ill = subprocess.run(
        [binary(), "doctor", "--data", "data"], cwd=tmp_path, env={"PATH": str(empty), "PROFILES_DIR": str(ladder)},
        capture_output=True, text=True, timeout=120)
    assert ill.returncode == FAILED
    assert "ffmpeg" in ill.stdout and "apt" in ill.stdout, ill.stdout
