"""Messages, units and rules for a demonstration."""
