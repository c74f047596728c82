"""kazoo's client: connection, znodes, watches, transactions, authentication."""

import os
import queue
import socket
import threading
import time

from kazoo import exceptions as errors
from kazoo.client import KazooClient, KazooState
from kazoo.handlers.threading import SequentialThreadingHandler
from kazoo.protocol.states import EventType
from kazoo.retry import KazooRetry
from kazoo.security import CREATOR_ALL_ACL, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE, make_digest_acl, make_acl, Permissions

from cases import equal, eventually, raises

EVENT_TIMEOUT_S = 60


# standalone, member (all clients on one server of an ensemble), spread (over all of its servers)
SERVERS = os.environ.get("INTEROP_SERVERS", "standalone")


class SyncedClient(KazooClient):
    """
    A client whose blocking reads have a sync before them, so that they see what clients of other servers have been acknowledged. Requests of
    one session are answered in order: nobody has to wait for the sync itself.
    """

    def exists(self, *arguments, **options):
        self.sync_async("/")
        return super().exists(*arguments, **options)

    def get(self, *arguments, **options):
        self.sync_async("/")
        return super().get(*arguments, **options)

    def get_children(self, *arguments, **options):
        self.sync_async("/")
        return super().get_children(*arguments, **options)

    def get_acls(self, *arguments, **options):
        self.sync_async("/")
        return super().get_acls(*arguments, **options)


def connect(hosts, **options):
    kind = SyncedClient if SERVERS == "spread" else KazooClient
    client = kind(hosts, timeout=options.pop("timeout", 6.0), **options)
    client.start()
    return client


class Events:
    """A watch function that keeps what it is called with."""

    def __init__(self):
        self._queue = queue.Queue()

    def __call__(self, event):
        self._queue.put(event)

    def expect(self, kind, path):
        event = self._queue.get(timeout=EVENT_TIMEOUT_S)
        equal((event.type, event.path), (kind, path), "event")

    def expect_none(self, client):
        client.exists("/")  # what the server had sent before has been read when this is answered
        done = threading.Event()
        client.handler.callback_queue.put(done.set)
        assert done.wait(EVENT_TIMEOUT_S)
        assert self._queue.empty(), f"unexpected {self._queue.get()}"


