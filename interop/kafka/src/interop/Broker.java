package interop;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * A Kafka broker in a process of its own, in ZooKeeper mode, that can be ended and started again on
 * the same data.
 */
final class Broker {
  final int id;
  final String address;
  private final Path folder;
  private final Path properties;
  private Process process;

  /** The folder is made below the working directory. */
  Broker(int id, int port, String zooKeeper) throws IOException {
    this.id = id;
    this.address = "127.0.0.1:" + port;
    this.folder = Files.createDirectories(Path.of("broker-" + id).toAbsolutePath());
    this.properties = folder.resolve("server.properties");
    Properties settings = new Properties();
    settings.putAll(
        new TreeMap<>(
            Map.ofEntries(
                Map.entry("broker.id", "" + id),
                Map.entry("listeners", "PLAINTEXT://" + address),
                Map.entry("log.dirs", folder.resolve("data").toString()),
                Map.entry("zookeeper.connect", zooKeeper),
                Map.entry("zookeeper.session.timeout.ms", "12000"),
                Map.entry("zookeeper.connection.timeout.ms", "30000"),
                Map.entry("authorizer.class.name", "kafka.security.authorizer.AclAuthorizer"),
                Map.entry("allow.everyone.if.no.acl.found", "true"),
                Map.entry("auto.create.topics.enable", "false"),
                Map.entry("delete.topic.enable", "true"),
                Map.entry("offsets.topic.replication.factor", "1"),
                Map.entry("offsets.topic.num.partitions", "4"),
                Map.entry("transaction.state.log.replication.factor", "1"),
                Map.entry("transaction.state.log.min.isr", "1"),
                Map.entry("transaction.state.log.num.partitions", "4"),
                Map.entry("group.initial.rebalance.delay.ms", "0"),
                Map.entry("controlled.shutdown.max.retries", "1"),
                Map.entry("file.delete.delay.ms", "1000"))));
    try (var out = Files.newBufferedWriter(properties)) {
      settings.store(out, null);
    }
    Files.writeString(
        folder.resolve("log4j.properties"),
        String.join(
            "\n",
            "log4j.rootLogger=INFO, file",
            "log4j.appender.file=org.apache.log4j.FileAppender",
            "log4j.appender.file.File=" + folder.resolve("broker.log"),
            "log4j.appender.file.layout=org.apache.log4j.PatternLayout",
            "log4j.appender.file.layout.ConversionPattern=%d %p %c %m%n",
            ""));
  }

  void start() throws IOException {
    File output = folder.resolve("output.log").toFile();
    process =
        new ProcessBuilder(
                List.of(
                    "java",
                    "-Xmx384m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "-Dlog4j.configuration=file:" + folder.resolve("log4j.properties"),
                    "kafka.Kafka",
                    properties.toString()))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output))
            .start();
  }

  boolean isRunning() {
    return process.isAlive();
  }

  /** Ends the broker in order. */
  void stop() throws InterruptedException {
    process.destroy();
    Cases.check(process.waitFor(60, TimeUnit.SECONDS), "broker " + id + " ended in order");
  }

  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }
}
