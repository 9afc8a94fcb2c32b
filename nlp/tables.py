"""Tables in and out: CSV, XLSX and Parquet in bounded memory, every mistake told in one line."""

import csv
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from io import TextIOWrapper
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, BinaryIO, Self

import pandas as pd
from pandas.api.types import infer_dtype

from nlp.errors import SuaraError, reason_of

CHUNK_ROWS = 1_000
MAX_CELL_CHARS_XLSX = 32_767
MAX_ROWS_XLSX = 1_048_576
MAX_XLSX_UNPACKED_BYTES = 1_500_000_000
MAX_XLSX_RATIO = 200  # an honest sheet packs 5 to 20 times; a bomb thousands
MAX_COLUMNS = 500
MAX_EMPTY_CELLS = 20_000_000
_CELL_PLACE = re.compile(rb'<c [^<>]{0,40}?r="([A-Z]{1,3})(\d{1,7})"')
SUFFIXES = (".csv", ".xlsx", ".parquet")


@dataclass(frozen=True, slots=True)
class Header:
    """Names of a table's columns and, where cheap to know, how many rows it holds."""

    columns: tuple[str, ...]
    n_rows: int | None


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table that is no plain file on disk, a sealed one say: its name, and how to open its bytes for reading and seeking."""

    name: str
    open_bytes: Callable[[], BinaryIO]


Source = Path | OpenTable


def _open(source: Source) -> BinaryIO:
    return source.open("rb") if isinstance(source, Path) else source.open_bytes()


def _suffix(path: Source) -> str:
    given = PurePath(path.name).suffix
    suffix = given.lower()
    if suffix not in SUFFIXES:
        raise SuaraError(
            f"jenis berkas '{given or 'tanpa akhiran'}' tidak dikenal",
            where=path.name or str(path),
            remedy="Pakai .csv, .xlsx, atau .parquet.",
        )
    return suffix


def _check_columns(path: Source, columns: list[str]) -> list[str]:
    if not columns or not any(columns):
        raise SuaraError("berkas kosong", where=path.name, remedy="Berkas perlu baris judul dan sedikitnya satu baris isi.")
    if len(columns) > MAX_COLUMNS:
        raise SuaraError(
            f"ada {len(columns)} kolom; batasnya {MAX_COLUMNS}", where=path.name, remedy="Buang kolom yang tidak perlu."
        )
    double = sorted({c for c in columns if columns.count(c) > 1})
    if double:
        raise SuaraError(f"kolom '{double[0]}' muncul lebih dari sekali", where=path.name, remedy="Beri nama yang berbeda.")
    return columns


def read_chunks(path: Source, *, chunk_rows: int = CHUNK_ROWS) -> Iterator[pd.DataFrame]:
    """Yield the rows of a table as frames, at least one (with no rows if there are none).

    Cells keep the kind they have in the file: text in CSV; text, numbers and dates in XLSX and Parquet. `as_text` makes
    text of a column. CSV is UTF-8 (with or without BOM), separated by comma, semicolon or tab. Raises SuaraError for a
    file that is missing, empty, cut off, wrongly encoded, or of another kind; for CSV it names the line.
    """
    suffix = _suffix(path)
    try:
        with _open(path) as file:
            if not file.read(1):
                raise SuaraError(
                    "berkas kosong", where=path.name, remedy="Berkas perlu baris judul dan sedikitnya satu baris isi."
                )
        reader = {".csv": _read_csv, ".xlsx": _read_xlsx, ".parquet": _read_parquet}[suffix]
        yield from reader(path, chunk_rows)
    except OSError as error:
        where = str(path) if isinstance(path, Path) else path.name
        raise SuaraError("berkas tidak dapat dibuka", where=where, remedy=f"{reason_of(error)}.") from error


def read_header(path: Source) -> Header:
    """Columns of a table; raises as `read_chunks` does."""
    if _suffix(path) == ".parquet" and isinstance(path, Path) and path.is_file() and path.stat().st_size:
        parquet = _open_parquet(path)
        return Header(tuple(_check_columns(path, list(parquet.schema_arrow.names))), parquet.metadata.num_rows)
    for chunk in read_chunks(path, chunk_rows=1):
        return Header(tuple(chunk.columns), None)
    raise AssertionError("read_chunks yields at least one frame")


def read_all(path: Path) -> pd.DataFrame:
    """The whole table, every cell as text."""
    return pd.concat([chunk.apply(as_text) for chunk in read_chunks(path, chunk_rows=50_000)], ignore_index=True)


def as_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Cells as text: missing ones '', whole numbers without a decimal point."""
    if column.dtype == object and infer_dtype(column, skipna=False) == "string":  # nothing to change, told in C
        return column
    return column.map(_cell, na_action=None).astype(object)


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() else str(value)  # noqa: PLR0124  -- NaN
    return str(value)


# ------------------------------------------------------------------------------------------------ CSV
def _decode_problem(path: Source, error: UnicodeDecodeError) -> SuaraError:
    line = 0
    with _open(path) as file:
        for number, raw in enumerate(file, 1):
            line = number
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError:
                break
    return SuaraError(
        f"pengodean huruf bukan UTF-8 (baris {line}, bita {error.object[error.start]:#04x})",
        where=path.name,
        remedy="Simpan ulang sebagai 'CSV UTF-8'.",
    )


