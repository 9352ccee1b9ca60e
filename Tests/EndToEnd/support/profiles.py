"""Ladders for tests: contract 1's four rungs, or fewer, at x264's fastest preset."""
import json
import pathlib

from support.service import ROOT


def fast(folder: pathlib.Path, names: tuple = ("1080p", "720p", "480p", "360p"), **changes) -> pathlib.Path:
    """Copies profiles of the project into `folder` with preset ultrafast; the folder, for PROFILES_DIR."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        profile = json.loads((ROOT / f"config/profiles/{name}.json").read_text())
        profile |= {"preset": "ultrafast"} | changes
        (folder / f"{name}.json").write_text(json.dumps(profile))
    return folder
