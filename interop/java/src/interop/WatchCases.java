package interop;

import static interop.Cases.equal;
import static interop.Cases.raises;

import java.util.List;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooDefs;

/**
 * Watches: one-shot, persistent and recursive; their order against replies; what becomes of them
 * over a lost connection.
 */
final class WatchCases {
  private final String connect;
  private final Client watcher;
  private final Client writer;

  WatchCases(String connect) throws Exception {
    this.connect = connect;
    this.watcher = new Client(connect);
    this.writer = new Client(connect);
  }

  void addTo(Cases cases) throws Exception {
    cases.run("a data watch fires once, at the first change", this::dataWatch);
    cases.run("an exists watch fires at creation, at change and at deletion", this::existsWatch);
    cases.run(
        "a child watch fires at creation and deletion of children, not at their changes",
        this::childWatch);
    cases.run(
        "deletion fires data and child watches as NodeDeleted, and the parent's child watch",
        this::deletion);
    cases.run("the event comes before the reply that shows the change", this::eventBeforeReply);
    cases.run("a session's own writes fire its watches", this::ownWrites);
    cases.run("a failed read sets no data watch", this::failedRead);
    cases.run("a multi fires one event for each change", this::multi);
    cases.run("persistent watches stay", this::persistent);
    cases.run(
        "persistent recursive watches see everything below, without child events", this::recursive);
    cases.run("removeWatches takes away one kind, or all", this::remove);
    cases.run("removing a watch that is not there is NoWatcher", this::removeMissing);
    cases.run("removing a persistent watch stops its events", this::removePersistent);
    cases.run("after a reconnect watches fire for what was missed", this::missedChanges);
    cases.run("after a reconnect watches that did not fire stay set", this::keptWatches);
    cases.run("after a reconnect persistent watches go on", this::persistentAfterReconnect);
    cases.run("500 watches are set again after a reconnect", this::manyWatches);
    cases.run("close of a session fires watches on its ephemerals", this::ephemeralWatch);
    watcher.close();
    writer.close();
  }

  private void dataWatch() throws Exception {
    String path = writer.root();
    watcher.zk.getData(path, true, null);
    writer.set(path, "1");
    writer.set(path, "2");
    watcher.expectEvent("NodeDataChanged " + path);
    watcher.expectNoEvent();
  }

  private void existsWatch() throws Exception {
    String path = writer.root() + "/later";
    watcher.zk.exists(path, true);
    writer.create(path);
    watcher.expectEvent("NodeCreated " + path);
    watcher.zk.exists(path, true);
    writer.set(path, "x");
    watcher.expectEvent("NodeDataChanged " + path);
    watcher.zk.exists(path, true);
    writer.zk.delete(path, -1);
    watcher.expectEvent("NodeDeleted " + path);
    watcher.expectNoEvent();
  }

  private void childWatch() throws Exception {
    String root = writer.root();
    watcher.zk.getChildren(root, true);
    writer.set(root, "x");
    watcher.expectNoEvent();
    writer.create(root + "/child");
    watcher.expectEvent("NodeChildrenChanged " + root);
    watcher.zk.getChildren(root, true);
    writer.set(root + "/child", "x");
    writer.create(root + "/child/grandchild");
    watcher.expectNoEvent();
    writer.zk.delete(root + "/child/grandchild", -1);
    writer.zk.delete(root + "/child", -1);
    watcher.expectEvent("NodeChildrenChanged " + root);
    watcher.expectNoEvent();
  }

  private void deletion() throws Exception {
    String root = writer.root();
    String path = writer.create(root + "/node");
    watcher.zk.getData(path, true, null);
    watcher.zk.getChildren(path, true);
    watcher.zk.getChildren(root, true);
    writer.zk.delete(path, -1);
    watcher.expectEvent("NodeDeleted " + path);
    watcher.expectEvent("NodeChildrenChanged " + root);
    watcher.expectNoEvent();
  }

  private void eventBeforeReply() throws Exception {
    String path = writer.root();
    for (int i = 0; i < 200; i++) {
      StringBuffer order = new StringBuffer();
      watcher.zk.getData(path, (event) -> order.append("event "), null);
      writer.set(path, "value " + i);
      String wanted = "value " + i;
      java.util.concurrent.CountDownLatch done = new java.util.concurrent.CountDownLatch(1);
      if (Servers.arrangement() == Servers.SPREAD)
        watcher.zk.sync(path, (code, synced, context) -> {}, null);
      watcher.zk.getData(
          path,
          false,
          (code, read, context, data, stat) -> {
            order.append(new String(data).equals(wanted) ? "new" : "old");
            done.countDown();
          },
          null);
      done.await();
      equal("event new", order.toString(), "order");
    }
  }

