"""The catalogues of the pages' texts: complete, none too many, with the same placeholders.

Their words, so that one thing keeps one name:

| English | German | Arabic |
|---|---|---|
| event | Veranstaltung | فعالية |
| agenda | Programm | برنامج |
| session, talk | Session, Vortrag | جلسة، محاضرة |
| stage | Bühne | منصة |
| speaker | Vortragende | متحدث |
| attendee, audience | Teilnehmer, Publikum | مشارك، جمهور |
| moderator | Moderation | مشرف |
| producer, run sheet | Regie, Ablaufplan | مخرج، جدول التشغيل |
| organiser | Veranstalter | منظِّم |
| question, vote, poll | Frage, Stimme, Umfrage | سؤال، صوت، استطلاع |
| on air, green room | auf Sendung, Green Room | على الهواء، غرفة الانتظار |
| captions, replay | Untertitel, Aufzeichnung | الترجمة النصية، الإعادة |

German says *Sie*. Digits are the same in all languages.
"""

import json
import re

import pytest

from showcaller.testing.page_texts import WEB, all_texts, sources, unsaid

# The categories of each language's plurals (Unicode CLDR, "Language Plural Rules").
PLURALS = {
    "ar": {"zero", "one", "two", "few", "many", "other"},
    "de": {"one", "other"},
}
# Forms that may leave `{count}` out: the number is in the word.
NUMBER_IN_WORD = {"zero", "one", "two"}


def catalogue(language: str) -> dict[str, str | dict[str, str]]:
    read: dict[str, str | dict[str, str]] = json.loads(
        (WEB / "assets" / "words" / f"{language}.json").read_text(encoding="utf-8")
    )
    return read


def names(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


def test_each_language_has_a_catalogue():
    found = {path.stem for path in (WEB / "assets" / "words").glob("*.json")}
    assert found == set(PLURALS)


@pytest.mark.parametrize("language", PLURALS)
def test_a_catalogue_has_every_text_and_none_too_many(language):
    wanted = {one.forms[-1] for one in all_texts()}
    has = set(catalogue(language))
    assert sorted(wanted - has) == []
    assert sorted(has - wanted) == []


@pytest.mark.parametrize("language", PLURALS)
def test_a_translation_has_the_placeholders_of_its_text(language):
    for text, said in catalogue(language).items():
        for form, one in said.items() if isinstance(said, dict) else [("other", said)]:
            missing = [] if form not in NUMBER_IN_WORD else ["count"]
            wanted = [name for name in names(text) if name not in missing]
            assert [name for name in names(one) if name not in missing] == wanted, text


@pytest.mark.parametrize("language", PLURALS)
def test_what_is_counted_has_all_plural_forms_of_the_language(language):
    words = catalogue(language)
    counted = {one.forms[-1]: len(one.forms) > 1 for one in all_texts()}
    for text, said in words.items():
        if counted[text]:
            assert isinstance(said, dict), text
            assert set(said) == PLURALS[language], text
        else:
            assert isinstance(said, str), text


def test_no_text_is_counted_in_one_place_and_plain_in_another():
    kinds: dict[str, int] = {}
    for one in all_texts():
        assert kinds.setdefault(one.forms[-1], len(one.forms)) == len(one.forms), one


# Literals that look like texts, and are none.
NO_TEXTS = {
    '"Showcaller"',
    *('"English"', '"Deutsch"'),
    *('"VP8"', '"VP9"', '"H.264"', '"AV1"', '"Opus"', '"JSON"'),
    *('"Enter"', '"Escape"', '"ArrowDown"', '"ArrowUp"', '"ArrowLeft"', '"ArrowRight"'),
    *('"PushManager"', '"Notification"', '"RTCPeerConnection"'),
}


def test_no_page_shows_a_literal_that_goes_around_the_catalogues():
    around = [
        f"{name}:{token.line + 1}: {token.text}"
        for name, source in sources()
        for token in unsaid(source)
        if token.text not in NO_TEXTS
    ]
    assert around == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('h("p", {}, "Ask a question")', ['"Ask a question"']),
        ("setText(note, `${minutes} min late`);", ["`${minutes} min late`"]),
        ('h("p", {}, say("Ask a question"))', []),
        ('h("p", { class: "small quiet" }, say("{n} late", { n }))', []),
        ('say(open ? "Open" : `${n} min`) + "Closed."', ['"Closed."']),
    ],
)
def test_a_literal_that_goes_around_them_is_found(source, found):
    assert [token.text for token in unsaid(source)] == found
