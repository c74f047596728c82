package interop;

import java.util.Arrays;
import java.util.List;

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
    OwnTests.run(args.length == 0 ? ALL : Arrays.asList(args));
  }
}
