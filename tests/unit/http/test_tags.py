import pytest

from showcaller.http.tags import as_we_gave_them


@pytest.mark.parametrize(
    ("lines", "tags"),
    [
        (['"e_1"'], '"e_1"'),
        (['W/"e_1"'], '"e_1"'),
        (['"e_1-gzip"'], '"e_1"'),
        (['W/"e_1--gzip"'], '"e_1"'),
        (['"e_1;br"'], '"e_1"'),
        (['"e_0", W/"e_1"'], '"e_0", "e_1"'),
        (['"e_0"', 'W/"e_1"'], '"e_0", "e_1"'),
        (["*"], "*"),
        (["e_1"], "e_1"),
        ([""], ""),
        ([], None),
    ],
)
def test_what_proxies_make_of_a_tag_is_taken_off(lines, tags):
    assert as_we_gave_them(lines) == tags
