"""Make the README's picture: serve a model, read one message on the first page, photograph the result."""

import os
import sys
import tempfile
import threading
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from api.app import create_app
from api.settings import Settings

MESSAGE = (
    "Assalamualaikum, mau tanya. Tadi saya urus surat pindah di kelurahan, petugas loket minta uang 150rb katanya uang rokok "
    "biar cepat, tanpa kuitansi. Padahal di papan ditulis gratis. Nomor saya 0812-0000-1234. Apa memang harus bayar?"
)


def main(model: Path, picture: Path) -> None:
    """Photograph the first page at 1000 x 1150 pixels."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data_dir=Path(folder), model_dir=model, log_level="ERROR"))
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                thread.join(0.05)
            if not app.state.desk.scoring.wait(timeout_s=60):
                raise SystemExit("model tidak siap")
            port = server.servers[0].sockets[0].getsockname()[1]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
                    args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
                )
                page = browser.new_page(viewport={"width": 1000, "height": 1150})
                page.goto(f"http://127.0.0.1:{port}/")
                page.fill("textarea", MESSAGE)
                page.get_by_role("button", name="Baca pesan", exact=True).click()
                page.wait_for_selector(".result")
                page.screenshot(path=picture)
                browser.close()
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
