"""Colours that meet on a page differ enough, in both schemes (WCAG 2.2: text 4.5, controls and marks 3)."""

from __future__ import annotations

import re

import pytest

from portal.pages.site import HERE

TOKENS = (HERE / "static/styles/tokens.css").read_text(encoding="utf-8")
TONES = ("good", "warn", "bad", "note")
SEGMENTS = {"staff": ""} | dict(re.findall(r"\[data-segment=(\w+)\]\s*\{([^}]*)\}", TOKENS))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def ratio(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def tokens(block: str, scheme: int) -> dict[str, str]:
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", block)
    return {name: both[scheme] for name, *both in pairs} | dict(re.findall(r"--(mark-[\w-]+): (#\w{6})", block))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("segment", SEGMENTS)
def test_every_pair_that_meets(segment: str, scheme: int) -> None:
    found = tokens(TOKENS[: TOKENS.index("[data-segment")], scheme) | tokens(SEGMENTS[segment], scheme)
    inks = ("ink", "ink-2", "ink-3", "accent")
    pairs = [(ink, on, 4.5) for ink in (*inks, *TONES) for on in ("paper", "card", "sunk")]
    pairs += [(ink, "accent-tint", 4.5) for ink in inks] + [("on-accent", "accent", 4.5)]
    pairs += [(ink, f"{tone}-tint", 4.5) for tone in TONES for ink in (tone, "ink")]
    pairs += [("edge", on, 3) for on in ("paper", "card")]
    failures = [f"{one} on {other}" for one, other, least in pairs if ratio(found[one], found[other]) < least]
    assert failures == []
    assert all(ratio("#ffffff", colour) >= 4.5 for name, colour in found.items() if name.startswith("mark-"))
