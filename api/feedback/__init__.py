"""Messages that were taken in, each with its assessment."""
