"""Runs the benchmarks that are named (all by default), prints a table and keeps it in Benchmarks/RESULTS.md."""
import argparse
import datetime
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import catalog
import delivery
import first_segment
import images
import ladder
import many_uploads
import sound
import upload
import upload_costs
from pairs import Line
from processes import ROOT

BENCHMARKS = {"upload": upload.run, "delivery": delivery.run, "ladder": ladder.run,
              "first": first_segment.run, "images": images.run, "chunking": many_uploads.chunking,
              "parallel": many_uploads.parallel, "slow": many_uploads.slow, "hashing": upload_costs.hashing,
              "small": upload_costs.small, "durability": upload_costs.durability,
              "sound": sound.run, "catalog": catalog.run}
HEAD = ("| What | Telecine | Peer | Ratio (range) | CPU ratio | Pairs | Bar | Met | Commit |\n"
        "|---|---|---|---|---|---|---|---|---|\n")


RESULTS = ROOT / "Benchmarks/RESULTS.md"


def row(line: Line, commit: str) -> str:
    low, high = line.spread
    note = f"; {line.note}" if line.note else ""
    return (f"| {line.what} | {line.ours}{note} | {line.peer} | {line.ratio:.2f} ({low:.2f}–{high:.2f}) | "
            f"{line.cpu_ratio:.2f} | {line.pairs} | {line.bar} | {'yes' if line.met else '**no**'} | {commit} |\n")


def output(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return (result.stdout + result.stderr).strip()


def machine() -> list[str]:
    information = pathlib.Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.+)", information.read_text()) if information.exists() else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return [
        f"{model.group(1) if model else platform.processor()}, {os.cpu_count()} cores, {memory:.0f} GiB",
        f"{platform.system()} {platform.release()}",
        output("swift", "--version").splitlines()[0],
        output("ffmpeg", "-version").splitlines()[0],
        output("/usr/sbin/nginx" if os.path.exists("/usr/sbin/nginx") else "nginx", "-v"),
    ]


def table(lines: list[Line]) -> str:
    """The rows of this run, and before them those of the last file that this run did not measure again."""
    commit = output("git", "describe", "--always", "--dirty")
    fresh = [row(line, commit) for line in lines]
    names = {text.split(" | ")[0] for text in fresh}
    old = RESULTS.read_text().splitlines(keepends=True) if RESULTS.exists() else []
    columns = HEAD.count("|", 0, HEAD.index("\n"))
    kept = [text for text in old if text.startswith("| ") and text.count("|") == columns
            and text.split(" | ")[0] not in names | {"| What"}]
    return HEAD + "".join(kept + fresh)


def report(rows: str, command: str) -> str:
    when = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    facts = "".join(f"- {fact}\n" for fact in machine())
    return (
        f"# Benchmarks, last run\n\nLast: {when}, `{command}`: interleaved pairs, and the median of their ratios.\n"
        f"The CPU ratio is CPU seconds for the same amount of work, ours to the peer's, children included.\n"
        f"Each figure compares with a peer in the same run on the same machine; read the ratios, not the rates.\n"
        f"What is run, and how, stands in the files beside this one.\n\n{rows}\n{facts}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three pairs each instead of five")
    parser.add_argument("--pairs", type=int, help="this many pairs each")
    parser.add_argument("names", nargs="*", metavar="NAME[=PAIRS]", help=", ".join(BENCHMARKS))
    arguments = parser.parse_args()
    count = arguments.pairs or (3 if arguments.quick else 5)
    named = [name.partition("=") for name in arguments.names or BENCHMARKS]
    if unknown := {name for name, _, _ in named} - set(BENCHMARKS):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    base = os.environ.get("BENCH_DIR") or ("/dev/shm" if os.path.isdir("/dev/shm") else None)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="telecine-bench-", dir=base))
    lines: list[Line] = []
    try:
        for name, _, own in named:
            print(f"{name}", flush=True)
            lines += BENCHMARKS[name](folder, int(own or count))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = table(lines)
    RESULTS.write_text(report(rows, " ".join(["scripts/bench", *sys.argv[1:]])))
    print("\n" + rows)


if __name__ == "__main__":
    main()
