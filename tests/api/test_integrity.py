import csv
import io
from datetime import UTC, date, datetime

import pytest
import time_machine
from hypothesis import given
from hypothesis.strategies import text as texts
from starlette.testclient import TestClient

from api.accounts.permissions import RIGHTS_OF_ROLE, Right
from api.audit.repository import page
from api.audit.service import verify
from api.integrity.schemas import ExportRow
from api.integrity.states import FOLLOWS, NOTICE, QUESTIONS
from api.routing.calendar import WorkCalendar
from api.spreadsheet import safe_cell
from tests.api.integrity_room import CASES, FEEDBACK, REASON, SECRET, Office, key_with, open_office
from tests.api.messages import BRIBE, NIK, PHONE, ROAD, assert_problem

TOLD_FULLY = "kartu keluarga keliru, oknum calo minta uang pelicin di loket kelurahan kemarin 150rb"
HEARSAY = "cetak ktp tertunda, kabarnya banyak pungutan liar, kecewa sekali kami"
UNGUILTY = ("bersalah", "pelaku korupsi", "koruptor", "terbukti", "tersangka")


@pytest.fixture
def office(both: TestClient) -> Office:
    return open_office(both)


@pytest.fixture
def one_office(client: TestClient) -> Office:
    """On SQLite alone, for what no SQL decides."""
    return open_office(client)


# ------------------------------------------------------------------------------------------------ reading
def test_a_flagged_message_opens_a_case_that_shows_what_points_to_a_risk(office: Office) -> None:
    message = office.send(BRIBE, district="Damar Barat", channel="sms")
    case = office.get(f"{CASES}/{office.case_of(message)}")
    assert (case["state"], case["origin"], case["decision"], case["at_the_desk"]) == ("baru", "model", None, False)
    assert (case["feedback_id"], case["visibility"], case["district"]) == (message["id"], "publik", "Damar Barat")
    assert case["band"] == {"code": "3", "name": "Dugaan kuat"}
    assert case["kinds"] == [{"code": "pungli_pemerasan", "name": "Pungutan liar dan pemerasan"}]
    assert case["integrity_risk"] > 0.9 and case["masked_text"] == BRIBE and case["notice"] == NOTICE
    assert ("perbuatan", "memeras") in {(e["role"], e["text"]) for e in case["evidence"]}
    assert all(BRIBE[e["start"] : e["end"]] == e["text"] for e in case["evidence"])
    assert [(event["kind"], event["state"], event["by"]) for event in case["events"]] == [("dibuka", "baru", "Suara Warga")]
    assert case["unit"] is None  # nothing is sent by itself to the unit that it may speak of


def test_only_a_flagged_a_raised_or_a_rahasia_message_opens_one(office: Office) -> None:
    office.send(ROAD)
    office.send(SECRET, visibility="rahasia")
    office.send(BRIBE, visibility="rahasia")
    raised = office.send(ROAD)
    office.post(f"{FEEDBACK}/{raised['id']}/corrections", office.desk, 201, band="2", kinds=["penggelapan_dana"])
    cases = office.get(CASES)["items"]
    assert [case["origin"] for case in cases] == ["petugas", "model", "rahasia"]
    assert [kind["code"] for kind in cases[0]["kinds"]] == ["penggelapan_dana"]
    [opening] = office.get(f"{CASES}/{cases[0]['id']}")["events"]
    assert opening["by"] == "loket"


@pytest.mark.parametrize(
    ("text", "open_questions"),
    [(BRIBE, ["di mana", "kapan", "berapa"]), (HEARSAY, ["siapa", "di mana", "kapan", "berapa"]), (TOLD_FULLY, [])],
)
def test_what_a_report_leaves_open_is_asked_kindly(one_office: Office, text: str, open_questions: list[str]) -> None:
    case = one_office.get(f"{CASES}/{one_office.open_case(text)}")
    assert case["questions"] == [QUESTIONS[name] for name in open_questions]
    assert all(question.endswith((".", "?")) for question in QUESTIONS.values())


