"""`suara worker`: a process that works on imports until it is told to stop.

Scoring and storing a large file keeps a processor busy for minutes, so it is not for the process that answers requests:
`suara serve` starts this command as a child (api.imports.embedded), or an office runs it alone (SUARA_WORKER=terpisah),
on as many machines as it likes. Huey's consumer wakes it; one import at a time, with the least claim on the processor.
It ends after its chunk on SIGTERM, SIGINT and SIGHUP, and, as a child, when its parent is gone however that ended.
"""

import os
import secrets
import signal
import socket
import sys
import threading

from huey.consumer import Consumer
from sqlalchemy.orm import Session, sessionmaker

from api.desk import Desk
from api.imports.processing import ImportWorker
from api.imports.wake import open_queue

POLL_S = 1.0  # between looks into Huey's queue, which is a file on this machine
NICENESS = 10
HEALTH_S = 10.0


class _Consumer(Consumer):
    def _set_signal_handlers(self) -> None:
        """Ours stay: Huey's end at once on one of SIGINT and SIGTERM, and start the process anew on SIGHUP."""


def run(desk: Desk, sessions: sessionmaker[Session], *, with_parent: bool) -> None:
    """Work until a signal comes or, `with_parent`, standard input ends, which the parent holds open while it lives."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    if with_parent:
        threading.Thread(target=_follow_parent, args=(stopping,), name="follow-parent", daemon=True).start()
    os.nice(NICENESS)
    name = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"
    queue, _ = open_queue(desk.settings.data_dir, ImportWorker(desk, sessions, name, stopping).work_off)
    consumer = _Consumer(queue, workers=1, max_delay=POLL_S)
    consumer.start()
    while not stopping.wait(HEALTH_S):
        consumer.check_worker_health()
    consumer.stop(graceful=True)


def _follow_parent(stopping: threading.Event) -> None:
    # not through sys.stdin: a thread that waits in its buffer makes Python abort at its end
    while os.read(sys.stdin.fileno(), 1):
        pass
    stopping.set()
