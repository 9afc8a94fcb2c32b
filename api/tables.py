"""All tables of all rooms, so that metadata is whole wherever it is read."""

from api.accounts import tables as accounts
from api.audit import tables as audit
from api.feedback import tables as feedback
from api.imports import tables as imports
from api.integrity import tables as integrity
from api.plans import tables as plans
from api.reports import tables as reports
from api.routing import tables as routing
from api.surveys import tables as surveys

__all__ = ["accounts", "audit", "feedback", "imports", "integrity", "plans", "reports", "routing", "surveys"]
