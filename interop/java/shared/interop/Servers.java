package interop;

/** How the servers are arranged that the cases run against; the harness says it in the environment. */
public enum Servers {
  /** One server by itself. */
  STANDALONE,
  /** One server of an ensemble, to which all clients connect. */
  MEMBER,
  /** All servers of an ensemble, over which the clients are spread. */
  SPREAD;

  private static final String NAME = System.getenv("INTEROP_SERVERS");

  public static Servers arrangement() {
    return NAME == null ? STANDALONE : valueOf(NAME.toUpperCase());
  }
}
