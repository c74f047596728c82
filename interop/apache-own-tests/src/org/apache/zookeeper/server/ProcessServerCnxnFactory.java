package org.apache.zookeeper.server;

import interop.ServerProcess;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * What Apache's tests start a server of one by: it runs a process with the data directory, the port and the limits that the server
 * given to it would have had. That one is never started; what tests change in it afterwards changes nothing.
 */
class ProcessServerCnxnFactory extends ServerCnxnFactory {
  private InetSocketAddress address;
  private int connectionsPerHost;
  private int backlog;
  private ServerProcess process;

  @Override
  public void configure(InetSocketAddress address, int connectionsPerHost, int backlog, boolean secure)
      throws IOException {
    this.connectionsPerHost = connectionsPerHost;
    this.backlog = backlog;
    this.secure = secure;
    reconfigure(address);
  }

  @Override
  public void reconfigure(InetSocketAddress address) {
    this.address = address.getPort() == 0 ? freePort(address.getAddress()) : address;
  }

  private static InetSocketAddress freePort(InetAddress host) {
    try (ServerSocket socket = new ServerSocket(0, 1, host)) {
      return new InetSocketAddress(host, socket.getLocalPort());
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  @Override
  public void startup(ZooKeeperServer server, boolean startServer) throws IOException {
    setZooKeeperServer(server);
    File dataDirectory = server.getTxnLogFactory().getSnapDir().getParentFile();
    File logDirectory = server.getTxnLogFactory().getDataLogDir().getParentFile();
    Properties properties = new Properties();
    properties.setProperty("dataDir", dataDirectory.getAbsolutePath());
    properties.setProperty("dataLogDir", logDirectory.getAbsolutePath());
    properties.setProperty("tickTime", String.valueOf(server.getTickTime()));
    properties.setProperty("minSessionTimeout", String.valueOf(server.getMinSessionTimeout()));
    properties.setProperty("maxSessionTimeout", String.valueOf(server.getMaxSessionTimeout()));
    properties.setProperty(secure ? "secureClientPort" : "clientPort", String.valueOf(address.getPort()));
    if (connectionsPerHost >= 0) properties.setProperty("maxClientCnxns", String.valueOf(connectionsPerHost));
    if (backlog > 0) properties.setProperty("clientPortListenBacklog", String.valueOf(backlog));
    process = new ServerProcess(properties, dataDirectory, 1);
    if (secure) return;
    try {
      process.awaitServing(address.getPort());
    } catch (Exception error) {
      throw new IOException(error);
    }
  }

  @Override
  public void start() {}

  @Override
  public void shutdown() {
    if (process != null) process.stop();
    process = null;
  }

  @Override
  public void join() {}

  @Override
  public int getLocalPort() {
    return address.getPort();
  }

  @Override
  public InetSocketAddress getLocalAddress() {
    return address;
  }

  @Override
  public int getSocketListenBacklog() {
    return backlog;
  }

  @Override
  public int getMaxClientCnxnsPerHost() {
    return connectionsPerHost;
  }

  @Override
  public void setMaxClientCnxnsPerHost(int count) {
    throw new UnsupportedOperationException("a running process");
  }

  @Override
  public Iterable<ServerCnxn> getConnections() {
    throw new UnsupportedOperationException("connections of another process");
  }

  @Override
  public void closeAll(ServerCnxn.DisconnectReason reason) {
    throw new UnsupportedOperationException("connections of another process");
  }

  @Override
  public void resetAllConnectionStats() {
    throw new UnsupportedOperationException("connections of another process");
  }

  @Override
  public Iterable<Map<String, Object>> getAllConnectionInfo(boolean brief) {
    return List.of();
  }
}
