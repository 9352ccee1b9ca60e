"""Coroutines beside the browser's fixture, which keeps an event loop running on the tests' thread."""
import asyncio
import concurrent.futures


def alone(work):
    """Runs a coroutine function on a thread of its own; what it returns."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()
