import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/**
 * Writes at random to a server with three sessions, then prints what each node looks like.
 *
 * Usage: RandomHistory HOST:PORT SEED COUNT TREE_FILE
 */
public final class RandomHistory {
    private static final List<String> NAMES = List.of("a", "b", "c", "é", "中x");
    private static final List<ACL> OPEN = ZooDefs.Ids.OPEN_ACL_UNSAFE;

    private final String address;
    private final Random random;
    private final ZooKeeper[] clients = new ZooKeeper[3];

    private RandomHistory(String address, long seed) throws Exception {
        this.address = address;
        random = new Random(seed);
        for (int index = 0; index < clients.length; index++) {
            clients[index] = connect();
        }
    }

    public static void main(String[] args) throws Exception {
        RandomHistory history = new RandomHistory(args[0], Long.parseLong(args[1]));
        for (String path : List.of("/a", "/a/b", "/b")) {
            history.addQuota(path);
        }
        for (int count = Integer.parseInt(args[2]); count > 0; count--) {
            try {
                history.act();
            } catch (KeeperException refused) {
                // logged by the server all the same
            }
        }
        try (PrintStream out = new PrintStream(args[3], StandardCharsets.UTF_8)) {
            history.print("/", out);
        }
        Runtime.getRuntime().halt(0); // leaves the sessions and their nodes
    }

    private ZooKeeper connect() throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        ZooKeeper client = new ZooKeeper(address, 10000, event -> {
            if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
            }
        });
        connected.await();
        client.addAuthInfo("digest", "u:p".getBytes(StandardCharsets.UTF_8));
        return client;
    }

    private void addQuota(String path) throws Exception {
        String quota = "/zookeeper/quota";
        for (String name : path.substring(1).split("/")) {
            quota += "/" + name;
            if (clients[0].exists(quota, false) == null) {
                clients[0].create(quota, new byte[0], OPEN, CreateMode.PERSISTENT);
            }
        }
        clients[0].create(quota + "/zookeeper_limits", "count=5,bytes=1000".getBytes(), OPEN, CreateMode.PERSISTENT);
        clients[0].create(quota + "/zookeeper_stats", "count=0,bytes=0".getBytes(), OPEN, CreateMode.PERSISTENT);
    }

    private void act() throws Exception {
        ZooKeeper client = clients[random.nextInt(clients.length)];
        String path = path();
        switch (random.nextInt(14)) {
            case 0, 1, 2 -> client.create(path, data(), acl(), CreateMode.PERSISTENT);
            case 3 -> client.create(path, data(), acl(), CreateMode.EPHEMERAL, new Stat());
            case 4 -> client.create(path + "-", data(), acl(), random.nextBoolean()
                    ? CreateMode.PERSISTENT_SEQUENTIAL : CreateMode.EPHEMERAL_SEQUENTIAL);
            case 5 -> client.create(path, data(), acl(), CreateMode.CONTAINER);
            case 6 -> client.create(path, data(), acl(), random.nextBoolean()
                    ? CreateMode.PERSISTENT_WITH_TTL : CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, new Stat(), ttl());
            case 7, 8 -> client.delete(path, -1);
            case 9, 10 -> client.setData(path, data(), random.nextInt(3) - 1);
            case 11 -> client.setACL(path, acl(), -1);
            case 12 -> client.multi(operations());
            default -> clear(client, path);
        }
    }

    /** Deletes the leaves below a node; now and then a session ends instead. */
    private void clear(ZooKeeper client, String path) throws Exception {
        if (random.nextInt(6) == 0) {
            int index = random.nextInt(clients.length);
            clients[index].close();
            clients[index] = connect();
            return;
        }
        for (String name : client.getChildren(path, false)) {
            try {
                client.delete(path + "/" + name, -1);
            } catch (KeeperException hasChildren) {
                // stays
            }
        }
    }

    private String path() {
        StringBuilder path = new StringBuilder();
        for (int depth = 1 + random.nextInt(4); depth > 0; depth--) {
            path.append('/').append(NAMES.get(random.nextInt(NAMES.size())));
        }
        return path.toString();
    }

    private byte[] data() {
        return switch (random.nextInt(5)) {
            case 0 -> null;
            case 1 -> new byte[0];
            default -> ("d" + random.nextInt(1000) + "x".repeat(random.nextInt(60))).getBytes();
        };
    }

    private List<ACL> acl() {
        return switch (random.nextInt(4)) {
            case 0 -> Arrays.asList(new ACL(31, new Id("ip", "127.0.0.0/8")), new ACL(1, new Id("world", "anyone")));
            case 1 -> Arrays.asList(new ACL(31, new Id("auth", "")));
            default -> OPEN;
        };
    }

    private long ttl() {
        return 1 + Math.abs(random.nextLong() % 0xffffffffffL);
    }

    private List<Op> operations() {
        List<Op> operations = new ArrayList<>();
        for (int count = random.nextInt(5); count > 0; count--) {
            String path = path();
            operations.add(switch (random.nextInt(6)) {
                case 0 -> Op.create(path, data(), acl(), CreateMode.PERSISTENT);
                case 1 -> Op.delete(path, -1);
                case 2 -> Op.setData(path, data(), -1);
                case 3 -> Op.check(path, -1);
                case 4 -> Op.create(path, data(), acl(), CreateMode.CONTAINER);
                default -> Op.create(path, data(), acl(), CreateMode.EPHEMERAL);
            });
        }
        return operations;
    }

    /** One line a node: path, data in hexadecimal, the fields of its Stat, its ACL. */
    private void print(String path, PrintStream out) throws Exception {
        Stat stat = new Stat();
        byte[] data = clients[0].getData(path, false, stat);
        StringBuilder acl = new StringBuilder();
        for (ACL entry : clients[0].getACL(path, null)) {
            acl.append(' ').append(entry.getPerms()).append(':').append(entry.getId().getScheme()).append(':').append(entry.getId().getId());
        }
        out.println(path + "\t" + (data == null ? "null" : java.util.HexFormat.of().formatHex(data)) + "\t"
                + stat.toString().trim() + "\t" + acl.toString().trim());
        List<String> names = clients[0].getChildren(path, false);
        Collections.sort(names);
        for (String name : names) {
            print(path.equals("/") ? "/" + name : path + "/" + name, out);
        }
    }
}
