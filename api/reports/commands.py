"""`suara report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.command_session import open_desk, open_session, quiet

if TYPE_CHECKING:  # every `suara` loads this module, also to score a file
    from api.reports.schemas import MonthlyQuery

FORMS = {".pdf": "pdf", ".xlsx": "xlsx"}


def report(
    month: Annotated[str, typer.Option(help="Bulan yang sudah lewat, misalnya 2026-10.")],
    out: Annotated[Path, typer.Option(help="Berkas hasil: .pdf atau .xlsx.")],
    unit: Annotated[str | None, typer.Option(help="Kode unit; bawaan seluruh instansi.")] = None,
    audience: Annotated[str, typer.Option(help="luar: angka kecil disamarkan; dalam: semua angka.")] = "luar",
) -> None:
    """Buat laporan bulanan siap ditandatangani."""
    from api.accounts.principal import SYSTEM
    from api.errors import ApiError
    from api.logs import configure_logs
    from api.reports.service import read_monthly
    from api.settings import load_settings
    from nlp.console import print_out, progress_bar
    from nlp.errors import SuaraError

    wanted = _wanted(month, out, unit, audience)
    settings = load_settings()
    configure_logs(quiet(settings.log_level))
    with progress_bar("menyusun laporan"):
        desk = open_desk(settings)
        try:
            with open_session(settings) as session:
                answer = read_monthly(session, desk, SYSTEM, wanted)
        except ApiError as error:
            raise SuaraError(error.title.lower(), where=f"laporan {month}", remedy=error.detail) from error
    assert isinstance(answer, tuple)  # noqa: S101  -- neither form is JSON
    out.write_bytes(answer[0])
    whom = "luar kantor, angka kecil disamarkan" if audience == "luar" else "dalam kantor"
    print_out(f"Laporan {month} untuk {whom} tersimpan di {out}.")


def _wanted(month: str, out: Path, unit: str | None, audience: str) -> "MonthlyQuery":
    """What was asked for; SuaraError that names the option that cannot be used."""
    from pydantic import ValidationError

    from api.reports.schemas import MonthlyQuery
    from nlp.errors import SuaraError

    form = FORMS.get(out.suffix.lower())
    if form is None:
        raise SuaraError("jenis berkas tidak dikenal", where=f"--out {out.name}", remedy="Pakai nama berakhiran .pdf atau .xlsx.")
    try:
        return MonthlyQuery.model_validate({"month": month, "unit": unit, "audience": audience, "format": form})
    except ValidationError as error:
        option = f"--{error.errors()[0]['loc'][0]}"
        raise SuaraError(
            "nilainya tidak dapat dipakai", where=option, remedy="Contoh: --month 2026-10 --unit dinas_pu --audience dalam."
        ) from None


def register(app: typer.Typer) -> None:
    """Add it to `suara`."""
    app.command()(report)
