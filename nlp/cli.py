"""The command `suara`: each command is one call. Commands of the service join through the entry point `suara.commands`."""

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from typer.exceptions import Abort, TyperException

from nlp.console import errors, print_out, progress_bar
from nlp.errors import SuaraError, reason_of
from nlp.usage import usage_fault

DEFAULT_MODEL = Path("models/default")
app = typer.Typer(
    help="Suara Warga: membaca pesan warga kepada layanan publik.", no_args_is_help=True, pretty_exceptions_enable=False
)
Columns = Annotated[str | None, typer.Option(help="Nama kolom berkas, misalnya text=keluhan,unit=dinas.")]
Model = Annotated[Path, typer.Option(help="Folder model.")]


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="Folder tujuan model.")],
    data: Annotated[list[Path] | None, typer.Option(help="Berkas berlabel; boleh lebih dari satu.")] = None,
    columns: Columns = None,
    no_seed: Annotated[bool, typer.Option("--no-seed", help="Jangan ikutkan korpus benih.")] = False,
    encoder: Annotated[str, typer.Option(help="bundled, none, atau folder/nama penyandi kalimat.")] = "bundled",
    seed: Annotated[int, typer.Option(help="Benih acak, bilangan bulat.")] = 0,
    labels: Annotated[Path | None, typer.Option(help="Daftar label sendiri (TOML).", envvar="SUARA_LABELS")] = None,
) -> None:
    """Latih model dari korpus benih dan, bila ada, data sendiri."""
    from nlp.classify.train import TrainOptions
    from nlp.classify.train import train as run
    from nlp.corpus.reader import parse_columns
    from nlp.labels import DEFAULT_PATH

    options = TrainOptions(tuple(data or ()), parse_columns(columns), not no_seed, encoder, seed, labels or DEFAULT_PATH)
    with progress_bar("melatih") as bar:
        manifest = run(
            options,
            out,
            lambda what, done, total: bar.update(bar.task_ids[0], description=what, completed=done, total=total),
        )
    print_out(f"Model {manifest['name']} tersimpan di {out}: {manifest['rows']} pesan. Ringkasan: suara card {out}")


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, atau Parquet.")],
    out: Annotated[Path, typer.Option(help="Berkas hasil; jenisnya menurut akhiran.")],
    model: Model = DEFAULT_MODEL,
    columns: Columns = None,
) -> None:
    """Nilai setiap pesan dalam berkas."""
    from nlp.batch import score_file
    from nlp.corpus.reader import parse_columns

    with progress_bar("menilai") as bar:
        counts = score_file(
            file,
            out,
            model,
            parse_columns(columns),
            lambda done, total: bar.update(bar.task_ids[0], completed=done, total=total),
        )
    print_out(
        f"{counts['rows']} baris ke {out}: {counts['auto']} otomatis, {counts['suggest']} dengan saran, "
        f"{counts['manual']} manual, "
        f"{counts['flagged']} perlu diperiksa unit integritas, {counts['problems']} bermasalah (lihat kolom problem)."
    )


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="Berkas berlabel.")],
    model: Model = DEFAULT_MODEL,
    columns: Columns = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Simpan angka ke berkas JSON.")] = None,
) -> None:
    """Ukur mutu model pada pesan berlabel."""
    from nlp.corpus.reader import parse_columns
    from nlp.evaluate import evaluate_file, write_json

    with progress_bar("mengukur") as bar:
        figures = evaluate_file(
            file,
            model,
            parse_columns(columns),
            lambda done, total: bar.update(bar.task_ids[0], completed=done, total=total),
        )
    if json_path:
        write_json(json_path, figures)
    table = Table("tugas", "ukuran", "nilai")
    for task, values in figures.items():
        for name, value in values.items():
            table.add_row(task, name, f"{value:.3f}" if isinstance(value, float) else str(value))
    Console().print(table)


@app.command()
def card(folder: Annotated[Path, typer.Argument(help="Folder model.")]) -> None:
    """Tampilkan kartu model."""
    from nlp.classify.bundle import check_bundle

    check_bundle(folder)
    print_out((folder / "card.md").read_text(encoding="utf-8"))


def main() -> None:
    """Run the command line; mistakes in what was given end with one line and exit code 2."""
    for point in entry_points(group="suara.commands"):
        point.load()(app)
    fault: SuaraError | None
    try:
        code = app(standalone_mode=False)
    except SuaraError as error:
        fault = error
    except OSError as error:
        fault = SuaraError(
            "tidak dapat dibaca atau ditulis", where=str(error.filename or "berkas"), remedy=f"{reason_of(error)}."
        )
    except Abort:
        fault = SuaraError("dihentikan")
    except TyperException as error:
        fault = usage_fault(error)
    else:
        raise SystemExit(code if isinstance(code, int) else 0)
    if fault is not None:
        errors.print(f"Galat: {fault}", style="red", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(2) from None


if __name__ == "__main__":
    main()