def test_reports_of_the_same_incident_are_shown_with_their_cases(office: Office) -> None:
    same = {"district": "Damar Barat"}
    older, plain = office.open_case(BRIBE, **same), office.send(f"{HEARSAY}, melapor", **same)
    newer = office.open_case(f"{BRIBE} tolong", **same)
    [similar] = office.get(f"{CASES}/{newer}")["similar"]
    assert (similar["case_id"], similar["kind"], similar["topic"]) == (older, "teks", "Kependudukan")
    assert similar["similarity"] > 0.5 and plain["id"] != similar["feedback_id"]


def test_cases_are_filtered(office: Office) -> None:
    bribe = office.open_case(BRIBE, received_at="2026-03-02T09:00:00+07:00")
    broker = office.open_case(TOLD_FULLY, received_at="2026-03-09T09:00:00+07:00")
    message = office.send(ROAD, received_at="2026-03-16T09:00:00+07:00")
    office.post(f"{FEEDBACK}/{message['id']}/dispositions", office.desk, 201, unit="dinas_pu", reason=REASON)
    office.post(f"{FEEDBACK}/{message['id']}/corrections", office.desk, 201, band="3", kinds=["kecurangan_pengadaan"])
    road = office.case_of(message)
    office.post(f"{CASES}/{bribe}/state", state="diperiksa")
    office.post(f"{CASES}/{broker}/decision", decision="ditutup", reason=REASON)
    for filter_, expected in (
        ({}, [road, broker, bribe]),
        ({"state": "diperiksa"}, [bribe]),
        ({"decision": "ditutup"}, [broker]),
        ({"kind": "suap_percaloan"}, [broker]),
        ({"kind": "pungli_pemerasan"}, [bribe]),
        ({"kind": "kecurangan_pengadaan"}, [road]),
        ({"kind": "pungli_pemerasa_"}, []),
        ({"topic": "kependudukan"}, [broker, bribe]),
        ({"unit": "dinas_pu"}, [road]),
        ({"unit": "-"}, [broker, bribe]),
        ({"since": "2026-03-09T00:00:00+07:00"}, [road, broker]),
        ({"until": "2026-03-09T00:00:00+07:00"}, [bribe]),
        ({"reference": broker[10:]}, [broker]),
    ):
        assert [case["id"] for case in office.get(CASES, **filter_)["items"]] == expected, filter_
    office.post(f"{FEEDBACK}/{message['id']}/corrections", None, 201, kinds=["nepotisme_konflik"])
    assert [case["id"] for case in office.get(CASES, kind="nepotisme_konflik")["items"]] == [road]
    assert office.get(CASES, kind="kecurangan_pengadaan")["items"] == []


