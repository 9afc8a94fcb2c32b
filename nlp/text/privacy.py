"""Find and mask personal data: identity and tax numbers, phones, accounts, plates, addresses on the net, names.

Masking leans to caution where a number identifies a person (a NIK with a mistyped date is masked all the same) and
to restraint where a reader needs the words (amounts, dates, house numbers and places stay).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from stdnum import numdb

from nlp.text.names import GIVEN_NAMES, NOT_NAMES

# Between digits people type spaces, dots, dashes, brackets, slashes; copying adds zero-width and no-break characters,
# marks of direction, and full-width forms.
_GAP = r"[ \t\u00a0\u00ad\u2000-\u2015\u202a-\u202f\u205f-\u206f\u2212\u3000\ufeff\uff0d\uff0e.\-_()/]{0,3}"
_DIGITS = re.compile(rf"\+?\d(?:{_GAP}\d)*")
_GROUP = re.compile(r"\d+")
_AMOUNT = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?|\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?")
_CURRENCY_BEFORE = re.compile(r"(?:rp|idr|rupiah|sebesar|senilai|total|biaya|harga|bayar|uang)[\s.:]*$", re.IGNORECASE)
_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[-/. ]\d{1,2}[-/. ](?:19|20)\d{2}|(?:19|20)\d{2}[-/.]\d{1,2}[-/.]\d{1,2})(?!\d)")
_RUPIAH_BEFORE = re.compile(r"\b(?:rp|idr)[\s.:]*$", re.IGNORECASE)
_CLOCK = r"(?:[01]?\d|2[0-4])\.[0-5]\d"
_DAY = (
    r"(?:(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.](?:19|20)\d{2}"
    r"|(?:19|20)\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01]))"
)
# Dates and times and at most one small number ('08-12-2022 10', before ':15'): read together they look like a phone
_DAYS_AND_TIMES = re.compile(rf"(?:{_CLOCK}{_GAP})?{_DAY}(?:{_GAP}(?:{_DAY}|{_CLOCK}))*(?:{_GAP}\d{{1,2}})?")
_KK_BEFORE = re.compile(r"\bkk\b|kartu\s+keluarga", re.IGNORECASE)
_NPWP_BEFORE = re.compile(r"npwp\D{0,15}$", re.IGNORECASE)
_NPWP = re.compile(r"(?<!\d)(?<!\d[ .-])\d{2}\.\d{3}\.\d{3}\.\d[-.]\d{3}\.\d{3}(?!\d)")  # others after a cue
_EMAIL = re.compile(r"[\w.+%-]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}")
_URL = re.compile(
    r"(?:(?:https?://|www\.)|\b(?:bit\.ly|s\.id|t\.me|wa\.me|goo\.gl|tinyurl\.com|linktr\.ee|forms\.gle)/)"
    # brackets as in '?a[]=1&b[key]=2', which are no placeholder of ours
    r"[^\s<>\"'\[\]]+(?:(?-i:\[[a-z0-9_]*\])[^\s<>\"'\[\]]*)*",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"(?:\b(?:no(?:mor)?\.?\s*)?rek(?:ening)?\b|\bnorek\b|\bva\b|\bvirtual\s+account\b"
    r"|\b(?:bca|bri|bni|bsi|btn|mandiri|cimb|danamon|permata|bjb|bpd|bank\s+\w+)\b)"
    rf"[^\d\[\]\n]{{0,25}}(?P<number>\d(?:{_GAP}\d){{7,19}})(?!\d)",
    re.IGNORECASE,
)

# Registration letters in use, Perpol 7/2021 (region letters of vehicle plates)
_PLATE_REGION = r"(?:A[ABDEG]?|B[ABDEGHKLMNP]?|D[ABCDEGHKLMNRSTW]?|E[ABD]?|F|G|H|K[BHTU]?|L|M|N|P[ABGST]?|R|S|T|W|Z)"
_PLATE = re.compile(
    rf"(?<![\w.]){_PLATE_REGION}[ -]?\d{{3,4}}[ -]?(?!(?:RT|RW|NO|KM|DI|KE|DAN|YG|WIB|PM|AM)\b)[A-Z]{{1,3}}(?!\w)"
)
_PLATE_CUED = re.compile(
    r"\b(?:plat|nopol|no\.?\s*pol(?:isi)?|nomor\s+polisi|motor|mobil|truk|bus|angkot|taksi)\b[^\d\n]{0,25}?"
    rf"(?<!\w)(?P<plate>{_PLATE_REGION}[ -]?\d{{2,4}}[ -]?"
    r"(?!(?:dan|dari|di|ke|rt|rw|no|km|yg|ini|itu|jam|wib)\b)[a-z]{2,3})(?!\w)",
    re.IGNORECASE,
)

_NAME_WORD = r"[^\W\d_]+(?:['’][^\W\d_]+)*"
_NAME_STATED = re.compile(
    r"\b(?:nama\s+(?:saya|sy|aku|lengkap|pelapor|ibu|ayah|bapak|suami|istri|anak|pemilik|korban|petugas|pelaku)"
    r"|perkenalkan,?\s+saya|dengan\s+nama|a\.\s?n\.?|atas\s+nama|an\.|bernama|nama\s*:)"
    r"\s*(?:adalah|yaitu|ialah)?\s*[:=]?\s*(?:(?:bapak|bpk|pak|ibu|bu|sdr|sdri|mas|mbak)\.?\s+)?"
    rf"(?P<name>{_NAME_WORD}(?:[ ]{_NAME_WORD}){{0,3}})",
    re.IGNORECASE,
)
_VERB = re.compile(r"(?:di|ter|ber|meng|mem|men|pe)\w{4,}")
_PUBLIC_PLACE_BEFORE = re.compile(
    r"\b(?:rs|rsu|rsud|rumah sakit|jl|jln|jalan|gedung|gor|stadion|terminal|bandara|universitas|masjid)\.?\s*$",
    re.IGNORECASE,
)
_NAME_ADDRESSED = re.compile(
    # bapak bpk bp pak pk ibu ibuk bu saudara saudari sdr sdri sdra mas mbak mba bang kang teh uda uni haji hj kh ust
    # ustadz dokter dr drg, written as a tree: this pattern runs over every text and a flat list takes twice the time
    r"\b(?=[bpismktuhd])(?:b(?:apak|pk?|u|ang)|pa?k|ibuk?|s(?:audar[ai]|dr[ia]?)|m(?:as|bak?)|k(?:ang|h)|teh|u(?:da|ni|st(?:adz)?)|h(?:aji|j)|d(?:okter|rg?))"
    rf"\b\.?[ ]+(?:(?:h|hj|dr|drg|ir|drs|kh|ust)\.[ ]*)?(?P<name>{_NAME_WORD}(?:[ ]{_NAME_WORD}){{0,2}})",
    re.IGNORECASE,
)
# 'Pak RT Sutrisno', 'ketua RW 04 Sutrisno', 'lurah Sutrisno'. What follows an office is often a place ('Lurah Kebonsari'),
# so here only a known given name counts.
_NAME_OF_OFFICER = re.compile(
    r"\b(?=[rklcbd])(?:r[tw]|lurah|camat|kades|kadus|kepala\s+(?:desa|dusun|dinas|sekolah|pasar)|bendahara|kader|bupati|dukuh)"
    rf"(?:[ ]?\d{{1,3}})?(?:[ ]?/?[ ]?rw[ ]?\d{{1,3}})?[ ,]+(?P<name>{_NAME_WORD}(?:[ ]{_NAME_WORD}){{0,2}})",
    re.IGNORECASE,
)
# 'Terima kasih pak. Dulu ...': unlike 'Bpk.' these words are no abbreviations
_SENTENCE_END = re.compile(r"(?:bapak|pak|ibuk?|bu|saudar[ai]|mas|mbak|bang|kang|dokter)\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """One masked stretch: `start:end` in the original text, `masked_start` in the masked one."""

    start: int
    end: int
    kind: str
    masked_start: int

    @property
    def placeholder(self) -> str:
        """What stands in the masked text."""
        return f"[{self.kind}]"


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without personal data, and where that was."""

    text: str
    spans: tuple[Span, ...]

    def to_original(self, position: int) -> int:
        """Offset in the original text of an offset in the masked text (a place inside a placeholder: its start)."""
        shift = 0
        for span in self.spans:
            if position < span.masked_start:
                break
            if position < span.masked_start + len(span.placeholder):
                return span.start
            shift = span.end - (span.masked_start + len(span.placeholder))
        return position + shift


