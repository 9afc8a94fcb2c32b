"""All tables of all rooms, so that metadata is whole wherever it is read."""

from api.accounts import tables as accounts
from api.audit import tables as audit
from api.feedback import tables as feedback
from api.imports import tables as imports
from api.integrity import tables as integrity
from api.reports import tables as reports
from api.routing import tables as routing

__all__ = ["accounts", "audit", "feedback", "imports", "integrity", "reports", "routing"]
