"""Words of many messages: which are new, or come far more often than before."""

import re

import numpy as np
import pandas as pd
import scipy.sparse as sp

from nlp.classify.features import tokens
from nlp.insight.days import Day
from nlp.insight.looks import false_discovery
from nlp.insight.wording import MONTHS

MIN_MESSAGES = 5  # with the word, in the later stretch
MIN_DAYS = 2  # so that one event or one flood alone makes no word
MIN_CHARS = 3
FALSE_DISCOVERY_RATE = 0.05
MIN_RATIO = 2.0  # "far more often"
_CALENDAR = frozenset(month.lower() for month in MONTHS)  # they come and go with the year and tell no need
_PLACEHOLDER = re.compile(r"\[\w+\]")  # of personal data, see nlp.text.privacy


def words_by_message(texts: pd.Series) -> tuple[sp.csr_matrix, list[str]]:
    """Which words (letters only, three or more, no month) each masked text holds, 0 and 1, (n_texts, n_words), and the words."""
    index: dict[str, int] = {}
    columns: list[int] = []
    ends = [0]
    for text in texts:
        words = {word for word in tokens(_PLACEHOLDER.sub(" ", text)) if len(word) >= MIN_CHARS and word.isalpha()} - _CALENDAR
        columns += [index.setdefault(word, len(index)) for word in sorted(words)]
        ends.append(len(columns))
    ones = np.ones(len(columns), np.int64)
    return sp.csr_matrix((ones, np.array(columns, np.int64), ends), shape=(len(ends) - 1, len(index))), list(index)


def rising_words(messages: pd.DataFrame, start: Day, end: Day) -> pd.DataFrame:
    """Words of MESSAGES from `start` to `end` (both included) that are new or twice as frequent as before `start`.

    Columns: `word`, `n`, `n_before` (messages with it), `share`, `share_before` (of messages), `ratio` (with half a message
    more on both sides), `is_new` (never before), `p_value` (Fisher's exact test, one-sided), `q_value` (across words,
    Benjamini and Hochberg; at most 5 %); the surest first. Floods should be collapsed before
    (`nlp.insight.floods.collapse`): a campaign's words are no new need.
    """
    from scipy.stats import hypergeom

    day = messages["day"].dt.normalize()
    first, last = pd.Timestamp(start).normalize(), pd.Timestamp(end).normalize()
    kept = messages[day <= last]
    later = (day[day <= last] >= first).to_numpy()
    matrix, words = words_by_message(kept["text"])
    n = np.asarray(matrix[later].sum(axis=0)).ravel()
    n_all = np.asarray(matrix.sum(axis=0)).ravel()
    total, total_before = int(later.sum()), int((~later).sum())
    # every word that is common enough is tested, so that the correction across words counts them all
    tested = np.flatnonzero((n >= MIN_MESSAGES) & (_days_with(matrix[later], kept["day"][later]) >= MIN_DAYS))
    if not len(tested) or not total_before:
        tested = tested[:0]
    p_value = hypergeom.sf(n[tested] - 1, total + total_before, n_all[tested], total)
    frame = pd.DataFrame({"word": [words[i] for i in tested], "n": n[tested], "n_before": n_all[tested] - n[tested]})
    frame["share"] = frame["n"] / max(total, 1)
    frame["share_before"] = frame["n_before"] / max(total_before, 1)
    frame["ratio"] = (frame["n"] + 0.5) / (total + 1) / ((frame["n_before"] + 0.5) / (total_before + 1))
    frame["is_new"] = frame["n_before"] == 0
    frame["p_value"], frame["q_value"] = p_value, false_discovery(p_value)
    frame = frame[(frame["q_value"] <= FALSE_DISCOVERY_RATE) & (frame["ratio"] >= MIN_RATIO)]
    return frame.sort_values(["p_value", "word"], kind="stable").reset_index(drop=True)


def _days_with(matrix: sp.csr_matrix, day: pd.Series) -> np.typing.NDArray[np.int64]:
    """On how many days each word came."""
    codes, days = pd.factorize(day.dt.normalize())
    by_day = sp.csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(days), len(codes))) @ matrix
    return np.asarray((by_day > 0).sum(axis=0)).ravel()
