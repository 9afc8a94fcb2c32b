"""Charts of the monthly report: a frame in, an SVG of fixed size out, readable in black and white and without any web font.

One unit of an SVG is one point on A4. Titles say the message; axes and numbers are Indonesian. The same frame gives the
same bytes. Colours: two blues beside greys, told apart by lightness and by shape as well.
"""

from typing import TYPE_CHECKING, Any

import pandas as pd

from nlp.insight.wording import MONTHS, number, percent

if TYPE_CHECKING:
    import altair as alt

WIDTH = 470  # points between the margins of an A4 page
WEEKS_HEIGHT = 215
ROW_HEIGHT = 16
MAX_ROWS = 12
FONT = "Libertinus Serif, Georgia, serif"
BLUE, SKY, DARK, GREY, PALE = "#0072b2", "#7cc3ec", "#222222", "#767676", "#d8d8d8"
_NUMBERS = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["Rp", ""]}
_WHOLE = "datum.value % 1 ? '' : datum.label"  # few messages get marks between whole ones, which would be rounded to the same
_DAYS = "Minggu Senin Selasa Rabu Kamis Jumat Sabtu".split()
_TIMES = {
    "dateTime": "%d %B %Y",
    "date": "%d/%m/%Y",
    "time": "%H.%M",
    "periods": ["", ""],
    "days": _DAYS,
    "shortDays": [day[:3] for day in _DAYS],
    "months": MONTHS,
    "shortMonths": [month[:3] for month in MONTHS],
}


def weeks_chart(weeks: pd.DataFrame, title: str) -> str:
    """Messages a week as a line over the band that was to be expected; a ring where a week lies outside.

    Columns `period`, `n` (missing: a gap), `low`, `high` (missing where the past was too short). Weeks before the first
    that has a count are left out.
    """
    import altair as alt

    weeks = weeks[weeks["n"].notna().cummax()]

    outside = (weeks["n"] > weeks["high"]) | (weeks["n"] < weeks["low"])
    frame = weeks.assign(period=weeks["period"].dt.strftime("%Y-%m-%d"), is_outside=outside.fillna(False).astype(bool))
    frame = frame[["period", "n", "low", "high", "is_outside"]]
    frame = frame.astype(dict.fromkeys(("n", "low", "high"), "float64"))
    when = alt.X("period:T", title="Minggu mulai tanggal", axis=alt.Axis(format="%b %y", tickCount="month", labelFlush=True))
    base = alt.Chart(frame).encode(x=when)
    top = frame[["n", "high"]].max().max() if len(frame) else 1
    amount = alt.Y(
        "n:Q",
        title="Pesan seminggu",
        scale=alt.Scale(domain=[0, max(1, top)], nice=True),
        axis=alt.Axis(tickCount=5, format=",.0f", labelExpr=_WHOLE),
    )
    band = base.mark_area(color=PALE, invalid="break-paths-filter-domains").encode(
        y=alt.Y("low:Q", title="Pesan seminggu"), y2=alt.Y2("high:Q")
    )
    line = base.mark_line(color=BLUE, strokeWidth=1.6, invalid="break-paths-filter-domains").encode(y=amount)
    dots = base.mark_point(color=BLUE, filled=True, size=9, opacity=1).encode(y="n:Q")  # a week between two gaps has no line
    rings = base.transform_filter("datum.is_outside").mark_point(shape="circle", size=45, filled=False, color=DARK)
    return _svg(alt.layer(band, line, dots, rings.encode(y="n:Q")), title, WEEKS_HEIGHT)


