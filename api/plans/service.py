"""Register improvement actions and targets; say whether they worked and where they stand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Any, Literal

import numpy as np
from sqlalchemy.orm import Session

from api.accounts.principal import Principal
from api.audit.service import record
from api.desk import Desk
from api.errors import ApiError
from api.identifiers import new_public_id
from api.plans import repository
from api.plans.schemas import (
    DATES_IN_ORDER,
    ActionChange,
    ActionDetail,
    ActionIn,
    ActionOut,
    ActionPage,
    AreaIn,
    EffectOut,
    ProgressOut,
    TargetIn,
    TargetOut,
    TargetPage,
    in_order,
)
from api.plans.tables import ImprovementAction, StoredTarget
from api.reports.context import Context
from api.reports.report import records
from api.reports.scope import Scope
from api.routing.repository import units_by_id
from api.routing.service import require_label, require_unit
from api.surveys.service import answers_of
from nlp.errors import SuaraError
from nlp.insight.action_series import MAX_WEEKS, Action
from nlp.insight.effects import Effect, effect_of
from nlp.insight.targets import Sources, Target, progress


# ---------------------------------------------------------------------------------------------- areas
def _area_columns(session: Session, desk: Desk, who: Principal, area: AreaIn) -> dict[str, str | int | None]:
    for family, code in (("topic", area.topic), ("aspect", area.aspect)):
        require_label(desk.labels, family, code)
    unit = require_unit(session, area.unit) if area.unit else None
    if who.units is not None and (unit is None or unit.id not in who.units):
        raise ApiError(403, "bukan_unit_sendiri", "Bukan unit sendiri", "Sebut salah satu unit yang menjadi tugas Anda.")
    return {"topic": area.topic, "aspect": area.aspect, "unit_id": unit.id if unit else None, "district": area.district}


def _area_out(session: Session, row: ImprovementAction | StoredTarget) -> dict[str, str | None]:
    unit = units_by_id(session, {row.unit_id}).get(row.unit_id) if row.unit_id else None
    return {"topic": row.topic, "aspect": row.aspect, "unit": unit.code if unit else None, "district": row.district}


def _today(desk: Desk) -> date:
    return desk.calendar.day_of(datetime.now(UTC))


# ---------------------------------------------------------------------------------------------- actions
def add_action(session: Session, desk: Desk, who: Principal, wanted: ActionIn) -> ActionDetail:
    """Register an action; ApiError 422 for an unknown label or unit."""
    row = ImprovementAction(
        public_id=new_public_id(),
        created_at=datetime.now(UTC),
        **wanted.model_dump(exclude={"topic", "aspect", "unit", "district"}),
        **_area_columns(session, desk, who, wanted),
        **who.actor,
    )
    repository.add(session, row)
    record(session, desk.vault, who, "action.added", ("action", row.public_id), name=row.name)
    return _action_detail(session, desk, row)


def read_actions(session: Session, desk: Desk, who: Principal, cursor: int | None, limit: int) -> ActionPage:
    """Actions from the newest on, those of a limited caller's units alone."""
    limit = min(limit, desk.settings.page_limit)
    rows = repository.page(session, ImprovementAction, who.units, cursor, limit + 1)
    items = [ActionOut(**_action_fields(session, row)) for row in rows[:limit]]
    return ActionPage(items=items, next_cursor=rows[limit - 1].id if len(rows) > limit else None)


def read_action(session: Session, desk: Desk, who: Principal, public_id: str) -> ActionDetail:
    """One action with its effect so far; ApiError 404 where there is none."""
    return _action_detail(session, desk, _required(session, ImprovementAction, who, public_id))


def change_action(session: Session, desk: Desk, who: Principal, public_id: str, change: ActionChange) -> ActionDetail:
    """Put the dates of an action right; ApiError 404 where there is none, 422 for dates out of order."""
    row = _required(session, ImprovementAction, who, public_id)
    given = change.model_dump(exclude_unset=True)
    dates = {name: getattr(row, name) for name in ("starts_on", "full_from", "ends_on")} | given
    if not in_order(**dates):
        raise ApiError(422, "urutan_tanggal", "Urutan tanggal tidak sah", f"{DATES_IN_ORDER[0].upper()}{DATES_IN_ORDER[1:]}.")
    told = {name: f"{getattr(row, name) or '-'} -> {value or '-'}" for name, value in given.items()}
    for name, value in given.items():
        setattr(row, name, value)
    record(session, desk.vault, who, "action.changed", ("action", public_id), **told)
    return _action_detail(session, desk, row)


def remove(session: Session, desk: Desk, who: Principal, kind: Literal["action", "target"], public_id: str) -> None:
    """Take back a plan that was registered by mistake; the audit trail keeps its name. ApiError 404 where there is none."""
    row = _required(session, ImprovementAction if kind == "action" else StoredTarget, who, public_id)
    record(session, desk.vault, who, f"{kind}.removed", (kind, public_id), name=row.name)
    repository.remove(session, row)


def _required(session: Session, table: type[Any], who: Principal, public_id: str) -> Any:
    row = repository.get(session, table, public_id)
    if row is None or (who.units is not None and row.unit_id not in who.units):
        raise ApiError(404, "rencana_tidak_ada", "Tidak ditemukan", "Periksa nomornya.")
    return row


