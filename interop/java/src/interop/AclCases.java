package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.raises;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;

/** Authentication and access control. The server knows the super user super:admin. */
final class AclCases {
  private final String connect;
  private final Client anyone;

  AclCases(String connect) throws Exception {
    this.connect = connect;
    this.anyone = new Client(connect);
  }

  void addTo(Cases cases) throws Exception {
    cases.run("a digest ACL keeps others out and lets the user in", this::digest);
    cases.run("each permission guards its operations", this::permissions);
    cases.run("the auth scheme stands for all identities of the session", this::auth);
    cases.run("an ip ACL, with and without mask", this::ip);
    cases.run("setACL checks aversion and counts it", this::setAcl);
    cases.run("getACL hides digests from readers", this::hiddenDigest);
    cases.run("invalid ACLs are refused", this::invalid);
    cases.run("the super user may do anything", this::superUser);
    cases.run("whoAmI tells the identities", this::whoAmI);
    cases.run("an unknown scheme fails the authentication", this::unknownScheme);
    cases.run("identities come back after a reconnect", this::afterReconnect);
    cases.run("anyone may read the ACL list that a session created", this::aclRoundTrip);
    anyone.close();
  }

  private static Id user(String name) throws Exception {
    return new Id("digest", DigestAuthenticationProvider.generateDigest(name + ":secret"));
  }

  private Client login(String... names) throws Exception {
    Client client = new Client(connect);
    for (String name : names) client.zk.addAuthInfo("digest", Client.bytes(name + ":secret"));
    return client;
  }

  private String guarded(ACL... acl) throws Exception {
    return anyone.zk.create(
        anyone.root() + "/guarded",
        Client.bytes("secret"),
        Arrays.asList(acl),
        CreateMode.PERSISTENT);
  }

  private void digest() throws Exception {
    String path = guarded(new ACL(Perms.ALL, user("alice")));
    raises(KeeperException.NoAuthException.class, () -> anyone.get(path));
    try (Client mallory = login("mallory");
        Client alice = login("alice")) {
      raises(KeeperException.NoAuthException.class, () -> mallory.get(path));
      equal("secret", alice.get(path), "data");
      check(alice.has(path), "the user sees it");
      raises(KeeperException.NoAuthException.class, () -> anyone.has(path));
    }
  }

  private void permissions() throws Exception {
    Object[][] rows = {
      {Perms.READ, "read"},
      {Perms.WRITE, "write"},
      {Perms.CREATE, "create"},
      {Perms.DELETE, "delete"},
      {Perms.ADMIN, "admin"}
    };
    for (Object[] row : rows) {
      String path =
          guarded(new ACL((int) row[0], Ids.ANYONE_ID_UNSAFE), new ACL(Perms.ALL, user("alice")));
      try (Client alice = login("alice")) {
        alice.create(path + "/child");
      }
      StringBuilder allowed = new StringBuilder();
      if (may(() -> anyone.get(path))) allowed.append("read");
      if (may(() -> anyone.set(path, "x"))) allowed.append("write");
      if (may(() -> anyone.create(path + "/other"))) allowed.append("create");
      if (may(() -> anyone.zk.delete(path + "/child", -1))) allowed.append("delete");
      if (may(() -> anyone.zk.setACL(path, Ids.OPEN_ACL_UNSAFE, -1))) allowed.append("admin");
      equal(row[1], allowed.toString(), "what is allowed");
    }
  }

  private static boolean may(Cases.Body body) throws Exception {
    try {
      body.run();
      return true;
    } catch (KeeperException.NoAuthException refused) {
      return false;
    }
  }

