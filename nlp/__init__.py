"""Reads text: from a citizen's message to an Assessment. Knows no web, no database, no person."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nlp.classify.bundle import check_bundle
    from nlp.classify.score import Assessment, Example, Explanation, Scorer

__all__ = ["Assessment", "Example", "Explanation", "Scorer", "__version__", "check_bundle"]


def __getattr__(name: str) -> Any:
    """Import the scorer on first use, so that `suara --help` and the labels start at once."""
    if name in __all__:
        from nlp.classify import score

        return getattr(score, name)
    raise AttributeError(f"module 'nlp' has no attribute {name!r}")
