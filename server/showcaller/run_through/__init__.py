"""A run-through: the whole day of a schedule, simulated with scripted people, and what went wrong."""

from .findings import Finding
from .report import Report, report
from .script import Script
from .wording import as_text

__all__ = ["Finding", "Report", "Script", "as_text", "report"]
