"""The command line: what a person sees of facilityd."""

import signal
import sys
import threading
from functools import partial

AGAIN_S = 0.01


def main() -> None:
    """Run a command. Ctrl-C is quiet from here on, also while modules are loaded and at the very end."""
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if usual:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from facilityd.cli.main import main as run

    try:
        if usual:
            sys.unraisablehook = _pressed_again
            signal.signal(signal.SIGINT, signal.default_int_handler)
        run()
    finally:
        if usual:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _pressed_again(about: "sys.UnraisableHookArgs") -> None:
    """Press Ctrl-C once more, in a moment, where it fell into what cannot raise: it would be lost."""
    if not isinstance(about.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(about)
        return
    press = partial(signal.pthread_kill, threading.main_thread().ident or 0, signal.SIGINT)
    again = threading.Timer(AGAIN_S, press)
    again.daemon = True
    again.start()


__all__ = ["main"]
