"""The demo: the model event in rehearsal, with people who are not there.

`run` starts a server of its own (`serving`, whose `doors` let anybody in) and brings on the `cast`: `people`
are attendees and a moderator, `speaker` publishes a test card to each session, `lines` is what they say. All
of them are ordinary clients: they use the Python SDK and know nothing of the server but its address and
their tokens.
"""

from .run import run_demo

__all__ = ["run_demo"]
