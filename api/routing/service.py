"""Send messages to units: by rules when they come in, by people afterwards; keep units and rules."""

from datetime import UTC, date, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.accounts.principal import SYSTEM, Principal
from api.audit.service import record
from api.errors import ApiError
from api.feedback.tables import Feedback
from api.routing import repository
from api.routing.calendar import WorkCalendar
from api.routing.rulebook import Routing, Rule, Rulebook, UnitRef
from api.routing.schemas import (
    DispositionIn,
    DispositionOut,
    RoutingOut,
    RuleChange,
    RuleIn,
    RuleOut,
    SuggestionOut,
    UnitChange,
    UnitIn,
    UnitOut,
)
from api.routing.tables import Disposition, RoutingRule, Unit
from api.vault import Vault
from nlp.labels import Labels


# ---------------------------------------------------------------------------------------------- where a message goes
def load_rulebook(session: Session, labels: Labels) -> Rulebook:
    """The rules of this moment."""
    rules = [
        Rule(
            id=rule.id,
            unit=UnitRef(unit.id, unit.code, unit.name),
            topic=rule.topic,
            aspect=rule.aspect,
            district=rule.district,
            keyword=rule.keyword,
            model_unit=rule.model_unit,
            working_days=rule.working_days,
        )
        for rule, unit in repository.rules(session, active_only=True)
    ]
    units = [UnitRef(unit.id, unit.code, unit.name) for unit in repository.units(session) if unit.is_active]
    return Rulebook(rules, units, {code: labels.name("topic", code) for code in labels.codes("topic")})


def deadline(calendar: WorkCalendar, labels: Labels, row: Feedback, working_days: int | None) -> date | None:
    """The last day to settle a report: the rule's working days, else the topic's service standard, else none.

    Whoever has it and since when, the days count from its receipt: the citizen has waited since then.
    """
    days = working_days
    if days is None:
        days = next((label.standard_days for label in labels.family("topic") if label.code == row.topic), None)
    return None if days is None else calendar.add_working_days(calendar.day_of(row.received_at), days)


def route(calendar: WorkCalendar, labels: Labels, row: Feedback, routing: Routing) -> Disposition | None:
    """Write what the rules say into a message, stored or not; the step to store beside it where they are sure."""
    row.routing = {
        "band": routing.band,
        "reason": routing.reason,
        "suggestions": [{"unit": s.unit.code, "name": s.unit.name, "reason": s.reason} for s in routing.suggestions],
    }
    if routing.band != "auto":
        row.deadline_on = deadline(calendar, labels, row, None)  # what waits at the desk can be late too
        return None
    chosen = routing.suggestions[0]
    last_day = deadline(calendar, labels, row, chosen.working_days)
    return _step(SYSTEM, row, chosen.unit.id, chosen.reason, last_day, chosen.rule_id)


def apply_routing(session: Session, calendar: WorkCalendar, labels: Labels, row: Feedback, routing: Routing) -> None:
    """Write what the rules say into a stored message; send it where they are sure."""
    step = route(calendar, labels, row, routing)
    if step is not None:
        repository.add(session, step)


def dispose(
    session: Session,
    vault: Vault,
    calendar: WorkCalendar,
    labels: Labels,
    who: Principal,
    row: Feedback,
    wanted: DispositionIn,
) -> None:
    """A person sends a message to a unit; the trail keeps every step.

    ApiError 422 for an unknown or closed unit, or a deadline before the message came.
    """
    unit = require_unit(session, wanted.unit)
    if not unit.is_active:
        raise ApiError(422, "unit_tutup", "Unit sudah ditutup", f"Unit '{unit.code}' tidak menerima pesan lagi. Pilih unit lain.")
    received_on = calendar.day_of(row.received_at)
    if wanted.deadline_on is not None and wanted.deadline_on < received_on:
        raise ApiError(
            422,
            "batas_sebelum_diterima",
            "Batas waktu mendahului pesan",
            f"Pesan ini diterima {received_on}; isi deadline_on dengan hari itu atau sesudahnya.",
        )
    last_day = wanted.deadline_on or deadline(calendar, labels, row, None)
    record(session, vault, who, "feedback.disposed", ("feedback", row.public_id), unit=unit.code, before=row.unit_id or 0)
    repository.add(session, _step(who, row, unit.id, wanted.reason, last_day, None))


def _step(who: Principal, row: Feedback, unit_id: int, reason: str, last_day: date | None, rule_id: int | None) -> Disposition:
    """The message now lies with the unit; what is to be stored of it."""
    now = datetime.now(UTC)
    step = Disposition(
        feedback_id=row.id,  # none yet for a message that is just coming in
        unit_id=unit_id,
        previous_unit_id=row.unit_id,
        rule_id=rule_id,
        reason=reason[:500],
        deadline_on=last_day,
        created_at=now,
        **who.actor,
    )
    row.unit_id, row.deadline_on = unit_id, last_day
    row.routed_at = row.routed_at or now
    if row.state == "diterima":
        row.state = "diteruskan"
    return step


def routing_out(session: Session, row: Feedback) -> RoutingOut:
    """Where a message is."""
    unit = repository.units_by_id(session, {row.unit_id}).get(row.unit_id) if row.unit_id else None
    return RoutingOut(
        band=row.routing["band"],
        reason=row.routing["reason"],
        unit=unit.code if unit else None,
        unit_name=unit.name if unit else None,
        deadline_on=row.deadline_on,
        suggestions=[SuggestionOut(**suggestion) for suggestion in row.routing["suggestions"]],
    )


