"""The room of the integrity unit: cases, decisions, originals, reporters."""
