"""Publish the moving test card to a session's room, with the token of one of its speakers.

showcaller token my-event --role speaker --session my-talk > speaker.jwt
python publish_test_card.py http://127.0.0.1:8080 my-event my-talk speaker.jwt
"""

import asyncio
import sys
from pathlib import Path

from showcaller_client import media


async def main(url: str, event: str, session: str, token: str) -> None:
    card = await media.load_test_card()
    print("publishing as soon as the doors are open; Ctrl-C ends it")
    await media.publish(card, media.whip_url(url, event, session), token)


if __name__ == "__main__":
    try:
        *where, token_file = sys.argv[1:5]
        asyncio.run(main(*where, Path(token_file).read_text().strip()))
    except KeyboardInterrupt:
        pass
