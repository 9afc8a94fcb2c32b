"""What people write about inside a topic: themes with names, sizes, examples and growth, and what the label list lacks."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import hypergeom
from threadpoolctl import threadpool_limits

from nlp.insight.duplicates import copies, signatures_of
from nlp.insight.theme_clusters import Groups, find_groups, word_rows
from nlp.insight.theme_identity import Theme, new_id, unit
from nlp.insight.theme_names import MAX_MESSAGES, phrases_in, phrases_of, telling
from nlp.insight.theme_words import Stretch, proper_names, roots, stretches, terms, word_lists

MIN_DISTINCT = 20  # different messages under which a topic has no themes
MIN_SIZE = 5  # messages of a theme
RECENT_DAYS = 28
EMERGING_P = 0.01  # after Holm's correction: with 24 topics a month, one false alarm in four months
EMERGING_GROWTH = 1.5
N_EXAMPLES = 3
_DISTINCT_PER_GROUP = 10
_MIN_EXAMPLE_ROOTS = 8
_MIN_CANDIDATE, _MIN_CANDIDATE_SHARE = 10, 0.05

Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]
Told = tuple[frozenset[str], str]
"""The roots of a possible name, and the name."""


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Messages in an order that does not depend on the rows', with what is known of each before any grouping.

    `copy_of` (n,) numbers groups of near-identical texts, `first` gives a row of each group, `counted` (n,) is true for
    the first of a group in a week.
    """

    labels: list[Hashable]
    texts: list[str]
    days: pd.DatetimeIndex
    copy_of: Ints
    first: Ints
    counted: npt.NDArray[np.bool_]


def _sorted(messages: pd.DataFrame) -> tuple[_Sorted, Ints]:
    """The messages sorted, and the positions they had."""
    frame = pd.DataFrame(
        {
            "text": messages["text"].fillna("").astype(str).to_numpy(),
            "day": pd.to_datetime(messages["day"]).dt.normalize().to_numpy(),
            "label": [str(label) for label in messages.index],
        }
    )
    order = frame.sort_values(["text", "day", "label"], kind="stable").index.to_numpy()
    frame = frame.loc[order]
    copy_of = copies(signatures_of(frame["text"].tolist()))
    _, first = np.unique(copy_of, return_index=True)
    days = pd.DatetimeIndex(frame["day"])
    weeks = pd.DataFrame({"copy": copy_of, "week": days.to_period("W")})
    labels = messages.index.take(order).tolist()
    return _Sorted(labels, frame["text"].tolist(), days, copy_of, first, ~weeks.duplicated().to_numpy()), order


@dataclass(frozen=True, slots=True)
class _Words:
    """What distinct messages say: their terms and their phrases' parts."""

    runs: list[list[Stretch]]
    terms: list[list[str]]
    root_of: dict[str, str]


def _words(texts: Sequence[str], districts: Iterable[str]) -> _Words:
    names = proper_names(texts, districts) - word_lists().acronym
    runs = [stretches(text, names) for text in texts]
    root_of = roots(Counter(word for message in runs for run in message for word in run))
    return _Words(runs, [terms(message, root_of) for message in runs], root_of)


def _centres(documents: Sequence[Sequence[str]], group_of: Ints, n_groups: int) -> list[dict[str, float]]:
    """For each group the roots that are commoner in its messages than in all others, by the difference of the shares."""
    inside = [Counter[str]() for _ in range(n_groups)]
    total: Counter[str] = Counter()
    for document, group in zip(documents, group_of, strict=True):
        found = {term for term in document if " " not in term}
        total.update(found)
        if group >= 0:
            inside[group].update(found)
    sizes = np.bincount(group_of[group_of >= 0], minlength=n_groups)
    centres = []
    for count, size in zip(inside, sizes, strict=True):
        others = max(len(documents) - size, 1)
        centres.append(unit({root: n / size - (total[root] - n) / others for root, n in count.items()}))
    return centres


