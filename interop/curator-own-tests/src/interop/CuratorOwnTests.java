package interop;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Curator's own tests that start an ensemble, and those of lost servers and sessions. Each starts its own servers, by the class that takes
 * the place of Curator's. Arguments: names of test classes or Class#method, or none for all that
 * are known.
 */
public final class CuratorOwnTests {
  private static final String FRAMEWORK = "org.apache.curator.framework.";
  private static final List<String> ALL =
      List.of(
          FRAMEWORK + "imps.TestWithCluster",
          FRAMEWORK + "imps.TestReadOnly",
          FRAMEWORK + "imps.TestReconfiguration",
          FRAMEWORK + "imps.TestFrameworkEdges",
          FRAMEWORK + "recipes.cache.TestCuratorCacheEdges",
          FRAMEWORK + "recipes.cache.TestCuratorCacheConsistency",
          FRAMEWORK + "recipes.cache.TestPathChildrenCacheInCluster",
          FRAMEWORK + "recipes.leader.TestLeaderLatchCluster",
          FRAMEWORK + "recipes.leader.TestLeaderSelectorCluster",
          FRAMEWORK + "recipes.locks.TestInterProcessSemaphoreCluster",
          FRAMEWORK + "recipes.queue.TestLongNetworkPartition",
          FRAMEWORK + "ensemble.TestEnsembleProvider",
          FRAMEWORK + "imps.TestEnabledSessionExpiredState",
          FRAMEWORK + "client.TestBackgroundStates",
          FRAMEWORK + "client.TestResetConnectionWithBackgroundFailure",
          FRAMEWORK + "state.TestConnectionStateManager",
          "org.apache.curator.TestSessionFailRetryLoop");

  public static void main(String[] args) {
    Cases cases = new Cases();
    List<String> names = args.length == 0 ? ALL : Arrays.asList(args);
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(
                names.stream()
                    .map((name) -> name.contains("#") ? selectMethod(name) : selectClass(name))
                    .collect(Collectors.toList()))
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
          .map((part) -> part.replaceAll("^.*\\.(?=[A-Z])", ""))
          .collect(Collectors.joining(" "));
    }
  }
}
