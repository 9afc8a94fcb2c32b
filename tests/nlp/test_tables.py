import datetime
import os
import zipfile

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import tables
from nlp.errors import SuaraError
from nlp.tables import SUFFIXES, TableWriter, as_text, read_all, read_chunks, read_header

TRICKY = [
    "a,b;c\td", 'kata "kutip"', '"', "dua\nbaris", "dua\r\nbaris", "satu\rbaris", "  tepi  ", "=1+1", "{=1+1}", "@x", "-5",
    "0012", "1e5", "NaN", "nan", "None", "", "https://contoh.id", "_x000D_", "\x01", "😀 é", "'", "\\", "TRUE", "2022-01-01",
]  # fmt: skip
XML_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff"), max_size=30)


def write(path, *frames):
    with TableWriter(path) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def read_error(path):
    with pytest.raises(SuaraError) as caught:
        list(read_chunks(path))
    message = str(caught.value)
    assert path.name in message
    assert caught.value.remedy
    assert "\n" not in message
    return message


def csv_file(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def xlsx_file(tmp_path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "data.xlsx")
    return tmp_path / "data.xlsx"


# ------------------------------------------------------------------------------------------------ round trips
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_text_comes_back_as_it_was(tmp_path, suffix):
    frame = pd.DataFrame({"no": [str(i) for i in range(len(TRICKY))], "isi, teks": TRICKY, "akhir": "x"}, dtype=object)
    back = read_all(write(tmp_path / f"data{suffix}", frame))
    assert back.columns.tolist() == ["no", "isi, teks", "akhir"]
    assert back["isi, teks"].tolist() == TRICKY
    assert back["no"].tolist() == frame["no"].tolist()


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=60)
@given(cells=st.lists(XML_TEXT, min_size=1, max_size=5))
def test_any_text_comes_back_as_it_was(tmp_path_factory, suffix, cells):
    path = tmp_path_factory.mktemp("tabel") / f"data{suffix}"
    write(path, pd.DataFrame({"text": cells, "akhir": "x"}, dtype=object))
    assert read_all(path)["text"].tolist() == cells


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_written_one_by_one_come_back_in_order_and_in_chunks(tmp_path, suffix):
    frames = [pd.DataFrame({"n": [str(i), str(i + 1), str(i + 2)]}, dtype=object) for i in range(0, 12, 3)]
    path = write(tmp_path / f"data{suffix}", *frames)
    chunks = list(read_chunks(path, chunk_rows=5))
    assert [len(chunk) for chunk in chunks] == [5, 5, 2]
    assert [n for chunk in chunks for n in as_text(chunk["n"])] == [str(i) for i in range(12)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_without_rows_keeps_its_columns(tmp_path, suffix):
    path = write(tmp_path / f"data{suffix}", pd.DataFrame({"text": [], "topic": []}, dtype=object))
    (chunk,) = read_chunks(path)
    assert (len(chunk), chunk.columns.tolist()) == (0, ["text", "topic"])
    assert read_header(path).columns == ("text", "topic")
    assert read_all(path).empty


@pytest.mark.parametrize("suffix", [".XLSX", ".Csv", ".PARQUET"])
def test_the_suffix_may_be_in_capitals(tmp_path, suffix):
    path = write(tmp_path / f"data{suffix}", pd.DataFrame({"text": ["a"]}))
    assert read_all(path)["text"].tolist() == ["a"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_header_names_columns_and_counts_rows_where_cheap(tmp_path, suffix):
    header = read_header(write(tmp_path / f"data{suffix}", pd.DataFrame({"b": ["1", "2"], "a": ["3", "4"]})))
    assert header.columns == ("b", "a")
    assert header.n_rows == (2 if suffix == ".parquet" else None)


def test_missing_and_whole_numbers_become_plain_text():
    cells = pd.Series([None, float("nan"), pd.NA, pd.NaT, 2.0, 2.5, 7, True, "x", ""], dtype=object)
    assert as_text(cells).tolist() == ["", "", "", "", "2", "2.5", "7", "True", "x", ""]


# ------------------------------------------------------------------------------------------------ CSV
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_reads_csv_with_any_of_three_separators(tmp_path, separator):
    rows = [["text", "topic"], ['"a,b;c"', "jalan"], ['"x ""y"" z"', "sampah"]]
    path = csv_file(tmp_path, "\n".join(separator.join(row) for row in rows))
    assert read_all(path).to_numpy().tolist() == [["a,b;c", "jalan"], ['x "y" z', "sampah"]]


def test_a_separator_within_a_quoted_title_does_not_count(tmp_path):
    path = csv_file(tmp_path, '"nama, alamat, kota";text\nA;b\n')
    assert read_header(path).columns == ("nama, alamat, kota", "text")


def test_reads_csv_with_bom_windows_line_ends_and_padded_titles(tmp_path):
    path = csv_file(tmp_path, "\ufeff text ,topic\r\nlampu mati,jalan\r\n\r\nsampah,\r\n")
    assert read_all(path).to_dict("list") == {"text": ["lampu mati", "sampah"], "topic": ["jalan", ""]}


def test_short_rows_are_filled_with_empty_cells(tmp_path):
    assert read_all(csv_file(tmp_path, "text,topic,band\na\nb,jalan\n")).to_numpy().tolist() == [
        ["a", "", ""],
        ["b", "jalan", ""],
    ]


def test_csv_cells_stay_text(tmp_path):
    (chunk,) = read_chunks(csv_file(tmp_path, "text,n\n0012,1.50\n"))
    assert chunk.iloc[0].tolist() == ["0012", "1.50"]


def test_a_csv_cell_of_a_megabyte_is_read(tmp_path):
    assert len(read_all(csv_file(tmp_path, "text\n" + "a" * 1_000_000 + "\n"))["text"][0]) == 1_000_000


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "berkas kosong"),
        (b"\xef\xbb\xbf", "berkas kosong"),
        (b"\n\n", "berkas kosong"),
        (b"text,topic\nbaik,jalan\nrus\xe9k,jalan\n", "baris 3"),
        (b"text\n" + b"baik\n" * 20_000 + b"rus\xff\n", "baris 20002"),
        (b"te\xffxt\nbaik\n", "baris 1"),
        ("text\nbaik\n".encode("utf-16"), "UTF-8"),
        (b"te\x00xt\nbaik\n", "bukan teks"),
        (b'text,topic\nbaik,jalan\n"tak ditutup,jalan\nlagi,jalan\n', "baris 4"),
        (b'text,topic\nbaik,jalan\n"a"b,jalan\n', "baris 3"),
        (b"text,topic\nbaik,jalan\na,b,c\n", "baris 3"),
        (b'text,topic\n"dua\nbaris",jalan\na,b,c\n', "baris 4"),
        (b"text,topic,text\na,b,c\n", "'text' muncul lebih dari sekali"),
        (",".join(f"k{i}" for i in range(501)).encode(), "501 kolom"),
    ],
)
def test_a_broken_csv_is_told_in_one_line(tmp_path, content, expected):
    assert expected in read_error(csv_file(tmp_path, content))


