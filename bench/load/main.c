/*
 * Load generator for the client port: one thread, every answer checked, figures as one line of JSON on standard output.
 * It fails with a message at the first answer that is not as it must be.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "connection.h"
#include "workload.h"

static const char *USAGE =
    "zkload --port P[,P...] --workload get|exists|set|create|mixed|children|multi|lock|open|ping|watch|sessions|fill|hold|knock|fail-over\n"
    "  [--connections N] [--depth N] [--seconds S] [--warm S] [--size BYTES] [--keys N] [--writes PERCENT] [--children N]\n"
    "  [--rate R] [--write-rate R] [--server-pid PID[,PID...]] [--count-flushes] [--kill-pid PID] [--tls]\n";

enum { KEYS_MAX = 999999, FILL_MAX = 9999999, CHILDREN_MAX = 99999 };

static const struct {
  const char *name;
  void (*run)(const struct options *options, struct result *result);
} WORKLOADS[] = {{"get", run_closed_loop},      {"exists", run_closed_loop}, {"set", run_closed_loop},   {"create", run_closed_loop},
                 {"mixed", run_closed_loop},    {"children", run_closed_loop}, {"multi", run_closed_loop}, {"lock", run_closed_loop},
                 {"open", run_open_loop},       {"ping", run_open_loop},     {"watch", run_fan_out},     {"sessions", run_sessions},
                 {"fill", run_fill},            {"hold", run_hold},          {"knock", run_knock},       {"fail-over", run_fail_over}};
enum { WORKLOAD_COUNT = sizeof WORKLOADS / sizeof *WORKLOADS };

static struct list parse_list(char *text) {
  struct list list = {.count = 0};
  for (char *part = strtok(text, ","); part != NULL && list.count < LIST_MAX; part = strtok(NULL, ",")) list.values[list.count++] = atoi(part);
  return list;
}

static struct options parse(int argc, char **argv) {
  static const struct option names[] = {{"port", 1, 0, 'p'},       {"workload", 1, 0, 'w'}, {"connections", 1, 0, 'c'},   {"depth", 1, 0, 'd'},
                                        {"seconds", 1, 0, 's'},    {"warm", 1, 0, 'u'},     {"size", 1, 0, 'z'},          {"keys", 1, 0, 'k'},
                                        {"writes", 1, 0, 'r'},     {"children", 1, 0, 'n'}, {"rate", 1, 0, 'a'},          {"write-rate", 1, 0, 'b'},
                                        {"server-pid", 1, 0, 'i'}, {"kill-pid", 1, 0, 'x'}, {"count-flushes", 0, 0, 'f'}, {"tls", 0, 0, 't'},
                                        {0, 0, 0, 0}};
  struct options o = {.workload = "", .connections = 1, .depth = 1, .seconds = 5, .warm_seconds = 1, .value_size = 100, .keys = 1000, .write_percent = 10, .children = 100};
  for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
    switch (name) {
      case 'p': o.ports = parse_list(optarg); break;
      case 'w': o.workload = optarg; break;
      case 'c': o.connections = atoi(optarg); break;
      case 'd': o.depth = atoi(optarg); break;
      case 's': o.seconds = atof(optarg); break;
      case 'u': o.warm_seconds = atof(optarg); break;
      case 'z': o.value_size = atoi(optarg); break;
      case 'k': o.keys = atoi(optarg); break;
      case 'r': o.write_percent = atoi(optarg); break;
      case 'n': o.children = atoi(optarg); break;
      case 'a': o.rate = atof(optarg); break;
      case 'b': o.write_rate = atof(optarg); break;
      case 'i': o.server_pids = parse_list(optarg); break;
      case 'x': o.kill_pid = atoi(optarg); break;
      case 'f': o.count_flushes = 1; break;
      case 't': o.tls = 1; break;
      default: fail("%s", USAGE);
    }
  }
  int keys_max = strcmp(o.workload, "fill") == 0 ? FILL_MAX : KEYS_MAX;
  if (o.ports.count == 0 || o.ports.values[0] <= 0 || o.connections < 1 || o.depth < 1 || o.value_size < 8 || o.seconds <= 0) fail("%s", USAGE);
  if (o.keys < 1 || o.keys > keys_max || o.children < 1 || o.children > CHILDREN_MAX) fail("%s", USAGE);
  if (strcmp(o.workload, "lock") == 0 && o.depth > 1) fail("a lock is taken and given back one after the other: --depth 1");
  return o;
}

/* As many connections as the system lets one program have. */
static void raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void print_result(const struct options *options, const struct result *result) {
  const struct histogram *h = &result->latency;
  printf("{\"workload\":\"%s\",\"connections\":%d,\"depth\":%d,\"valueSizeBytes\":%d,\"operations\":%llu,\"writes\":%llu,\"seconds\":%.6f,"
         "\"perSecond\":%.1f,\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"maxUs\":%.1f,\"latenessP99Us\":%.1f,",
         options->workload, options->connections, options->depth, options->value_size, (unsigned long long)result->operations,
         (unsigned long long)result->writes, result->seconds, (double)result->operations / result->seconds, histogram_quantile_us(h, 0.5),
         histogram_quantile_us(h, 0.99), histogram_quantile_us(h, 0.999), (double)h->max_ns / 1000.0, histogram_quantile_us(&result->lateness, 0.99));
  printf("\"serverCpuSeconds\":%.6f,\"generatorCpuSeconds\":%.6f,\"serverWriteBytes\":%lld,\"serverFlushes\":%lld,\"answeredNs\":%llu}\n", result->server_cpu_seconds,
         result->generator_cpu_seconds, (long long)result->server_write_bytes, (long long)result->server_flushes,
         (unsigned long long)result->answered_ns);
}

int main(int argc, char **argv) {
  static struct result result;
  struct options options = parse(argc, argv);
  int chosen = 0;
  while (chosen < WORKLOAD_COUNT && strcmp(options.workload, WORKLOADS[chosen].name) != 0) chosen++;
  if (chosen == WORKLOAD_COUNT) fail("%s", USAGE);
  signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  if (options.tls) connections_use_tls();
  result.server_flushes = -1;
  WORKLOADS[chosen].run(&options, &result);
  print_result(&options, &result);
  return 0;
}