def _described_words(
    words: _Words, group_of: Ints, ranked: Ints, n_groups: int
) -> tuple[list[dict[str, float]], list[list[Told]]]:
    """Centres of the groups and their possible names, best first; `ranked` are all messages, strongest first."""
    centres = _centres(words.terms, group_of, n_groups)
    parts = [
        [phrases_in(words.runs[i], words.root_of) for i in ranked[group_of[ranked] == group][:MAX_MESSAGES]]
        for group in (*range(n_groups), -1)
    ]
    return centres, [telling(phrases) for phrases in phrases_of(parts, [*centres, {}])[:n_groups]]


def _one_theme(told: list[list[Told]], sizes: Ints, root_of: dict[str, str]) -> tuple[int, int] | None:
    """A group and a larger one with the same name but for words of pleading ('perbaikan'): one theme, asked for in two ways."""
    pleaded = {root_of.get(word, word) for word in word_lists().pleaded}
    met: dict[frozenset[str], int] = {}
    for group in np.argsort(-sizes, kind="stable").tolist():
        key = told[group][0][0] - pleaded if told[group] else frozenset()
        if key and key in met:
            return group, met[key]
        met[key] = group
    return None


def _names(told: list[list[Told]], sizes: Sequence[int]) -> list[str]:
    """A name for each theme; the largest chooses first, and no name is given twice."""
    chosen: dict[int, str] = {}
    for i in sorted(range(len(told)), key=lambda i: (-sizes[i], i)):
        chosen[i] = next((name for _, name in told[i] if name not in chosen.values()), "")
    return [chosen[i] for i in range(len(told))]


def _examples(documents: Sequence[Sequence[str]], centre: dict[str, float], members: Ints) -> Ints:
    """The members that say most of what marks their theme, and little else; messages of a few words don't win by that."""

    def told(i: int) -> float:
        found = {term for term in documents[i] if " " not in term}
        return sum(centre.get(root, 0.0) for root in found) / math.sqrt(max(len(found), _MIN_EXAMPLE_ROOTS))

    return np.array(sorted(members.tolist(), key=lambda i: (-told(i), i))[:N_EXAMPLES], np.int64)


def _joined(group_of: Ints, stability: npt.NDArray[np.float64], small: int, large: int) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Groups renumbered after one went into another, with the larger one's stability."""
    group_of = np.where(group_of == small, large, group_of)
    return group_of - (group_of > small), np.delete(stability, small)


def _described(rows: _Sorted, words: _Words, found: Groups) -> list[Theme]:
    """Themes of the groups that are large enough and have a name, largest first; growth is not known yet."""
    ranked = np.lexsort((np.arange(len(rows.first)), -found.strength))
    alone, stability = found.group_of, found.stability
    while True:
        n_groups = len(stability)
        group_of = alone[rows.copy_of]
        sizes = np.bincount(group_of[rows.counted & (group_of >= 0)], minlength=n_groups)
        centres, told = _described_words(words, alone, ranked, n_groups)
        pair = _one_theme(told, sizes, words.root_of)
        if pair is None:
            break
        alone, stability = _joined(alone, stability, *pair)
    strength = found.strength[rows.copy_of]
    themes = []
    for group, (centre, name) in enumerate(zip(centres, _names(told, sizes.tolist()), strict=True)):
        if sizes[group] < MIN_SIZE or not name:
            continue
        distinct = np.flatnonzero(alone == group)
        members = np.flatnonzero(group_of == group)
        members = members[np.lexsort((members, -strength[members]))]
        days = rows.days[members]
        themes.append(
            Theme(
                id=new_id(centre, days.min().date()),
                name=name,
                phrases=tuple(phrase for _, phrase in told[group]),
                size=int(sizes[group]),
                share=float(sizes[group] / rows.counted.sum()),
                n_messages=len(members),
                stability=float(found.stability[group]),
                tightness=float(np.mean([next(iter(centre)) in words.terms[i] for i in distinct])),
                first_day=days.min().date(),
                last_day=days.max().date(),
                centre=centre,
                examples=tuple(rows.labels[rows.first[i]] for i in _examples(words.terms, centre, distinct)),
                members=tuple(rows.labels[i] for i in members),
                strengths=tuple(strength[members].tolist()),
            )
        )
    return sorted(themes, key=lambda theme: (-theme.size, theme.name))


