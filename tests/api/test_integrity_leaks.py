"""What somebody outside the integrity unit could learn of a case, tried as somebody who wants to know would."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.accounts.permissions import Right
from api.feedback.repository import get
from tests.api.conftest import make_key
from tests.api.integrity_room import CASES, FEEDBACK, REASON, SECRET, Office, key_with, open_office
from tests.api.messages import BRIBE, PHONE, ROAD, assert_problem

UNKNOWN = "0" * 26
SHOWN = {"id", "receipt", "state", "restricted", "visibility", "received_at", "created_at", "closed_at", "topic", "assessment"}


@pytest.fixture
def office(both: TestClient) -> Office:
    return open_office(both)


def filled(answer: dict[str, Any]) -> set[str]:
    """Names of the fields that say something."""
    return {name for name, value in answer.items() if value not in (None, [], "")}


# ------------------------------------------------------------------------------------------------ a message with a case
def test_others_see_that_a_message_is_there_its_topic_and_how_far_it_is(office: Office) -> None:
    office.post("/api/v1/rules", office.admin, 201, unit="dukcapil", keyword="memeras", position=1)
    fields = {"channel": "whatsapp", "external_id": "WA-1", "district": "Damar Barat"}
    created = office.send(BRIBE, **fields)
    office.post(f"{FEEDBACK}/{created['id']}/dispositions", None, 201, unit="dinas_pu", reason="Menyangkut orang dalam.")
    office.post(f"{FEEDBACK}/{created['id']}/corrections", None, 201, sentiment="netral", note="Perlu diperiksa.")
    for who in office.outsiders.values():
        seen = office.get(f"{FEEDBACK}/{created['id']}", who)
        assert filled(seen) <= SHOWN
        assert (seen["topic"], seen["restricted"], seen["routing"]) == ("kependudukan", True, None)
        assert filled(seen["assessment"]) == {"topic", "decision", "model"}
        assert seen["assessment"]["decision"] == "manual"
        [listed] = office.get(FEEDBACK, who)["items"]
        assert listed == {name: seen[name] for name in listed}
        text = str(seen) + str(listed)
        assert not [
            w for w in ("memeras", "dinas_pu", "dukcapil", "orang dalam", "diperiksa", "inspektorat", "WA-1") if w in text
        ]
    assert filled(created) <= SHOWN


def test_a_filter_on_something_hidden_finds_no_message_with_a_case(office: Office) -> None:
    message = office.send(BRIBE, channel="sms", district="Damar Barat", received_at="2026-03-02T09:00:00+07:00")
    shown = {"topic": "kependudukan", "state": "diteruskan", "since": "2026-03-02T00:00:00+07:00"}
    office.post(f"{FEEDBACK}/{message['id']}/dispositions", None, 201, unit="dinas_pu", reason=REASON, deadline_on="2026-03-03")
    whole = office.get(f"{FEEDBACK}/{message['id']}")
    hidden = {
        "q": "memeras",
        "aspect": whole["aspect"],
        "sentiment": whole["sentiment"],
        "urgency": whole["urgency"],
        "district": "Damar Barat",
        "unit": "dinas_pu",
        "overdue": True,
    }
    for name, value in (shown | hidden).items():
        assert len(office.get(FEEDBACK, **{name: value})["items"]) == 1, name
        for who in office.outsiders.values():
            assert len(office.get(FEEDBACK, who, **{name: value})["items"]) == (name in shown), name
    for name, other in {"unit": "dukcapil", "overdue": False, "district": "Damar Timur"}.items():
        assert office.get(FEEDBACK, office.desk, **{name: other})["items"] == []  # nor by what it does not fit


def test_others_neither_work_on_a_message_with_a_case_nor_open_it(office: Office) -> None:
    message = office.send(BRIBE)
    url = f"{FEEDBACK}/{message['id']}"
    for name, body in {
        "corrections": {"topic": "jalan"},
        "dispositions": {"unit": "dinas_pu", "reason": REASON},
        "state": {"state": "selesai"},
        "original": {"reason": REASON},
    }.items():
        assert_problem(office.client.post(f"{url}/{name}", json=body, headers=office.desk), 403, "unit_integritas_saja")
    # a right to originals of cases alone is no right to read cases
    blind = key_with(office, Right.READ, Right.CASE_ORIGINAL)
    assert_problem(office.client.post(f"{url}/original", json={"reason": REASON}, headers=blind), 403, "unit_integritas_saja")


def test_links_do_not_lead_to_a_message_with_a_case(office: Office) -> None:
    plain = "cetak ktp tertunda, kecewa sekali kami, sudah dua minggu menunggu, warga setempat melapor"
    first = office.send(plain, district="Damar Barat")
    second = office.send(f"{plain} lagi", district="Damar Barat")
    third = office.send(f"{plain} juga", district="Damar Barat")
    assert {s["id"] for s in office.get(f"{FEEDBACK}/{first['id']}", office.desk)["similar"]} == {second["id"], third["id"]}
    office.post(f"{FEEDBACK}/{second['id']}/corrections", office.desk, 201, band="2")
    for who in office.outsiders.values():
        assert [s["id"] for s in office.get(f"{FEEDBACK}/{first['id']}", who)["similar"]] == [third["id"]]
    assert len(office.get(f"{FEEDBACK}/{first['id']}")["similar"]) == 2


def test_what_the_unit_wrote_stays_there_when_the_message_goes_back(office: Office) -> None:
    message = office.send(ROAD)
    url = f"{FEEDBACK}/{message['id']}"
    office.post(f"{url}/dispositions", office.desk, 201, unit="dinas_pu", reason="Jalan kota.")
    office.post(f"{url}/corrections", office.desk, 201, topic="sampah", note="Truk sampah.")
    office.post(f"{url}/corrections", office.desk, 201, band="2", note="Dengar-dengar ada pungutan.")
    case = f"{CASES}/{office.case_of(message)}"
    office.post(f"{url}/corrections", None, 201, topic="jalan", note="Keterangan saksi.")
    office.post(f"{url}/dispositions", None, 201, unit="dukcapil", reason="Menyangkut orang dinas.")
    office.post(f"{case}/decision", decision="bukan_integritas", reason="Kuitansi ada.")
    office.post(f"{case}/state", state="diperiksa", reason="Ada saksi lain.")
    office.post(f"{url}/corrections", None, 201, urgency="tinggi", note="Keterangan kedua.")
    office.post(f"{case}/decision", decision="bukan_integritas", reason="Kuitansi sah.")
    office.post(f"{url}/corrections", office.desk, 201, aspect="sarana", note="Alat rusak.")
    seen = office.get(url, office.desk)
    assert seen["topic"] == "jalan"
    assert [c["note"] for c in seen["corrections"]] == ["Truk sampah.", "Alat rusak."]
    steps = [(d["unit"], d["reason"], d["by"]) for d in seen["dispositions"]]
    assert steps == [
        ("dinas_pu", "Jalan kota.", "loket"),
        ("dukcapil", "Ditetapkan saat pesan dilihat unit integritas.", "Unit integritas"),
    ]
    whole = office.get(url)
    assert len(whole["corrections"]) == 5 and whole["dispositions"][1]["reason"] == "Menyangkut orang dinas."


def test_what_is_done_in_a_case_changes_nothing_that_others_or_a_citizen_see(office: Office) -> None:
    message = office.send(BRIBE)
    case = f"{CASES}/{office.case_of(message)}"

    def seen() -> list[Any]:
        answers = [office.get(f"{FEEDBACK}/{message['id']}", who) for who in office.outsiders.values()]
        lists = [office.get(FEEDBACK, who) for who in office.outsiders.values()]
        return [*answers, *lists, office.client.get(f"/api/v1/track/{message['receipt']}").json()]

    before = seen()
    office.post(f"{case}/notes", None, 201, note="dicek")
    assert seen() == before
    for state in ("diperiksa", "menunggu_info"):
        office.post(f"{case}/state", state=state)
        assert seen() == before
    for decision, more in (("diteruskan", {"recipient": "KPK"}), ("terverifikasi", {}), ("ditutup", {})):
        office.post(f"{case}/decision", decision=decision, reason=REASON, **more)
        assert seen() == before
        office.post(f"{case}/state", state="diperiksa", reason=REASON)
        assert seen() == before


def test_no_report_names_a_message_with_a_case(office: Office) -> None:
    """Its unit, aspect and deadline stand beside its number in the lists of reports."""
    shown, hidden = ([office.send(f"{words} nomor {n}")["id"] for n in range(6)] for words in (ROAD, BRIBE))
    for id_ in (*hidden, *shown):
        url = f"{FEEDBACK}/{id_}"
        office.post(f"{url}/dispositions", None, 201, unit="dinas_pu", reason=REASON, deadline_on="2099-03-03")
        # not what a flag rests on, but what the unit's work on the case comes to
        office.post(f"{url}/corrections", None, 201, aspect="perilaku", sentiment="negatif", band="0")
    for name, table in (("standards", "terlama"), ("people", "pelatihan")):
        for who in office.outsiders.values():
            answer = office.get(f"/api/v1/reports/{name}", who, until="2999-12-31")
            listed = str(answer["tables"][table])
            assert [id_ for id_ in shown if id_ in listed] and not [id_ for id_ in hidden if id_ in str(answer)]


# ------------------------------------------------------------------------------------------------ a rahasia message
def test_a_rahasia_message_is_for_others_as_if_it_were_not_there(office: Office) -> None:
    plain = office.send(ROAD, district="Damar Barat")
    secret = office.send(SECRET, visibility="rahasia", district="Damar Barat")
    for who in office.outsiders.values():
        page = office.get(FEEDBACK, who, limit=1)
        assert ([item["id"] for item in page["items"]], page["next_cursor"]) == ([plain["id"]], None)
        for filter_ in ({"topic": "kependudukan"}, {"q": "dirahasiakan"}, {"district": "Damar Barat", "topic": "kependudukan"}):
            assert office.get(FEEDBACK, who, **filter_) == {"items": [], "next_cursor": None}
        for method, place, body in (
            ("GET", "", None),
            ("POST", "/corrections", {"topic": "jalan"}),
            ("POST", "/dispositions", {"unit": "dinas_pu", "reason": REASON}),
            ("POST", "/state", {"state": "selesai"}),
            ("POST", "/original", {"reason": REASON}),
        ):
            answers = [
                office.client.request(method, f"{FEEDBACK}/{id_}{place}", json=body, headers=who)
                for id_ in (secret["id"], UNKNOWN)
            ]
            assert answers[0].status_code == answers[1].status_code >= 403
            assert answers[0].text == answers[1].text
        answers = [office.client.get(FEEDBACK, params={"cursor": id_}, headers=who) for id_ in (secret["id"], UNKNOWN)]
        assert answers[0].status_code == answers[1].status_code == 404
        assert answers[0].text == answers[1].text


def test_whoever_took_in_a_rahasia_message_gets_its_receipt_and_no_more_then_or_later(office: Office) -> None:
    headers = office.desk | {"Idempotency-Key": "kirim-1"}
    secret = office.send(BRIBE, headers, visibility="rahasia", external_id="WA-9", channel="sms", district="Damar Barat")
    plain = office.send(SECRET, visibility="rahasia")
    assert filled(secret) == filled(plain) == {"id", "receipt", "state", "restricted", "visibility", "received_at", "created_at"}
    office.post(f"{FEEDBACK}/{secret['id']}/dispositions", None, 201, unit="dinas_pu", reason=REASON)
    office.post(f"{FEEDBACK}/{secret['id']}/state", state="selesai")
    body = {"text": BRIBE, "visibility": "rahasia", "external_id": "WA-9", "channel": "sms", "district": "Damar Barat"}
    again = office.client.post(FEEDBACK, json=body, headers=headers)
    assert (again.status_code, again.json()) == (200, secret)
    assert office.post(FEEDBACK, office.desk, text=ROAD, external_id="WA-9") == secret  # the sender's own number


def test_trying_numbers_finds_no_rahasia_message(office: Office) -> None:
    secret = office.send(BRIBE, visibility="rahasia", external_id="WA-9")
    other = make_key(office.app, "loket lain")
    for who in (other, office.admin):
        for visibility in ("rahasia", "publik"):
            tried = office.client.post(
                FEEDBACK, json={"text": ROAD, "external_id": "WA-9", "visibility": visibility}, headers=who
            )
            assert tried.json()["receipt"] != secret["receipt"]
    assert office.get(f"{FEEDBACK}/{secret['id']}")["external_id"] is None
    with office.app.state.sessions() as session:
        row = get(session, secret["id"])
        assert row is not None and row.external_id is not None and len(row.external_id) == 64


def test_a_rahasia_report_is_not_lost_behind_an_open_message_of_the_same_number(office: Office) -> None:
    open_one = office.send(ROAD, external_id="1")
    gateway = make_key(office.app, "gerbang wa")
    secret = office.send(BRIBE, gateway, external_id="1", visibility="rahasia")
    assert secret["id"] != open_one["id"] and secret["visibility"] == "rahasia"
    assert office.case_of(secret)
    body = {"text": BRIBE, "external_id": "1", "visibility": "rahasia"}
    assert office.post(FEEDBACK, gateway, 200, **body) == secret  # a repeat of it is one
    again = office.post(FEEDBACK, office.desk, 200, text=ROAD, external_id="1", visibility="rahasia")
    assert again["id"] == open_one["id"]  # so is a repeat of the open one, whatever it calls itself now


def test_a_limited_desk_learns_nothing_of_a_rahasia_message_sent_to_its_unit(office: Office) -> None:
    secret = office.send(BRIBE, visibility="rahasia")
    office.post(f"{FEEDBACK}/{secret['id']}/dispositions", None, 201, unit="dinas_pu", reason=REASON)
    own = make_key(office.app, "loket pu", units=("dinas_pu",))
    assert office.get(FEEDBACK, own)["items"] == []
    assert_problem(office.client.get(f"{FEEDBACK}/{secret['id']}", headers=own), 404, "pesan_tidak_ada")


# ------------------------------------------------------------------------------------------------ the room and its trail
def test_the_room_tells_others_nothing_of_which_cases_there_are(office: Office) -> None:
    case = office.open_case()
    request = office.post(f"{CASES}/{case}/reporter-requests", None, 201, reason=REASON)["id"]
    for name, who in office.outsiders.items():
        for method, place, body in (
            ("GET", "", None),
            ("GET", "/events", None),
            ("POST", "/notes", {"note": "x"}),
            ("POST", "/state", {"state": "diperiksa"}),
            ("POST", "/decision", {"decision": "ditutup", "reason": REASON}),
            ("POST", "/original", {"reason": REASON}),
            ("POST", "/reporter-requests", {"reason": REASON}),
            ("POST", f"/reporter-requests/{request}/answer", {"answer": "setuju"}),
            ("POST", f"/reporter-requests/{request}/open", None),
        ):
            answers = [
                office.client.request(method, f"{CASES}/{id_}{place}", json=body, headers=who) for id_ in (case, UNKNOWN, "x")
            ]
            assert {answer.status_code for answer in answers} == {403}, (name, place)
            assert len({answer.text for answer in answers}) == 1
        wanted = {"cases": [case], "recipient": "KPK", "purpose": REASON}
        assert_problem(office.client.post(f"{CASES}/export", json=wanted, headers=who), 403, "tidak_berhak")
        for place in ("", "/summary"):
            assert_problem(office.client.get(f"{CASES}{place}", headers=who), 403, "tidak_berhak")


def test_an_audit_reader_learns_who_did_what_and_not_about_which_case(office: Office) -> None:
    ordinary = office.send(ROAD)
    office.post(f"{FEEDBACK}/{ordinary['id']}/state", office.desk, state="ditangani")
    secret, flagged = office.send(SECRET, visibility="rahasia"), office.send(BRIBE)
    for message in (secret, flagged):
        case = office.case_of(message)
        office.post(f"{FEEDBACK}/{message['id']}/corrections", None, 201, topic="jalan")
        office.post(f"{FEEDBACK}/{message['id']}/dispositions", None, 201, unit="dinas_pu", reason=REASON)
        office.post(f"{CASES}/{case}/original", reason="Perlu nama loketnya.")
        office.post(f"{CASES}/{case}/state", state="diperiksa", reason="Ada saksi.")
        office.post(f"{CASES}/export", cases=[case], recipient="KPK", purpose=REASON, format="json")
    events = office.audited()
    actions = ["case.exported", "case.state", "original.opened", "feedback.disposed", "feedback.corrected"]
    assert [event["action"] for event in events[:11]] == [*actions, *actions, "feedback.state"]
    assert all((event["object_id"], event["details"]) == ("-", {}) for event in events[:10])
    assert {event["actor_name"] for event in events[:10]} == {"inspektorat"}
    assert (events[10]["object_id"], events[10]["details"]["now"]) == (ordinary["id"], "ditangani")
    # given back, the message is the desk's again; what was done with it in the room stays hidden
    office.post(f"{CASES}/{office.case_of(flagged)}/decision", decision="bukan_integritas", reason=REASON)
    assert all(event["object_id"] == "-" for event in office.audited()[:11])


def test_a_note_that_masking_lengthens_is_kept(office: Office) -> None:
    message = office.send(ROAD)
    long = ("a.n. X " * 70).strip()
    assert len(long) <= 500
    seen = office.post(f"{FEEDBACK}/{message['id']}/corrections", office.desk, 201, topic="jalan", note=long)
    assert len(seen["corrections"][0]["note"]) == 500 and "X" not in seen["corrections"][0]["note"]
    case = office.open_case(f"{BRIBE} {PHONE}")
    asked = office.post(f"{CASES}/{case}/reporter-requests", None, 201, reason=long[:400])
    assert len(asked["reason"]) == 500
