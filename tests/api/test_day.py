"""A day at an office on real processes and both databases: at its end every count is the script's, to the row."""

import io
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest import MonkeyPatch, TempPathFactory

from api.database import open_engine
from api.imports.files import folder_of
from api.imports.processing import CHUNK_ROWS
from api.reports.counting import counting_sessions, recount
from api.settings import Settings
from tests.api import day_at_the_office as office
from tests.api.command_line import suara
from tests.api.conftest import fresh_database
from tests.api.day_at_the_office import Day, live_through
from tests.api.test_logs import real_server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def day(request: pytest.FixtureRequest, tmp_path_factory: TempPathFactory, bundle: Path) -> Iterator[Day]:
    """Lived through once a database; its database stays for the tests."""
    folder = tmp_path_factory.mktemp("day")
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        settings = Settings(data_dir=folder / "data", model_dir=bundle, database_url=url)
        engine = open_engine(settings.resolved_database_url)
        stack.callback(engine.dispose)
        with MonkeyPatch.context() as environment:
            settings_of(environment, settings, folder / "kunci.txt")
            assert suara("secret", "create", "--out", str(folder / "kunci.txt")).code == 0
            people = hire()
            with real_server(settings.data_dir, bundle, folder / "layanan.log") as (client, _):
                lived = Day(settings, client, engine, people, folder / "layanan.log")
                live_through(lived)
        yield lived


def settings_of(environment: MonkeyPatch, settings: Settings, key_file: Path) -> None:
    """For the processes and the command line alike."""
    for name in ("data_dir", "model_dir", "database_url"):
        environment.setenv(f"SUARA_{name}".upper(), str(getattr(settings, name)))
    environment.setenv("SUARA_ENCRYPTION_KEY_FILE", str(key_file))
    environment.setenv("SUARA_WORKER", "terpisah")
    environment.setenv("OMP_NUM_THREADS", "1")


def hire() -> dict[str, dict[str, str]]:
    """Headers with a key for each person; `loket.timur` signs in with a password later."""
    roles = {"admin": "admin", "desk": "desk", "inspector": "integrity", "colleague": "integrity"}
    made = {name: suara("key", "create", "--role", role, "--name", name) for name, role in roles.items()}
    with MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(office.PASSWORD + "\n"))
        added = suara("account", "add", "--username", "loket.timur", "--role", "desk", "--password-stdin")
    assert {ran.code for ran in (added, *made.values())} == {0}
    return {name: {"X-API-Key": ran.out.strip()} for name, ran in made.items()}


# ------------------------------------------------------------------------------------------------ to the row
EXCEPT = (*office.BRIBES, *office.RAHASIA)
PLAIN = [i for i in range(office.N_MESSAGES) if i not in EXCEPT]
NOT_STORED = {*office.WRONG_ROWS, *office.KNOWN_ROWS, *office.TWIN_ROWS}
ROWS = [i for i in range(1, office.N_ROWS + 1) if i not in NOT_STORED]
PLAIN_ROWS = [i for i in ROWS if i not in office.BRIBE_ROWS]
PHONES, NIKS = "0813-200", "31740157089"
N_STORED = office.N_MESSAGES + len(ROWS)


def counted(day: Day, query: str) -> dict[Any, int]:
    """{what: how many} of a query for two columns."""
    return dict(day.rows(query))  # type: ignore[arg-type]  # the query has two columns


def test_every_message_is_in_once_with_what_lies_beside_it(day: Day) -> None:
    assert (len(ROWS), N_STORED) == (4_952, 5_452)
    assert set(counted(day, "SELECT public_id, 1 FROM feedback WHERE import_id IS NULL")) == set(day.ids.values())
    assert [row for (row,) in day.rows("SELECT import_row FROM feedback WHERE import_id IS NOT NULL ORDER BY id")] == ROWS
    for table in ("feedback", "assessments", "sealed_originals", "sealed_reporters"):
        assert day.rows(f"SELECT count(*), count(DISTINCT {'id' if table == 'feedback' else 'feedback_id'}) FROM {table}") == [
            (N_STORED, N_STORED)
        ], table
    assert day.rows("SELECT count(*) FROM idempotent_requests") == [(len(office.BY_KEY),)]
    if day.engine.dialect.name == "sqlite":
        assert day.rows("SELECT count(*) FROM feedback_words") == [(N_STORED,)]


