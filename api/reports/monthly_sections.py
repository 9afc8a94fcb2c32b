"""The sections of the monthly report, made of figures as their reader may see them: what was taken out is not shown."""

from collections.abc import Callable

import pandas as pd

from api.reports.charts import deadlines_chart, topics_chart, weeks_chart
from api.reports.context import Context
from api.reports.figures import MAX_THEMED_TOPICS, MIN_PEOPLE, Figures, days_told, month_before
from api.reports.monthly_sentences import last, on_days, position, volume
from api.reports.report import Audience
from api.reports.scope import Scope
from api.reports.sections import Chart, Column, Section, printed, table_of, whole
from nlp.insight.small_cells import MIN_CELL
from nlp.insight.standards import TOO_FEW, UNMET
from nlp.insight.wording import NO_VALUE, day, month, number, percent, span

Make = Callable[[Scope, Figures], Section]


def sections(scope: Scope, figures: Figures, audience: Audience) -> tuple[Section, ...]:
    """Every section, in the order of reading; those for inside alone left out for outside."""
    everybody: tuple[Make, ...] = (_weeks, _topics, _deadlines, _areas, _themes, _actions, _targets, _survey, _praise)
    inside: tuple[Make, ...] = (_needs, _integrity)
    return tuple(make(scope, figures) for make in (everybody + inside if audience == "dalam" else everybody))


def _window(scope: Scope) -> str:
    first = month_before(month_before(scope.since))
    return span(pd.Timestamp(first), last(scope))


def _weeks(scope: Scope, figures: Figures) -> Section:
    named = month(pd.Timestamp(scope.since))
    known = pd.notna(figures.month["expected"])
    title = f"{named}: {number(figures.month['n'])} pesan{on_days(scope, figures)}" + (
        f", {position(figures.month)}" if known else ""
    )
    heads = {"period": "Minggu mulai", "n": "Pesan", "n_observed": "Hari tercatat", "expected": "Wajarnya"}
    return Section(
        key="mingguan",
        title="Banyaknya pesan",
        lead=(
            "Garis: pesan tiap minggu penuh, Senin sampai Minggu. Bidang kelabu: kisaran wajarnya menurut minggu-minggu "
            "sebelumnya. Lingkaran: minggu di luar kisaran. Garis terputus: tidak ada angka.",
        ),
        table=table_of(figures.weeks, heads | {"low": "Batas bawah", "high": "Batas atas"}),
        chart=Chart(weeks_chart(figures.weeks, title), f"Grafik garis pesan seminggu selama 52 minggu. {volume(scope, figures)}"),
    )


def _topics(scope: Scope, figures: Figures) -> Section:
    names = tuple(month(pd.Timestamp(first)) for first in (scope.since, month_before(scope.since)))
    top = figures.topics.iloc[0]
    title = f"Terbanyak: {top['topic_name']}, {_count(top['n'])} pesan (bulan sebelumnya {_count(top['n_before'])})"
    if pd.isna(top["n"]) or top["n"] == 0:  # all are hidden, so none may be called the largest
        title = f"Pesan menurut topik, {names[0]}"
    rows = figures.topics.head(5).itertuples()
    told = "; ".join(f"{row.topic_name} {_count(row.n)} ({_count(row.n_before)})" for row in rows)
    lead = (*figures.rises.get("sentence", ()), *figures.floods)
    return Section(
        key="topik",
        starts_page=True,
        title="Topik bulan ini dan bulan sebelumnya",
        lead=lead,
        table=table_of(figures.topics, {"topic_name": "Topik", "n": names[0], "n_before": names[1]}),
        chart=Chart(
            topics_chart(figures.topics, title, (names[0], names[1])),
            f"Grafik batang pesan menurut topik pada {names[0]}, bulan sebelumnya dalam kurung: {told}.",
        ),
    )


def _count(n: float) -> str:
    return number(n) if pd.notna(n) else NO_VALUE


def _deadlines(scope: Scope, figures: Figures) -> Section:
    frame = figures.deadlines
    heads = {
        "topic_name": "Topik", "n_due": "Jatuh tempo", "n_kept": "Tepat waktu", "share_kept": "Bagian tepat waktu",
        "share_low": "Batas bawah", "share_high": "Batas atas", "standard_days": "Standar hari kerja",
        "standard_share": "Standar bagian", "median_days": "Median hari kerja", "p90_days": "Persentil 90", "verdict": "Hasil",
    }  # fmt: skip
    judged = frame[frame["verdict"] != TOO_FEW]
    below = judged.loc[judged["verdict"] == UNMET, "topic_name"].tolist()
    title = f"{number(len(below))} topik jelas di bawah standar" if below else "Tidak ada topik yang jelas di bawah standar"
    told = "; ".join(f"{row.topic_name} {percent(row.share_kept)}" for row in judged.head(5).itertuples())
    chart = Chart(deadlines_chart(judged, title), f"Grafik titik bagian tepat waktu menurut topik, terendah dahulu: {told}.")
    return Section(
        key="tenggat",
        title="Tenggat menurut standar layanan",
        lead=(
            f"Pesan yang diterima {_window(scope)} dan sudah jatuh tempo."
            + (" Garis mendatar menunjukkan ketidakpastian (95 %)." if len(judged) else ""),
            *((f"Jelas di bawah standar: {', '.join(below)}.",) if below else ()),
        ),
        table=table_of(frame, heads),
        chart=chart if len(judged) else None,
        empty="Belum ada topik dengan cukup pesan yang jatuh tempo dan penutupan yang tercatat.",
    )


