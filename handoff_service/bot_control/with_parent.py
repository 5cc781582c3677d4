"""Run a command that ends when its parent process ends, however that happens:
``python with_parent.py COMMAND...``.

A supervisor that is killed cannot end its bots. Linux sends them SIGTERM instead. Other systems
know no such signal; there a bot outlives a killed supervisor.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html

if __name__ == "__main__":
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # otherwise the parent has ended before the signal was set
        os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  # our own command