def topics_chart(topics: pd.DataFrame, title: str, names: tuple[str, str]) -> str:
    """Bars of the month with a mark for the month before, the largest first.

    Columns `topic_name`, `n`, `n_before`; a missing one is written as wording does. `names`: of the month and the one before.
    """
    import altair as alt

    frame = topics.head(MAX_ROWS)[["topic_name", "n", "n_before"]].astype({"n": "float64", "n_before": "float64"})
    frame["shown"] = [f"{number(row.n)}  ({number(row.n_before)})" for row in frame.itertuples()]
    frame["end"] = frame[["n", "n_before"]].max(axis=1).fillna(0)
    base = alt.Chart(frame).encode(y=_rows("topic_name", frame))
    value = alt.X(
        "n:Q",
        title=f"Pesan: batang {names[0]}, garis tegak {names[1]}",
        axis=alt.Axis(format=",.0f", tickCount=6, labelExpr=_WHOLE),
    )
    bars = base.mark_bar(color=SKY, height=9).encode(x=value)
    ticks = base.mark_tick(color=DARK, thickness=2, size=13).encode(x="n_before:Q")
    numbers = base.mark_text(align="left", dx=5, color=DARK).encode(x="end:Q", text="shown:N")
    return _svg(alt.layer(bars, ticks, numbers), title, ROW_HEIGHT * len(frame))


def deadlines_chart(deadlines: pd.DataFrame, title: str) -> str:
    """Share settled in time as a dot with its interval, beside the standard as an upright mark; the worst first.

    Columns `topic_name`, `share_kept`, `share_low`, `share_high`, `standard_share` (0 to 1), and where it may be told `n_due`.
    """
    import altair as alt

    columns = ["topic_name", "share_kept", "share_low", "share_high", "standard_share"]
    frame = deadlines.head(MAX_ROWS)[columns].astype(dict.fromkeys(columns[1:], "float64"))
    due = [f" dari {number(n)}" for n in deadlines["n_due"].head(MAX_ROWS)] if "n_due" in deadlines else [""] * len(frame)
    frame["shown"] = [f"{percent(share)}{of}" for share, of in zip(frame["share_kept"], due, strict=True)]
    frame["edge"] = 1.02
    base = alt.Chart(frame).encode(y=_rows("topic_name", frame))
    axis = alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1], labelExpr="round(100 * datum.value) + ' %'")
    title_x = "Bagian yang selesai dalam batas waktu; garis tegak: standar"
    value = alt.X("share_kept:Q", title=title_x, axis=axis, scale=alt.Scale(domain=[0, 1.18]))
    spans = base.mark_rule(color=GREY, strokeWidth=1.4).encode(x=alt.X("share_low:Q", title=title_x), x2="share_high:Q")
    dots = base.mark_point(color=BLUE, filled=True, size=55, opacity=1).encode(x=value)
    ticks = base.mark_tick(color=DARK, thickness=2, size=12).encode(x="standard_share:Q")
    numbers = base.mark_text(align="left", color=DARK).encode(x="edge:Q", text="shown:N")
    return _svg(alt.layer(spans, dots, ticks, numbers), title, ROW_HEIGHT * len(frame))


def _rows(name: str, frame: pd.DataFrame) -> "alt.Y":
    import altair as alt

    axis = alt.Axis(title=None, labelLimit=190, ticks=False, domain=False, grid=False)
    return alt.Y(f"{name}:N", sort=frame[name].tolist(), axis=axis)


def _svg(layers: "alt.LayerChart | alt.FacetChart", title: str, height: int) -> str:
    import vl_convert

    config = {
        "font": FONT,
        "background": "white",
        "axis": {"labelFontSize": 9, "titleFontSize": 9, "titleFontWeight": "normal", "gridColor": "#e8e8e8", "labelColor": DARK},
        "text": {"fontSize": 9, "font": FONT},
        "title": {"fontSize": 10.5, "anchor": "start", "frame": "bounds", "limit": WIDTH, "fontWeight": "bold", "offset": 8},
        "view": {"stroke": None},
    }
    chart: Any = layers.properties(title=title, width=WIDTH, height=height, autosize={"type": "fit-x", "contains": "padding"})
    spec: Any = chart.to_dict() | {"config": config, "padding": 1}
    return vl_convert.vegalite_to_svg(spec, format_locale=_NUMBERS, time_format_locale=_TIMES)
