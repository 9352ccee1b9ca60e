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


@contextlib.contextmanager
def with_quotas(folder: pathlib.Path, size: int):
    """A file system of so many bytes at a folder that has quotas and whose files can share their blocks (Btrfs)."""
    if not can_mount() or shutil.which("mkfs.btrfs") is None:
        pytest.skip("only root with btrfs-progs may make a file system with quotas here")
    folder.mkdir(parents=True, exist_ok=True)
    image = folder.with_suffix(".image")
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.btrfs", "--quiet", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True).returncode != 0:
        pytest.skip("no file can be mounted as a file system here")
    try:
        subprocess.run(["btrfs", "quota", "enable", folder], check=True)
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def allow(folder: pathlib.Path, more: int | None) -> None:
    """Sets the quota to what is used and so many bytes more; None lifts it."""
    subprocess.run(["btrfs", "filesystem", "sync", folder], check=True, capture_output=True)
    shown = subprocess.run(["btrfs", "qgroup", "show", "--raw", folder], check=True, capture_output=True, text=True)
    used = next(int(line.split()[1]) for line in shown.stdout.splitlines() if line.startswith("0/5 "))
    limit = "none" if more is None else str(used + more)
    subprocess.run(["btrfs", "qgroup", "limit", limit, folder], check=True)


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
