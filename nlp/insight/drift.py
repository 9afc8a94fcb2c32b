"""Whether needs or the model's footing change: topics, words, confidence and decisions beside a reference window.

The distance of two distributions is that of Jensen and Shannon (Lin 1991, IEEE Trans. Inf. Theory 37:145), 0 to 1. What
chance alone gives is learnt by dealing the same days anew to window and reference, each weekday for itself, so that
the threshold is a rate of false alarms and what the messages of one day share does not count as news. An alarm needs two
windows in a row.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from nlp.insight.days import Bools, Day, Floats, Ints
from nlp.insight.vocabulary import words_by_message
from nlp.insight.wording import number, percent
from nlp.labels import Labels

WINDOW_DAYS = 28
REFERENCE_DAYS = 112
LEVEL = 0.01  # false alarms of one window of one measure
N_DEALS = 999
MIN_MESSAGES = 50  # in the window and in the reference
MAX_WORDS = 2_000
N_BINS = 10  # of confidence, each with as many messages of the reference
_DECISIONS = {"auto": "diteruskan tanpa petugas", "suggest": "dipilih dari daftar pendek", "manual": "dibaca penuh petugas"}
_NAMES = {"topic": "Topik pesan", "words": "Kata dalam pesan", "confidence": "Keyakinan model", "decision": "Cara meneruskan"}
_N_NAMED = 3  # changes in a sentence
_SEED = 20_261_124


@dataclass(frozen=True, slots=True)
class _Counted:
    """Messages (or words) of each day and category."""

    n: Floats  # (n_days, n_categories)
    categories: list[str]


@dataclass(frozen=True, slots=True)
class _Compared:
    """One window beside the reference."""

    distance: float
    usual: float  # what chance alone exceeds with probability LEVEL
    p_value: float
    share: Floats  # (n_categories,)
    share_before: Floats


def drift(messages: pd.DataFrame, end: Day, labels: Labels) -> pd.DataFrame:
    """Drift of MESSAGES up to and with the day `end`, a row for each measure that the columns allow.

    The last two windows of 28 days are each held against the same 112 days before both. Measures: 'topic', 'words' (of
    `text`, masked), 'confidence' (column `topic_probability`), 'decision' (column `decision`).

    Columns: `measure`, `first_day`, `last_day` (of the later window), `n`, `n_reference` (messages), `distance`, `usual` (1 % of
    chance differences are larger), `p_value`, `p_value_before` (of the window before), `is_alarm` (both at most 1 %),
    `changes` (up to five categories that moved most, as (category, share in the reference, share now)), `sentence`
    (Indonesian). Fewer than 50 messages in a window or in the reference give missing numbers and no alarm.
    """
    last = pd.Timestamp(end).normalize()
    days = pd.date_range(last - pd.Timedelta(days=2 * WINDOW_DAYS + REFERENCE_DAYS - 1), last)
    frame = messages[messages["day"].between(days[0], last + pd.Timedelta(hours=24), inclusive="left")]
    place = ((frame["day"].dt.normalize() - days[0]) // pd.Timedelta(days=1)).to_numpy(np.int64)
    came = np.bincount(place, minlength=len(days)).astype(np.float64)
    windows = [np.arange(len(days)) // WINDOW_DAYS == len(days) // WINDOW_DAYS - back for back in (2, 1)]
    reference = ~(windows[0] | windows[1])
    rows = []
    for measure, counted in _counted(frame, place, reference, labels).items():
        enough = min(came[part].sum() for part in (reference, *windows)) >= MIN_MESSAGES
        compared = [_compare(counted.n, window, reference, days, came > 0) for window in windows] if enough else None
        row = {
            "measure": measure, "first_day": days[windows[1]][0], "last_day": last,
            "n": int(came[windows[1]].sum()), "n_reference": int(came[reference].sum()),
        }  # fmt: skip
        rows.append(row | _told(measure, counted, compared))
    return pd.DataFrame(rows)


def _counted(frame: pd.DataFrame, place: Ints, reference: Bools, labels: Labels) -> dict[str, _Counted]:
    n_days = len(reference)
    found: dict[str, _Counted] = {}
    if "topic" in frame:
        found["topic"] = _by_category(frame["topic"], place, n_days, lambda code: labels.name("topic", code))
    if "text" in frame:
        found["words"] = _by_word(frame["text"], place, n_days)
    if "topic_probability" in frame:
        probability = pd.to_numeric(frame["topic_probability"], errors="coerce")
        edges = probability[reference[place]].quantile(np.arange(1, N_BINS) / N_BINS).dropna().unique()
        ends = [number(edge, 2) for edge in (0.0, *edges, 1.0)]
        bins = np.where(probability.notna(), np.searchsorted(edges, probability).astype(str), "")  # one digit: sorted as such
        found["confidence"] = _by_category(pd.Series(bins), place, n_days, lambda i: f"{ends[int(i)]} sampai {ends[int(i) + 1]}")
    if "decision" in frame:
        found["decision"] = _by_category(frame["decision"], place, n_days, lambda code: _DECISIONS.get(code, code))
    return found


def _by_category(values: pd.Series, place: Ints, n_days: int, name: Callable[[str], str]) -> _Counted:
    known = (values.notna() & (values != "")).to_numpy()
    codes, categories = pd.factorize(values[known], sort=True)
    n = np.bincount(place[known] * len(categories) + codes, minlength=n_days * len(categories))
    return _Counted(n.reshape(n_days, len(categories)).astype(np.float64), [name(str(code)) for code in categories])


def _by_word(texts: pd.Series, place: Ints, n_days: int) -> _Counted:
    """How many messages of each day hold each of the commonest words."""
    matrix, words = words_by_message(texts)
    common = np.argsort(-np.asarray(matrix.sum(axis=0)).ravel(), kind="stable")[:MAX_WORDS]
    of_day = sp.csr_matrix((np.ones(len(place)), (place, np.arange(len(place)))), shape=(n_days, len(place)))
    return _Counted((of_day @ matrix[:, common]).toarray(), [words[i] for i in common])


def _compare(n: Floats, window: Bools, reference: Bools, days: pd.DatetimeIndex, came: Bools) -> _Compared:
    used = (window | reference) & came
    n, inside, weekday = n[used], window[used], np.asarray(days.day_of_week)[used]
    dealt = _deals(inside, weekday)
    chance = _distance(dealt @ n, n.sum(axis=0) - dealt @ n)
    now, before = n[inside].sum(axis=0), n[~inside].sum(axis=0)
    distance = float(_distance(now, before))
    # as far as chance, but for rounding, is as far
    p_value = (1 + int((chance >= distance - 1e-12).sum())) / (1 + N_DEALS)
    return _Compared(distance, float(np.quantile(chance, 1 - LEVEL)), p_value, _shares(now), _shares(before))


def _deals(inside: Bools, weekday: Ints) -> Floats:
    """Which days fall to the window in each deal, as 0 and 1, (N_DEALS, n_days); of each weekday as many as truly did."""
    random = np.random.default_rng(_SEED)
    dealt = np.zeros((N_DEALS, len(inside)))
    for of_week in range(7):
        places = np.flatnonzero(weekday == of_week)
        n_inside = int(inside[places].sum())
        rank = random.random((N_DEALS, len(places))).argsort(axis=1)
        dealt[:, places] = rank < n_inside
    return dealt


def _distance(one: Floats, other: Floats) -> Floats:
    """Jensen-Shannon divergence in bits of counts, over the last axis."""
    p, q = _shares(one), _shares(other)
    middle = (p + q) / 2
    return np.asarray((_information(p, middle) + _information(q, middle)) / 2)


def _information(p: Floats, q: Floats) -> Floats:
    ratio = np.divide(p, q, out=np.ones_like(p), where=(p > 0) & (q > 0))
    return np.asarray((p * np.log2(ratio)).sum(axis=-1))


def _shares(n: Floats) -> Floats:
    return np.asarray(n / np.maximum(n.sum(axis=-1, keepdims=True), 1e-12))


def _told(measure: str, counted: _Counted, compared: list[_Compared] | None) -> dict[str, object]:
    if compared is None:
        numbers = dict.fromkeys(("distance", "usual", "p_value", "p_value_before"), np.nan)
        sentence = f"{_NAMES[measure]}: data belum cukup untuk membandingkan."
        return {**numbers, "is_alarm": False, "changes": [], "sentence": sentence}
    earlier, later = compared
    # a category's part of the distance grows with the square of its move
    moved = np.argsort(-((later.share - later.share_before) ** 2) / np.maximum(later.share + later.share_before, 1e-12))
    changes = [
        (counted.categories[i], float(later.share_before[i]), float(later.share[i]))
        for i in moved[:5]
        if later.share[i] != later.share_before[i]
    ]
    is_alarm = max(earlier.p_value, later.p_value) <= LEVEL
    return {
        "distance": later.distance, "usual": later.usual, "p_value": later.p_value, "p_value_before": earlier.p_value,
        "is_alarm": is_alarm, "changes": changes, "sentence": _sentence(measure, changes, is_alarm),
    }  # fmt: skip


def _sentence(measure: str, changes: list[tuple[str, float, float]], is_alarm: bool) -> str:
    if not is_alarm:
        return f"{_NAMES[measure]}: tidak ada pergeseran yang menetap."
    told = "; ".join(f"{name} (dari {percent(before)} menjadi {percent(now)})" for name, before, now in changes[:_N_NAMED])
    return f"{_NAMES[measure]} bergeser dua kali {WINDOW_DAYS} hari berturut-turut: {told}."
