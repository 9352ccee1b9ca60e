"""Contract 1's five services, each a process of its own, on one data folder."""
import concurrent.futures
import pathlib
import socket

from support.service import Service

NAMES = ("api-gateway", "upload-manager", "streaming-engine", "content-management", "status-checker")


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Apart:
    """All five, started at once: the first to come makes the database and the secret."""

    def __init__(self, folder: pathlib.Path, **settings):
        self.data = folder / "data"
        self.ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
        places = {f"{name.upper().replace('-', '_')}_URL": f"http://localhost:{port}"
                  for name, port in self.ports.items()}
        self.services: dict[str, Service] = {}
        for name in NAMES:
            service = Service(folder / name, **places, **settings)
            service.data = self.data
            service.arguments = ["--only", name]
            self.services[name] = service

    def start(self) -> "Apart":
        for name in NAMES:
            self.services[name].launch(self.ports[name])
        for name in NAMES:
            self.services[name].wait_until_ready(self.ports[name])
        return self

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    @property
    def url(self) -> str:
        return self["api-gateway"].url

    def stop(self) -> None:
        running = [service for service in self.services.values()
                   if service.process is not None and service.process.poll() is None]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for code in [pool.submit(service.stop) for service in running]:
                assert code.result() == 0