def _delimiter(first_line: str) -> str:
    return max(",;\t", key=re.sub(r'"[^"]*"', "", first_line).count)


def _read_csv(path: Source, chunk_rows: int) -> Iterator[pd.DataFrame]:
    previous_limit = csv.field_size_limit(2**31 - 1)  # a huge cell is told row by row, not here
    try:
        with TextIOWrapper(_open(path), encoding="utf-8-sig", newline="") as file:
            first = file.readline(1_000_000)
            file.seek(0)
            if "\x00" in first:
                raise SuaraError("isi berkas bukan teks", where=path.name, remedy="Simpan ulang sebagai 'CSV UTF-8'.")
            yield from _csv_frames(path, csv.reader(file, delimiter=_delimiter(first), strict=True), chunk_rows)
    except UnicodeDecodeError as error:
        raise _decode_problem(path, error) from error
    finally:
        csv.field_size_limit(previous_limit)


def _csv_frames(path: Source, reader: Any, chunk_rows: int) -> Iterator[pd.DataFrame]:
    columns: list[str] | None = None
    rows: list[list[str]] = []
    yielded = False
    try:
        for row in reader:
            if columns is None:
                columns = _check_columns(path, [cell.strip() for cell in row])
                continue
            if not row:
                continue
            if len(row) > len(columns):
                raise SuaraError(
                    f"ada {len(row)} sel, sedangkan judulnya {len(columns)} kolom",
                    where=f"{path.name}, baris {reader.line_num}",
                    remedy="Periksa tanda kutip dan pemisah pada baris itu.",
                )
            rows.append(row + [""] * (len(columns) - len(row)))
            if len(rows) >= chunk_rows:
                yield pd.DataFrame(rows, columns=columns, dtype=object)
                rows, yielded = [], True
    except csv.Error as error:
        raise SuaraError(
            "susunan CSV rusak",
            where=f"{path.name}, baris {reader.line_num}",
            remedy="Biasanya tanda kutip yang tidak ditutup atau berkas terpotong; simpan ulang dari sumbernya.",
        ) from error
    if columns is None:
        raise SuaraError("berkas kosong", where=path.name, remedy="Berkas perlu baris judul dan sedikitnya satu baris isi.")
    if rows or not yielded:
        yield pd.DataFrame(rows, columns=columns, dtype=object)


# ------------------------------------------------------------------------------------------------ XLSX
def _broken_xlsx(path: Source) -> SuaraError:
    return SuaraError(
        "berkas XLSX rusak atau terpotong",
        where=path.name,
        remedy="Buka dan simpan ulang dengan aplikasi lembar kerja, atau unduh ulang.",
    )


def _check_xlsx(path: Source) -> None:
    """Refuse what would fill the memory: a file that unpacks to very much, or a cell so far out that the reader makes
    room for billions of cells before it.
    """
    try:
        with _open(path) as file, zipfile.ZipFile(file) as archive:
            items = archive.infolist()
            unpacked, packed = sum(i.file_size for i in items), max(1, sum(i.compress_size for i in items))
            if unpacked > MAX_XLSX_UNPACKED_BYTES or (unpacked > 50_000_000 and unpacked / packed > MAX_XLSX_RATIO):
                raise SuaraError(
                    f"isi XLSX membengkak menjadi {unpacked // 1_000_000} MB",
                    where=path.name,
                    remedy="Pecah berkas, atau pakai CSV.",
                )
            for item in items:
                if item.filename.startswith("xl/worksheets/") and item.filename.endswith(".xml"):
                    _check_extent(path, archive, item)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _broken_xlsx(path) from error