def _action_fields(session: Session, row: ImprovementAction) -> dict[str, Any]:
    names = ("name", "starts_on", "full_from", "ends_on", "expected", "target_ratio", "cost_rupiah", "created_at")
    fields = {name: getattr(row, name) for name in names}
    return fields | {"id": row.public_id, "by": row.actor_name} | _area_out(session, row)


def _action_detail(session: Session, desk: Desk, row: ImprovementAction) -> ActionDetail:
    return ActionDetail(**_action_fields(session, row), effect=_effect_out(effect(session, desk, row, _today(desk)), row))


def effect(session: Session, desk: Desk, row: ImprovementAction, until: date) -> Effect:
    """What an action did, seen from before `until`: its area against the same messages elsewhere."""
    since = row.starts_on - timedelta(weeks=MAX_WEEKS)
    context = Context(session, desk, Scope(since, max(until, since + timedelta(days=1))))
    where: dict[str, tuple[str, ...]] = {
        name: (value,) for name in ("topic", "aspect", "district") if (value := getattr(row, name)) is not None
    }
    if row.unit_id is not None:
        where["unit"] = (units_by_id(session, {row.unit_id})[row.unit_id].name,)
    action = Action(where, row.starts_on, row.full_from, row.ends_on, "more" if row.expected == "more" else "fewer")
    return effect_of(context.counts(["day", *where]), action)


def _effect_out(found: Effect, row: ImprovementAction) -> EffectOut:
    change = found.change
    avoided, avoided_low, avoided_high = (value if isfinite(value) else None for value in found.avoided)
    met = None
    if row.target_ratio is not None and change is not None:
        met = change.ratio >= row.target_ratio if row.expected == "more" else change.ratio <= row.target_ratio
    return EffectOut(
        verdict=found.verdict,
        reasons=list(found.reasons),
        ratio=change.ratio if change else None,
        ratio_low=change.ratio_low if change else None,
        ratio_high=change.ratio_high if change else None,
        avoided=avoided,
        avoided_low=avoided_low,
        avoided_high=avoided_high,
        target_met=met,
        compared=found.compared,
        weeks=records(found.weeks),
    )


# ---------------------------------------------------------------------------------------------- targets
def add_target(session: Session, desk: Desk, who: Principal, wanted: TargetIn) -> TargetOut:
    """Set a target; ApiError 422 for an unknown label, unit or measure, or an aim against its own direction."""
    row = StoredTarget(
        public_id=new_public_id(),
        created_at=datetime.now(UTC),
        **wanted.model_dump(exclude={"topic", "aspect", "unit", "district"}),
        **_area_columns(session, desk, who, wanted),
        **who.actor,
    )
    try:
        _target(row)
    except SuaraError as error:
        raise ApiError(422, "target_tidak_sah", "Target tidak sah", str(error)) from error
    repository.add(session, row)
    record(session, desk.vault, who, "target.added", ("target", row.public_id), name=row.name)
    return _target_out(session, desk, row)


def read_targets(session: Session, desk: Desk, who: Principal, cursor: int | None, limit: int) -> TargetPage:
    """Targets from the newest on, each with where it stands."""
    limit = min(limit, desk.settings.page_limit)
    rows = repository.page(session, StoredTarget, who.units, cursor, limit + 1)
    items = [_target_out(session, desk, row) for row in rows[:limit]]
    return TargetPage(items=items, next_cursor=rows[limit - 1].id if len(rows) > limit else None)


def read_target(session: Session, desk: Desk, who: Principal, public_id: str) -> TargetOut:
    """One target; ApiError 404 where there is none."""
    return _target_out(session, desk, _required(session, StoredTarget, who, public_id))


def _target(row: StoredTarget) -> Target:
    return Target(row.measure, row.should_rise, row.baseline, row.baseline_on, row.target, row.due_on, aspect=row.aspect)


def target_progress(session: Session, desk: Desk, row: StoredTarget, until: date) -> Mapping[str, Any]:
    """Where a target stands on the last day before `until`, measured over its window."""
    unit_ids = frozenset({row.unit_id}) if row.unit_id is not None else None
    scope = Scope(until - timedelta(days=row.window_days), until, row.topic, row.aspect, row.district, unit_ids)
    context = Context(session, desk, scope)
    sources = Sources(
        messages=context.messages(),
        n_observed_days=len(context.observed_days(scope.since)),
        as_of=context.last_day,
        days=context.working_days(scope.since),
        labels=desk.labels,
        # a survey is taken once or twice a year, so all of the last year's answers tell
        survey=answers_of(replace(context, scope=replace(scope, since=until - timedelta(days=366)))),
        n_days=row.window_days,
    )
    found = progress(_target(row), sources)
    estimate = found.estimate
    return {
        "status": found.status,
        "sentence": found.sentence,
        "n": estimate.n,
        **{name: _finite(value) for name, value in (("value", estimate.value), ("low", estimate.low), ("high", estimate.high))},
        "expected": _finite(found.expected),
        "done": _finite(found.done),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _target_out(session: Session, desk: Desk, row: StoredTarget) -> TargetOut:
    names = ("name", "measure", "should_rise", "baseline", "baseline_on", "target", "due_on", "window_days", "created_at")
    return TargetOut(
        **{name: getattr(row, name) for name in names},
        **_area_out(session, row),
        id=row.public_id,
        by=row.actor_name,
        progress=ProgressOut(**target_progress(session, desk, row, _today(desk))),
    )
