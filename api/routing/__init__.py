"""Units, rules, and where each message goes."""
