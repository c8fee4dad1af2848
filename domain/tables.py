"""The registry of tables: importing this module makes `Table.metadata` complete, for migrations and start-up checks."""

from domain.approvals import tables as approvals
from domain.audit import tables as audit
from domain.cart import tables as cart
from domain.customers import tables as customers
from domain.idempotency import tables as idempotency
from domain.identity import client_tables as clients
from domain.identity import tables as identity
from domain.jobs import tables as jobs
from domain.notices import tables as notices
from domain.orders import tables as orders
from domain.payments import tables as payments
from domain.points import rule_tables as earning
from domain.points import tables as points
from domain.points import tier_tables as tiers
from domain.programmes import tables as programmes
from domain.reclassification import tables as reclassification
from domain.returns import tables as returns
from domain.rewards import tables as rewards
from domain.shop import tables as shop
from domain.stores import tables as stores
from domain.transfer import civil_tables as civil
from domain.transfer import tables as transfer
from domain.vouchers import tables as vouchers
from foundation.tables import Table
from segments import installation, outbox

CAPABILITIES = (
    installation,
    outbox,
    identity,
    clients,
    customers,
    shop,
    orders,
    cart,
    programmes,
    approvals,
    transfer,
    audit,
    civil,
    points,
    tiers,
    earning,
    reclassification,
    jobs,
    payments,
    returns,
    vouchers,
    idempotency,
    notices,
    rewards,
    stores,
)
METADATA = Table.metadata
TABLES = tuple(mapper.class_ for mapper in sorted(Table.registry.mappers, key=lambda m: m.class_.__tablename__))