  private void auth() throws Exception {
    try (Client both = login("alice", "bob");
        Client bob = login("bob")) {
      String path = both.root() + "/node";
      both.zk.create(path, Client.bytes("x"), Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
      equal(
          List.of(new ACL(Perms.ALL, user("alice")), new ACL(Perms.ALL, user("bob"))),
          both.zk.getACL(path, null),
          "ACL");
      equal("x", bob.get(path), "data");
      raises(KeeperException.NoAuthException.class, () -> anyone.get(path));
    }
    raises(
        KeeperException.InvalidACLException.class,
        () ->
            anyone.zk.create(
                anyone.root() + "/node", null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT));
  }

  private void ip() throws Exception {
    String here = guarded(new ACL(Perms.READ, new Id("ip", "127.0.0.1")));
    equal("secret", anyone.get(here), "data");
    String net = guarded(new ACL(Perms.READ, new Id("ip", "127.0.0.0/8")));
    equal("secret", anyone.get(net), "data");
    String elsewhere = guarded(new ACL(Perms.ALL, new Id("ip", "10.0.0.0/8")));
    raises(KeeperException.NoAuthException.class, () -> anyone.get(elsewhere));
  }

  private void setAcl() throws Exception {
    String path = anyone.root();
    Stat stat = anyone.zk.setACL(path, Ids.READ_ACL_UNSAFE, 0);
    equal(1, stat.getAversion(), "aversion");
    equal(stat, anyone.stat(path), "Stat");
    Stat read = new Stat();
    equal(Ids.READ_ACL_UNSAFE, anyone.zk.getACL(path, read), "ACL");
    equal(stat, read, "Stat of getACL");
    raises(
        KeeperException.NoAuthException.class,
        () -> anyone.zk.setACL(path, Ids.OPEN_ACL_UNSAFE, 1));
    String open = anyone.root();
    raises(
        KeeperException.BadVersionException.class,
        () -> anyone.zk.setACL(open, Ids.OPEN_ACL_UNSAFE, 7));
    raises(KeeperException.NoNodeException.class, () -> anyone.zk.getACL(open + "/missing", null));
  }

  private void hiddenDigest() throws Exception {
    String path =
        guarded(new ACL(Perms.READ, Ids.ANYONE_ID_UNSAFE), new ACL(Perms.ALL, user("alice")));
    String seen =
        anyone.zk.getACL(path, null).stream()
            .map((acl) -> acl.getId().getId())
            .collect(Collectors.joining(" "));
    equal("anyone alice:x", seen, "ids");
    try (Client alice = login("alice")) {
      equal(user("alice"), alice.zk.getACL(path, null).get(1).getId(), "id as the user sees it");
    }
  }

  private void invalid() throws Exception {
    String root = anyone.root();
    List<Id> ids =
        List.of(
            new Id("nonsense", "x"),
            new Id("digest", "no-colon"),
            new Id("ip", "not an address"),
            new Id("world", "someone"));
    for (Id id : ids) {
      List<ACL> acl = Arrays.asList(new ACL(Perms.ALL, id));
      raises(
          KeeperException.InvalidACLException.class,
          () -> anyone.zk.create(root + "/node", null, acl, CreateMode.PERSISTENT));
    }
  }

  private void superUser() throws Exception {
    String path = guarded(new ACL(Perms.READ, user("alice")));
    try (Client root = new Client(connect)) {
      root.zk.addAuthInfo("digest", Client.bytes("super:admin"));
      equal("secret", root.get(path), "data");
      root.set(path, "changed");
      root.zk.setACL(path, Ids.OPEN_ACL_UNSAFE, -1);
    }
    equal("changed", anyone.get(path), "data");
  }

  private void whoAmI() throws Exception {
    try (Client client = login("alice")) {
      List<String> found =
          client.zk.whoAmI().stream()
              .map((ClientInfo info) -> info.getAuthScheme() + ":" + info.getUser())
              .sorted()
              .collect(Collectors.toList());
      equal(List.of("digest:alice", "ip:127.0.0.1"), found, "identities");
    }
  }

  private void unknownScheme() throws Exception {
    try (Client client = new Client(connect)) {
      client.zk.addAuthInfo("nonsense", new byte[0]);
      client.awaitState(KeeperState.AuthFailed);
      raises(KeeperException.AuthFailedException.class, () -> client.stat("/"));
    }
  }

  private void afterReconnect() throws Exception {
    String path = guarded(new ACL(Perms.ALL, user("alice")));
    try (Proxy proxy = new Proxy(connect);
        Client client = new Client(proxy.connectString())) {
      client.zk.addAuthInfo("digest", Client.bytes("alice:secret"));
      equal("secret", client.get(path), "data");
      proxy.cut();
      client.awaitState(KeeperState.Disconnected);
      proxy.mend();
      client.awaitState(KeeperState.SyncConnected);
      equal("secret", client.get(path), "data after the reconnect");
    }
  }

  private void aclRoundTrip() throws Exception {
    List<ACL> acl =
        List.of(
            new ACL(Perms.READ | Perms.ADMIN, Ids.ANYONE_ID_UNSAFE),
            new ACL(Perms.WRITE, new Id("ip", "10.1.2.3")),
            new ACL(Perms.CREATE | Perms.DELETE, user("bob")));
    String path = guarded(acl.toArray(new ACL[0]));
    equal(acl, anyone.zk.getACL(path, null), "ACL");
  }
}
