"""Interleaved pairs: ours, the peer, ours, the peer; the ratio of each pair, and the median of the ratios."""
import dataclasses
import statistics


@dataclasses.dataclass
class Run:
    """One measured run."""
    wall: float
    cpu: float
    amount: float = 1.0
    note: str = ""

    @property
    def speed(self) -> float:
        return self.amount / self.wall


@dataclasses.dataclass
class Line:
    """One line of the table: what was measured, and whether the bar of docs/architecture.md is met."""
    what: str
    ours: str
    peer: str
    ratio: float
    spread: tuple[float, float]
    cpu_ratio: float
    bar: str
    met: bool
    note: str = ""
    pairs: int = 0


def interleaved(count: int, ours, peer) -> list[tuple[Run, Run]]:
    """Runs both `count` times in turn; which goes first alternates, so that neither always has the warmer cache."""
    pairs = []
    for number in range(count):
        if number % 2 == 0:
            mine, other = ours(), peer()
        else:
            other, mine = peer(), ours()
        pairs.append((mine, other))
        print(f"    pair {number + 1}/{count}: {mine.wall:.2f} s, {mine.cpu:.2f} CPU-s against "
              f"{other.wall:.2f} s, {other.cpu:.2f} CPU-s", flush=True)
    return pairs


def median(values) -> float:
    return statistics.median(values)


def line(what: str, pairs: list[tuple[Run, Run]], measure, show, bar: str, is_met, note: str = "") -> Line:
    """`measure` takes the figure from a run; the ratio is ours to the peer's, of each pair by itself."""
    ratios = [measure(mine) / measure(other) for mine, other in pairs]
    cpu = median((mine.cpu / mine.amount) / max(other.cpu / other.amount, 1e-9) for mine, other in pairs)
    ratio = median(ratios)
    return Line(
        what, show(median(measure(mine) for mine, _ in pairs)), show(median(measure(other) for _, other in pairs)),
        ratio, (min(ratios), max(ratios)), cpu, bar, is_met(ratio), note, len(pairs))
