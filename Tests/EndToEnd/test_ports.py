"""Contract 1's ports: each answers what it documents there; a busy one is a warning and no more."""
import socket

from support.client import Client

PORTS = {3001: "/health", 3002: "/health", 3003: "/health", 3006: "/api/health", 8000: "/health"}


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
        log = service.text()
        assert "3003" in log, "a busy port is named"
        client = Client(service.url).register()
        for port, path in PORTS.items():
            if str(port) not in log:
                there = Client(f"http://127.0.0.1:{port}", client.token)
                assert there.get(path).status == 200, port
        if "3001" not in log:
            assert Client("http://127.0.0.1:3001", client.token).init("a.mp4", 10).status in (200, 201)


def test_without_the_setting_only_one_port_is_open(service):
    assert service.url.startswith("http://localhost:")
    assert "3001" not in service.text()
