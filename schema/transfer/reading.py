"""Who reads technology transfer: staff by clearance and need to know, the division by a right of its own besides."""

from __future__ import annotations

from segments.audiences import DIVISION
from segments.marks import Needs

READ = Needs("transfer:read", by=(DIVISION,))
