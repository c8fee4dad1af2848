"""Programmes 装备全寿命周期: equipment programmes, their milestones, and fleets through time."""