def _with_growth(themes: list[Theme], rows: _Sorted, recent_days: int) -> list[Theme]:
    """Whether the share of each theme rose in the last days, by Fisher's exact test with Holm's correction."""
    recent = rows.days > rows.days.max() - pd.Timedelta(days=recent_days)
    n, n_recent = int(rows.counted.sum()), int((rows.counted & recent).sum())
    if n_recent == n or not themes:
        return themes
    place = {label: i for i, label in enumerate(rows.labels)}
    risen = []
    for theme in themes:
        members = np.array([place[label] for label in theme.members])
        n_inside = int((rows.counted & recent)[members].sum())
        before = (theme.size - n_inside) / (n - n_recent)
        growth = n_inside / n_recent / before if before else None
        p_value = float(hypergeom.sf(n_inside - 1, n, theme.size, n_recent))
        risen.append((theme, n_inside, growth, p_value))
    flagged = []
    corrected = 0.0
    for rank, (theme, n_inside, growth, p_value) in enumerate(sorted(risen, key=lambda one: one[3])):
        corrected = max(corrected, min(p_value * (len(themes) - rank), 1.0))
        emerging = corrected <= EMERGING_P and n_inside >= MIN_SIZE and (growth is None or growth >= EMERGING_GROWTH)
        flagged.append(replace(theme, growth=growth, p_value=corrected, is_emerging=emerging))
    return sorted(flagged, key=lambda theme: (-theme.size, theme.name))


def find_themes(
    messages: pd.DataFrame,
    vectors: Vectors | None = None,
    *,
    seed: int = 0,
    recent_days: int = RECENT_DAYS,
) -> list[Theme]:
    """Themes of the MESSAGES of one topic, largest first; [] where there are too few or nothing repeats.

    `vectors` (n_messages, dimensions) are the sentence encoder's, in the order of the rows; without them words alone
    decide. Near-identical messages weigh as one. The frame's index must be unique; its labels name members and examples.
    The same messages give the same themes in whatever order they come. Raises ValueError for labels that occur twice or
    vectors of another length.
    """
    if not messages.index.is_unique:
        raise ValueError("labels of the messages' index occur twice")
    if vectors is not None and len(vectors) != len(messages):
        raise ValueError(f"{len(vectors)} vectors for {len(messages)} messages")
    if len(messages) < MIN_DISTINCT:
        return []
    with threadpool_limits(1):  # sums in another order would differ in their last digits
        rows, order = _sorted(messages)
        if len(rows.first) < MIN_DISTINCT:
            return []
        districts = sorted(set(messages["district"].dropna().astype(str))) if "district" in messages else []
        words = _words([rows.texts[i] for i in rows.first], districts)
        meaning = None if vectors is None else np.asarray(vectors, np.float32)[order[rows.first]]
        found = find_groups(word_rows(words.terms), meaning, len(rows.first) // _DISTINCT_PER_GROUP, seed)
    themes = _described(rows, words, found)
    return _with_growth(themes, rows, recent_days)


def theme_of(themes: Sequence[Theme], labels: pd.Index) -> pd.DataFrame:
    """For each message, by its label, the id of its theme ('' for none) and how clearly it belongs there, 0 to 1."""
    table = pd.DataFrame({"theme": "", "strength": 0.0}, index=labels)
    for theme in themes:
        members = list(theme.members)
        table.loc[members, "theme"] = theme.id
        table.loc[members, "strength"] = theme.strengths
    return table


def watch_other(messages: pd.DataFrame, vectors: Vectors | None = None, *, seed: int = 0) -> list[Theme]:
    """Topics that the label list may lack: `lacking` of the themes among the messages that fit no topic.

    `messages` are those of the topic for everything else. Most months the answer is [].
    """
    return lacking(find_themes(messages, vectors, seed=seed))


def lacking(themes: Sequence[Theme]) -> list[Theme]:
    """Of the themes found among messages that fit no topic, those which are large, tight and rising.

    A candidate has at least 10 messages and 5 % of them, its chief word occurs in half of its messages, and it is emerging.
    """
    return [
        theme
        for theme in themes
        if theme.is_emerging and theme.size >= _MIN_CANDIDATE and theme.share >= _MIN_CANDIDATE_SHARE and theme.tightness >= 0.5
    ]
