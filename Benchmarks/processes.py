"""Processes under measurement: how they are started, what CPU and memory their whole family used."""
import ctypes
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and everything below it."""
    from support.service import descendants
    return [pid, *descendants(pid)]


def cpu_seconds(pid: int) -> float:
    """User and system time of a family, with that of the children it has already waited for."""
    total = 0
    for member in family(pid):
        try:
            fields = pathlib.Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def adopt_orphans() -> None:
    """Makes this process the parent of what its descendants leave behind (Linux).

    A sandbox's outer process ends without waiting for the inner one, whose time would then be nobody's.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def spent_by_children() -> float:
    """User and system time of all that this process has started and that has ended, orphans included."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def forget_peak(pid: int) -> None:
    """Begins anew with ``peak_memory``: what came before (signing in takes 19 MiB for Argon2) does not count."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_memory(pid: int) -> int:
    """The largest resident size of one process so far, or since ``forget_peak``, in bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024


def warm(folder: pathlib.Path, size: int) -> None:
    """Touches as much memory as is about to be written to `folder` (tmpfs).

    A virtual machine gives back what was not used for seconds and pays to get it again, three times the price of the
    write: that would be charged to the side which waited longer before its turn.
    """
    block = os.urandom(1 << 20)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "warm", "wb", buffering=0) as file:
        for _ in range(0, size, len(block)):
            file.write(block)
    (folder / "warm").unlink()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer:
    """nginx with one worker a core, on loopback: DAV PUT, and files behind signed links."""

    SECRET = "benchmark"

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.files = folder / "files"
        self.port = free_port()
        for name in ("files", "body"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        configuration = (ROOT / "Benchmarks/peer.conf").read_text()
        user = "user root;" if os.geteuid() == 0 else ""
        for name, value in (("USER", user), ("FOLDER", folder), ("PORT", self.port), ("SECRET", self.SECRET)):
            configuration = configuration.replace(f"@{name}@", str(value))
        (folder / "nginx.conf").write_text(configuration)
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf"])
        wait_for_port(self.port)

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def wait_for_port(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def telecine(folder: pathlib.Path, **settings):
    """The release binary on a data folder of its own, with the profiles that are delivered unless others are named."""
    settings.setdefault("PROFILES_DIR", ROOT / "config/profiles")
    os.environ.setdefault("TELECINE_BINARY", str(ROOT / ".build/release/telecine"))
    from support.service import Service
    return Service(folder, **settings).start()


def stop_all(signum, frame):
    """Ctrl-C and SIGTERM leave through the `finally` blocks, so that nothing stays behind."""
    raise SystemExit(130)


signal.signal(signal.SIGTERM, stop_all)
