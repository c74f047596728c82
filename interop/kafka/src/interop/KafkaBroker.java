package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.eventually;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownServerException;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.zookeeper.ZooKeeper;

/** Kafka brokers in ZooKeeper mode. Arguments: the connect string, and two free ports. */
public final class KafkaBroker {
  private static final int MESSAGE_COUNT = 10_000;
  private static final long CASE_SECONDS = 180;
  private static final long WAIT_MS = 90_000;

  /**
   * Otherwise a client that knew one broker only when that was killed never looks for the other.
   */
  private static final String REBOOTSTRAP = "rebootstrap";

  private final Cases cases = new Cases();
  private final Relays relays;
  private final Relays otherRelays;
  private final ZooKeeper zooKeeper;
  private final Broker first;
  private final Broker second;
  private final Admin admin;

  private KafkaBroker(String connect, int firstPort, int secondPort) throws Exception {
    relays = new Relays(connect);
    otherRelays = new Relays(connect);
    zooKeeper =
        Servers.arrangement() == Servers.SPREAD
            ? new SyncedZooKeeper(connect, 20_000, null)
            : new ZooKeeper(connect, 20_000, null);
    first = new Broker(0, firstPort, relays.connectString() + "/kafka");
    second = new Broker(1, secondPort, otherRelays.connectString() + "/kafka");
    admin =
        Admin.create(
            Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                first.address + "," + second.address,
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                60_000,
                CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG,
                REBOOTSTRAP));
  }

  public static void main(String[] args) throws Exception {
    KafkaBroker program =
        new KafkaBroker(args[0], Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    try {
      program.addCases();
    } finally {
      program.first.kill();
      program.second.kill();
    }
    program.cases.end();
  }

  private void run(String name, Cases.Body body) {
    cases.run(name, CASE_SECONDS, body);
  }

  private void addCases() throws Exception {
    first.start();
    second.start();
    run("two brokers start and register", this::registration);
    run(
        "the controller is elected",
        () -> equal(true, node("/controller").contains("\"brokerid\""), "controller"));
    run("topics are created, described and refused twice", this::topics);
    run("10,000 messages go in and come out", () -> roundTrip("plain", MESSAGE_COUNT));
    run("a group goes on where it committed", this::group);
    run("a transaction is seen when committed, not when aborted", this::transaction);
    run("partitions are added", this::partitions);
    run("a topic's configuration changes at run time", this::topicConfig);
    run("a broker's configuration changes at run time", this::brokerConfig);
    run("quotas of clients are stored and found", this::quotas);
    run("SCRAM credentials are stored and found", this::scram);
    run("ACLs deny, are listed, and are removed", this::acls);
    run("a partition is moved to the other broker", this::reassignment);
    run("a topic is deleted", this::deletion);
    run("kill -9 and restart of the server under the brokers loses nothing", this::serverKilled);
    run("stop and start of the server while messages are sent", this::serverRestartedUnderLoad);
    if (Servers.arrangement() == Servers.SPREAD)
      run(
          "10,000 messages while the leader is killed, topics before and after it is back",
          this::leaderKilledUnderLoad);
    run("a broker whose session expires registers again", this::sessionExpiry);
    run("the leader moves when a broker is killed, and comes back into the ISR", this::failover);
    run("brokers end in order and start again with all they had", this::brokerRestart);
    run(
        "both brokers are running at the end",
        () -> check(first.isRunning() && second.isRunning(), "both run"));
  }

  private static <T> T done(Future<T> future) throws Exception {
    return future.get(100, TimeUnit.SECONDS);
  }

  /** Calls again while Kafka or ZooKeeper have to find each other again. */
  private static void retrying(String what, Callable<Boolean> condition) throws Exception {
    eventually(
        what,
        WAIT_MS,
        () -> {
          try {
            return condition.call();
          } catch (ExecutionException | org.apache.zookeeper.KeeperException notYet) {
            return false;
          }
        });
  }

  private String node(String path) throws Exception {
    return new String(zooKeeper.getData("/kafka" + path, false, null), StandardCharsets.UTF_8);
  }

  private boolean has(String path) throws Exception {
    return zooKeeper.exists("/kafka" + path, false) != null;
  }

  private void registration() throws Exception {
    for (Broker broker : List.of(first, second)) {
      retrying(
          "broker " + broker.id,
          () -> {
            check(broker.isRunning(), "broker " + broker.id + " ended, see its broker.log");
            return has("/brokers/ids/" + broker.id);
          });
    }
    retrying("both in the cluster", () -> done(admin.describeCluster().nodes()).size() == 2);
    check(node("/cluster/id").contains("\"id\""), "cluster id");
  }

  private Future<Void> createTopic(String topic, int partitions, int replicas) {
    return admin.createTopics(List.of(new NewTopic(topic, partitions, (short) replicas))).all();
  }

  /** Creates a topic as soon as the controller knows enough brokers, and waits for its leaders. */
  private void create(String topic, int partitions, int replicas) throws Exception {
    retrying(
        "enough brokers for " + topic,
        () -> {
          try {
            done(createTopic(topic, partitions, replicas));
            return true;
          } catch (ExecutionException refused) {
            // The last is what the controller says while it has no connection to the server.
            check(
                refused.getCause() instanceof InvalidReplicationFactorException
                    || refused.getCause() instanceof UnknownServerException,
                "created, but for missing brokers: " + refused.getCause());
            return has("/brokers/topics/" + topic);
          }
        });
    retrying(
        "leaders of " + topic,
        () -> {
          List<TopicPartitionInfo> found = describe(topic);
          return found.size() == partitions
              && found.stream()
                  .allMatch((one) -> one.leader() != null && one.isr().size() == replicas);
        });
  }

  private List<TopicPartitionInfo> describe(String topic) throws Exception {
    return done(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).partitions();
  }

  private void topics() throws Exception {
    create("plain", 3, 1);
    create("replicated", 2, 2);
    equal(3, describe("plain").size(), "partitions");
    equal(
        List.of("0", "1", "2"),
        zooKeeper.getChildren("/kafka/brokers/topics/plain/partitions", false).stream()
            .sorted()
            .collect(Collectors.toList()),
        "in the tree");
    try {
      done(createTopic("plain", 1, 1));
      throw new AssertionError("created twice");
    } catch (ExecutionException refused) {
      check(
          refused.getCause() instanceof TopicExistsException,
          "refused because it exists: " + refused.getCause());
    }
  }

  private KafkaProducer<String, String> producer(Map<String, Object> more) {
    Properties settings = new Properties();
    settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, first.address + "," + second.address);
    settings.put(CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG, REBOOTSTRAP);
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.putAll(more);
    return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
  }

  private KafkaConsumer<String, String> consumer(String group) {
    Properties settings = new Properties();
    settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, first.address + "," + second.address);
    settings.put(CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG, REBOOTSTRAP);
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
  }

  private void send(String topic, int count, String prefix) throws Exception {
    try (KafkaProducer<String, String> producer = producer(Map.of())) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (int i = 0; i < count; i++)
        sent.add(producer.send(new ProducerRecord<>(topic, "key" + i, prefix + i)));
      for (Future<RecordMetadata> one : sent) done(one);
    }
  }

  /** Reads until `count` messages have come or nothing has for a while, as a new group. */
  private List<String> receive(String topic, int count, String group, boolean commit) {
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer = consumer(group)) {
      consumer.subscribe(List.of(topic));
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (values.size() < count && System.nanoTime() < end) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200)))
          values.add(record.value());
      }
      if (commit) consumer.commitSync();
    }
    return values;
  }

  private void roundTrip(String topic, int count) throws Exception {
    send(topic, count, "message ");
    List<String> received = receive(topic, count, "group-" + topic, true);
    equal(count, received.size(), "messages");
    Set<String> expected =
        IntStream.range(0, count)
            .mapToObj((number) -> "message " + number)
            .collect(Collectors.toSet());
    equal(expected, new HashSet<>(received), "values");
  }

  private void group() throws Exception {
    send("plain", 10, "later ");
    equal(10, receive("plain", 10, "group-plain", false).size(), "messages since the commit");
    check(
        done(admin.listConsumerGroups().all()).stream()
            .anyMatch((group) -> group.groupId().equals("group-plain")),
        "the group is listed");
    done(admin.deleteConsumerGroups(List.of("group-plain")).all());
  }

  private void transaction() throws Exception {
    create("transactional", 1, 2);
    try (KafkaProducer<String, String> producer =
        producer(Map.of(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "transaction"))) {
      producer.initTransactions();
      for (String outcome : List.of("aborted", "committed")) {
        producer.beginTransaction();
        for (int i = 0; i < 10; i++) producer.send(new ProducerRecord<>("transactional", outcome));
        if (outcome.equals("aborted")) producer.abortTransaction();
        else producer.commitTransaction();
      }
    }
    equal(
        Set.of("committed"),
        new HashSet<>(receive("transactional", 10, "transactional", false)),
        "values");
  }

  private void partitions() throws Exception {
    done(admin.createPartitions(Map.of("plain", NewPartitions.increaseTo(5))).all());
    retrying("five partitions", () -> describe("plain").size() == 5);
  }

  private static AlterConfigOp set(String name, String value) {
    return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
  }

  private String config(ConfigResource resource, String name) throws Exception {
    ConfigEntry entry =
        done(admin.describeConfigs(List.of(resource)).all()).get(resource).get(name);
    return entry == null ? null : entry.value();
  }

  private void change(ConfigResource resource, AlterConfigOp... operations) throws Exception {
    done(
        admin
            .incrementalAlterConfigs(
                Map.<ConfigResource, Collection<AlterConfigOp>>of(resource, List.of(operations)))
            .all());
  }

  private void topicConfig() throws Exception {
    ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "plain");
    change(topic, set("retention.ms", "1234567"), set("cleanup.policy", "compact"));
    retrying("the new value", () -> "1234567".equals(config(topic, "retention.ms")));
    check(
        node("/config/topics/plain").contains("\"retention.ms\":\"1234567\""),
        "in the tree: " + node("/config/topics/plain"));
    change(
        topic,
        new AlterConfigOp(new ConfigEntry("retention.ms", null), AlterConfigOp.OpType.DELETE));
    retrying("the default", () -> "604800000".equals(config(topic, "retention.ms")));
    equal("compact", config(topic, "cleanup.policy"), "the other value");
    change(topic, set("cleanup.policy", "delete"));
  }

  private void brokerConfig() throws Exception {
    for (String id : List.of("0", "")) {
      ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, id);
      change(broker, set("log.retention.ms", "7654321" + id.length()));
      retrying(
          "the new value of broker '" + id + "'",
          () -> ("7654321" + id.length()).equals(config(broker, "log.retention.ms")));
    }
    check(has("/config/brokers/0") && has("/config/brokers/<default>"), "in the tree");
  }

  private void quotas() throws Exception {
    ClientQuotaEntity entity =
        new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, "someone"));
    done(
        admin
            .alterClientQuotas(
                List.of(
                    new ClientQuotaAlteration(
                        entity, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1e9)))))
            .all());
    retrying(
        "the quota",
        () ->
            done(admin.describeClientQuotas(ClientQuotaFilter.all()).entities())
                .equals(Map.of(entity, Map.of("producer_byte_rate", 1e9))));
  }

  private void scram() throws Exception {
    ScramCredentialInfo info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
    done(
        admin
            .alterUserScramCredentials(
                List.of(new UserScramCredentialUpsertion("alice", info, "secret")))
            .all());
    retrying(
        "the credential",
        () ->
            done(admin.describeUserScramCredentials(List.of("alice")).description("alice"))
                .credentialInfos()
                .equals(List.of(info)));
    check(node("/config/users/alice").contains("SCRAM-SHA-256"), "in the tree");
  }

  private void acls() throws Exception {
    create("guarded", 1, 1);
    AclBinding deny =
        new AclBinding(
            new ResourcePattern(ResourceType.TOPIC, "guarded", PatternType.LITERAL),
            new AccessControlEntry(
                "User:ANONYMOUS", "*", AclOperation.WRITE, AclPermissionType.DENY));
    AclBinding allow =
        new AclBinding(
            new ResourcePattern(ResourceType.TOPIC, "guard", PatternType.PREFIXED),
            new AccessControlEntry("User:*", "*", AclOperation.ALL, AclPermissionType.ALLOW));
    done(admin.createAcls(List.of(deny, allow)).all());
    retrying(
        "both listed",
        () ->
            Set.copyOf(done(admin.describeAcls(AclBindingFilter.ANY).values()))
                .equals(Set.of(deny, allow)));
    check(
        has("/kafka-acl/Topic/guarded") && has("/kafka-acl-extended/prefixed/Topic/guard"),
        "in the tree");
    retrying("a refused message", () -> isRefused("guarded"));
    done(admin.deleteAcls(List.of(deny.toFilter())).all());
    retrying("an accepted message", () -> !isRefused("guarded"));
    equal(
        Set.of(allow), Set.copyOf(done(admin.describeAcls(AclBindingFilter.ANY).values())), "left");
  }

  private boolean isRefused(String topic) throws Exception {
    try {
      send(topic, 1, "message ");
      return false;
    } catch (ExecutionException refused) {
      check(
          refused.getCause() instanceof TopicAuthorizationException,
          "refused by its ACL: " + refused.getCause());
      return true;
    }
  }

  private void reassignment() throws Exception {
    create("moving", 1, 1);
    send("moving", 100, "message ");
    int from = describe("moving").get(0).leader().id();
    TopicPartition partition = new TopicPartition("moving", 0);
    done(
        admin
            .alterPartitionReassignments(
                Map.of(partition, Optional.of(new NewPartitionReassignment(List.of(1 - from)))))
            .all());
    retrying(
        "the move",
        () ->
            describe("moving").get(0).leader().id() == 1 - from
                && done(admin.listPartitionReassignments().reassignments()).isEmpty());
    equal(100, receive("moving", 100, "moving", false).size(), "messages");
  }

  private void deletion() throws Exception {
    create("unwanted", 3, 2);
    send("unwanted", 10, "message ");
    done(admin.deleteTopics(List.of("unwanted")).all());
    retrying("the topic to go", () -> !done(admin.listTopics().names()).contains("unwanted"));
    retrying(
        "its znodes to go",
        () ->
            !has("/brokers/topics/unwanted")
                && !has("/admin/delete_topics/unwanted")
                && !has("/config/topics/unwanted"));
    create("unwanted", 1, 1);
    equal(List.of(), receiveNothing("unwanted"), "messages of the topic that is new again");
  }

  private List<String> receiveNothing(String topic) {
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer = consumer("nothing")) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1)))
        values.add(record.value());
    }
    return values;
  }

  /** Reads all of a tree but what the brokers' registration and elections write anew. */
  private List<String> tree(String path) throws Exception {
    List<String> lines = new ArrayList<>();
    String data =
        new String(
            Optional.ofNullable(zooKeeper.getData(path, false, null)).orElse(new byte[0]),
            StandardCharsets.UTF_8);
    lines.add(path + " " + data + " " + zooKeeper.exists(path, false).getCzxid());
    for (String child :
        zooKeeper.getChildren(path, false).stream().sorted().collect(Collectors.toList()))
      lines.addAll(tree(path + "/" + child));
    return lines;
  }

  /**
   * Ends the server and keeps the brokers from it until it serves again, for the reason that the
   * Java client's cases give.
   */
  private void endServer(String how) throws Exception {
    cases.ask(how);
    relays.cut();
    otherRelays.cut();
  }

  private void startServer() throws Exception {
    cases.ask("start");
    relays.mend();
    otherRelays.mend();
  }

  private void serverKilled() throws Exception {
    String controller = node("/controller");
    List<String> before = tree("/kafka");
    endServer("kill");
    startServer();
    retrying("the server", () -> has("/brokers/ids/0"));
    equal(before, tree("/kafka"), "tree");
    equal(controller, node("/controller"), "the controller is the same, as its session lives");
    create("after-kill", 2, 2);
    roundTrip("after-kill", 1000);
    check(
        receive("plain", MESSAGE_COUNT, "again-1", false).size() >= MESSAGE_COUNT,
        "the old messages are there");
  }

  private void serverRestartedUnderLoad() throws Exception {
    create("loaded", 2, 2);
    try (KafkaProducer<String, String> producer = producer(Map.of())) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (int i = 0; i < 3000; i++) {
        if (i == 1000) endServer("stop");
        if (i == 2000) startServer();
        sent.add(producer.send(new ProducerRecord<>("loaded", "" + i)));
      }
      for (Future<RecordMetadata> one : sent) done(one);
    }
    equal(3000, new HashSet<>(receive("loaded", 3000, "loaded", false)).size(), "messages");
    retrying("both brokers", () -> has("/brokers/ids/0") && has("/brokers/ids/1"));
    create("after-stop", 1, 2);
  }

  /**
   * The brokers find the other servers by themselves, and their sessions outlive the leader's. The
   * topics after it are made by two servers of three, and then by all of them.
   */
  private void leaderKilledUnderLoad() throws Exception {
    retrying("both brokers", () -> has("/brokers/ids/0") && has("/brokers/ids/1"));
    create("under-failover", 4, 2);
    List<Long> owners = owners();
    try (KafkaProducer<String, String> producer = producer(Map.of())) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (int i = 0; i < MESSAGE_COUNT; i++) {
        if (i == MESSAGE_COUNT / 3) {
          done(sent.get(i - 1));
          cases.ask("kill");
        }
        sent.add(producer.send(new ProducerRecord<>("under-failover", "" + i)));
      }
      for (Future<RecordMetadata> one : sent) done(one);
    }
    create("without-one", 2, 2);
    equal(owners, owners(), "sessions of the brokers");
    roundTrip("without-one", 1000);
    List<String> received = receive("under-failover", MESSAGE_COUNT, "under-failover", false);
    equal(MESSAGE_COUNT, received.size(), "messages");
    equal(MESSAGE_COUNT, new HashSet<>(received).size(), "different messages");
    cases.ask("start");
    create("with-all", 2, 2);
    roundTrip("with-all", 1000);
    equal(owners, owners(), "sessions of the brokers");
  }

  private List<Long> owners() throws Exception {
    List<Long> owners = new ArrayList<>();
    for (int id = 0; id < 2; id++) {
      String path = "/kafka/brokers/ids/" + id;
      retrying(
          path,
          () -> {
            owners.add(zooKeeper.exists(path, false).getEphemeralOwner());
            return true;
          });
    }
    return owners;
  }

  private void sessionExpiry() throws Exception {
    retrying("broker 0", () -> has("/brokers/ids/0"));
    long owner = zooKeeper.exists("/kafka/brokers/ids/0", false).getEphemeralOwner();
    relays.cut();
    retrying("its registration to go", () -> !has("/brokers/ids/0"));
    retrying("another controller", () -> node("/controller").contains("\"brokerid\":1"));
    relays.mend();
    retrying("its registration to come back", () -> has("/brokers/ids/0"));
    check(
        zooKeeper.exists("/kafka/brokers/ids/0", false).getEphemeralOwner() != owner,
        "another session");
    create("after-expiry", 2, 2);
    roundTrip("after-expiry", 500);
  }

  private void failover() throws Exception {
    create("failing", 4, 2);
    send("failing", 500, "message ");
    second.kill();
    retrying(
        "all leaders at broker 0",
        () ->
            describe("failing").stream()
                .allMatch(
                    (one) ->
                        one.leader() != null && one.leader().id() == 0 && one.isr().size() == 1));
    send("failing", 500, "more ");
    second.start();
    retrying(
        "full ISR", () -> describe("failing").stream().allMatch((one) -> one.isr().size() == 2));
    equal(1000, receive("failing", 1000, "failing", false).size(), "messages");
  }

  private void brokerRestart() throws Exception {
    Set<String> topics = done(admin.listTopics().names());
    second.stop();
    first.stop();
    check(
        !has("/brokers/ids/0") && !has("/brokers/ids/1"), "registrations went with their sessions");
    first.start();
    second.start();
    retrying("both brokers", () -> has("/brokers/ids/0") && has("/brokers/ids/1"));
    retrying("all topics", () -> done(admin.listTopics().names()).equals(topics));
    retrying(
        "full ISR", () -> describe("failing").stream().allMatch((one) -> one.isr().size() == 2));
    check(
        receive("plain", MESSAGE_COUNT, "again-2", false).size() >= MESSAGE_COUNT,
        "the old messages are there");
  }
}
