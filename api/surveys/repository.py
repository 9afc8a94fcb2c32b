"""SQL about surveys."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from api.surveys.tables import Survey, SurveyAnswer
from nlp.insight.survey import ELEMENTS

MAX_SURVEYS = 200


def add(session: Session, survey: Survey, answers: Sequence[dict[str, Any]]) -> None:
    """Store a survey with its answers; IntegrityError where the same file is there already."""
    session.add(survey)
    session.flush()
    session.execute(insert(SurveyAnswer), [answer | {"survey_id": survey.id} for answer in answers])


def surveys(session: Session) -> list[Survey]:
    """The newest surveys."""
    return list(session.scalars(select(Survey).order_by(Survey.id.desc()).limit(MAX_SURVEYS)))


def get(session: Session, public_id: str) -> Survey | None:
    """The survey with this id."""
    return session.scalar(select(Survey).where(Survey.public_id == public_id))


def remove(session: Session, survey: Survey) -> None:
    """Delete a survey with its answers."""
    session.execute(delete(SurveyAnswer).where(SurveyAnswer.survey_id == survey.id))
    session.delete(survey)
    session.flush()


def answers(session: Session, since: date, until: date, units: Sequence[str] | None) -> pd.DataFrame:
    """Answers of days from `since` to before `until` as `nlp.insight.survey.read_survey` gives them, of some units alone."""
    columns = [SurveyAnswer.day, SurveyAnswer.unit, SurveyAnswer.topic, *(getattr(SurveyAnswer, e.lower()) for e in ELEMENTS)]
    query = select(*columns).where(SurveyAnswer.day >= since, SurveyAnswer.day < until).order_by(SurveyAnswer.id)
    if units is not None:
        query = query.where(SurveyAnswer.unit.in_(units))
    frame = pd.DataFrame(session.execute(query).all(), columns=["day", "unit", "topic", *ELEMENTS])
    return frame.astype(dict.fromkeys(ELEMENTS, "float64")).assign(day=pd.to_datetime(frame["day"]))
