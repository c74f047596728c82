package interop;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig;

/**
 * A server as a process: zoonode if the system property "interop.zoonode" names its program, Apache
 * ZooKeeper of this class path otherwise. What tests set of the server in their own process, system
 * properties and whether reconfiguration is allowed, goes along.
 */
public final class ServerProcess {
  private static final int START_SECONDS = 40;
  private static final int STOP_SECONDS = 20;
  private static final String LOGIN_FILE = "java.security.auth.login.config";
  private static final String SUPER_DIGEST = "DigestAuthenticationProvider.superDigest";

  private final Process process;

  public ServerProcess(Properties properties, File dataDirectory, int id) throws IOException {
    this(fileOf(properties, dataDirectory, id));
  }

  /** A server with this configuration file, to which it adds what the tests have set otherwise. */
  public static ServerProcess withFile(Path file) throws IOException {
    String text = Files.readString(file);
    // Whoever reads this line in the tests' own process allows it there for good, and for all servers.
    if (text.contains("reconfigEnabled=true")) QuorumPeerConfig.setReconfigEnabled(true);
    else if (QuorumPeerConfig.isReconfigEnabled())
      Files.writeString(file, text + "\nreconfigEnabled=true\n");
    return new ServerProcess(file.toString());
  }

  private ServerProcess(String file) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command(file));
    builder.environment().put("SERVER_JVMFLAGS", String.join(" ", flags()));
    process =
        builder
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(new File("servers.log")))
            .start();
  }

  private static String fileOf(Properties properties, File dataDirectory, int id)
      throws IOException {
    Files.createDirectories(dataDirectory.toPath());
    Files.writeString(dataDirectory.toPath().resolve("myid"), id + "\n");
    Properties all = new Properties();
    all.putAll(properties);
    all.put("admin.enableServer", "false");
    if (System.getProperty("zookeeper.4lw.commands.whitelist") == null)
      all.put("4lw.commands.whitelist", "*");
    if (QuorumPeerConfig.isReconfigEnabled()) all.put("reconfigEnabled", "true");
    Path file = Files.createTempDirectory("own-tests-server").resolve("zoo.cfg");
    try (Writer out = Files.newBufferedWriter(file)) {
      // Not Properties.store: its backslashes before colons are for Java alone.
      for (String name : all.stringPropertyNames())
        out.write(name + "=" + all.getProperty(name) + "\n");
    }
    return file.toString();
  }

  private static List<String> command(String file) {
    String zoonode = System.getProperty("interop.zoonode");
    if (zoonode != null) return List.of("node", zoonode, "--config", file);
    List<String> command = new ArrayList<>();
    command.addAll(List.of("java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(flags());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of("org.apache.zookeeper.server.quorum.QuorumPeerMain", file));
    return command;
  }

  private static List<String> flags() {
    List<String> flags =
        System.getProperties().stringPropertyNames().stream()
        .filter(
            (name) ->
                name.startsWith("zookeeper.")
                    || name.startsWith("jute.")
                    || name.startsWith("znode.")
                    || name.startsWith("readonlymode.")
                    || name.equals(LOGIN_FILE)
                    || name.equals(SUPER_DIGEST))
        .map((name) -> "-D" + name + "=" + System.getProperty(name))
        .collect(Collectors.toList());
    if (System.getProperty(LOGIN_FILE) == null) addLoginsMadeByProgram(flags);
    return flags;
  }

  /** Writes the section of users, where a test has made one in its own process, into a file for the server. */
  private static void addLoginsMadeByProgram(List<String> flags) {
    String section = System.getProperty("zookeeper.sasl.serverconfig", "Server");
    AppConfigurationEntry[] entries;
    try {
      entries = Configuration.getConfiguration().getAppConfigurationEntry(section);
    } catch (SecurityException none) {
      return;
    }
    if (entries == null) return;
    StringBuilder text = new StringBuilder(section + " {\n");
    for (AppConfigurationEntry entry : entries) {
      text.append(entry.getLoginModuleName()).append(" required");
      entry.getOptions().forEach((name, value) -> text.append("\n" + name + "=\"" + value + '"'));
      text.append(";\n");
    }
    try {
      Path file = Files.createTempFile("jaas", ".conf");
      Files.writeString(file, text.append("};\n"));
      flags.add("-D" + LOGIN_FILE + "=" + file);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  public void awaitServing(int port) throws Exception {
    Cases.eventually(
        "the server to serve",
        TimeUnit.SECONDS.toMillis(START_SECONDS),
        () -> {
          if (!process.isAlive()) throw new IOException("the server ended, see servers.log");
          return answer(port).contains("Mode: ");
        });
  }

  private static String answer(int port) {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(2000);
      socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException notYet) {
      return "";
    }
  }

  /** Waits until the process ends by itself or is stopped. */
  public void awaitEnd() throws InterruptedException {
    process.waitFor();
  }

  public void kill() {
    process.destroyForcibly();
    await();
  }

  public void stop() {
    process.destroy();
    if (!await()) kill();
  }

  private boolean await() {
    try {
      return process.waitFor(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
