package org.apache.zookeeper.server.quorum;

import interop.ServerProcess;
import java.nio.file.Path;

/**
 * Takes the place of the nested class of this name in Apache's tests, by which they start a server with a configuration file: it runs a
 * process with that file. What tests ask of the QuorumPeer inside of it, it does not have.
 */
public class QuorumPeerTestBase$TestQPMain extends QuorumPeerMain {
  private volatile ServerProcess process;

  @Override
  protected void initializeAndRun(String[] args) throws QuorumPeerConfig.ConfigException {
    try {
      process = ServerProcess.withFile(Path.of(args[0]));
      process.awaitEnd();
    } catch (Exception error) {
      throw new QuorumPeerConfig.ConfigException(args[0], error);
    }
  }

  public void shutdown() {
    ServerProcess running = process;
    if (running != null) running.stop();
  }
}
