"""Run a command that ends when its parent ends: ``python with_parent.py PARENT COMMAND...``.

A service that is killed cannot end its bots or a training itself. The command therefore asks Linux
to send it SIGTERM when its parent ends. Other operating systems have no such signal, so there the
command continues after its parent was killed.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html


def ends_with_this_process(command: Sequence[str]) -> list[str]:
    """Wrap a command so that it ends when this process ends. Its program must be an absolute
    path."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


if __name__ == "__main__":
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # if not, the parent has already ended, so no signal would be sent
        os.execv(command[0], command)  # noqa: S606  # our own command