def _areas(scope: Scope, figures: Figures) -> Section:
    areas = figures.areas
    frame = areas.assign(
        area=[" · ".join(names) for names in areas[["topic_name", "aspect_name", "place"]].itertuples(index=False)],
        ranks=[f"{number(low)} sampai {number(high)}" for low, high in zip(areas["rank_low"], areas["rank_high"], strict=True)],
    )
    columns = (
        Column("rank", "No.", whole),
        Column("area", "Topik · unsur · tempat", width=1, below="reason"),
        Column("n", "Pesan", whole),
        Column("index", "Indeks", lambda value: number(value, 1)),
        Column("ranks", "Peringkat"),
        Column("stability", "Ketahanan", width=0.3),
    )
    heads = {
        "rank": "Peringkat", "topic_name": "Topik", "aspect_name": "Unsur", "place": "Tempat", "n": "Pesan", "index": "Indeks",
        "rank_low": "Peringkat terbaik", "rank_high": "Peringkat terburuk", "stability": "Ketahanan", "reason": "Sebab",
    }  # fmt: skip
    return Section(
        key="prioritas",
        starts_page=True,
        title="Yang perlu diperbaiki lebih dahulu",
        lead=(
            f"Dihitung atas pesan {_window(scope)}. Indeks 0 sampai 100 menimbang banyaknya pesan, urgensi, ketidakpuasan, "
            "pertumbuhan, tenggat, laporan berulang, dan integritas. Kolom peringkat: kisarannya bila bobot itu diubah-ubah.",
            *figures.area_notes,
        ),
        table=table_of(frame, heads),
        columns=printed(frame, columns),
        empty="Pesan belum cukup untuk menyusun prioritas.",
    )


def _themes(scope: Scope, figures: Figures) -> Section:
    names = figures.topics.loc[figures.topics["topic"] != "", "topic_name"].head(MAX_THEMED_TOPICS)
    lacking = names[~names.isin(figures.themes["topic_name"])].tolist()
    growing = figures.themes["is_emerging"].map({True: "meningkat", False: ""}) if len(figures.themes) else ""
    frame = figures.themes.assign(growing=growing)
    columns = (
        Column("topic_name", "Topik", width=0.6),
        Column("name", "Tema", width=1),
        Column("growing", "Keterangan", width=0.4),
        Column("n_messages", "Pesan", whole),
    )
    heads = {"topic_name": "Topik", "name": "Tema", "n_messages": "Pesan", "growth": "Kali sebelumnya", "growing": "Keterangan"}
    return Section(
        key="tema",
        title="Yang ditulis warga tentang tiga topik terbesar",
        lead=(
            f"Kelompok pesan {_window(scope)} yang berbicara tentang hal serupa, dinamai dengan kata-kata warga sendiri.",
            *((f"Belum tampak kelompok yang jelas: {', '.join(lacking)}.",) if lacking and len(frame) else ()),
        ),
        table=table_of(frame, heads),
        columns=printed(frame, columns),
        empty="Belum ada tema: topik terbesar belum memuat cukup banyak pesan yang serupa.",
    )


def _actions(scope: Scope, figures: Figures) -> Section:
    columns = (
        Column("name", "Tindakan", width=1, below="area"),
        Column("starts_on", "Mulai", day),
        Column("verdict", "Hasil"),
        Column("told", "Penjelasan", width=1.6),
    )
    heads = {"name": "Tindakan", "area": "Sasaran", "starts_on": "Mulai", "cost_rupiah": "Biaya (Rp)", "verdict": "Hasil"}
    return Section(
        key="tindakan",
        title="Tindakan perbaikan dan hasilnya",
        lead=("Hasil dinilai dari perubahan jumlah pesan dibanding perkiraan tanpa tindakan.",) if len(figures.actions) else (),
        table=table_of(figures.actions, heads | {"told": "Penjelasan"}),
        columns=printed(figures.actions, columns),
        empty="Belum ada tindakan perbaikan yang tercatat sampai akhir bulan ini.",
    )


def _targets(scope: Scope, figures: Figures) -> Section:
    columns = (
        Column("name", "Target", width=1, below="area"),
        Column("due_on", "Tanggal target", day),
        Column("status", "Keadaan"),
        Column("told", "Penjelasan", width=1.6),
    )
    heads = {"name": "Target", "area": "Sasaran", "due_on": "Tanggal target", "status": "Keadaan", "told": "Penjelasan"}
    return Section(
        key="target",
        title="Target",
        table=table_of(figures.targets, heads),
        columns=printed(figures.targets, columns),
        empty="Belum ada target yang tercatat.",
    )


