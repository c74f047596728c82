"""kazoo's recipes, each with several clients."""

import datetime
import queue
import threading

from kazoo import exceptions as errors
from kazoo.recipe.barrier import Barrier, DoubleBarrier
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.recipe.lease import MultiNonBlockingLease, NonBlockingLease
from kazoo.recipe.partitioner import PartitionState

from cases import equal, eventually, raises
from client_cases import connect

WAIT_S = 20


def in_thread(body):
    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread


class RecipeCases:
    def __init__(self, hosts, cases):
        self.cases = cases
        self.hosts = hosts
        self.clients = [connect(hosts) for _ in range(3)]
        self.number = 0

    def path(self):
        self.number += 1
        return f"/recipe-{self.number}"

    def add(self):
        run = self.cases.run
        run("Lock excludes, and passes in order of arrival", self.lock)
        run("Lock: contenders, timeout, not blocking, cancelled", self.lock_details)
        run("Lock is freed when its owner's session ends", self.lock_session)
        run("Lock under contention: 6 clients, 60 rounds, never two inside", self.lock_contention)
        run("ReadLock and WriteLock", self.read_write_lock)
        run("Semaphore lets in as many as it has leases", self.semaphore)
        run("Election runs one leader after the other", self.election)
        run("Barrier holds until it is removed", self.barrier)
        run("DoubleBarrier lets all in and out together", self.double_barrier)
        run("Counter counts without loss", self.counter)
        run("Queue gives by priority, then by age", self.queue)
        run("LockingQueue keeps an entry until it is consumed", self.locking_queue)
        run("LockingQueue: an entry of a dead consumer comes back", self.locking_queue_crash)
        run("Party lists its members; ShallowParty too", self.party)
        run("Partitioner shares out a set, and again when a member leaves", self.partitioner)
        run("TreeCache follows a tree", self.tree_cache)
        run("TreeCache comes back after a lost connection", self.tree_cache_reconnect)
        run("NonBlockingLease and MultiNonBlockingLease", self.lease)
        for client in self.clients:
            client.stop()
            client.close()

    def lock(self):
        path = self.path()
        a, b, c = [client.Lock(path, name) for client, name in zip(self.clients, "abc")]
        order = []
        assert a.acquire()
        threads = []
        for lock, name in ((b, "b"), (c, "c")):
            known = len(a.contenders())

            def take(lock=lock, name=name):
                with lock:
                    order.append(name)

            threads.append(in_thread(take))
            eventually("the next one to queue", lambda: len(a.contenders()) > known)
        equal(a.contenders(), ["a", "b", "c"], "contenders")
        equal(order, [], "nobody else is in")
        a.release()
        for thread in threads:
            thread.join(WAIT_S)
        equal(order, ["b", "c"], "order")

    def lock_details(self):
        path = self.path()
        a, b = [client.Lock(path, name) for client, name in zip(self.clients, "ab")]
        with a:
            equal(b.acquire(blocking=False), False, "not blocking")
            raises(errors.LockTimeout, b.acquire, timeout=0.3)
            equal(a.contenders(), ["a"], "contenders after the timeout")
            outcome = queue.Queue()

            def take():
                try:
                    outcome.put(b.acquire())
                except errors.CancelledError:
                    outcome.put("cancelled")

            in_thread(take)
            eventually("b to queue", lambda: a.contenders() == ["a", "b"])
            b.cancel()
            equal(outcome.get(timeout=WAIT_S), "cancelled", "outcome")
        assert not a.is_acquired

    def lock_session(self):
        path = self.path()
        owner = connect(self.hosts)
        owner.Lock(path, "owner").acquire()
        waiting = self.clients[0].Lock(path, "waiting")
        done = queue.Queue()
        in_thread(lambda: done.put(waiting.acquire()))
        eventually("it to queue", lambda: len(waiting.contenders()) == 2)
        owner.stop()
        owner.close()
        equal(done.get(timeout=WAIT_S), True, "acquired")
        waiting.release()

    def lock_contention(self):
        path = self.path()
        clients = self.clients + [connect(self.hosts) for _ in range(3)]
        inside = []
        worst = []

        def work(client):
            for _ in range(10):
                with client.Lock(path):
                    inside.append(1)
                    worst.append(len(inside))
                    inside.pop()

        threads = [in_thread(lambda client=client: work(client)) for client in clients]
        for thread in threads:
            thread.join(50)
            assert not thread.is_alive(), "not done"
        equal((len(worst), max(worst)), (60, 1), "rounds and most inside")
        for client in clients[3:]:
            client.stop()
            client.close()

    def read_write_lock(self):
        path = self.path()
        first, second = [client.ReadLock(path, "reader") for client in self.clients[:2]]
        writer = self.clients[2].WriteLock(path, "writer")
        assert first.acquire(timeout=WAIT_S) and second.acquire(timeout=WAIT_S)
        equal(writer.acquire(blocking=False), False, "writer beside readers")
        done = queue.Queue()
        in_thread(lambda: done.put(writer.acquire()))
        eventually(
            "the writer to queue", lambda: len(first.contenders()) >= 1 and len(self.clients[0].get_children(path)) == 3
        )
        first.release()
        assert done.empty()
        second.release()
        equal(done.get(timeout=WAIT_S), True, "writer")
        equal(first.acquire(blocking=False), False, "reader beside the writer")
        writer.release()

    def semaphore(self):
        path = self.path()
        a, b, c = [client.Semaphore(path, name, max_leases=2) for client, name in zip(self.clients, "abc")]
        assert a.acquire() and b.acquire()
        equal(c.acquire(blocking=False), False, "third")
        equal(sorted(a.lease_holders()), ["a", "b"], "holders")
        done = queue.Queue()
        in_thread(lambda: done.put(c.acquire()))
        b.release()
        equal(done.get(timeout=WAIT_S), True, "third, after one left")
        a.release()
        c.release()
        raises(ValueError, self.clients[0].Semaphore(path, max_leases=5).acquire)

    def election(self):
        path = self.path()
        terms = queue.Queue()
        leave = {name: threading.Event() for name in "abc"}
        elections = [client.Election(path, name) for client, name in zip(self.clients, "abc")]

        def lead(name):
            terms.put(name)
            leave[name].wait(WAIT_S)

        threads = []
        for election, name in zip(elections, "abc"):
            known = len(elections[0].contenders())
            threads.append(in_thread(lambda election=election, name=name: election.run(lead, name)))
            eventually("the candidate to queue", lambda: len(elections[0].contenders()) > known)
        for name in "abc":
            equal(terms.get(timeout=WAIT_S), name, "leader")
            assert terms.empty()
            leave[name].set()
        for thread in threads:
            thread.join(WAIT_S)
        equal(elections[0].contenders(), [], "contenders")

    def barrier(self):
        path = self.path()
        barrier = Barrier(self.clients[0], path)
        equal(barrier.wait(0), True, "no barrier yet")
        barrier.create()
        equal(Barrier(self.clients[1], path).wait(0.2), False, "held")
        done = queue.Queue()
        in_thread(lambda: done.put(Barrier(self.clients[1], path).wait(WAIT_S)))
        equal(barrier.remove(), True, "removed")
        equal(done.get(timeout=WAIT_S), True, "through")
        equal(barrier.remove(), False, "removed again")

    def double_barrier(self):
        path = self.path()
        entered = queue.Queue()
        left = queue.Queue()
        leave = threading.Event()

        def work(client):
            barrier = DoubleBarrier(client, path, 3)
            barrier.enter()
            entered.put(barrier.participating)
            leave.wait(WAIT_S)
            barrier.leave()
            left.put(True)

        in_thread(lambda: work(self.clients[0]))
        in_thread(lambda: work(self.clients[1]))
        eventually(
            "two to arrive", lambda: self.clients[0].exists(path) and len(self.clients[0].get_children(path)) == 2
        )
        assert entered.empty()
        in_thread(lambda: work(self.clients[2]))
        equal([entered.get(timeout=WAIT_S) for _ in range(3)], [True] * 3, "entered")
        assert left.empty()
        leave.set()
        equal([left.get(timeout=WAIT_S) for _ in range(3)], [True] * 3, "left")

    def counter(self):
        path = self.path()

        def work(client):
            counter = client.Counter(path)
            for _ in range(20):
                counter += 2
                counter -= 1

        threads = [in_thread(lambda client=client: work(client)) for client in self.clients]
        for thread in threads:
            thread.join(50)
        equal(self.clients[0].Counter(path).value, 60, "value")
        decimal = self.clients[0].Counter(path + "-float", default=0.5)
        decimal += 1.25
        equal(decimal.value, 1.75, "float value")

    def queue(self):
        path = self.path()
        producer = self.clients[0].Queue(path)
        for value, priority in ((b"c", 100), (b"a", 5), (b"d", 100), (b"b", 50)):
            producer.put(value, priority)
        equal(len(producer), 4, "length")
        consumer = self.clients[1].Queue(path)
        equal([consumer.get() for _ in range(5)], [b"a", b"b", b"c", b"d", None], "values")

    def locking_queue(self):
        path = self.path()
        first, second = [client.LockingQueue(path) for client in self.clients[:2]]
        first.put_all([b"one", b"two", b"three"])
        equal(first.get(timeout=WAIT_S), b"one", "first")
        equal(second.get(timeout=WAIT_S), b"two", "second")
        equal(first.consume(), True, "consume")
        equal(second.release(), True, "release")
        equal(first.get(timeout=WAIT_S), b"two", "released entry")
        assert first.holds_lock()
        first.consume()
        second.get(timeout=WAIT_S)
        second.consume()
        equal(len(first), 0, "length")
        done = queue.Queue()
        in_thread(lambda: done.put(first.get(timeout=WAIT_S)))
        second.put(b"late")
        equal(done.get(timeout=WAIT_S), b"late", "entry that was waited for")

    def locking_queue_crash(self):
        path = self.path()
        self.clients[0].LockingQueue(path).put(b"work")
        consumer = connect(self.hosts)
        equal(consumer.LockingQueue(path).get(timeout=WAIT_S), b"work", "entry")
        consumer.stop()
        consumer.close()
        equal(self.clients[1].LockingQueue(path).get(timeout=WAIT_S), b"work", "entry again")

    def party(self):
        for kind in ("Party", "ShallowParty"):
            path = self.path()
            parties = [getattr(client, kind)(path, name) for client, name in zip(self.clients, "abc")]
            for party in parties:
                party.join()
            equal((len(parties[0]), set(parties[0])), (3, {"a", "b", "c"}), "members")
            parties[1].leave()
            equal(set(parties[0]), {"a", "c"}, "members after one left")

    def partitioner(self):
        path = self.path()
        everything = set(range(9))
        members = [
            client.SetPartitioner(path, everything, identifier=name, time_boundary=0.3)
            for client, name in zip(self.clients, "abc")
        ]

        def settle(group):
            for member in group:
                if member.state == PartitionState.RELEASE:
                    member.release_set()
                elif member.state == PartitionState.ALLOCATING:
                    member.wait_for_acquire(0.1)
            if not all(member.acquired for member in group):
                return False
            shares = [set(member) for member in group]
            return set().union(*shares) == everything and sum(map(len, shares)) == 9

        eventually("three shares", lambda: settle(members), 50)
        members[2].finish()
        eventually("two shares", lambda: settle(members[:2]), 50)
        for member in members[:2]:
            member.finish()

    def tree_cache(self):
        path = self.path()
        client, writer = self.clients[:2]
        writer.create(path + "/a/b", b"one", makepath=True)
        cache = TreeCache(client, path)
        events = queue.Queue()
        cache.listen(events.put)
        cache.start()

        def expect(kind, below):
            while True:
                event = events.get(timeout=WAIT_S)
                if event.event_type == kind and (below is None or event.event_data.path == path + below):
                    return

        expect(TreeEvent.INITIALIZED, None)
        equal(cache.get_data(path + "/a/b").data, b"one", "data")
        equal(cache.get_children(path), {"a"}, "children")
        writer.create(path + "/a/c", b"two")
        expect(TreeEvent.NODE_ADDED, "/a/c")
        writer.set(path + "/a/c", b"three")
        expect(TreeEvent.NODE_UPDATED, "/a/c")
        equal(cache.get_data(path + "/a/c").data, b"three", "data")
        writer.delete(path + "/a", recursive=True)
        expect(TreeEvent.NODE_REMOVED, "/a")
        equal(cache.get_data(path + "/a/c"), None, "data of a deleted znode")
        cache.close()

    def tree_cache_reconnect(self):
        import socket

        path = self.path()
        client = connect(self.hosts)
        writer = self.clients[0]
        writer.create(path, b"one")
        cache = TreeCache(client, path)
        kinds = queue.Queue()
        cache.listen(lambda event: kinds.put(event.event_type))
        cache.start()
        eventually("the first data", lambda: cache.get_data(path))
        client._connection._socket.shutdown(socket.SHUT_RDWR)
        while kinds.get(timeout=WAIT_S) != TreeEvent.CONNECTION_SUSPENDED:
            pass
        writer.set(path, b"two")
        eventually("the new data", lambda: cache.get_data(path).data == b"two")
        cache.close()
        client.stop()
        client.close()

    def lease(self):
        path = self.path()
        clock = lambda: datetime.datetime(2030, 1, 1)
        later = lambda: datetime.datetime(2030, 1, 1, 2)
        hour = datetime.timedelta(hours=1)
        assert NonBlockingLease(self.clients[0], path, hour, identifier="a", utcnow=clock)
        assert not NonBlockingLease(self.clients[1], path, hour, identifier="b", utcnow=clock)
        assert NonBlockingLease(self.clients[0], path, hour, identifier="a", utcnow=clock), "renewed by its owner"
        assert NonBlockingLease(self.clients[1], path, hour, identifier="b", utcnow=later), "after its end"
        several = [
            MultiNonBlockingLease(client, 2, path + "-multi", hour, identifier=name, utcnow=clock)
            for client, name in zip(self.clients, "abc")
        ]
        equal([bool(lease) for lease in several], [True, True, False], "two of three")
