"""The door to HiGHS: a solver that hears nothing is left alone, and the program's end waits for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LATE = """
import sys, time
import numpy as np
from planner.allocation import highs

class Deaf:
    class Callback:
        def subscribe(self, call): pass
    cbMipInterrupt = cbSimplexInterrupt = cbIpmInterrupt = Callback()
    def run(self):
        time.sleep(3.0)
        open(sys.argv[1], "w").write("ended")

began = time.monotonic()
done = highs._run(Deaf(), np.zeros(2, bool), 0.1, highs._Watch(None, None))
print(done, time.monotonic() - began < 2.5)
"""


def test_a_solver_that_hears_nothing_keeps_nobody_waiting_but_the_programs_end(tmp_path: Path) -> None:
    told = tmp_path / "told"
    done = subprocess.run([sys.executable, "-c", LATE, str(told)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
    assert told.read_text() == "ended"
