package interop;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;

/** Logs in by the JAAS file of its Java machine, and prints who it is to the server, or that it was refused. */
public final class WhoAmI {
  private WhoAmI() {}

  public static void main(String[] args) throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    StringBuffer states = new StringBuffer();
    ZooKeeper zooKeeper =
        new ZooKeeper(
            args[0],
            10_000,
            event -> {
              states.append(event.getState()).append(' ');
              if (event.getState() == KeeperState.SaslAuthenticated
                  || event.getState() == KeeperState.AuthFailed) {
                done.countDown();
              }
            });
    String end = done.await(20, TimeUnit.SECONDS) ? "" : "no answer ";
    String ids = "nobody";
    if (states.indexOf("AuthFailed") < 0) {
      ids =
          zooKeeper.whoAmI().stream()
              .map(id -> id.getAuthScheme() + ":" + id.getUser())
              .sorted()
              .collect(Collectors.joining(", "));
    }
    System.out.println("OUTCOME " + end + states.toString().trim() + "; " + ids);
    System.exit(0);
  }
}
