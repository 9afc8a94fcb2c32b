import re
from html import unescape
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.pages.view import EXAMPLES
from api.settings import Settings
from tests.api.conftest import serving
from tests.api.messages import BRIBE, PHONE, ROAD, WASTE, stored_rows


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def shown_text(html: str) -> str:
    """The message as the result shows it, marks taken away."""
    [message] = re.findall(r'<p class="message">(.*?)</p>', html, re.DOTALL)
    return unescape(re.sub(r"</?mark>", "", message))


def test_the_empty_form_is_indonesian(shared_client: TestClient) -> None:
    response = shared_client.get("/")
    page = Page(response.text)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert page.all("html") == [{"lang": "id"}]
    assert "Tempelkan pesan warga" in page.words and "Baca pesan" in page.words
    assert 'class="result"' not in response.text


@pytest.mark.parametrize(("text", "topic"), [(ROAD, "Jalan dan jembatan"), (WASTE, "Persampahan")])
def test_a_message_is_read_in_indonesian_with_the_words_that_weighed(shared_client: TestClient, text: str, topic: str) -> None:
    html = shared_client.post("/", data={"text": text}).text
    page = Page(html)
    assert f"<strong>{topic}</strong>" in html
    assert all(title in page.words for title in ("Topik", "Unsur layanan (SKM)", "Sentimen", "Urgensi", "Keyakinan", "Hasil"))
    assert shown_text(html) == text
    words = re.findall(r'<span class="word">([^<]+)</span>', html)
    assert words and all(word in text.lower() for word in words)
    assert not page.all("mark") and 'class="flag"' not in html


def test_a_flagged_message_shows_the_integrity_box_and_marks_its_words(shared_client: TestClient) -> None:
    html = shared_client.post("/", data={"text": BRIBE}).text
    assert 'class="flag"' in html and "Perlu dilihat unit integritas" in html
    assert "Pungutan liar dan pemerasan" in html
    marked = re.findall(r"<mark>([^<]+)</mark>", html)
    assert "memeras" in marked and all(word in BRIBE for word in marked)
    assert shown_text(html) == BRIBE
    assert "tidak diteruskan sebelum dilihat petugas" in html


def test_the_phone_is_masked_in_the_message_shown(shared_client: TestClient) -> None:
    html = shared_client.post("/", data={"text": f"{BRIBE}, hubungi {PHONE}"}).text
    assert shown_text(html) == f"{BRIBE}, hubungi [TELP]"
    without_form = re.sub(r"<textarea.*?</textarea>", "", html, flags=re.DOTALL)
    assert PHONE in html and PHONE not in without_form  # the writer keeps the own words in the form alone


ATTACKS = (
    "<script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "</p><style>*{display:none}</style>",
)


@pytest.mark.parametrize("message", [ROAD, BRIBE])
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_was_pasted_never_becomes_part_of_the_page(shared_client: TestClient, message: str, attack: str) -> None:
    text = f"{attack} {message} {attack}"
    html = shared_client.post("/", data={"text": text}).text
    plain = shared_client.post("/", data={"text": message}).text
    kinds = {tag for tag, _ in Page(html).elements}
    assert kinds - {"mark"} == {tag for tag, _ in Page(plain).elements} - {"mark"}
    assert Page(html).all("img") == Page(html).all("script") == []
    assert shown_text(html) == text
    assert "49" not in shown_text(html)


@pytest.mark.parametrize("text", ["", "   ", "\r\n", "...", "a" * 20_001, "jalan\x00rusak"], ids=lambda text: repr(text)[:20])
def test_a_text_that_cannot_be_read_is_told_beside_the_form(shared_client: TestClient, text: str) -> None:
    response = shared_client.post("/", data={"text": text})
    page = Page(response.text)
    assert response.status_code == 422
    [told] = [attributes for attributes in page.all("p") if attributes.get("role") == "alert"]
    [field] = page.all("textarea")
    assert field["aria-describedby"] == told["id"] and field["aria-invalid"] == "true"
    assert "lalu coba lagi" in page.words
    assert 'class="result"' not in response.text


def test_a_missing_field_is_an_empty_text(shared_client: TestClient) -> None:
    assert shared_client.post("/").status_code == 422


@pytest.mark.parametrize("body", [b"+2AA-", b"jalan +3/8- rusak"])
def test_a_lone_surrogate_from_another_encoding_is_told(shared_client: TestClient, body: bytes) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + body + b"\r\n--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x; charset=utf-7"}
    response = shared_client.post("/", content=form, headers=headers)
    assert response.status_code == 422
    assert "huruf yang tidak sah" in response.text


def test_the_example_buttons_send_their_messages(shared_client: TestClient) -> None:
    page = Page(shared_client.get("/").text)
    hidden = [field["value"] for field in page.all("input") if field.get("name") == "text"]
    assert hidden == list(EXAMPLES)
    assert {(form["method"], form["action"]) for form in page.all("form")} == {("post", "/")}
    for text in hidden:
        response = shared_client.post("/", data={"text": text})
        assert response.status_code == 200
        assert shown_text(response.text) == text


@pytest.mark.parametrize(
    ("method", "text"), [("GET", ""), ("POST", ROAD), ("POST", BRIBE), ("POST", "")], ids=["empty", "read", "flagged", "problem"]
)
def test_nothing_on_the_page_needs_more_than_the_strict_policy(shared_client: TestClient, method: str, text: str) -> None:
    response = shared_client.request(method, "/", data={"text": text} if method == "POST" else None)
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    page = Page(response.text)
    assert page.all("script") == page.all("style") == page.all("iframe") == []
    attributes = {name for _, given in page.elements for name in given}
    assert not {name for name in attributes if name == "style" or name.startswith("on")}
    addresses = [given[name] or "" for _, given in page.elements for name in ("src", "href", "action") if name in given]
    assert addresses and all(re.match(r"/(?!/)|#", address) for address in addresses)


@pytest.mark.parametrize(("path", "kind"), [("/static/suara.css", "text/css"), ("/static/suara.svg", "image/svg+xml")])
def test_what_the_page_loads_is_there(shared_client: TestClient, path: str, kind: str) -> None:
    assert path in shared_client.get("/").text
    response = shared_client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(kind)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"https?:|@import|url\(", response.text.replace("http://www.w3.org/2000/svg", ""))


def test_the_page_stores_nothing(settings: Settings) -> None:
    with serving(create_app(settings)) as client:
        client.post("/", data={"text": BRIBE})
    assert set(stored_rows(settings.data_dir).values()) == {0}
    assert b"memeras" not in b"".join(path.read_bytes() for path in settings.data_dir.iterdir())


def test_without_a_model_the_page_says_so(client_without_model: TestClient) -> None:
    assert client_without_model.get("/").status_code == 200
    response = client_without_model.post("/", data={"text": ROAD})
    assert response.status_code == 503
    assert "Model belum siap" in response.text and 'class="result"' not in response.text


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/"), ("GET", "/static/suara.css")])
def test_the_page_can_be_turned_off(monkeypatch: pytest.MonkeyPatch, settings: Settings, method: str, path: str) -> None:
    monkeypatch.setenv("SUARA_FIRST_PAGE", "false")
    app = create_app(Settings(data_dir=settings.data_dir, model_dir=settings.model_dir))
    with TestClient(app) as client:
        assert client.request(method, path).status_code == 404
        assert client.get("/healthz").status_code == 200
