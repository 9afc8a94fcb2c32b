"""Who may ask: API keys with a role."""
