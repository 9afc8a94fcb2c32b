"""Read integrity cases: lists, one case with all that helps to examine it, its events, counts."""

from datetime import UTC, datetime
from itertools import pairwise

from sqlalchemy.orm import Session

from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.desk import Desk
from api.feedback import repository as feedback_repository
from api.feedback.tables import Feedback
from api.integrity import repository
from api.integrity.access import require_case
from api.integrity.reporters import request_out
from api.integrity.schemas import (
    AgeCount,
    CaseDetail,
    CaseEventOut,
    CaseEventPage,
    CaseFilter,
    CaseOut,
    CasePage,
    CaseSummary,
    NamedCode,
    SimilarCaseOut,
)
from api.integrity.states import QUESTIONS
from api.integrity.tables import CaseEvent, IntegrityCase
from api.routing.repository import units_by_id
from api.routing.tables import Unit
from api.scoring.schemas import AssessmentOut
from nlp import Assessment

EXCERPT_CHARS = 280
EVENTS_SHOWN = 20
AGES_WORKING_DAYS = (3, 14, 60)  # forwarding, and complaints without and with field examination, PermenPANRB 62/2018


# ---------------------------------------------------------------------------------------------- read
def read_page(session: Session, desk: Desk, who: Principal, wanted: CaseFilter) -> CasePage:
    """Cases in the wanted order, or those that follow the cursor's."""
    before = require_case(session, who, wanted.cursor) if wanted.cursor else None
    wanted = wanted.model_copy(update={"limit": min(wanted.limit, desk.settings.page_limit)})
    rows = repository.page(session, wanted, who.units, before)
    shown = rows[: wanted.limit]
    units = units_by_id(session, {row.unit_id for _, row in shown if row.unit_id})
    return CasePage(
        items=[case_out(desk, case, row, units) for case, row in shown],
        next_cursor=shown[-1][0].public_id if len(rows) > len(shown) else None,
    )


def case_out(desk: Desk, case: IntegrityCase, row: Feedback, units: dict[int, Unit]) -> CaseOut:
    """A case for HTTP."""
    labels, calendar = desk.labels, desk.calendar
    unit = units.get(row.unit_id) if row.unit_id else None
    until = case.decided_at or datetime.now(UTC)
    return CaseOut(
        id=case.public_id,
        feedback_id=row.public_id,
        state=case.state,
        decision=case.decision,
        forwarded_to=case.forwarded_to,
        origin=case.origin,
        visibility=row.visibility,
        at_the_desk=not row.has_case,
        opened_at=case.opened_at,
        decided_at=case.decided_at,
        received_at=row.received_at,
        age_working_days=calendar.working_days_since(calendar.day_of(case.opened_at), calendar.day_of(until)),
        topic=NamedCode(code=row.topic, name=labels.name("topic", row.topic)) if row.topic else None,
        band=NamedCode(code=row.band, name=labels.name("band", row.band)) if row.band else None,
        integrity_risk=row.assessments[0].integrity_risk,
        kinds=[NamedCode(code=code, name=labels.name("kinds", code)) for code in codes_of(case)],
        district=row.district,
        unit=unit.code if unit else None,
        unit_name=unit.name if unit else None,
        excerpt=row.masked_text[:EXCERPT_CHARS],
    )


def codes_of(case: IntegrityCase) -> list[str]:
    """Kinds of a case."""
    return [code for code in case.kinds.split("|") if code]


def read(session: Session, desk: Desk, who: Principal, public_id: str) -> CaseDetail:
    """One case with all that helps to examine it; ApiError 404."""
    return detail(session, desk, who, *require_case(session, who, public_id))


def detail(session: Session, desk: Desk, who: Principal, case: IntegrityCase, row: Feedback) -> CaseDetail:
    """A case with all that helps to examine it."""
    units = units_by_id(session, {row.unit_id} if row.unit_id else set())
    # the questions look at the words alone
    unanswered = desk.scoring.unanswered(Assessment(row.masked_text, "manual", row.assessments[0].model))
    requests = repository.requests_of(session, case.id) if who.may(Right.CASE_REPORTER) else []
    return CaseDetail(
        **case_out(desk, case, row, units).model_dump(),
        masked_text=row.masked_text,
        evidence=AssessmentOut.model_validate(row.assessments[0].content).evidence,
        questions=[QUESTIONS[name] for name in unanswered],
        similar=_similar(session, desk, who, row),
        events=[_event_out(event) for event in repository.events_page(session, case.id, None, EVENTS_SHOWN)],
        reporter_requests=[request_out(who, request, datetime.now(UTC)) for request in requests],
    )


def _similar(session: Session, desk: Desk, who: Principal, row: Feedback) -> list[SimilarCaseOut]:
    visible = feedback_repository.visible_to(who.units, sees_cases=True)
    found = feedback_repository.similar_to(session, row.id, visible, with_cases=True)
    cases = repository.cases_of(session, [other.id for _, other in found])
    return [
        SimilarCaseOut(
            feedback_id=other.public_id,
            case_id=cases.get(other.id),
            kind=link.kind,
            similarity=link.similarity,
            received_at=other.received_at,
            topic=desk.labels.name("topic", other.topic) if other.topic else None,
            excerpt=other.masked_text[:EXCERPT_CHARS],
        )
        for link, other in found
    ]


def _event_out(event: CaseEvent) -> CaseEventOut:
    return CaseEventOut(
        id=event.id,
        kind=event.kind,
        note=event.note,
        state=event.state,
        decision=event.decision,
        recipient=event.recipient,
        by=event.actor_name,
        at=event.created_at,
    )


def read_events(session: Session, desk: Desk, who: Principal, public_id: str, cursor: int | None, limit: int) -> CaseEventPage:
    """What was done in a case from the newest on; ApiError 404."""
    case, _ = require_case(session, who, public_id)
    limit = min(limit, desk.settings.page_limit)
    rows = repository.events_page(session, case.id, cursor, limit + 1)
    return CaseEventPage(
        items=[_event_out(row) for row in rows[:limit]], next_cursor=rows[limit - 1].id if len(rows) > limit else None
    )


# ---------------------------------------------------------------------------------------------- counts
def summarise(session: Session, desk: Desk, who: Principal) -> CaseSummary:
    """How many cases this caller sees: by state and decision, and the undecided ones by kind and age in working days."""
    calendar, kinds = desk.calendar, desk.labels.codes("kinds")
    today = calendar.day_of(datetime.now(UTC))
    since = [calendar.start_of(calendar.day_before(today, n_days)) for n_days in AGES_WORKING_DAYS]
    of_kind, within, n_undecided = repository.n_undecided(session, who.units, kinds, since)
    first_days = (0, *(n_days + 1 for n_days in AGES_WORKING_DAYS))
    return CaseSummary(
        n_undecided=n_undecided,
        by_state=repository.n_by(session, "state", who.units),
        by_decision=repository.n_by(session, "decision", who.units),
        by_kind=dict(zip(kinds, of_kind, strict=True)),
        by_age=[
            AgeCount(from_working_days=first, to_working_days=last, n=n_now - n_before)
            for first, last, (n_before, n_now) in zip(
                first_days, (*AGES_WORKING_DAYS, None), pairwise([0, *within, n_undecided]), strict=True
            )
        ],
    )
