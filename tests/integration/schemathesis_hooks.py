"""Hooks that tell schemathesis what it has to know: how to send SDP, and which things exist."""

import schemathesis


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def as_text(context, value):
    return value.encode(errors="replace") if isinstance(value, str) else str(value).encode()


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    known = {"event": "systems-scale-winter-2023", "session": "opening", "stage": "main"}
    if not path_parameters or "0" in path_parameters.values():
        return path_parameters  # now and then something that does not exist
    return {name: known.get(name, value) for name, value in path_parameters.items()}
