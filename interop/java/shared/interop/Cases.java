package interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs cases one by one, each with a deadline, and prints the results as the harness reads them:
 * one JSON object a line.
 */
public final class Cases {
  private static final long CASE_TIMEOUT_SECONDS = 180;

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final BufferedReader in =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  private final boolean canAsk = "1".equals(System.getenv("INTEROP_HARNESS"));
  private int count;
  private int failedCount;
  private long caseStartedNanos;

  /** A case. */
  public interface Body {
    void run() throws Exception;
  }

  /** A case that could not be tried, with the reason. */
  public static final class Skip extends Exception {
    public Skip(String reason) {
      super(reason);
    }
  }

  public void run(String name, Body body) {
    run(name, CASE_TIMEOUT_SECONDS, body);
  }

  public void run(String name, long timeoutSeconds, Body body) {
    FutureTask<Void> task =
        new FutureTask<>(
            () -> {
              body.run();
              return null;
            });
    Thread thread = new Thread(task, "case");
    thread.setDaemon(true);
    caseStartedNanos = System.nanoTime();
    thread.start();
    try {
      task.get(timeoutSeconds, TimeUnit.SECONDS);
      print(name, "passed", "");
    } catch (TimeoutException late) {
      StringBuilder where = new StringBuilder("not done after " + timeoutSeconds + " s, at");
      for (StackTraceElement element : thread.getStackTrace()) {
        if (element.getClassName().startsWith("interop")) where.append(' ').append(element);
      }
      thread.interrupt();
      print(name, "failed", where.toString());
    } catch (ExecutionException failure) {
      Throwable cause = failure.getCause();
      if (cause instanceof Skip) print(name, "skipped", cause.getMessage());
      else print(name, "failed", describe(cause));
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  /**
   * Prints the closing line and ends the process: 0 even when cases failed, as their lines say so.
   */
  public void end() {
    out.println("{\"end\":" + count + "}");
    System.err.println(count + " cases, " + failedCount + " failed");
    Runtime.getRuntime().halt(0);
  }

  /** Has the harness do something to the server: kill, start, restart (kill -9 and start), stop. */
  public void ask(String what) throws IOException, Skip {
    if (!canAsk) throw new Skip("nobody there who could " + what + " the server");
    out.println("{\"ask\":" + quote(what) + "}");
    String answer = in.readLine();
    if (!"done".equals(answer))
      throw new IllegalStateException("asked for " + what + ", got " + answer);
  }

  private void print(String name, String status, String detail) {
    count++;
    if (status.equals("failed")) failedCount++;
    System.err.println(
        (System.nanoTime() - caseStartedNanos) / 1_000_000 + " ms: " + name + ": " + status);
    out.println(
        "{\"case\":"
            + quote(name)
            + ",\"status\":"
            + quote(status)
            + ",\"detail\":"
            + quote(detail)
            + "}");
  }

  private static String describe(Throwable failure) {
    StringWriter text = new StringWriter();
    text.append(failure.toString());
    for (StackTraceElement element : failure.getStackTrace()) {
      if (element.getClassName().startsWith("interop.")
          && !element.getClassName().startsWith("interop.Cases")) {
        text.append(" at ")
            .append(element.getFileName())
            .append(":")
            .append(String.valueOf(element.getLineNumber()));
        break;
      }
    }
    failure.printStackTrace(new PrintWriter(System.err, true));
    return text.toString();
  }

  private static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') quoted.append('\\').append(c);
      else if (c < ' ') quoted.append(String.format("\\u%04x", (int) c));
      else quoted.append(c);
    }
    return quoted.append('"').toString();
  }

  public static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  public static void equal(Object expected, Object found, String what) {
    if (!Objects.equals(expected, found))
      throw new AssertionError(what + ": expected " + expected + ", found " + found);
  }

  /** Runs the body, which has to throw an exception of this very class, and returns that. */
  public static <E extends Exception> E raises(Class<E> expected, Body body) throws Exception {
    try {
      body.run();
    } catch (Exception thrown) {
      if (expected == thrown.getClass()) return expected.cast(thrown);
      throw new AssertionError(
          "expected " + expected.getSimpleName() + ", found " + thrown, thrown);
    }
    throw new AssertionError("expected " + expected.getSimpleName() + ", found no exception");
  }

  /** Polls until the condition holds; fails after the time given. */
  public static void eventually(String what, long timeoutMs, Callable<Boolean> condition)
      throws Exception {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    while (!condition.call()) {
      if (System.nanoTime() > end)
        throw new AssertionError("waited " + timeoutMs + " ms in vain for " + what);
      Thread.sleep(10);
    }
  }
}
