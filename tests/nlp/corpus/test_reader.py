import dataclasses

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.corpus.reader import LABEL_COLUMNS, find_column, parse_columns, read_labelled, read_seed
from nlp.errors import SuaraError
from nlp.labels import load_labels

LABELS = load_labels()


@pytest.fixture
def csv_file(tmp_path):
    def csv_file(content, name="data.csv"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return csv_file


def error_of(path, columns=None):
    with pytest.raises(SuaraError) as caught:
        read_labelled(path, LABELS, columns)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return caught.value


# ------------------------------------------------------------------------------------------------ --columns
@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (None, {}),
        ("", {}),
        ("text=keluhan", {"text": "keluhan"}),
        ("text=keluhan,unit=dinas", {"text": "keluhan", "unit": "dinas"}),
        (" text = Isi Keluhan , band = pita ,", {"text": "Isi Keluhan", "band": "pita"}),
        ("text=a=b", {"text": "a=b"}),
    ],
)
def test_parses_the_columns_option(option, expected):
    assert parse_columns(option) == expected


@pytest.mark.parametrize("option", ["keluhan", "text", "text=", "=keluhan", "teks=keluhan", "text=a,topik=b", "text:keluhan"])
def test_an_option_of_another_form_is_told_with_an_example(option):
    with pytest.raises(SuaraError, match=r"--columns: .*tidak dipahami.*text=keluhan,unit=dinas"):
        parse_columns(option)


@given(st.text())
def test_any_option_is_parsed_or_told(option):
    try:
        assert set(parse_columns(option)) <= {"text", *LABEL_COLUMNS}
    except SuaraError as error:
        assert "--columns" in str(error)


def test_a_column_is_found_by_its_own_or_its_given_name(csv_file):
    path = csv_file("")
    assert find_column(path, ["text", "dinas"], "unit", {"unit": "dinas"}) == "dinas"
    assert find_column(path, ["text", "unit"], "unit", {}) == "unit"
    assert find_column(path, ["text"], "unit", {}) is None
    with pytest.raises(SuaraError, match="kolom 'dinas' tidak ada"):
        find_column(path, ["text", "unit"], "unit", {"unit": "dinas"})


# ------------------------------------------------------------------------------------------------ text
def test_a_missing_text_column_names_what_exists_and_the_option(csv_file):
    error = error_of(csv_file("keluhan,topic\nlampu mati,jalan\n"))
    assert "keluhan, topic" in str(error)
    assert "--columns text=" in error.remedy


def test_a_mistyped_column_gets_the_nearest_as_example(csv_file):
    error = error_of(csv_file("topic,keluhan\njalan,lampu mati\n"), {"text": "keluhann"})
    assert "--columns text=keluhan." in error.remedy


def test_reads_columns_under_the_names_of_the_file(csv_file):
    path = csv_file("keluhan,dinas,jenis\nlampu mati,Dinas Perhubungan,jalan\n")
    frame = read_labelled(path, LABELS, {"text": "keluhan", "unit": "dinas", "topic": "jenis"})
    assert frame.to_dict("records") == [{"text": "lampu mati", "topic": "jalan", "unit": "Dinas Perhubungan"}]


def test_rows_without_text_are_left_out(csv_file):
    frame = read_labelled(csv_file("text,topic\na,jalan\n,sampah\n  ,sampah\nb,\n"), LABELS)
    assert frame.to_dict("list") == {"text": ["a", "b"], "topic": ["jalan", ""]}
    assert frame.index.tolist() == [0, 1]


@pytest.mark.parametrize("content", ["text,topic\n", "text,topic\n,jalan\n  ,\n"])
def test_a_file_without_any_text_is_told(csv_file, content):
    assert "tidak ada baris berisi teks" in str(error_of(csv_file(content)))


def test_text_alone_is_enough_and_other_columns_are_left_out(csv_file):
    assert read_labelled(csv_file("id,text\n7,lampu mati\n"), LABELS).to_dict("list") == {"text": ["lampu mati"]}


# ------------------------------------------------------------------------------------------------ codes
@pytest.mark.parametrize("missing", ["NaN", "nan", "None", "null", "N/A", "-", "", "  "])
@pytest.mark.parametrize("family", ["topic", "aspect", "sentiment", "urgency", "band", "kinds"])
def test_a_missing_label_is_skipped(csv_file, family, missing):
    frame = read_labelled(csv_file(f"text,{family}\na,{missing}\n"), LABELS)
    assert frame[family].tolist() == [""]


@pytest.mark.parametrize("band", ["2", "2.0", "2.00", " 2 "])
def test_a_band_with_decimals_is_its_whole_number(csv_file, band):
    assert read_labelled(csv_file(f"text,band\na,{band}\n"), LABELS)["band"].tolist() == ["2"]


@pytest.mark.parametrize("band", ["2.5", "4", "-1", "dua", "02"])
def test_a_band_outside_the_scale_is_told(csv_file, band):
    assert "Kode yang ada: 0, 1, 2, 3." in error_of(csv_file(f"text,band\na,{band}\n")).remedy


