package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.eventually;

import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.cache.TreeCacheEvent;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;

/**
 * Caches, which live by watches: persistent recursive ones the newest of them, one-shot ones the
 * others.
 */
@SuppressWarnings("deprecation")
final class CacheCases {
  private final Curators curators;
  private final CuratorFramework client;
  private final CuratorFramework writer;

  CacheCases(Curators curators) throws Exception {
    this.curators = curators;
    this.client = curators.open();
    this.writer = curators.open();
  }

  void addTo(Cases cases) {
    cases.run("CuratorCache follows a tree", this::curatorCache);
    cases.run("CuratorCache of one znode", this::singleNodeCache);
    cases.run("CuratorCache catches up after a cut connection", this::curatorCacheReconnect);
    cases.run("CuratorCache of 2,000 znodes", this::largeCache);
    cases.run("PathChildrenCache follows children and their data", this::pathChildrenCache);
    cases.run("NodeCache follows one znode", this::nodeCache);
    cases.run("TreeCache follows a tree", this::treeCache);
    cases.run("TreeCache catches up after a cut connection", this::treeCacheReconnect);
    cases.run(
        "PersistentWatcher sees all and is set again after a cut connection",
        this::persistentWatcher);
  }

  private static void expect(BlockingQueue<String> events, String expected)
      throws InterruptedException {
    equal(expected, events.poll(60, TimeUnit.SECONDS), "event");
  }

  private static String text(ChildData data) {
    return data.getPath() + "=" + (data.getData() == null ? "" : new String(data.getData()));
  }

  private BlockingQueue<String> listen(CuratorCache cache) {
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    cache
        .listenable()
        .addListener(
            CuratorCacheListener.builder()
                .forCreates((data) -> events.add("created " + text(data)))
                .forChanges(
                    (before, after) -> events.add("changed " + text(before) + " " + text(after)))
                .forDeletes((data) -> events.add("deleted " + data.getPath()))
                .forInitialized(() -> events.add("initialized"))
                .build());
    return events;
  }

  private void curatorCache() throws Exception {
    String path = curators.path();
    writer.create().forPath(path, "1".getBytes());
    CuratorCache cache = CuratorCache.build(client, path);
    BlockingQueue<String> events = listen(cache);
    cache.start();
    expect(events, "created " + path + "=1");
    expect(events, "initialized");
    writer.create().creatingParentsIfNeeded().forPath(path + "/a", "2".getBytes());
    expect(events, "created " + path + "/a=2");
    writer.setData().forPath(path + "/a", "3".getBytes());
    expect(events, "changed " + path + "/a=2 " + path + "/a=3");
    equal("3", new String(cache.get(path + "/a").orElseThrow().getData()), "cached data");
    writer.delete().forPath(path + "/a");
    expect(events, "deleted " + path + "/a");
    writer.delete().forPath(path);
    expect(events, "deleted " + path);
    cache.close();
  }

  private void singleNodeCache() throws Exception {
    String path = curators.path();
    CuratorCache cache = CuratorCache.build(client, path, CuratorCache.Options.SINGLE_NODE_CACHE);
    BlockingQueue<String> events = listen(cache);
    cache.start();
    expect(events, "initialized");
    writer.create().forPath(path, "1".getBytes());
    expect(events, "created " + path + "=1");
    writer.create().forPath(path + "/unseen");
    writer.setData().forPath(path, "2".getBytes());
    expect(events, "changed " + path + "=1 " + path + "=2");
    cache.close();
  }

  private void curatorCacheReconnect() throws Exception {
    String path = curators.path();
    writer.create().forPath(path, "1".getBytes());
    writer.create().forPath(path + "/gone", "x".getBytes());
    try (Proxy proxy = new Proxy(curators.connect)) {
      CuratorFramework cut = curators.open(proxy.connectString(), 8000);
      CuratorCache cache = CuratorCache.build(cut, path);
      listen(cache);
      cache.start();
      eventually("the first content", 60_000, () -> cache.size() == 2);
      proxy.cut();
      eventually("the cut to be noticed", 60_000, () -> !cut.getZookeeperClient().isConnected());
      writer.setData().forPath(path, "2".getBytes());
      writer.delete().forPath(path + "/gone");
      writer.create().forPath(path + "/new", "y".getBytes());
      proxy.mend();
      eventually(
          "the new content",
          20_000,
          () ->
              cache.get(path + "/gone").isEmpty()
                  && cache.get(path + "/new").isPresent()
                  && "2".equals(new String(cache.get(path).orElseThrow().getData())));
      cache.close();
    }
  }

  private void largeCache() throws Exception {
    String path = curators.path();
    writer.create().forPath(path);
    CuratorCache cache = CuratorCache.build(client, path);
    cache.start();
    for (int i = 0; i < 2000; i++)
      writer.create().inBackground().forPath(path + "/" + i, ("" + i).getBytes());
    eventually("all to come in", 60_000, () -> cache.size() == 2001);
    equal("1234", new String(cache.get(path + "/1234").orElseThrow().getData()), "data");
    for (int i = 0; i < 2000; i++) writer.delete().inBackground().forPath(path + "/" + i);
    eventually("all to go", 60_000, () -> cache.size() == 1);
    cache.close();
  }

