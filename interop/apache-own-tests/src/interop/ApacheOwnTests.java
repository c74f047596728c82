package interop;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Apache ZooKeeper's own tests. Arguments: names of test classes, or `Class#method`; `-name` for a method to leave out. */
public final class ApacheOwnTests {
  public static void main(String[] args) {
    List<String> names = Arrays.asList(args);
    OwnTests.run(
        names.stream().filter((name) -> !name.startsWith("-")).collect(Collectors.toList()),
        names.stream()
            .filter((name) -> name.startsWith("-"))
            .map((name) -> name.substring(1))
            .collect(Collectors.toList()));
  }
}
