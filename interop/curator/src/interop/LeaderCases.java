package interop;

import static interop.Cases.check;
import static interop.Cases.equal;
import static interop.Cases.eventually;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.leader.Participant;

/** Elections of a leader. */
final class LeaderCases {
  private final Curators curators;

  LeaderCases(Curators curators) {
    this.curators = curators;
  }

  void addTo(Cases cases) {
    cases.run("LeaderLatch has one leader, and the next when it closes", this::latch);
    cases.run("LeaderLatch goes over when the leader is cut off", this::latchOfCutOff);
    cases.run("LeaderSelector gives everyone a term", this::selector);
    cases.run("LeaderSelector queues again by itself", this::requeue);
    cases.run("LeaderSelector is interrupted when its session is lost", this::interrupted);
  }

  private void latch() throws Exception {
    String path = curators.path();
    List<LeaderLatch> latches = new ArrayList<>();
    for (String id : List.of("a", "b", "c")) {
      LeaderLatch latch = new LeaderLatch(curators.open(), path, id);
      latch.start();
      latches.add(latch);
      eventually(id + " to queue", 60_000, () -> latch.getParticipants().size() == latches.size());
    }
    check(latches.get(0).await(60, TimeUnit.SECONDS), "the first leads");
    equal("a", latches.get(2).getLeader().getId(), "leader as the third sees it");
    equal(
        List.of("a", "b", "c"),
        latches.get(1).getParticipants().stream()
            .map(Participant::getId)
            .collect(Collectors.toList()),
        "participants");
    check(!latches.get(1).hasLeadership(), "the second does not");
    latches.get(0).close();
    check(latches.get(1).await(60, TimeUnit.SECONDS), "then the second leads");
    latches.get(1).close();
    check(latches.get(2).await(60, TimeUnit.SECONDS), "then the third leads");
    latches.get(2).close();
  }

  private void latchOfCutOff() throws Exception {
    String path = curators.path();
    try (Proxy proxy = new Proxy(curators.connect)) {
      LeaderLatch first =
          new LeaderLatch(curators.open(proxy.connectString(), 1500), path, "first");
      first.start();
      check(first.await(60, TimeUnit.SECONDS), "the first leads");
      LeaderLatch second = new LeaderLatch(curators.open(), path, "second");
      second.start();
      proxy.cut();
      eventually("the first to give up", 60_000, () -> !first.hasLeadership());
      check(second.await(60, TimeUnit.SECONDS), "the second leads");
      proxy.mend();
      eventually("the first to queue again", 60_000, () -> second.getParticipants().size() == 2);
      second.close();
      check(first.await(60, TimeUnit.SECONDS), "the first leads again");
      first.close();
    }
  }

  private void selector() throws Exception {
    String path = curators.path();
    BlockingQueue<String> terms = new LinkedBlockingQueue<>();
    CountDownLatch leave = new CountDownLatch(1);
    List<LeaderSelector> selectors = new ArrayList<>();
    for (String id : List.of("a", "b", "c")) {
      LeaderSelector selector =
          new LeaderSelector(
              curators.open(),
              path,
              new LeaderSelectorListenerAdapter() {
                @Override
                public void takeLeadership(CuratorFramework client) throws Exception {
                  terms.add(id);
                  leave.await();
                }
              });
      selector.setId(id);
      selector.start();
      selectors.add(selector);
      eventually(
          id + " to queue", 10_000, () -> selector.getParticipants().size() == selectors.size());
    }
    equal("a", terms.poll(60, TimeUnit.SECONDS), "first leader");
    equal(null, terms.poll(), "no second at the same time");
    equal("a", selectors.get(2).getLeader().getId(), "leader as the third sees it");
    leave.countDown();
    equal("b", terms.poll(60, TimeUnit.SECONDS), "second leader");
    equal("c", terms.poll(60, TimeUnit.SECONDS), "third leader");
    selectors.forEach(LeaderSelector::close);
  }

  private void requeue() throws Exception {
    BlockingQueue<String> terms = new LinkedBlockingQueue<>();
    LeaderSelector selector =
        new LeaderSelector(
            curators.open(),
            curators.path(),
            new LeaderSelectorListenerAdapter() {
              @Override
              public void takeLeadership(CuratorFramework client) {
                if (terms.size() < 5) terms.add("term");
              }
            });
    selector.autoRequeue();
    selector.start();
    eventually("five terms", 60_000, () -> terms.size() == 5);
    selector.close();
  }

  private void interrupted() throws Exception {
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    try (Proxy proxy = new Proxy(curators.connect)) {
      LeaderSelector selector =
          new LeaderSelector(
              curators.open(proxy.connectString(), 1500),
              curators.path(),
              new LeaderSelectorListenerAdapter() {
                @Override
                public void takeLeadership(CuratorFramework client) throws Exception {
                  events.add("leads");
                  try {
                    Thread.currentThread().join();
                  } catch (InterruptedException interruption) {
                    events.add("interrupted");
                    throw interruption;
                  }
                }
              });
      selector.autoRequeue();
      selector.start();
      equal("leads", events.poll(60, TimeUnit.SECONDS), "event");
      proxy.cut();
      equal("interrupted", events.poll(60, TimeUnit.SECONDS), "event");
      proxy.mend();
      equal("leads", events.poll(60, TimeUnit.SECONDS), "event");
      selector.close();
    }
  }
}