class ClientCases:
    def __init__(self, hosts, cases):
        self.hosts = hosts
        self.cases = cases
        self.client = connect(hosts)
        self.number = 0

    def root(self):
        self.number += 1
        return self.client.create(f"/client-{self.number}")

    def add(self):
        run = self.cases.run
        run("start, state and stop", self.lifecycle)
        run("server version and four-letter words", self.commands)
        run("create with all modes", self.create)
        run("create makes parents when asked", self.make_path)
        run("create gives the Stat when asked", self.create_stat)
        run("errors have their own classes", self.error_classes)
        run("get, set and their versions", self.get_set)
        run("children with and without Stat", self.children)
        run("delete, also recursive", self.delete)
        run("sync and asynchronous calls in order", self.asynchronous)
        run("2,000 pipelined writes and reads", self.pipeline)
        run("a chroot hides what is above it", self.chroot)
        run("unicode paths", self.unicode)
        run("one-shot watches", self.watches)
        run("DataWatch follows creation, change and deletion", self.data_watch)
        run("ChildrenWatch follows children, with events", self.children_watch)
        run("a transaction commits", self.transaction)
        run("a failing transaction tells each result", self.failing_transaction)
        run("digest authentication keeps others out", self.digest)
        run("authentication given at construction", self.auth_data)
        run("ACLs are read and set", self.acls)
        run("a wrong scheme is AuthFailed", self.wrong_scheme)
        run("two clients see each other's ephemerals", self.ephemerals)
        run("a session is taken up by id and password", self.resume)
        run("a lost connection comes back with its session", self.lost_connection)
        run("reconfig is refused", self.reconfig)
        run("a retry outlives kill -9 and restart of the server", self.server_restart)
        run("watches outlive kill -9 and restart of the server", self.watches_over_restart)
        self.client.stop()
        self.client.close()

    def lifecycle(self):
        states = []
        client = KazooClient(self.hosts)
        client.add_listener(states.append)
        client.start()
        assert client.connected and client.client_id[0] != 0
        client.stop()
        equal(states, [KazooState.CONNECTED, KazooState.LOST], "states")
        assert not client.connected
        client.start()
        assert client.exists("/")
        client.stop()
        client.close()

    def commands(self):
        equal(self.client.command(b"ruok"), "imok", "ruok")
        assert self.client.server_version() >= (3, 5, 0), self.client.server_version()
        modes = ("standalone",) if SERVERS == "standalone" else ("leader", "follower")
        answer = self.client.command(b"srvr")
        assert any(f"Mode: {mode}" in answer for mode in modes), answer

    def create(self):
        root = self.root()
        equal(self.client.create(root + "/plain", b"x"), root + "/plain", "plain")
        equal(self.client.create(root + "/e", b"x", ephemeral=True), root + "/e", "ephemeral")
        equal(self.client.create(root + "/s-", b"x", sequence=True), root + "/s-0000000002", "sequential")
        equal(self.client.create(root + "/es-", b"x", sequence=True, ephemeral=True), root + "/es-0000000003", "both")
        equal(self.client.exists(root + "/e").ephemeralOwner, self.client.client_id[0], "owner")
        equal(self.client.exists(root + "/plain").ephemeralOwner, 0, "no owner")

    def make_path(self):
        root = self.root()
        equal(self.client.create(root + "/a/b/c", b"x", makepath=True), root + "/a/b/c", "path")
        self.client.ensure_path(root + "/a/b/d/e")
        self.client.ensure_path(root + "/a/b/d/e")
        equal(sorted(self.client.get_children(root + "/a/b")), ["c", "d"], "children")

    def create_stat(self):
        path, stat = self.client.create(self.root() + "/n", b"data", include_data=True)
        equal(self.client.exists(path), stat, "Stat")
        equal(stat.dataLength, 4, "length")

    def error_classes(self):
        root = self.root()
        raises(errors.NodeExistsError, self.client.create, root)
        raises(errors.NoNodeError, self.client.create, root + "/a/b")
        raises(errors.NoNodeError, self.client.get, root + "/a")
        raises(errors.BadVersionError, self.client.set, root, b"x", version=9)
        self.client.create(root + "/e", ephemeral=True)
        raises(errors.NoChildrenForEphemeralsError, self.client.create, root + "/e/x")
        raises(errors.NotEmptyError, self.client.delete, root)
        raises(errors.InvalidACLError, self.client.create, root + "/acl", b"", [make_acl("nonsense", "x", all=True)])
        raises(errors.BadArgumentsError, self.client.delete, "/")

    def get_set(self):
        path = self.root()
        equal(self.client.get(path)[0], b"", "fresh data")
        stat = self.client.set(path, b"one")
        equal(stat.version, 1, "version")
        equal(self.client.get(path), (b"one", stat), "data and Stat")
        equal(self.client.set(path, b"two", version=1).version, 2, "version")
        big = bytes(range(256)) * 3000
        self.client.set(path, big)
        equal(self.client.get(path)[0], big, "large data")

    def children(self):
        root = self.root()
        for name in ("a", "b", "c"):
            self.client.create(f"{root}/{name}")
        equal(sorted(self.client.get_children(root)), ["a", "b", "c"], "children")
        names, stat = self.client.get_children(root, include_data=True)
        equal((len(names), stat.numChildren, stat.cversion), (3, 3, 3), "Stat")

    def delete(self):
        root = self.root()
        self.client.create(root + "/a/b/c", makepath=True)
        self.client.delete(root + "/a/b/c", version=0)
        self.client.delete(root, recursive=True)
        equal(self.client.exists(root), None, "root")

    def asynchronous(self):
        path = self.root()
        equal(self.client.sync(path), path, "sync")
        results = [self.client.set_async(path, b"%d" % i) for i in range(20)]
        equal([result.get(timeout=60).version for result in results], list(range(1, 21)), "versions")

    def pipeline(self):
        root = self.root()
        made = [self.client.create_async(f"{root}/{i}", b"%d" % i) for i in range(2000)]
        for i, result in enumerate(made):
            equal(result.get(timeout=60), f"{root}/{i}", "path")
        read = [self.client.get_async(f"{root}/{i}") for i in range(2000)]
        for i, result in enumerate(read):
            equal(result.get(timeout=60)[0], b"%d" % i, "data")

    def chroot(self):
        root = self.root()
        inner = connect(self.hosts + root)
        inner.create("/a/b", b"x", makepath=True)
        equal(self.client.get(root + "/a/b")[0], b"x", "data")
        equal(inner.get_children("/"), ["a"], "children")
        events = Events()
        inner.exists("/a/b", watch=events)
        self.client.set(root + "/a/b", b"y")
        events.expect(EventType.CHANGED, "/a/b")
        inner.stop()
        inner.close()

    def unicode(self):
        root = self.root()
        for name in ("ünïcödé", "日本語", "a b"):
            equal(self.client.create(f"{root}/{name}"), f"{root}/{name}", "path")
        equal(sorted(self.client.get_children(root)), sorted(["ünïcödé", "日本語", "a b"]), "children")

    def watches(self):
        root = self.root()
        events = Events()
        equal(self.client.exists(root + "/n", watch=events), None, "exists")
        self.client.create(root + "/n")
        events.expect(EventType.CREATED, root + "/n")
        self.client.get(root + "/n", watch=events)
        self.client.set(root + "/n", b"x")
        self.client.set(root + "/n", b"y")
        events.expect(EventType.CHANGED, root + "/n")
        self.client.get_children(root, watch=events)
        self.client.delete(root + "/n")
        events.expect(EventType.CHILD, root)
        events.expect_none(self.client)

    def data_watch(self):
        path = self.root() + "/n"
        seen = queue.Queue()

        @self.client.DataWatch(path)
        def changed(data, stat, event):
            seen.put((data, event.type if event else None))
            return data != b"stop"

        def expect(data, kind):
            equal(seen.get(timeout=EVENT_TIMEOUT_S), (data, kind), "call")

        expect(None, None)
        self.client.create(path, b"one")
        expect(b"one", EventType.CREATED)
        self.client.set(path, b"two")
        expect(b"two", EventType.CHANGED)
        self.client.delete(path)
        expect(None, EventType.DELETED)
        self.client.create(path, b"stop")
        expect(b"stop", EventType.CREATED)
        self.client.set(path, b"unseen")
        self.client.exists("/")
        assert seen.empty()

    def children_watch(self):
        root = self.root()
        seen = queue.Queue()

        @self.client.ChildrenWatch(root, send_event=True)
        def changed(children, event):
            seen.put((sorted(children), event.type if event else None))

        equal(seen.get(timeout=EVENT_TIMEOUT_S), ([], None), "first call")
        for names in (["a"], ["a", "b"]):
            self.client.create(f"{root}/{names[-1]}")
            equal(seen.get(timeout=EVENT_TIMEOUT_S), (names, EventType.CHILD), "call")
        self.client.delete(root + "/a")
        equal(seen.get(timeout=EVENT_TIMEOUT_S), (["b"], EventType.CHILD), "call")

    def transaction(self):
        root = self.root()
        transaction = self.client.transaction()
        transaction.create(root + "/a", b"x")
        transaction.set_data(root, b"data")
        transaction.check(root, 1)
        transaction.create(root + "/b-", sequence=True, ephemeral=True)
        transaction.delete(root + "/a")
        results = transaction.commit()
        equal(
            [results[0], results[2], results[3], results[4]],
            [root + "/a", True, root + "/b-0000000001", True],
            "results",
        )
        equal(results[1].version, 1, "version")
        with self.client.transaction() as other:
            other.create(root + "/c")
        equal(sorted(self.client.get_children(root)), ["b-0000000001", "c"], "children")

    def failing_transaction(self):
        root = self.root()
        transaction = self.client.transaction()
        transaction.create(root + "/a")
        transaction.check(root, 5)
        transaction.create(root + "/b")
        kinds = [type(result) for result in transaction.commit()]
        equal(kinds, [errors.RolledBackError, errors.BadVersionError, errors.RuntimeInconsistency], "results")
        equal(self.client.get_children(root), [], "children")

    def digest(self):
        path = self.root() + "/guarded"
        self.client.create(path, b"secret", acl=[make_digest_acl("alice", "pw", all=True)])
        raises(errors.NoAuthError, self.client.get, path)
        alice = connect(self.hosts)
        alice.add_auth("digest", "alice:pw")
        equal(alice.get(path)[0], b"secret", "data")
        alice.stop()
        alice.close()

    def auth_data(self):
        alice = connect(self.hosts, auth_data=[("digest", "alice:pw")], default_acl=CREATOR_ALL_ACL)
        path = alice.create(self.root() + "/own", b"x")
        equal(alice.get_acls(path)[0], [make_digest_acl("alice", "pw", all=True)], "ACL")
        raises(errors.NoAuthError, self.client.get, path)
        alice.stop()
        alice.close()

    def acls(self):
        path = self.root()
        equal(self.client.get_acls(path)[0], OPEN_ACL_UNSAFE, "ACL")
        equal(self.client.set_acls(path, READ_ACL_UNSAFE).aversion, 1, "aversion")
        equal(self.client.get_acls(path)[0], READ_ACL_UNSAFE, "ACL")
        equal(self.client.get_acls(path)[0][0].perms, Permissions.READ, "permissions")
        raises(errors.NoAuthError, self.client.set, path, b"x")

    def wrong_scheme(self):
        client = connect(self.hosts)
        raises(errors.AuthFailedError, client.add_auth, "nonsense", "x")
        client.stop()
        client.close()

    def ephemerals(self):
        root = self.root()
        other = connect(self.hosts)
        other.create(root + "/e", ephemeral=True)
        events = Events()
        equal(self.client.exists(root + "/e", watch=events).ephemeralOwner, other.client_id[0], "owner")
        other.stop()
        other.close()
        events.expect(EventType.DELETED, root + "/e")

    def resume(self):
        root = self.root()
        first = connect(self.hosts)
        first.create(root + "/e", ephemeral=True)
        session = first.client_id
        # Ends the first handle's loop without the closing request of stop(): the session stays with the server.
        first._stopped.set()
        first._connection._socket.shutdown(socket.SHUT_RDWR)
        assert first._connection.connection_stopped.wait(EVENT_TIMEOUT_S)
        second = connect(self.hosts, client_id=session)
        equal(second.client_id, session, "client id")
        equal(second.exists(root + "/e").ephemeralOwner, session[0], "owner")
        second.stop()
        equal(self.client.exists(root + "/e"), None, "ephemeral after the close")
        second.close()

    def lost_connection(self):
        root = self.root()
        states = queue.Queue()
        client = connect(self.hosts)
        client.create(root + "/e", ephemeral=True)
        events = Events()
        client.get(root, watch=events)
        session = client.client_id[0]
        client.add_listener(states.put)
        client._connection._socket.shutdown(socket.SHUT_RDWR)
        equal(states.get(timeout=EVENT_TIMEOUT_S), KazooState.SUSPENDED, "state")
        equal(states.get(timeout=EVENT_TIMEOUT_S), KazooState.CONNECTED, "state")
        equal(client.client_id[0], session, "session")
        equal(client.exists(root + "/e").ephemeralOwner, session, "owner")
        client.set(root, b"x")
        # kazoo does not set its watches again; it calls them with a NONE event when the connection is lost.
        events.expect(EventType.NONE, None)
        client.stop()
        client.close()

    def reconfig(self):
        joining = "server.9=127.0.0.1:1:2;3"
        raises(errors.ReconfigDisabledError, self.client.reconfig, joining=joining, leaving=None, new_members=None)

    def patient(self):
        """
        Returns a client that does not try to reconnect while the server is being restarted: Apache's may leave a connection that was made
        while it started unanswered, for longer than the session lives.
        """
        gate = threading.Event()

        def sleep(seconds):
            gate.wait(EVENT_TIMEOUT_S)
            time.sleep(seconds)

        handler = SequentialThreadingHandler()
        handler.sleep_func = sleep
        retry = KazooRetry(max_tries=-1, delay=0.1, sleep_func=sleep)
        return connect(self.hosts, timeout=10.0, handler=handler, connection_retry=retry, command_retry=retry), gate

    def restart(self, gate):
        self.cases.ask("kill")
        self.cases.ask("start")
        gate.set()

    def server_restart(self):
        root = self.root()
        client, gate = self.patient()
        client.create(root + "/e", b"kept", ephemeral=True)
        before = client.get(root + "/e")
        self.restart(gate)
        retry = KazooRetry(max_tries=-1, delay=0.05, max_delay=0.5, deadline=30)
        equal(retry(client.get, root + "/e"), before, "data and Stat")
        client.set(root + "/e", b"after")
        client.stop()
        client.close()
        retry(self.client.exists, "/")

    def watches_over_restart(self):
        path = self.root()
        seen = queue.Queue()
        client, gate = self.patient()

        @client.DataWatch(path)
        def changed(data, stat):
            seen.put(data)

        equal(seen.get(timeout=EVENT_TIMEOUT_S), b"", "first call")
        self.restart(gate)
        retry = KazooRetry(max_tries=-1, delay=0.05, max_delay=0.5, deadline=30)
        retry(client.set, path, b"after")
        equal(seen.get(timeout=EVENT_TIMEOUT_S), b"after", "call after the restart")
        client.stop()
        client.close()
        retry(self.client.exists, "/")
