"""Everything that the oracle is told of the real schema: a module a capability registers its computed fields here."""

from tests.resolvers.planner.oracle import (
    adjustments,
    approvals,
    audit,
    cart,
    checkout,
    clients,
    customers,
    earn_rules,
    liability,
    notices,
    orders,
    payments,
    points,
    programmes,
    reclassification,
    returns,
    shop,
    stores,
    transfer,
    vouchers,
)
from tests.resolvers.planner.oracle.answers import Answers

ANSWERS = Answers()
for capability in (
    customers,
    programmes,
    shop,
    cart,
    checkout,
    orders,
    approvals,
    transfer,
    clients,
    audit,
    liability,
    notices,
    payments,
    returns,
    points,
    earn_rules,
    reclassification,
    vouchers,
    adjustments,
    stores,
):
    capability.register(ANSWERS)
