"""Keys turn, originals are destroyed in time, people's labels become a training file, the audit trail proves itself."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import openpyxl
import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from api.accounts.principal import SYSTEM
from api.app import create_app
from api.database import open_engine
from api.feedback.intake import take_in
from api.feedback.keeping import reseal
from api.feedback.schemas import FeedbackIn
from api.settings import Settings
from api.vault import Vault, add_key, create_key_file
from nlp.tables import read_all
from tests.api.command_line import suara
from tests.api.conftest import make_key, serving
from tests.api.messages import BRIBE, PHONE, ROAD, WASTE, WATER, assert_problem, database_bytes

URL = "/api/v1/feedback"
SECRET = f"{ROAD}, hubungi {PHONE}"
REASON = {"reason": "Perlu alamat lengkap."}


@pytest.fixture
def at_work(both_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The service on each database in turn, and the command line with the same settings; keys lie outside the data."""
    monkeypatch.setenv("SUARA_DATA_DIR", str(both_settings.data_dir))
    monkeypatch.setenv("SUARA_DATABASE_URL", both_settings.database_url)
    monkeypatch.setenv("SUARA_MODEL_DIR", str(both_settings.model_dir))
    key_file = both_settings.data_dir.parent / "kunci.txt"
    monkeypatch.setenv("SUARA_ENCRYPTION_KEY_FILE", str(key_file))
    assert suara("secret", "create", "--out", str(key_file)).code == 0
    with serving(create_app(both_settings.model_copy(update={"encryption_key_file": key_file}))) as client:
        client.headers.update(make_key(_app(client)))
        yield client


def _app(client: TestClient) -> FastAPI:
    app = client.app
    assert isinstance(app, FastAPI)
    return app


def send(client: TestClient, words: str = SECRET, **fields: Any) -> str:
    response = client.post(URL, json={"text": words, **fields})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def original(client: TestClient, public_id: str) -> Any:
    return client.post(f"{URL}/{public_id}/original", json=REASON)


def scalars(client: TestClient, statement: str) -> list[Any]:
    with _app(client).state.sessions() as session:
        return list(session.scalars(text(statement)))


# ------------------------------------------------------------------------------------------------ keys
def test_after_a_rotation_all_is_sealed_with_the_new_key_and_opens_without_a_restart(at_work: TestClient) -> None:
    ids = [send(at_work, f"{SECRET} nomor {n}", reporter={"name": "Sri Wahyuni"}) for n in range(7)]
    before = scalars(at_work, "SELECT sealed FROM sealed_originals ORDER BY feedback_id")
    ran = suara("secret", "rotate")
    assert (ran.code, ran.err) == (0, "")
    assert "14 baris disegel ulang" in ran.out
    assert set(scalars(at_work, "SELECT key_name FROM sealed_originals")) == {"k2"}
    assert set(scalars(at_work, "SELECT key_name FROM sealed_reporters")) == {"k2"}
    assert not set(before) & set(scalars(at_work, "SELECT sealed FROM sealed_originals"))
    assert [original(at_work, public_id).json()["text"] for public_id in ids] == [f"{SECRET} nomor {n}" for n in range(7)]
    newer = send(at_work)
    assert scalars(at_work, "SELECT key_name FROM sealed_originals ORDER BY feedback_id")[-1] == "k2"
    assert original(at_work, newer).json() == {"text": SECRET}
    assert "0 pesan" not in ran.out


def keys_without(name: str) -> str:
    """The key file in force less one key, by its name: the keys themselves are random text in which any name may stand."""
    lines = Path(os.environ["SUARA_ENCRYPTION_KEY_FILE"]).read_text("ascii").splitlines(keepends=True)
    return "".join(line for line in lines if line.split()[0] != name)


def test_the_old_key_is_not_needed_after_a_rotation_and_only_its_owner_reads_the_file(at_work: TestClient) -> None:
    public_id = send(at_work)
    key_file = Path(os.environ["SUARA_ENCRYPTION_KEY_FILE"])
    assert suara("secret", "rotate").code == 0
    assert key_file.stat().st_mode & 0o777 == 0o600
    key_file.write_text(keys_without("k1"))
    assert original(at_work, public_id).json() == {"text": SECRET}


