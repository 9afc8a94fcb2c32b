"""The application: rooms put together by one function, everything else from settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy.orm import sessionmaker

import nlp
from api import health
from api.audit.endpoints import router as audit_router
from api.database import migrate, open_engine
from api.desk import Desk
from api.errors import describe_problems, install_error_handlers
from api.feedback.endpoints import router as feedback_router
from api.feedback.endpoints import tracking as tracking_router
from api.imports.endpoints import PREFIX as IMPORTS
from api.imports.endpoints import router as imports_router
from api.imports.slots import ImportSlots
from api.logs import configure_logs
from api.middleware import BodyLimit, RequestLog
from api.pages.endpoints import router as pages_router
from api.routing.calendar import WorkCalendar
from api.routing.endpoints import router as routing_router
from api.scoring.endpoints import router as scoring_router
from api.scoring.service import ScoringService
from api.settings import Settings, load_settings

STATIC = Path(__file__).parent / "pages" / "static"


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service, ready to be served; opens the database and loads the model when it starts."""
    settings = settings or load_settings()
    configure_logs(settings.log_level)
    desk = Desk(
        settings, ScoringService(settings.model_dir), settings.open_vault(), WorkCalendar(settings.timezone, settings.holidays)
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = open_engine(settings.resolved_database_url)
        migrate(engine)
        app.state.sessions = sessionmaker(engine, expire_on_commit=False)
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
    app.state.import_slots = ImportSlots()
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, own_limits={("POST", IMPORTS): settings.max_import_bytes})
    app.add_middleware(RequestLog)
    install_error_handlers(app)
    rooms = (scoring_router, feedback_router, tracking_router, imports_router, routing_router, audit_router)
    for router in (health.router, *rooms):
        app.include_router(router)
    describe_problems(app)
    if settings.first_page:
        app.include_router(pages_router)
        app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
