"""Source maps, revision 3."""

import json

from showcaller.bundling.source_map import source_map


def test_lines_are_named_by_their_source_and_line():
    places = [None, (0, 0), (0, 16), (1, 3), None, (1, 4)]
    mapped = json.loads(source_map(["/a.js", "/b.js"], places))
    assert mapped["sources"] == ["/a.js", "/b.js"]
    # each is [0, source, line, 0], less what came before: 16 is gB, -13 is b
    assert mapped["mappings"] == ";AAAA;AAgBA;ACbA;;AACA"
