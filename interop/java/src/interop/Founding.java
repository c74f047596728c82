package interop;

import static interop.Cases.check;
import static interop.Cases.equal;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/**
 * The program that the project was founded for: a session without a watcher; one znode created,
 * read, written and deleted.
 */
public final class Founding {
  private static final byte[] FIRST = "my_data".getBytes(StandardCharsets.UTF_8);
  private static final byte[] SECOND = "new_data".getBytes(StandardCharsets.UTF_8);

  private ZooKeeper zooKeeper;

  public static void main(String[] args) {
    Founding founding = new Founding();
    Cases cases = new Cases();
    cases.run(
        "new ZooKeeper(connectString, 3000, null)",
        () -> founding.zooKeeper = new ZooKeeper(args[0], 3000, null));
    cases.run("create /my_znode", founding::create);
    cases.run(
        "getData gives what was created",
        () -> equal("my_data", founding.read(new Stat()), "data"));
    cases.run(
        "setData gives version 1",
        () -> equal(1, founding.zooKeeper.setData("/my_znode", SECOND, 0).getVersion(), "version"));
    cases.run("getData gives what was set", founding::readAgain);
    cases.run("delete /my_znode", () -> founding.zooKeeper.delete("/my_znode", -1));
    cases.run("getData of a deleted znode is NoNode", founding::readDeleted);
    cases.run("close", () -> founding.zooKeeper.close());
    cases.run("a new session does not see the deleted znode", () -> newSession(args[0]));
    cases.end();
  }

  private void create() throws Exception {
    String path =
        zooKeeper.create("/my_znode", FIRST, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    equal("/my_znode", path, "created path");
  }

  private String read(Stat stat) throws Exception {
    return new String(zooKeeper.getData("/my_znode", false, stat), StandardCharsets.UTF_8);
  }

  private void readAgain() throws Exception {
    Stat stat = new Stat();
    equal("new_data", read(stat), "data");
    equal(SECOND.length, stat.getDataLength(), "dataLength");
    check(stat.getMzxid() > stat.getCzxid(), "mzxid is later than czxid: " + stat);
  }

  private void readDeleted() throws Exception {
    Cases.raises(KeeperException.NoNodeException.class, () -> read(new Stat()));
  }

  private static void newSession(String connectString) throws Exception {
    try (ZooKeeper other = new ZooKeeper(connectString, 3000, null)) {
      equal(List.of("zookeeper"), other.getChildren("/", false), "children of the root");
    }
  }
}
