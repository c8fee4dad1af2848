"""How an enum value is drawn: a round mark for well, a diamond for mind this, a square for act now, hollow for over."""

from __future__ import annotations

from typing import Literal

Tone = Literal["", "good", "warn", "bad", "note", "accent", "hollow"]

# A value that is not here has no tone. An enum that needs another tone for a value writes `Type.VALUE`.
VALUES: dict[Tone, str] = {
    "good": "READY IN_STOCK DELIVERED COMPLETED ACTIVE IN_SERVICE RESOLVED RESTORED APPROVED BY_RULE AWARDED REGISTERED "
    "VERIFIED RELEASED ATTENDED EARNED OPEN SUPPORT PhaseState.DONE ApprovalStepState.DONE ApprovalDecisionKind.APPROVE PaymentState.CAPTURED SUCCEEDED REFUNDED APPLIED",
    "warn": "LOW_STOCK PENDING WAITING IN_REPAIR ACKNOWLEDGED REVIEW_OWED LATE WAITING_LIST CLARIFYING REVIEWING "
    "DUE_SOON AT_RISK DORMANT MISSED ApprovalDecisionKind.RETURN INITIATED REQUESTED",
    "bad": "OUT_OF_SERVICE GROUNDED OVERDUE RAISED REJECTED REFUSED BLOCKED FAILED ApprovalDecisionKind.REJECT",
    "note": "NEW BOOKED DRAFT PLACED PAID PACKING ASSIGNED ANNOUNCED CAPTURED HELD ANALYSED SCREENED IDENTIFIED SUBMITTED "
    "PLANNED PROSPECT PREORDER PRE_RESEARCH DEVELOPMENT",
    "accent": "UPGRADING SHIPPED PARTIALLY_SHIPPED IN_PROGRESS IN_UPGRADE ON_SITE CURRENT ACCEPTED IN_RESEARCH IN_PRODUCTION "
    "EVALUATING TRANSFERRED VISIT PRODUCTION DELIVERY PhaseState.NOW ApprovalStepState.OPEN AUTHORISED RECEIVED",
    "hollow": "OUT_OF_STOCK DISCONTINUED CLOSED CANCELLED EXPIRED RETIRED INACTIVE IN_STORAGE RETAINED NEXT DECLINED "
    "RETURNED ENDED MERGED PhaseState.PLANNED ApprovalStepState.AHEAD",
}
TONES: dict[str, Tone] = {value: tone for tone, values in VALUES.items() for value in values.split()}


def tone(code: str | None, kind: str = "") -> Tone:
    """The tone of an enum value; `kind` is the enum's name."""
    return TONES.get(f"{kind}.{code}", TONES.get(code or "", ""))
