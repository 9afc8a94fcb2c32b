"""What people write about inside a topic; themes keep their identity from month to month."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from api.reports import repository
from api.reports.context import Context
from api.reports.report import Report, Table
from api.reports.tables import StoredTheme
from nlp.insight.theme_identity import Theme, keep_identity
from nlp.insight.themes import find_themes, lacking
from nlp.insight.wording import number

MAX_THEME_MESSAGES = 5_000  # the newest: an answer within seconds
MAX_EXAMPLE_CHARS = 400


def themes(context: Context, topic: str) -> Report:
    """Themes of a topic, and for the topic of everything else what the label list may lack."""
    messages = context.messages("text", "meaning", limit=MAX_THEME_MESSAGES)
    new = find_themes(messages.set_index("id"), _vectors(messages))
    found = [theme for theme in keep_identity(new, _stored(context, topic)) if not theme.is_dormant]
    name = context.labels.name("topic", topic)
    # what the label list lacks is sought where messages fit no topic: the last one of the list
    others = lacking(new) if topic == context.labels.codes("topic")[-1] else []
    notes = [f"Tema baru atau meningkat: {theme.name} ({number(theme.size)} pesan)." for theme in found if theme.is_emerging]
    notes += [f"Mungkin perlu topik sendiri: {theme.name} ({number(theme.size)} pesan)." for theme in others]
    told = (
        f"{number(len(found))} tema di antara {number(len(messages))} pesan tentang {name}."
        if len(messages)
        else f"Belum ada pesan tentang {name} dalam jendela ini."
    )
    frame = _frame(found, messages)
    return Report(
        title=f"Tema pesan tentang {name}",
        scope=context.scope,
        tables={
            "tema": Table(
                frame,
                {
                    "id": "Nomor",
                    "name": "Tema",
                    "size": "Pesan berbeda",
                    "n_messages": "Pesan",
                    "share": "Bagian",
                    "growth": "Kali jendela sebelumnya",
                    "is_emerging": "Meningkat",
                    "is_new": "Baru",
                    "first_day": "Pertama",
                    "last_day": "Terakhir",
                    "phrases": "Frasa",
                    "examples": "Contoh",
                },
                "size",
                ["name"],
            )
        },
        sentences=(told,),
        told_counts=(len(messages),),
        private=tuple(notes),
    )


def refresh_themes(context: Context, topic: str) -> None:
    """Find the themes of the scope's topic anew and store them, so that next month knows them again."""
    now = datetime.now(UTC)
    messages = context.messages("text", "meaning", limit=MAX_THEME_MESSAGES)
    for theme in keep_identity(find_themes(messages.set_index("id"), _vectors(messages)), _stored(context, topic)):
        row = StoredTheme(key=f"{topic}:{theme.id}"[:60], topic=topic, content=theme.to_dict())
        row.last_seen_on, row.updated_at = theme.last_day, now
        repository.keep_theme(context.session, row)


def _stored(context: Context, topic: str) -> list[Theme]:
    return [Theme.from_dict(content) for content in repository.themes_of(context.session, topic)]


def _vectors(messages: pd.DataFrame) -> npt.NDArray[np.float32] | None:
    """The encoder's vectors, where every message has one of the same length."""
    lengths = {len(meaning) if meaning else 0 for meaning in messages["meaning"]}
    if len(lengths) != 1 or lengths == {0}:
        return None
    matrix = np.frombuffer(b"".join(messages["meaning"]), np.float16).reshape(len(messages), -1)
    return matrix.astype(np.float32)


def _frame(found: Sequence[Theme], messages: pd.DataFrame) -> pd.DataFrame:
    text = messages.set_index("id")["text"]
    columns = ("id", "name", "size", "n_messages", "share", "growth", "is_emerging", "is_new", "first_day", "last_day", "phrases")
    rows: list[dict[str, Any]] = []
    for theme in found:
        row = {name: getattr(theme, name) for name in columns}
        for day in ("first_day", "last_day"):
            row[day] = pd.Timestamp(row[day])
        examples = [str(text[label])[:MAX_EXAMPLE_CHARS] for label in theme.examples if label in text.index]
        rows.append(row | {"phrases": list(theme.phrases), "examples": examples})
    return pd.DataFrame(rows, columns=[*columns, "examples"])
