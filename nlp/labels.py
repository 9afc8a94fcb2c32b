"""The label list, read once from labels.toml into frozen dataclasses; no other file spells a code."""

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from nlp.errors import SuaraError, reason_of

DEFAULT_PATH = Path(__file__).with_name("labels.toml")

# The families a label file must have. Bands and urgency are scales, so their codes and order are fixed in code that
# reads them (`Labels.band_codes`, `Labels.urgency_codes` keep the file's order); topics and aspects may be changed freely.
FAMILIES = ("topic", "aspect", "sentiment", "urgency", "band", "kinds")
BAND_CODES = ("0", "1", "2", "3")
FLAGGED_BANDS = BAND_CODES[2:]  # an integrity unit should look at it
REMEDY = "Perbaiki baris itu, atau salin ulang dari nlp/labels.toml."


@dataclass(frozen=True, slots=True)
class Label:
    """One code with what people are shown of it."""

    code: str
    name: str
    meaning: str
    examples: tuple[str, ...] = ()
    lapor: tuple[str, ...] = ()  # names of SP4N-LAPOR! categories that mean the same
    element: str | None = None  # SKM element (U1 to U9) of an aspect
    standard_days: int | None = None  # working days within which a report of this topic should be settled
    standard_share: float | None = None  # share of reports that should keep to it, 0 to 1
    valence: int | None = None  # of a sentiment: -1 displeased, 0 neither, 1 pleased
    recall: float | None = None  # of a step on a scale: share of the messages at or above it that must be found


@dataclass(frozen=True)
class Labels:
    """All families of labels, each in the order of the file."""

    topic: tuple[Label, ...]
    aspect: tuple[Label, ...]
    sentiment: tuple[Label, ...]
    urgency: tuple[Label, ...]
    band: tuple[Label, ...]
    kinds: tuple[Label, ...]
    sha256: str = field(default="", compare=False)

    def family(self, name: str) -> tuple[Label, ...]:
        """Labels of one family; KeyError for a name outside FAMILIES."""
        if name not in FAMILIES:
            raise KeyError(name)
        labels: tuple[Label, ...] = getattr(self, name)
        return labels

    def codes(self, name: str) -> tuple[str, ...]:
        """Codes of one family, in the file's order."""
        return tuple(label.code for label in self.family(name))

    def name(self, family: str, code: str) -> str:
        """Indonesian name of a code; the code itself where the list lacks it (a unit, an older bundle's code)."""
        return self._names.get((family, code), code)

    @property
    def negative(self) -> tuple[str, ...]:
        """Codes of sentiments that show displeasure."""
        return tuple(label.code for label in self.sentiment if (label.valence or 0) < 0)

    @property
    def positive(self) -> tuple[str, ...]:
        """Codes of sentiments that show praise."""
        return tuple(label.code for label in self.sentiment if (label.valence or 0) > 0)

    @property
    def raised_urgency(self) -> tuple[str, ...]:
        """Codes of urgency above the lowest step."""
        return self.codes("urgency")[1:]

    @cached_property
    def _names(self) -> dict[tuple[str, str], str]:
        return {(family, label.code): label.name for family in FAMILIES for label in self.family(family)}


def _problem(path: Path, key: str, what: str) -> SuaraError:
    return SuaraError(what, where=f"{path.name}, kunci '{key}'", remedy=REMEDY)


def _strings(path: Path, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise _problem(path, key, "harus berupa daftar teks")
    return tuple(value)


def _number(path: Path, key: str, value: Any, low: float, high: float) -> Any:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low < value <= high:
        raise _problem(path, key, f"harus angka di atas {low:g} sampai {high:g}")
    return value


def _label(path: Path, family: str, code: str, entry: Any) -> Label:
    key = f"{family}.{code}"
    if not re.fullmatch(r"[a-z0-9_]{1,40}", code):
        raise _problem(path, key, "kode hanya boleh huruf kecil, angka, dan garis bawah")
    if not isinstance(entry, dict):
        raise _problem(path, key, "harus berupa tabel dengan name dan meaning")
    known = {"name", "meaning", "examples", "lapor", "element", "standard_days", "standard_share", "valence", "recall"}
    for extra in sorted(set(entry) - known):
        raise _problem(path, f"{key}.{extra}", f"tidak dikenal; yang dikenal: {', '.join(sorted(known))}")
    for need in ("name", "meaning"):
        if not isinstance(entry.get(need), str) or not entry[need].strip():
            raise _problem(path, f"{key}.{need}", "wajib diisi teks")
    element = entry.get("element")
    if element is not None and not (isinstance(element, str) and re.fullmatch(r"U[1-9]", element)):
        raise _problem(path, f"{key}.element", "harus unsur SKM, U1 sampai U9")
    days = _number(path, f"{key}.standard_days", entry.get("standard_days"), 0, 366)
    if days is not None and not isinstance(days, int):
        raise _problem(path, f"{key}.standard_days", "harus hari kerja bulat")
    if entry.get("valence") not in (None, -1, 0, 1):
        raise _problem(path, f"{key}.valence", "harus -1, 0, atau 1")
    return Label(
        code=code,
        name=entry["name"],
        meaning=entry["meaning"],
        examples=_strings(path, f"{key}.examples", entry.get("examples", [])),
        lapor=_strings(path, f"{key}.lapor", entry.get("lapor", [])),
        element=element,
        standard_days=days,
        standard_share=_number(path, f"{key}.standard_share", entry.get("standard_share"), 0, 1),
        valence=entry.get("valence"),
        recall=_number(path, f"{key}.recall", entry.get("recall"), 0, 1),
    )


def load_labels(path: Path = DEFAULT_PATH) -> Labels:
    """Read a label file.

    Raises SuaraError that names the file, the key and the remedy when the file is missing, is no TOML, lacks a
    family, or holds a wrong entry.
    """
    try:
        raw = path.read_bytes()
        data = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise SuaraError(
            f"daftar label tidak dapat dibaca ({reason_of(error).lower()})",
            where=str(path),
            remedy="Periksa letaknya, atau salin nlp/labels.toml ke sana.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SuaraError(f"bukan TOML yang sah: {error}", where=path.name, remedy=REMEDY) from error
    for extra in sorted(set(data) - set(FAMILIES) - {"version"}):
        raise _problem(path, extra, f"kelompok tidak dikenal; yang dikenal: {', '.join(FAMILIES)}")
    families: dict[str, tuple[Label, ...]] = {}
    for family in FAMILIES:
        entries = data.get(family)
        if not isinstance(entries, dict) or len(entries) < 2:
            raise _problem(path, family, "wajib ada, dengan sedikitnya dua label")
        families[family] = tuple(_label(path, family, code, entry) for code, entry in entries.items())
    if tuple(label.code for label in families["band"]) != BAND_CODES:
        raise _problem(path, "band", "harus tepat 0, 1, 2, 3 berurutan")
    return Labels(**families, sha256=hashlib.sha256(raw).hexdigest())
