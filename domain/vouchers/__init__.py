"""Vouchers 代金券 and coupons 优惠券: what takes something off an order, each use counted by the database alone."""
