"""Runs a command that ends when its parent process ends: ``python with_parent.py COMMAND...``.

A killed supervisor cannot end its bots, so Linux sends them SIGTERM. Other systems have no such
signal, and there a bot outlives a killed supervisor.
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
    if os.getppid() == parent:  # otherwise the parent ended before the signal was set
        os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  # our own command