# Provinces that stdnum's table lacks: Kalimantan Utara and those of Papua (Kepmendagri 100.1.1-6117/2022)
_NEWER_PROVINCES = frozenset({"65", "92", "93", "95", "96"})


def _province_known(digits: str) -> bool:
    """Whether the first two digits name a province; regencies are founded too often for a table to be sure of them."""
    return digits[:2] in _NEWER_PROVINCES or bool(numdb.get("id/loc").info(digits[:2])[0][1])


def is_nik(digits: str) -> bool:
    """Whether 16 digits have the form of a NIK or KK number: a known province and a date that may exist.

    NIK has no check digit. Day of birth is raised by 40 for women (UU 23/2006, Permendagri 109/2019).
    """
    if len(digits) != 16 or not digits.isdecimal():
        return False
    day, month = int(digits[6:8]) % 40, int(digits[8:10])
    days = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= month <= 12 and 1 <= day <= days[month - 1] and int(digits[6:8]) <= 71 and _province_known(digits)


def _is_phone(digits: str) -> bool:
    return bool(re.fullmatch(r"(?:00)?(?:62)?0?8[1-9]\d{7,10}", digits))


def _is_landline(digits: str) -> bool:
    return bool(re.fullmatch(r"0[2-79]\d{7,9}", digits))