def test_pages_meet_each_case_once_in_either_order(office: Office) -> None:
    ids = [office.open_case(text) for text in (BRIBE, HEARSAY, TOLD_FULLY, BRIBE)]
    ids.append(office.open_case(SECRET, visibility="rahasia"))

    def met(order: str) -> list[str]:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while len(found) <= len(ids):
            page = office.get(CASES, order=order, limit=2, **cursor)
            found += [case["id"] for case in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        return found

    assert met("terbaru") == ids[::-1]
    # equal messages: the later first; band 3 before band 2 before a rahasia message without a sign
    risk = {case["id"]: (case["band"]["code"], case["integrity_risk"]) for case in office.get(CASES)["items"]}
    assert met("risiko") == sorted(ids, key=lambda id_: (*risk[id_], id_), reverse=True)
    assert [risk[id_][0] for id_ in met("risiko")] == ["3", "3", "3", "2", "0"]


def test_an_unknown_case_or_cursor_is_not_found(one_office: Office) -> None:
    for place in (f"{CASES}/{'0' * 26}", f"{CASES}?cursor={'0' * 26}", f"{CASES}/{'0' * 26}/events"):
        assert_problem(one_office.client.get(place, headers=one_office.inspector), 404, "perkara_tidak_ada")


# ------------------------------------------------------------------------------------------------ working on a case
def test_a_case_goes_its_way_and_every_step_stays(office: Office) -> None:
    case = office.open_case()
    url = f"{CASES}/{case}"
    office.post(f"{url}/notes", None, 201, note=f"Pelapor lain menelepon dari {PHONE}.")
    office.post(f"{url}/state", state="diperiksa")
    office.post(f"{url}/state", state="menunggu_info", reason="Menunggu jawaban loket.")
    decided = office.post(f"{url}/decision", decision="diteruskan", recipient="Inspektorat Kota", reason=REASON)
    assert (decided["state"], decided["decision"], decided["forwarded_to"]) == ("diputus", "diteruskan", "Inspektorat Kota")
    assert decided["decided_at"] is not None
    revised = office.post(f"{url}/state", state="diperiksa", reason="Ada keterangan baru.")
    assert (revised["decision"], revised["forwarded_to"], revised["decided_at"]) == (None, None, None)
    closed = office.post(f"{url}/decision", decision="ditutup", reason="Keterangan tidak dapat dilengkapi.")
    steps = [(e["kind"], e["state"], e["decision"], e["recipient"], e["note"]) for e in closed["events"][::-1]]
    assert steps == [
        ("dibuka", "baru", None, None, None),
        ("catatan", None, None, None, "Pelapor lain menelepon dari [TELP]."),
        ("status", "diperiksa", None, None, None),
        ("status", "menunggu_info", None, None, "Menunggu jawaban loket."),
        ("putusan", "diputus", "diteruskan", "Inspektorat Kota", REASON),
        ("dibuka_kembali", "diperiksa", None, None, "Ada keterangan baru."),
        ("putusan", "diputus", "ditutup", None, "Keterangan tidak dapat dilengkapi."),
    ]
    with office.app.state.sessions() as session:
        assert verify(session, office.app.state.desk.vault)[1] is None
    actions = [event["action"] for event in office.audited() if event["object_type"] == "case"]
    assert actions[::-1] == ["case.noted", "case.state", "case.state", "case.decided", "case.reopened", "case.decided"]


def test_events_come_in_pages(office: Office) -> None:
    case = office.open_case()
    for n in range(24):
        office.post(f"{CASES}/{case}/notes", None, 201, note=f"catatan ke-{n}")
    first = office.get(f"{CASES}/{case}/events", limit=20)
    rest = office.get(f"{CASES}/{case}/events", limit=20, cursor=first["next_cursor"])
    assert [event["note"] for event in first["items"] + rest["items"]] == [*(f"catatan ke-{n}" for n in range(23, -1, -1)), None]
    assert rest["next_cursor"] is None
    assert office.get(f"{CASES}/{case}")["events"] == first["items"]


@pytest.mark.parametrize("start", FOLLOWS)
def test_only_states_that_follow_are_reached(one_office: Office, start: str) -> None:
    url = f"{CASES}/{one_office.open_case()}"
    if start == "diputus":
        one_office.post(f"{url}/decision", decision="terverifikasi", reason=REASON)
    elif start != "baru":
        one_office.post(f"{url}/state", state=start)
    for wanted in ("diperiksa", "menunggu_info"):
        if wanted not in FOLLOWS[start]:  # type: ignore[index]
            response = one_office.client.post(f"{url}/state", json={"state": wanted}, headers=one_office.inspector)
            assert_problem(response, 409, "status_tidak_sesuai")
    response = one_office.client.post(
        f"{url}/decision", json={"decision": "ditutup", "reason": REASON}, headers=one_office.inspector
    )
    assert response.status_code == (409 if start == "diputus" else 200)


def test_a_decision_needs_its_words_and_a_revision_its_reason(one_office: Office) -> None:
    url = f"{CASES}/{one_office.open_case()}"
    for body in (
        {"decision": "ditutup"},
        {"decision": "ditutup", "reason": "   "},
        {"decision": "diteruskan", "reason": REASON},
        {"decision": "ditutup", "reason": REASON, "recipient": "KPK"},
        {"decision": "bersalah", "reason": REASON},
    ):
        assert_problem(one_office.client.post(f"{url}/decision", json=body, headers=one_office.inspector), 422)
    for body in ({"state": "baru"}, {"state": "diputus"}):
        assert_problem(one_office.client.post(f"{url}/state", json=body, headers=one_office.inspector), 422)
    one_office.post(f"{url}/decision", decision="ditutup", reason=REASON)
    response = one_office.client.post(f"{url}/state", json={"state": "diperiksa"}, headers=one_office.inspector)
    assert_problem(response, 422, "alasan_perlu")
    assert one_office.get(url)["decision"] == "ditutup"


def test_what_is_no_matter_of_integrity_goes_back_to_the_desk_with_a_suggested_unit(office: Office) -> None:
    message = office.send(BRIBE)
    case = office.case_of(message)
    assert office.post(f"{CASES}/{case}/decision", decision="bukan_integritas", reason=REASON)["at_the_desk"]
    seen = office.get(f"{FEEDBACK}/{message['id']}", office.desk)
    assert (seen["restricted"], seen["masked_text"], seen["state"]) == (False, BRIBE, "diterima")
    assert (seen["routing"]["band"], seen["routing"]["suggestions"][0]["unit"]) == ("suggest", "dukcapil")
    office.post(f"{FEEDBACK}/{message['id']}/dispositions", office.desk, 201, unit="dukcapil", reason=REASON)
    # revised: the room takes it back
    office.post(f"{CASES}/{case}/state", state="diperiksa", reason="Ada keterangan baru.")
    assert office.get(f"{FEEDBACK}/{message['id']}", office.desk)["masked_text"] is None


def test_a_desk_may_raise_again_what_was_given_back(office: Office) -> None:
    message = office.send(BRIBE)
    case = office.case_of(message)
    office.post(f"{CASES}/{case}/decision", decision="bukan_integritas", reason=REASON)
    office.post(f"{FEEDBACK}/{message['id']}/corrections", office.desk, 201, band="3")
    again = office.get(f"{CASES}/{case}")
    assert (again["state"], again["decision"], again["at_the_desk"]) == ("baru", None, False)
    assert [(e["kind"], e["by"]) for e in again["events"][:2]] == [("dibuka_kembali", "loket"), ("putusan", "inspektorat")]


def test_no_other_decision_gives_a_message_back_and_a_rahasia_one_never_goes(office: Office) -> None:
    for decision in ("terverifikasi", "ditutup", "diteruskan"):
        message = office.send(BRIBE)
        more = {"recipient": "Ombudsman"} if decision == "diteruskan" else {}
        office.post(f"{CASES}/{office.case_of(message)}/decision", decision=decision, reason=REASON, **more)
        assert office.get(f"{FEEDBACK}/{message['id']}", office.desk)["masked_text"] is None
        assert office.get(f"{FEEDBACK}/{message['id']}", office.desk)["state"] == "diterima"
    secret = office.send(SECRET, visibility="rahasia")
    case = office.post(f"{CASES}/{office.case_of(secret)}/decision", decision="bukan_integritas", reason=REASON)
    assert case["at_the_desk"] is False
    response = office.client.get(f"{FEEDBACK}/{secret['id']}", headers=office.desk)
    assert_problem(response, 404, "pesan_tidak_ada")


def test_nothing_says_that_somebody_is_guilty(one_office: Office) -> None:
    document = one_office.client.get("/openapi.json").text.lower()
    assert not [word for word in UNGUILTY if word in document.replace(NOTICE.lower(), "")]


# ------------------------------------------------------------------------------------------------ original words
@pytest.mark.parametrize("door", ["case", "feedback"])
def test_either_door_to_the_original_is_written_down_in_the_case_and_in_the_audit_trail(office: Office, door: str) -> None:
    words = f"{BRIBE}, hubungi {PHONE}"
    message = office.send(words)
    case = office.case_of(message)
    place = f"{CASES}/{case}/original" if door == "case" else f"{FEEDBACK}/{message['id']}/original"
    assert office.post(place, reason=f"Perlu menelepon {PHONE}.") == {"text": words}
    event = office.get(f"{CASES}/{case}")["events"][0]
    assert (event["kind"], event["note"], event["by"]) == ("teks_asli", "Perlu menelepon [TELP].", "inspektorat")
    assert office.audited()[0]["action"] == "original.opened"
    assert_problem(office.client.post(place, json={}, headers=office.inspector), 422)


# ------------------------------------------------------------------------------------------------ export
def test_an_export_holds_the_allowed_fields_and_nothing_else(office: Office) -> None:
    moment = "2026-11-20T23:47:11+07:00"
    fields = {"received_at": moment, "channel": "whatsapp", "external_id": "WA-4711", "district": "Damar Barat"}
    message = office.send(f"{BRIBE}, NIK {NIK}", **fields, reporter={"name": "Sri Rejeki", "contact": PHONE})
    case = office.case_of(message)
    secret = office.open_case(SECRET, visibility="rahasia", district="Desa Kecil", received_at=moment)
    office.post(f"{CASES}/{case}/decision", decision="diteruskan", recipient="Inspektorat", reason=REASON)
    wanted = {"cases": [secret, case, secret], "recipient": "Inspektorat Kota", "purpose": REASON}
    table = office.client.post(f"{CASES}/export", json=wanted, headers=office.inspector)
    assert table.status_code == 200
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"].startswith('attachment; filename="perkara-')
    rows = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    whole = office.post(f"{CASES}/export", **wanted, format="json")
    assert set(rows[0]) == set(whole["perkara"][0]) == set(ExportRow.model_fields)
    assert [row["referensi"] for row in rows] == [secret[10:], case[10:]]
    assert rows[1] == {
        "referensi": case[10:],
        "tanggal_terima": "2026-11-20",
        "topik": "Kependudukan",
        "jenis": "Pungutan liar dan pemerasan",
        "tingkat": "Dugaan kuat",
        "teks": f"{BRIBE}, NIK [NIK]",
        "kata_petunjuk": rows[1]["kata_petunjuk"],
        "wilayah": "Damar Barat",
        "unit": "",
        "penanganan": "Biasa",
        "status": "Sudah diputus",
        "putusan": "Diteruskan untuk diperiksa lebih lanjut",
        "tanggal_putusan": str(office.app.state.desk.calendar.day_of(datetime.now(UTC))),
    }
    assert "perbuatan: memeras" in rows[1]["kata_petunjuk"]
    assert (rows[0]["wilayah"], rows[0]["penanganan"], rows[0]["teks"]) == ("", "Rahasia", SECRET)
    assert (whole["penerima"], whole["tujuan"], whole["keterangan"]) == ("Inspektorat Kota", REASON, NOTICE)
    unsaid = ("WA-4711", "whatsapp", message["receipt"], message["id"], case, "Sri", PHONE, NIK, "23:47", "16:47", "inspektorat")
    assert not [part for part in unsaid if part in table.text or part in str(whole)]


def test_an_export_is_written_down_with_its_cases_and_recipient(office: Office) -> None:
    case, other = office.open_case(), office.open_case(HEARSAY)
    office.post(f"{CASES}/export", cases=[case], recipient="KPK", purpose=REASON, format="json")
    event = office.get(f"{CASES}/{case}")["events"][0]
    assert (event["kind"], event["recipient"], event["note"]) == ("diekspor", "KPK", REASON)
    assert [e["kind"] for e in office.get(f"{CASES}/{other}")["events"]] == ["dibuka"]
    with office.app.state.sessions() as session:
        [(stored, _)] = page(session, None, 10, "case.exported")
    assert f'"cases": ["{case}"]' in stored.details and '"recipient": "KPK"' in stored.details


def test_an_export_with_an_unknown_case_exports_nothing(one_office: Office) -> None:
    case = one_office.open_case()
    wanted = {"cases": [case, "0" * 26], "recipient": "KPK", "purpose": REASON}
    response = one_office.client.post(f"{CASES}/export", json=wanted, headers=one_office.inspector)
    assert_problem(response, 404, "perkara_tidak_ada")
    assert [e["kind"] for e in one_office.get(f"{CASES}/{case}")["events"]] == ["dibuka"]
    for cases in ([], [case] * 201, ["' OR 1=1"]):
        response = one_office.client.post(f"{CASES}/export", json=wanted | {"cases": cases}, headers=one_office.inspector)
        assert_problem(response, 422, "isi_tidak_sah")


@pytest.mark.parametrize("start", ["=1+1", "+62", "-2", "@SUM(A1)", "\tx", "\r=1", "  =1", "＝1"])
def test_a_cell_like_a_formula_is_defused(start: str) -> None:
    assert safe_cell(start) == f"'{start}"


@given(texts(max_size=20))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = safe_cell(text)
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == text.removeprefix("'") or cell == text


def test_a_message_like_a_formula_stays_text_in_a_spreadsheet(one_office: Office) -> None:
    case = one_office.open_case(f"- {BRIBE}")
    wanted = {"cases": [case], "recipient": "KPK", "purpose": REASON}
    table = one_office.client.post(f"{CASES}/export", json=wanted, headers=one_office.inspector).text
    [row] = csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))
    assert row["teks"] == f"'- {BRIBE}"


