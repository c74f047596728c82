package interop;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A relay in front of a server, or of several in turn, which can cut a client off from them, for as
 * long as a case wants, without any help of either.
 */
public final class Proxy implements AutoCloseable {
  private final List<InetSocketAddress> servers = new ArrayList<>();
  private final ServerSocket listener;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private volatile boolean isCut;

  public Proxy(String connectString) throws IOException {
    for (String server : connectString.split(",")) {
      String[] parts = server.split(":");
      servers.add(new InetSocketAddress(parts[0], Integer.parseInt(parts[1])));
    }
    listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    daemon(this::accept);
  }

  public String connectString() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** Breaks all connections; new ones are closed as soon as they are made, until {@link #mend}. */
  public void cut() {
    isCut = true;
    sockets.forEach(Proxy::quietlyClose);
  }

  public void mend() {
    isCut = false;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
  }

  private void accept() {
    for (int turn = 0; !listener.isClosed(); turn++) {
      try {
        Socket client = listener.accept();
        Socket upstream = new Socket();
        sockets.add(client);
        sockets.add(upstream);
        if (isCut) {
          quietlyClose(client);
          continue;
        }
        if (!connect(upstream, turn)) {
          quietlyClose(client);
          continue;
        }
        client.setTcpNoDelay(true);
        upstream.setTcpNoDelay(true);
        daemon(() -> relay(client, upstream));
        daemon(() -> relay(upstream, client));
        if (isCut) cut();
      } catch (IOException closed) {
        // The listener's end is seen by the loop; a connection that could not be made is the
        // client's to notice.
      }
    }
  }

  /** A client whose server is not there sees its connection end, as if it had tried by itself. */
  private boolean connect(Socket upstream, int turn) {
    try {
      upstream.connect(servers.get(turn % servers.size()));
      return true;
    } catch (IOException refused) {
      return false;
    }
  }

  private void relay(Socket from, Socket to) {
    byte[] buffer = new byte[65536];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer))
        out.write(buffer, 0, count);
    } catch (IOException broken) {
      // Ends like an orderly close: both sides go.
    }
    quietlyClose(from);
    quietlyClose(to);
    sockets.remove(from);
    sockets.remove(to);
  }

  private static void quietlyClose(Socket socket) {
    try {
      socket.close();
    } catch (IOException ignored) {
      // closed it is
    }
  }

  private static void daemon(Runnable body) {
    Thread thread = new Thread(body, "proxy");
    thread.setDaemon(true);
    thread.start();
  }
}
