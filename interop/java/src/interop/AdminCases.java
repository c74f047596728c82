package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.raises;

import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.StatsTrack;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.Stat;

/** What administrators ask for: the configuration, its change, quotas. */
final class AdminCases {
  private final String connect;
  private final Client client;

  AdminCases(String connect) throws Exception {
    this.connect = connect;
    this.client = new Client(connect);
  }

  void addTo(Cases cases) throws Exception {
    cases.run("getConfig", this::config);
    cases.run("reconfig is refused", this::reconfig);
    cases.run("a quota keeps its statistics", this::quota);
    cases.run("a hard quota refuses", this::hardQuota);
    client.close();
  }

  private void config() throws Exception {
    byte[] data = client.zk.getConfig(false, new Stat());
    String text = data == null ? "" : new String(data);
    if (Servers.arrangement() == Servers.STANDALONE) equal("", text, "configuration");
    else
      check(
          text.matches("(server\\.\\d+=[^\n]+:(participant|observer)[^\n]*\n){2,}version=\\d+"),
          "the configuration of an ensemble: " + text);
    client.zk.getConfig(true, null);
  }

  private void reconfig() throws Exception {
    try (ZooKeeperAdmin admin = new ZooKeeperAdmin(connect, Client.TIMEOUT_MS, (event) -> {})) {
      raises(
          KeeperException.ReconfigDisabledException.class,
          () -> admin.reconfigure("server.5=127.0.0.1:1:2;3", null, null, -1, null));
    }
  }

  private StatsTrack stats(String root) throws Exception {
    return new StatsTrack(
        client.zk.getData("/zookeeper/quota" + root + "/zookeeper_stats", false, null));
  }

  private void limit(String root, StatsTrack limits) throws Exception {
    org.apache.zookeeper.cli.SetQuotaCommand.createQuota(client.zk, root, limits);
  }

  private void quota() throws Exception {
    String root = client.root();
    StatsTrack limits = new StatsTrack();
    limits.setCount(3);
    limits.setBytes(100);
    limit(root, limits);
    client.create(root + "/a");
    client.set(root + "/a", "12345");
    client.create(root + "/a/b");
    equal(3L, stats(root).getCount(), "count");
    equal(5L, stats(root).getBytes(), "bytes");
    client.create(root + "/c");
    client.zk.delete(root + "/a/b", -1);
    client.zk.delete(root + "/a", -1);
    equal(
        2L,
        stats(root).getCount(),
        "count after deletions, over which a soft limit does not matter");
    equal(0L, stats(root).getBytes(), "bytes after deletions");
    check(
        org.apache.zookeeper.cli.DelQuotaCommand.delQuota(client.zk, root, null),
        "the quota was deleted");
    check(!client.has("/zookeeper/quota" + root), "nothing is left of it");
  }

  private void hardQuota() throws Exception {
    String root = client.root();
    StatsTrack limits = new StatsTrack();
    limits.setCountHardLimit(3);
    limits.setByteHardLimit(10);
    limit(root, limits);
    client.create(root + "/a");
    client.create(root + "/b");
    raises(KeeperException.QuotaExceededException.class, () -> client.create(root + "/c"));
    client.set(root + "/a", "1234567890");
    raises(KeeperException.QuotaExceededException.class, () -> client.set(root + "/b", "1"));
    client.zk.delete(root + "/a", -1);
    client.zk.create(
        root + "/d", Client.bytes("1234567890"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
  }
}
