"""Tokens: what is accepted, and everything that must not be."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from showcaller import system
from showcaller.errors import BadInput, ConfigError, TokenExpired, TokenNotYet, Unauthenticated
from showcaller.protocol.connection_state import EXPIRED_GRACE_S
from showcaller.tokens import LEEWAY_S, OrganiserKey, OtherSecret, Tokens, bearer

SECRET = "a secret of more than thirty-two bytes, for tests"
HOUR_S = 3600  # longer than a whole test run
NOW_S = system.wall_ms() // 1000
CLAIMS = {
    "iss": "showcaller",
    "aud": "conf",
    "sub": "p_1",
    "roles": ["attendee"],
    "exp": NOW_S + HOUR_S,
}


def pem(private):
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def tokens():
    return Tokens(SECRET)


def in_s(seconds):
    """The time so many seconds from now: `NOW_S` is that of the collection, minutes ago perhaps."""
    return system.wall_ms() // 1000 + seconds


def mint(tokens, roles=("attendee",), ttl_s=HOUR_S, **more):
    return tokens.mint("conf", "p_1", roles, token="t_1", now_ms=NOW_S * 1000, ttl_s=ttl_s, **more)


def test_a_minted_token_says_who_somebody_is(tokens):
    text = mint(tokens, ["speaker", "attendee"], name="Ada", sessions=["opening"])
    who = tokens.verify(text, "conf")
    assert (who.person, who.name, who.token) == ("p_1", "Ada", "t_1")
    assert who.roles == {"speaker", "attendee"}
    assert who.sessions == {"opening"}
    assert who.expires_at_ms == (NOW_S + HOUR_S) * 1000


def test_a_token_is_for_one_event(tokens):
    with pytest.raises(Unauthenticated):
        tokens.verify(mint(tokens), "another")


def test_an_expired_token_says_so(tokens):
    with pytest.raises(TokenExpired):
        tokens.verify(mint(tokens, ttl_s=-120), "conf")


@pytest.mark.parametrize("ahead_s", [3, 6, 30, HOUR_S])
def test_when_a_token_was_issued_is_no_limit(tokens, ahead_s):
    """Clocks of nodes and issuers differ, and `iat` guards nothing (RFC 7519 §4.1.6)."""
    claims = CLAIMS | {"iat": in_s(ahead_s), "exp": NOW_S + 2 * HOUR_S}
    assert tokens.verify(jwt.encode(claims, SECRET, "HS256"), "conf").person == "p_1"
    text = tokens.mint(
        "conf", "p_1", ["attendee"], token="t", now_ms=in_s(ahead_s) * 1000, ttl_s=60
    )
    assert tokens.verify(text, "conf").person == "p_1"


@pytest.mark.parametrize(("claim", "off_s"), [("exp", -30), ("nbf", 30)])
def test_clocks_may_differ_by_half_a_minute(tokens, claim, off_s):
    text = jwt.encode(CLAIMS | {claim: in_s(off_s)}, SECRET, "HS256")
    assert tokens.verify(text, "conf").person == "p_1"


def test_who_may_come_in_may_stay():
    assert EXPIRED_GRACE_S >= LEEWAY_S


@pytest.mark.parametrize(("from_s", "wait_s"), [(90, 30), (HOUR_S, 60)])
def test_a_token_that_is_not_valid_yet_may_be_tried_again(tokens, from_s, wait_s):
    text = jwt.encode(CLAIMS | {"nbf": in_s(from_s)}, SECRET, "HS256")
    with pytest.raises(TokenNotYet) as refused:
        tokens.verify(text, "conf")
    assert refused.value.retry
    assert wait_s - 30 <= refused.value.retry_after_s <= wait_s


def test_a_forged_token_is_final_whenever_it_claims_to_begin(tokens):
    text = jwt.encode(CLAIMS | {"nbf": NOW_S + HOUR_S}, SECRET[::-1], "HS256")
    with pytest.raises(Unauthenticated) as refused:
        tokens.verify(text, "conf")
    assert not refused.value.retry


@pytest.mark.parametrize("left_out", ["exp", "aud", "sub", "iss", "roles"])
def test_required_claims(tokens, left_out):
    claims = {name: value for name, value in CLAIMS.items() if name != left_out}
    with pytest.raises(Unauthenticated):
        tokens.verify(jwt.encode(claims, SECRET, "HS256"), "conf")


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": "producer"},
        {"roles": ["god"]},
        {"roles": [1]},
        {"roles": []},
        {"sub": ""},
        {"sub": "x" * 200},
        {"sessions": "opening"},
        {"name": 5},
        {"exp": "soon"},
        {"nbf": NOW_S + HOUR_S},
    ],
)
def test_claims_of_wrong_types(tokens, wrong):
    with pytest.raises(Unauthenticated):
        tokens.verify(jwt.encode(CLAIMS | wrong, SECRET, "HS256"), "conf")


def library_accepts(text):
    try:
        jwt.decode(
            text,
            SECRET,
            algorithms=["HS256"],
            audience="conf",
            issuer="showcaller",
            options={"require": ["exp", "aud", "sub"], "verify_iat": False},
            leeway=60,
        )
    except (jwt.PyJWTError, ValueError):
        return False
    return True


TIMES_S = st.sampled_from([0, 2, -2, 30, -30, HOUR_S, -HOUR_S]).map(lambda by_s: NOW_S + by_s)
VALUES = st.none() | st.booleans() | st.text(max_size=3) | st.lists(st.text(max_size=3), max_size=2)
ODD_VALUES = {
    "aud": st.sampled_from(["another", ["conf"], ["another", "conf"], []]) | VALUES,
    "iss": st.just("somebody") | VALUES,
    "exp": TIMES_S | TIMES_S.map(float) | TIMES_S.map(str) | VALUES,
    "iat": TIMES_S | VALUES,
    "nbf": TIMES_S | VALUES,
    "jti": VALUES,
    "sub": VALUES,
    "other": VALUES,
}
ODD_CLAIM = st.sampled_from(sorted(ODD_VALUES)).flatmap(
    lambda name: st.tuples(st.just(name), ODD_VALUES[name])
)


@given(
    st.lists(ODD_CLAIM, max_size=2).map(dict),
    st.none() | st.tuples(st.integers(0, 300), st.sampled_from("AaZ9-_=.")),
)
def test_nothing_is_accepted_that_the_library_refuses(odd, edit):
    claims = CLAIMS | {"jti": "t_1", "iat": NOW_S} | odd
    header = {"alg": "HS256", "typ": "JWT"}
    signed = ".".join(
        base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode())
        .rstrip(b"=")
        .decode()
        for part in (header, claims)
    )
    mac = base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), signed.encode(), "sha256"))
    text = f"{signed}.{mac.rstrip(b'=').decode()}"
    if edit is not None:
        at, char = edit
        text = text[:at] + char + text[at + 1 :]
    try:
        who = Tokens(SECRET).verify(text, "conf")
    except Unauthenticated:
        return
    assert library_accepts(text)
    assert who.person == claims["sub"]


def test_a_token_as_we_mint_it_needs_no_library(tokens, monkeypatch):
    text = mint(tokens, name="Ada")
    expected = tokens.verify(text, "conf")
    monkeypatch.setattr(jwt, "decode", None)
    assert tokens.verify(text, "conf") == expected


def test_algorithm_none_is_refused(tokens):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    for alg in ("none", "None", "NONE", ""):
        with pytest.raises(Unauthenticated):
            tokens.verify(f"{part({'alg': alg, 'typ': 'JWT'})}.{part(CLAIMS)}.", "conf")


@pytest.mark.parametrize("rubbish", ["", ".", "..", "a.b.c", "é", "x" * 9000, "\x00", "{}"])
def test_rubbish_is_refused(tokens, rubbish):
    with pytest.raises(Unauthenticated):
        tokens.verify(rubbish, "conf")


def test_another_hmac_algorithm_is_refused(tokens):
    with pytest.raises(Unauthenticated):
        tokens.verify(jwt.encode(CLAIMS, SECRET * 2, "HS512"), "conf")


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [
        (rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
    ],
)
def test_the_organisers_own_issuer(private, algorithm):
    tokens = Tokens(SECRET, OrganiserKey(pem(private)))
    claims = CLAIMS | {"iss": "https://tickets.example.org", "sub": "alice"}
    text = jwt.encode(claims, private, algorithm)
    assert tokens.verify(text, "conf").person == "alice"
    assert not tokens.is_ours(text)
    assert tokens.verify(mint(tokens), "conf").person == "p_1"


@pytest.mark.parametrize("claim", ["exp", "nbf"])
@pytest.mark.parametrize("at", [float("inf"), float("-inf"), float("nan"), 1e300, 10**30])
def test_a_time_that_is_none_is_refused(claim, at):
    private = ec.generate_private_key(ec.SECP256R1())
    tokens = Tokens(SECRET, OrganiserKey(pem(private)))
    header = base64.urlsafe_b64encode(b'{"alg":"ES256","typ":"JWT"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(CLAIMS | {claim: at}).encode()).rstrip(b"=")
    signature = jwt.get_algorithm_by_name("ES256").sign(header + b"." + body, private)
    signed = b".".join((header, body, base64.urlsafe_b64encode(signature).rstrip(b"=")))
    with pytest.raises((Unauthenticated, TokenNotYet, TokenExpired)):
        tokens.verify(signed.decode(), "conf")


def test_a_public_key_used_as_hmac_secret_is_refused():
    """RS/HS confusion: whoever knows the public key must not be able to sign with it."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    tokens = Tokens(SECRET, OrganiserKey(pem(private)))
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(CLAIMS).encode()).rstrip(b"=")
    mac = hmac.new(pem(private), header + b"." + body, hashlib.sha256).digest()
    forged = (header + b"." + body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()
    with pytest.raises(Unauthenticated):
        tokens.verify(forged, "conf")


def test_another_issuers_key_is_refused():
    tokens = Tokens(SECRET, OrganiserKey(pem(ec.generate_private_key(ec.SECP256R1()))))
    stranger = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(Unauthenticated):
        tokens.verify(jwt.encode(CLAIMS, stranger, "ES256"), "conf")


def test_a_short_secret_is_a_start_up_error():
    with pytest.raises(ConfigError, match="32 bytes"):
        Tokens("short")


def test_no_unknown_role_is_minted(tokens):
    with pytest.raises(BadInput, match="god"):
        mint(tokens, ["god"])


def test_bearer_header():
    assert bearer("Bearer abc") == bearer("bearer  abc ") == "abc"
    for header in (None, "", "Bearer", "Bearer ", "Basic abc"):
        with pytest.raises(Unauthenticated):
            bearer(header)


NEW_SECRET = "another secret, made since, of more than thirty-two bytes"


def rotated(until_s):
    return Tokens(NEW_SECRET, other=OtherSecret(SECRET, in_s(until_s) * 1000))


def test_for_a_time_tokens_of_both_secrets_are_good(tokens):
    both = rotated(HOUR_S // 2)
    assert both.verify(mint(tokens), "conf").person == "p_1"
    assert both.verify(mint(both), "conf").expires_at_ms == (NOW_S + HOUR_S) * 1000
    with pytest.raises(Unauthenticated):
        tokens.verify(mint(both), "conf")  # it signs with its own


def test_a_token_of_the_other_secret_ends_with_it(tokens):
    both = rotated(HOUR_S // 2)
    assert both.verify(mint(tokens), "conf").expires_at_ms <= in_s(HOUR_S // 2) * 1000
    ends_before = mint(tokens, ttl_s=60)
    assert both.verify(ends_before, "conf", NOW_S * 1000).expires_at_ms == (NOW_S + 60) * 1000


def test_after_that_time_the_other_secret_opens_nothing(tokens):
    with pytest.raises(Unauthenticated):
        rotated(-1).verify(mint(tokens), "conf")


def test_a_stranger_is_refused_during_the_overlap_as_well(tokens):
    stranger = Tokens("a secret that no server here has, of thirty-two bytes")
    with pytest.raises(Unauthenticated):
        rotated(HOUR_S).verify(mint(stranger), "conf")
    with pytest.raises(TokenExpired):
        rotated(HOUR_S).verify(mint(tokens, ttl_s=-120), "conf")


def test_a_short_other_secret_is_refused():
    with pytest.raises(ConfigError):
        Tokens(SECRET, other=OtherSecret("short", 0))


def test_a_token_tells_when_the_first_was_made_that_it_renews(tokens):
    assert tokens.verify(mint(tokens), "conf").issued_ms == NOW_S * 1000
    renewed = mint(tokens, first_ms=5_000)
    assert tokens.verify(renewed, "conf").issued_ms == 5_000
    assert (
        Tokens(NEW_SECRET, other=OtherSecret(SECRET, in_s(60) * 1000))
        .verify(renewed, "conf")
        .issued_ms
        == 5_000
    )


@pytest.mark.parametrize("iat", [None, "soon", -5, 1e300])
def test_a_token_that_does_not_say_when_it_was_made_counts_as_old(tokens, iat):
    claims = CLAIMS | ({"iat": iat} if iat is not None else {})
    assert tokens.verify(jwt.encode(claims, SECRET, "HS256"), "conf").issued_ms == 0
