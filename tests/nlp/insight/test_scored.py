"""A scored file as MESSAGES: days, dimensions and dates as the service has them, mistakes told by their cell."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from nlp.batch import score_file
from nlp.errors import SuaraError
from nlp.insight.areas import area_table
from nlp.insight.frames import counts_of
from nlp.insight.scored import read_scored
from nlp.labels import load_labels
from tests.bundles import labelled_rows, train_small, write_csv

LABELS = load_labels()


def row(**cells):
    labels = {"topic": "jalan", "aspect": "sarana", "sentiment": "negatif", "urgency": "biasa", "band": "0"}
    return {"masked_text": "Aspal berlubang dekat pasar", **labels, "received_at": "2026-03-02 08:15", **cells}


def write(folder, *rows, suffix=".csv"):
    path = folder / f"nilai{suffix}"
    if suffix == ".xlsx":
        pd.DataFrame(rows).to_excel(path, index=False, engine="xlsxwriter")
    else:
        pd.DataFrame(rows).to_csv(path, index=False)
    return path


def days_of(frame, name="day"):
    return [None if pd.isna(day) else day.date() for day in frame[name]]


def test_what_score_writes_is_read(tmp_path):
    train_small(tmp_path / "model")
    rows = [
        {
            "text": one["text"],
            "tanggal": f"{1 + k % 28:02}/02/2026 09.30",
            "kecamatan": "Damar" if k % 2 else "",
            "unit": "Dinas A",
        }
        for k, one in enumerate(labelled_rows(56, seed=4))
    ]
    rows[5]["text"] = "  "  # comes back with a problem and without text
    score_file(write_csv(tmp_path / "asal.csv", rows), tmp_path / "nilai.csv", tmp_path / "model")
    messages = read_scored(tmp_path / "nilai.csv", {"received_at": "tanggal", "district": "kecamatan"})
    assert len(messages) == 55
    assert days_of(messages)[:2] == [date(2026, 2, 1)] * 2 and days_of(messages)[-1] == date(2026, 2, 28)
    assert messages["day"].is_monotonic_increasing
    assert set(messages["topic"]) <= {*LABELS.codes("topic"), ""} and set(messages["district"]) == {"Damar", ""}
    assert set(messages["unit"]) == {"Dinas A"} and set(messages["channel"]) == {""}
    assert messages["topic_probability"].between(0, 1).all() and set(messages["decision"]) <= {"auto", "suggest", "manual"}
    assert "closed_day" not in messages and "deadline_on" not in messages
    counts = counts_of(messages)
    assert counts["n"].sum() == 55 and counts["n_settled"].sum() == 0


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_dates_are_local_and_settled_and_late_follow_from_them(tmp_path, suffix):
    path = write(
        tmp_path,
        row(received_at="2026-03-02T18:30:00+00:00", closed_at="2026-03-05 10:00", deadline_on="2026-03-05"),  # 01.30 on the 3rd
        row(received_at="2026-03-01", closed_at="6/3/2026", deadline_on="05-03-2026"),
        row(received_at="2026-03-04 23:59", closed_at="", deadline_on="2026-03-05"),
        suffix=suffix,
    )
    messages = read_scored(path)
    assert days_of(messages) == days_of(messages, "received_day") == [date(2026, 3, 1), date(2026, 3, 3), date(2026, 3, 4)]
    assert days_of(messages, "closed_day") == [date(2026, 3, 6), date(2026, 3, 5), None]
    assert messages["is_settled"].tolist() == [True, True, False]
    assert messages["is_late"].tolist() == [True, False, False]
    [area] = area_table(counts_of(messages), LABELS, "unit", date(2026, 3, 1), date(2026, 3, 4)).to_dict("records")
    assert (area["n"], area["n_settled"], area["n_late"], area["n_negative"]) == (3, 2, 1, 3)


@pytest.mark.parametrize(
    ("cells", "where", "what"),
    [
        ({"received_at": "kemarin"}, "baris 3, kolom 'received_at'", "'kemarin' bukan tanggal"),
        ({"received_at": "31/02/2026"}, "baris 3, kolom 'received_at'", "bukan tanggal"),
        ({"received_at": "0202-03-02"}, "baris 3, kolom 'received_at'", "sejak 1990"),
        ({"received_at": ""}, "baris 3, kolom 'received_at'", "tanggal kosong"),
        ({"closed_at": "46083"}, "baris 3, kolom 'closed_at'", "bukan tanggal"),
    ],
    ids=["words", "no such day", "slip of the pen", "empty", "day number"],
)
def test_a_cell_without_a_date_is_named(tmp_path, cells, where, what):
    path = write(tmp_path, row(closed_at=""), row(**{"closed_at": "", **cells}))
    with pytest.raises(SuaraError) as caught:
        read_scored(path)
    assert where in str(caught.value) and what in str(caught.value)
    assert "20/11/2026 08.15" in caught.value.remedy


def test_a_row_is_named_as_the_sheet_counts_it_though_rows_without_text_are_left_out(tmp_path):
    path = write(tmp_path, row(masked_text=""), row(), row(received_at="entah"))
    with pytest.raises(SuaraError, match="baris 4"):
        read_scored(path)


def test_missing_columns_say_what_to_do(tmp_path):
    plain = write(tmp_path, {"text": "Aspal berlubang", "tanggal": "2026-03-02"})
    with pytest.raises(SuaraError, match=r"belum dinilai\. Nilai dahulu: suara score"):
        read_scored(plain)
    path = Path(write(tmp_path, {**row(), "tgl": "2026-03-02"}))
    pd.read_csv(path).drop(columns="received_at").to_csv(path, index=False)
    with pytest.raises(SuaraError, match=r"'received_at' tidak ada.*misalnya received_at=tanggal"):
        read_scored(path)
    with pytest.raises(SuaraError, match=r"kolom 'tangal' tidak ada"):
        read_scored(path, {"received_at": "tangal"})
    assert days_of(read_scored(path, {"received_at": "tgl"})) == [date(2026, 3, 2)]