def trail(session: Session, row: Feedback) -> list[DispositionOut]:
    """Every step of a message's way, the first first."""
    steps = repository.dispositions_of(session, row.id)
    units = repository.units_by_id(session, {id_ for s in steps for id_ in (s.unit_id, s.previous_unit_id) if id_})
    return [
        DispositionOut(
            unit=units[step.unit_id].code,
            unit_name=units[step.unit_id].name,
            previous_unit=units[step.previous_unit_id].code if step.previous_unit_id else None,
            reason=step.reason,
            deadline_on=step.deadline_on,
            by=step.actor_name,
            at=step.created_at,
        )
        for step in steps
    ]


# ---------------------------------------------------------------------------------------------- units
def require_unit(session: Session, code: str) -> Unit:
    """The unit with this code; ApiError 422 where there is none."""
    unit = repository.unit_by_code(session, code)
    if unit is None:
        raise ApiError(422, "unit_tidak_dikenal", "Unit tidak dikenal", f"Tidak ada unit '{code}'. Lihat GET /api/v1/units.")
    return unit


def _unit_out(unit: Unit) -> UnitOut:
    return UnitOut(code=unit.code, name=unit.name, is_active=unit.is_active)


def list_units(session: Session) -> list[UnitOut]:
    """Every unit by name."""
    return [_unit_out(unit) for unit in repository.units(session)]


def add_unit(session: Session, vault: Vault, who: Principal, wanted: UnitIn) -> UnitOut:
    """A new unit; ApiError 409 where its code or name is taken."""
    unit = Unit(code=wanted.code, name=wanted.name, is_active=True)
    _flush_unit(session, unit)
    record(session, vault, who, "unit.added", ("unit", unit.code), name=unit.name)
    return _unit_out(unit)


def change_unit(session: Session, vault: Vault, who: Principal, code: str, change: UnitChange) -> UnitOut:
    """Rename, close or reopen a unit; ApiError 404 or 409."""
    unit = repository.unit_by_code(session, code)
    if unit is None:
        raise ApiError(404, "unit_tidak_ada", "Unit tidak ditemukan", "Lihat GET /api/v1/units.")
    if change.name is not None:
        unit.name = change.name
    if change.is_active is not None:
        unit.is_active = change.is_active
    _flush_unit(session, unit)
    record(session, vault, who, "unit.changed", ("unit", code), **change.model_dump(exclude_none=True))
    return _unit_out(unit)


def _flush_unit(session: Session, unit: Unit) -> None:
    try:
        with session.begin_nested():
            repository.add(session, unit)
    except IntegrityError:
        raise ApiError(409, "unit_sudah_ada", "Unit sudah ada", "Kode atau nama itu sudah dipakai unit lain.") from None


# ---------------------------------------------------------------------------------------------- rules
def _rule_out(rule: RoutingRule, unit: Unit) -> RuleOut:
    return RuleOut(
        id=rule.id,
        unit=unit.code,
        topic=rule.topic,
        aspect=rule.aspect,
        district=rule.district,
        keyword=rule.keyword,
        model_unit=rule.model_unit,
        working_days=rule.working_days,
        position=rule.position,
        is_active=rule.is_active,
    )


def list_rules(session: Session) -> list[RuleOut]:
    """Every rule in the order in which they are tried."""
    return [_rule_out(rule, unit) for rule, unit in repository.rules(session, active_only=False)]


def add_rule(session: Session, vault: Vault, labels: Labels, who: Principal, wanted: RuleIn) -> RuleOut:
    """A new rule, in force for messages from now on; ApiError 422 for an unknown unit or label."""
    unit = require_unit(session, wanted.unit)
    for family, code in (("topic", wanted.topic), ("aspect", wanted.aspect)):
        require_label(labels, family, code)
    rule = RoutingRule(unit_id=unit.id, is_active=True, **wanted.model_dump(exclude={"unit"}))
    repository.add(session, rule)
    record(session, vault, who, "rule.added", ("rule", rule.id), unit=unit.code)
    return _rule_out(rule, unit)


def change_rule(session: Session, vault: Vault, who: Principal, rule_id: int, change: RuleChange) -> RuleOut:
    """Switch a rule on or off, or move it; ApiError 404 where there is none."""
    rule = repository.rule(session, rule_id)
    if rule is None:
        raise ApiError(404, "aturan_tidak_ada", "Aturan tidak ditemukan", "Lihat GET /api/v1/rules.")
    if change.is_active is not None:
        rule.is_active = change.is_active
    if change.position is not None:
        rule.position = change.position
    record(session, vault, who, "rule.changed", ("rule", rule_id), **change.model_dump(exclude_none=True))
    return _rule_out(rule, repository.units_by_id(session, {rule.unit_id})[rule.unit_id])


def require_label(labels: Labels, family: str, code: str | None) -> None:
    """ApiError 422 that names the codes there are, for a code that is not among them; None passes."""
    if code is not None and code not in labels.codes(family):
        raise ApiError(
            422,
            "label_tidak_dikenal",
            "Label tidak dikenal",
            f"{family} '{code}' tidak ada. Pakai salah satu: {', '.join(labels.codes(family))}.",
        )
