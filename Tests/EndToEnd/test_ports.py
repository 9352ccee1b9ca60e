"""Contract 1's ports: each answers what it documents there; a busy one is a warning and no more."""
import socket

from support.client import Client

PORTS = (3001, 3002, 3003, 3006, 8000)


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
        for port in PORTS:
            if str(port) not in log:
                assert Client(f"http://127.0.0.1:{port}").get("/health").status == 200, port
        if "3001" not in log:
            assert Client("http://127.0.0.1:3001", client.token).init("a.mp4", 10).status in (200, 201)


def test_without_the_setting_only_one_port_is_open(service):
    assert service.url.startswith("http://localhost:")
    assert "3001" not in service.text()