def test_a_rotation_goes_on_where_it_was_interrupted(at_work: TestClient) -> None:
    ids = [send(at_work) for _ in range(3)]
    assert suara("secret", "rotate").code == 0
    with _app(at_work).state.sessions.begin() as session:  # as if one row had been left
        desk = _app(at_work).state.desk
        only_old = type(desk.vault).parse(keys_without("k2"), "-")
        name, sealed = only_old.seal(SECRET.encode(), f"original:{ids[1]}")
        session.execute(
            text("UPDATE sealed_originals SET key_name = :name, sealed = :sealed WHERE feedback_id = 2"),
            {"name": name, "sealed": sealed},
        )
    assert suara("secret", "rotate").code == 0
    assert set(scalars(at_work, "SELECT key_name FROM sealed_originals")) == {"k3"}
    assert [original(at_work, public_id).json()["text"] for public_id in ids] == [SECRET] * 3


def test_rotations_at_the_same_moment_each_add_a_key_and_lose_none(tmp_path: Path) -> None:
    key_file, begin = tmp_path / "kunci.txt", Barrier(8)
    create_key_file(key_file)

    def rotate(_: int) -> str:
        begin.wait()
        return add_key(key_file)

    with ThreadPoolExecutor(8) as threads:
        names = sorted(threads.map(rotate, range(8)))
    assert names == [f"k{n}" for n in range(2, 10)]
    assert [line.split()[0] for line in key_file.read_text("ascii").splitlines()] == ["audit", "k1", *names]


def test_a_message_that_is_being_stored_during_a_rotation_is_not_left_with_the_old_key(
    settings: Settings, postgres_url: str
) -> None:
    app = create_app(settings.model_copy(update={"database_url": postgres_url}))
    with serving(app) as client:
        sessions, key_file = app.state.sessions, settings.key_file
        with sessions() as arriving:
            take_in(arriving, app.state.desk, SYSTEM, FeedbackIn(text=SECRET))
            assert add_key(key_file) == "k2"
            rotation = Thread(target=lambda: list(reseal(sessions, Vault.read(key_file))))
            rotation.start()
            while rotation.is_alive() and not scalars(client, "SELECT pid FROM pg_locks WHERE NOT granted"):
                pass
            arriving.commit()
        rotation.join()
        for table in ("sealed_originals", "sealed_reporters"):
            assert scalars(client, f"SELECT key_name FROM {table}") == ["k2"]


# ------------------------------------------------------------------------------------------------ retention
def test_originals_are_destroyed_in_time_and_the_masked_message_stays(at_work: TestClient, both_settings: Settings) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now - timedelta(days=366), tick=True):
        old = send(at_work, reporter={"name": "Sri Wahyuni"})
        case = send(at_work, BRIBE)
    young = send(at_work)
    masked = at_work.get(f"{URL}/{old}").json()["masked_text"]
    ran = suara("retention")
    assert (ran.code, ran.out) == (0, "Teks asli 1 pesan dimusnahkan.\n")
    assert_problem(original(at_work, old), 410, "teks_asli_dimusnahkan")
    assert original(at_work, young).json() == {"text": SECRET}
    assert at_work.get(f"{URL}/{old}").json()["masked_text"] == masked
    [destroyed] = scalars(at_work, "SELECT public_id FROM feedback WHERE original_destroyed_at IS NOT NULL")
    assert destroyed == old
    kept = scalars(at_work, "SELECT public_id FROM feedback JOIN sealed_reporters ON feedback_id = id ORDER BY id")
    assert kept == [case, young], "an undecided case keeps its words"
    assert suara("retention").out == "Teks asli 0 pesan dimusnahkan.\n"


