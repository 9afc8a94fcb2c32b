"""Floods: found once, with their days and share, kept from call to call, and nothing that comes all year."""

import numpy as np
import pandas as pd
import pytest

from nlp.insight.duplicates import COPY_RESEMBLANCE, copies, resemblance, signature
from nlp.insight.floods import collapse, find_floods

CAMPAIGN = (
    "Kami warga menolak pembangunan gudang pupuk di dekat sekolah karena baunya mengganggu anak belajar, mohon izinnya dicabut"
)
WORDS = (
    "lampu jalan padam got mampet sampah menumpuk antrean puskesmas ktp hilang air keruh pohon tumbang trotoar rusak "
    "parkir liar guru bantuan pasar bau bising izin pajak rumah banjir sungai tanah"
).split()


def _ordinary(days: pd.DatetimeIndex, a_day: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(WORDS, 12)) for _ in range(a_day * len(days))]
    return pd.DataFrame({"day": days.repeat(a_day), "text": texts})


def _campaign(days: list[str], n: list[int]) -> pd.DataFrame:
    """The same words with another ending each."""
    texts = [f"{CAMPAIGN} {WORDS[i % len(WORDS)]}" for i in range(sum(n))]
    return pd.DataFrame({"day": pd.to_datetime(days).repeat(n), "text": texts})


YEAR = pd.date_range("2024-01-01", periods=180)


def test_a_campaign_is_found_once():
    messages = pd.concat(
        [_ordinary(YEAR, 5), _campaign(["2024-03-04", "2024-03-05", "2024-03-07"], [4, 15, 2])], ignore_index=True
    )
    floods = find_floods(messages)
    assert len(floods.table) == 1
    flood = floods.table.iloc[0]
    assert (flood["n"], flood["first_day"], flood["last_day"]) == (21, pd.Timestamp("2024-03-04"), pd.Timestamp("2024-03-07"))
    assert flood["busiest_day"] == pd.Timestamp("2024-03-05")
    assert flood["share_of_day"] == 15 / 20
    assert flood["example"] == f"{CAMPAIGN} {WORDS[0]}"
    assert flood["is_new"]
    assert flood["sentence"] == (
        "21 pesan yang hampir sama masuk 4 Maret 2024 sampai 7 Maret 2024; pada 5 Maret 2024 75 % dari semua pesan. "
        "Ditampilkan satu kali."
    )
    assert (floods.member[900:] == flood["flood"]).all()
    assert (floods.member[:900] == "").all()
    left = collapse(messages, floods)
    assert left.index.tolist() == list(range(901))


def test_messages_may_come_in_any_order_and_with_any_index():
    messages = pd.concat([_ordinary(YEAR, 5), _campaign(["2024-03-04"], [15])])
    mixed = messages.sample(frac=1, random_state=1)
    mixed.index = pd.Index([f"m{i}" for i in range(len(mixed))])
    floods = find_floods(mixed)
    assert floods.table["n"].tolist() == [15]
    assert floods.member.index.equals(mixed.index)
    assert mixed.loc[floods.member != "", "text"].str.startswith(CAMPAIGN).all()
    assert len(collapse(mixed, floods)) == len(mixed) - 14
    by_signature = find_floods(mixed, signatures=[signature(text) for text in mixed["text"]])
    pd.testing.assert_frame_equal(by_signature.table, floods.table)


def test_what_comes_all_year_is_no_flood_but_a_wave_of_it_is():
    thanks = pd.DataFrame({"day": YEAR.repeat(4), "text": "Terima kasih banyak"})
    assert find_floods(pd.concat([_ordinary(YEAR, 5), thanks])).table.empty
    wave = pd.DataFrame({"day": pd.to_datetime(["2024-04-10"] * 80), "text": "Terima kasih banyak"})
    table = find_floods(pd.concat([_ordinary(YEAR, 5), thanks, wave])).table
    # the days of the wave and those that share a window of three days with it
    assert table["n"].tolist() == [80 + 4 * 5]
    assert (table["first_day"].iloc[0], table["last_day"].iloc[0]) == (pd.Timestamp("2024-04-08"), pd.Timestamp("2024-04-12"))


def test_few_alike_or_slow_ones_are_no_flood():
    assert find_floods(pd.concat([_ordinary(YEAR, 5), _campaign(["2024-03-04"], [9])])).table.empty
    slow = _campaign([str(day.date()) for day in YEAR[::7]], [1] * len(YEAR[::7]))
    assert find_floods(pd.concat([_ordinary(YEAR, 5), slow])).table.empty


def test_a_flood_keeps_its_identity():
    first = find_floods(pd.concat([_ordinary(YEAR[:65], 5), _campaign(["2024-03-04"], [15])])).table
    goes_on = pd.concat([_ordinary(YEAR[60:80], 5, seed=1), _campaign(["2024-03-04", "2024-03-06"], [15, 3])])
    table = find_floods(goes_on, known=first).table
    assert table["flood"].tolist() == first["flood"].tolist()
    assert table[["n", "first_day", "last_day", "is_new"]].iloc[0].tolist() == [
        18, pd.Timestamp("2024-03-04"), pd.Timestamp("2024-03-06"), False,
    ]  # fmt: skip
    assert table["share_of_day"].iloc[0] == pytest.approx(15 / 20)
    # a later call that sees the tail only
    tail = find_floods(pd.concat([_ordinary(YEAR[66:80], 5), _campaign(["2024-03-08"], [2])]), known=table).table
    assert tail[["flood", "n"]].iloc[0].tolist() == [first["flood"].iloc[0], 20]
    # once over, it is left out; months later the same words are a new flood
    assert find_floods(_ordinary(YEAR[80:100], 5), known=table).table.empty
    again = find_floods(pd.concat([_ordinary(YEAR[100:160], 5), _campaign(["2024-05-20"], [12])]), known=table).table
    assert again["is_new"].tolist() == [True]
    assert again["flood"].tolist() != first["flood"].tolist()


def test_two_waves_within_a_month_are_one_flood():
    messages = pd.concat([_ordinary(YEAR, 5), _campaign(["2024-03-04", "2024-03-20"], [12, 14])])
    assert find_floods(messages).table["n"].tolist() == [26]


def test_no_messages():
    floods = find_floods(pd.DataFrame({"day": pd.to_datetime([]), "text": []}))
    assert floods.table.empty
    assert floods.member.empty
    assert collapse(pd.DataFrame({"day": pd.to_datetime([]), "text": []}), floods).empty


def test_banding_finds_what_full_comparison_finds():
    texts = _ordinary(YEAR[:20], 5)["text"].tolist() + _campaign(["2024-03-04"], [40])["text"].tolist()
    signatures = [signature(text) for text in texts]
    cluster = copies(signatures)
    together = cluster[:, None] == cluster[None, :]
    alike = np.array([resemblance(one, signatures) >= COPY_RESEMBLANCE for one in signatures])
    assert together[alike].mean() > 0.99
    assert len(set(cluster[100:])) == 1
    assert len(set(cluster[:100])) == 100