def _long_number_kind(digits: str, before: str) -> str | None:
    """Kind of one unbroken run of digits, or None when it may stay."""
    if len(digits) < 10 or (digits.endswith("000000") and not digits.startswith(("0", "628"))):  # a round amount
        return None
    if _is_phone(digits) or _is_landline(digits):
        return "TELP"
    if _NPWP_BEFORE.search(before) and not is_nik(digits):
        return "NPWP"
    if len(digits) == 16:
        return "KK" if _KK_BEFORE.search(before[-25:]) else "NIK"
    return None if _RUPIAH_BEFORE.search(before) else "NOMOR"


def _grouped_kind(digits: str, before: str, *, whole_run: bool) -> str | None:
    """Kind of several groups of digits read as one number, or None; `whole_run`: nothing is joined to them."""
    if is_nik(digits):
        return "KK" if _KK_BEFORE.search(before[-25:]) else "NIK"
    if len(digits) in (15, 16) and _NPWP_BEFORE.search(before):
        return "NPWP"
    if _is_phone(digits) or (whole_run and _is_landline(digits)):
        return "TELP"
    return None


def _numbers(text: str, runs: list[re.Match[str]]) -> Iterator[tuple[int, int, str]]:
    """Numbers that name a person, however their digits are grouped."""
    for run in runs:
        if run.end() - run.start() < 8:
            continue
        groups = [(run.start() + m.start(), run.start() + m.end()) for m in _GROUP.finditer(run.group())]
        if not _is_amount(text, run, len(groups)) and not _DAYS_AND_TIMES.fullmatch(run.group()):
            yield from _numbers_in_groups(text, groups)


def _is_amount(text: str, run: re.Match[str], n_groups: int) -> bool:
    if run.group()[0] == "0" or not _AMOUNT.fullmatch(run.group()):
        return False
    unlikely = n_groups > 4 or run.group().startswith(("62.8", "628."))  # a phone in groups of three
    return not unlikely or bool(_CURRENCY_BEFORE.search(text[max(0, run.start() - 15) : run.start()]))


