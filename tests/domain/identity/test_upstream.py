"""What an upstream provider says, when it says it badly."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from domain.identity.upstream import UpstreamError, verified_person

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize("keys", [[5], {"a": 1}, "keys", 7, [{"kty": []}], []])
def test_keys_that_are_none_are_the_providers_fault(keys: Any) -> None:
    with pytest.raises(UpstreamError):
        verified_person("e30.e30.AAAA", {"keys": keys}, issuer="a", client_id="b", nonce="c", now=NOW)
