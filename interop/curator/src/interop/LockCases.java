package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.eventually;
import static interop.Cases.raises;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.locks.Revoker;
import org.apache.curator.framework.recipes.shared.SharedCount;

/** Locks, semaphores and barriers. */
final class LockCases {
  private final Curators curators;
  private final CuratorFramework a;
  private final CuratorFramework b;
  private final CuratorFramework c;

  LockCases(Curators curators) throws Exception {
    this.curators = curators;
    this.a = curators.open();
    this.b = curators.open();
    this.c = curators.open();
  }

  void addTo(Cases cases) {
    cases.run("InterProcessMutex excludes, is reentrant, and passes on in order", this::mutex);
    cases.run("InterProcessMutex under contention of 5 clients", this::contention);
    cases.run("InterProcessMutex is freed when its owner's session ends", this::mutexOfClosed);
    cases.run("InterProcessMutex can be asked back", this::revocation);
    cases.run("InterProcessSemaphoreMutex belongs to no thread", this::semaphoreMutex);
    cases.run(
        "InterProcessReadWriteLock: many readers or one writer; downgrade", this::readWriteLock);
    cases.run("InterProcessMultiLock takes all or none", this::multiLock);
    cases.run("InterProcessSemaphoreV2 counts leases", this::semaphore);
    cases.run("InterProcessSemaphoreV2 follows a shared count", this::semaphoreOfSharedCount);
    cases.run("DistributedBarrier holds until removed", this::barrier);
    cases.run("DistributedDoubleBarrier lets all in and out together", this::doubleBarrier);
  }

  private <T> Future<T> start(Callable<T> body) {
    return curators.executor.submit(body);
  }

