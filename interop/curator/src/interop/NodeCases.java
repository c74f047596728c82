package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.eventually;
import static interop.Cases.raises;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.api.transaction.OperationType;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.atomic.PromotedToLock;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.framework.recipes.queue.DistributedIdQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.VersionedValue;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;
import org.apache.curator.x.async.AsyncCuratorFramework;
import org.apache.curator.x.async.api.CreateOption;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.details.InstanceSerializer;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;

/** Shared values, nodes that stay, groups, queues, transactions, the framework's own operations. */
@SuppressWarnings("deprecation")
final class NodeCases {
  private final Curators curators;
  private final CuratorFramework a;
  private final CuratorFramework b;

  NodeCases(Curators curators) throws Exception {
    this.curators = curators;
    this.a = curators.open();
    this.b = curators.open();
  }

  void addTo(Cases cases) {
    cases.run("create with all options of the builder", this::builder);
    cases.run("createContainers, guaranteed and recursive deletion", this::deletion);
    cases.run("a protected creation", this::protectedMode);
    cases.run("a namespace", this::namespace);
    cases.run("a transaction commits, and a failing one does not", this::transaction);
    cases.run("background operations", this::background);
    cases.run("the asynchronous face", this::async);
    cases.run("SharedCount tells changes and versions", this::sharedCount);
    cases.run("DistributedAtomicLong: 5 clients, no increment lost", this::atomicLong);
    cases.run("DistributedAtomicInteger promoted to a lock", this::promoted);
    cases.run(
        "PersistentNode comes back when it is deleted and when its session is lost",
        this::persistentNode);
    cases.run(
        "PersistentTtlNode keeps itself alive, and goes when closed", this::persistentTtlNode);
    cases.run("GroupMember lists the group", this::groupMember);
    cases.run("DistributedQueue gives in order, to one consumer each", this::queue);
    cases.run("DistributedPriorityQueue gives by priority", this::priorityQueue);
    cases.run("DistributedIdQueue removes by id", this::idQueue);
    cases.run("SimpleDistributedQueue", this::simpleQueue);
    cases.run("service discovery", this::discovery);
    cases.run("connection states over a cut and an expiry", this::connectionStates);
  }

  private void builder() throws Exception {
    String path = curators.path();
    Stat stat = new Stat();
    equal(
        path + "/x/y",
        a.create()
            .orSetData()
            .storingStatIn(stat)
            .creatingParentsIfNeeded()
            .forPath(path + "/x/y", "1".getBytes()),
        "path");
    equal(1, stat.getDataLength(), "dataLength");
    a.create().orSetData().forPath(path + "/x/y", "22".getBytes());
    equal("22", new String(a.getData().storingStatIn(stat).forPath(path + "/x/y")), "data");
    equal(1, stat.getVersion(), "version");
    equal(
        path + "/s-0000000001",
        a.create().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath(path + "/s-"),
        "sequential");
    a.create().withTtl(600).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath(path + "/ttl");
    eventually("the TTL znode to go", 60_000, () -> a.checkExists().forPath(path + "/ttl") == null);
    raises(
        KeeperException.BadVersionException.class,
        () -> a.setData().withVersion(7).forPath(path + "/x/y", "3".getBytes()));
  }

  private void deletion() throws Exception {
    String path = curators.path();
    a.createContainers(path + "/c");
    a.create().creatingParentsIfNeeded().forPath(path + "/c/d/e");
    a.delete().guaranteed().deletingChildrenIfNeeded().forPath(path);
    equal(null, a.checkExists().forPath(path), "Stat");
    a.delete().quietly().forPath(path);
  }

  private void protectedMode() throws Exception {
    String path = curators.path();
    String made =
        a.create()
            .creatingParentsIfNeeded()
            .withProtection()
            .withMode(CreateMode.EPHEMERAL_SEQUENTIAL)
            .forPath(path + "/p-");
    check(made.startsWith(path + "/_c_") && made.endsWith("-p-0000000000"), "path is " + made);
  }

  private void namespace() throws Exception {
    String path = curators.path();
    CuratorFramework inner = a.usingNamespace(path.substring(1));
    inner.create().forPath("/n", "x".getBytes());
    equal("x", new String(b.getData().forPath(path + "/n")), "data");
    equal(List.of("n"), inner.getChildren().forPath("/"), "children");
  }

