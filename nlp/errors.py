"""The one kind of error that people are shown: what was wrong, where, and what to do."""


class SuaraError(Exception):
    """A mistake in what was given (file, column, bundle, setting); the command line ends with exit code 2.

    `str(error)` is one line: what was wrong, then where, then the remedy.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        line = f"{where}: {what}" if where else what
        line = f"{line.rstrip('.')}. {remedy}" if remedy else line
        super().__init__(" ".join(line.split()))
