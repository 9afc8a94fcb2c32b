"""The roles an account or key may have."""

ROLES = ("desk", "manager", "integrity", "admin")