def test_labels_that_lead_are_the_models_and_over_them_the_desks(day: Day) -> None:
    topics = Counter(office.corrected_topic(i) or office.topic_of(i) for i in range(office.N_MESSAGES))
    topics += Counter("kependudukan" if i in office.BRIBE_ROWS else office.topic_of(10_000 + i) for i in ROWS)
    assert counted(day, "SELECT topic, count(*) FROM feedback GROUP BY topic") == topics
    assert day.rows("SELECT count(*), count(DISTINCT feedback_id) FROM corrections") == [(40, 40)]
    changed = "SELECT count(*) FROM feedback f JOIN assessments a ON a.feedback_id = f.id WHERE f.topic <> a.topic"
    assert day.rows(changed) == [(20,)]
    assert day.rows("SELECT count(*) FROM feedback WHERE urgency = 'darurat'") == [(20,)]


def test_every_message_lies_with_its_unit_and_every_step_is_kept(day: Day) -> None:
    units = Counter(office.unit_of(i) for i in PLAIN)
    units += Counter(office.UNITS[office.topic_of(10_000 + i)] for i in PLAIN_ROWS)
    held = "SELECT u.code, count(*) FROM feedback f JOIN units u ON u.id = f.unit_id GROUP BY u.code"
    assert counted(day, held) == units
    steps = counted(day, "SELECT actor_kind, count(*) FROM dispositions GROUP BY actor_kind")
    assert steps == {"system": len(PLAIN) + len(PLAIN_ROWS), "key": 20}
    assert day.rows("SELECT count(*) FROM dispositions WHERE previous_unit_id IS NOT NULL") == [(20,)]
    without = "SELECT count(*) FROM feedback WHERE unit_id IS NULL"
    assert day.rows(without) == [(len(EXCEPT) + len(office.BRIBE_ROWS),)]


def test_states_are_those_that_people_gave(day: Day) -> None:
    states = Counter(office.state_of(i) for i in PLAIN)
    states += Counter({"diteruskan": len(PLAIN_ROWS), "diterima": len(EXCEPT) + len(office.BRIBE_ROWS)})
    assert counted(day, "SELECT state, count(*) FROM feedback GROUP BY state") == states
    closed = states["selesai"] + states["ditolak"]
    assert day.rows("SELECT count(closed_at) FROM feedback") == [(closed,)]


def test_cases_are_where_the_unit_brought_them(day: Day) -> None:
    ends = {i: (decision or "", "diputus" if decision else steps[-1]) for i, (steps, decision) in office.WAYS.items()}
    ends[7] = ("terverifikasi", "diputus")  # decided anew
    decided = Counter(decision for decision, _ in ends.values())
    states = Counter(state for _, state in ends.values()) + Counter({"baru": len(office.BRIBE_ROWS)})
    decided[""] += len(office.BRIBE_ROWS)
    assert counted(day, "SELECT state, count(*) FROM integrity_cases GROUP BY state") == states
    by_decision = "SELECT coalesce(decision, ''), count(*) FROM integrity_cases GROUP BY coalesce(decision, '')"
    assert counted(day, by_decision) == decided
    assert counted(day, "SELECT origin, count(*) FROM integrity_cases GROUP BY origin") == {
        "model": len(office.BRIBES) + len(office.BRIBE_ROWS),
        "rahasia": 2,
        "petugas": 1,
    }
    given_back = sum(decision == "bukan_integritas" and i not in office.RAHASIA for i, (decision, _) in ends.items())
    assert day.rows("SELECT count(*) FROM feedback WHERE has_case") == [(12 + len(office.BRIBE_ROWS) - given_back,)]
    assert counted(day, "SELECT kind, count(*) FROM case_events GROUP BY kind") == {
        "dibuka": 12 + len(office.BRIBE_ROWS),
        "catatan": 12,
        "status": day.did["case.state"],
        "putusan": day.did["case.decided"],
        "dibuka_kembali": 1,
        "teks_asli": 1,
        "diekspor": 3,
        **dict.fromkeys(("pelapor_diminta", "pelapor_disetujui", "pelapor_dibuka"), 1),
    }