# ------------------------------------------------------------------------------------------------ counts
def test_counts_by_state_kind_and_age_in_working_days(office: Office) -> None:
    # Monday 2 March 2026; opened on Thursday 26 February (2 working days), Monday 23 (5), and on 2 February (20 less holidays)
    calendar = office.app.state.desk.calendar
    today = date(2026, 3, 2)
    ages = [calendar.working_days_since(day, today) for day in (date(2026, 2, 26), date(2026, 2, 23), date(2026, 2, 2))]
    assert ages[:2] == [2, 5] and 14 < ages[2] <= 20
    for day, text in (("2026-02-02", BRIBE), ("2026-02-23", HEARSAY), ("2026-02-26", TOLD_FULLY), ("2026-02-26", BRIBE)):
        with time_machine.travel(f"{day}T10:00:00+07:00", tick=False):
            case = office.open_case(text)
    with time_machine.travel("2026-03-02T08:00:00+07:00", tick=False):
        office.post(f"{CASES}/{case}/decision", decision="ditutup", reason=REASON)
        summary = office.get(f"{CASES}/summary")
        shown = [item["age_working_days"] for item in office.get(CASES)["items"]]
    assert shown == [2, 2, 5, ages[2]]
    assert summary["n_undecided"] == 3
    assert summary["by_state"] == {"baru": 3, "diputus": 1} and summary["by_decision"] == {"ditutup": 1}
    assert {code: n for code, n in summary["by_kind"].items() if n} == {"pungli_pemerasan": 2, "suap_percaloan": 1}
    assert [(a["from_working_days"], a["to_working_days"], a["n"]) for a in summary["by_age"]] == [
        (0, 3, 1),
        (4, 14, 1),
        (15, 60, 1),
        (61, None, 0),
    ]


