"""The command `suara` run as people run it, in this process: its exit code and what it writes."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from nlp.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def suara(*arguments: str) -> Ran:
    """Run `suara ARGUMENTS`; settings come from the environment."""
    out, err = io.StringIO(), io.StringIO()
    with patch("sys.argv", ["suara", *arguments]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Ran(code, out.getvalue(), err.getvalue())
