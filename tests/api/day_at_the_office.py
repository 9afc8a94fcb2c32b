"""A day over HTTP: what citizens send, what a desk, a worker that is killed, and an integrity unit do with it.

The script keeps its own books: what it sent, and how often it did what. The tests hold the database to them.
"""

import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, text

from api.settings import Settings
from tests.api.imports_by_hand import csv_bytes
from tests.api.messages import BRIBE, TOPICS
from tests.api.test_worker import wait_until, worker

FEEDBACK, CASES, IMPORTS = "/api/v1/feedback", "/api/v1/cases", "/api/v1/imports"
N_MESSAGES, N_ROWS, N_THREADS = 500, 5_000, 6
UNITS = {"jalan": "dinas_pu", "sampah": "dlh", "air_bersih": "pdam", "kependudukan": "dukcapil"}
SECRET = "cetak ktp tertunda di seruni bakung, warga setempat melapor, mohon identitas kami dirahasiakan"
REASON = "Sesuai tugas unit itu."
PASSWORD = "gerobak biru di simpang tujuh"
BRIBES, RAHASIA, RAISED = range(9), range(9, 11), 20
CORRECTED, SENT_ON, SETTLED = range(20, 60), range(60, 80), range(80, 125)
BY_KEY, BY_NUMBER = range(100, 130), range(130, 155)
WRONG_ROWS, KNOWN_ROWS, TWIN_ROWS, BRIBE_ROWS = range(50, 5_000, 200), range(60, 5_000, 400), range(70, 5_000, 500), range(11, 19)
HALF = N_ROWS // 2


def phone(i: int) -> str:
    return f"0813-{2000 + i // 10_000:04}-{i % 10_000:04}"


def identity_number(i: int) -> str:
    return f"31740157089{i:05}"


def reporter(i: int) -> dict[str, str]:
    return {"name": f"Prasetyoningrum {i}", "contact": f"Gang Kelinci Belang {i}", "identity_number": identity_number(i)}


def words_of(i: int) -> str:
    """The text of a message or row, with somebody's numbers in it."""
    return f"{[*TOPICS][i % 4]}, hubungi {phone(i)} atau NIK {identity_number(i)} ya"


def message(i: int) -> dict[str, Any]:
    """What a citizen sends as the `i`-th."""
    body: dict[str, Any] = {"text": words_of(i), "district": f"Damar {i % 40}", "channel": ("web", "sms", "surat")[i % 3]}
    body["received_at"] = f"2026-11-{2 + i % 20:02}T{i % 24:02}:30:00+07:00"
    if i in BRIBES:
        body["text"] = f"{BRIBE}, hubungi {phone(i)}"
    elif i in RAHASIA:
        body |= {"text": f"{SECRET}, hubungi {phone(i)}", "visibility": "rahasia"}
    if i % 3 == 0:
        body["reporter"] = reporter(i)
    if i in BY_NUMBER or i % 5 == 0:
        body["external_id"] = f"WA-{i}"
    return body


def topic_of(i: int) -> str:
    return "kependudukan" if i in BRIBES or i in RAHASIA else list(TOPICS.values())[i % 4]


def import_file() -> bytes:
    """5,000 rows, numbered from 1: some wrong, some known by their number already, some twice in the file, some flagged."""
    rows = []
    for i in range(1, N_ROWS + 1):
        number = f"IMPOR-{i}"
        if i in KNOWN_ROWS:
            number = f"WA-{BY_NUMBER[i // 400]}"
        elif i in TWIN_ROWS:
            number = f"IMPOR-{i - 1}"
        words = f"{BRIBE}, hubungi {phone(10_000 + i)}" if i in BRIBE_ROWS else words_of(10_000 + i)
        day = "31/02/2026" if i in WRONG_ROWS else f"{1 + i % 28}/10/2026 {i % 24:02}.15"
        rows.append((words, number, f"Desa {i % 400}", day))
    return csv_bytes(("keluhan", "external_id", "district", "received_at"), rows)


@dataclass
class Day:
    """The people, the books, and what lay on disk while all was running."""

    settings: Settings
    client: httpx.Client
    engine: Engine
    people: dict[str, dict[str, str]]  # headers of each
    log: Path
    did: Counter[str] = field(default_factory=Counter)  # audited actions
    ids: dict[int, str] = field(default_factory=dict)  # of messages sent one by one
    first: dict[int, dict[str, Any]] = field(default_factory=dict)  # what was answered to each
    import_: dict[str, Any] = field(default_factory=dict)
    killed_at: int = 0
    on_disk: dict[str, bytes] = field(default_factory=dict)
    cookie: str = ""
    books: threading.Lock = field(default_factory=threading.Lock)

    def ask(
        self, method: str, path: str, who: str, expected: int = 200, headers: dict[str, str] | None = None, **request: Any
    ) -> Any:
        """An answer's JSON. A database that is busy is asked again, as the answer says to."""
        for _ in range(5):
            answer = self.client.request(method, path, headers=self.people[who] | (headers or {}), **request)
            if answer.status_code != 503:
                break
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.headers["content-type"].startswith("application/json") else answer.text

    def do(self, action: str, path: str, who: str, expected: int = 200, **body: Any) -> Any:
        """Something that the audit trail tells of."""
        answer = self.ask("POST", path, who, expected, json=body)
        with self.books:
            self.did[action] += 1
        return answer

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def look_at_disk(self, name: str) -> None:
        """Keep what the database, its log, the queue and the imports hold at this moment."""
        files = (path for path in sorted(self.settings.data_dir.rglob("*")) if path.is_file())
        self.on_disk[name] = b"".join(path.read_bytes() for path in files)