# ------------------------------------------------------------------------------------------------ any kind
@pytest.mark.parametrize("name", ["data.txt", "data", "data.xls", "data.csv.gz"])
def test_an_unknown_suffix_is_refused_for_reading_and_writing(tmp_path, name):
    path = tmp_path / name
    path.write_text("text\na\n")
    assert ".xlsx" in read_error(path)
    with pytest.raises(SuaraError, match="tidak dikenal"):
        TableWriter(path)
    with pytest.raises(SuaraError, match="tidak dikenal"):
        read_header(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_file_an_empty_file_and_a_folder_are_told(tmp_path, suffix):
    path = tmp_path / f"data{suffix}"
    assert "tidak dapat dibuka" in read_error(path)
    with pytest.raises(SuaraError, match="tidak dapat dibuka"):
        read_header(path)
    path.touch()
    assert "berkas kosong" in read_error(path)
    with pytest.raises(SuaraError, match="berkas kosong"):
        read_header(path)
    path.unlink()
    path.mkdir()
    read_error(path)


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
@settings(max_examples=40)
@given(share=st.floats(0.001, 0.999))
def test_a_cut_file_is_told_wherever_it_is_cut(tmp_path_factory, suffix, share):
    path = tmp_path_factory.mktemp("potong") / f"data{suffix}"
    write(path, pd.DataFrame({"text": [f"keluhan nomor {i}" for i in range(500)]}))
    os.truncate(path, max(1, int(path.stat().st_size * share)))
    assert "rusak atau terpotong" in read_error(path)
    with pytest.raises(SuaraError, match="rusak atau terpotong"):
        read_header(path)


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
@settings(max_examples=100)
@given(share=st.floats(0, 0.999), byte=st.integers(0, 255))
def test_a_changed_byte_is_told_or_harmless(tmp_path_factory, suffix, share, byte):
    path = tmp_path_factory.mktemp("ubah") / f"data{suffix}"
    write(path, pd.DataFrame({"text": [f"keluhan nomor {i}" for i in range(50)]}))
    content = bytearray(path.read_bytes())
    content[int(len(content) * share)] = byte
    path.write_bytes(content)
    for read in (read_header, read_all):
        try:
            read(path)
        except SuaraError as error:
            assert path.name in str(error)


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_text_under_a_wrong_suffix_is_told(tmp_path, suffix):
    path = tmp_path / f"data{suffix}"
    path.write_text("text,topic\nlampu mati,jalan\n")
    assert "rusak atau terpotong" in read_error(path)


# ------------------------------------------------------------------------------------------------ XLSX
def test_numbers_dates_and_truth_keep_their_kind(tmp_path):
    day, moment = datetime.date(2022, 3, 12), datetime.datetime(2022, 3, 12, 8, 30)
    path = xlsx_file(tmp_path, [["text", "n", "x", "hari", "saat", "ya"], ["a", 7, 2.5, day, moment, True]])
    (chunk,) = read_chunks(path)
    assert chunk.iloc[0].tolist() == ["a", 7, 2.5, day, moment, True]
    back = write(tmp_path / "lagi.xlsx", chunk)
    row = [cell.value for cell in openpyxl.load_workbook(back).active[2]]
    assert row == ["a", 7, 2.5, datetime.datetime(2022, 3, 12), moment, True]


def test_a_formula_without_a_value_and_blank_cells_come_as_empty(tmp_path):
    path = xlsx_file(tmp_path, [["text", "n"], ["=A3", "=1+1"], [None, 5], ["akhir", None]])
    assert read_all(path).to_numpy().tolist() == [["", ""], ["", "5"], ["akhir", ""]]


def test_whole_numbers_read_as_text_have_no_decimal_point(tmp_path):
    assert read_all(xlsx_file(tmp_path, [["band"], [2], [2.0], [2.5]]))["band"].tolist() == ["2", "2", "2.5"]


def test_long_numbers_are_written_as_text_and_keep_every_digit(tmp_path):
    path = write(tmp_path / "data.xlsx", pd.DataFrame({"id": [3171011203900001, 317101120390000123], "n": [5, 6]}))
    sheet = openpyxl.load_workbook(path).active
    assert [cell.value for cell in sheet["A"]] == ["id", "3171011203900001", "317101120390000123"]
    assert [cell.value for cell in sheet["B"]] == ["n", 5, 6]


def test_missing_infinite_and_very_old_values_are_written(tmp_path):
    cells = [None, float("nan"), pd.NA, pd.NaT, float("inf"), datetime.date(1850, 1, 2), 1.5]
    path = write(tmp_path / "data.xlsx", pd.DataFrame({"x": pd.Series(cells, dtype=object)}))
    assert read_all(path)["x"].tolist() == ["", "", "", "", "inf", "1850-01-02", "1.5"]


def test_text_that_looks_like_a_formula_is_written_as_text(tmp_path):
    path = write(tmp_path / "data.xlsx", pd.DataFrame({"text": ["=1+1", "{=1+1}"]}))
    assert [cell.data_type for cell in openpyxl.load_workbook(path).active["A"]] == ["s", "s", "s"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], "berkas kosong"),
        ([["text", "topic", "text"], ["a", "b", "c"]], "'text' muncul lebih dari sekali"),
        ([[f"k{i}" for i in range(501)]], "501 kolom"),
    ],
)
def test_a_wrong_sheet_is_told_in_one_line(tmp_path, rows, expected):
    assert expected in read_error(xlsx_file(tmp_path, rows))


