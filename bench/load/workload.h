/* What a run is asked for, and what it found. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdint.h>

#include "histogram.h"

enum { LIST_MAX = 8, SESSION_TIMEOUT_MS = 40000 };

struct list {
  int values[LIST_MAX];
  int count;
};

struct options {
  const char *workload;
  struct list ports; /* connections are spread over them in turn */
  int connections;
  int depth;      /* requests outstanding on each connection */
  double seconds; /* of measuring, after `warm_seconds` that do not count */
  double warm_seconds;
  int value_size;
  int keys;
  int write_percent;       /* of mixed */
  int children;            /* of the node that the workload children lists */
  double rate, write_rate; /* of the open loop: arrivals a second */
  struct list server_pids; /* whose CPU time and writes are read at both ends of measuring */
  int count_flushes;
  int kill_pid; /* of fail-over: the leader */
  int tls;
};

struct result {
  uint64_t operations;
  uint64_t writes; /* acknowledged while measuring: what a log has to hold */
  double seconds;
  struct histogram latency;
  struct histogram lateness; /* of the open loop: how late the generator itself was */
  double server_cpu_seconds, generator_cpu_seconds;
  int64_t server_write_bytes;
  int64_t server_flushes; /* -1: not counted */
  uint64_t answered_ns;   /* of knock: when the first read was answered, on the monotonic clock */
};

/* get, exists, set, create, mixed, children, multi, lock: every connection keeps `depth` requests outstanding. */
void run_closed_loop(const struct options *options, struct result *result);

/* open, ping: requests leave at fixed times, answered or not; a latency counts from the time when it was due. */
void run_open_loop(const struct options *options, struct result *result);

/* watch: all connections but one watch a node that the other sets; an operation is one event delivered. */
void run_fan_out(const struct options *options, struct result *result);

/* sessions: connect, one read, closeSession; an operation is one whole session. */
void run_sessions(const struct options *options, struct result *result);

/* fill: a tree of `keys` nodes of `value_size` bytes, below a node for each 1,000 of them. */
void run_fill(const struct options *options, struct result *result);

/* hold: says `held` when `connections` idle sessions are open, keeps them alive until standard input ends, closes them. */
void run_hold(const struct options *options, struct result *result);

/* knock: tries to connect until a session is open and a read answered; the time of that is `answered_ns`. */
void run_knock(const struct options *options, struct result *result);

/* fail-over: kills the leader under writes; the latency is that from the kill to the first write acknowledged after it. */
void run_fail_over(const struct options *options, struct result *result);

/* Nodes that the workloads use. */
#define ROOT "/bench"
#define KEY_PATH_LENGTH 14 /* /bench/k000000 */
#define CHILD_PATH_MAX 64

#endif
