"""Points 会员积分: a ledger in integer points that only the database's own functions change (docs/adr/0012-points-ledger.md)."""
