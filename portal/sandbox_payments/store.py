"""The sandbox's own state, in a file of its own: it shares nothing with the platform but messages.

SQLite, because several processes serve the sandbox of one installation. Every function is one short transaction; callers
run it on a thread.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from portal.sandbox_payments.cards import CARDS, Card

BUSY_SECONDS = 5.0
EVENTS_MAX = 100
SENT_AT_ONCE = 50
# When a webhook that was not answered well is sent again, in seconds; then it is given up, as providers do.
SENT_AGAIN_AFTER = (1, 5, 30, 300)

TABLES = """
create table if not exists payment (
    reference text primary key, token text not null unique, merchant_payment text not null unique, amount integer not null,
    currency text not null, description text not null, return_address text not null, notify_address text not null,
    expires_at text not null, state text not null, card text, refunded integer not null default 0);
create table if not exists refund (
    key text primary key, reference text not null, merchant_refund text not null, round integer not null, amount integer not null);
create table if not exists event (number integer primary key, reference text not null, body text not null);
create table if not exists delivery (
    number integer primary key, address text not null, body text not null, due_at text not null, attempts integer not null);
create index if not exists delivery_due on delivery (due_at);
"""


class SandboxRefusal(Exception):  # noqa: N818 - it is an answer, not an error of the program.
    """What the sandbox does not do, with the status it answers."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Asked(NamedTuple):
    """A payment that a merchant asks for."""

    merchant_payment: str
    amount: int
    currency: str
    description: str
    return_address: str
    notify_address: str
    expires_at: dt.datetime


class Delivery(NamedTuple):
    """A webhook to be sent."""

    number: int
    address: str
    body: str


