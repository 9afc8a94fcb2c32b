"""The seed corpus written by this project, and the reader of any labelled table."""

from nlp.corpus.reader import LABEL_COLUMNS, read_labelled, read_seed

__all__ = ["LABEL_COLUMNS", "read_labelled", "read_seed"]
