"""What happens to a text before it is understood: mask, normalise, find places."""

MAX_TEXT_CHARS = 20_000  # longest message that is read; the longest real ones seen are about 6,000