def test_columns_to_the_right_without_a_title_are_left_out(tmp_path):
    assert read_all(xlsx_file(tmp_path, [["text", None], ["a", "catatan"], ["b"]])).to_dict("list") == {"text": ["a", "b"]}


def test_a_zip_that_is_no_workbook_is_told(tmp_path):
    path = tmp_path / "data.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("halo.txt", "halo")
    assert "rusak atau terpotong" in read_error(path)


@pytest.mark.parametrize(("unpacked_bytes", "limit"), [(60_000_000, None), (2_000_000, 1_000_000)])
def test_a_workbook_that_swells_is_refused_before_it_is_read(tmp_path, monkeypatch, unpacked_bytes, limit):
    if limit:
        monkeypatch.setattr(tables, "MAX_XLSX_UNPACKED_BYTES", limit)
    path = xlsx_file(tmp_path, [["text"], ["a"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/besar.bin", bytes(unpacked_bytes))
    assert path.stat().st_size < 100_000
    assert "membengkak" in read_error(path)
    with pytest.raises(SuaraError, match="membengkak"):
        read_header(path)


# ------------------------------------------------------------------------------------------------ Parquet
def test_parquet_keeps_kinds_and_every_digit(tmp_path):
    table = pa.table(
        {"id": [317101120390000123, None], "x": [1.5, None], "d": [datetime.date(2022, 3, 12), None], "b": [True, None]}
    )
    pq.write_table(table, tmp_path / "data.parquet")
    (chunk,) = read_chunks(tmp_path / "data.parquet")
    again = pq.read_table(write(tmp_path / "lagi.parquet", chunk))
    assert again.to_pylist() == table.to_pylist()
    assert read_all(tmp_path / "data.parquet").to_numpy().tolist() == [
        ["317101120390000123", "1.5", "2022-03-12", "True"],
        [""] * 4,
    ]


def test_an_index_that_pandas_saved_is_a_column(tmp_path):
    path = tmp_path / "data.parquet"
    pd.DataFrame({"id": ["x", "y"], "text": ["a", "b"]}).set_index("id").to_parquet(path)
    (chunk,) = read_chunks(path)
    assert tuple(chunk.columns) == read_header(path).columns
    assert chunk["id"].tolist() == ["x", "y"]


def test_twin_columns_in_parquet_are_told(tmp_path):
    path = tmp_path / "data.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), path)
    assert "'text' muncul lebih dari sekali" in read_error(path)


def test_cells_of_mixed_kinds_become_text_in_parquet(tmp_path):
    path = write(tmp_path / "data.parquet", pd.DataFrame({"x": pd.Series([5, "lima", None, 2.5], dtype=object)}))
    assert read_all(path)["x"].tolist() == ["5", "lima", "", "2.5"]


# ------------------------------------------------------------------------------------------------ the writer
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("after_a_frame", [False, True])
def test_an_error_while_writing_leaves_nothing_behind(tmp_path, suffix, after_a_frame):
    def fail():
        with TableWriter(tmp_path / f"data{suffix}") as writer:
            if after_a_frame:
                writer.write(pd.DataFrame({"text": ["a"]}))
            raise RuntimeError("putus")

    with pytest.raises(RuntimeError, match="putus"):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_error_while_writing_keeps_the_file_that_was_there(tmp_path, suffix):
    path = write(tmp_path / f"data{suffix}", pd.DataFrame({"text": ["lama"]}))
    before = path.read_bytes()

    def fail():
        with TableWriter(path) as writer:
            writer.write(pd.DataFrame({"text": ["baru"]}))
            raise RuntimeError("putus")

    with pytest.raises(RuntimeError, match="putus"):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_the_file_is_not_there_until_it_is_whole(tmp_path):
    path = tmp_path / "data.csv"
    with TableWriter(path) as writer:
        writer.write(pd.DataFrame({"text": ["a"]}))
        assert not path.exists()
    assert path.exists()


def test_a_cell_too_long_for_xlsx_is_told_by_row_and_column(tmp_path):
    frame = pd.DataFrame({"n": ["1", "2"], "text": ["a" * 32_767, "a" * 32_768]})
    with pytest.raises(SuaraError, match=r"data\.xlsx, baris 3, kolom 'text': sel 32768 huruf .*\.csv"):
        write(tmp_path / "data.xlsx", frame)
    assert list(tmp_path.iterdir()) == []
    assert len(read_all(write(tmp_path / "data.xlsx", frame[:1]))["text"][0]) == 32_767


def test_too_many_rows_for_xlsx_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROWS_XLSX", 4)
    write(tmp_path / "cukup.xlsx", pd.DataFrame({"text": ["a", "b", "c"]}))
    with pytest.raises(SuaraError, match="melebihi"):
        write(tmp_path / "lebih.xlsx", pd.DataFrame({"text": ["a", "b"]}), pd.DataFrame({"text": ["c", "d"]}))
    assert [p.name for p in tmp_path.iterdir()] == ["cukup.xlsx"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_makes_folders_that_are_missing_and_tells_those_it_cannot_make(tmp_path, suffix):
    assert write(tmp_path / "a" / "b" / f"data{suffix}", pd.DataFrame({"text": ["a"]})).exists()
    (tmp_path / "berkas").touch()
    with pytest.raises(SuaraError, match="tidak dapat menulis"):
        write(tmp_path / "berkas" / f"data{suffix}", pd.DataFrame({"text": ["a"]}))


def test_a_cell_far_outside_the_table_is_refused_and_does_not_fill_the_memory(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"] = "text"
    book.active["XFD1048576"] = "jauh"
    book.save(tmp_path / "jauh.xlsx")
    with pytest.raises(SuaraError, match="merentang sampai baris 1048576"):
        list(read_chunks(tmp_path / "jauh.xlsx"))
