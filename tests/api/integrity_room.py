"""What the tests of the integrity room share: people with keys, and messages that open cases."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from api.accounts.permissions import Right
from tests.api.conftest import make_key
from tests.api.messages import BRIBE, ROAD

FEEDBACK, CASES = "/api/v1/feedback", "/api/v1/cases"
Headers = dict[str, str]
REASON = "Perlu untuk pemeriksaan lebih lanjut."
SECRET = "cetak ktp tertunda di seruni bakung, warga setempat melapor, mohon identitas kami dirahasiakan"


@dataclass(frozen=True)
class Office:
    """A started service with two units, and the keys of its people."""

    client: TestClient
    desk: Headers
    manager: Headers
    admin: Headers
    inspector: Headers
    colleague: Headers  # of the inspector; both keys bear the same name

    @property
    def app(self) -> FastAPI:
        app = self.client.app
        assert isinstance(app, FastAPI)
        return app

    @property
    def outsiders(self) -> dict[str, Headers]:
        return {"desk": self.desk, "manager": self.manager, "admin": self.admin}

    def get(self, path: str, who: Headers | None = None, **params: Any) -> Any:
        response = self.client.get(path, headers=who or self.inspector, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, who: Headers | None = None, status: int = 200, **body: Any) -> Any:
        response = self.client.post(path, json=body, headers=who or self.inspector)
        assert response.status_code == status, response.text
        return response.json()

    def send(self, text: str = ROAD, who: Headers | None = None, **fields: Any) -> dict[str, Any]:
        body: dict[str, Any] = self.post(FEEDBACK, who or self.desk, 201, text=text, **fields)
        return body

    def case_of(self, message: dict[str, Any]) -> str:
        [found] = [case["id"] for case in self.get(CASES, limit=100)["items"] if case["feedback_id"] == message["id"]]
        return str(found)

    def open_case(self, text: str = BRIBE, **fields: Any) -> str:
        """The id of a case that a message opens."""
        return self.case_of(self.send(text, **fields))

    def audited(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("/api/v1/audit", self.admin, limit=100)["items"]
        return items


def open_office(client: TestClient) -> Office:
    """People of every role, the units dinas_pu and dinas_kpu with a rule for the first."""
    app = client.app
    assert isinstance(app, FastAPI)
    office = Office(
        client,
        make_key(app),
        make_key(app, "kepala", "manager"),
        make_key(app, "pengelola", "admin"),
        make_key(app, "inspektorat", "integrity"),
        make_key(app, "inspektorat", "integrity"),
    )
    for code, name in (("dinas_pu", "Dinas PU"), ("dukcapil", "Dukcapil")):
        office.post("/api/v1/units", office.admin, 201, code=code, name=name)
    office.post("/api/v1/rules", office.admin, 201, unit="dukcapil", topic="kependudukan")
    return office


def key_with(office: Office, *rights: Right, units: tuple[str, ...] = ()) -> Headers:
    """A key of the integrity role that has these rights alone, perhaps for some units alone."""
    return make_key(office.app, "sempit", "integrity", scopes=rights, units=units)
