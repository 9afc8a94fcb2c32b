"""What each role may do: one table that endpoints, pages and tests read."""

from enum import StrEnum

from api.accounts.roles import ROLES


class Right(StrEnum):
    """One thing that somebody may do."""

    SCORE = "score"  # assess texts without storing them
    WRITE = "feedback.write"  # take messages in
    READ = "feedback.read"  # masked messages, counts, units, rules
    CORRECT = "feedback.correct"
    ROUTE = "feedback.route"  # send to a unit, say how far the work is
    ORIGINAL = "feedback.original"  # the unmasked words of a message without an integrity case, with a reason
    IMPORT = "imports.run"
    EDIT_ROUTING = "routing.edit"
    EXPORT = "corrections.export"
    CASE_VIEW = "integrity.view"
    CASE_MARK = "integrity.mark"
    CASE_ORIGINAL = "integrity.original"
    CASE_REPORTER = "integrity.reporter"  # ask for, or agree to, opening who reported
    CASE_EXPORT = "integrity.export"
    REPORTS = "reports.read"
    PLAN = "plans.edit"  # register improvement actions, targets and surveys
    AUDIT = "audit.read"


_ORDINARY = {Right.SCORE, Right.READ, Right.REPORTS}
RIGHTS_OF_ROLE: dict[str, frozenset[Right]] = {
    "desk": frozenset({*_ORDINARY, Right.WRITE, Right.CORRECT, Right.ROUTE, Right.ORIGINAL, Right.IMPORT}),
    "manager": frozenset({*_ORDINARY, Right.PLAN}),
    "integrity": frozenset(
        {
            *_ORDINARY,
            Right.WRITE,
            Right.CORRECT,
            Right.ROUTE,
            Right.CASE_VIEW,
            Right.CASE_MARK,
            Right.CASE_ORIGINAL,
            Right.CASE_REPORTER,
            Right.CASE_EXPORT,
        }
    ),
    "admin": frozenset(
        {
            *_ORDINARY,
            Right.WRITE,
            Right.CORRECT,
            Right.ROUTE,
            Right.IMPORT,
            Right.EDIT_ROUTING,
            Right.EXPORT,
            Right.PLAN,
            Right.AUDIT,
        }
    ),
}
assert set(RIGHTS_OF_ROLE) == set(ROLES)  # noqa: S101  -- a role added without rights would be a silent lock-out


def rights_of(role: str, scopes: list[str] | None) -> frozenset[Right]:
    """What a role grants, narrowed to `scopes` where some are given."""
    granted = RIGHTS_OF_ROLE[role]
    return granted if scopes is None else granted & {Right(scope) for scope in scopes}
