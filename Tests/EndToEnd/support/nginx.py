"""A real nginx on loopback, with deploy/nginx.conf and a certificate of its own."""
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess

from support.service import ROOT
from support.wait import until

MAIN = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """nginx in front of a service; `url` is https, `context` trusts its certificate and nothing else."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.tls, self.plain = free_port(), free_port()
        self.url = f"https://localhost:{self.tls}"
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        self._make_certificate()
        self.context = ssl.create_default_context(cafile=str(self.certificate))
        self.process = None

    def _make_certificate(self) -> None:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)

    def _site(self, upstream: int) -> str:
        """The committed configuration with exactly the lines changed that it marks for change, and the ports."""
        site = (ROOT / "deploy/nginx.conf").read_text()
        for pattern, replacement in (
                (r"server 127\.0\.0\.1:3000;", f"server 127.0.0.1:{upstream};"),
                (r"listen 80;", f"listen 127.0.0.1:{self.plain};"),
                (r"listen 443 ", f"listen 127.0.0.1:{self.tls} "),
                (r"server_name media\.example\.com;", "server_name localhost;"),
                (r"/etc/ssl/telecine/fullchain\.pem", str(self.certificate)),
                (r"/etc/ssl/telecine/privkey\.pem", str(self.key))):
            site, count = re.subn(pattern, replacement, site)
            assert count, f"deploy/nginx.conf has no {pattern}"
        return site

    def start(self, upstream: int) -> "Nginx":
        (self.folder / "site.conf").write_text(self._site(upstream))
        # As root the workers run as another user, who has to reach the temporary folders.
        user = "user root;\n" if os.geteuid() == 0 else ""
        main = self.folder / "nginx.conf"
        main.write_text(user + MAIN.format(folder=self.folder))
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/opt/homebrew/bin")
        assert program, "no nginx on this machine: scripts/install --test"
        self.process = subprocess.Popen(
            [program, "-p", self.folder, "-c", main], stderr=(self.folder / "stderr.log").open("wb"))
        until("nginx to listen", self._listens)
        return self

    def _listens(self) -> bool:
        assert self.process.poll() is None, (self.folder / "stderr.log").read_text()
        socket.create_connection(("127.0.0.1", self.tls), 1).close()
        return True

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(120)
