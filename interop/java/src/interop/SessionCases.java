package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.eventually;
import static interop.Cases.raises;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;

/**
 * Sessions: negotiation, resumption, expiry, and the server's own restart. The server's tick is 500
 * ms. In an ensemble the clock of sessions goes on while a server is being restarted, which must
 * therefore take less than the longest timeout.
 */
final class SessionCases {
  private static final int MIN_TIMEOUT_MS = 1000;
  private static final int MAX_TIMEOUT_MS = 10_000;

  private final String connect;
  private final Cases cases;
  private final Proxy observerProxy;
  private final Client observer;

  SessionCases(String connect, Cases cases) throws Exception {
    this.connect = connect;
    this.cases = cases;
    this.observerProxy = new Proxy(connect);
    this.observer = new Client(observerProxy.connectString(), MAX_TIMEOUT_MS);
  }

  void addTo() throws Exception {
    cases.run("the timeout is negotiated between two and twenty ticks", this::negotiation);
    cases.run("ephemerals go with an orderly close, in one transaction", this::orderlyClose);
    cases.run("another handle takes the session up by id and password", this::resume);
    cases.run("a wrong password is an expired session", this::wrongPassword);
    cases.run("a session survives a cut that is shorter than its timeout", this::shortCut);
    cases.run("a session that is cut off longer expires, and its ephemerals go", this::expiry);
    cases.run("an idle session lives by its pings", this::idle);
    cases.run("requests of a closed handle are refused", this::closedHandle);
    cases.run("100 sessions at once", this::manySessions);
    cases.run(
        "kill -9 and restart: sessions, ephemerals, watches, data and counters are as before",
        90,
        this::restart);
    cases.run("stop and start: sessions and ephemerals are as before", 90, this::orderlyRestart);
    cases.run(
        "restart: the ephemerals of a client that stays away expire", 90, this::expiryAfterRestart);
    observer.close();
  }

  private void negotiation() throws Exception {
    for (int[] pair :
        new int[][] {{300, MIN_TIMEOUT_MS}, {4321, 4321}, {100_000, MAX_TIMEOUT_MS}}) {
      try (Client client = new Client(connect, pair[0])) {
        equal(pair[1], client.zk.getSessionTimeout(), "timeout for " + pair[0]);
      }
    }
  }

  private void orderlyClose() throws Exception {
    String root = observer.root();
    Client client = new Client(connect);
    for (String name : List.of("a", "b", "c"))
      client.create(root + "/" + name, CreateMode.EPHEMERAL);
    client.close();
    equal(List.of(), observer.zk.getChildren(root, false), "children");
    equal(6, observer.stat(root).getCversion(), "cversion");
  }

  private void resume() throws Exception {
    String root = observer.root();
    Client first = new Client(connect);
    first.create(root + "/e", CreateMode.EPHEMERAL);
    long id = first.zk.getSessionId();
    try (Client second = new Client(connect, Client.TIMEOUT_MS, id, first.zk.getSessionPasswd())) {
      second.awaitState(KeeperState.SyncConnected);
      equal(id, second.zk.getSessionId(), "session id");
      equal(id, second.stat(root + "/e").getEphemeralOwner(), "ephemeralOwner");
    }
    check(
        !observer.has(root + "/e"), "the ephemeral went when the second handle closed the session");
    first.awaitState(KeeperState.Expired);
    raises(KeeperException.SessionExpiredException.class, () -> first.stat("/"));
  }

  private void wrongPassword() throws Exception {
    try (Client first = new Client(connect)) {
      Client thief = new Client(connect, Client.TIMEOUT_MS, first.zk.getSessionId(), new byte[16]);
      thief.awaitState(KeeperState.Expired);
      thief.close();
      // The attempt costs the owner its connection, as the server looks at the password last.
      if (Servers.arrangement() == Servers.SPREAD) {
        // Only the server that the thief asked closes the owner's connection, if it has one.
        eventually("the right owner to have the session", 60_000, () -> answers(first));
      } else {
        first.awaitState(KeeperState.Disconnected);
        first.awaitState(KeeperState.SyncConnected);
        check(first.has("/"), "the right owner still has the session");
      }
    }
  }

  private static boolean answers(Client client) throws Exception {
    try {
      return client.has("/");
    } catch (KeeperException.ConnectionLossException disturbed) {
      return false;
    }
  }

  private void shortCut() throws Exception {
    String root = observer.root();
    try (Proxy proxy = new Proxy(connect);
        Client client = new Client(proxy.connectString())) {
      client.create(root + "/e", CreateMode.EPHEMERAL);
      for (int i = 0; i < 3; i++) {
        proxy.cut();
        client.awaitState(KeeperState.Disconnected);
        proxy.mend();
        client.awaitState(KeeperState.SyncConnected);
        equal(
            client.zk.getSessionId(),
            client.stat(root + "/e").getEphemeralOwner(),
            "ephemeralOwner");
      }
    }
  }

