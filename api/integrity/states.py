"""States and decisions of a case: which follows which, and how people are told of them. Knows no database."""

from typing import Literal

State = Literal["baru", "diperiksa", "menunggu_info", "diputus"]
Decision = Literal["bukan_integritas", "diteruskan", "terverifikasi", "ditutup"]
Origin = Literal["model", "petugas", "rahasia"]

NEW: State = "baru"
EXAMINED: State = "diperiksa"
DECIDED: State = "diputus"
GIVEN_BACK: Decision = "bukan_integritas"
FORWARDED: Decision = "diteruskan"

FOLLOWS: dict[State, tuple[State, ...]] = {
    "baru": ("diperiksa", "menunggu_info", "diputus"),
    "diperiksa": ("menunggu_info", "diputus"),
    "menunggu_info": ("diperiksa", "diputus"),
    "diputus": ("diperiksa",),  # revised: with a reason, the decision stays among the events
}
"""What may come after each state. Only a decision of a person leads to 'diputus'."""

STATE_NAMES: dict[State, str] = {
    "baru": "Baru, belum diperiksa",
    "diperiksa": "Sedang diperiksa",
    "menunggu_info": "Menunggu keterangan",
    "diputus": "Sudah diputus",
}
DECISION_NAMES: dict[Decision, str] = {
    "bukan_integritas": "Bukan persoalan integritas",
    "diteruskan": "Diteruskan untuk diperiksa lebih lanjut",
    "terverifikasi": "Petunjuk didukung keterangan lain; perlu diperiksa pihak berwenang",
    "ditutup": "Ditutup tanpa tindak lanjut",
}
ORIGIN_NAMES: dict[Origin, str] = {
    "model": "Petunjuk dari model",
    "petugas": "Diangkat petugas",
    "rahasia": "Pesan rahasia",
}
NOTICE = "Petunjuk untuk diperiksa, bukan tuduhan. Seseorang tidak boleh dinyatakan bersalah dari pesan ini."
QUESTIONS = {
    "siapa": "Bila Anda tahu, siapa yang terlibat? Nama, jabatan, atau ciri-cirinya sudah membantu.",
    "apa": "Apa yang terjadi: apa yang diminta, diberikan, atau dilakukan?",
    "di mana": "Di mana hal itu terjadi? Nama kantor, loket, atau tempatnya sudah membantu.",
    "kapan": "Kapan hal itu terjadi? Perkiraan hari atau tanggal sudah cukup.",
    "berapa": "Bila menyangkut uang atau barang, kira-kira berapa jumlahnya?",
}
"""How to ask a reporter kindly for what the report leaves open, by what `nlp` calls it."""