  private void transaction() throws Exception {
    String path = curators.path();
    List<CuratorTransactionResult> results =
        a.transaction()
            .forOperations(
                a.transactionOp().create().forPath(path, "1".getBytes()),
                a.transactionOp().setData().forPath(path, "2".getBytes()),
                a.transactionOp().check().withVersion(1).forPath(path),
                a.transactionOp()
                    .create()
                    .withMode(CreateMode.PERSISTENT_SEQUENTIAL)
                    .forPath(path + "/s-"));
    equal(OperationType.CREATE, results.get(0).getType(), "type");
    equal(1, results.get(1).getResultStat().getVersion(), "version");
    equal(path + "/s-0000000000", results.get(3).getResultPath(), "path");
    raises(
        KeeperException.NodeExistsException.class,
        () ->
            a.transaction()
                .forOperations(
                    a.transactionOp().setData().forPath(path, "3".getBytes()),
                    a.transactionOp().create().forPath(path)));
    equal("2", new String(a.getData().forPath(path)), "data");
  }

  private void background() throws Exception {
    String path = curators.path();
    a.create().forPath(path);
    List<String> names = Collections.synchronizedList(new ArrayList<>());
    for (int i = 0; i < 500; i++)
      a.create()
          .inBackground((client, event) -> names.add(event.getName()))
          .forPath(path + "/" + i);
    eventually("all answers", 60_000, () -> names.size() == 500);
    for (int i = 0; i < 500; i++) equal(path + "/" + i, names.get(i), "answer " + i);
  }

  private void async() throws Exception {
    String path = curators.path();
    AsyncCuratorFramework async = AsyncCuratorFramework.wrap(a);
    String result =
        async
            .create()
            .withOptions(Set.of(CreateOption.createParentsIfNeeded))
            .forPath(path + "/a/b", "1".getBytes())
            .thenCompose((made) -> async.setData().forPath(made, "2".getBytes()))
            .thenCompose((stat) -> async.getData().forPath(path + "/a/b"))
            .thenApply(String::new)
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
    equal("2", result, "data");
    var watched = async.watched().checkExists().forPath(path + "/later");
    equal(null, watched.toCompletableFuture().get(20, TimeUnit.SECONDS), "Stat");
    b.create().forPath(path + "/later");
    equal(
        path + "/later",
        watched.event().toCompletableFuture().get(20, TimeUnit.SECONDS).getPath(),
        "event");
  }

  private void sharedCount() throws Exception {
    String path = curators.path();
    try (SharedCount first = new SharedCount(a, path, 5);
        SharedCount second = new SharedCount(b, path, 5)) {
      first.start();
      second.start();
      equal(5, second.getCount(), "seed");
      first.setCount(7);
      eventually("the other to see it", 60_000, () -> second.getCount() == 7);
      VersionedValue<Integer> old = first.getVersionedValue();
      check(second.trySetCount(second.getVersionedValue(), 8), "set by version");
      check(!first.trySetCount(old, 9), "an old version is refused");
      eventually("the first to see it", 60_000, () -> first.getCount() == 8);
    }
  }

