/* The requests of the workloads, one by one: what is sent, and what its answer must be. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "connection.h"
#include "workload.h"

enum { MULTI_SIZE = 10 };

struct request {
  uint64_t since_ns; /* when it was sent, or due */
  int32_t xid;
  int32_t key;
  int16_t op;
};

/* What the requests of one connection depend on. */
struct sender {
  int number;
  int created; /* nodes of its own, for the workload create */
  char lock_path[CHILD_PATH_MAX];
  int lock_length; /* 0: it holds no lock node */
  uint64_t lock_since_ns;
};

/* What all connections share. */
struct choice {
  const struct options *options;
  char *data; /* as long as a value, filled */
  uint64_t random;
};

void choice_init(struct choice *choice, const struct options *options);
void choice_free(struct choice *choice);

/* The operation that a connection's next request has in the workload of the options. */
int choose_op(struct choice *choice, const struct sender *sender);

/* Writes a request into the connection's output. `request` gets all but its time. */
void write_request(struct choice *choice, struct sender *sender, struct connection *c, struct request *request, int op);

/* Fails unless the answer is the one that the request must have. `outstanding` counts this request and those sent after it. */
void check_answer(const struct choice *choice, struct sender *sender, const struct request *request, int outstanding, const uint8_t *frame, int32_t size);

static inline int is_write(int op) { return op == OP_SET || op == OP_CREATE || op == OP_DELETE || op == OP_MULTI; }

/* Path of the n-th node that a sender creates; returns its length. */
int created_path(char *path, int sender, int number);

/* Path and data of a node: its data is its six digits, then filling. */
void key_path(char *path, int key);
void key_data(char *data, int key);

#endif
