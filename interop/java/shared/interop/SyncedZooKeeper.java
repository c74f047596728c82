package interop;

import java.io.IOException;
import java.util.List;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;

/**
 * A client whose blocking reads have a sync before them, so that they see what clients of other
 * servers have been acknowledged. Cases that compare what two sessions see need that when the
 * sessions are spread over an ensemble. Requests of one session are answered in order: nobody has
 * to wait for the sync itself.
 */
public final class SyncedZooKeeper extends ZooKeeper {
  public SyncedZooKeeper(String connectString, int timeoutMs, Watcher watcher) throws IOException {
    super(connectString, timeoutMs, watcher);
  }

  public SyncedZooKeeper(
      String connectString, int timeoutMs, Watcher watcher, long sessionId, byte[] password)
      throws IOException {
    super(connectString, timeoutMs, watcher, sessionId, password);
  }

  private void catchUp() {
    sync("/", (code, path, context) -> {}, null);
  }

  @Override
  public Stat exists(String path, Watcher watcher) throws KeeperException, InterruptedException {
    catchUp();
    return super.exists(path, watcher);
  }

  @Override
  public byte[] getData(String path, Watcher watcher, Stat stat)
      throws KeeperException, InterruptedException {
    catchUp();
    return super.getData(path, watcher, stat);
  }

  @Override
  public List<String> getChildren(String path, Watcher watcher)
      throws KeeperException, InterruptedException {
    catchUp();
    return super.getChildren(path, watcher);
  }

  @Override
  public List<String> getChildren(String path, Watcher watcher, Stat stat)
      throws KeeperException, InterruptedException {
    catchUp();
    return super.getChildren(path, watcher, stat);
  }

  @Override
  public List<ACL> getACL(String path, Stat stat) throws KeeperException, InterruptedException {
    catchUp();
    return super.getACL(path, stat);
  }
}
