"""Fixtures of these tests."""

from .desk import desk, late

__all__ = ["desk", "late"]