def test_working_days_backwards_mirror_working_days_forwards() -> None:
    calendar = WorkCalendar("Asia/Jakarta")
    friday, monday = date(2026, 3, 6), date(2026, 3, 9)
    assert calendar.working_days_since(friday, monday) == 1
    assert calendar.day_before(monday, 0) == monday
    assert calendar.day_before(monday, 1) == friday
    for n_days in range(1, 90):
        day = calendar.day_before(monday, n_days)
        assert calendar.working_days_since(day, monday) == n_days
        assert calendar.is_working_day(day)


# ------------------------------------------------------------------------------------------------ who may
def test_view_and_mark_are_rights_of_their_own(one_office: Office) -> None:
    case = one_office.open_case()
    url = f"{CASES}/{case}"
    viewer = key_with(one_office, Right.CASE_VIEW)
    assert one_office.get(url, viewer)["id"] == case and one_office.get(CASES, viewer)["items"]
    writes = {
        "notes": {"note": "x"},
        "state": {"state": "diperiksa"},
        "decision": {"decision": "ditutup", "reason": REASON},
        "original": {"reason": REASON},
        "reporter-requests": {"reason": REASON},
    }
    for name, body in writes.items():
        assert_problem(one_office.client.post(f"{url}/{name}", json=body, headers=viewer), 403, "tidak_berhak")
    # a right without that to view opens nothing
    for right in sorted(RIGHTS_OF_ROLE["integrity"] - {Right.CASE_VIEW}):
        blind = key_with(one_office, right)
        assert_problem(one_office.client.get(url, headers=blind), 403, "tidak_berhak")
        for name, body in writes.items():
            assert_problem(one_office.client.post(f"{url}/{name}", json=body, headers=blind), 403, "tidak_berhak")
    marker = key_with(one_office, Right.CASE_VIEW, Right.CASE_MARK)
    assert one_office.post(f"{url}/notes", marker, 201, note="dicek")["events"][0]["kind"] == "catatan"
    assert_problem(one_office.client.post(f"{url}/original", json={"reason": REASON}, headers=marker), 403, "tidak_berhak")


