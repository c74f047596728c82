package interop;

/** Apache Curator's framework and recipes. Argument: the connect string. */
public final class CuratorClient {
  public static void main(String[] args) throws Exception {
    Cases cases = new Cases();
    Curators curators = new Curators(args[0]);
    new LockCases(curators).addTo(cases);
    new LeaderCases(curators).addTo(cases);
    new CacheCases(curators).addTo(cases);
    new NodeCases(curators).addTo(cases);
    cases.run("closing all clients", curators::close);
    cases.end();
  }
}
