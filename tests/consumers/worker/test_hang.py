from __future__ import annotations

import subprocess
import sys

HANGS = """
import threading
from consumers.worker.hang import hang_ends_process
with hang_ends_process(30.0):
    pass
with hang_ends_process(0.2):
    threading.Event().wait()
"""


def test_a_process_that_hangs_ends_and_says_where() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert 'File "<string>", line 7' in done.stderr
