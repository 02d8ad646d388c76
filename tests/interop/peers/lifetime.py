"""How long a peer lives: until SIGTERM at most, and never longer than who started it."""

import ctypes
import os
import signal
import sys
import threading


def die_with_parent():
    parent = os.getppid()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def end_at_sigterm():
    """With status 0, whatever the other threads do. A handler in Python would wait for the main
    thread's next instruction, which never comes when the signal arrives right before a blocking
    receive."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

    def wait():
        signal.sigwait([signal.SIGTERM])
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
