from __future__ import annotations

from showcaller.broker.topics import Topics


def test_the_first_and_the_last_handler_of_a_topic_are_told_apart() -> None:
    topics = Topics()
    first: list[bytes] = []
    second: list[bytes] = []
    assert topics.add("t", first.append) is True
    assert topics.add("t", second.append) is False
    assert topics.remove("t", first.append) is False
    assert topics.remove("t", first.append) is False
    assert topics.names() == ["t"]
    assert topics.remove("t", second.append) is True
    assert topics.names() == []


def test_a_handler_may_remove_itself_while_it_is_called() -> None:
    topics = Topics()
    heard: list[bytes] = []

    def once(data: bytes) -> None:
        heard.append(data)
        topics.remove("t", once)

    topics.add("t", once)
    topics.add("t", heard.append)
    topics.dispatch("t", b"1")
    topics.dispatch("t", b"2")
    assert heard == [b"1", b"1", b"2"]


def test_publishing_without_listeners_does_nothing() -> None:
    Topics().dispatch("t", b"")
