"""The first page: paste a message, see what is read in it and why. Nothing is stored."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from api.dependencies import ScoringDep
from api.errors import ApiError
from api.pages import view

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
templates.env.filters["persen"] = view.percent


@router.get("/", response_class=HTMLResponse)
def show_form(request: Request) -> HTMLResponse:
    """The empty form."""
    return templates.TemplateResponse(request, "assess.html", {"text": "", "examples": view.EXAMPLES})


@router.post("/", response_class=HTMLResponse)
def show_assessment(request: Request, scoring: ScoringDep, text: Annotated[str, Form()] = "") -> HTMLResponse:
    """The form with the assessment of its text."""
    # a lone surrogate, which a form in UTF-7 can hold, fits into no page
    context: dict[str, Any] = {"text": text.encode(errors="replace").decode(), "examples": view.EXAMPLES}
    try:
        problem = view.form_problem(text)
        if problem is None:
            assessment = scoring.assess([text])[0]
            problem = assessment.problem
    except ApiError as error:  # the model is still being loaded
        context["problem"] = f"{error.title}. {error.detail}"
        return templates.TemplateResponse(request, "assess.html", context, status_code=error.status)
    if problem is not None:
        context["problem"] = f"{problem[0].upper()}{problem[1:]}. Periksa teksnya, lalu coba lagi."
        return templates.TemplateResponse(request, "assess.html", context, status_code=422)
    context["result"] = view.assessment_view(
        assessment,
        scoring.explain(assessment),
        scoring.nearest_examples(assessment),
        scoring.unanswered(assessment),
        scoring.labels,
    )
    return templates.TemplateResponse(request, "assess.html", context)
