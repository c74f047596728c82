package interop;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs a project's own JUnit tests and prints each of them as a case. */
public final class OwnTests {
  private OwnTests() {}

  /** Runs classes, or `Class#method`, one after the other, and ends the process. */
  public static void run(List<String> names) {
    run(names, List.of());
  }

  /** The same without the methods of these names. */
  public static void run(List<String> names, List<String> excludedMethods) {
    PostDiscoveryFilter filter =
        (test) ->
            FilterResult.includedIf(
                test.getSource()
                    .filter(MethodSource.class::isInstance)
                    .map((source) -> !excludedMethods.contains(((MethodSource) source).getMethodName()))
                    .orElse(true));
    Cases cases = new Cases();
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(
                names.stream()
                    .map((name) -> name.contains("#") ? selectMethod(name) : selectClass(name))
                    .collect(Collectors.toList()))
            .filters(filter)
            .configurationParameter("junit.jupiter.execution.timeout.default", "240 s")
            .build();
    Launcher launcher = LauncherFactory.create();
    launcher.execute(request, new Reporter(cases));
    cases.end();
  }

  /** Prints each test as a case. */
  private static final class Reporter implements TestExecutionListener {
    private final Cases cases;

    Reporter(Cases cases) {
      this.cases = cases;
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
      report(test, () -> {
        throw new Cases.Skip(reason);
      });
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      boolean isBroken = result.getStatus() != TestExecutionResult.Status.SUCCESSFUL;
      if (!test.isTest() && !isBroken) return;
      report(test, () -> {
        Throwable cause = result.getThrowable().orElse(null);
        if (result.getStatus() == TestExecutionResult.Status.ABORTED)
          throw new Cases.Skip(String.valueOf(cause));
        if (cause instanceof Exception) throw (Exception) cause;
        if (cause instanceof Error) throw (Error) cause;
      });
    }

    private void report(TestIdentifier test, Cases.Body outcome) {
      cases.run(nameOf(test.getUniqueId()), outcome);
    }

    /** `[engine:…]/[class:a.b.TestX]/[method:testY()]` becomes `TestX testY()`. */
    private static String nameOf(String id) {
      return Arrays.stream(id.split("/"))
          .skip(1)
          .map((part) -> part.replaceAll("^\\[[^:]*:|\\]$", ""))
          .map((part) -> part.replaceAll("^[\\w.]*\\.(?=[A-Z])", ""))
          .collect(Collectors.joining(" "));
    }
  }
}