def _survey(scope: Scope, figures: Figures) -> Section:
    columns = (
        Column("element", "Unsur"),
        Column("name", "Nama unsur", width=1),
        Column("mean", "Nilai", lambda value: number(value, 2)),
        Column("grade", "Mutu"),
        Column("messages_n", "Pesan", whole),
        Column("share_negative", "Tidak puas", percent),
        Column("flag", "Catatan", width=0.7),
    )
    heads = {
        "element": "Unsur", "name": "Nama unsur", "mean": "Nilai survei", "grade": "Mutu", "messages_n": "Pesan",
        "share_negative": "Bagian tidak puas", "flag": "Catatan",
    }  # fmt: skip
    lead = tuple(
        f"IKM {number(row['index'], 2)} dari {number(row['n_respondents'])} responden setahun terakhir: mutu {row['grade']} "
        f"({str(row['grade_name']).lower()}; 95 %: {number(row['low'], 2)} sampai {number(row['high'], 2)})."
        for row in figures.survey.to_dict("records")
    )
    elements = figures.elements if lead else figures.elements.head(0)
    return Section(
        key="skm",
        title="Survei Kepuasan Masyarakat (SKM)",
        lead=lead,
        table=table_of(elements, heads),
        columns=printed(elements, columns),
        empty="Belum ada jawaban survei dalam setahun terakhir.",
    )


def _praise(scope: Scope, figures: Figures) -> Section:
    columns = (
        Column("unit", "Unit", width=1),
        Column("n_positive", "Pesan memuji", whole),
        Column("n_unit", "Dari pesan unit", whole),
    )
    return Section(
        key="pujian",
        title="Pujian untuk diteruskan",
        table=table_of(figures.praise, {column.key: column.head for column in columns}),
        columns=printed(figures.praise, columns),
        empty="Belum ada pujian bagi unit yang dapat disebutkan bulan ini.",
    )


def _needs(scope: Scope, figures: Figures) -> Section:
    columns = (
        Column("unit", "Unit", width=1),
        Column("aspect_name", "Unsur", width=0.7),
        Column("n_negative", "Tidak puas", whole),
        Column("n_unit", "Dari pesan unit", whole),
        Column("share", "Bagian", percent),
    )
    return Section(
        key="pelatihan",
        title="Kebutuhan pelatihan",
        lead=("Pesan tidak puas tentang kecakapan dan sikap pelayanan, menurut unit; tidak ada orang yang disebut.",)
        if len(figures.needs)
        else (),
        table=table_of(figures.needs, {column.key: column.head for column in columns}),
        columns=printed(figures.needs, columns),
        empty=f"Bulan ini tidak ada unit dengan {MIN_PEOPLE} pesan tidak puas atau lebih tentang kecakapan atau sikap pelayanan.",
    )


def _integrity(scope: Scope, figures: Figures) -> Section:
    told = f"{number(figures.n_flagged)} pesan bulan ini ditandai agar dilihat unit integritas. "
    none = "Bulan ini tidak ada pesan yang ditandai untuk unit integritas. "
    return Section(
        key="integritas",
        title="Petunjuk integritas",
        lead=((told if figures.n_flagged else none) + "Tanda itu permintaan untuk melihat, bukan tuduhan.",),
    )


def method(context: Context, figures: Figures, audience: Audience) -> tuple[str, ...]:
    """How the figures came about."""
    scope = context.scope
    counted = span(pd.Timestamp(scope.since), last(scope))
    missing = (
        f"Hari tanpa satu pesan pun dianggap tidak tercatat, bukan nol: {days_told(figures.missing_days)}."
        if figures.missing_days
        else "Setiap hari bulan ini ada pesan yang tercatat."
    )
    rule = (
        f"Untuk luar kantor: angka 1 sampai {MIN_CELL - 1} ditulis '{NO_VALUE}', juga angka lain yang selisihnya membukanya."
        if audience == "luar"
        else "Untuk dalam kantor: angka kecil tidak disamarkan. Jangan dibagikan ke luar; mintalah laporan untuk luar kantor."
    )
    return (
        f"Yang dihitung: pesan yang diterima {counted} menurut waktu {context.desk.settings.timezone}; pesan rahasia tidak "
        f"dihitung. {missing}",
        f"Label pesan dibuat mesin (model {context.desk.scoring.scorer.bundle.name}) dan dapat dibetulkan petugas; mutu "
        "terukurnya ada pada kartu model.",
        "Kisaran wajar dan selang 95 % berarti: dari 20 kisaran seperti itu kira-kira 19 memuat angka sebenarnya.",
        rule,
        *((figures.saving,) if figures.saving else ()),
    )
