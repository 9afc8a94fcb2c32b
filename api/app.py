"""The application: rooms put together by one function, everything else from settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import SQLAlchemyError

import nlp
from api import health
from api.accounts import oidc
from api.accounts.endpoints import router as session_router
from api.accounts.lockout import Lockout
from api.accounts.oidc_endpoints import router as oidc_router
from api.audit.endpoints import router as audit_router
from api.audit.service import note_model
from api.database import migrate, open_engine
from api.desk import Desk
from api.errors import describe_problems, install_error_handlers, problems
from api.feedback.endpoints import corrections as corrections_router
from api.feedback.endpoints import router as feedback_router
from api.feedback.endpoints import tracking as tracking_router
from api.imports.endpoints import PREFIX as IMPORTS
from api.imports.endpoints import router as imports_router
from api.imports.slots import ImportSlots
from api.integrity.endpoints import router as integrity_router
from api.logs import configure_logs
from api.middleware import BodyLimit, RequestLog
from api.pages.endpoints import router as pages_router
from api.plans.endpoints import router as plans_router
from api.rate_limits import RateLimits
from api.reports.counting import count_if_needed, counting_sessions
from api.reports.endpoints import router as reports_router
from api.routing.calendar import WorkCalendar
from api.routing.endpoints import router as routing_router
from api.scoring.endpoints import router as scoring_router
from api.scoring.service import ScoringService
from api.settings import Settings, load_settings
from api.surveys.endpoints import router as surveys_router

STATIC = Path(__file__).parent / "pages" / "static"


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service, ready to be served; opens the database and loads the model when it starts."""
    settings = settings or load_settings()
    configure_logs(settings.log_level)
    desk = Desk(
        settings,
        ScoringService(settings.model_dir, lambda model: _note_model(app, model)),
        settings.open_vault(),
        WorkCalendar(settings.timezone, settings.holidays),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = open_engine(settings.resolved_database_url)
        migrate(engine)
        app.state.sessions = counting_sessions(engine, desk.calendar.zone)
        count_if_needed(app.state.sessions, desk.calendar.zone)
        desk.scoring.start()
        yield
        engine.dispose()

    app = FastAPI(
        title="Suara Warga",
        version=nlp.__version__,
        summary="Membaca pesan warga kepada layanan publik.",
        lifespan=lifespan,
        docs_url=None,  # the usual pages load scripts from other hosts; /openapi.json holds it all
        redoc_url=None,
    )
    app.state.desk = desk
    app.state.rate_limits = RateLimits(settings.rate_per_minute, settings.public_rate_per_minute)
    app.state.lockout = Lockout()
    app.state.import_slots = ImportSlots()
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, own_limits={("POST", IMPORTS): settings.max_import_bytes})
    app.add_middleware(RequestLog)
    install_error_handlers(app)
    app.include_router(health.router)
    for router in (
        scoring_router,
        feedback_router,
        corrections_router,
        tracking_router,
        imports_router,
        integrity_router,
        routing_router,
        reports_router,
        plans_router,
        surveys_router,
        audit_router,
        session_router,
    ):
        app.include_router(router, responses=problems(429))
    if settings.oidc_issuer:
        app.state.oidc = oidc.Provider(settings, desk.vault)
        app.include_router(oidc_router, responses=problems(429))
    describe_problems(app)
    if settings.first_page:
        app.include_router(pages_router)
        app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _note_model(app: FastAPI, model: str) -> None:
    """Another model goes into the audit trail; a database that cannot be written to this moment is told in the log."""
    desk: Desk = app.state.desk
    try:
        with app.state.sessions.begin() as session:
            note_model(session, desk.vault, model)
    except SQLAlchemyError as error:
        structlog.get_logger().warning("model change not noted", error=type(error).__name__)
