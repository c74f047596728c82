"""
kazoo's own test-suite, which its package ships, against the harness's server, or ensemble, instead of the cluster that it would start itself.
Arguments: the connect string, and "local-sessions" for the one test that needs those, and is left out otherwise.
"""

import os
import sys
import threading
import types

# kazoo's cluster manager, which is not used here, imports what makes its certificates.
for name in ("jks", "OpenSSL"):
    sys.modules.setdefault(name, types.ModuleType(name))
os.environ.update(CI="", ZOOKEEPER_VERSION="3.9.5")

import kazoo.testing.harness
import kazoo.tests
import pytest

from cases import Cases

ADDRESSES = sys.argv[1].split(",")
# What one server cannot show.
NEED_ENSEMBLE = ("TestReconfig", "test_update_host_list")
NEEDS_LOCAL_SESSIONS = "test_read_only"
HAVE_LOCAL_SESSIONS = "local-sessions" in sys.argv[2:]
# Left out, as servers without TLS or SASL are what they meet here; and what repeats them for other event loops.
LEFT_OUT = (
    *(NEED_ENSEMBLE if len(ADDRESSES) == 1 else ()),
    "sasl",
    "TestSSLClient",
    "Eventlet",
    "eventlet",
    "Gevent",
    "TestBuildEnvironment",
)
# They poll a starting server every 100 ms and give it 5 s. Apache's may leave a connection of that moment unanswered for longer.
RACES = ("test_request_queuing_session_recovered", "test_request_queuing_session_expired")


class Server:
    """A server, with the methods that tests call on a member of their cluster."""

    # One question at a time: tests stop two servers at once, in threads.
    _lock = threading.Lock()

    def __init__(self, cases, address, place):
        self._cases = cases
        self.address = address
        self._place = f" {place}" if len(ADDRESSES) > 1 else ""
        self.running = True

    def stop(self):
        with self._lock:
            if self.running:
                self._cases.ask("kill" + self._place)
            self.running = False

    def run(self):
        with self._lock:
            if not self.running:
                self._cases.ask("start" + self._place)
            self.running = True


class Cluster(list):
    """Leaves its servers running whatever a test class asks for at its end."""

    def start(self):
        for server in self:
            server.run()

    def terminate(self):
        pass

    def get_logs(self):
        return []


class Reporter:
    """Prints each test as a case."""

    def __init__(self, cases):
        self._cases = cases
        self._names = set()

    def pytest_collection_modifyitems(self, config, items):
        if HAVE_LOCAL_SESSIONS:
            items[:] = [item for item in items if NEEDS_LOCAL_SESSIONS in item.nodeid]
            return
        left_out = (*LEFT_OUT, *RACES, NEEDS_LOCAL_SESSIONS)
        items[:] = [item for item in items if not any(part in item.nodeid for part in left_out)]

    def pytest_runtest_logreport(self, report):
        done = report.when == "call" or (report.when == "setup" and not report.passed)
        if not done and not (report.when == "teardown" and report.failed):
            return
        name = report.nodeid.split("/")[-1].replace("::", " ") + ("" if report.when != "teardown" else " (teardown)")
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self._cases.record(name, "skipped", reason)
        elif report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            self._cases.record(
                name, "failed", f"{crash.message} at {crash.path}:{crash.lineno}" if crash else report.longreprtext
            )
        else:
            self._cases.record(name, "passed")


cases = Cases()
cluster = Cluster(Server(cases, address, place) for place, address in enumerate(ADDRESSES, 1))
kazoo.testing.harness.get_global_cluster = lambda: cluster
folder = os.path.dirname(kazoo.tests.__file__)
# -s: the harness's answers come on standard input, which pytest would replace.
arguments = ["-q", "-s", "-p", "no:cacheprovider", "--timeout=120", "--rootdir", folder, folder]
with os.fdopen(2, "w", closefd=False) as log:
    sys.stdout = log
    pytest.main(arguments, plugins=[Reporter(cases)])
cases.end()
