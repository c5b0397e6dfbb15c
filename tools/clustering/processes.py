"""Child processes that end with their parent, and names for how they ended."""

import ctypes
import os
import select
import signal
import time

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)  # before any fork


def end_with_parent():
    """For Popen's preexec_fn: the child gets SIGTERM when its parent ends, however that ends."""
    parent = os.getpid()

    def in_child():
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)  # what the parent ignores the child need not
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
        if os.getppid() != parent:  # it has ended already
            os._exit(1)
    return in_child


def how_it_ended(status):
    """Popen.returncode in words."""
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def open_handle(pid):
    """A descriptor of the process that becomes readable when it ends; None: it has ended."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def send(handle, number):
    try:
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        pass


def wait_all(handles, seconds):
    """Waits for the end of the processes; those that run on after so many seconds."""
    poll = select.poll()
    open_handles = set(handles)
    for handle in open_handles:
        poll.register(handle, select.POLLIN)
    deadline = time.monotonic() + seconds
    while open_handles and (left := deadline - time.monotonic()) > 0:
        for handle, _event in poll.poll(left * 1000):
            poll.unregister(handle)
            open_handles.discard(handle)
    return open_handles


def end_all(handles, seconds):
    """SIGTERM, and SIGKILL for those that run on after so many seconds. How many of these there were."""
    for handle in handles:
        send(handle, signal.SIGTERM)
    late = wait_all(handles, seconds)
    for handle in late:
        send(handle, signal.SIGKILL)
    wait_all(late, seconds)
    return len(late)