def test_what_was_destroyed_is_not_left_in_the_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUARA_DATA_DIR", str(settings.data_dir))
    app = create_app(settings)
    with serving(app) as client:
        client.headers.update(make_key(app))
        send(client)
        [sealed] = scalars(client, "SELECT sealed FROM sealed_originals")
        assert sealed in database_bytes(settings.data_dir)
        with time_machine.travel(datetime.now(UTC) + timedelta(days=40), tick=True):
            assert suara("retention", "--days", "30").code == 0
        assert sealed not in database_bytes(settings.data_dir)


# ------------------------------------------------------------------------------------------------ a training file
def test_peoples_labels_become_a_training_file(at_work: TestClient, tmp_path: Path) -> None:
    admin = make_key(_app(at_work), role="admin")
    at_work.post("/api/v1/units", json={"code": "dlh", "name": "Dinas Lingkungan Hidup"}, headers=admin)
    send(at_work, ROAD)
    twice, sent, case = send(at_work, WASTE), send(at_work, WATER), send(at_work, BRIBE)
    for given in ({"topic": "jalan", "urgency": "tinggi"}, {"topic": "air_bersih", "kinds": []}):
        assert at_work.post(f"{URL}/{twice}/corrections", json=given).status_code == 201
    step = {"unit": "dlh", "reason": "Pipa milik dinas."}
    assert at_work.post(f"{URL}/{sent}/dispositions", json=step).status_code == 201
    integrity = make_key(_app(at_work), role="integrity")
    assert at_work.post(f"{URL}/{case}/corrections", json={"topic": "jalan"}, headers=integrity).status_code == 201

    out = tmp_path / "koreksi.csv"
    ran = suara("corrections", "export", "--out", str(out))
    assert (ran.code, ran.err) == (0, "")
    columns = "text topic aspect sentiment urgency band kinds unit".split()
    rows = [dict(zip(columns, row, strict=True)) for row in read_all(out)[columns].to_numpy().tolist()]
    empty = dict.fromkeys(columns, "")
    assert rows == [
        empty | {"text": WASTE, "topic": "air_bersih", "urgency": "tinggi"},
        empty | {"text": WATER, "unit": "Dinas Lingkungan Hidup"},
    ]
    answer = at_work.get("/api/v1/corrections/export", headers=admin)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.content == out.read_bytes()
    assert not list(_app(at_work).state.desk.settings.data_dir.glob("koreksi-*")), "nothing is left behind"
    assert_problem(at_work.get("/api/v1/corrections/export"), 403, "tidak_berhak")


