"""What messages say about the nine service elements, beside what the survey says, and where the two disagree."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nlp.insight.intervals import MIN_MESSAGES, newcombe, wilson
from nlp.insight.satisfaction import element_means
from nlp.insight.survey import ELEMENTS
from nlp.insight.wording import number, percent
from nlp.labels import Labels

GOOD_GRADES, POOR_GRADES = ("A", "B"), ("C", "D")
WORSE, BETTER, SAME, TOO_FEW = "memburuk", "membaik", "tetap", "data kurang"
COMPLAINED, CALM = "survei baik, pesan mengeluh", "survei kurang, pesan tenang"


def by_element(messages: pd.DataFrame, labels: Labels, by: Sequence[str] = ()) -> pd.DataFrame:
    """A row for each group of `by` and element, from MESSAGES with `day`, `aspect`, `sentiment`.

    `n` messages about it, `n_negative` of displeasure, `share_negative` with `low` and `high`; `others_share` among the
    other elements; `more`: 1 where surely more displeasure than among the others, -1 surely less, 0 unsure (95 %
    interval of the difference; a message desk hears mostly displeasure, so only the comparison tells something).
    `direction`: displeasure in the second half of the days seen against the first.
    """
    frame = pd.DataFrame({name: messages[name] for name in by}, index=messages.index)
    frame["element"] = messages["aspect"].map({aspect.code: aspect.element for aspect in labels.aspect})
    frame["is_negative"] = messages["sentiment"].isin(labels.negative)
    day = pd.to_datetime(messages["day"])
    frame["is_late_half"] = day > day.min() + (day.max() - day.min()) / 2
    frame = frame[frame["element"].isin(ELEMENTS)]
    groups: Any = frame.groupby(list(by), sort=True, observed=True) if by else [((), frame)]
    parts = [_elements_of(group).assign(**dict(zip(by, key, strict=True))) for key, group in groups]
    columns = [*by, "element", "n", "n_negative", "share_negative", "low", "high", "others_share", "more", "direction"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _elements_of(group: pd.DataFrame) -> pd.DataFrame:
    counts = group.groupby(["element", "is_late_half"])["is_negative"].agg(["size", "sum"])
    counts = counts.reindex(pd.MultiIndex.from_product([ELEMENTS, [False, True]]), fill_value=0).astype(int)
    n_early, n_late = (counts["size"].xs(half, level=1).to_numpy() for half in (False, True))
    negative_early, negative_late = (counts["sum"].xs(half, level=1).to_numpy() for half in (False, True))
    n, negative = n_early + n_late, negative_early + negative_late
    low, high = wilson(negative, n)
    rest, rest_negative = n.sum() - n, negative.sum() - negative
    more = _sign(*newcombe(negative, n, rest_negative, rest))
    rises = _sign(*newcombe(negative_late, n_late, negative_early, n_early))
    too_few = np.minimum(n_early, n_late) < MIN_MESSAGES
    return pd.DataFrame(
        {
            "element": ELEMENTS,
            "n": n,
            "n_negative": negative,
            "share_negative": negative / np.where(n, n, np.nan),
            "low": low,
            "high": high,
            "others_share": rest_negative / np.where(rest, rest, np.nan),
            "more": np.where(n < MIN_MESSAGES, 0, more),
            "direction": np.select([too_few, rises > 0, rises < 0], [TOO_FEW, WORSE, BETTER], SAME),
        }
    )


def _sign(low: Any, high: Any) -> Any:
    return np.where(low > 0, 1, np.where(high < 0, -1, 0))


def survey_beside_messages(survey: pd.DataFrame, messages: pd.DataFrame, labels: Labels, by: Sequence[str] = ()) -> pd.DataFrame:
    """`element_means` of the survey with `by_element` of the messages (columns `messages_...`), `flag`, `sentence`.

    A row for each group of the survey and element. `flag` is COMPLAINED where the survey's grade is A or B although the
    element draws surely more displeasure than the others, CALM where it is C or D although it draws surely less, else ''.
    """
    told = by_element(messages, labels, by).rename(columns={"n": "messages_n", "n_negative": "messages_negative"})
    told = told.rename(columns={name: f"messages_{name}" for name in ("low", "high")})
    table = element_means(survey, by).merge(told, how="left", on=[*by, "element"])
    counts = ["messages_n", "messages_negative", "more"]
    table[counts] = table[counts].fillna(0).astype(int)
    table["direction"] = table["direction"].fillna(TOO_FEW)
    complained = table["grade"].isin(GOOD_GRADES) & (table["more"] > 0)
    calm = table["grade"].isin(POOR_GRADES) & (table["more"] < 0)
    table["flag"] = np.select([complained, calm], [COMPLAINED, CALM], "")
    names = {aspect.element: aspect.name for aspect in labels.aspect}
    table["sentence"] = [_sentence(row, names.get(row["element"], row["element"])) for row in table.to_dict("records")]
    return table


def _sentence(row: dict[str, Any], name: str) -> str:
    given = f"survei memberi nilai {number(row['mean'], 2)} dari 4" if row["n_answers"] else "survei tidak menanyakannya"
    if row["messages_n"] < MIN_MESSAGES:
        return f"{name}: {given}; pesan tentangnya terlalu sedikit untuk dibandingkan."
    told = f"{percent(row['share_negative'])} dari {number(row['messages_n'])} pesan tentangnya menunjukkan ketidakpuasan"
    if pd.notna(row["others_share"]):
        against = {1: "lebih banyak daripada", 0: "tidak jelas berbeda dari", -1: "lebih sedikit daripada"}[row["more"]]
        told += f", {against} unsur lain ({percent(row['others_share'])})"
    direction = {WORSE: ", dan bertambah", BETTER: ", dan berkurang"}.get(row["direction"], "")
    return f"{name}: {given}, {'tetapi' if row['flag'] else 'dan'} {told}{direction}."
