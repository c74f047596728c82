package interop;

import static interop.Cases.check;
import static interop.Cases.equal;

import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import javax.security.auth.login.Configuration;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** The Java client, which logs in by the section Client of its JAAS configuration. */
public final class SaslClient {
  private static final String MODULE = "org.apache.zookeeper.server.auth.DigestLoginModule";

  private final String servers;

  private SaslClient(String servers) {
    this.servers = servers;
  }

  public static void main(String[] args) {
    SaslClient client = new SaslClient(args[0]);
    Cases cases = new Cases();
    cases.run("java: logs in", client::logsIn);
    cases.run("java: what it creates for its creator is bob's", client::protects);
    cases.run("java: nobody, alice, root", client::others);
    cases.run("java: letters beyond ASCII", client::letters);
    cases.run("java: a wrong password", () -> client.isRefused("bob", "wrong"));
    cases.run("java: an unknown user", () -> client.isRefused("eve", "bobsecret"));
    cases.run(
        "java: logs in again when the server is back",
        () -> {
          try (Session session = client.open("bob", "bobsecret")) {
            session.await(KeeperState.SaslAuthenticated);
            cases.ask("restart");
            session.await(KeeperState.Disconnected);
            session.await(KeeperState.SaslAuthenticated);
            check(session.ids().contains("sasl:bob"), "ids: " + session.ids());
          }
        });
    cases.end();
  }

  private void logsIn() throws Exception {
    try (Session session = open("bob", "bobsecret")) {
      session.await(KeeperState.SyncConnected);
      session.await(KeeperState.SaslAuthenticated);
      check(session.ids().contains("sasl:bob"), "ids: " + session.ids());
    }
  }

  private void protects() throws Exception {
    try (Session session = open("bob", "bobsecret")) {
      session.zooKeeper.create(
          "/java-sasl", new byte[1], ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
      equal(
          "[31,s{'sasl,'bob}\n]",
          session.zooKeeper.getACL("/java-sasl", new Stat()).toString(),
          "the ACL");
    }
  }

  private void others() throws Exception {
    try (Session session = open(null, null)) {
      session.isDenied();
    }
    try (Session session = open("alice", "alicesecret")) {
      session.isDenied();
    }
    try (Session session = open("root", "rootsecret")) {
      equal(1, session.zooKeeper.getData("/java-sasl", false, null).length, "bytes");
    }
  }

  private void letters() throws Exception {
    for (List<String> who : List.of(List.of("jürgen", "pässwort"), List.of("Юра", "密码"))) {
      try (Session session = open(who.get(0), who.get(1))) {
        session.await(KeeperState.SaslAuthenticated);
        check(session.ids().contains("sasl:" + who.get(0)), "ids: " + session.ids());
      }
    }
  }

  private void isRefused(String user, String password) throws Exception {
    try (Session session = open(user, password)) {
      session.await(KeeperState.AuthFailed);
      try {
        session.zooKeeper.getData("/", false, null);
        throw new AssertionError("it was answered");
      } catch (KeeperException.AuthFailedException expected) {
        // as it must be
      }
    }
  }

  private Session open(String user, String password) throws Exception {
    Configuration.setConfiguration(
        new Configuration() {
          @Override
          public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
            if (user == null || !name.equals("Client")) {
              return null;
            }
            Map<String, String> options = Map.of("username", user, "password", password);
            return new AppConfigurationEntry[] {
              new AppConfigurationEntry(MODULE, LoginModuleControlFlag.REQUIRED, options)
            };
          }
        });
    return new Session(servers);
  }

  /** One client and the states that it has told. */
  private static final class Session implements AutoCloseable {
    private final BlockingQueue<KeeperState> states = new LinkedBlockingQueue<>();
    private final ZooKeeper zooKeeper;

    Session(String servers) throws Exception {
      zooKeeper = new ZooKeeper(servers, 10_000, event -> states.add(event.getState()));
    }

    void await(KeeperState wanted) throws Exception {
      for (; ; ) {
        KeeperState state = states.poll(20, TimeUnit.SECONDS);
        check(state != null, "no " + wanted);
        if (state == wanted) {
          return;
        }
      }
    }

    List<String> ids() throws Exception {
      return zooKeeper.whoAmI().stream().map(id -> id.getAuthScheme() + ":" + id.getUser()).toList();
    }

    void isDenied() throws Exception {
      try {
        zooKeeper.getData("/java-sasl", false, null);
        throw new AssertionError("it was shown");
      } catch (KeeperException.NoAuthException expected) {
        // as it must be
      }
    }

    @Override
    public void close() throws Exception {
      zooKeeper.close();
    }
  }
}
