"""Numbers as Indonesian readers write them: decimal comma, point between thousands."""


def number(x: float, digits: int = 0) -> str:
    """`1234.5` with one digit is '1.234,5'."""
    return f"{x:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def percent(x: float) -> str:
    """A share of 0 to 1 as '62 %'; small ones keep a digit, '0,4 %'."""
    return f"{number(100 * x, 1 if 0 < x < 0.01 else 0)} %"
