"""The labels that people gave, as a file to train on: masked text, and of each message only what a person said of it."""

import secrets
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pandas as pd
from sqlalchemy.orm import Session

from api.accounts.principal import Principal
from api.audit.service import record
from api.desk import Desk
from api.feedback import repository
from api.spreadsheet import safe_cell
from api.vault import Vault
from nlp.tables import TableWriter

COLUMNS = ("text", "topic", "aspect", "sentiment", "urgency", "band", "kinds", "unit")
FRAME_ROWS = 1_000


def export_corrections(session: Session, vault: Vault, who: Principal, out: Path) -> int:
    """Write the file (CSV, XLSX or Parquet by its ending) and return how many messages it holds; the export is noted.

    A label nobody gave stays empty, so that a model never learns from its own guesses. In CSV, where a spreadsheet would
    run a citizen's words as a formula, they begin with an apostrophe then; a model learns nothing from it.
    """
    n_rows, left = 0, _rows(session)
    safe = safe_cell if out.suffix.lower() == ".csv" else str
    with TableWriter(out) as table:
        while rows := list(islice(left, FRAME_ROWS)):
            table.write(_frame([tuple(map(safe, row)) for row in rows]))
            n_rows += len(rows)
        if not n_rows:  # first of several frames it would give Parquet columns that hold nothing ever
            table.write(_frame([]))
    record(session, vault, who, "corrections.exported", ("feedback", "-"), messages=n_rows)
    return n_rows


def export_to_send(session: Session, desk: Desk, who: Principal) -> Path:
    """The same as a CSV file among the service's own, for whoever sends it off and removes it."""
    path = desk.settings.data_dir / f"koreksi-{secrets.token_hex(8)}.csv"
    export_corrections(session, desk.vault, who, path)
    return path


def _frame(rows: list[tuple[str, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")


def _rows(session: Session) -> Iterator[tuple[str, ...]]:
    for row, corrections, unit in repository.labelled_by_people(session):
        given = dict.fromkeys(COLUMNS, "") | {"text": row.masked_text, "unit": unit or ""}
        for correction in corrections:  # the later one leads
            for name in ("topic", "aspect", "sentiment", "urgency", "band"):
                given[name] = getattr(correction, name) or given[name]
            if correction.kinds is not None:
                given["kinds"] = "|".join(correction.kinds)
        yield tuple(given.values())
