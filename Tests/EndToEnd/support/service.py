"""The real binary, started on a free port with a data folder of its own."""
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys

from support.wait import until

ROOT = pathlib.Path(__file__).resolve().parents[3]
READY = re.compile(r"Telecine(?:'s [a-z-]+)? is ready on (https?://\S+)")
SETUP = re.compile(r"(https?://\S*/setup\?token=\S+)")


def binary() -> pathlib.Path:
    return pathlib.Path(os.environ.get("TELECINE_BINARY", ROOT / ".build/debug/telecine")).resolve()


def clean_environment(**settings: str) -> dict[str, str]:
    """What the service sees: the path and the locale of this machine, and the settings that a test states."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    kept["PATH"] = kept.get("PATH", "") + ":/usr/sbin:/sbin"
    return kept | {name: str(value) for name, value in settings.items()}


class Service:
    """One `telecine serve`; start, stop and kill it as often as a test needs, on the same data folder."""

    def __init__(self, folder: pathlib.Path, **settings: str):
        self.folder = folder
        self.data = folder / "data"
        self.settings = settings
        # More of the command line: `--only SERVICE`.
        self.arguments: list[str] = []
        self.log = folder / "service.log"
        self.process: subprocess.Popen | None = None
        self.url = ""
        self._begin = 0
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, port: int = 0) -> "Service":
        self.launch(port)
        return self.wait_until_ready(port)

    def launch(self, port: int = 0) -> None:
        """Starts the process and does not wait; from the main thread, with which it ends."""
        assert binary().exists(), f"no binary at {binary()}: run `swift build`"
        self._begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [binary(), "serve", "--port", str(port), "--data", self.data, *self.arguments],
                cwd=self.folder, env=clean_environment(**self.settings), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=die_with_the_tests)

    def wait_until_ready(self, port: int = 0) -> "Service":
        announced = until("the ready line", lambda: self._ready(self._begin)).rstrip("/")
        # With PUBLIC_URL the line names the proxy; the tests know the port then, because they chose it.
        self.url = f"http://localhost:{port}" if port else announced
        return self

    def _ready(self, begin: int) -> str | None:
        if self.process.poll() is not None:
            raise AssertionError(f"telecine serve ended with {self.process.returncode}:\n{self.tail()}")
        match = READY.search(self.text(begin))
        return match.group(1) if match else None

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def admin_link(self) -> str | None:
        match = SETUP.search(self.text())
        return match.group(1) if match else None

    def text(self, begin: int = 0) -> str:
        with self.log.open("rb") as log:
            log.seek(begin)
            return log.read().decode("utf-8", "replace")

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.text().splitlines()[-lines:]) if self.log.exists() else ""

    def stop(self, deadline: float = 120) -> int:
        """SIGTERM, as an operator would; the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"telecine did not stop within {deadline} s of SIGTERM:\n{self.tail()}") from None

    def kill(self) -> None:
        """SIGKILL to the service alone, then to what it left behind, as a crash of the machine would do."""
        family = descendants(self.process.pid)
        self.process.kill()
        self.process.wait(120)
        for pid in family:
            kill_quietly(pid)

    def workers(self) -> list[int]:
        """The process ids of the worker processes that this service started."""
        return [pid for pid in descendants(self.process.pid) if command_line(pid)[1:2] == ["work"]]

    def original(self, asset: str) -> pathlib.Path:
        """The stored original of an asset of contract 1's form `asset_<integer>`."""
        return self.data / "objects/assets" / asset.removeprefix("asset_") / "v1/original"


def die_with_the_tests() -> None:
    """A test run that is killed leaves no service behind (Linux: PR_SET_PDEATHSIG is 1)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def command_line(pid: int) -> list[str]:
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """Every living process below `pid`, parents first."""
    children: dict[int, list[int]] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def kill_quietly(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
