"""Files of many messages, taken in by a worker in the background."""
