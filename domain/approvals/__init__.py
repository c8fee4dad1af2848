"""Approvals 审批: policies as data, frozen chains, signatures that nobody can give for themselves."""
