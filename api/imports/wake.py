"""The queue between the service and its worker: it says that there is work, never which.

What is to be done, by whom and how far it is stands in the table `imports` alone (state, lease, rows done): there it is
stored with the rows themselves, in one transaction, and several machines on one PostgreSQL need no queue in common.
Huey wakes the worker of this machine at once, looks again every minute (imports of other machines, leases that ran out)
and runs the work beside the thread that listens for the end. Its queue is a SQLite file in data_dir: an office installs
no broker, and what is lost with it is a minute's patience.
"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from huey import SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

QUEUE_FILE = "antrean.db"


class _JsonSerializer(Serializer):  # Huey's own unpickles, and whoever can write the file could then run code
    def _serialize(self, data: Message) -> bytes:
        return json.dumps([data.id, data.name]).encode()

    def _deserialize(self, data: bytes) -> Message:
        id_, name = json.loads(data)
        return Message(str(id_), str(name), None, 0, 0, None, (), {})


def open_queue(data_dir: Path, work: Callable[[], None]) -> tuple[SqliteHuey, Callable[[], object]]:
    """The queue, where `work` is what a worker does on waking; and how to wake one."""
    queue = SqliteHuey("impor", filename=str(data_dir / QUEUE_FILE), results=False, serializer=_JsonSerializer())

    def look() -> None:
        work()

    # one look that waits is enough, so the queue does not grow while a long import is worked on
    queue.periodic_task(lambda _: queue.pending_count() == 0, name="lihat_berkala")(look)
    return queue, queue.task(name="lihat")(look)


def wake_workers(data_dir: Path) -> None:
    """Tell this machine's worker that there is work; should that fail, the worker looks within a minute anyway."""
    with suppress(sqlite3.Error):
        queue, wake = open_queue(data_dir, lambda: None)
        if queue.pending_count() == 0:  # else somebody is about to look, and will see what is stored by now
            wake()
        queue.storage.close()
