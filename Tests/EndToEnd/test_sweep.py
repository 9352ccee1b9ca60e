"""`telecine sweep`, beside a running service: expired uploads go, those that are being received stay."""
import contextlib
import fcntl
import json
import os
import sqlite3
import subprocess
import time

import pytest

from support import tus
from support.client import Client
from support.service import binary, clean_environment
from support.tus import ask, create, offset, open_patch, patch
from support.wait import until
from test_metrics import samples

DAY = 86_400


@pytest.fixture
def swept(start_service):
    service = start_service(WORKERS=0, CHUNK_SIZE=65536)
    # What it sweeps at its start must not be what a test has just made for its own sweep.
    until("its own sweep", lambda: samples(service.url).get(("telecine_sweeps_total", ("outcome", "done"))))
    return service


def sweep(service, *words) -> subprocess.CompletedProcess:
    return subprocess.run([binary(), "sweep", "--data", service.data, *words], env=clean_environment(),
                          capture_output=True, text=True, timeout=120)


def report(service) -> dict:
    def swept_alone() -> subprocess.CompletedProcess | None:
        done = sweep(service, "--json")
        assert done.returncode == 0, done
        return None if "another sweep is under way" in done.stderr else done

    return json.loads(until("a sweep that finds no other under way", swept_alone).stdout)


def expire(service, *paths: str) -> None:
    """Time is turned back instead of waited for: the uploads are of yesterday, and so are their files."""
    with contextlib.closing(sqlite3.connect(service.data / "telecine.sqlite", timeout=120)) as database, database:
        for path in paths:
            changed = database.execute("UPDATE uploads SET expires_at = 1 WHERE id = ?", (tus.upload_id(path),))
            assert changed.rowcount == 1
            age(service.data / "staging" / f"{tus.upload_id(path)}.data")


def age(file) -> None:
    if file.exists():
        os.utime(file, (time.time() - DAY, time.time() - DAY))


def test_what_nobody_will_finish_goes_and_the_rest_stays(swept):
    someone = Client(swept.url).register()
    old, untouched, kept = (create(someone, 1000) for _ in range(3))
    for path in (old, kept):
        assert patch(someone, path, 0, b"x" * 100).status == 204
    orphan = swept.data / "staging/00000000-0000-4000-8000-000000000000.data"
    orphan.write_bytes(b"x" * 7)
    assert not any(report(swept).values()), "a fresh file may be somebody's"
    expire(swept, old, untouched)
    age(orphan)
    for method, body in (("HEAD", None), ("PATCH", b"x")):
        gone = ask(someone, method, old, body, Upload_Offset=100)
        assert (gone.status, gone.headers["Upload-Offset"]) == (410, None)
    assert report(swept) == {"expired": 2, "failed": 0, "finished": 0, "orphans": 1, "bytes": 107}
    assert ask(someone, "HEAD", old).status == 404
    assert offset(someone, kept) == 100
    assert [file.name for file in (swept.data / "staging").iterdir()] == [f"{tus.upload_id(kept)}.data"]


def test_an_upload_that_expires_while_it_is_received_stays_until_its_end(swept):
    someone = Client(swept.url).register()
    path = create(someone, 1000)
    staged = swept.data / "staging" / f"{tus.upload_id(path)}.data"
    with contextlib.closing(open_patch(someone, path, 0, b"x" * 400, declared=1000)) as connection:
        until("the first bytes", lambda: staged.exists() and staged.stat().st_size == 400)
        with contextlib.closing(sqlite3.connect(swept.data / "telecine.sqlite", timeout=120)) as database, database:
            database.execute("UPDATE uploads SET expires_at = 1")
        assert report(swept)["expired"] == 0
        connection.sendall(b"x" * 600)
        assert connection.recv(100).startswith(b"HTTP/1.1 204 ")
    assert len(tus.original(swept, someone, path)) == 1000


def test_a_second_sweep_leaves_it_to_the_first(swept):
    with (swept.data / "staging.sweep").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = sweep(swept)
    assert done.returncode == 0
    assert "another sweep is under way" in done.stderr


def test_serve_sweeps_by_itself(swept):
    someone = Client(swept.url).register()
    path = create(someone, 1000)
    assert patch(someone, path, 0, b"x" * 100).status == 204
    swept.stop()
    expire(swept, path)
    swept.start()
    until("the sweep", lambda: not list((swept.data / "staging").glob("*.data")))


@pytest.mark.parametrize("words, status", [(["--loud"], 64), (["x"], 64)])
def test_a_sweep_that_makes_no_sense_is_refused(swept, words, status):
    assert sweep(swept, *words).returncode == status
