"""What endpoints ask for: the parts of the running application."""

from typing import Annotated

from fastapi import Depends, Request

from api.desk import Desk
from api.scoring.service import ScoringService
from api.settings import Settings
from api.vault import Vault


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskDep = Annotated[Desk, Depends(_desk)]


def _settings(desk: DeskDep) -> Settings:
    return desk.settings


def _scoring(desk: DeskDep) -> ScoringService:
    return desk.scoring


def _vault(desk: DeskDep) -> Vault:
    return desk.vault


SettingsDep = Annotated[Settings, Depends(_settings)]
ScoringDep = Annotated[ScoringService, Depends(_scoring)]
VaultDep = Annotated[Vault, Depends(_vault)]
