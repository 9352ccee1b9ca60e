"""A real file system that is small, made for one test (Linux, root)."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

MIB = 1 << 20


def can_mount() -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
        if tried.returncode == 0:
            subprocess.run(["umount", folder], check=True)
        return tried.returncode == 0


@contextlib.contextmanager
def mounted(folder: pathlib.Path, size: int):
    """A file system of so many bytes at a folder."""
    if not can_mount():
        pytest.skip("only root may mount a small file system here")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def remount(folder: pathlib.Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", folder], check=True)


def free(folder: pathlib.Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def fill(folder: pathlib.Path, leaving: int) -> pathlib.Path:
    """A file that takes all room but so many bytes; remove it to make room again."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        while (left := free(folder) - leaving) > 0:
            file.write(bytes(min(left, MIB)))
            file.flush()
    return ballast
