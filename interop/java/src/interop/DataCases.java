package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.raises;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.Stat;

/** Znodes, their data, Stat and children. */
final class DataCases {
  private final String connect;
  private final Client client;

  DataCases(String connect) throws Exception {
    this.connect = connect;
    this.client = new Client(connect);
  }

  void addTo(Cases cases) throws Exception {
    cases.run("Stat of a fresh znode", this::freshStat);
    cases.run("Stat given by create is the one that exists gives", this::createWithStat);
    cases.run(
        "create refuses an existing path, a missing parent, and a child of an ephemeral",
        this::createRefusals);
    cases.run(
        "sequence numbers count on, whatever the name and whatever was deleted", this::sequence);
    cases.run("setData checks the version and counts it", this::setData);
    cases.run("delete checks the version, children and existence", this::delete);
    cases.run("null data and empty data differ", this::nullData);
    cases.run("a megabyte of data comes back", this::megabyte);
    cases.run(
        "a request beyond jute.maxbuffer costs the connection, not the session", this::tooLarge);
    cases.run("children and their count, 1,000 of them", this::children);
    cases.run("cversion and pzxid follow the children, not the data", this::childVersions);
    cases.run(
        "exists of a missing path is null", () -> equal(null, client.stat("/nowhere"), "Stat"));
    cases.run("paths may hold any letters", this::unicode);
    cases.run("a path 120 levels deep", this::deep);
    cases.run("the root can be read and written, not deleted", this::root);
    cases.run("the server's own znodes", this::serverNodes);
    cases.run("getEphemerals lists this session's ephemeral znodes by prefix", this::ephemerals);
    cases.run("another session sees a write after sync", this::sync);
    client.close();
  }

  private void freshStat() throws Exception {
    long before = System.currentTimeMillis();
    String path = client.root();
    client.set("/", "x");
    Stat stat = client.stat(path);
    equal(stat.getCzxid(), stat.getMzxid(), "mzxid");
    equal(stat.getCzxid(), stat.getPzxid(), "pzxid");
    equal(stat.getCtime(), stat.getMtime(), "mtime");
    check(
        Math.abs(stat.getCtime() - before) < 60_000,
        "ctime is the time of day: " + stat.getCtime());
    equal(
        "0 0 0 0 0 0",
        stat.getVersion()
            + " "
            + stat.getCversion()
            + " "
            + stat.getAversion()
            + " "
            + stat.getEphemeralOwner()
            + " "
            + stat.getDataLength()
            + " "
            + stat.getNumChildren(),
        "counters");
  }

  private void createWithStat() throws Exception {
    String path = client.root() + "/node";
    Stat stat = new Stat();
    client.zk.create(
        path, Client.bytes("data"), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, stat);
    equal(client.stat(path), stat, "Stat");
    equal(4, stat.getDataLength(), "dataLength");
    Stat sequential = new Stat();
    String name =
        client.zk.create(
            path, null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL, sequential);
    equal(client.stat(name), sequential, "Stat of the sequential one");
    equal(client.zk.getSessionId(), sequential.getEphemeralOwner(), "ephemeralOwner");
  }

  private void createRefusals() throws Exception {
    String root = client.root();
    KeeperException exists =
        raises(KeeperException.NodeExistsException.class, () -> client.create(root));
    equal(root, exists.getPath(), "path of the exception");
    raises(KeeperException.NoNodeException.class, () -> client.create(root + "/missing/child"));
    client.create(root + "/ephemeral", CreateMode.EPHEMERAL);
    raises(
        KeeperException.NoChildrenForEphemeralsException.class,
        () -> client.create(root + "/ephemeral/child"));
  }

  private void sequence() throws Exception {
    String root = client.root();
    equal(
        root + "/a-0000000000",
        client.create(root + "/a-", CreateMode.PERSISTENT_SEQUENTIAL),
        "first");
    equal(
        root + "/b-0000000001",
        client.create(root + "/b-", CreateMode.EPHEMERAL_SEQUENTIAL),
        "other name");
    client.create(root + "/plain");
    equal(
        root + "/0000000003",
        client.create(root + "/", CreateMode.PERSISTENT_SEQUENTIAL),
        "no name, after a plain one");
    client.zk.delete(root + "/0000000003", -1);
    equal(
        root + "/a-0000000004",
        client.create(root + "/a-", CreateMode.PERSISTENT_SEQUENTIAL),
        "after a deletion");
  }

  private void setData() throws Exception {
    String path = client.root();
    Stat first = client.zk.setData(path, Client.bytes("one"), 0);
    equal(1, first.getVersion(), "version");
    check(first.getMzxid() > first.getCzxid(), "mzxid moved");
    equal(client.stat(path), first, "Stat");
    raises(
        KeeperException.BadVersionException.class,
        () -> client.zk.setData(path, Client.bytes("two"), 0));
    raises(KeeperException.NoNodeException.class, () -> client.set(path + "/missing", "x"));
    equal(2, client.set(path, "three").getVersion(), "version after any-version write");
    equal("three", client.get(path), "data");
  }

  private void delete() throws Exception {
    String root = client.root();
    String child = client.create(root + "/child");
    raises(KeeperException.NotEmptyException.class, () -> client.zk.delete(root, -1));
    raises(KeeperException.BadVersionException.class, () -> client.zk.delete(child, 7));
    client.zk.delete(child, 0);
    raises(KeeperException.NoNodeException.class, () -> client.zk.delete(child, -1));
    client.zk.delete(root, -1);
    check(!client.has(root), "the root is gone");
  }

