"""What was wrong in a command line, as one Indonesian line: typer tells it in English, over several lines."""

import re
from typing import Any

from typer.exceptions import TyperException

from nlp.errors import SuaraError

_NAMED = re.compile(r"'(.+)'|\(([^()]+)\)$")


def usage_fault(error: TyperException) -> SuaraError | None:
    """The fault of a command line; None where typer has answered with the help already.

    Typer keeps the classes of its errors to itself, so they are told apart by name.
    """
    kind = type(error).__name__
    if kind == "NoArgsIsHelpError":
        return None
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context else "suara"
    return SuaraError(_what(kind, error, context), where=command, remedy=f"Lihat '{command} --help'.")


def _what(kind: str, error: Any, context: Any) -> str:
    parameter = getattr(error, "param", None)
    if kind == "MissingParameter" and parameter is not None:
        return f"{_name(parameter)} belum diisi"
    if kind == "BadParameter" and parameter is not None:
        meaning = f" ({parameter.help.rstrip('.')})" if parameter.help else ""
        return f"nilai {_name(parameter)} tidak dapat dipakai{meaning}"
    if kind == "NoSuchOption":
        similar = ", ".join(sorted(error.possibilities or ()))
        return f"pilihan '{_shown(error.option_name)}' tidak dikenal" + (f"; mungkin {similar}" if similar else "")
    if kind == "BadOptionUsage":
        return f"pilihan '{_shown(error.option_name)}' tidak dipakai sebagaimana mestinya; isinya kurang atau berlebih"
    named = _NAMED.search(error.message)
    given = f" '{_shown(named.group(1) or named.group(2))}'" if named else ""
    is_group = context is not None and hasattr(context.command, "commands")
    return f"perintah{given} tidak ada" if is_group else f"kata{given} berlebih"


def _name(parameter: Any) -> str:
    """'--out', or 'FILE' for what stands without an option."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name).upper()
    return str(max(parameter.opts, key=len))


def _shown(given: str) -> str:
    """What was typed, without the characters that would steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in given)[:100]