@pytest.mark.parametrize(("suffix", "before"), [("csv", "'"), ("xlsx", ""), ("parquet", "")])
def test_words_like_a_formula_are_none_in_a_training_file(at_work: TestClient, tmp_path: Path, suffix: str, before: str) -> None:
    words = f"=1+1 {ROAD}"
    assert at_work.post(f"{URL}/{send(at_work, words)}/corrections", json={"topic": "jalan"}).status_code == 201
    out = tmp_path / f"koreksi.{suffix}"
    assert suara("corrections", "export", "--out", str(out)).code == 0
    assert read_all(out)["text"].tolist() == [before + words]
    if suffix == "xlsx":
        assert openpyxl.load_workbook(out).active["A2"].data_type == "s"


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_a_training_file_without_labels_has_its_columns(at_work: TestClient, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"koreksi.{suffix}"
    assert suara("corrections", "export", "--out", str(out)).out.startswith("0 pesan")
    assert read_all(out).columns.tolist() == "text topic aspect sentiment urgency band kinds unit".split()


# ------------------------------------------------------------------------------------------------ the audit trail
def test_a_whole_trail_is_told_whole(at_work: TestClient) -> None:
    public_id = send(at_work)
    original(at_work, public_id)
    n_events = len(scalars(at_work, "SELECT id FROM audit_events"))
    assert n_events >= 2
    ran = suara("audit", "verify")
    assert (ran.code, ran.out) == (0, f"Jejak audit utuh: {n_events} catatan.\n")


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("UPDATE audit_events SET actor_name = 'orang lain' WHERE id = 2", "catatan nomor 2 berubah; 1 catatan"),
        ("UPDATE audit_events SET details = '{}' WHERE id = 3", "catatan nomor 3 berubah; 2 catatan"),
        ("DELETE FROM audit_events WHERE id = 2", "catatan nomor 2 hilang; 1 catatan"),
        ("DELETE FROM audit_events WHERE id >= 3", "catatan sesudah nomor 2 hilang; 2 catatan"),
        ("DELETE FROM audit_events", "catatan sesudah nomor 0 hilang"),
        # with a head that was made to fit what is left
        (
            "DELETE FROM audit_events WHERE id >= 4;"
            "UPDATE audit_head SET n_events = 3, mac = (SELECT mac FROM audit_events WHERE id = 3)",
            "catatan sesudah nomor 3 hilang; 3 catatan",
        ),
        (
            "UPDATE audit_head SET n_events = 3, mac = (SELECT previous_mac FROM audit_events WHERE id = 4);"
            "DELETE FROM audit_events WHERE id >= 4",
            "catatan sesudah nomor 3 hilang; 3 catatan",
        ),
        ("DELETE FROM audit_events; DELETE FROM audit_head", "catatan awal hilang"),
        ("DELETE FROM audit_events; UPDATE audit_head SET n_events = 0, mac = ''", "catatan awal hilang"),
    ],
)
@pytest.mark.parametrize("goes_on", [False, True])
def test_a_changed_or_removed_event_is_found(at_work: TestClient, deed: str, told: str, goes_on: bool) -> None:
    public_id = send(at_work)
    for _ in range(3):
        original(at_work, public_id)
    without_guards(at_work, *deed.split(";"))
    if goes_on:  # what is done afterwards does not cover it up
        assert original(at_work, public_id).status_code == 200
    ran = suara("audit", "verify")
    assert ran.code == 2
    assert "cadangan" in ran.err
    assert told in ran.err or (goes_on and re.search(r"catatan nomor \d (hilang|berubah)", ran.err))


def without_guards(client: TestClient, *statements: str) -> None:
    """What somebody does who has the database in hand: the triggers that guard the trail go first."""
    engine = open_engine(_app(client).state.desk.settings.resolved_database_url)
    with engine.begin() as database:
        if engine.dialect.name == "sqlite":
            for trigger in ("audit_events_unchanged", "audit_events_kept"):
                database.execute(text(f"DROP TRIGGER {trigger}"))
        else:
            database.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
        for statement in statements:
            database.execute(text(statement))
    engine.dispose()


def test_an_event_whose_moment_is_no_longer_one_is_told_as_changed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUARA_DATA_DIR", str(settings.data_dir))
    with serving(create_app(settings)) as client:
        make_key(_app(client))
        without_guards(client, "UPDATE audit_events SET at = 'kemarin'")  # SQLite keeps any words in any column
        ran = suara("audit", "verify")
    assert ran.code == 2
    assert "sesudah nomor 0 yang berubah sampai tidak terbaca" in ran.err


@pytest.mark.parametrize("deed", ["UPDATE audit_events SET actor_name = 'x'", "DELETE FROM audit_events"])
def test_the_database_itself_refuses_to_change_the_trail(at_work: TestClient, deed: str) -> None:
    original(at_work, send(at_work))
    url = _app(at_work).state.desk.settings.resolved_database_url
    engine = create_engine(url)
    with pytest.raises(Exception, match="only grows"), engine.begin() as database:
        database.execute(text(deed))
    engine.dispose()


def test_another_model_is_written_down_once(both_settings: Settings, tmp_path: Path) -> None:
    def models() -> list[tuple[str, str]]:
        app = create_app(both_settings)
        with serving(app) as client:
            admin = make_key(app, role="admin")
            page = client.get("/api/v1/audit", params={"action": "model.changed"}, headers=admin).json()
        return [(item["actor_kind"], item["object_id"]) for item in page["items"]]

    first = models()
    assert len(first) == 1 and first[0][0] == "system"
    assert models() == first
