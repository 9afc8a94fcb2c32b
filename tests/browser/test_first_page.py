"""The first page in a real browser, on the real server."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.app import create_app
from api.settings import Settings
from tests.api.messages import BRIBE, PHONE, ROAD
from tests.bundles import train_small

pytestmark = pytest.mark.browser
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
LONG_WORD = "aspalberlubang" * 40


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        message = f"Chromium is not at {CHROMIUM}; install it or point the variable CHROMIUM to it"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service answers; asked for after the browser, so that nothing is trained in vain."""
    folder = tmp_path_factory.mktemp("browser")
    train_small(folder / "small")
    app = create_app(Settings(data_dir=folder / "data", model_dir=folder / "small"))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.05)
    assert app.state.desk.scoring.wait(60)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)


@pytest.fixture
def open_page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The first page, opened; afterwards nothing may have been complained of or asked of another host."""
    width = getattr(request, "param", 1280)
    context = browser.new_context(viewport={"width": width, "height": 800}, locale="id-ID")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda failed: complaints.append(f"failed: {failed.url}"))
    page.on("request", lambda asked: None if asked.url.startswith(address) else complaints.append(f"elsewhere: {asked.url}"))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))"
    )
    page.goto(address)
    yield page
    context.close()
    assert complaints == []


def read(page: Page, text: str) -> None:
    page.get_by_label("Pesan warga").fill(text)
    page.get_by_role("button", name="Baca pesan").click()
    expect(page.get_by_role("heading", name="Hasil")).to_be_visible()
    page.wait_for_load_state("load")  # with its style


def test_a_message_is_typed_sent_and_read(open_page: Page) -> None:
    read(open_page, ROAD)
    expect(open_page.get_by_role("row", name="Topik")).to_contain_text("Jalan dan jembatan")
    expect(open_page.locator(".message")).to_have_text(ROAD)
    expect(open_page.get_by_label("Pesan warga")).to_have_value(ROAD)


def test_a_flagged_message_shows_its_box_its_marks_and_no_phone(open_page: Page) -> None:
    read(open_page, f"{BRIBE}, hubungi {PHONE}")
    expect(open_page.get_by_role("note")).to_contain_text("Perlu dilihat unit integritas")
    expect(open_page.locator("mark").filter(has_text="memeras").first).to_be_visible()
    expect(open_page.locator(".message")).to_contain_text("[TELP]")
    expect(open_page.locator(".result")).not_to_contain_text(PHONE)


def test_the_styles_are_applied_under_the_strict_policy(open_page: Page) -> None:
    colour = open_page.locator("header").evaluate("element => getComputedStyle(element).backgroundColor")
    assert colour == "rgb(11, 93, 107)"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_example_is_read_with_one_click(open_page: Page, number: int) -> None:
    button = open_page.locator(".examples button").nth(number)
    text = button.inner_text()
    button.click()
    expect(open_page.locator(".message")).to_have_text(text)


def test_an_empty_form_is_not_sent(open_page: Page) -> None:
    open_page.get_by_role("button", name="Baca pesan").click()
    expect(open_page.get_by_label("Pesan warga")).to_be_focused()
    assert open_page.locator(".result").count() == 0


@pytest.mark.parametrize(
    "text", ["<script>document.title = 'dibajak'</script> ", "<img src=x onerror=document.title='dibajak'> "]
)
def test_pasted_html_stays_text(open_page: Page, text: str) -> None:
    read(open_page, text + ROAD)
    expect(open_page.locator(".message")).to_have_text(text + ROAD)
    assert open_page.title() == "Baca satu pesan · Suara Warga"


def focused(page: Page) -> str:
    name: str = page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id")
    return name


def test_the_keyboard_alone_is_enough(open_page: Page) -> None:
    open_page.keyboard.press("Tab")
    assert focused(open_page) == "Langsung ke isi"
    expect(open_page.get_by_role("link", name="Langsung ke isi")).to_be_in_viewport()
    open_page.keyboard.press("Enter")
    open_page.keyboard.press("Tab")
    expect(open_page.get_by_label("Pesan warga")).to_be_focused()
    outline = open_page.get_by_label("Pesan warga").evaluate("element => getComputedStyle(element).outlineStyle")
    assert outline == "solid"
    open_page.keyboard.type(ROAD)
    open_page.keyboard.press("Tab")
    assert focused(open_page) == "Baca pesan"
    open_page.keyboard.press("Enter")
    expect(open_page.get_by_role("row", name="Topik")).to_contain_text("Jalan dan jembatan")


@pytest.mark.parametrize("open_page", [360], indirect=True)
@pytest.mark.parametrize(
    "text", ["", ROAD, BRIBE, f"{LONG_WORD} {BRIBE} {LONG_WORD}"], ids=["empty", "read", "flagged", "long word"]
)
def test_a_telephone_needs_no_scrolling_sideways(open_page: Page, text: str) -> None:
    if text:
        read(open_page, text)
    overflow = open_page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    for box in (part.bounding_box() for part in open_page.locator("main textarea, main button, .result td, .result p").all()):
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360
