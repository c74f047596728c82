package org.apache.curator.test;

import interop.ServerProcess;
import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;
import java.util.Properties;

/**
 * Takes the place of the class of this name in curator-test, which runs Apache's server inside the
 * tests' own process: this one runs a process, of whichever server is to be tested. Curator's tests
 * find it first on the class path.
 */
public class TestingZooKeeperServer implements Closeable {
  private final QuorumConfigBuilder configuration;
  private final int index;
  private ServerProcess process;
  /** Of its configuration, or found free at the first start and kept. */
  private int port;
  private boolean isClosed;

  public TestingZooKeeperServer(QuorumConfigBuilder configuration) {
    this(configuration, 0);
  }

  public TestingZooKeeperServer(QuorumConfigBuilder configuration, int index) {
    this.configuration = configuration;
    this.index = index;
    this.port = getInstanceSpec().getPort();
  }

  public Collection<InstanceSpec> getInstanceSpecs() {
    return configuration.getInstanceSpecs();
  }

  public InstanceSpec getInstanceSpec() {
    return configuration.getInstanceSpec(index);
  }

  public int getLocalPort() {
    if (port == 0) throw new IllegalStateException("it has no port before it is started");
    return port;
  }

  /** A server by itself serves when this returns; one of an ensemble has been started. */
  public synchronized void start() throws Exception {
    if (process != null) return;
    if (isClosed) throw new IllegalStateException("it was closed");
    Properties properties = configuration.buildConfigProperties(index);
    InstanceSpec spec = getInstanceSpec();
    if (port == 0) port = InstanceSpec.getRandomPort();
    if (spec.getPort() == 0) properties.setProperty("clientPort", String.valueOf(port));
    process = new ServerProcess(properties, spec.getDataDirectory(), spec.getServerId());
    if (configuration.size() == 1) process.awaitServing(port);
  }

  public synchronized void kill() {
    if (process != null) process.kill();
    process = null;
  }

  public synchronized void stop() throws IOException {
    if (process != null) process.stop();
    process = null;
  }

  public synchronized void restart() throws Exception {
    stop();
    start();
  }

  @Override
  public synchronized void close() throws IOException {
    stop();
    if (isClosed) return;
    isClosed = true;
    configuration.close();
    if (getInstanceSpec().deleteDataDirectoryOnClose())
      DirectoryUtils.deleteRecursively(getInstanceSpec().getDataDirectory());
  }
}
