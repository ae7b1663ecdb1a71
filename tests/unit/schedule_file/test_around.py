"""Schedule files: consents before the event, last words and certificates after it."""

import pytest

from .texts import SMALL, errors, good


def test_consents_last_words_and_the_certificate_are_read():
    found = good(
        SMALL + "consents: [{id: conduct, text: Be kind, version: '2', url: 'https://a.example/'},"
        " {id: news, text: Send me news, required: false}]\n"
        "ending: {text: Bye, links: [{title: Slides, url: 'https://a.example/s'}]}\n"
        "certificate: {min_percent: 50}\n"
    )
    conduct, news = found.consents
    assert (conduct.version, conduct.required, news.version, news.required) == (
        "2",
        True,
        "1",
        False,
    )
    assert (found.ending.text, found.ending.links[0].title) == ("Bye", "Slides")
    assert found.certificate.min_percent == 50


@pytest.mark.parametrize(
    ("section", "where"),
    [
        ("consents: [{id: a, text: A}, {id: a, text: B}]", "consents[1].id"),
        ("consents: [{id: a, text: A, url: 'javascript:x'}]", "consents[0].url"),
        ("consents: [{id: a}]", "consents[0].text"),
        ("ending: {links: [{title: A, url: nowhere}]}", "ending.links[0].url"),
        ("certificate: {text: Who knows}", "certificate.min_minutes"),
        ("certificate: {min_minutes: 5, min_percent: 5}", "certificate.min_minutes"),
        ("certificate: {min_percent: 101}", "certificate.min_percent"),
    ],
)
def test_what_is_wrong_with_them_is_told_where_it_stands(section, where):
    assert where in errors(f"{SMALL}{section}\n")