def _check_extent(path: Source, archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> None:
    far_column = far_row = n_cells = 0
    with archive.open(item) as sheet:
        tail = b""
        while piece := sheet.read(1 << 20):
            for match in _CELL_PLACE.finditer(tail + piece):
                far_column = max(far_column, _column_number(match.group(1)))
                far_row = max(far_row, int(match.group(2)))
                n_cells += 1
            tail = piece[-80:]  # a place cut in two is read with the next piece; one read twice only counts double
    if far_column * far_row > MAX_EMPTY_CELLS + 50 * n_cells:
        raise SuaraError(
            f"lembar merentang sampai baris {far_row} dan kolom {far_column}, tetapi hampir kosong",
            where=path.name,
            remedy="Hapus sel yang jauh di luar tabel, lalu simpan ulang.",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _read_xlsx(path: Source, chunk_rows: int) -> Iterator[pd.DataFrame]:
    import python_calamine

    _check_xlsx(path)
    try:
        with _open(path) as file, python_calamine.CalamineWorkbook.from_filelike(file) as book:
            rows = iter(book.get_sheet_by_index(0).iter_rows())
    except (python_calamine.CalamineError, OSError, IndexError) as error:
        raise _broken_xlsx(path) from error
    columns = _check_columns(path, _strip_trailing([_cell(cell).strip() for cell in next(rows, [])]))
    width = len(columns)
    chunk: list[list[Any]] = []
    yielded = False
    for row in rows:
        chunk.append(list(row[:width]) + [""] * (width - len(row)))
        if len(chunk) >= chunk_rows:
            yield pd.DataFrame(chunk, columns=columns, dtype=object)
            chunk, yielded = [], True
    if chunk or not yielded:
        yield pd.DataFrame(chunk, columns=columns, dtype=object)


def _strip_trailing(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


# ------------------------------------------------------------------------------------------------ Parquet
def _open_parquet(path: Source) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path if isinstance(path, Path) else path.open_bytes())
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _broken_parquet(path) from error


def _broken_parquet(path: Source) -> SuaraError:
    return SuaraError("berkas Parquet rusak atau terpotong", where=path.name, remedy="Buat ulang dari sumbernya.")


def _read_parquet(path: Source, chunk_rows: int) -> Iterator[pd.DataFrame]:
    import pyarrow as pa

    parquet = _open_parquet(path)
    columns = _check_columns(path, list(parquet.schema_arrow.names))
    yielded = False
    try:
        for batch in parquet.iter_batches(batch_size=chunk_rows):
            batch.validate(full=True)  # a damaged page can hold text that is no UTF-8
            # without pandas' own notes, which would turn a column into the index
            yield batch.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
            yielded = True
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _broken_parquet(path) from error
    if not yielded:
        yield pd.DataFrame(columns=columns, dtype=object)


# ------------------------------------------------------------------------------------------------ out
def _mixed_as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns that may hold several kinds of cells, as text: a sheet's number 3 is 3, not the 3.0 it is stored as."""
    mixed = frame.select_dtypes(["object", "str"]).columns
    return frame.assign(**{column: as_text(frame[column]) for column in mixed})


class TableWriter:
    """Write frames one after another to a CSV, XLSX or Parquet file; the file appears whole or not at all.

    Use as a context manager: on an error, nothing is left under the final name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.suffix = _suffix(path)
        self._partial = path.with_name(f".{path.name}.partial")
        self._started = False
        self._row = 0
        self._sink: Any = None
        self._sheet: Any = None

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._partial.open("wb").close()
        except OSError as error:
            raise SuaraError("tidak dapat menulis", where=str(self.path), remedy=f"{reason_of(error)}.") from error
        return self

    def write(self, frame: pd.DataFrame) -> None:
        """Append rows; all frames must have the same columns."""
        {".csv": self._csv, ".xlsx": self._xlsx, ".parquet": self._parquet}[self.suffix](frame)
        self._started = True

    def _csv(self, frame: pd.DataFrame) -> None:
        frame = _mixed_as_text(frame)
        text = frame.to_csv(index=False, header=not self._started, lineterminator="\n")
        if "\r" in text:  # the csv module would leave a lone carriage return unquoted, and readers end the row there
            text = frame.to_csv(index=False, header=not self._started, lineterminator="\n", quoting=csv.QUOTE_ALL)
        with self._partial.open("a", encoding="utf-8", newline="") as file:
            file.write(text)

    def _xlsx(self, frame: pd.DataFrame) -> None:
        if not self._started:
            import xlsxwriter

            options: dict[str, Any] = {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            }
            options |= {"remove_timezone": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
            self._sink = xlsxwriter.Workbook(self._partial, options)
            self._sheet = self._sink.add_worksheet("hasil")
            self._sheet.write_row(0, 0, list(frame.columns))
        if self._row + len(frame) + 1 > MAX_ROWS_XLSX:
            raise SuaraError("hasil melebihi 1.048.575 baris XLSX", where=self.path.name, remedy="Simpan ke .csv atau .parquet.")
        for row in frame.itertuples(index=False):
            self._row += 1
            for column, value in enumerate(row):
                text = _cell(value)
                if len(text) > MAX_CELL_CHARS_XLSX:
                    raise SuaraError(
                        f"sel {len(text)} huruf melebihi batas XLSX {MAX_CELL_CHARS_XLSX}",
                        where=f"{self.path.name}, baris {self._row + 1}, kolom '{frame.columns[column]}'",
                        remedy="Simpan ke .csv atau .parquet.",
                    )
                # A sheet keeps 15 digits of a number, so longer ones (a NIK) are text, and its days begin in 1900
                is_day, is_number = isinstance(value, date), isinstance(value, int | float)  # datetimes, bools as well
                keeps_kind = (is_day and value.year >= 1900) or (is_number and abs(value) < 1e15)
                if text:
                    self._sheet.write(self._row, column, value if keeps_kind else text)

    def _parquet(self, frame: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        frame = _mixed_as_text(frame)
        table = pa.Table.from_pandas(frame, preserve_index=False, schema=None if self._sink is None else self._sink.schema)
        if self._sink is None:
            self._sink = pq.ParquetWriter(self._partial, table.schema)
        self._sink.write_table(table)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._sink is not None:
            self._sink.close()
        if kind is None:
            self._partial.replace(self.path)
        else:
            self._partial.unlink(missing_ok=True)
