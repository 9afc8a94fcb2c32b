"""The worker as a child of `suara serve`: started again when it dies, ended with the service."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger()
COMMAND = (sys.executable, "-m", "nlp.cli", "worker", "--with-parent")
RESTART_S = 10.0
STOP_WITHIN_S = 30.0  # a chunk takes a second or two; what is cut off here is done again later


@contextmanager
def embedded_worker() -> Iterator[None]:
    """Keep a worker running meanwhile. Its standard input is a pipe that closes with this process, even a killed one."""
    stopping = threading.Event()
    thread = threading.Thread(target=_keep_running, args=(stopping,), name="embedded-worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _keep_running(stopping: threading.Event) -> None:
    while not stopping.is_set():
        with subprocess.Popen(COMMAND, stdin=subprocess.PIPE) as child:  # noqa: S603  -- our own command
            while child.poll() is None and not stopping.wait(0.2):
                pass
            child.terminate()
            try:
                child.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                child.kill()
        if not stopping.is_set():
            log.warning("worker ended", status=child.returncode)
            stopping.wait(RESTART_S)