def test_somebody_limited_to_a_unit_sees_its_cases_and_neither_ends_nor_unseals_them(office: Office) -> None:
    message = office.send(ROAD)
    office.post(f"{FEEDBACK}/{message['id']}/dispositions", office.desk, 201, unit="dinas_pu", reason=REASON)
    office.post(f"{FEEDBACK}/{message['id']}/corrections", office.desk, 201, band="3")
    case, unheld = office.case_of(message), office.open_case(SECRET, visibility="rahasia")
    own, other = key_with(office, units=("dinas_pu",)), key_with(office, units=("dukcapil",))
    assert [item["id"] for item in office.get(CASES, own)["items"]] == [case]
    assert office.get(CASES, other)["items"] == [] and office.get(f"{CASES}/summary", other)["n_undecided"] == 0
    assert office.get(f"{CASES}/summary", own)["n_undecided"] == 1
    url = f"{CASES}/{case}"
    office.post(f"{url}/notes", own, 201, note="Berkas disiapkan.")
    office.post(f"{url}/state", own, state="diperiksa")
    for place, body in (
        (f"{url}/decision", {"decision": "ditutup", "reason": REASON}),
        (f"{url}/original", {"reason": REASON}),
        (f"{FEEDBACK}/{message['id']}/original", {"reason": REASON}),
        (f"{url}/reporter-requests", {"reason": REASON}),
        (f"{CASES}/export", {"cases": [case], "recipient": "KPK", "purpose": REASON}),
        # nor by the doors of messages: a lower band, another unit, a message that is done
        (f"{FEEDBACK}/{message['id']}/corrections", {"band": "0"}),
        (f"{FEEDBACK}/{message['id']}/dispositions", {"unit": "dukcapil", "reason": REASON}),
        (f"{FEEDBACK}/{message['id']}/state", {"state": "selesai"}),
    ):
        assert_problem(office.client.post(place, json=body, headers=own), 403, "tidak_untuk_satu_unit")
    for who, hidden in ((own, unheld), (other, case)):
        assert_problem(office.client.get(f"{CASES}/{hidden}", headers=who), 404, "perkara_tidak_ada")
        assert_problem(office.client.get(f"{CASES}/{'0' * 26}", headers=who), 404, "perkara_tidak_ada")
        answer = office.client.post(f"{CASES}/{hidden}/notes", json={"note": "x"}, headers=who)
        assert_problem(answer, 404, "perkara_tidak_ada")
    office.post(f"{url}/decision", decision="terverifikasi", reason=REASON)
    answer = office.client.post(f"{url}/state", json={"state": "diperiksa", "reason": REASON}, headers=own)
    assert_problem(answer, 403, "tidak_untuk_satu_unit")
