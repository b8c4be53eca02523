"""Ways of spoiling a file that still look like a file: most damage is small, some is not."""

from __future__ import annotations

import re
from random import Random

# Where parsers go wrong: limits of integers and floats, nesting, lies about sizes, odd characters.
NUMBERS = (b"-1", b"0", b"1e999", b"nan", b"2147483648", b"9223372036854775808", b"1" * 400, b"1_0")
TOKENS = (
    *(
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\r",
        b"\n",
        b"\x1a",
        b"\x0c",
        b"\xe2\x80\xa8",
        b"\xed\xa0",
    ),
    *(
        b",",
        b'"',
        b"'",
        b"{",
        b"}",
        b"[" * 3000,
        b"(" * 300,
        b"None",
        b"True",
        b"null",
        b"NaN",
        b"#",
    ),
    *(
        b"PK\x03\x04",
        b"\x80\x04",
        b"\x93NUMPY",
        b"__metadata__",
        b"'<f8'",
        b"'|O'",
        b"F64",
        b"BF16",
    ),
    *(  # pickles that call: the text of protocol 0, and protocol 4
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
    ),
)


def cut(data: bytes, rng: Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def drop(data: bytes, rng: Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.randint(1, 16) :]


def flip(data: bytes, rng: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4) if data else 0):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(data: bytes, rng: Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    noise = rng.randbytes(rng.choice((1, 2, 8, 64)))
    return data[:start] + noise + data[start + len(noise) :]


def insert(data: bytes, rng: Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + rng.choice(TOKENS) + data[start:]


def number(data: bytes, rng: Random) -> bytes:
    places = list(re.finditer(rb"\d+", data[:4096]))
    if not places:
        return insert(data, rng)
    place = rng.choice(places)
    return data[: place.start()] + rng.choice(NUMBERS) + data[place.end() :]


def repeat(data: bytes, rng: Random) -> bytes:
    start, length = rng.randrange(len(data) + 1), rng.randint(1, 64)
    return data[:start] + data[start : start + length] * rng.randint(2, 50) + data[start:]


def noise(data: bytes, rng: Random) -> bytes:
    return rng.randbytes(rng.randrange(200))


WAYS = (cut, drop, flip, overwrite, insert, number, repeat)


def mutate(data: bytes, rng: Random) -> bytes:
    """Return `data` spoiled in one to three ways, or now and then nothing of it at all."""
    if rng.random() < 0.02:
        return noise(data, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(WAYS)(data, rng)
    return data
