"""What goes out of the audit trail."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, Field


class AuditEventOut(BaseModel):
    """One event."""

    id: int
    at: AwareDatetime
    actor_kind: str
    actor_name: str
    action: str = Field(examples=["original.opened"])
    object_type: str = Field(examples=["feedback"])
    object_id: str = Field(description="'-' bila menyangkut perkara integritas dan pembaca tidak berhak melihat perkara.")
    details: dict[str, Any]


class AuditPage(BaseModel):
    """Events, the newest first; `next_cursor` leads to older ones."""

    items: list[AuditEventOut]
    next_cursor: int | None = None
