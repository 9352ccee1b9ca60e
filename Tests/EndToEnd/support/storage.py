"""What `telecine doctor --storage` says of a service, and whether its workers have anything left to do."""
import json
import sqlite3
import subprocess

from support.service import binary, clean_environment
from support.wait import until


def audit(service) -> tuple[int, dict]:
    command = [binary(), "doctor", "--storage", "--json", "--data", service.data]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, env=clean_environment())
    return result.returncode, json.loads(result.stdout)


def nothing_lost(service) -> None:
    """Holds at any moment, while jobs run too: no orphan, and nothing that is missing."""
    code, report = audit(service)
    assert (code, report["orphans"], report["missing"]) == (0, [], []), report


def jobs_left(service) -> int:
    with sqlite3.connect(f"file:{service.data}/telecine.sqlite?mode=ro", uri=True) as database:
        # What is replaced stays a while for those who play it.
        query = "SELECT count(*) FROM jobs WHERE state <> 'dead' AND kind <> 'asset.remove-version'"
        return database.execute(query).fetchone()[0]


def no_job_left(service, deadline: float = 400) -> None:
    until("no job left", lambda: jobs_left(service) == 0, deadline=deadline)