  private void pathChildrenCache() throws Exception {
    String path = curators.path();
    writer.create().forPath(path);
    writer.create().forPath(path + "/a", "1".getBytes());
    PathChildrenCache cache = new PathChildrenCache(client, path, true);
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    cache
        .getListenable()
        .addListener(
            (from, event) ->
                events.add(
                    event.getType()
                        + (event.getData() == null ? "" : " " + text(event.getData()))));
    cache.start(PathChildrenCache.StartMode.BUILD_INITIAL_CACHE);
    equal("1", new String(cache.getCurrentData(path + "/a").getData()), "initial data");
    writer.create().forPath(path + "/b", "2".getBytes());
    writer.setData().forPath(path + "/a", "3".getBytes());
    TreeSet<String> found = new TreeSet<>();
    while (found.size() < 2) {
      String event = events.poll(60, TimeUnit.SECONDS);
      check(event != null, "an event; so far " + found);
      if (event.startsWith("CHILD_")) found.add(event);
    }
    equal(
        "[CHILD_ADDED " + path + "/b=2, CHILD_UPDATED " + path + "/a=3]",
        found.toString(),
        "events");
    writer.delete().forPath(path + "/b");
    expect(events, "CHILD_REMOVED " + path + "/b=2");
    cache.close();
  }

  private void nodeCache() throws Exception {
    String path = curators.path();
    NodeCache cache = new NodeCache(client, path);
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    cache
        .getListenable()
        .addListener(
            () ->
                events.add(cache.getCurrentData() == null ? "gone" : text(cache.getCurrentData())));
    cache.start(true);
    equal(null, cache.getCurrentData(), "data");
    writer.create().forPath(path, "1".getBytes());
    expect(events, path + "=1");
    writer.setData().forPath(path, "2".getBytes());
    expect(events, path + "=2");
    writer.delete().forPath(path);
    expect(events, "gone");
    cache.close();
  }

  private void treeCache() throws Exception {
    String path = curators.path();
    writer.create().creatingParentsIfNeeded().forPath(path + "/a/b", "1".getBytes());
    writer.setData().forPath(path, "root".getBytes());
    TreeCache cache = new TreeCache(client, path);
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    CountDownLatch initialized = new CountDownLatch(1);
    cache
        .getListenable()
        .addListener(
            (from, event) -> {
              if (event.getType() == TreeCacheEvent.Type.INITIALIZED) initialized.countDown();
              else if (initialized.getCount() == 0 && event.getData() != null)
                events.add(event.getType() + " " + text(event.getData()));
            });
    cache.start();
    check(initialized.await(60, TimeUnit.SECONDS), "initialized");
    equal("1", new String(cache.getCurrentData(path + "/a/b").getData()), "data");
    writer.create().forPath(path + "/c", "2".getBytes());
    expect(events, "NODE_ADDED " + path + "/c=2");
    writer.setData().forPath(path + "/a/b", "3".getBytes());
    expect(events, "NODE_UPDATED " + path + "/a/b=3");
    writer.delete().forPath(path + "/c");
    expect(events, "NODE_REMOVED " + path + "/c=2");
    cache.close();
  }

  private void treeCacheReconnect() throws Exception {
    String path = curators.path();
    writer.create().forPath(path, "1".getBytes());
    try (Proxy proxy = new Proxy(curators.connect)) {
      CuratorFramework cut = curators.open(proxy.connectString(), 8000);
      TreeCache cache = new TreeCache(cut, path);
      cache.start();
      eventually("the first content", 60_000, () -> cache.getCurrentData(path) != null);
      proxy.cut();
      eventually("the cut to be noticed", 60_000, () -> !cut.getZookeeperClient().isConnected());
      writer.setData().forPath(path, "2".getBytes());
      writer.create().forPath(path + "/new", "y".getBytes());
      proxy.mend();
      eventually(
          "the new content",
          20_000,
          () ->
              cache.getCurrentData(path + "/new") != null
                  && "2".equals(new String(cache.getCurrentData(path).getData())));
      cache.close();
    }
  }

  private void persistentWatcher() throws Exception {
    String path = curators.path();
    try (Proxy proxy = new Proxy(curators.connect)) {
      CuratorFramework cut = curators.open(proxy.connectString(), 8000);
      PersistentWatcher watcher = new PersistentWatcher(cut, path, true);
      BlockingQueue<String> events = new LinkedBlockingQueue<>();
      AtomicInteger resets = new AtomicInteger();
      watcher
          .getListenable()
          .addListener(
              (event) -> {
                if (event.getPath() != null) events.add(event.getType() + " " + event.getPath());
              });
      watcher.getResetListenable().addListener(resets::incrementAndGet);
      watcher.start();
      eventually("the watch to be set", 60_000, () -> resets.get() > 0);
      writer.create().forPath(path);
      expect(events, "NodeCreated " + path);
      proxy.cut();
      eventually("the cut to be noticed", 60_000, () -> !cut.getZookeeperClient().isConnected());
      // Counted from here: the first connection may have been told late and have set the watch
      // twice.
      int before = resets.get();
      proxy.mend();
      eventually("the watch to be set again", 60_000, () -> resets.get() > before);
      writer.create().forPath(path + "/child");
      expect(events, "NodeCreated " + path + "/child");
      watcher.close();
    }
  }
}
