"""What a model decides about a message: each task with its form, its codes and the columns of logits it owns."""

from dataclasses import dataclass
from typing import Literal

from nlp.labels import Labels

Form = Literal["single", "ordinal", "multi"]

# single: one code of several. ordinal: codes on a scale, decided by "at least this much" questions (Frank & Hall 2001).
# multi: any number of codes.
FORMS: dict[str, Form] = {
    "topic": "single",
    "aspect": "single",
    "sentiment": "single",
    "urgency": "ordinal",
    "band": "ordinal",
    "kinds": "multi",
    "unit": "single",
}


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a model. `n_outputs` columns of the stacked product belong to it."""

    name: str
    form: Form
    codes: tuple[str, ...]

    @property
    def n_outputs(self) -> int:
        """Logits: one a code; for a scale one for each code above the lowest."""
        return len(self.codes) - (self.form == "ordinal")


def task_of(name: str, labels: Labels, codes: tuple[str, ...] = ()) -> Task:
    """The task of a name; `unit` takes its codes from the data, the others from the label list."""
    return Task(name, FORMS[name], codes or labels.codes(name))
