package interop;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryForever;
import org.apache.curator.utils.ZookeeperFactory;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;

/** Makes clients and closes them at the end; gives each case a path of its own. */
final class Curators {
  final String connect;
  final ExecutorService executor =
      Executors.newCachedThreadPool(
          (body) -> {
            Thread thread = new Thread(body, "worker");
            thread.setDaemon(true);
            return thread;
          });
  private final List<CuratorFramework> clients = new ArrayList<>();
  private final AtomicInteger pathNumber = new AtomicInteger();

  Curators(String connect) {
    this.connect = connect;
  }

  CuratorFramework open() throws InterruptedException {
    return open(connect, 8000);
  }

  synchronized CuratorFramework open(String connectString, int sessionTimeoutMs)
      throws InterruptedException {
    CuratorFrameworkFactory.Builder builder =
        CuratorFrameworkFactory.builder()
            .connectString(connectString)
            .sessionTimeoutMs(sessionTimeoutMs)
            .connectionTimeoutMs(5000)
            .retryPolicy(new RetryForever(100));
    if (Servers.arrangement() == Servers.SPREAD) builder.zookeeperFactory(new SyncedFactory());
    CuratorFramework client = builder.build();
    client.start();
    clients.add(client);
    Cases.check(client.blockUntilConnected(15, TimeUnit.SECONDS), "connected");
    return client;
  }

  private static final class SyncedFactory implements ZookeeperFactory {
    @Override
    public ZooKeeper newZooKeeper(
        String connectString, int timeoutMs, Watcher watcher, boolean canBeReadOnly)
        throws Exception {
      return new SyncedZooKeeper(connectString, timeoutMs, watcher);
    }
  }

  String path() {
    return "/curator-" + pathNumber.incrementAndGet();
  }

  synchronized void close() {
    clients.forEach(CuratorFramework::close);
  }
}