def _numbers_in_groups(text: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    first = 0
    while first < len(groups):
        taken = 0
        before = text[max(0, groups[first][0] - 40) : groups[first][0]]
        lengths = list(accumulate(end - start for start, end in groups[first : first + 17]))
        for last in range(len(lengths) - 1, -1, -1):
            if not 10 <= lengths[last] <= 17:
                continue
            digits = "".join(text[start:end] for start, end in groups[first : first + last + 1])
            digits = "".join(str(int(d)) for d in digits)  # other scripts' digits count as well
            whole_run = first == 0 and last + 1 == len(groups) <= 4
            kind = _grouped_kind(digits, before, whole_run=whole_run) if last else _long_number_kind(digits, before)
            if kind:
                start, end = groups[first][0], groups[first + last][1]
                start -= text[start - 1 : start] == "+"
                start -= text[start - 1 : start] == "(" and ")" in text[start:end]
                yield start, end, kind
                taken = last + 1
                break
        else:
            if lengths[0] > 17:
                yield groups[first][0], groups[first][1], "NOMOR"
        first += max(taken, 1)


def _first_words(match: re.Match[str], keep: Callable[[int, str], bool]) -> tuple[int, int] | None:
    """Span of the leading words of the group `name` that `keep` accepts."""
    start = match.start("name")
    end = start
    for index, word in enumerate(re.finditer(_NAME_WORD, match.group("name"))):
        if not keep(index, word.group()):
            break
        end = start + word.end()
    return (start, end) if end > start else None


def _names(text: str) -> Iterator[tuple[int, int, str]]:
    head = text[:300]
    shouting = text.isupper() or sum(map(str.isupper, head)) > 0.6 * max(1, sum(map(str.isalpha, head)))

    def stated(index: int, word: str) -> bool:
        low = word.lower()
        if low in NOT_NAMES or (word.islower() and _VERB.match(low)):
            return False
        return index == 0 or low in GIVEN_NAMES or (word[0].isupper() and not shouting)

    def addressed(_: int, word: str) -> bool:
        low = word.lower()
        if low in NOT_NAMES:
            return False
        return low in GIVEN_NAMES or (not shouting and not sentence_ends and word[0].isupper() and word[1:].islower())

    def known(index: int, word: str) -> bool:
        return word.lower() in GIVEN_NAMES or (index > 0 and addressed(index, word))

    for pattern, keep in ((_NAME_STATED, stated), (_NAME_ADDRESSED, addressed), (_NAME_OF_OFFICER, known)):
        for match in pattern.finditer(text):
            sentence_ends = bool(_SENTENCE_END.match(match.group()))
            span = _first_words(match, keep)
            if span and not _PUBLIC_PLACE_BEFORE.search(text[max(0, match.start() - 14) : match.start()]):
                yield *span, "NAMA"


def _matches(text: str) -> Iterator[tuple[int, int, str]]:
    """All candidates, the surest kinds first."""
    if "/" in text or "www." in text.lower():  # before e-mail: an address inside a URL must not cut it in two
        yield from ((m.start(), m.end(), "URL") for m in _URL.finditer(text))
    if "@" in text:
        yield from ((m.start(), m.end(), "EMAIL") for m in _EMAIL.finditer(text))
    runs = [run for run in _DIGITS.finditer(text) if run.end() - run.start() > 1]
    if any(run.end() - run.start() >= 8 for run in runs):
        yield from ((m.start(), m.end(), "NPWP") for m in _NPWP.finditer(text))
        yield from ((m.start("number"), m.end("number"), "REKENING") for m in _accounts(text))
        yield from _numbers(text, runs)
    if runs:
        yield from ((m.start(), m.end(), "PLAT") for m in _PLATE.finditer(text))
        yield from ((m.start("plate"), m.end("plate"), "PLAT") for m in _PLATE_CUED.finditer(text))
    yield from _names(text)


def _accounts(text: str) -> Iterator[re.Match[str]]:
    for match in _ACCOUNT.finditer(text):
        number = match.group("number")
        digits = "".join(_GROUP.findall(number))
        years = re.fullmatch(r"(?:(?:19|20)\d{2}){2}", digits)
        plain = _AMOUNT.fullmatch(number) or digits.endswith("00000") or _DATE.search(number) or years
        if not plain and not _is_phone(digits) and not is_nik(digits):
            yield match


def _mask_once(text: str) -> list[tuple[int, int, str]]:
    taken: list[tuple[int, int, str]] = []
    for start, end, kind in _matches(text):
        if all(end <= other_start or start >= other_end for other_start, other_end, _ in taken):
            taken.append((start, end, kind))
    return sorted(taken)


def mask(text: str) -> Masked:
    """Mask personal data in `text`.

    Kinds: NIK, KK, NPWP, TELP, REKENING, NOMOR (another long number, such as a meter's or an insurance card's), PLAT,
    EMAIL, URL, NAMA. Each stretch becomes `[KIND]`. Masking a masked text changes nothing.
    """
    spans: list[tuple[int, int, str]] = []
    current = Masked(text, ())
    while True:
        found = _mask_once(current.text)
        if not found:
            return current
        spans += [(current.to_original(start), _original_end(current, end), kind) for start, end, kind in found]
        current = _apply(text, sorted(spans))


def _original_end(masked: Masked, end: int) -> int:
    return masked.to_original(end - 1) + 1 if end else 0


def _apply(text: str, spans: list[tuple[int, int, str]]) -> Masked:
    parts: list[str] = []
    placed: list[Span] = []
    position = length = 0
    for start, end, kind in spans:
        parts.append(text[position:start])
        length += start - position
        span = Span(start, end, kind, length)
        placed.append(span)
        parts.append(span.placeholder)
        length += len(span.placeholder)
        position = end
    parts.append(text[position:])
    return Masked("".join(parts), tuple(placed))
