"""Runs cases one by one, each with a deadline, and prints the results as the harness reads them: one JSON object a line."""

import json
import os
import sys
import threading
import time
import traceback

CASE_TIMEOUT_S = 180


class Skip(Exception):
    """A case that could not be tried, with the reason."""


class Cases:
    def __init__(self):
        # A descriptor of its own, so that a library's prints cannot get between.
        self._out = os.fdopen(os.dup(1), "w", buffering=1)
        self._count = 0
        self._can_ask = os.environ.get("INTEROP_HARNESS") == "1"

    def run(self, name, body, timeout_s=CASE_TIMEOUT_S):
        """Runs a case in a thread; one that is not done in time has failed and its thread is left behind."""
        outcome = {}

        def work():
            try:
                body()
                outcome["status"] = "passed"
            except Skip as skip:
                outcome.update(status="skipped", detail=str(skip))
            except BaseException as failure:  # also SystemExit: a case must not end the program
                traceback.print_exc()
                frames = traceback.extract_tb(failure.__traceback__)
                own = [frame for frame in frames if "interop" in frame.filename]
                where = f" at {os.path.basename(own[-1].filename)}:{own[-1].lineno}" if own else ""
                outcome.update(status="failed", detail=f"{type(failure).__name__}: {failure}{where}")

        started = time.monotonic()
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(timeout_s)
        if not outcome:
            stack = (
                traceback.format_stack(sys._current_frames()[thread.ident])
                if thread.ident in sys._current_frames()
                else []
            )
            print("".join(stack), file=sys.stderr)
            outcome.update(status="failed", detail=f"not done after {timeout_s} s")
        print(f"{time.monotonic() - started:.1f} s: {name}: {outcome['status']}", file=sys.stderr)
        self.record(name, outcome["status"], outcome.get("detail", ""))

    def record(self, name, status, detail=""):
        self._count += 1
        self._print({"case": name, "status": status, "detail": detail})

    def ask(self, what):
        """Has the harness do something to the server: kill, start, restart (kill -9 and start), stop."""
        if not self._can_ask:
            raise Skip(f"nobody there who could {what} the server")
        self._print({"ask": what})
        answer = sys.stdin.readline().strip()
        assert answer == "done", f"asked for {what}, got {answer!r}"

    def end(self):
        """Prints the closing line and ends the process, whatever threads are left."""
        self._print({"end": self._count})
        self._out.flush()
        sys.stderr.flush()
        os._exit(0)

    def _print(self, value):
        self._out.write(json.dumps(value) + "\n")
        self._out.flush()


def equal(found, expected, what="value"):
    assert found == expected, f"{what}: expected {expected!r}, found {found!r}"


def raises(expected, call, *args, **kwargs):
    """Calls and returns the exception, which has to be of this very class."""
    try:
        result = call(*args, **kwargs)
    except Exception as thrown:
        assert type(thrown) is expected, f"expected {expected.__name__}, found {thrown!r}"
        return thrown
    raise AssertionError(f"expected {expected.__name__}, found {result!r}")


def eventually(what, condition, timeout_s=60):
    """Polls until the condition holds and returns its value; fails after the time given."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {timeout_s} s in vain for {what}"
        time.sleep(0.01)
