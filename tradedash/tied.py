"""Starts a program that ends when the process that started it does, even if that one was killed with -9.

Run as a program by the supervisor: `python tied.py PARENT_PID PROGRAM ARGUMENT…`. A program of its own because
Python code between fork and exec (preexec_fn) may hang in a process that has threads.
"""

import contextlib
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>; survives the exec below

if __name__ == "__main__":
    with contextlib.suppress(ImportError):  # a Python without libffi: untied rather than not at all
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(0)  # it died before we could ask to be told
    try:
        os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 (no shell is the point)
    except OSError as error:
        sys.exit(f"{sys.argv[2]}: {error.strerror}")
