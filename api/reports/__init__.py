"""What managers read: counts that are kept as messages come, and what insight makes of them."""
