"""What pydantic finds wrong in a value, in Indonesian words: requests, settings and rows of files tell it alike."""

from collections.abc import Mapping
from typing import Any

_DATE = "harus tanggal seperti 2026-01-31"
_MOMENT = "harus waktu dengan zona seperti 2026-01-31T08:15:00+07:00"
_OBJECT = "harus objek JSON"
_WORDS = {
    "missing": "perlu diisi",
    "extra_forbidden": "tidak dikenal; hapus atau betulkan namanya",
    "json_invalid": "JSON rusak; angka di tempatnya menunjuk huruf ke berapa",
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "list_type": "harus daftar",
    "string_type": "harus teks",
    "string_unicode": "memuat huruf yang tidak sah",
    "string_too_short": "kurang dari {min_length} huruf",
    "string_too_long": "lebih dari {max_length} huruf",
    "string_pattern_mismatch": "bentuknya tidak sesuai pola {pattern}",
    "int_type": "harus bilangan bulat",
    "int_parsing": "harus bilangan bulat",
    "int_parsing_size": "bilangannya terlalu besar",
    "int_from_float": "harus bilangan bulat",
    "float_type": "harus bilangan",
    "float_parsing": "harus bilangan",
    "finite_number": "harus bilangan yang berhingga",
    "bool_type": "harus true atau false",
    "bool_parsing": "harus true atau false",
    "greater_than": "harus lebih dari {gt}",
    "greater_than_equal": "paling kecil {ge}",
    "less_than": "harus kurang dari {lt}",
    "less_than_equal": "paling besar {le}",
    "literal_error": "harus salah satu dari {expected}",
    "enum": "harus salah satu dari {expected}",
    "timezone_aware": _MOMENT,
    "value_error": "{error}",
}
OTHER = "nilainya tidak dapat dipakai"


def words_for(fault: Mapping[str, Any]) -> str:
    """What is wrong, without the value itself, which may be a password or somebody's message.

    `fault` is one of a ValidationError's `errors()`.
    """
    kind, context = fault["type"], fault.get("ctx", {})
    if kind in ("too_short", "too_long"):  # of a list, or of a text that is measured after another rule
        thing = "butir" if context.get("field_type") in ("List", "Tuple", "Set", "Dictionary") else "huruf"
        return _count(thing, kind, context)
    if kind == "string_too_short" and context.get("min_length") == 1:
        return "kosong"
    if kind.startswith("datetime_"):
        return _MOMENT
    if kind.startswith("date_"):
        return _DATE
    return _WORDS.get(kind, OTHER).format(**context).replace(" or ", " atau ")


def _count(thing: str, kind: str, context: Mapping[str, Any]) -> str:
    if kind == "too_long":
        return f"lebih dari {context['max_length']} {thing}"
    return "kosong" if context["min_length"] == 1 else f"kurang dari {context['min_length']} {thing}"
