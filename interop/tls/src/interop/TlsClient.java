package interop;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;

/** Apache's client with the TLS that system properties give it. Arguments: the connect string, then what to do. */
public final class TlsClient {
    /** Long enough for a refusal to be none of a busy machine's. */
    private static final int CONNECT_SECONDS = 10;
    private static final int LOAD_CONNECT_SECONDS = 40;

    private TlsClient() {}

    public static void main(String[] args) throws Exception {
        AtomicInteger connections = new AtomicInteger();
        CountDownLatch connected = new CountDownLatch(1);
        ZooKeeper client = new ZooKeeper(args[0], 20_000, event -> {
            if (event.getState() == KeeperState.SyncConnected && event.getPath() == null) {
                connections.incrementAndGet();
                connected.countDown();
            }
        });
        if (!connected.await(args[1].equals("load") ? LOAD_CONNECT_SECONDS : CONNECT_SECONDS, TimeUnit.SECONDS)) {
            System.out.println("refused");
            System.exit(0);
        }
        switch (args[1]) {
            case "who" -> who(client);
            case "login" -> login(client);
            case "own" -> client.create(args[2], "mine".getBytes(), ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
            case "read" -> read(client, args[2]);
            case "load" -> load(client, connections);
            default -> throw new IllegalArgumentException(args[1]);
        }
        client.close();
        System.exit(0);
    }

    /** Whether it may do anything after a login. */
    private static void login(ZooKeeper client) throws Exception {
        try {
            client.exists("/", false);
            System.out.println("logged in");
        } catch (KeeperException e) {
            System.out.println("login " + e.code());
        }
    }

    /** What the server takes the client for. */
    private static void who(ZooKeeper client) throws Exception {
        List<String> names = new ArrayList<>();
        client.whoAmI().forEach(info -> names.add(info.getAuthScheme() + ":" + info.getUser()));
        names.sort(null);
        System.out.println("who " + names);
        String path = "/tls-" + client.getSessionId();
        try {
            client.create(path, new byte[100_000], ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.EPHEMERAL);
        } catch (KeeperException e) {
            System.out.println("own " + e.code());
            return;
        }
        for (ACL acl : client.getACL(path, null)) System.out.println("own " + acl.getId().getScheme() + ":" + acl.getId().getId());
        System.out.println("bytes " + client.getData(path, false, null).length);
    }

    private static void read(ZooKeeper client, String path) throws Exception {
        try {
            System.out.println("read " + new String(client.getData(path, false, null)));
        } catch (KeeperException e) {
            System.out.println("read " + e.code());
        }
    }

    /** Writes and reads until its input ends, and a little at least. */
    private static void load(ZooKeeper client, AtomicInteger connections) throws Exception {
        long session = client.getSessionId();
        String path = client.create("/load", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL);
        int done = 0;
        int failed = 0;
        System.out.println("begun");
        while (System.in.available() == 0 || done + failed < 20) {
            try {
                client.setData(path, new byte[1000], -1);
                if (client.getData(path, false, null).length == 1000) done++;
            } catch (KeeperException e) {
                failed++;
            }
        }
        boolean isSame = session == client.getSessionId();
        System.out.println("load failed " + failed + " connections " + connections.get() + " same session " + isSame);
    }
}
