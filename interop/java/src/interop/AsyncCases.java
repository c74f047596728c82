package interop;

import static interop.Cases.check;
import static interop.Cases.equal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs.Ids;

/** Pipelined requests: the order of replies is that of the requests, whatever they are. */
final class AsyncCases {
  private final String connect;
  private final int count;
  private final Client client;

  AsyncCases(String connect, int count) throws Exception {
    this.connect = connect;
    this.count = count;
    this.client = new Client(connect);
  }

  void addTo(Cases cases) throws Exception {
    cases.run(
        count + " pipelined creations are answered in order, then read, then deleted",
        120,
        this::pipeline);
    cases.run("reads between pipelined writes see the writes before them", 120, this::mixed);
    cases.run("four sessions write one znode; each write counts once", 120, this::concurrent);
    client.close();
  }

  private void pipeline() throws Exception {
    String root = client.root();
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch created = new CountDownLatch(count);
    for (int i = 0; i < count; i++) {
      int number = i;
      client.zk.create(
          root + "/" + i,
          Client.bytes("data " + i),
          Ids.OPEN_ACL_UNSAFE,
          CreateMode.PERSISTENT,
          (code, path, context, name) -> {
            if (code == 0 && name.equals(root + "/" + number)) order.add(number);
            created.countDown();
          },
          null);
    }
    check(created.await(150, TimeUnit.SECONDS), "all answered; open: " + created.getCount());
    equal(count, order.size(), "successes");
    for (int i = 0; i < count; i++) check(order.get(i) == i, "answered in order, at " + i);
    equal(count, client.stat(root).getNumChildren(), "numChildren");

    CountDownLatch read = new CountDownLatch(count);
    List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    for (int i = 0; i < count; i++) {
      String expected = "data " + i;
      client.zk.getData(
          root + "/" + i,
          false,
          (code, path, context, data, stat) -> {
            if (code != 0 || !new String(data).equals(expected)) wrong.add(path);
            read.countDown();
          },
          null);
    }
    check(read.await(150, TimeUnit.SECONDS), "all read");
    equal(List.of(), wrong, "wrong data");

    CountDownLatch deleted = new CountDownLatch(count);
    for (int i = 0; i < count; i++)
      client.zk.delete(root + "/" + i, 0, (code, path, context) -> deleted.countDown(), null);
    check(deleted.await(150, TimeUnit.SECONDS), "all deleted");
    equal(0, client.stat(root).getNumChildren(), "numChildren");
    equal(2 * count, client.stat(root).getCversion(), "cversion");
  }

  private void mixed() throws Exception {
    String path = client.root();
    CountDownLatch done = new CountDownLatch(count);
    List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    for (int i = 0; i < count; i++) {
      int number = i;
      if (i % 2 == 0) {
        client.zk.setData(
            path,
            Client.bytes("" + i),
            -1,
            (code, written, context, stat) -> done.countDown(),
            null);
      } else {
        client.zk.getData(
            path,
            false,
            (code, read, context, data, stat) -> {
              if (code != 0 || !new String(data).equals("" + (number - 1)))
                wrong.add(number + " read " + (data == null ? code : new String(data)));
              done.countDown();
            },
            null);
      }
    }
    check(done.await(150, TimeUnit.SECONDS), "all answered");
    equal(List.of(), wrong, "wrong reads");
    equal((count + 1) / 2, client.stat(path).getVersion(), "version");
  }

  private void concurrent() throws Exception {
    String path = client.root();
    int each = count / 4;
    List<Client> writers = new ArrayList<>();
    CountDownLatch done = new CountDownLatch(4 * each);
    for (int i = 0; i < 4; i++) writers.add(new Client(connect));
    for (int i = 0; i < each; i++) {
      for (Client writer : writers)
        writer.zk.setData(path, null, -1, (code, written, context, stat) -> done.countDown(), null);
    }
    check(done.await(150, TimeUnit.SECONDS), "all answered");
    equal(4 * each, client.stat(path).getVersion(), "version");
    for (Client writer : writers) writer.close();
  }
}
