"""The satisfaction index (IKM) of a survey after PermenPANRB 14/2017, with intervals, by unit and overall."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from nlp.insight.intervals import Floats
from nlp.insight.survey import ELEMENTS

LOWEST_INDEX, HIGHEST_INDEX = 25.0, 100.0
POINTS = 25  # an answer of 1 to 4 on the index' scale
WEIGHT = 1 / len(ELEMENTS)
FEW_RESPONDENTS = 30  # under this the t interval of a mean of four steps is rough


@dataclass(frozen=True, slots=True)
class Grade:
    """Mutu pelayanan: a letter, its name, and the index, rounded to two decimals, from which it holds."""

    code: str
    name: str
    lowest_index: float


GRADES = (
    Grade("A", "Sangat baik", 88.31),
    Grade("B", "Baik", 76.61),
    Grade("C", "Kurang baik", 65.00),
    Grade("D", "Tidak baik", 25.00),
)
"""PermenPANRB 14/2017, table of perceived values: D 25.00-64.99, C 65.00-76.60, B 76.61-88.30, A 88.31-100.00."""


def grade_of(index: float) -> Grade | None:
    """Grade of an index (25 to 100), rounded half up to the two decimals in which the bounds are given; None for NaN."""
    if np.isnan(index):
        return None
    rounded = np.floor(index * 100 + 0.5 + 1e-7) / 100  # the small part keeps 76.605, stored a hair lower, going up
    return next(grade for grade in GRADES if rounded >= grade.lowest_index)


def respondents_needed(population: int) -> int:
    """Respondents that a survey of a service with so many users should have.

    Krejcie and Morgan, Determining sample size for research activities (1970), the table that offices use with
    PermenPANRB 14/2017: 95 %, half, 5 points. 10: 10, 500: 217, 1,200: 291, 2,800: 338.
    """
    chi2, p, error = 3.841, 0.5, 0.05
    return round(chi2 * population * p * (1 - p) / (error**2 * (population - 1) + chi2 * p * (1 - p)))


def element_means(survey: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """A row for each group of `by` (columns of `read_survey`) and element.

    `n_answers`, `n_missing`; `mean` of the answers (NRR, 1 to 4) with `low` and `high`, NaN without two answers;
    `weighted_mean` (NRR tertimbang, a ninth of it); `grade` of 25 times the mean, '' without answers.
    """
    rows = []
    for key, group in _groups(survey, by):
        for element in ELEMENTS:
            answers = group[element].dropna().to_numpy(np.float64)
            mean = float(answers.mean()) if len(answers) else float("nan")
            low, high = _t_interval(mean, answers - mean, 1.0, 4.0)
            grade = grade_of(POINTS * mean)
            rows.append(
                dict(zip(by, key, strict=True))
                | {"element": element, "n_answers": len(answers), "n_missing": len(group) - len(answers)}
                | {"mean": mean, "low": low, "high": high, "weighted_mean": mean * WEIGHT, "grade": grade.code if grade else ""}
            )
    columns = [*by, "element", "n_answers", "n_missing", "mean", "low", "high", "weighted_mean", "grade"]
    return pd.DataFrame(rows, columns=columns)


def indices(survey: pd.DataFrame, by: Sequence[str] = (), population: int | None = None) -> pd.DataFrame:
    """IKM of each group of `by`: `n_respondents`, `n_missing` answers, `index`, `low`, `high`, `grade`, `note`.

    The index is 25 times the sum of the nine weighted element means; NaN where an element has no answer at all.
    `population`, how many people used the service, is for the whole survey: the note then says what the table asks.
    """
    rows = [dict(zip(by, key, strict=True)) | _index(group, population if not by else None) for key, group in _groups(survey, by)]
    return pd.DataFrame(rows, columns=[*by, "n_respondents", "n_missing", "index", "low", "high", "grade", "note"])


def _groups(survey: pd.DataFrame, by: Sequence[str]) -> Any:
    return survey.groupby(list(by), sort=True, observed=True) if by else [((), survey)]


def _index(group: pd.DataFrame, population: int | None) -> dict[str, Any]:
    answers = group[list(ELEMENTS)].to_numpy(np.float64)
    is_given = ~np.isnan(answers)
    n_given = is_given.sum(axis=0)
    means = np.where(is_given, answers, 0).sum(axis=0) / np.where(n_given, n_given, np.nan)
    index = float(POINTS * WEIGHT * means.sum())
    # Delta method: how far the index moves with each respondent; with every answer given it is their own mean's distance
    pull = np.where(is_given, answers - means, 0) * len(answers) / np.maximum(n_given, 1)
    low, high = _t_interval(index, POINTS * WEIGHT * pull.sum(axis=1), LOWEST_INDEX, HIGHEST_INDEX)
    grade = grade_of(index)
    unanswered = [element for element, n in zip(ELEMENTS, n_given, strict=True) if not n]
    return {
        "n_respondents": len(answers),
        "n_missing": int((~is_given).sum()),
        "index": index,
        "low": low,
        "high": high,
        "grade": grade.code if grade else "",
        "note": _note(len(answers), unanswered, population),
    }


def _t_interval(value: float, deviations: Floats, lowest: float, highest: float) -> tuple[float, float]:
    """95 % interval of a mean from each respondent's distance to it, within what is possible; NaN without two of them."""
    from scipy.special import stdtrit

    n = len(deviations)
    if n < 2 or np.isnan(value):
        return float("nan"), float("nan")
    half = float(stdtrit(n - 1, 0.975)) * float(deviations.std(ddof=1)) / np.sqrt(n)
    return max(lowest, value - half), min(highest, value + half)


def _note(n: int, unanswered: list[str], population: int | None) -> str:
    notes = []
    if unanswered:
        notes.append(f"IKM belum dapat dihitung: tidak ada jawaban untuk unsur {', '.join(unanswered)}.")
    if population is not None and n < respondents_needed(population):
        notes.append(f"Responden {n} dari {respondents_needed(population)} yang dianjurkan untuk {population} pengguna layanan.")
    if n < FEW_RESPONDENTS:
        notes.append(f"Hanya {n} responden; baca hasilnya sebagai perkiraan.")
    return " ".join(notes)
