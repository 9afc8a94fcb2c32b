"""Cells of tables that people open in a spreadsheet."""

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")  # OWASP, CSV injection


def safe_cell(value: str | None) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what begins like one."""
    text = value or ""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text
