"""What endpoints ask for: the settings and the model of the running application."""

from typing import Annotated

from fastapi import Depends, Request

from api.scoring.service import ScoringService
from api.settings import Settings


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _scoring(request: Request) -> ScoringService:
    scoring: ScoringService = request.app.state.scoring
    return scoring


SettingsDep = Annotated[Settings, Depends(_settings)]
ScoringDep = Annotated[ScoringService, Depends(_scoring)]
