"""Waiting for an outcome with a deadline; nothing in these tests sleeps to let something happen."""
import time


class DeadlineError(AssertionError):
    """What was waited for did not happen in time."""


def until(what: str, probe, deadline: float = 120.0, every: float = 0.05):
    """Calls `probe` until it returns something true, and returns that; `what` names it when it never does.

    The deadline is a bound for a machine that has much else to do, never a promise of the product's.
    The last value, or the last OSError (a service that is not there yet), is part of the message.
    """
    end = time.monotonic() + deadline
    last = None
    while True:
        try:
            last = probe()
            if last:
                return last
        except OSError as error:
            last = error
        if time.monotonic() > end:
            raise DeadlineError(f"{what} did not happen within {deadline:g} s; last: {last!r}")
        time.sleep(every)


def unlocked(ask):
    """Asks until the answer is not 423: on a busy machine the connection before takes its time to let go.

    A service that is gone is not waited for: its OSError is the caller's.
    """
    end = time.monotonic() + 120
    while (answer := ask()).status == 423 and time.monotonic() < end:
        time.sleep(0.2)
    return answer
