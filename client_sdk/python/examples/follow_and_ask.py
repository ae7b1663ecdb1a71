"""Register, ask one question, and print every question with its votes as they change.

python follow_and_ask.py http://127.0.0.1:8080 systems-scale-winter-2023 opening "Why one clock?"
"""

import asyncio
import sys

from showcaller_client import Client, Refused, register


async def main(url: str, event: str, session: str, text: str) -> None:
    me = await register(url, event, "Ada")
    async with Client(url, event=event, token=me.token) as client:
        questions = await client.follow(f"session/{session}/questions")
        try:
            print("asked:", await client.ask(session, text))
        except Refused as refused:  # such as qa_closed
            print("not asked:", refused)
        async for _ in questions:
            print(f"— {len(questions.items)} questions")
            for key, question in questions.items.items():
                print(f"{questions.levels.get(key, 0):5}  {question['text']}")


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:5]))
    except KeyboardInterrupt:
        pass
