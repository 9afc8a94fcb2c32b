"""Where messages go: which rule is taken, what a closed unit gets, when an answer is due."""

from typing import Any

import pytest
import time_machine
from starlette.testclient import TestClient

from api.routing.rulebook import mentions
from tests.api.integrity_room import FEEDBACK, REASON, Office, open_office
from tests.api.messages import FAMILY_CARD, ROAD, WASTE, WATER, assert_problem


@pytest.fixture
def office(both: TestClient) -> Office:
    return open_office(both)


def rule(office: Office, unit: str, **conditions: Any) -> int:
    return int(office.post("/api/v1/rules", office.admin, 201, unit=unit, **conditions)["id"])


def routed(office: Office, text: str, **fields: Any) -> tuple[str, str | None, str]:
    routing = office.send(text, **fields)["routing"]
    return routing["band"], routing["unit"], routing["reason"]


@pytest.mark.parametrize(
    ("keyword", "words", "is_there"),
    [
        ("Air", "air keruh", True),
        ("air", "sejak pagi airnya keruh", True),
        ("air", "keruh (air)", True),
        ("air", "bantuan belum cair", False),  # letters of another word are no word
        ("air", "airin belum datang", False),
        ("e-ktp", "kapan e-ktp jadi", True),
        ("ktp", "kapan e-ktp jadi", True),
        ("kartu keluarga", "kartu\n keluarga belum jadi", True),
        ("kartu keluarga", "keluarga kami belum dapat kartu", False),
        ("c++ (?", "kursus c++ (? kapan", True),  # nothing of it is a pattern
    ],
)
def test_a_keyword_is_a_word_of_the_message(keyword: str, words: str, is_there: bool) -> None:
    assert mentions(words, keyword) is is_there


def test_a_keyword_does_not_send_a_message_by_letters_of_another_word(office: Office) -> None:
    assert "warga setempat" in FAMILY_CARD
    rule(office, "dinas_pu", keyword="tempat", position=1)
    assert routed(office, FAMILY_CARD)[:2] == ("auto", "dukcapil")
    rule(office, "dinas_pu", keyword="Warga", position=2)
    band, unit, reason = routed(office, f"{FAMILY_CARD} lagi")
    assert (band, unit) == ("auto", "dinas_pu") and "kata Warga" in reason


def test_the_smallest_position_wins_and_among_equals_the_older_rule(office: Office) -> None:
    first, second = rule(office, "dinas_pu", topic="jalan"), rule(office, "dukcapil", topic="jalan")
    assert routed(office, ROAD)[1] == "dinas_pu"
    change = {"position": 5}
    assert office.client.patch(f"/api/v1/rules/{second}", json=change, headers=office.admin).status_code == 200
    assert routed(office, f"{ROAD} sekali")[1] == "dukcapil"
    assert office.client.patch(f"/api/v1/rules/{first}", json=change, headers=office.admin).status_code == 200
    assert routed(office, f"{ROAD} lagi")[1] == "dinas_pu"


def test_a_closed_unit_gets_nothing_by_rule_or_by_hand_until_it_opens_again(office: Office) -> None:
    rule(office, "dinas_pu", topic="sampah")
    rule(office, "dukcapil", topic="sampah", position=200)
    sent = office.send(WASTE)

    def switch(is_open: bool) -> None:
        answer = office.client.patch("/api/v1/units/dinas_pu", json={"is_active": is_open}, headers=office.admin)
        assert answer.status_code == 200

    switch(False)
    assert routed(office, f"{WASTE} sekali")[1] == "dukcapil"
    by_hand = office.client.post(
        f"{FEEDBACK}/{sent['id']}/dispositions", json={"unit": "dinas_pu", "reason": REASON}, headers=office.desk
    )
    assert_problem(by_hand, 422, "unit_tutup")
    assert office.get(f"{FEEDBACK}/{sent['id']}", office.desk)["routing"]["unit"] == "dinas_pu"  # what it has stays
    switch(True)
    assert routed(office, f"{WASTE} lagi")[1] == "dinas_pu"


@pytest.mark.parametrize(
    ("received_at", "deadline_on"),
    [
        ("2026-12-23T10:00:00+07:00", "2027-01-04"),  # 24 joint leave, 25 Christmas, 1 January New Year's Day
        ("2026-03-17T10:00:00+07:00", "2026-03-31"),  # joint leave, Nyepi and Idulfitri
        ("2026-03-16T23:30:00+00:00", "2026-03-31"),  # which is the 17th at the office
        ("2026-11-21T10:00:00+07:00", "2026-11-27"),  # a Saturday
    ],
)
def test_a_deadline_counts_working_days_of_the_office(office: Office, received_at: str, deadline_on: str) -> None:
    rule(office, "dinas_pu", topic="jalan", working_days=5)
    with time_machine.travel("2027-02-01", tick=True):
        assert office.send(ROAD, received_at=received_at)["routing"]["deadline_on"] == deadline_on


def test_a_citizen_waits_since_the_receipt_whoever_has_the_message_and_when(office: Office) -> None:
    # a Tuesday; the standard for water is 14 working days
    received = {"received_at": "2026-11-03T10:00:00+07:00"}
    with time_machine.travel("2026-11-26T09:00:00+07:00", tick=True):
        waiting = office.send(WATER, **received)
        assert (waiting["routing"]["unit"], waiting["routing"]["deadline_on"]) == (None, "2026-11-23")
        assert office.get(f"/api/v1/track/{waiting['receipt']}", office.desk)["deadline_on"] == "2026-11-23"
        late = office.get(f"{FEEDBACK}?overdue=true", office.desk)["items"]
        assert [item["id"] for item in late] == [waiting["id"]]
        url = f"{FEEDBACK}/{waiting['id']}"
        sent = office.post(f"{url}/dispositions", None, 201, unit="dinas_pu", reason=REASON)
        assert sent["routing"]["deadline_on"] == "2026-11-23"  # late already, and told so
        sent = office.post(f"{url}/dispositions", None, 201, unit="dinas_pu", reason=REASON, deadline_on="2026-11-30")
        assert sent["routing"]["deadline_on"] == "2026-11-30"
        again = office.post(f"{url}/dispositions", None, 201, unit="dukcapil", reason=REASON)
        assert again["routing"]["deadline_on"] == "2026-11-23"


def test_a_corrected_topic_has_its_own_standard_where_no_unit_has_the_message(office: Office) -> None:
    with time_machine.travel("2026-11-04T09:00:00+07:00", tick=True):
        waiting = office.send(WATER, received_at="2026-11-03T10:00:00+07:00")
        corrected = office.post(f"{FEEDBACK}/{waiting['id']}/corrections", None, 201, topic="kebencanaan")
    assert (corrected["routing"]["unit"], corrected["routing"]["deadline_on"]) == (None, "2026-11-10")
