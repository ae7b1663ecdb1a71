"""A schedule whose texts are as long, unbreakable and foreign as may be, for tests of the pages."""

from __future__ import annotations

import json
from typing import Any

EVENT = "hostile"
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
RTL = "مؤتمر الأنظمة الموزعة واسعة النطاق"
EMOJI = "👩🏽\u200d🚀" * 20
SPEAKERS = 20


def hostile_schedule() -> str:
    """Return it as the text of a schedule file (JSON is YAML), with a talk `everything` of 20 speakers."""
    speakers = [_speaker(number) for number in range(SPEAKERS)]
    event = {
        "id": EVENT,
        "title": f"{LONG_WORD} {RTL}",
        "summary": (LONG_WORD * 3 + " ") * 8,
        "time_zone": "Asia/Kathmandu",
        "time_zone_label": "Kathmandu Valley Standard Time (NPT)",
    }
    return json.dumps(
        {
            "event": event,
            "days": [{"date": "2040-05-01"}, {"date": "2040-05-02"}],
            "stages": [{"id": f"s{n}", "title": f"{LONG_WORD} {n}"} for n in range(4)],
            "themes": [{"id": f"t{n}", "title": f"{LONG_WORD} {n}"} for n in range(3)],
            "speakers": speakers,
            "sessions": [
                _session("everything", "09:00", 1, speakers=[one["id"] for one in speakers]),
                _session("foreign", "09:00", 1, stage="s1", title=f"{RTL} {EMOJI}", theme="t1"),
                _session("lunch", "12:00", 1, kind="break", title=LONG_WORD * 2),
                _session("later", "23:00", 2, stage="s2", theme="t2", speakers=["speaker-3"]),
            ],
        },
        ensure_ascii=False,
    )


def _speaker(number: int) -> dict[str, str]:
    name = RTL if number % 3 == 1 else f"{LONG_WORD[:60]} {number}"
    return {
        "id": f"speaker-{number}",
        "name": name,
        "company": LONG_WORD,
        "role": f"{LONG_WORD} {RTL}",
    }


def _session(id: str, starts: str, day: int, **more: Any) -> dict[str, Any]:
    usual = {
        "title": f"{LONG_WORD * 2} <b>&amp;</b>",
        "stage": "s0",
        "minutes": 60,
        "abstract": LONG_WORD * 10 + f"\n{RTL}\n" + "words " * 50,
    }
    return {"id": id, "starts": starts, "day": day, **usual, **more}
