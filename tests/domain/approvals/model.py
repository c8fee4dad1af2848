"""A plain model of approvals: dictionaries and lists, written from the rules' words and not from their code."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

NOBODY = -1


class RefusedError(Exception):
    """The model refuses, for a reason that is a refusal's code."""


@dataclass
class Account:
    """Somebody who signs in; two accounts may be one employee."""

    employee: int
    roles: set[str]


@dataclass
class Step:
    """A planned step: who signs, by role or as a numbered employee, how many of them, and who may after the deadline."""

    places: list[str | int]
    needed: int
    hours: int
    takes_over: str | None


@dataclass
class Place:
    """A place of a step of the request. `by` is who has approved it."""

    step: int
    who: str | int
    added: bool = False
    by: int = NOBODY


@dataclass
class Delegation:
    """Somebody lets an employee sign, with the roles of that day."""

    giver: int
    employee: int
    roles: set[str]
    until: dt.datetime
    ended: bool = False


@dataclass
class Request:
    """A request with the chain of the day when it was asked for."""

    asker: int
    steps: list[Step]
    places: list[Place]
    opened: dt.datetime
    now_at: int = 0
    status: str = "PENDING"
    # Accounts that have said something, and those in whose place.
    appeared: list[int] = field(default_factory=list[int])


