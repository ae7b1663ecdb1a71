"""A client for Showcaller events: follow, ask, vote, moderate, publish and watch.

async with Client("https://show.example", event="my-event", token=token) as client:
    questions = await client.follow("session/opening/questions")
    async for update in questions:
        print(questions.items, questions.levels)
"""

__version__ = "0.1.0"

from .client import Client
from .errors import (
    ClientClosed,
    FellBehind,
    NotServed,
    ProtocolFault,
    Refused,
    ShowcallerClientError,
    ShutOut,
    Terminal,
    TokenExpired,
    TokenRejected,
)
from .followed import Followed
from .follower import Follower, Update
from .http import (
    Registration,
    fetch_captions,
    fetch_history,
    fetch_live,
    fetch_replay,
    register,
    use_code,
)

__all__ = [
    "Client",
    "ClientClosed",
    "FellBehind",
    "Followed",
    "Follower",
    "NotServed",
    "ProtocolFault",
    "Refused",
    "Registration",
    "ShowcallerClientError",
    "ShutOut",
    "Terminal",
    "TokenExpired",
    "TokenRejected",
    "Update",
    "fetch_captions",
    "fetch_history",
    "fetch_live",
    "fetch_replay",
    "register",
    "use_code",
]
