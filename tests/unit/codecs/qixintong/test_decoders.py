"""Any bytes, at every decoder of qixintong.

"Note n" is one of tests/cases/qixintong/SOURCES.md.
"""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.errors import DecodeError
from tests.unit.codecs.qixintong.given import DECODERS

answers_like = st.text("0|123-;,.45678x\n", max_size=40).map(str.encode)


@pytest.mark.parametrize("decode", DECODERS)
@given(body=st.binary(max_size=200) | answers_like)
def test_decoders_raise_nothing_but_decode_errors(decode: Callable[[bytes], object], body: bytes) -> None:
    try:
        decode(body)
    except DecodeError as error:
        assert error.raw == body  # noqa: PT017 - most of these are errors, not all
