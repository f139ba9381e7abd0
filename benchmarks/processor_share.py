"""Limits a process to a share of one core, as Lambda limits a function according to its memory.

In each period of 20 ms, the process may use only its share of the processor time. If the process uses more, the module
stops the process (SIGSTOP) until the average equals the share again. Linux's own quota for a group of processes has the
same effect, but only a machine's administrator may set such a quota. Source: the kernel's "CFS Bandwidth Control".
"""

import os
import signal
import subprocess
import time

PERIOD = 0.02
_LOOK = 0.0005


def hold(process: "subprocess.Popen[bytes]", share: float) -> None:
    """Limit the process to the share, and return when the process has ended. The process cannot save unused time for a
    later period."""
    # On Linux, `clock` identifies the clock of another process's CPU time. `clock_getcpuclockid` returns the same
    # number.
    clock = (~process.pid << 3) | 2
    allowance = share * PERIOD
    left, used, refill = allowance, 0.0, time.monotonic() + PERIOD
    stands = False
    while process.poll() is None:
        try:
            total = time.clock_gettime(clock)
        except OSError:
            continue
        left, used = left - (total - used), total
        while time.monotonic() >= refill:
            left, refill = min(allowance, left + allowance), refill + PERIOD
        if (left <= 0) != stands:
            stands = not stands
            os.kill(process.pid, signal.SIGSTOP if stands else signal.SIGCONT)
        time.sleep(_LOOK)