  private void ownWrites() throws Exception {
    String path = watcher.root();
    watcher.zk.getData(path, true, null);
    watcher.set(path, "x");
    watcher.expectEvent("NodeDataChanged " + path);
  }

  private void failedRead() throws Exception {
    String path = writer.root() + "/missing";
    raises(KeeperException.NoNodeException.class, () -> watcher.zk.getData(path, true, null));
    raises(KeeperException.NoNodeException.class, () -> watcher.zk.getChildren(path, true));
    writer.create(path);
    watcher.expectNoEvent();
  }

  private void multi() throws Exception {
    String root = writer.root();
    writer.create(root + "/a");
    watcher.zk.getData(root + "/a", true, null);
    watcher.zk.exists(root + "/b", true);
    watcher.zk.getChildren(root, true);
    writer.zk.multi(
        List.of(
            Op.setData(root + "/a", null, -1),
            Op.create(root + "/b", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
            Op.setData(root + "/a", null, -1)));
    watcher.expectEvent("NodeDataChanged " + root + "/a");
    watcher.expectEvent("NodeCreated " + root + "/b");
    watcher.expectEvent("NodeChildrenChanged " + root);
    watcher.expectNoEvent();
  }

  private void persistent() throws Exception {
    String root = writer.root();
    watcher.zk.addWatch(root, watcher, AddWatchMode.PERSISTENT);
    writer.set(root, "1");
    writer.set(root, "2");
    writer.create(root + "/child");
    writer.set(root + "/child", "x");
    writer.zk.delete(root + "/child", -1);
    writer.zk.delete(root, -1);
    writer.create(root);
    for (String event :
        List.of(
            "NodeDataChanged ",
            "NodeDataChanged ",
            "NodeChildrenChanged ",
            "NodeChildrenChanged ",
            "NodeDeleted ",
            "NodeCreated ")) {
      watcher.expectEvent(event + root);
    }
    watcher.expectNoEvent();
    watcher.zk.removeWatches(root, watcher, WatcherType.Any, false);
    watcher.expectEvent("PersistentWatchRemoved " + root);
  }

  private void recursive() throws Exception {
    String root = writer.root();
    watcher.zk.addWatch(root, watcher, AddWatchMode.PERSISTENT_RECURSIVE);
    writer.create(root + "/a");
    writer.create(root + "/a/b");
    writer.set(root + "/a/b", "x");
    writer.set(root, "x");
    writer.zk.delete(root + "/a/b", -1);
    writer.zk.delete(root + "/a", -1);
    watcher.expectEvent("NodeCreated " + root + "/a");
    watcher.expectEvent("NodeCreated " + root + "/a/b");
    watcher.expectEvent("NodeDataChanged " + root + "/a/b");
    watcher.expectEvent("NodeDataChanged " + root);
    watcher.expectEvent("NodeDeleted " + root + "/a/b");
    watcher.expectEvent("NodeDeleted " + root + "/a");
    watcher.expectNoEvent();
    watcher.zk.removeWatches(root, watcher, WatcherType.Any, false);
    watcher.expectEvent("PersistentWatchRemoved " + root);
    writer.create(root + "/after");
    watcher.expectNoEvent();
  }

  private void remove() throws Exception {
    String root = writer.root();
    watcher.zk.getData(root, true, null);
    watcher.zk.getChildren(root, true);
    watcher.zk.removeWatches(root, watcher, WatcherType.Data, false);
    watcher.expectEvent("DataWatchRemoved " + root);
    writer.set(root, "x");
    watcher.expectNoEvent();
    writer.create(root + "/child");
    watcher.expectEvent("NodeChildrenChanged " + root);
    watcher.zk.getData(root, true, null);
    watcher.zk.getChildren(root, true);
    watcher.zk.removeAllWatches(root, WatcherType.Any, false);
    equal(
        "ChildWatchRemoved DataWatchRemoved",
        sortedKinds(watcher.nextEvent(), watcher.nextEvent()),
        "events");
    writer.zk.delete(root + "/child", -1);
    writer.zk.delete(root, -1);
    watcher.expectNoEvent();
  }

  private static String sortedKinds(String... events) {
    return java.util.Arrays.stream(events)
        .map((event) -> event.split(" ")[0])
        .sorted()
        .collect(java.util.stream.Collectors.joining(" "));
  }

  private void removeMissing() throws Exception {
    String root = writer.root();
    Watcher never = (event) -> {};
    raises(
        KeeperException.NoWatcherException.class,
        () -> watcher.zk.removeWatches(root, never, WatcherType.Any, false));
    raises(
        KeeperException.NoWatcherException.class,
        () -> watcher.zk.removeAllWatches(root, WatcherType.Data, false));
  }

  private void removePersistent() throws Exception {
    String root = writer.root();
    watcher.zk.addWatch(root, watcher, AddWatchMode.PERSISTENT);
    watcher.zk.removeWatches(root, watcher, WatcherType.Any, false);
    watcher.expectEvent("PersistentWatchRemoved " + root);
    writer.set(root, "x");
    writer.create(root + "/child");
    watcher.expectNoEvent();
  }

  private void missedChanges() throws Exception {
    String root = writer.root();
    for (String name : List.of("changed", "deleted", "parent")) writer.create(root + "/" + name);
    try (Proxy proxy = new Proxy(connect);
        Client cut = new Client(proxy.connectString())) {
      cut.zk.getData(root + "/changed", true, null);
      cut.zk.getData(root + "/deleted", true, null);
      cut.zk.exists(root + "/created", true);
      cut.zk.getChildren(root + "/parent", true);
      proxy.cut();
      cut.awaitState(KeeperState.Disconnected);
      writer.set(root + "/changed", "x");
      writer.zk.delete(root + "/deleted", -1);
      writer.create(root + "/created");
      writer.create(root + "/parent/child");
      proxy.mend();
      cut.awaitState(KeeperState.SyncConnected);
      java.util.TreeSet<String> events = new java.util.TreeSet<>();
      for (int i = 0; i < 4; i++) events.add(cut.nextEvent());
      equal(
          "[NodeChildrenChanged "
              + root
              + "/parent, NodeCreated "
              + root
              + "/created, NodeDataChanged "
              + root
              + "/changed, NodeDeleted "
              + root
              + "/deleted]",
          events.toString(),
          "events");
      cut.expectNoEvent();
    }
  }

  private void keptWatches() throws Exception {
    String root = writer.root();
    try (Proxy proxy = new Proxy(connect);
        Client cut = new Client(proxy.connectString())) {
      cut.zk.getData(root, true, null);
      cut.zk.getChildren(root, true);
      cut.zk.exists(root + "/child", true);
      reconnect(proxy, cut);
      cut.expectNoEvent();
      writer.set(root, "x");
      cut.expectEvent("NodeDataChanged " + root);
      writer.create(root + "/child");
      cut.expectEvent("NodeCreated " + root + "/child");
      cut.expectEvent("NodeChildrenChanged " + root);
      cut.expectNoEvent();
    }
  }

  private void persistentAfterReconnect() throws Exception {
    String root = writer.root();
    try (Proxy proxy = new Proxy(connect);
        Client cut = new Client(proxy.connectString())) {
      cut.zk.addWatch(root, cut, AddWatchMode.PERSISTENT_RECURSIVE);
      reconnect(proxy, cut);
      writer.create(root + "/a");
      cut.expectEvent("NodeCreated " + root + "/a");
      reconnect(proxy, cut);
      writer.create(root + "/a/b");
      cut.expectEvent("NodeCreated " + root + "/a/b");
      cut.expectNoEvent();
    }
  }

  private void manyWatches() throws Exception {
    String root = writer.root();
    String tail =
        "x".repeat(400); // 200 kB of paths, so that the client splits them over two requests
    for (int i = 0; i < 500; i++)
      writer.zk.create(
          root + "/" + i + tail,
          null,
          ZooDefs.Ids.OPEN_ACL_UNSAFE,
          CreateMode.PERSISTENT,
          (code, path, context, name) -> {},
          null);
    writer.stat("/");
    try (Proxy proxy = new Proxy(connect);
        Client cut = new Client(proxy.connectString())) {
      for (int i = 0; i < 500; i++) cut.zk.getData(root + "/" + i + tail, true, null);
      reconnect(proxy, cut);
      for (int i = 0; i < 500; i++) writer.set(root + "/" + i + tail, "x");
      for (int i = 0; i < 500; i++) cut.expectEvent("NodeDataChanged " + root + "/" + i + tail);
      cut.expectNoEvent();
    }
  }

  private static void reconnect(Proxy proxy, Client cut) throws Exception {
    proxy.cut();
    cut.awaitState(KeeperState.Disconnected);
    proxy.mend();
    cut.awaitState(KeeperState.SyncConnected);
    // The client sends its watches behind the handshake; persistent ones do not report what happens
    // before they are set again.
    cut.stat("/");
  }

  private void ephemeralWatch() throws Exception {
    String root = writer.root();
    Client owner = new Client(connect);
    owner.create(root + "/e", CreateMode.EPHEMERAL);
    watcher.zk.exists(root + "/e", true);
    watcher.zk.getChildren(root, true);
    owner.close();
    watcher.expectEvent("NodeDeleted " + root + "/e");
    watcher.expectEvent("NodeChildrenChanged " + root);
  }
}
