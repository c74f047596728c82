package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.raises;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.Stat;

/** Transactions of many operations, and many reads in one request. */
final class MultiCases {
  private final Client client;

  MultiCases(String connect) throws Exception {
    this.client = new Client(connect);
  }

  void addTo(Cases cases) throws Exception {
    cases.run("multi applies all operations under one zxid", this::success);
    cases.run("multi with one refusal applies nothing and tells which", this::failure);
    cases.run("operations of a multi see those before them", this::order);
    cases.run("sequential and ephemeral znodes in a multi", this::modes);
    cases.run(
        "an empty multi is answered",
        () -> equal(List.of(), client.zk.multi(List.of()), "results"));
    cases.run("a transaction object commits", this::transaction);
    cases.run("multi of reads gives each its own answer", this::reads);
    cases.run("multi of 2,000 creations", this::large);
    client.close();
  }

  private static Op create(String path) {
    return create(path, CreateMode.PERSISTENT);
  }

  private static Op create(String path, CreateMode mode) {
    return Op.create(path, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, mode);
  }

  private void success() throws Exception {
    String root = client.root();
    List<OpResult> results =
        client.zk.multi(
            List.of(
                create(root + "/a"),
                create(root + "/b"),
                Op.setData(root + "/a", Client.bytes("x"), 0),
                Op.check(root + "/a", 1),
                Op.delete(root + "/b", 0)));
    equal(
        "CreateResult SetDataResult CheckResult",
        Stream.of(0, 2, 3)
            .map((index) -> results.get(index).getClass().getSimpleName())
            .collect(Collectors.joining(" ")),
        "kinds");
    equal(root + "/a", ((OpResult.CreateResult) results.get(0)).getPath(), "created path");
    Stat stat = client.stat(root + "/a");
    equal(stat, ((OpResult.SetDataResult) results.get(2)).getStat(), "Stat of the write");
    equal(stat.getCzxid(), stat.getMzxid(), "one zxid for creation and write");
    equal(stat.getCzxid(), client.stat(root).getPzxid(), "and for the parent");
    equal(List.of("a"), client.zk.getChildren(root, false), "children");
  }

  private void failure() throws Exception {
    String root = client.root();
    KeeperException refused =
        raises(
            KeeperException.BadVersionException.class,
            () ->
                client.zk.multi(
                    List.of(create(root + "/a"), Op.check(root, 5), create(root + "/b"))));
    List<Integer> codes =
        refused.getResults().stream()
            .map((result) -> ((OpResult.ErrorResult) result).getErr())
            .collect(Collectors.toList());
    equal(
        List.of(
            0,
            KeeperException.Code.BADVERSION.intValue(),
            KeeperException.Code.RUNTIMEINCONSISTENCY.intValue()),
        codes,
        "codes");
    equal(List.of(), client.zk.getChildren(root, false), "children");
    equal(0, client.stat(root).getCversion(), "cversion");
  }

  private void order() throws Exception {
    String root = client.root();
    client.zk.multi(
        List.of(
            create(root + "/a"),
            create(root + "/a/b"),
            Op.delete(root + "/a/b", 0),
            Op.delete(root + "/a", 0),
            create(root + "/a"),
            Op.setData(root + "/a", Client.bytes("1"), 0),
            Op.setData(root + "/a", Client.bytes("2"), 1)));
    equal("2", client.get(root + "/a"), "data");
    equal(2, client.stat(root + "/a").getVersion(), "version");
    raises(
        KeeperException.NodeExistsException.class,
        () -> client.zk.multi(List.of(create(root + "/c"), create(root + "/c"))));
    raises(
        KeeperException.NotEmptyException.class,
        () -> client.zk.multi(List.of(create(root + "/a/x"), Op.delete(root + "/a", -1))));
  }

  private void modes() throws Exception {
    String root = client.root();
    List<OpResult> results =
        client.zk.multi(
            List.of(
                create(root + "/s-", CreateMode.PERSISTENT_SEQUENTIAL),
                create(root + "/s-", CreateMode.EPHEMERAL_SEQUENTIAL),
                create(root + "/e", CreateMode.EPHEMERAL)));
    equal(root + "/s-0000000000", ((OpResult.CreateResult) results.get(0)).getPath(), "first");
    equal(root + "/s-0000000001", ((OpResult.CreateResult) results.get(1)).getPath(), "second");
    equal(client.zk.getSessionId(), client.stat(root + "/e").getEphemeralOwner(), "ephemeralOwner");
  }

  private void transaction() throws Exception {
    String root = client.root();
    List<OpResult> results =
        client
            .zk
            .transaction()
            .create(
                root + "/t", Client.bytes("x"), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)
            .check(root, 0)
            .setData(root, Client.bytes("y"), 0)
            .commit();
    equal(3, results.size(), "results");
    equal("y", client.get(root), "data");
  }

  private void reads() throws Exception {
    String root = client.root();
    client.create(root + "/child");
    client.set(root, "data");
    List<OpResult> results =
        client.zk.multi(
            List.of(Op.getData(root), Op.getChildren(root), Op.getData(root + "/missing")));
    OpResult.GetDataResult data = (OpResult.GetDataResult) results.get(0);
    equal("data", new String(data.getData()), "data");
    equal(client.stat(root), data.getStat(), "Stat");
    equal(
        List.of("child"), ((OpResult.GetChildrenResult) results.get(1)).getChildren(), "children");
    equal(
        KeeperException.Code.NONODE.intValue(),
        ((OpResult.ErrorResult) results.get(2)).getErr(),
        "code");
  }

  private void large() throws Exception {
    String root = client.root();
    client.zk.multi(
        Stream.iterate(0, (number) -> number + 1)
            .limit(2000)
            .map((number) -> create(root + "/" + number))
            .collect(Collectors.toList()));
    equal(2000, client.stat(root).getNumChildren(), "numChildren");
    equal(2000, client.stat(root).getCversion(), "cversion");
    check(
        client.stat(root + "/0").getCzxid() == client.stat(root + "/1999").getCzxid(), "one zxid");
  }
}
