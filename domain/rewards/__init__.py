"""Rewards 积分兑换: what members get for points; the points, the stock and the voucher move together or not at all."""
