"""Schedule files: YAML for people, with every mistake reported at its place.

`schedules/README.md` documents the format. The modules, innermost first: `diagnostics` (what is
wrong, and where), `yaml_tree` (text to positioned nodes, within limits), `fields` (typed fields of a
mapping), `local_time` (dates and times in the event's zone), `brand` (colours and pictures), `sections`
(event, days, people, policies), `sessions`, `checks` (what needs the whole agenda at once).
"""

from .brand import pictures_of, type_of
from .diagnostics import Diagnostic, format_diagnostics
from .reader import read_schedule

__all__ = ["Diagnostic", "format_diagnostics", "pictures_of", "read_schedule", "type_of"]