def test_the_import_was_cut_off_and_lost_or_doubled_nothing(day: Day) -> None:
    assert office.HALF <= day.killed_at < office.N_ROWS and day.killed_at % CHUNK_ROWS == 0
    told = {name: day.import_[f"rows_{name}"] for name in ("total", "done", "failed", "repeated")}
    assert told == {"total": 5_000, "done": 5_000, "failed": len(office.WRONG_ROWS), "repeated": 23}
    assert len(office.KNOWN_ROWS) + len(office.TWIN_ROWS) == 23
    wrong = [row for (row,) in day.rows("SELECT row_number FROM import_problems ORDER BY row_number")]
    assert wrong == [number + 1 for number in office.WRONG_ROWS]  # under the header
    assert list(folder_of(day.settings.data_dir).iterdir()) == []


def test_the_audit_trail_tells_of_each_deed_once_and_holds(day: Day, monkeypatch: MonkeyPatch) -> None:
    done = day.did + Counter({"key.created": 4, "account.created": 1, "model.changed": 1})
    assert counted(day, "SELECT action, count(*) FROM audit_events GROUP BY action") == done
    assert (done["feedback.corrected"], done["feedback.disposed"], done["case.noted"]) == (40, 20, 12)
    settings_of(monkeypatch, day.settings, day.log.with_name("kunci.txt"))
    ran = suara("audit", "verify")
    assert (ran.code, ran.out) == (0, f"Jejak audit utuh: {done.total()} catatan.\n")


def test_daily_counts_are_those_of_a_recount(day: Day) -> None:
    query = "SELECT * FROM daily_counts WHERE n <> 0 OR n_repeat <> 0 OR n_settled <> 0 OR n_late <> 0"
    kept = Counter(day.rows(query))
    assert day.rows("SELECT sum(n) FROM daily_counts") == [(N_STORED - len(office.RAHASIA),)]
    zone = ZoneInfo(day.settings.timezone)
    assert sum(recount(counting_sessions(day.engine, zone), zone)) == N_STORED
    assert Counter(day.rows(query)) == kept


# ------------------------------------------------------------------------------------------------ what it left behind
def unsaid(day: Day) -> set[str]:
    """What was said in confidence: how all numbers begin, reporters, keys, passwords."""
    assert all(office.phone(i).startswith(PHONES) and office.identity_number(i).startswith(NIKS) for i in (0, 15_000))
    said = {PHONES, PHONES.replace("-", ""), NIKS, "Prasetyoningrum", "Gang Kelinci", office.PASSWORD.split()[0], day.cookie}
    said |= {person[name] for person in day.people.values() for name in ("X-CSRF-Token", "X-API-Key") if name in person}
    said |= {key.split("_", 2)[2] for key in said if key.startswith("suara_")}
    keys = day.log.with_name("kunci.txt").read_text().splitlines()
    secrets = {part for line in keys for part in line.split() if len(part) > 30}
    assert secrets and len(said) == 16
    return said | secrets


@pytest.mark.parametrize("moment", ["half-way", "evening"])
def test_nothing_said_in_confidence_lies_on_disk(day: Day, moment: str) -> None:
    on_disk = day.on_disk[moment]
    if day.engine.dialect.name == "sqlite":
        assert b"hubungi [" in on_disk  # the messages are there, so their numbers would be found
    found = [words for words in unsaid(day) if words.encode() in on_disk]
    assert found == []


def test_the_logs_hold_nobodys_words(day: Day) -> None:
    logs = [path.read_text().lower() for path in sorted(day.log.parent.glob("*.log"))]
    assert len(logs) == 3 and all(logs)
    words = {word for text in (*office.TOPICS, office.BRIBE, office.SECRET) for word in text.replace(",", "").split()}
    said = unsaid(day) | {word for word in words if len(word) > 3} | {"Kelinci", "Damar", "IMPOR-", "WA-", *day.ids.values()}
    for log in logs:
        assert [words for words in said if words.lower() in log] == []
        assert all(json.loads(line)["event"] for line in log.splitlines())