  private void nullData() throws Exception {
    String root = client.root();
    client.zk.create(root + "/null", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    client.zk.create(
        root + "/empty", new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    equal(null, client.zk.getData(root + "/null", false, null), "null data");
    equal(0, client.zk.getData(root + "/empty", false, null).length, "length of empty data");
    client.zk.setData(root + "/empty", null, -1);
    equal(null, client.zk.getData(root + "/empty", false, null), "data set to null");
    equal(0, client.stat(root + "/empty").getDataLength(), "dataLength");
  }

  private void megabyte() throws Exception {
    String path = client.root() + "/large";
    byte[] data = new byte[1_000_000];
    new Random(7).nextBytes(data);
    client.zk.create(path, data, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    check(Arrays.equals(data, client.zk.getData(path, false, null)), "the same bytes come back");
    equal(data.length, client.stat(path).getDataLength(), "dataLength");
  }

  private void tooLarge() throws Exception {
    try (Client other = new Client(connect)) {
      String root = other.root();
      String ephemeral = other.create(root + "/ephemeral", CreateMode.EPHEMERAL);
      raises(
          KeeperException.ConnectionLossException.class,
          () ->
              other.zk.create(
                  root + "/large",
                  new byte[2_000_000],
                  ZooDefs.Ids.OPEN_ACL_UNSAFE,
                  CreateMode.PERSISTENT));
      other.awaitState(KeeperState.Disconnected);
      other.awaitState(KeeperState.SyncConnected);
      equal(
          other.zk.getSessionId(),
          other.stat(ephemeral).getEphemeralOwner(),
          "owner of the ephemeral");
      check(!other.has(root + "/large"), "nothing was created");
    }
  }

  private void children() throws Exception {
    String root = client.root();
    TreeSet<String> expected = new TreeSet<>();
    for (int i = 0; i < 1000; i++) {
      String name = "child-" + i;
      expected.add(name);
      client.zk.create(
          root + "/" + name,
          null,
          ZooDefs.Ids.OPEN_ACL_UNSAFE,
          CreateMode.PERSISTENT,
          (code, path, context, made) -> {},
          null);
    }
    client.create(root + "/child-0/grandchild");
    Stat stat = new Stat();
    equal(expected, new TreeSet<>(client.zk.getChildren(root, false, stat)), "children");
    equal(client.stat(root), stat, "Stat of getChildren");
    equal(1000, stat.getNumChildren(), "numChildren");
    equal(1001, client.zk.getAllChildrenNumber(root), "all below");
    equal(List.of(), client.zk.getChildren(root + "/child-1", false), "children of a leaf");
    raises(
        KeeperException.NoNodeException.class,
        () -> client.zk.getChildren(root + "/missing", false));
  }

  private void childVersions() throws Exception {
    String root = client.root();
    client.create(root + "/a");
    client.create(root + "/b");
    client.zk.delete(root + "/a", -1);
    client.set(root + "/b", "data");
    Stat stat = client.stat(root);
    equal(3, stat.getCversion(), "cversion");
    equal(0, stat.getVersion(), "version");
    equal(1, stat.getNumChildren(), "numChildren");
    Stat child = client.stat(root + "/b");
    check(stat.getPzxid() > child.getCzxid(), "pzxid is the deletion's");
    equal(child.getMzxid() - 1, stat.getPzxid(), "pzxid");
  }

  private void unicode() throws Exception {
    String root = client.root();
    List<String> names = List.of("größe", "日本語", "with space", "a:b,c;d=e", "..dots..", "ꯍ");
    for (String name : names) client.create(root + "/" + name);
    equal(new TreeSet<>(names), new TreeSet<>(client.zk.getChildren(root, false)), "children");
    for (String name : names) client.zk.delete(root + "/" + name, 0);
  }

  private void deep() throws Exception {
    List<String> made = new ArrayList<>();
    String path = client.root();
    for (int i = 0; i < 120; i++) {
      path = client.create(path + "/level" + i);
      made.add(path);
    }
    check(client.has(path), "the deepest is there");
    for (int i = made.size() - 1; i >= 0; i--) client.zk.delete(made.get(i), 0);
  }

  private void root() throws Exception {
    client.set("/", "root data");
    equal("root data", client.get("/"), "data of the root");
    raises(KeeperException.BadArgumentsException.class, () -> client.zk.delete("/", -1));
    raises(KeeperException.NodeExistsException.class, () -> client.create("/"));
  }

  private void serverNodes() throws Exception {
    equal(
        new TreeSet<>(List.of("config", "quota")),
        new TreeSet<>(client.zk.getChildren("/zookeeper", false)),
        "children of /zookeeper");
    raises(KeeperException.BadArgumentsException.class, () -> client.zk.delete("/zookeeper", -1));
    raises(KeeperException.NoAuthException.class, () -> client.set("/zookeeper/config", "x"));
  }

  private void ephemerals() throws Exception {
    try (Client other = new Client(connect)) {
      String root = other.root();
      other.create(root + "/a", CreateMode.EPHEMERAL);
      other.create(root + "/b", CreateMode.EPHEMERAL);
      other.create("/elsewhere", CreateMode.EPHEMERAL);
      equal(
          new TreeSet<>(List.of(root + "/a", root + "/b")),
          new TreeSet<>(other.zk.getEphemerals(root)),
          "below the root");
      equal(3, other.zk.getEphemerals().size(), "all of this session");
      equal(List.of(), client.zk.getEphemerals(root), "of the other session");
    }
  }

  private void sync() throws Exception {
    String path = client.root();
    try (Client other = new Client(connect)) {
      for (int i = 0; i < 50; i++) {
        client.set(path, "value " + i);
        other.zk.sync(path, (code, synced, context) -> {}, null);
        equal("value " + i, other.get(path), "data");
      }
    }
  }
}
