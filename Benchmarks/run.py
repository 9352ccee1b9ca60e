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

import delivery
import ladder
import upload
from pairs import Line
from processes import ROOT

BENCHMARKS = {"upload": upload.run, "delivery": delivery.run, "ladder": ladder.run}
HEAD = "| What | Telecine | Peer | Ratio (range) | CPU ratio | Pairs | Bar | Met |\n|---|---|---|---|---|---|---|---|\n"


def row(line: Line) -> str:
    low, high = line.spread
    note = f"; {line.note}" if line.note else ""
    return (f"| {line.what} | {line.ours}{note} | {line.peer} | {line.ratio:.2f} ({low:.2f}–{high:.2f}) | "
            f"{line.cpu_ratio:.2f} | {line.pairs} | {line.bar} | {'yes' if line.met else '**no**'} |\n")


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
        f"commit {output('git', 'describe', '--always', '--dirty')}",
    ]


def report(lines: list[Line], command: str) -> str:
    when = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    facts = "".join(f"- {fact}\n" for fact in machine())
    return (
        f"# Benchmarks, last run\n\n{when}, `{command}`: interleaved pairs, and the median of their ratios.\n"
        f"The CPU ratio is CPU seconds for the same amount of work, ours to the peer's, children included.\n"
        f"Each figure compares with a peer in the same run on the same machine; read the ratios, not the rates.\n"
        f"What is run, and how, stands in the files beside this one.\n\n{HEAD}"
        + "".join(map(row, lines)) + f"\n{facts}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three pairs each instead of five")
    parser.add_argument("--pairs", type=int, help="this many pairs each")
    parser.add_argument("names", nargs="*", metavar="NAME[=PAIRS]", help="upload, delivery, ladder")
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
    text = report(lines, " ".join(["scripts/bench", *sys.argv[1:]]))
    (ROOT / "Benchmarks/RESULTS.md").write_text(text)
    print("\n" + HEAD + "".join(map(row, lines)))


if __name__ == "__main__":
    main()
