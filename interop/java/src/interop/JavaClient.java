package interop;

/**
 * The Java client of Apache ZooKeeper 3.9.5, all of its API. Arguments: connect string, and "quick"
 * for fewer pipelined requests.
 */
public final class JavaClient {
  public static void main(String[] args) throws Exception {
    String connect = args[0];
    boolean quick = args.length > 1 && args[1].equals("quick");
    Cases cases = new Cases();
    new DataCases(connect).addTo(cases);
    new MultiCases(connect).addTo(cases);
    new WatchCases(connect).addTo(cases);
    new AclCases(connect).addTo(cases);
    new LifetimeCases(connect).addTo(cases);
    new AdminCases(connect).addTo(cases);
    new AsyncCases(connect, quick ? 2000 : 10_000).addTo(cases);
    new SessionCases(connect, cases).addTo();
    cases.end();
  }
}
