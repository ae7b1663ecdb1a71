"""Schedule files: YAML for people, with every mistake reported at its place.

`schedules/README.md` documents the format. The modules, innermost first: `diagnostics` (what is
wrong, and where), `yaml_tree` (text to positioned nodes, within limits), `fields` (typed fields of a
mapping), `local_time` (dates and times in the event's zone), `sections` (event, days, people,
policies), `sessions`, `checks` (what needs the whole agenda at once).
"""

from .diagnostics import Diagnostic, format_diagnostics
from .reader import read_schedule

__all__ = ["Diagnostic", "format_diagnostics", "read_schedule"]