  private void atomicLong() throws Exception {
    String path = curators.path();
    List<Future<Integer>> workers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      CuratorFramework client = i % 2 == 0 ? a : b;
      workers.add(
          curators.executor.submit(
              () -> {
                DistributedAtomicLong value =
                    new DistributedAtomicLong(client, path, new RetryNTimes(100, 2));
                int succeeded = 0;
                for (int round = 0; round < 20; round++)
                  if (value.increment().succeeded()) succeeded++;
                return succeeded;
              }));
    }
    long succeeded = 0;
    for (Future<Integer> worker : workers) succeeded += worker.get(50, TimeUnit.SECONDS);
    AtomicValue<Long> end = new DistributedAtomicLong(a, path, new RetryNTimes(3, 10)).get();
    equal(succeeded, end.postValue(), "value");
    check(succeeded > 0, "some succeeded");
  }

  private void promoted() throws Exception {
    String path = curators.path();
    PromotedToLock lock =
        PromotedToLock.builder()
            .lockPath(path + "-lock")
            .retryPolicy(new RetryNTimes(10, 10))
            .timeout(20, TimeUnit.SECONDS)
            .build();
    List<Future<Void>> workers = new ArrayList<>();
    for (CuratorFramework client : List.of(a, b, a, b)) {
      workers.add(
          curators.executor.submit(
              () -> {
                DistributedAtomicInteger value =
                    new DistributedAtomicInteger(client, path, new RetryNTimes(1, 1), lock);
                for (int round = 0; round < 10; round++)
                  check(value.add(3).succeeded(), "succeeded");
                return null;
              }));
    }
    for (Future<Void> worker : workers) worker.get(50, TimeUnit.SECONDS);
    equal(
        120,
        new DistributedAtomicInteger(a, path, new RetryNTimes(3, 10)).get().postValue(),
        "value");
  }

  private void persistentNode() throws Exception {
    String path = curators.path();
    try (Proxy proxy = new Proxy(curators.connect)) {
      CuratorFramework client = curators.open(proxy.connectString(), 1500);
      PersistentNode node =
          new PersistentNode(client, CreateMode.EPHEMERAL, false, path, "x".getBytes());
      node.start();
      check(node.waitForInitialCreate(20, TimeUnit.SECONDS), "created");
      b.delete().forPath(path);
      eventually("it to come back", 60_000, () -> b.checkExists().forPath(path) != null);
      long owner = b.checkExists().forPath(path).getEphemeralOwner();
      proxy.cut();
      eventually("it to go with its session", 60_000, () -> b.checkExists().forPath(path) == null);
      proxy.mend();
      eventually(
          "it to come back with a new session",
          30_000,
          () -> b.checkExists().forPath(path) != null);
      check(b.checkExists().forPath(path).getEphemeralOwner() != owner, "another owner");
      node.setData("y".getBytes());
      eventually("the new data", 60_000, () -> "y".equals(new String(b.getData().forPath(path))));
      node.close();
      eventually("it to go when closed", 60_000, () -> b.checkExists().forPath(path) == null);
    }
  }

  private void persistentTtlNode() throws Exception {
    String path = curators.path();
    PersistentTtlNode node = new PersistentTtlNode(a, path, 1500, "x".getBytes());
    node.start();
    check(node.waitForInitialCreate(20, TimeUnit.SECONDS), "created");
    long start = System.nanoTime();
    eventually(
        "three times its life to pass",
        20_000,
        () -> System.nanoTime() - start > TimeUnit.MILLISECONDS.toNanos(4500));
    check(b.checkExists().forPath(path) != null, "it lives");
    node.close();
    eventually("it to go when closed", 60_000, () -> b.checkExists().forPath(path) == null);
  }

  private void groupMember() throws Exception {
    String path = curators.path();
    GroupMember first = new GroupMember(a, path, "first", "1".getBytes());
    GroupMember second = new GroupMember(b, path, "second", "2".getBytes());
    first.start();
    second.start();
    eventually(
        "both to be seen",
        20_000,
        () -> first.getCurrentMembers().keySet().equals(Set.of("first", "second")));
    second.setThisData("3".getBytes());
    eventually(
        "the new data",
        20_000,
        () -> "3".equals(new String(first.getCurrentMembers().get("second"))));
    second.close();
    eventually(
        "the other to go",
        20_000,
        () -> first.getCurrentMembers().keySet().equals(Set.of("first")));
    first.close();
  }

  private static final class Text implements QueueSerializer<String> {
    @Override
    public byte[] serialize(String item) {
      return item.getBytes();
    }

    @Override
    public String deserialize(byte[] bytes) {
      return new String(bytes);
    }
  }

  private static final class Collector implements QueueConsumer<String> {
    final List<String> items = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void consumeMessage(String message) {
      items.add(message);
    }

    @Override
    public void stateChanged(CuratorFramework client, ConnectionState newState) {
      // The cases keep the connection.
    }
  }

  private void queue() throws Exception {
    String path = curators.path();
    Collector first = new Collector();
    Collector second = new Collector();
    try (DistributedQueue<String> producer =
            QueueBuilder.builder(a, (QueueConsumer<String>) null, new Text(), path).buildQueue();
        DistributedQueue<String> one =
            QueueBuilder.builder(a, first, new Text(), path).lockPath(path + "-lock").buildQueue();
        DistributedQueue<String> two =
            QueueBuilder.builder(b, second, new Text(), path)
                .lockPath(path + "-lock")
                .buildQueue()) {
      producer.start();
      one.start();
      two.start();
      for (int i = 0; i < 100; i++) producer.put("" + i);
      check(producer.flushPuts(20, TimeUnit.SECONDS), "all put");
      eventually("all consumed", 60_000, () -> first.items.size() + second.items.size() >= 100);
      List<String> all = new ArrayList<>(first.items);
      all.addAll(second.items);
      equal(100L, all.stream().distinct().count(), "items");
      equal(100, all.size(), "consumed once each");
    }
  }

  private void priorityQueue() throws Exception {
    String path = curators.path();
    Collector collector = new Collector();
    try (DistributedPriorityQueue<String> producer =
        QueueBuilder.builder(a, (QueueConsumer<String>) null, new Text(), path)
            .buildPriorityQueue(0)) {
      producer.start();
      for (int priority : new int[] {5, 1, 9, 3}) producer.put("p" + priority, priority);
      check(producer.flushPuts(20, TimeUnit.SECONDS), "all put");
      try (DistributedPriorityQueue<String> consumer =
          QueueBuilder.builder(b, collector, new Text(), path).buildPriorityQueue(0)) {
        consumer.start();
        eventually("all consumed", 60_000, () -> collector.items.size() == 4);
        equal(List.of("p1", "p3", "p5", "p9"), collector.items, "order");
      }
    }
  }

  private void idQueue() throws Exception {
    String path = curators.path();
    try (DistributedIdQueue<String> queue =
        QueueBuilder.builder(a, (QueueConsumer<String>) null, new Text(), path).buildIdQueue()) {
      queue.start();
      queue.put("one", "id-1");
      queue.put("two", "id-2");
      equal(1, queue.remove("id-1"), "removed");
      equal(0, queue.remove("id-1"), "removed again");
    }
  }

  private void simpleQueue() throws Exception {
    String path = curators.path();
    SimpleDistributedQueue first = new SimpleDistributedQueue(a, path);
    SimpleDistributedQueue second = new SimpleDistributedQueue(b, path);
    first.offer("1".getBytes());
    first.offer("2".getBytes());
    equal("1", new String(second.peek()), "peek");
    equal("1", new String(second.take()), "take");
    equal("2", new String(second.poll()), "poll");
    Future<byte[]> waiting = curators.executor.submit(() -> second.poll(60, TimeUnit.SECONDS));
    first.offer("3".getBytes());
    equal("3", new String(waiting.get(30, TimeUnit.SECONDS)), "awaited");
  }

  /** An instance as its id alone, so that no JSON library is needed. */
  private static final class IdSerializer implements InstanceSerializer<Void> {
    @Override
    public byte[] serialize(ServiceInstance<Void> instance) {
      return (instance.getName() + " " + instance.getId()).getBytes();
    }

    @Override
    public ServiceInstance<Void> deserialize(byte[] bytes) throws Exception {
      String[] parts = new String(bytes).split(" ");
      return ServiceInstance.<Void>builder()
          .name(parts[0])
          .id(parts[1])
          .address("127.0.0.1")
          .build();
    }
  }

  private void discovery() throws Exception {
    String path = curators.path();
    try (ServiceDiscovery<Void> first =
            ServiceDiscoveryBuilder.builder(Void.class)
                .client(a)
                .basePath(path)
                .serializer(new IdSerializer())
                .build();
        ServiceDiscovery<Void> second =
            ServiceDiscoveryBuilder.builder(Void.class)
                .client(b)
                .basePath(path)
                .serializer(new IdSerializer())
                .build()) {
      first.start();
      second.start();
      ServiceInstance<Void> instance =
          ServiceInstance.<Void>builder().name("service").id("one").address("127.0.0.1").build();
      first.registerService(instance);
      equal(Set.of("service"), Set.copyOf(second.queryForNames()), "names");
      try (ServiceCache<Void> cache = second.serviceCacheBuilder().name("service").build()) {
        cache.start();
        eventually("the instance in the cache", 60_000, () -> cache.getInstances().size() == 1);
        first.unregisterService(instance);
        eventually("it to go", 60_000, () -> cache.getInstances().isEmpty());
      }
    }
  }

  private void connectionStates() throws Exception {
    try (Proxy proxy = new Proxy(curators.connect)) {
      CuratorFramework client = curators.open(proxy.connectString(), 1500);
      List<ConnectionState> states = Collections.synchronizedList(new ArrayList<>());
      client
          .getConnectionStateListenable()
          .addListener(
              (from, state) -> {
                // The first connection may be told late, to a listener that was added after it.
                if (state != ConnectionState.CONNECTED) states.add(state);
              });
      proxy.cut();
      eventually("suspension", 60_000, () -> states.contains(ConnectionState.SUSPENDED));
      eventually("loss", 60_000, () -> states.contains(ConnectionState.LOST));
      proxy.mend();
      eventually("reconnection", 60_000, () -> states.contains(ConnectionState.RECONNECTED));
      equal(
          List.of(ConnectionState.SUSPENDED, ConnectionState.LOST, ConnectionState.RECONNECTED),
          states,
          "states");
    }
  }
}
