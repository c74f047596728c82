package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.eventually;
import static interop.Cases.raises;

import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.data.Stat;

/** Container znodes and those with a time to live. The server looks for them every 500 ms. */
final class LifetimeCases {
  private static final long REAP_TIMEOUT_MS = 60_000;

  private final Client client;

  LifetimeCases(String connect) throws Exception {
    this.client = new Client(connect);
  }

  void addTo(Cases cases) throws Exception {
    cases.run("a container goes after its last child", this::container);
    cases.run(
        "a container that never had a child stays, and one with a child too", this::keptContainers);
    cases.run("a container fires the watches on it when it goes", this::containerWatch);
    cases.run("a znode goes when its time to live is over", this::ttl);
    cases.run(
        "a znode with children outlives its time, until they are gone", this::ttlWithChildren);
    cases.run("a write prolongs the time to live", this::ttlProlonged);
    cases.run("sequential znodes with a time to live", this::ttlSequential);
    cases.run("a time to live out of range is refused", this::badTtl);
    cases.run("containers and TTL znodes in a multi", this::multi);
    client.close();
  }

  private String createTtl(String path, long ttlMs, CreateMode mode) throws Exception {
    return client.zk.create(path, null, Ids.OPEN_ACL_UNSAFE, mode, new Stat(), ttlMs);
  }

  private void container() throws Exception {
    String path = client.create(client.root() + "/container", CreateMode.CONTAINER);
    equal(0L, client.stat(path).getEphemeralOwner(), "ephemeralOwner that clients see");
    client.create(path + "/child");
    client.zk.delete(path + "/child", -1);
    eventually("the container to go", REAP_TIMEOUT_MS, () -> !client.has(path));
  }

  private void keptContainers() throws Exception {
    String root = client.root();
    String unused = client.create(root + "/unused", CreateMode.CONTAINER);
    String used = client.create(root + "/used", CreateMode.CONTAINER);
    String full = client.create(root + "/full", CreateMode.CONTAINER);
    client.create(full + "/child");
    client.create(used + "/child");
    client.zk.delete(used + "/child", -1);
    eventually("the used container to go", REAP_TIMEOUT_MS, () -> !client.has(used));
    check(client.has(unused), "the unused one stays");
    check(client.has(full), "the full one stays");
  }

  private void containerWatch() throws Exception {
    String path = client.create(client.root() + "/container", CreateMode.CONTAINER);
    client.create(path + "/child");
    client.zk.exists(path, true);
    client.zk.delete(path + "/child", -1);
    client.expectEvent("NodeDeleted " + path);
  }

  private void ttl() throws Exception {
    String root = client.root();
    String path = createTtl(root + "/ttl", 700, CreateMode.PERSISTENT_WITH_TTL);
    equal(0L, client.stat(path).getEphemeralOwner(), "ephemeralOwner that clients see");
    String longer = createTtl(root + "/longer", 600_000, CreateMode.PERSISTENT_WITH_TTL);
    long created = client.stat(path).getMtime();
    eventually("the znode to go", REAP_TIMEOUT_MS, () -> !client.has(path));
    check(System.currentTimeMillis() - created >= 700, "not before its time");
    check(client.has(longer), "the longer one stays");
  }

  private void ttlWithChildren() throws Exception {
    String path = createTtl(client.root() + "/ttl", 100, CreateMode.PERSISTENT_WITH_TTL);
    client.create(path + "/child");
    String other = createTtl(client.root() + "/other", 1200, CreateMode.PERSISTENT_WITH_TTL);
    eventually("a later one to go", REAP_TIMEOUT_MS, () -> !client.has(other));
    check(client.has(path), "the one with a child is there");
    client.zk.delete(path + "/child", -1);
    eventually("the znode to go", REAP_TIMEOUT_MS, () -> !client.has(path));
  }

  private void ttlProlonged() throws Exception {
    String path = createTtl(client.root() + "/ttl", 1500, CreateMode.PERSISTENT_WITH_TTL);
    long start = client.stat(path).getCtime();
    eventually(
        "writes over 3 s",
        10_000,
        () -> {
          client.set(path, "again");
          return System.currentTimeMillis() - start > 3000;
        });
    check(client.has(path), "it lives");
    eventually("the znode to go", REAP_TIMEOUT_MS, () -> !client.has(path));
  }

  private void ttlSequential() throws Exception {
    String root = client.root();
    String path = createTtl(root + "/t-", 500, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL);
    equal(root + "/t-0000000000", path, "path");
    eventually("the znode to go", REAP_TIMEOUT_MS, () -> !client.has(path));
  }

  private void badTtl() throws Exception {
    String root = client.root();
    raises(
        IllegalArgumentException.class,
        () -> createTtl(root + "/ttl", 0, CreateMode.PERSISTENT_WITH_TTL));
    raises(
        IllegalArgumentException.class,
        () -> createTtl(root + "/ttl", 1L << 40, CreateMode.PERSISTENT_WITH_TTL));
    check(!client.has(root + "/ttl"), "nothing was created");
  }

  private void multi() throws Exception {
    String root = client.root();
    client.zk.multi(
        List.of(
            Op.create(root + "/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER),
            Op.create(root + "/c/child", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
            Op.create(
                root + "/t", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 500)));
    raises(KeeperException.NotEmptyException.class, () -> client.zk.delete(root + "/c", -1));
    client.zk.delete(root + "/c/child", -1);
    eventually("both to go", REAP_TIMEOUT_MS, () -> client.zk.getChildren(root, false).isEmpty());
  }
}
