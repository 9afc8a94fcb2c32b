"""The model card, in Indonesian and then English, made from a bundle's manifest."""

from typing import Any

from nlp.labels import Labels

TASK_NAMES = {
    "topic": "Topik",
    "aspect": "Unsur layanan (SKM)",
    "sentiment": "Sentimen",
    "urgency": "Urgensi",
    "band": "Risiko integritas",
    "kinds": "Jenis dugaan",
    "unit": "Unit tujuan",
}


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %".replace(".", ",")


def _single_rows(metrics: dict[str, Any]) -> list[str]:
    return [
        f"| {TASK_NAMES[name]} | {m['rows']} | {_percent(m['accuracy'])} | {_percent(m['macro_f1'])} | {_percent(m['top3'])}"
        f" | {_percent(m['ece'])} | {_percent(m['coverage_at_90'])} | {_percent(m['coverage_at_95'])} |"
        for name, m in metrics.items()
        if "accuracy" in m
    ]


def _scale_rows(metrics: dict[str, Any], labels: Labels) -> list[str]:
    rows = []
    for name in ("urgency", "band"):
        for code, m in metrics.get(name, {}).get("at_least", {}).items():
            rows.append(
                f"| {TASK_NAMES[name]}: {labels.name(name, code)} ke atas | {m['positive']} | {_percent(m['average_precision'])}"
                f" | {_percent(m['precision'])} | {_percent(m['recall'])} | {_percent(m['f1'])} |"
            )
    return rows


def write_card(manifest: dict[str, Any], labels: Labels) -> str:
    """Markdown for a kepala dinas and for the next developer; figures come from held-out folds only."""
    metrics = manifest["metrics"]
    sources = [*manifest["data"], *(["korpus benih Suara Warga"] if manifest["seed_corpus"] else [])]
    flag = metrics.get("band", {}).get("at_least", {}).get("2")
    lines = [
        f"# Kartu model: {manifest['name']}",
        "",
        f"Dibuat {manifest['created_at'][:10]} dari {manifest['rows']} pesan ({', '.join(sources)}). "
        f"Penyandi kalimat: {manifest['encoder']}.",
        "",
        "Model ini membaca pesan warga dan memberi label. Ia membantu petugas, tidak menggantikannya. Tanda integritas adalah "
        "permintaan untuk memeriksa, bukan tuduhan: ia tidak pernah menutup atau menerbitkan laporan dengan sendirinya.",
        "",
        "Angka di bawah berasal dari pesan yang tidak ikut dilatihkan (lipatan uji di dalam data latih). Pada kota atau saluran "
        "lain hasilnya dapat lebih rendah; ukur dengan `suara evaluate` pada data sendiri.",
        "",
        "| Tugas | Pesan | Ketepatan | Makro-F1 | Tiga teratas | Galat kalibrasi | Cakupan pada presisi 90 % | ... 95 % |",
        "|---|---|---|---|---|---|---|---|",
        *_single_rows(metrics),
        "",
        "| Skala | Positif | Presisi rata-rata | Presisi | Temuan | F1 |",
        "|---|---|---|---|---|---|",
        *_scale_rows(metrics, labels),
        "",
    ]
    if flag:
        lines += [
            f"Ambang tanda integritas dipilih agar {_percent(flag['recall'])} indikasi tertangkap; dari pesan yang ditandai, "
            f"{_percent(flag['precision'])} memang indikasi.",
            "",
        ]
    lines += [
        "## In English",
        "",
        f"Trained on {manifest['rows']} messages ({', '.join(sources)}), encoder `{manifest['encoder']}`, "
        f"seed {manifest['seed']}. "
        "All figures above are from held-out folds of the training data; expect less on cities and channels it never saw. "
        "An integrity flag is a request to look, never an accusation. Weak points: sarcasm, regional languages, messages "
        "with several problems, labels with few examples.",
        "",
    ]
    return "\n".join(lines)
