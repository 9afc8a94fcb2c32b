from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from starlette.testclient import TestClient

from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.app import create_app
from api.errors import ApiError
from api.rate_limits import MAX_ADDRESSES, RateLimits
from api.settings import Settings
from tests.api.conftest import make_account, make_key, serving, sign_in
from tests.api.messages import assert_problem, database_bytes

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
UNITS, TRACK = "/api/v1/units", "/api/v1/track/K7QF-2M9X-T4BD"


@contextmanager
def limited(settings: Settings, **limits: int) -> Iterator[TestClient]:
    with serving(create_app(settings.model_copy(update=limits))) as client:
        yield client


def caller(id_: int) -> Principal:
    return Principal("key", id_, "loket", "desk", frozenset(Right))


def is_refused(limits: RateLimits, address: str) -> bool:
    try:
        limits.count_address(address)
    except ApiError as error:
        return error.status == 429
    return False


def test_a_key_that_asks_too_often_waits_for_its_oldest_request_to_pass(settings: Settings) -> None:
    with limited(settings, rate_per_minute=3) as client, time_machine.travel(NOON, tick=False) as clock:
        first, second = make_key(client.app), make_key(client.app)
        for _ in range(3):
            assert client.get(UNITS, headers=first).status_code == 200
            clock.shift(timedelta(seconds=10))
        answer = client.get(UNITS, headers=first)  # 30 seconds after the first of three
        assert_problem(answer, 429, "terlalu_sering")
        assert answer.headers["retry-after"] == "30"
        assert client.get(UNITS, headers=second).status_code == 200
        clock.shift(timedelta(seconds=31))
        assert client.get(UNITS, headers=first).status_code == 200
        assert client.get(UNITS, headers=first).status_code == 429


def test_every_endpoint_counts_whether_the_caller_may_or_not(settings: Settings) -> None:
    with limited(settings, rate_per_minute=3) as client:
        headers = make_key(client.app, role="manager")
        asked = [("POST", "/api/v1/feedback"), ("GET", "/api/v1/audit"), ("GET", "/api/v1/session"), ("GET", UNITS)]
        answers = [client.request(method, path, headers=headers, json={"text": "jalan"}).status_code for method, path in asked]
    assert answers == [403, 403, 200, 429]


def test_an_account_counts_over_all_its_browsers(settings: Settings) -> None:
    with limited(settings, rate_per_minute=2) as client:
        make_account(client.app)
        answers = [sign_in(client.app).get(UNITS).status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_a_wrong_key_takes_nothing_from_anybody(settings: Settings) -> None:
    with limited(settings, rate_per_minute=1) as client:
        headers = make_key(client.app)
        wrong = {"X-API-Key": headers["X-API-Key"][:-1]}
        assert [client.get(UNITS, headers=wrong).status_code for _ in range(3)] == [401] * 3
        assert client.get(UNITS, headers=headers).status_code == 200


def test_tracking_and_signing_in_share_a_limit_by_address(settings: Settings) -> None:
    with limited(settings, public_rate_per_minute=3) as client:
        body = {"username": "siapa", "password": "bukan yang benar"}
        elsewhere = TestClient(client.app, client=("203.0.113.7", 5000))
        statuses = [client.get(TRACK).status_code, client.post("/api/v1/session", json=body).status_code]
        assert statuses == [404, 401]
        assert client.get(TRACK).status_code == 404
        answer = client.post("/api/v1/session", json=body)
        assert_problem(answer, 429, "terlalu_sering")
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert_problem(client.get(TRACK), 429, "terlalu_sering")
        assert elsewhere.get(TRACK).status_code == 404
        assert client.get("/healthz").status_code == 200


def test_an_address_is_in_no_log_and_no_database(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    address = "203.0.113.77"
    with limited(settings, public_rate_per_minute=1) as client:
        make_account(client.app)
        there = TestClient(client.app, client=(address, 5000))
        assert [there.get(TRACK).status_code for _ in range(2)] == [404, 429]
        assert address not in repr(vars(client.app.state.rate_limits._address_storage))
    assert "429" in (written := capfd.readouterr().err) and address not in written
    assert address.encode() not in database_bytes(settings.data_dir)


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("-", "testclient", False),
    ],
)
def test_an_ipv6_network_counts_as_one_caller(first: str, second: str, one: bool) -> None:
    limits = RateLimits(per_caller=10, per_address=1)
    assert not is_refused(limits, first)
    assert is_refused(limits, first)
    assert is_refused(limits, second) is one


def test_addresses_take_a_bounded_room() -> None:
    limits = RateLimits(per_caller=10, per_address=1)
    for i in range(MAX_ADDRESSES + 5):
        assert not is_refused(limits, f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}")
    assert len(limits._address_storage.events) == 5


def test_keys_count_apart_from_accounts_of_the_same_number() -> None:
    limits = RateLimits(per_caller=1, per_address=1)
    limits.count_caller(caller(1))
    limits.count_caller(caller(2))
    limits.count_caller(Principal("account", 1, "loket", "desk", frozenset()))
    with pytest.raises(ApiError, match="Batas 1 permintaan"):
        limits.count_caller(caller(1))