  private static <T> T done(Future<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  private void mutex() throws Exception {
    String path = curators.path();
    InterProcessMutex first = new InterProcessMutex(a, path);
    InterProcessMutex second = new InterProcessMutex(b, path);
    InterProcessMutex third = new InterProcessMutex(c, path);
    first.acquire();
    first.acquire();
    check(
        !start(() -> second.acquire(200, TimeUnit.MILLISECONDS)).get(),
        "the second gets nothing in 200 ms");
    List<String> order = new ArrayList<>();
    Future<?> waiting = start(() -> pass(second, "second", order));
    eventually("the second to queue", 60_000, () -> second.getParticipantNodes().size() == 2);
    Future<?> last = start(() -> pass(third, "third", order));
    eventually("the third to queue", 60_000, () -> second.getParticipantNodes().size() == 3);
    first.release();
    check(first.isAcquiredInThisProcess(), "still held once");
    equal(List.of(), order, "who got it");
    first.release();
    done(waiting);
    done(last);
    equal(List.of("second", "third"), order, "who got it");
    raises(IllegalMonitorStateException.class, first::release);
  }

  private static Void pass(InterProcessMutex mutex, String name, List<String> order)
      throws Exception {
    mutex.acquire();
    order.add(name);
    mutex.release();
    return null;
  }

  private void contention() throws Exception {
    String path = curators.path();
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Future<Void>> workers = new ArrayList<>();
    for (CuratorFramework client : List.of(a, b, c, curators.open(), curators.open())) {
      workers.add(
          start(
              () -> {
                InterProcessMutex mutex = new InterProcessMutex(client, path);
                for (int i = 0; i < 20; i++) {
                  mutex.acquire();
                  most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                  inside.decrementAndGet();
                  mutex.release();
                }
                return null;
              }));
    }
    for (Future<Void> worker : workers) done(worker);
    equal(1, most.get(), "most inside");
  }

  private void mutexOfClosed() throws Exception {
    String path = curators.path();
    CuratorFramework owner = curators.open();
    new InterProcessMutex(owner, path).acquire();
    InterProcessMutex waiting = new InterProcessMutex(a, path);
    Future<Boolean> got = start(() -> waiting.acquire(20, TimeUnit.SECONDS));
    eventually("it to queue", 60_000, () -> waiting.getParticipantNodes().size() == 2);
    owner.close();
    check(done(got), "got it");
  }

  private void revocation() throws Exception {
    String path = curators.path();
    InterProcessMutex mutex = new InterProcessMutex(a, path);
    CountDownLatch asked = new CountDownLatch(1);
    mutex.makeRevocable((lock) -> asked.countDown());
    mutex.acquire();
    Collection<String> holders = mutex.getParticipantNodes();
    equal(1, holders.size(), "participants");
    Revoker.attemptRevoke(b, holders.iterator().next());
    check(asked.await(60, TimeUnit.SECONDS), "asked back");
    mutex.release();
  }

  private void semaphoreMutex() throws Exception {
    String path = curators.path();
    InterProcessSemaphoreMutex first = new InterProcessSemaphoreMutex(a, path);
    InterProcessSemaphoreMutex second = new InterProcessSemaphoreMutex(b, path);
    first.acquire();
    check(!second.acquire(200, TimeUnit.MILLISECONDS), "the second gets nothing");
    done(
        start(
            () -> {
              first.release();
              return null;
            }));
    check(second.acquire(20, TimeUnit.SECONDS), "the second gets it, released by another thread");
    second.release();
  }

  private void readWriteLock() throws Exception {
    String path = curators.path();
    InterProcessReadWriteLock first = new InterProcessReadWriteLock(a, path);
    InterProcessReadWriteLock second = new InterProcessReadWriteLock(b, path);
    first.readLock().acquire();
    check(second.readLock().acquire(20, TimeUnit.SECONDS), "two readers");
    check(
        !done(
            start(
                () ->
                    new InterProcessReadWriteLock(c, path)
                        .writeLock()
                        .acquire(200, TimeUnit.MILLISECONDS))),
        "no writer beside them");
    first.readLock().release();
    second.readLock().release();
    first.writeLock().acquire();
    first.readLock().acquire();
    first.writeLock().release();
    check(second.readLock().acquire(20, TimeUnit.SECONDS), "the writer went down to reading");
    first.readLock().release();
    second.readLock().release();
  }

  private void multiLock() throws Exception {
    List<String> paths = List.of(curators.path(), curators.path());
    InterProcessMutex blocker = new InterProcessMutex(b, paths.get(1));
    blocker.acquire();
    InterProcessMultiLock both = new InterProcessMultiLock(a, paths);
    check(!both.acquire(300, TimeUnit.MILLISECONDS), "one of them is taken");
    check(
        done(start(() -> new InterProcessMutex(c, paths.get(0)).acquire(20, TimeUnit.SECONDS))),
        "the other was given back");
    blocker.release();
  }

  private void semaphore() throws Exception {
    String path = curators.path();
    InterProcessSemaphoreV2 first = new InterProcessSemaphoreV2(a, path, 3);
    InterProcessSemaphoreV2 second = new InterProcessSemaphoreV2(b, path, 3);
    Collection<Lease> two = first.acquire(2);
    Lease third = second.acquire();
    equal(null, second.acquire(200, TimeUnit.MILLISECONDS), "fourth lease");
    Future<Lease> fourth = start(() -> second.acquire(20, TimeUnit.SECONDS));
    first.returnAll(two);
    check(done(fourth) != null, "a lease after two came back");
    second.returnLease(third);
  }

  private void semaphoreOfSharedCount() throws Exception {
    String path = curators.path();
    try (SharedCount count = new SharedCount(a, path + "-count", 1)) {
      count.start();
      InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(a, path, count);
      semaphore.acquire();
      Future<Lease> second = start(() -> semaphore.acquire(20, TimeUnit.SECONDS));
      eventually("it to queue", 60_000, () -> semaphore.getParticipantNodes().size() == 2);
      check(!second.isDone(), "one lease only");
      count.setCount(2);
      check(done(second) != null, "two leases");
    }
  }

  private void barrier() throws Exception {
    String path = curators.path();
    DistributedBarrier barrier = new DistributedBarrier(a, path);
    barrier.setBarrier();
    check(!new DistributedBarrier(b, path).waitOnBarrier(200, TimeUnit.MILLISECONDS), "held");
    Future<Boolean> waiting =
        start(() -> new DistributedBarrier(b, path).waitOnBarrier(20, TimeUnit.SECONDS));
    barrier.removeBarrier();
    check(done(waiting), "through");
  }

  private void doubleBarrier() throws Exception {
    String path = curators.path();
    AtomicInteger entered = new AtomicInteger();
    List<Future<Boolean>> members = new ArrayList<>();
    for (CuratorFramework client : List.of(a, b, c)) {
      members.add(
          start(
              () -> {
                DistributedDoubleBarrier barrier = new DistributedDoubleBarrier(client, path, 3);
                boolean isIn = barrier.enter(20, TimeUnit.SECONDS);
                entered.incrementAndGet();
                return isIn && barrier.leave(20, TimeUnit.SECONDS);
              }));
    }
    for (Future<Boolean> member : members) check(member(member), "in and out");
    equal(3, entered.get(), "entered");
  }

  private static boolean member(Future<Boolean> member) throws Exception {
    try {
      return done(member);
    } catch (ExecutionException failure) {
      throw new AssertionError(failure.getCause());
    }
  }
}