class Model:
    """Everything there is."""

    def __init__(self, accounts: list[Account], policy: list[Step]) -> None:
        self.accounts = accounts
        self.policy = policy
        self.delegations: list[Delegation] = []
        self.request: Request | None = None

    def ask(self, asker: int, now: dt.datetime) -> None:
        """A request begins with the policy of today."""
        places = [Place(at, who) for at, step in enumerate(self.policy) for who in step.places]
        self.request = Request(asker, self.policy, places, now)

    def lose_role(self, account: int, role: str) -> None:
        """Somebody loses a role, and with it the delegations that rest on it."""
        self.accounts[account].roles.discard(role)
        for each in self.delegations:
            if each.giver == account and role in each.roles:
                each.ended = True

    def holds(self, each: Delegation, now: dt.datetime) -> bool:
        """Whether a delegation is good for anything."""
        return not each.ended and now < each.until

    def pending(self) -> Request:
        """The request, while anything can be done with it."""
        if self.request is None or self.request.status != "PENDING":
            raise RefusedError("REQUEST_CLOSED")
        return self.request

    def takes_part(self, *accounts: int) -> Request:
        """The request, if none of these people has asked for it or said something, with whichever account."""
        request = self.pending()
        people = {self.accounts[each].employee for each in accounts}
        if self.accounts[request.asker].employee in people:
            raise RefusedError("SELF_APPROVAL")
        if people & {self.accounts[each].employee for each in request.appeared}:
            raise RefusedError("ALREADY_SIGNED")
        return request

    def place(self, request: Request, employee: int, roles: set[str], now: dt.datetime) -> Place:
        """The place somebody may sign: what is their own, else their role's, else what fell to their role by time."""
        step = request.steps[request.now_at]
        unsigned = [each for each in request.places if each.step == request.now_at and each.by == NOBODY]
        in_order = [each for each in unsigned if each.added] + [each for each in unsigned if not each.added]
        late = now >= request.opened + dt.timedelta(hours=step.hours)
        for candidates in (
            [each for each in in_order if each.who == employee],
            [each for each in in_order if each.who in roles],
            in_order if late and step.takes_over in roles else [],
        ):
            if candidates:
                return candidates[0]
        raise RefusedError("NOT_A_SIGNER")

    def sign(self, account: int, kind: str, now: dt.datetime, delegation: int | None, *, said: bool) -> None:
        """Somebody signs, in their own place or by a delegation."""
        giver, roles = account, self.accounts[account].roles
        if delegation is not None:
            given = self.delegations[delegation]
            if given.employee != self.accounts[account].employee:
                raise RefusedError("NOT_YOUR_DELEGATION")
            if not self.holds(given, now):
                raise RefusedError("DELEGATION_OVER")
            giver, roles = given.giver, given.roles
        request = self.takes_part(account, giver)
        place = self.place(request, self.accounts[giver].employee, roles, now)
        if kind != "APPROVE" and not said:
            raise RefusedError("EMPTY")
        request.appeared += [account, giver]
        if kind != "APPROVE":
            request.status = {"REJECT": "REJECTED", "RETURN": "RETURNED"}[kind]
            return
        place.by = account
        if self.is_done(request, request.now_at):
            if request.now_at + 1 == len(request.steps):
                request.status = "APPROVED"
            else:
                request.now_at, request.opened = request.now_at + 1, now

    def is_done(self, request: Request, at: int) -> bool:
        """Whether a step has what it needs."""
        mine = [each for each in request.places if each.step == at]
        planned = [each for each in mine if not each.added and each.by != NOBODY]
        return len(planned) >= request.steps[at].needed and all(each.by != NOBODY for each in mine if each.added)

    def names(self, account: int, employee: int, now: dt.datetime) -> tuple[Request, Place]:
        """Somebody whose turn it is names an employee who could sign."""
        request = self.takes_part(account)
        place = self.place(request, self.accounts[account].employee, self.accounts[account].roles, now)
        if employee == self.accounts[request.asker].employee:
            raise RefusedError("SELF_APPROVAL")
        if employee in {self.accounts[each].employee for each in request.appeared}:
            raise RefusedError("ALREADY_SIGNED")
        if any(each.who == employee for each in request.places if each.step == request.now_at):
            raise RefusedError("ALREADY_A_SIGNER")
        return request, place

    def add(self, account: int, employee: int, now: dt.datetime) -> None:
        """A further signature is wanted."""
        request, _ = self.names(account, employee, now)
        request.places.append(Place(request.now_at, employee, added=True))

    def hand_over(self, account: int, employee: int, now: dt.datetime) -> None:
        """A place goes to another."""
        _, place = self.names(account, employee, now)
        place.who = employee

    def withdraw(self, account: int) -> None:
        """Whoever has asked takes it back."""
        request = self.pending()
        if account != request.asker:
            raise RefusedError("NOT_THE_REQUESTER")
        request.status = "WITHDRAWN"

    def delegate(self, account: int, employee: int, until: dt.datetime) -> None:
        """Somebody lets an employee sign for them."""
        if employee == self.accounts[account].employee:
            raise RefusedError("TO_ONESELF")
        self.delegations.append(Delegation(account, employee, set(self.accounts[account].roles), until))

    def end(self, account: int, delegation: int, now: dt.datetime) -> None:
        """Who has delegated is back."""
        given = self.delegations[delegation]
        if given.giver != account:
            raise RefusedError("NOT_YOUR_DELEGATION")
        if not self.holds(given, now):
            raise RefusedError("DELEGATION_OVER")
        given.ended = True

    def way(self, account: int, delegation: int | None, now: dt.datetime) -> tuple[str, str, bool]:
        """What kind of a way it is to sign: how the place is theirs, what stands against them, whether for another."""
        giver = account if delegation is None else self.delegations[delegation].giver
        roles = self.accounts[account].roles if delegation is None else self.delegations[delegation].roles
        request, employee = self.pending(), self.accounts[giver].employee
        who = self.place(request, employee, roles, now).who
        how = "own" if who == employee else "role" if who in roles else "fallen"
        people = {self.accounts[each].employee for each in (account, giver)}
        against = "asked" if self.accounts[request.asker].employee in people else ""
        if people & {self.accounts[each].employee for each in request.appeared}:
            against = "same account" if {account, giver} & set(request.appeared) else "other account"
        return how, against, delegation is not None

    def waits_for(self, account: int, now: dt.datetime) -> bool:
        """Whether somebody could approve now, by themselves or for somebody."""
        own: list[int | None] = [None]
        for delegation in own + list(range(len(self.delegations))):
            try:
                self.may_sign(account, delegation, now)
            except RefusedError:
                continue
            return True
        return False

    def may_sign(self, account: int, delegation: int | None, now: dt.datetime, *, whoever: bool = False) -> None:
        """Refuses as signing would; `whoever`: as if it did not matter who has asked or signed already."""
        giver, roles = account, self.accounts[account].roles
        if delegation is not None:
            given = self.delegations[delegation]
            if given.employee != self.accounts[account].employee or not self.holds(given, now):
                raise RefusedError("DELEGATION_OVER")
            giver, roles = given.giver, given.roles
        request = self.pending() if whoever else self.takes_part(account, giver)
        self.place(request, self.accounts[giver].employee, roles, now)
