"""The collector of a serving process, in a process of its own: what it spares stays spared."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from portal.collector import YOUNG_OBJECTS_MAX, spare_what_stays
before = len(gc.get_objects())
spare_what_stays()
assert gc.get_freeze_count() > before // 2, "what was made until now is looked at no more"
assert gc.get_threshold()[0] == YOUNG_OBJECTS_MAX
assert gc.isenabled(), "cycles are still collected"
"""


def test_what_was_made_before_is_spared_and_cycles_are_still_collected() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
