"""Ports: everything on one, and the contracts' own when asked."""
import json
import pathlib
import socket

from support.client import Client
from support.wait import until

PORTS = (3001, 3002, 3003, 3006, 8000)
SERVICES = {3001: "upload-manager", 3002: "streaming-engine", 3003: "content-management", 3006: "status-checker"}


def listening(pid: int) -> set[int]:
    """The TCP ports that a process listens on (Linux)."""
    inodes = set()
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(entry.readlink().name)
        except FileNotFoundError:
            continue
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports


def test_contract_ports_answer_or_are_warned_about(start_service):
    with socket.socket() as busy:
        # One is surely taken: by this test, or already by somebody else.
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            busy.bind(("0.0.0.0", 3003))
            busy.listen()
        except OSError:
            pass
        service = start_service(CONTRACT_PORTS="on")
        own = listening(service.process.pid)
        assert 3003 not in own
        warnings = [json.loads(line) for line in service.text().splitlines() if '"warning"' in line]
        assert any("3003" in str(warning) for warning in warnings), "a busy port is named"
        client = Client(service.url).register()
        for port in own & set(PORTS):
            at = Client(f"http://127.0.0.1:{port}")
            until(f"{port} to be well", lambda at=at: at.get("/health").status == 200)
            health = at.get("/health").json()
            assert health["service"] == SERVICES.get(port, "telecine"), port
            assert Client(f"http://127.0.0.1:{port}", client.token).init("a.mp4", 10).status == 201
        for port in set(PORTS) - own:
            assert any(str(port) in str(warning) for warning in warnings), f"{port} is neither served nor named"


def test_without_the_setting_only_one_port_is_open(service):
    assert listening(service.process.pid) == {int(service.url.rpartition(":")[2])}