def test_bands_that_a_sheet_holds_as_numbers_are_read(tmp_path):
    book = openpyxl.Workbook()
    for row in (["text", "band"], ["a", 2], ["b", 0.0], ["c", None]):
        book.active.append(row)
    book.save(tmp_path / "data.xlsx")
    assert read_labelled(tmp_path / "data.xlsx", LABELS)["band"].tolist() == ["2", "0", ""]


def test_bands_with_gaps_that_parquet_holds_as_numbers_are_read(tmp_path):
    pd.DataFrame({"text": ["a", "b"], "band": [2.0, None]}).to_parquet(tmp_path / "data.parquet")
    assert read_labelled(tmp_path / "data.parquet", LABELS)["band"].tolist() == ["2", ""]


@pytest.mark.parametrize("separator", ["|", ";", ",", " ", " | ", ", ", "||"])
def test_kinds_may_be_separated_in_several_ways(csv_file, separator):
    kinds = separator.join(["pungli_pemerasan", "suap_percaloan"])
    frame = read_labelled(csv_file(f'text,kinds\na,"{kinds}"\nb,"{separator}"\n'), LABELS)
    assert frame["kinds"].tolist() == ["pungli_pemerasan|suap_percaloan", ""]


def test_codes_may_be_in_capitals_and_padded(csv_file):
    frame = read_labelled(csv_file("text,topic,kinds\na, Jalan ,PUNGLI_PEMERASAN\n"), LABELS)
    assert frame.loc[0, ["topic", "kinds"]].tolist() == ["jalan", "pungli_pemerasan"]


def test_an_unknown_code_names_row_column_and_the_nearest_code(csv_file):
    path = csv_file("text,jenis\na,jalan\nb,sampahh\nc,entah\n")
    error = error_of(path, {"topic": "jenis"})
    assert error.where == "data.csv, baris 3, kolom 'jenis'"
    assert "'sampahh'" in error.what
    assert "Mungkin maksudnya 'sampah'." in error.remedy
    assert "aparatur" in error.remedy


def test_an_unknown_code_like_no_other_lists_the_codes(csv_file):
    error = error_of(csv_file("text,sentiment\na,xyzzy\n"))
    assert error.remedy == "Kode yang ada: negatif, netral, positif."


def test_one_unknown_code_among_kinds_is_told(csv_file):
    error = error_of(csv_file("text,kinds\na,pungli_pemerasan\nb,pungli_pemerasan|suap\n"))
    assert error.where == "data.csv, baris 3, kolom 'kinds'"
    assert "'suap'" in error.what


def test_an_endless_unknown_code_is_told_shortened(csv_file):
    assert len(str(error_of(csv_file(f"text,topic\na,{'x' * 5_000}\n")))) < 1_000


def test_units_are_free_names_and_keep_their_spelling(csv_file):
    frame = read_labelled(csv_file('text,unit\na, Dinas PU \nb,"Kec. Gubeng, Surabaya"\nc,\n'), LABELS)
    assert frame["unit"].tolist() == ["Dinas PU", "Kec. Gubeng, Surabaya", ""]


def test_a_unit_that_is_a_whole_text_is_told(csv_file):
    error = error_of(csv_file(f"text,unit\na,Dinas\nb,{'x' * 201}\n"))
    assert error.where == "data.csv, baris 3, kolom 'unit'"


# ------------------------------------------------------------------------------------------------ an office's own list
def test_codes_of_an_own_label_list_are_read_and_others_refused(csv_file):
    own = dataclasses.replace(LABELS, topic=(dataclasses.replace(LABELS.topic[0], code="pantai"), LABELS.topic[3]))
    assert read_labelled(csv_file("text,topic\na,pantai\n"), own)["topic"].tolist() == ["pantai"]
    with pytest.raises(SuaraError, match="'jalan' tidak ada"):
        read_labelled(csv_file("text,topic\na,jalan\n"), own)


def test_the_seed_loses_only_the_labels_that_an_own_list_lacks():
    lacking = {"topic": "sampah", "urgency": "tinggi", "kinds": "suap_percaloan"}
    own = dataclasses.replace(
        LABELS, **{f: tuple(label for label in LABELS.family(f) if label.code != code) for f, code in lacking.items()}
    )
    full, seed = read_seed(LABELS), read_seed(own)
    assert seed["text"].tolist() == full["text"].tolist()
    for family in ("aspect", "sentiment", "band"):
        assert seed[family].tolist() == full[family].tolist()
    for family in ("topic", "urgency"):
        assert seed[family].tolist() == ["" if code == lacking[family] else code for code in full[family]]
    dropped = ["|".join(code for code in cell.split("|") if code != lacking["kinds"]) for cell in full["kinds"]]
    assert seed["kinds"].tolist() == dropped
    assert (seed["topic"] == "").any()
    assert dropped != full["kinds"].tolist()