class Store:
    """The payments of one sandbox."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(TABLES)

    def ask(self, asked: Asked) -> sqlite3.Row:
        """The payment that a merchant asks for, made when it is new; asked for otherwise than before it is refused."""
        with self._transaction() as connection:
            known = _one(connection, "merchant_payment", asked.merchant_payment)
            if known is None:
                values = (
                    f"sbx_{secrets.token_hex(10)}",
                    secrets.token_urlsafe(24),
                    *asked[:6],
                    asked.expires_at.isoformat(),
                    "OPEN",
                )
                connection.execute(
                    "insert into payment (reference, token, merchant_payment, amount, currency, description, return_address,"
                    " notify_address, expires_at, state) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    values,
                )
                known = _one(connection, "merchant_payment", asked.merchant_payment)
            assert known is not None
            if (known["amount"], known["currency"]) != (asked.amount, asked.currency):
                raise SandboxRefusal(409, "the key was used for another payment")
            return known

    def payment(self, token: str, now: dt.datetime) -> sqlite3.Row | None:
        """The payment of a page's token, as it is now."""
        with self._transaction() as connection:
            found = _one(connection, "token", token)
            return None if found is None else self._timely(connection, found, now)

    def pay(self, token: str, card: Card, now: dt.datetime) -> sqlite3.Row | None:
        """Pay with a card; pressed twice, or after the payment has ended, nothing more happens."""
        with self._transaction() as connection:
            found = _one(connection, "token", token)
            if found is None or self._timely(connection, found, now)["state"] != "OPEN":
                return found and _one(connection, "token", token)
            reference = found["reference"]
            connection.execute("update payment set card = ? where reference = ?", (card.number, reference))
            if card.declines:
                self._move(connection, reference, "FAILED", ["FAILED"], now)
            elif card.holds:
                self._move(connection, reference, "AUTHORISED", ["AUTHORISED"], now)
            else:
                self._move(connection, reference, "CAPTURED", ["AUTHORISED", "CAPTURED"], now)
            return _one(connection, "token", token)

    def leave(self, token: str, now: dt.datetime) -> sqlite3.Row | None:
        """The payer does not want to pay after all."""
        with self._transaction() as connection:
            found = _one(connection, "token", token)
            if found is not None and self._timely(connection, found, now)["state"] == "OPEN":
                self._move(connection, found["reference"], "CANCELLED", ["CANCELLED"], now)
            return _one(connection, "token", token)

    def capture(self, reference: str, amount: int, currency: str, now: dt.datetime) -> None:
        """Take what is on hold; what is taken already stays."""
        with self._transaction() as connection:
            found = self._known(connection, reference, now)
            if (found["amount"], found["currency"]) != (amount, currency):
                raise SandboxRefusal(422, "only the whole amount is captured")
            if found["state"] == "AUTHORISED":
                self._move(connection, reference, "CAPTURED", ["CAPTURED"], now)
            elif found["state"] != "CAPTURED":
                raise SandboxRefusal(409, "nothing is on hold")

    def cancel(self, reference: str, now: dt.datetime) -> None:
        """Let go of what is on hold, or close the page; what has ended stays."""
        with self._transaction() as connection:
            found = self._known(connection, reference, now)
            if found["state"] in {"OPEN", "AUTHORISED"}:
                self._move(connection, reference, "CANCELLED", ["CANCELLED"], now)
            elif found["state"] == "CAPTURED":
                raise SandboxRefusal(409, "it is captured")

    def refund(self, reference: str, refund: str, round_: int, amount: int, currency: str, now: dt.datetime) -> None:
        """Give a sum back, once for the refund and its round."""
        key = f"{refund} {round_}"
        with self._transaction() as connection:
            found = self._known(connection, reference, now)
            before = connection.execute("select amount, reference from refund where key = ?", (key,)).fetchone()
            if before is not None:
                if tuple(before) != (amount, reference):
                    raise SandboxRefusal(409, "the key was used for another refund")
                return
            if found["state"] != "CAPTURED" or found["currency"] != currency:
                raise SandboxRefusal(409, "nothing was paid")
            if amount > found["amount"] - found["refunded"]:
                raise SandboxRefusal(422, "more than was paid")
            # The first round fails with its card, a later one comes through.
            fails = CARDS[found["card"]].refuses_refunds and round_ == 1
            connection.execute("insert into refund values (?, ?, ?, ?, ?)", (key, reference, refund, round_, amount))
            if not fails:
                connection.execute(
                    "update payment set refunded = refunded + ? where reference = ?", (amount, reference)
                )
            told = {"refund": {"id": refund, "round": round_}, "amount": amount}
            self._tell(connection, found, ["REFUND_FAILED" if fails else "REFUNDED"], now, **told)

    def events(self, reference: str, now: dt.datetime) -> Sequence[str]:
        """What happened to a payment, the oldest first."""
        with self._transaction() as connection:
            self._known(connection, reference, now)
            query = "select body from event where reference = ? order by number limit ?"
            return [row["body"] for row in connection.execute(query, (reference, EVENTS_MAX))]

    def take_deliveries(self, now: dt.datetime) -> Sequence[Delivery]:
        """Webhooks that are due, each put off before it is sent; one that was sent often enough is forgotten."""
        with self._transaction() as connection:
            connection.execute("delete from delivery where attempts > ?", (len(SENT_AGAIN_AFTER),))
            query = "select * from delivery where due_at <= ? order by due_at, number limit ?"
            due = list(connection.execute(query, (now.isoformat(), SENT_AT_ONCE)))
            for row in due:
                pause = SENT_AGAIN_AFTER[min(int(row["attempts"]), len(SENT_AGAIN_AFTER) - 1)]
                later = (now + dt.timedelta(seconds=pause)).isoformat()
                connection.execute(
                    "update delivery set due_at = ?, attempts = attempts + 1 where number = ?", (later, row["number"])
                )
            return [Delivery(row["number"], row["address"], row["body"]) for row in due]

    def delivered(self, number: int) -> None:
        """A webhook has been taken."""
        with self._transaction() as connection:
            connection.execute("delete from delivery where number = ?", (number,))

    def next_due(self) -> dt.datetime | None:
        """When the next webhook is to be sent."""
        with closing(self._connect()) as connection:
            (due,) = connection.execute("select min(due_at) from delivery").fetchone()
            return None if due is None else dt.datetime.fromisoformat(due)

    def _known(self, connection: sqlite3.Connection, reference: str, now: dt.datetime) -> sqlite3.Row:
        found = _one(connection, "reference", reference)
        if found is None:
            raise SandboxRefusal(404, "no such payment")
        return self._timely(connection, found, now)

    def _timely(self, connection: sqlite3.Connection, found: sqlite3.Row, now: dt.datetime) -> sqlite3.Row:
        """The payment, ended if its time is over."""
        if found["state"] == "OPEN" and dt.datetime.fromisoformat(found["expires_at"]) <= now:
            self._move(connection, found["reference"], "EXPIRED", ["EXPIRED"], now)
            ended = _one(connection, "reference", found["reference"])
            assert ended is not None
            return ended
        return found

    def _move(
        self, connection: sqlite3.Connection, reference: str, state: str, kinds: Sequence[str], now: dt.datetime
    ) -> None:
        connection.execute("update payment set state = ? where reference = ?", (state, reference))
        found = _one(connection, "reference", reference)
        assert found is not None
        self._tell(connection, found, kinds, now)

    def _tell(
        self, connection: sqlite3.Connection, found: sqlite3.Row, kinds: Sequence[str], now: dt.datetime, **more: Any
    ) -> None:
        """Keep events, and have their webhooks sent as the payment's card says."""
        card = CARDS[found["card"] or next(iter(CARDS))]
        bodies = [json.dumps(_event(found, kind, now) | more) for kind in kinds]
        for body in bodies:
            connection.execute("insert into event (reference, body) values (?, ?)", (found["reference"], body))
        due = (now + dt.timedelta(seconds=card.late_seconds)).isoformat()
        for body in (reversed(bodies) if card.backwards else bodies) if card.times else ():
            row = (found["notify_address"], body, due, 0)
            connection.executemany(
                "insert into delivery (address, body, due_at, attempts) values (?, ?, ?, ?)", [row] * card.times
            )

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with closing(self._connect()) as connection:
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        return connection


def _one(connection: sqlite3.Connection, column: str, value: str) -> sqlite3.Row | None:
    query = f"select * from payment where {column} = ?"  # noqa: S608 - the column's name is ours.
    return connection.execute(query, (value,)).fetchone()


def _event(found: sqlite3.Row, kind: str, now: dt.datetime) -> dict[str, Any]:
    return {
        "id": f"evt_{secrets.token_hex(12)}",
        "kind": kind,
        "reference": found["reference"],
        "payment": found["merchant_payment"],
        "amount": found["amount"],
        "currency": found["currency"],
        "at": now.isoformat(),
    }
