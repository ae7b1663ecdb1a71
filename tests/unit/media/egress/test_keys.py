"""The examples of the RFCs."""

from showcaller.media.egress.keys import CM, GCM, Keys, SessionKeys, derive, index_near, protect

MASTER_KEY = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
MASTER_SALT = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")


def test_session_keys_as_in_rfc_3711_b_3():
    session = derive(Keys(CM, MASTER_KEY, MASTER_SALT))
    assert session.key.hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert session.salt.hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
    assert session.authentication.hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"


def test_gcm_needs_no_authentication_key_and_a_shorter_salt():
    session = derive(Keys(GCM, MASTER_KEY, MASTER_SALT[:12]))
    assert (len(session.key), session.authentication, len(session.salt)) == (16, b"", 12)


def test_the_key_stream_as_in_rfc_3711_b_2():
    keys = SessionKeys(
        bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"),
        bytes(20),
        bytes.fromhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"),
    )
    sealed = protect(keys, b"\x80" + bytes(11) + bytes(48), 0)
    assert sealed[12:60].hex().upper() == (
        "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0"
    )
    assert len(sealed) == 60 + 10


def test_a_packet_in_gcm_as_in_rfc_7714_16_1_1():
    keys = SessionKeys(bytes(range(16)), b"", bytes.fromhex("517569642070726f2071756f"))
    header = bytes.fromhex("8040f17b8041f8d35501a0b2")
    sealed = protect(keys, header + b"Gallia est omnis divisa in partes tres", 0xF17B)
    assert sealed[:12] == header
    assert sealed[12:].hex() == (
        "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
        "899d7f27beb16a9152cf765ee4390cce"
    )


def test_the_index_is_the_one_nearest_to_the_highest():
    assert index_near(0, 40_000) == 40_000
    assert index_near(65_535, 2) == 65_538
    assert index_near(65_538, 65_530) == 65_530
    assert index_near(3 << 16, 0x7FFF) == (3 << 16) + 0x7FFF
    assert index_near(100, 65_530) == 65_530, "nothing lies before the start"