  private void expiry() throws Exception {
    String root = observer.root();
    try (Proxy proxy = new Proxy(connect);
        Client client = new Client(proxy.connectString(), MIN_TIMEOUT_MS)) {
      client.create(root + "/e", CreateMode.EPHEMERAL);
      observer.zk.exists(root + "/e", true);
      long cutAt = System.nanoTime();
      proxy.cut();
      observer.expectEvent("NodeDeleted " + root + "/e");
      long elapsedMs = (System.nanoTime() - cutAt) / 1_000_000;
      check(elapsedMs > MIN_TIMEOUT_MS / 3, "not before its time: " + elapsedMs + " ms");
      check(elapsedMs < 6L * MIN_TIMEOUT_MS, "not long after its time: " + elapsedMs + " ms");
      proxy.mend();
      client.awaitState(KeeperState.Expired);
    }
  }

  private void idle() throws Exception {
    try (Client client = new Client(connect, MIN_TIMEOUT_MS)) {
      long start = observer.stat(observer.root()).getCtime();
      eventually(
          "three timeouts to pass",
          20_000,
          () -> System.currentTimeMillis() - start > 3 * MIN_TIMEOUT_MS);
      check(client.has("/"), "the session is alive");
      equal(List.of(), client.zk.getEphemerals(), "ephemerals");
    }
  }

  private void closedHandle() throws Exception {
    Client client = new Client(connect);
    client.close();
    raises(KeeperException.SessionExpiredException.class, () -> client.stat("/"));
  }

  private void manySessions() throws Exception {
    String root = observer.root();
    List<Client> clients =
        IntStream.range(0, 100)
            .parallel()
            .mapToObj((number) -> open())
            .collect(Collectors.toList());
    for (Client client : clients) client.create(root + "/e-", CreateMode.EPHEMERAL_SEQUENTIAL);
    equal(100, observer.stat(root).getNumChildren(), "numChildren");
    equal(
        100L,
        clients.stream().map((client) -> client.zk.getSessionId()).distinct().count(),
        "session ids");
    clients.parallelStream().forEach(SessionCases::quietlyClose);
    equal(0, observer.stat(root).getNumChildren(), "numChildren after the close");
  }

  private Client open() {
    try {
      return new Client(connect);
    } catch (Exception failure) {
      throw new IllegalStateException(failure);
    }
  }

  private static void quietlyClose(Client client) {
    try {
      client.close();
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  /**
   * Ends the server and starts it again, and keeps clients from it until it serves: Apache's may
   * leave a connection that was made while it started unanswered, for longer than the session
   * lives.
   */
  private void restartServer(String how, Proxy... proxies) throws Exception {
    cases.ask(how);
    for (Proxy proxy : proxies) proxy.cut();
    cases.ask("start");
    for (Proxy proxy : proxies) proxy.mend();
  }

  private void awaitReconnect(Client client) throws InterruptedException {
    client.awaitState(KeeperState.Disconnected);
    client.awaitState(KeeperState.SyncConnected);
  }

  private void restart() throws Exception {
    String root = observer.root();
    try (Proxy proxy = new Proxy(connect);
        Client client = new Client(proxy.connectString(), MAX_TIMEOUT_MS)) {
      client.create(root + "/e", CreateMode.EPHEMERAL);
      client.create(root + "/s-", CreateMode.PERSISTENT_SEQUENTIAL);
      client.set(root, "before");
      String before = client.stat(root).toString();
      long zxid = client.stat(root).getMzxid();
      client.zk.getData(root, true, null);
      client.zk.addWatch(root, client, AddWatchMode.PERSISTENT_RECURSIVE);
      restartServer("kill", proxy, observerProxy);
      awaitReconnect(client);
      equal(before, client.stat(root).toString(), "Stat");
      equal("before", client.get(root), "data");
      equal(
          client.zk.getSessionId(), client.stat(root + "/e").getEphemeralOwner(), "ephemeralOwner");
      client.expectNoEvent();
      client.set(root, "after");
      client.expectEvent("NodeDataChanged " + root);
      equal(
          root + "/s-0000000002",
          client.create(root + "/s-", CreateMode.PERSISTENT_SEQUENTIAL),
          "sequence");
      check(client.stat(root).getMzxid() > zxid, "zxids grow");
      client.expectEvent("NodeCreated " + root + "/s-0000000002");
    }
    awaitReconnect(observer);
    check(!observer.has(root + "/e"), "the ephemeral went with its session");
  }

  private void orderlyRestart() throws Exception {
    String root = observer.root();
    try (Proxy proxy = new Proxy(connect);
        Client client = new Client(proxy.connectString(), MAX_TIMEOUT_MS)) {
      client.create(root + "/e", CreateMode.EPHEMERAL);
      String before = client.stat(root + "/e").toString();
      restartServer("stop", proxy, observerProxy);
      awaitReconnect(client);
      equal(before, client.stat(root + "/e").toString(), "Stat of the ephemeral");
    }
    awaitReconnect(observer);
  }

  private void expiryAfterRestart() throws Exception {
    String root = observer.root();
    try (Proxy proxy = new Proxy(connect);
        Client client = new Client(proxy.connectString(), MIN_TIMEOUT_MS)) {
      client.create(root + "/e", CreateMode.EPHEMERAL);
      proxy.cut();
      restartServer("kill", observerProxy);
      awaitReconnect(observer);
      eventually("the ephemeral to go", 60_000, () -> !observer.has(root + "/e"));
      proxy.mend();
      client.awaitState(KeeperState.Expired);
    }
  }
}
