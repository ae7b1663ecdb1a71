"""Showcaller runs a virtual event from one clock."""

__version__ = "0.1.0"
