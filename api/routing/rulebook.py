"""Where a message should go: rules in their order, the model's unit, and how sure it is. Knows no database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Band = Literal["auto", "suggest", "manual"]
MAX_SUGGESTIONS = 3
ENCLITICS = "nya|ku|mu|lah|kah|pun"  # what a word may end in and stay the same word


@dataclass(frozen=True, slots=True)
class UnitRef:
    """A unit as rules speak of it."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Messages that meet every condition given go to `unit`."""

    id: int
    unit: UnitRef
    topic: str | None = None
    aspect: str | None = None
    district: str | None = None
    keyword: str | None = None
    model_unit: str | None = None
    working_days: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at. `topics` and `units` are codes with the likeliest first; `words` the masked text in small letters."""

    words: str
    topics: Sequence[str] = ()
    units: Sequence[str] = ()
    aspect: str | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A unit that may be right, and why in words for the desk."""

    unit: UnitRef
    reason: str
    rule_id: int | None = None
    working_days: int | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """`auto`: goes to the first suggestion by itself; `suggest`: a person chooses; `manual`: nothing points anywhere."""

    band: Band
    reason: str
    suggestions: tuple[Suggestion, ...] = field(default=())


def mentions(words: str, keyword: str) -> bool:
    """Whether a keyword occurs in a text in small letters as a word or words of its own, whatever spaces lie between.

    >>> mentions("airnya keruh", "Air"), mentions("bantuan belum cair", "Air")
    (True, False)
    """
    parts = keyword.casefold().split()
    if not all(part in words for part in parts):
        return False
    pattern = r"\s+".join(map(re.escape, parts))
    return re.search(rf"(?<!\w){pattern}(?:{ENCLITICS})?(?!\w)", words) is not None


class Rulebook:
    """Active rules by position, and active units by name for the model's unit head."""

    def __init__(self, rules: Sequence[Rule], units: Sequence[UnitRef], topic_names: dict[str, str]) -> None:
        self.rules, self.topic_names = rules, topic_names
        self.unit_by_name = {unit.name.casefold(): unit for unit in units}

    def decide(self, facts: Facts, decision: Band, *, by_person: bool = False) -> Routing:
        """The routing of a message; `decision` says how sure the model is of its first topic or unit."""
        suggestions: list[Suggestion] = []
        for n, topic in enumerate(facts.topics or (None,)):
            found = self._by_rule(facts, topic, facts.units[n] if n < len(facts.units) else None)
            if found and all(found.unit != other.unit for other in suggestions):
                suggestions.append(found)
            if n == 0 and not found and facts.units and (unit := self.unit_by_name.get(facts.units[0].casefold())):
                suggestions.append(Suggestion(unit, "Model mengenali unit ini dari pesan serupa."))
            if decision == "auto" and suggestions:
                break  # what follows are the model's second thoughts
            if decision == "auto":
                return Routing("manual", self._nothing(topic))
        if not suggestions:
            return Routing("manual", self._nothing(facts.topics[0] if facts.topics else None))
        if decision == "auto" and not by_person:
            return Routing("auto", suggestions[0].reason, tuple(suggestions[:1]))
        if decision == "manual":
            return Routing("manual", "Model belum yakin akan topik pesan ini.", tuple(suggestions[:MAX_SUGGESTIONS]))
        reason = "Label diberikan petugas." if by_person else "Model belum cukup yakin; pilih unit yang tepat."
        return Routing("suggest", reason, tuple(suggestions[:MAX_SUGGESTIONS]))

    def _nothing(self, topic: str | None) -> str:
        if topic is None:
            return "Topik pesan tidak terbaca."
        return f"Belum ada aturan penerusan untuk topik {self.topic_names.get(topic, topic)}."

    def _by_rule(self, facts: Facts, topic: str | None, unit: str | None) -> Suggestion | None:
        for rule in self.rules:
            if (
                rule.topic in (None, topic)
                and rule.aspect in (None, facts.aspect)
                and (rule.district is None or rule.district.casefold() == (facts.district or "").casefold())
                and (rule.keyword is None or mentions(facts.words, rule.keyword))
                and (rule.model_unit is None or rule.model_unit.casefold() == (unit or "").casefold())
            ):
                return Suggestion(rule.unit, self._why(rule), rule.id, rule.working_days)
        return None

    def _why(self, rule: Rule) -> str:
        conditions = (
            ("topik", self.topic_names.get(rule.topic or "", rule.topic)),
            ("unsur", rule.aspect),
            ("wilayah", rule.district),
            ("kata", rule.keyword),
            ("unit menurut model", rule.model_unit),
        )
        met = ", ".join(f"{name} {value}" for name, value in conditions if value)
        return f"Aturan {rule.id}: {met or 'semua pesan'} diteruskan ke {rule.unit.name}."
