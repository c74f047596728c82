package org.apache.zookeeper.test;

import java.util.HashSet;
import java.util.Set;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;

/**
 * Takes the place of the class of this name in Apache's tests, which looks for beans of the server inside of the tests' process: servers
 * that are processes of their own have none there.
 */
public class JMXEnv {
  public static void setUp() {}

  public static void tearDown() {}

  public static void dump() {}

  public static MBeanServerConnection conn() {
    throw new UnsupportedOperationException("a server without beans");
  }

  public static Set<ObjectName> ensureAll(String... names) {
    return new HashSet<>();
  }

  public static Set<ObjectName> ensureOnly(String... names) {
    return new HashSet<>();
  }

  public static Set<ObjectName> ensureParent(String... names) {
    return new HashSet<>();
  }

  public static void ensureNone(String... names) {}
}
