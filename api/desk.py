"""What the rooms of one running service share: the model, the vault, the calendar."""

from dataclasses import dataclass

from api.routing.calendar import WorkCalendar
from api.scoring.service import ScoringService
from api.settings import Settings
from api.vault import Vault
from nlp.labels import Labels


@dataclass(frozen=True, slots=True)
class Desk:
    """Handed to services that need more than the database."""

    settings: Settings
    scoring: ScoringService
    vault: Vault
    calendar: WorkCalendar

    @property
    def labels(self) -> Labels:
        """The label list of the model; ApiError 503 until it is ready."""
        return self.scoring.labels
