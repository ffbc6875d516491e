"""Run the demo until the fault in its story is an alarm, and end it by Ctrl-C; exit status 0: all is well."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

FAULT = "alarm   critical fountain-2: Underwater equipment leaks to earth"
ENDED = "the demo has ended"
LONGEST_S = 90
"""The fault appears after 30 s and is an alarm a few seconds later; a busy machine starts slowly."""


def main() -> int:
    """Return the exit status."""
    words = [sys.executable, "-m", "facilityd", "simulate", "demo", "--plain"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watchdog = threading.Timer(LONGEST_S, process.terminate)
    watchdog.start()
    seen, last = False, ""
    for last in process.stdout or ():
        if not seen and FAULT in last:
            seen = True
            process.send_signal(signal.SIGINT)
    watchdog.cancel()
    status = process.wait()
    if seen and status == 0 and last.startswith(ENDED):
        print("the demo: started, its fault was an alarm, ended by Ctrl-C")
        return 0
    print(f"the demo failed: alarm seen: {seen}, exit status {status}, last words: {last.strip()}")
    return 1


sys.exit(main())
