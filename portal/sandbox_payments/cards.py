"""The test cards of the sandbox: what happens to whoever pays with one (docs/payments.md)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """A card: `holds` keeps the money until it is asked for, `declines` takes none.

    Its events are sent `times` times each, `backwards` in the opposite order, after `late_seconds`; with no `times` they
    are lost on the way and only told when asked for.
    """

    number: str
    words: str
    declines: bool = False
    holds: bool = False
    times: int = 1
    backwards: bool = False
    late_seconds: int = 0
    refuses_refunds: bool = False


def msgid(words: str) -> str:
    """The words of a template, for the catalogues to find."""
    return words


CARDS = {
    card.number: card
    for card in (
        Card("4000-0000", msgid("支付成功")),
        Card("4000-0001", msgid("只授权，等待商户扣款"), holds=True),
        Card("4000-0002", msgid("支付成功，每条通知发送三次，顺序颠倒"), times=3, backwards=True),
        Card("4000-0003", msgid("支付成功，通知迟到一分钟"), late_seconds=60),
        Card("4000-0004", msgid("支付成功，通知全部丢失"), times=0),
        Card("4000-0005", msgid("支付被拒绝"), declines=True),
        Card("4000-0006", msgid("支付成功，之后的退款失败"), refuses_refunds=True),
    )
}
