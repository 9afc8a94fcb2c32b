"""The weights of the priority index, read from priorities.toml or an office's own copy."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.errors import SuaraError, reason_of

DEFAULT_PATH = Path(__file__).with_name("priorities.toml")
PARTS = ("volume", "urgency", "displeasure", "growth", "late", "repeat", "integrity")
REMEDY = "Perbaiki baris itu, atau salin ulang dari nlp/insight/priorities.toml."


@dataclass(frozen=True, slots=True)
class Weights:
    """How the parts of the index are weighed and how the ranking is tested."""

    weight: dict[str, float]  # by part, in the order of PARTS; sum 1
    min_messages: int  # smaller areas are pooled
    top: int  # how many ranks 'stays among the first' means
    concentration: float  # of the Dirichlet distribution that random weights come from; larger is closer to `weight`


def load_weights(path: Path = DEFAULT_PATH) -> Weights:
    """Read a weights file; SuaraError names file, key and remedy when it is missing, no TOML, or holds a wrong entry."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SuaraError(
            f"bobot prioritas tidak dapat dibaca ({reason_of(error).lower()})",
            where=str(path),
            remedy="Periksa letaknya, atau salin nlp/insight/priorities.toml ke sana.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SuaraError(f"bukan TOML yang sah: {error}", where=path.name, remedy=REMEDY) from error
    _known(path, data, "", ("weight", "ranking"), extra=("version",))
    _known(path, data["weight"], "weight", PARTS)
    _known(path, data["ranking"], "ranking", ("min_messages", "top", "concentration"))
    given = {part: _number(path, f"weight.{part}", data["weight"][part], 0) for part in PARTS}
    total = sum(given.values())
    if total <= 0:
        raise _problem(path, "weight", "sedikitnya satu bobot harus di atas 0")
    ranking = data["ranking"]
    return Weights(
        weight={part: value / total for part, value in given.items()},
        min_messages=_whole(path, "ranking.min_messages", ranking["min_messages"]),
        top=_whole(path, "ranking.top", ranking["top"]),
        concentration=_number(path, "ranking.concentration", ranking["concentration"], 1),
    )


def _problem(path: Path, key: str, what: str) -> SuaraError:
    return SuaraError(what, where=f"{path.name}, kunci '{key}'", remedy=REMEDY)


def _known(path: Path, table: Any, key: str, names: tuple[str, ...], extra: tuple[str, ...] = ()) -> None:
    if not isinstance(table, dict):
        raise _problem(path, key, f"harus berupa tabel dengan {', '.join(names)}")
    prefix = f"{key}." if key else ""
    for name in sorted(set(table) - set(names) - set(extra)):
        raise _problem(path, prefix + name, f"tidak dikenal; yang dikenal: {', '.join(names)}")
    for name in names:
        if name not in table:
            raise _problem(path, prefix + name, "wajib diisi")


def _number(path: Path, key: str, value: Any, low: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= 1e6:
        raise _problem(path, key, f"harus angka {low:g} sampai 1000000")
    return float(value)


def _whole(path: Path, key: str, value: Any) -> int:
    if not isinstance(value, int):
        raise _problem(path, key, "harus bilangan bulat")
    return int(_number(path, key, value, 1))
