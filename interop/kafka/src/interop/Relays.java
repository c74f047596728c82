package interop;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A relay in front of each server of a connect string: a client of them chooses as it would without. */
final class Relays {
  private final List<Proxy> proxies = new ArrayList<>();

  Relays(String connectString) throws IOException {
    for (String server : connectString.split(",")) proxies.add(new Proxy(server));
  }

  String connectString() {
    return proxies.stream().map(Proxy::connectString).collect(Collectors.joining(","));
  }

  void cut() {
    proxies.forEach(Proxy::cut);
  }

  void mend() {
    proxies.forEach(Proxy::mend);
  }
}