def side_by_side(work: Callable[[Any], object], over: Iterable[Any]) -> None:
    with ThreadPoolExecutor(N_THREADS) as threads:
        list(threads.map(work, over))


# ------------------------------------------------------------------------------------------------ morning: messages come in
def set_up(day: Day) -> None:
    for code in UNITS.values():
        day.do("unit.added", "/api/v1/units", "admin", 201, code=code, name=f"Dinas {code}")
    for topic, code in UNITS.items():
        day.do("rule.added", "/api/v1/rules", "admin", 201, unit=code, topic=topic)
    answer = day.client.post("/api/v1/session", json={"username": "loket.timur", "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    day.did["session.opened"] += 1
    day.cookie = answer.cookies["suara_session"]
    day.client.cookies.clear()
    day.people["clerk"] = {"Cookie": f"suara_session={day.cookie}", "X-CSRF-Token": answer.json()["csrf_token"]}


def take_messages_in(day: Day) -> None:
    """500 messages; of some a repeat comes in the same moment as others, by key or by number."""

    def send(i: int) -> None:
        headers = {"Idempotency-Key": f"kirim-{i}"} if i in BY_KEY else {}
        day.first[i] = day.ask("POST", FEEDBACK, "desk", 201, headers, json=message(i))
        day.ids[i] = day.first[i]["id"]

    def repeat(i: int) -> None:
        headers = {"Idempotency-Key": f"kirim-{i}"} if i in BY_KEY else {}
        again = message(i) if i in BY_KEY else message(i) | {"text": words_of(i + 1)}
        assert day.ask("POST", FEEDBACK, "desk", 200, headers, json=again) == day.first[i]

    order = list(range(N_MESSAGES))
    random.Random(11).shuffle(order)
    side_by_side(send, order)
    side_by_side(repeat, [*BY_KEY, *BY_NUMBER])
    day.ask("POST", FEEDBACK, "desk", 409, {"Idempotency-Key": f"kirim-{BY_KEY[0]}"}, json=message(BY_KEY[1]))


# ------------------------------------------------------------------------------------------------ noon: the desk works
def corrected_topic(i: int) -> str | None:
    """Half of the corrected messages get the topic of the next one."""
    return topic_of(i + 1) if i in CORRECTED and i % 2 else None


def state_of(i: int) -> str:
    return {0: "selesai", 1: "ditangani", 2: "ditolak"}[i % 3] if i in SETTLED else "diteruskan"


def unit_of(i: int) -> str:
    return UNITS[topic_of(i + 1)] if i in SENT_ON else UNITS[topic_of(i)]


def work_at_the_desk(day: Day) -> None:
    def correct(i: int) -> None:
        labels = {"topic": corrected_topic(i)} if i % 2 else {"urgency": "darurat", "note": f"Telepon {phone(i)}."}
        labels |= {"band": "2", "kinds": ["suap_percaloan"]} if i == RAISED else {}
        day.do("feedback.corrected", f"{FEEDBACK}/{day.ids[i]}/corrections", "clerk", 201, **labels)

    def send_on(i: int) -> None:
        path = f"{FEEDBACK}/{day.ids[i]}/dispositions"
        shown = day.do("feedback.disposed", path, "desk", 201, unit=unit_of(i), reason=REASON)
        assert [step["unit"] for step in shown["dispositions"]] == [UNITS[topic_of(i)], unit_of(i)]

    def settle(i: int) -> None:
        day.do("feedback.state", f"{FEEDBACK}/{day.ids[i]}/state", "clerk", state=state_of(i))

    jobs = [*((correct, i) for i in CORRECTED), *((send_on, i) for i in SENT_ON), *((settle, i) for i in SETTLED)]
    side_by_side(lambda job: job[0](job[1]), jobs)
    opened = day.do("original.opened", f"{FEEDBACK}/{day.ids[30]}/original", "clerk", reason=REASON)
    assert opened["text"] == message(30)["text"]


# ------------------------------------------------------------------------------------------------ afternoon: an import
def upload(day: Day) -> None:
    params = {"format": "csv", "columns": "text=keluhan", "channel": "aplikasi"}
    answer = day.client.post(IMPORTS, params=params, content=import_file(), headers=day.people["desk"])
    assert answer.status_code == 202, answer.text
    day.import_ = answer.json()
    day.did["import.started"] += 1


def told(day: Day) -> dict[str, Any]:
    body: dict[str, Any] = day.ask("GET", f"{IMPORTS}/{day.import_['id']}", "desk")
    return body


def kill_half_way(day: Day, first: "subprocess.Popen[str]") -> None:
    wait_until(lambda: told(day)["rows_done"] >= HALF, first)
    os.kill(first.pid, signal.SIGKILL)
    assert first.wait(timeout=30) == -signal.SIGKILL
    day.killed_at = told(day)["rows_done"]
    day.look_at_disk("half-way")
    with day.engine.begin() as connection:  # the dead worker's lease has run out
        connection.execute(text("UPDATE imports SET lease_until = '2026-01-01 00:00:00+00' WHERE state = 'berjalan'"))


# ------------------------------------------------------------------------------------------------ evening: the integrity unit
def case_of(day: Day, i: int) -> str:
    """The place of a message's case."""
    query = "SELECT c.public_id FROM integrity_cases c JOIN feedback f ON f.id = c.feedback_id"
    [(id_,)] = day.rows(f"{query} WHERE f.public_id = '{day.ids[i]}'")
    return f"{CASES}/{id_}"


def open_reporter(day: Day, i: int) -> None:
    """One asks, another agrees, the first looks."""
    url = case_of(day, i)
    asked = day.do("reporter.requested", f"{url}/reporter-requests", "inspector", 201, reason=REASON)
    place = f"{url}/reporter-requests/{asked['id']}"
    day.do("reporter.agreed", f"{place}/answer", "colleague", answer="setuju")
    opened = day.do("reporter.opened", f"{place}/open", "inspector")
    assert {name: opened[name] for name in reporter(i)} == reporter(i)


WAYS: dict[int, tuple[tuple[str, ...], str | None]] = {
    0: (("diperiksa",), "diteruskan"),
    1: (("diperiksa",), "diteruskan"),
    2: ((), "diteruskan"),
    3: (("diperiksa",), "terverifikasi"),
    4: (("menunggu_info", "diperiksa"), "terverifikasi"),
    5: (("diperiksa",), "bukan_integritas"),
    6: ((), "bukan_integritas"),
    7: (("menunggu_info",), "ditutup"),
    8: (("diperiksa",), None),
    9: (("diperiksa",), "ditutup"),
    10: ((), "bukan_integritas"),
    RAISED: (("menunggu_info",), None),
}
"""The steps of each case that is worked on, and what it is decided to be."""


def work_on_cases(day: Day) -> None:
    """Twelve cases; one is taken up again after its decision, one reporter is opened by two people, three go out in a file."""

    def work(i: int) -> None:
        url = case_of(day, i)
        steps, decision = WAYS[i]
        day.do("case.noted", f"{url}/notes", "inspector", 201, note=f"Loket {i} ditanya, jawab lewat {phone(i)}.")
        for state in steps:
            day.do("case.state", f"{url}/state", "inspector", state=state)
        if decision is not None:
            recipient = {"recipient": "Inspektorat Kota"} if decision == "diteruskan" else {}
            day.do("case.decided", f"{url}/decision", "inspector", decision=decision, reason=REASON, **recipient)

    side_by_side(work, WAYS)
    day.do("case.reopened", f"{case_of(day, 7)}/state", "inspector", state="diperiksa", reason=REASON)
    day.do("case.decided", f"{case_of(day, 7)}/decision", "inspector", decision="terverifikasi", reason=REASON)
    open_reporter(day, 0)
    day.do("original.opened", f"{case_of(day, 3)}/original", "inspector", reason=REASON)
    chosen = [case_of(day, i).rsplit("/", 1)[1] for i in (0, 1, 2)]
    out = day.do("case.exported", f"{CASES}/export", "inspector", cases=chosen, recipient="Inspektorat Kota", purpose=REASON)
    assert out.count("\r\n") == 4 and phone(0) not in out and "WA-" not in out


# ------------------------------------------------------------------------------------------------ the whole day
def live_through(day: Day) -> None:
    """The day: desk and worker side by side, the worker killed half-way, the unit at work while another goes on."""
    with worker(day.settings, day.log.with_name("pekerja-1.log")) as first:
        set_up(day)
        take_messages_in(day)
        upload(day)
        with ThreadPoolExecutor(1) as beside:
            at_the_desk = beside.submit(work_at_the_desk, day)
            kill_half_way(day, first)
            at_the_desk.result()
    with worker(day.settings, day.log.with_name("pekerja-2.log")) as second:
        work_on_cases(day)
        wait_until(lambda: told(day)["state"] == "selesai", second)
        day.did["import.ended"] += 1
        day.import_ = told(day)
        day.look_at_disk("evening")
    assert day.client.delete("/api/v1/session", headers=day.people["clerk"]).status_code == 204
    day.did["session.closed"] += 1
