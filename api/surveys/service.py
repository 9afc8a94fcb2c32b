"""Take survey answers in by file; the satisfaction index beside what messages say."""

import hashlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.accounts.principal import Principal
from api.audit.service import record
from api.desk import Desk
from api.errors import ApiError
from api.identifiers import new_public_id
from api.reports.context import Context
from api.reports.report import Report, Table
from api.routing.repository import units_by_id
from api.surveys import repository
from api.surveys.schemas import SurveyIn, SurveyOut
from api.surveys.tables import Survey
from nlp.errors import SuaraError
from nlp.insight.elements import survey_beside_messages
from nlp.insight.satisfaction import GRADES, indices
from nlp.insight.survey import ELEMENTS, read_survey
from nlp.insight.wording import number
from nlp.tables import read_all


def take_in(session: Session, desk: Desk, who: Principal, wanted: SurveyIn, body: bytes) -> SurveyOut:
    """Store a file of answers; ApiError 422 that names the cell for a wrong one, 409 for a file that is there already."""
    frame = _read(wanted, body)
    day = pd.Timestamp(wanted.day or desk.calendar.day_of(datetime.now(UTC)))
    answers = [
        {"day": row["day"].date(), "unit": row["unit"][:120], "topic": row["topic"][:40]}
        | {element.lower(): None if pd.isna(row[element]) else int(row[element]) for element in ELEMENTS}
        for row in frame.assign(day=frame["day"].fillna(day)).to_dict("records")
    ]
    survey = Survey(
        public_id=new_public_id(),
        name=wanted.name,
        file_sha256=hashlib.sha256(body).hexdigest(),
        n_respondents=len(answers),
        created_at=datetime.now(UTC),
        **who.actor,
    )
    try:
        with session.begin_nested():
            repository.add(session, survey, answers)
    except IntegrityError:
        raise ApiError(409, "survei_sudah_ada", "Survei sudah ada", "Berkas yang sama sudah pernah dimasukkan.") from None
    record(session, desk.vault, who, "survey.added", ("survey", survey.public_id), respondents=len(answers))
    return _out(survey)


def _read(wanted: SurveyIn, body: bytes) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"survei.{wanted.suffix}"
        path.write_bytes(body)
        try:
            return read_survey(read_all(path), path.name)
        except SuaraError as error:
            raise ApiError(422, "survei_tidak_terbaca", "Survei tidak terbaca", str(error)) from error


def _out(survey: Survey) -> SurveyOut:
    return SurveyOut(
        id=survey.public_id,
        name=survey.name,
        n_respondents=survey.n_respondents,
        by=survey.actor_name,
        created_at=survey.created_at,
    )


def list_surveys(session: Session) -> list[SurveyOut]:
    """The newest surveys."""
    return [_out(survey) for survey in repository.surveys(session)]


def remove(session: Session, desk: Desk, who: Principal, public_id: str) -> None:
    """Take back a file that was taken in by mistake; the audit trail keeps that it was. ApiError 403 or 404."""
    if who.units is not None:  # the file tells of every unit
        raise ApiError(
            403,
            "tidak_untuk_satu_unit",
            "Tidak untuk akun yang dibatasi pada unit",
            "Survei memuat semua unit. Hubungi pengelola.",
        )
    survey = repository.get(session, public_id)
    if survey is None:
        raise ApiError(404, "survei_tidak_ada", "Survei tidak ditemukan", "Periksa nomornya pada GET /api/v1/surveys.")
    record(session, desk.vault, who, "survey.removed", ("survey", public_id), name=survey.name, respondents=survey.n_respondents)
    repository.remove(session, survey)


def answers_of(context: Context) -> pd.DataFrame:
    """Answers of the scope's days and units."""
    scope = context.scope
    units = None
    if scope.unit_ids is not None:
        units = [unit.name for unit in units_by_id(context.session, set(scope.unit_ids)).values()]
    found = repository.answers(context.session, scope.since, scope.until, units)
    return found if scope.topic is None else found[found["topic"] == scope.topic].reset_index(drop=True)


def satisfaction(context: Context) -> Report:
    """IKM overall and by unit, and each element beside what messages say about it."""
    answers = answers_of(context)
    index = {
        "n_respondents": "Responden",
        "index": "IKM",
        "low": "Batas bawah",
        "high": "Batas atas",
        "grade": "Mutu",
        "note": "Catatan",
    }
    whole = indices(answers) if len(answers) else indices(answers.head(0), ("unit",)).drop(columns="unit")
    by_unit = indices(answers[answers["unit"] != ""], ("unit",))
    beside = survey_beside_messages(answers, context.messages(), context.labels) if len(answers) else pd.DataFrame()
    aspects = {aspect.element: aspect.name for aspect in context.labels.aspect if aspect.element}
    if len(beside):
        beside = beside.assign(name=beside["element"].map(aspects).fillna(""))
    element = {
        "element": "Unsur",
        "name": "Nama unsur",
        "mean": "Nilai survei",
        "low": "Batas bawah",
        "high": "Batas atas",
        "grade": "Mutu",
        "messages_n": "Pesan",
        "share_negative": "Bagian tidak puas",
        "direction": "Arah pesan",
        "flag": "Tanda",
        "sentence": "Kalimat",
    }
    return Report(
        title="Survei kepuasan masyarakat (SKM)",
        scope=context.scope,
        tables={
            "ikm": Table(whole, index),
            "unit": Table(by_unit, {"unit": "Unit"} | index, "n_respondents", ["unit"]),
            "unsur": Table(beside.reindex(columns=list(element)), element),
        },
        sentences=_index_sentence(whole),
        # units' totals taken from all respondents leave those whose unit the file does not name
        told_counts=(len(answers), len(answers) - int(by_unit["n_respondents"].sum())),
        private=tuple(beside.loc[beside["flag"] != "", "sentence"]) if len(beside) else (),
    )


def _index_sentence(whole: pd.DataFrame) -> tuple[str, ...]:
    if whole.empty or pd.isna(whole["index"].iloc[0]):
        return ("Belum ada jawaban survei dalam jendela ini.",)
    row = whole.iloc[0]
    grade = next((grade.name.lower() for grade in GRADES if grade.code == row["grade"]), "")
    return (
        f"IKM {number(row['index'], 2)} dari {number(row['n_respondents'])} responden: mutu {row['grade']} ({grade}), "
        f"95 %: {number(row['low'], 2)} sampai {number(row['high'], 2)}.",
    )
