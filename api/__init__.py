"""Serves people: the complaint desk, managers, integrity units. All it knows of language comes through nlp."""
