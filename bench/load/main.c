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
#include <unistd.h>

#include "connection.h"
#include "workload.h"

static const char *USAGE =
    "zkload --port P --workload get|exists|set|create|mixed|watch|sessions\n"
    "  [--connections N] [--depth N] [--seconds S] [--warm S] [--size BYTES] [--keys N] [--writes PERCENT] [--server-pid PID]\n";

void key_path(char *path, int key) {
  memcpy(path, ROOT "/k000000", KEY_PATH_LENGTH + 1);
  for (int at = KEY_PATH_LENGTH - 1; key > 0; key /= 10) path[at--] = (char)('0' + key % 10);
}

void key_data(char *data, int size, int key) {
  char path[KEY_PATH_LENGTH + 1];
  key_path(path, key);
  memcpy(data, path + KEY_PATH_LENGTH - 6, 6);
  (void)size;
}

static struct options parse(int argc, char **argv) {
  static const struct option names[] = {{"port", 1, 0, 'p'},    {"workload", 1, 0, 'w'}, {"connections", 1, 0, 'c'},
                                        {"depth", 1, 0, 'd'},   {"seconds", 1, 0, 's'},  {"warm", 1, 0, 'u'},
                                        {"size", 1, 0, 'z'},    {"keys", 1, 0, 'k'},     {"writes", 1, 0, 'r'},
                                        {"server-pid", 1, 0, 'i'}, {0, 0, 0, 0}};
  struct options o = {.workload = "", .connections = 1, .depth = 1, .seconds = 5, .warm_seconds = 1, .value_size = 100, .keys = 1000, .write_percent = 10};
  for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
    switch (name) {
      case 'p': o.port = atoi(optarg); break;
      case 'w': o.workload = optarg; break;
      case 'c': o.connections = atoi(optarg); break;
      case 'd': o.depth = atoi(optarg); break;
      case 's': o.seconds = atof(optarg); break;
      case 'u': o.warm_seconds = atof(optarg); break;
      case 'z': o.value_size = atoi(optarg); break;
      case 'k': o.keys = atoi(optarg); break;
      case 'r': o.write_percent = atoi(optarg); break;
      case 'i': o.server_pid = atoi(optarg); break;
      default: fail("%s", USAGE);
    }
  }
  if (o.port <= 0 || o.connections < 1 || o.depth < 1 || o.value_size < 8 || o.keys < 1 || o.keys > 999999 || o.seconds <= 0) fail("%s", USAGE);
  return o;
}

double process_cpu_seconds(int pid) {
  char path[64], text[1024];
  unsigned long user = 0, system = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = pid > 0 ? fopen(path, "r") : NULL;
  if (file == NULL) return 0;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  /* Fields 14 and 15; the name, field 2, ends at the last parenthesis and may hold spaces. */
  const char *after_name = strrchr(text, ')');
  if (after_name == NULL) return 0;
  sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv) {
  static struct result result;
  struct options options = parse(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  if (strcmp(options.workload, "watch") == 0) run_fan_out(&options, &result);
  else if (strcmp(options.workload, "sessions") == 0) run_sessions(&options, &result);
  else if (strstr(" get exists set create mixed ", options.workload) != NULL && options.workload[0] != 0) run_closed_loop(&options, &result);
  else fail("%s", USAGE);
  const struct histogram *h = &result.latency;
  printf("{\"workload\":\"%s\",\"connections\":%d,\"depth\":%d,\"valueSizeBytes\":%d,\"operations\":%llu,\"seconds\":%.3f,"
         "\"perSecond\":%.1f,\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"maxUs\":%.1f,\"serverCpuSeconds\":%.3f,\"generatorCpuSeconds\":%.3f}\n",
         options.workload, options.connections, options.depth, options.value_size, (unsigned long long)result.operations, result.seconds,
         (double)result.operations / result.seconds, histogram_quantile_us(h, 0.5), histogram_quantile_us(h, 0.99),
         histogram_quantile_us(h, 0.999), (double)h->max_ns / 1000.0, result.server_cpu_seconds, cpu_seconds());
  return 0;
}
