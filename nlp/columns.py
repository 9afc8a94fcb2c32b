"""Which column of a file holds what: names that people give to the project's own names."""

import difflib
from collections.abc import Sequence

from nlp.errors import SuaraError
from nlp.tables import Source


def parse_columns(
    option: str | None, names: Sequence[str], where: str = "--columns", example: str = "text=keluhan,unit=dinas"
) -> dict[str, str]:
    """`text=keluhan,unit=dinas` as {contract name: the file's name}; SuaraError for another form or an unknown name."""
    mapping: dict[str, str] = {}
    for part in filter(None, (option or "").split(",")):
        name, separator, given = (piece.strip() for piece in part.partition("="))
        if not separator or not given or name not in names:
            raise SuaraError(
                f"'{part}' tidak dipahami",
                where=where,
                remedy=f"Tulis nama=kolom, dipisah koma; nama: {', '.join(names)}. Contoh: {example}",
            )
        mapping[name] = given
    return mapping


def find_column(
    source: Source, columns: Sequence[str], name: str, mapping: dict[str, str], where: str = "--columns"
) -> str | None:
    """The file's column for a contract name; None where it is absent and was not asked for by name.

    SuaraError for a column that is needed (`text`, or asked for by name) and absent.
    """
    given = mapping.get(name, name)
    if given in columns:
        return given
    if name in mapping or name == "text":
        near = difflib.get_close_matches(given, columns, n=1)
        example = near[0] if near else columns[0]
        raise SuaraError(
            f"kolom '{given}' tidak ada; yang ada: {', '.join(columns[:12])}",
            where=source.name,
            remedy=f"Sebutkan kolomnya, misalnya {where} {name}={example}.",
        )
    return None
