package interop;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/**
 * A session whose watch events and states are kept in queues, with short names for what cases do
 * all the time.
 */
final class Client implements Watcher, AutoCloseable {
  static final int TIMEOUT_MS = 6000;
  private static final int WAIT_SECONDS = 60;
  private static final AtomicInteger ROOT_NUMBER = new AtomicInteger();

  final ZooKeeper zk;
  private final BlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();
  private final BlockingQueue<KeeperState> states = new LinkedBlockingQueue<>();

  Client(String connectString) throws Exception {
    this(connectString, TIMEOUT_MS);
  }

  Client(String connectString, int timeoutMs) throws Exception {
    zk =
        isSpread()
            ? new SyncedZooKeeper(connectString, timeoutMs, this)
            : new ZooKeeper(connectString, timeoutMs, this);
    awaitState(KeeperState.SyncConnected);
  }

  /** Takes up another handle's session. Does not wait for the connection. */
  Client(String connectString, int timeoutMs, long sessionId, byte[] password) throws Exception {
    zk =
        isSpread()
            ? new SyncedZooKeeper(connectString, timeoutMs, this, sessionId, password)
            : new ZooKeeper(connectString, timeoutMs, this, sessionId, password);
  }

  private static boolean isSpread() {
    return Servers.arrangement() == Servers.SPREAD;
  }

  @Override
  public void process(WatchedEvent event) {
    if (event.getType() == EventType.None) states.add(event.getState());
    else events.add(event);
  }

  /** Drops states until the wanted one comes. */
  void awaitState(KeeperState wanted) throws InterruptedException {
    for (; ; ) {
      KeeperState state = states.poll(WAIT_SECONDS, TimeUnit.SECONDS);
      if (state == wanted) return;
      if (state == null)
        throw new AssertionError("no state " + wanted + " within " + WAIT_SECONDS + " s");
    }
  }

  /** Returns the next watch event as "type path". */
  String nextEvent() throws InterruptedException {
    WatchedEvent event = events.poll(WAIT_SECONDS, TimeUnit.SECONDS);
    if (event == null) throw new AssertionError("no watch event within " + WAIT_SECONDS + " s");
    return event.getType() + " " + event.getPath();
  }

  void expectEvent(String typeAndPath) throws InterruptedException {
    Cases.equal(typeAndPath, nextEvent(), "watch event");
  }

  /**
   * Fails if an event is there that nobody took, after all that was acknowledged to anybody before
   * now has been handled.
   */
  void expectNoEvent() throws Exception {
    CountDownLatch handled = new CountDownLatch(1);
    zk.sync("/", (code, path, context) -> {}, null);
    // Callbacks and events go through one queue of the client, so this one's turn comes after
    // theirs.
    zk.exists("/", false, (code, path, context, stat) -> handled.countDown(), null);
    Cases.check(handled.await(WAIT_SECONDS, TimeUnit.SECONDS), "round trip done");
    WatchedEvent event = events.poll();
    if (event != null)
      throw new AssertionError("unexpected event " + event.getType() + " " + event.getPath());
  }

  /** Creates a parent of its own for a case. */
  String root() throws Exception {
    return create("/case-" + ROOT_NUMBER.incrementAndGet());
  }

  String create(String path) throws KeeperException, InterruptedException {
    return create(path, CreateMode.PERSISTENT);
  }

  String create(String path, CreateMode mode) throws KeeperException, InterruptedException {
    return zk.create(path, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, mode);
  }

  Stat set(String path, String data) throws KeeperException, InterruptedException {
    return zk.setData(path, bytes(data), -1);
  }

  String get(String path) throws KeeperException, InterruptedException {
    return new String(zk.getData(path, false, null), StandardCharsets.UTF_8);
  }

  Stat stat(String path) throws KeeperException, InterruptedException {
    return zk.exists(path, false);
  }

  boolean has(String path) throws KeeperException, InterruptedException {
    return stat(path) != null;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws InterruptedException {
    zk.close();
  }
}
