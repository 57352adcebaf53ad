"""Peak memory: children count, pages that processes share count once where the system tells."""

import subprocess
import sys
import time

import pytest

from edgelab.machine.memory import PeakMemory, tree_bytes, tree_pss_bytes
from edgelab.measurement.processes import peak_of

MB = 10**6


def test_memory_of_a_child_counts():
    code = "import time; block = bytearray(200_000_000); time.sleep(0.5)"
    child = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"]
    )
    with PeakMemory(lambda: child.pid) as memory:
        child.wait()
    assert memory.peak_bytes > 200 * MB and memory.peak_pss_bytes is None


def test_memory_of_nothing_is_zero():
    with PeakMemory(lambda: None, every_s=0.01) as memory:
        time.sleep(0.05)
    assert memory.peak_bytes == 0 and tree_bytes(2**22 + 1) == 0 and tree_pss_bytes(2**22 + 1) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what processes share")
def test_what_two_processes_share_counts_once():
    program = """
import os, time
block = bytearray(os.urandom(1)) * 100_000_000
child = os.fork()
time.sleep(0.7)
if child:
    os.waitpid(child, 0)
"""
    peak = peak_of(("-c", program), every_s=0.02)
    assert peak.peak_bytes > 200 * MB and 100 * MB < peak.peak_pss_bytes < 150 * MB


def test_a_program_that_fails_is_an_error():
    with pytest.raises(RuntimeError, match="ValueError: no such file"):
        peak_of(("-c", "raise ValueError('no such file')"))
