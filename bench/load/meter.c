#include "meter.h"

#include <dirent.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FLUSH_EVENTS_MAX = 1024 };

static int flush_events[FLUSH_EVENTS_MAX];
static int flush_event_count;

static double clock_seconds(clockid_t clock) {
  struct timespec t;
  return clock_gettime(clock, &t) == 0 ? (double)t.tv_sec + (double)t.tv_nsec / 1e9 : 0;
}

/* CPU time of a process so far, threads that have ended included; to the nanosecond, which /proc/PID/stat is not. */
static double process_cpu_seconds(int pid) {
  clockid_t clock;
  return clock_getcpuclockid(pid, &clock) == 0 ? clock_seconds(clock) : 0;
}

static int64_t process_write_bytes(int pid) {
  char path[64], line[128];
  long long bytes = 0;
  snprintf(path, sizeof path, "/proc/%d/io", pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  while (fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "write_bytes: %lld", &bytes) == 1) break;
  fclose(file);
  return bytes;
}

/* Number of a tracepoint in the kernel, or -1 where it cannot be read. */
static int tracepoint(const char *name) {
  char path[128];
  int id = -1;
  snprintf(path, sizeof path, "/sys/kernel/tracing/events/syscalls/%s/id", name);
  FILE *file = fopen(path, "r");
  if (file == NULL) return -1;
  if (fscanf(file, "%d", &id) != 1) id = -1;
  fclose(file);
  return id;
}

/* Counts the calls of one kind that a thread makes, and those of threads that it starts. */
static void count_calls(int thread, int id) {
  struct perf_event_attr attributes = {.type = PERF_TYPE_TRACEPOINT, .size = sizeof attributes, .config = (uint64_t)id, .disabled = 1, .inherit = 1};
  int fd = (int)syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd >= 0 && flush_event_count < FLUSH_EVENTS_MAX) flush_events[flush_event_count++] = fd;
}

void meter_open(const struct options *options) {
  if (!options->count_flushes) return;
  int ids[] = {tracepoint("sys_enter_fsync"), tracepoint("sys_enter_fdatasync")};
  for (int i = 0; i < options->server_pids.count; i++) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", options->server_pids.values[i]);
    DIR *threads = opendir(path);
    if (threads == NULL) continue;
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
      int thread = atoi(entry->d_name);
      for (int kind = 0; thread > 0 && kind < 2; kind++)
        if (ids[kind] >= 0) count_calls(thread, ids[kind]);
    }
    closedir(threads);
  }
}

static void add_servers(const struct options *options, struct result *result, int sign) {
  for (int i = 0; i < options->server_pids.count; i++) {
    int pid = options->server_pids.values[i];
    result->server_cpu_seconds += sign * process_cpu_seconds(pid);
    result->server_write_bytes += sign * process_write_bytes(pid);
  }
  result->generator_cpu_seconds += sign * clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

void meter_start(const struct options *options, struct result *result) {
  for (int i = 0; i < flush_event_count; i++) ioctl(flush_events[i], PERF_EVENT_IOC_ENABLE, 0);
  result->server_cpu_seconds = result->generator_cpu_seconds = 0;
  result->server_write_bytes = 0;
  add_servers(options, result, -1);
}

void meter_stop(const struct options *options, struct result *result) {
  add_servers(options, result, 1);
  result->server_flushes = flush_event_count > 0 ? 0 : -1;
  for (int i = 0; i < flush_event_count; i++) {
    uint64_t calls = 0;
    ioctl(flush_events[i], PERF_EVENT_IOC_DISABLE, 0);
    if (read(flush_events[i], &calls, sizeof calls) == sizeof calls) result->server_flushes += (int64_t)calls;
  }
}
