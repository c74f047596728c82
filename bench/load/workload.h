/* What a run is asked for, and what it found. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdint.h>

#include "histogram.h"

struct options {
  const char *workload;
  int port;
  int connections;
  int depth;      /* requests outstanding on each connection */
  double seconds; /* of measuring, after `warm_seconds` that do not count */
  double warm_seconds;
  int value_size;
  int keys;
  int write_percent; /* of mixed */
  int server_pid;    /* whose CPU time is read at both ends of measuring; 0: none */
};

struct result {
  uint64_t operations;
  double seconds;
  struct histogram latency;
  double server_cpu_seconds;
};

/* get, exists, set, create, mixed: every connection keeps `depth` requests outstanding. */
void run_closed_loop(const struct options *options, struct result *result);

/* watch: all connections but one watch a node that the other sets; an operation is one event delivered. */
void run_fan_out(const struct options *options, struct result *result);

/* sessions: connect, one read, closeSession; an operation is one whole session. */
void run_sessions(const struct options *options, struct result *result);

/* CPU time that a process has used so far, in seconds; 0 if there is none of that id. */
double process_cpu_seconds(int pid);

/* Nodes that the workloads use. */
#define ROOT "/bench"
#define KEY_PATH_LENGTH 14 /* /bench/k000000 */
void key_path(char *path, int key);
/* Data of a node: its six digits, then filling. At least 8 bytes. */
void key_data(char *data, int size, int key);

#endif
