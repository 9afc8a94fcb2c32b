"""POST /api/v1/score."""

from fastapi import APIRouter, Depends

from api.accounts.dependencies import needs
from api.accounts.permissions import Right
from api.dependencies import ScoringDep, SettingsDep
from api.errors import ApiError, problems
from api.scoring.schemas import ScoredOut, ScoreRequest, ScoreResponse, assessment_out

router = APIRouter(prefix="/api/v1", tags=["penilaian"])


@router.post(
    "/score",
    operation_id="score",
    summary="Nilai beberapa teks tanpa menyimpannya",
    responses=problems(400, 401, 403, 413, 422, 503),
    dependencies=[Depends(needs(Right.SCORE))],
)
def score(request: ScoreRequest, scoring: ScoringDep, settings: SettingsDep) -> ScoreResponse:
    """Assess texts; nothing is stored."""
    pairs = request.pairs()
    if len(pairs) > settings.max_texts:
        raise ApiError(413, "terlalu_banyak", "Terlalu banyak teks", f"Batas {settings.max_texts} teks dalam satu permintaan.")
    assessments = scoring.assess([text for _, text in pairs])
    return ScoreResponse(
        results=[
            ScoredOut(id=given, **assessment_out(assessment, scoring.labels).model_dump())
            for (given, _), assessment in zip(pairs, assessments, strict=True)
        ]
    )
