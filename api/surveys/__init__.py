"""Satisfaction surveys (SKM): answers by file, nobody's name among them."""
