"""Holds a process to a share of one core, as Lambda holds a function to what its memory pays for.

In each period of 20 ms it may use its share of processor time; then it stands still (SIGSTOP) until what it used too
much is paid back. So does Linux's own quota for a group of processes, which only the administrator of a machine may set.
Source: the kernel's "CFS Bandwidth Control".
"""

import os
import signal
import subprocess
import time

PERIOD = 0.02
_LOOK = 0.0005


def hold(process: "subprocess.Popen[bytes]", share: float) -> None:
    """Return when the process has ended. Time that it does not use is not saved up for later."""
    clock = (
        ~process.pid << 3
    ) | 2  # Linux: the processor time of another process, as `clock_getcpuclockid` gives it
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
