#!/bin/sh
# aiortc 1.16.0 takes no offer and no answer that says ICE's and DTLS's part once, as JSEP has it for bundled media.
#
# RFC 9429, 5.2.1 and 5.3.1: ufrag, password, fingerprint and setup "MUST appear only" in the sections that have an address of
# their own or the BUNDLE group's tag: in an offer of a "max-bundle" peer, and in every answer, that is the first one. aiortc
# looks for them in each, and ends with "ICE username fragment or password is missing"; two of its own agree.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check aiortc==1.16.0

cat >"$folder/program.py" <<'PROGRAM'
import asyncio
import re

from aiortc import RTCPeerConnection, RTCSessionDescription

TRANSPORT = r"a=(ice-ufrag|ice-pwd|ice-options|fingerprint|setup|candidate|end-of-candidates|rtcp-mux|rtcp):?[^\r]*\r\n"


def said_once(description):
    """The description without what its second section repeats of the first; in an offer it is bundle-only."""
    first, second = description.sdp.split("m=video")
    second = re.sub(TRANSPORT, "", second)
    if description.type == "offer":
        second = re.sub(r"^ \d+", " 0", second) + "a=bundle-only\r\n"
    return RTCSessionDescription(f"{first}m=video{second}", description.type)


async def agree(of_offer, of_answer):
    one, other = RTCPeerConnection(), RTCPeerConnection()
    try:
        one.addTransceiver("audio")
        one.addTransceiver("video")
        await one.setLocalDescription(await one.createOffer())
        await other.setRemoteDescription(of_offer(one.localDescription))
        await other.setLocalDescription(await other.createAnswer())
        await one.setRemoteDescription(of_answer(other.localDescription))
        return "agreed"
    except ValueError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        await one.close()
        await other.close()


def as_it_is(description):
    return description


print("aiortc's own:", asyncio.run(agree(as_it_is, as_it_is)))
print("offer says it once:", asyncio.run(agree(said_once, as_it_is)))
print("answer says it once:", asyncio.run(agree(as_it_is, said_once)))
PROGRAM
cat >"$folder/seen" <<'SEEN'
aiortc's own: agreed
offer says it once: ValueError: ICE username fragment or password is missing
answer says it once: ValueError: ICE username fragment or password is missing
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
