/*
 * Requests kept outstanding on every connection: the answer to one lets the next go. Answers that arrive together are
 * handled together, and what they let go leaves in one write, so that an operation costs far less than a microsecond
 * here when the pipeline is deep.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "connection.h"
#include "wire.h"
#include "workload.h"

enum { SESSION_TIMEOUT_MS = 40000, SETUP_DEPTH = 256, DELETE_DEPTH = 256, CREATE_PATH_MAX = 40 };

struct pending {
  uint64_t sent_ns;
  int32_t xid;
  int32_t key;
  int16_t op;
};

struct client {
  struct connection connection;
  struct pending *pending; /* ring of `depth` */
  int first, outstanding;
  int number;
  int created;
};

struct loop {
  const struct options *options;
  struct result *result;
  struct client *clients;
  char *data;
  uint64_t random;
  uint64_t measure_from_ns, measure_until_ns;
  int running, measuring;
};

static uint64_t next_random(struct loop *loop) {
  uint64_t x = loop->random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return loop->random = x;
}

static int created_path(char *path, int client, int number) {
  return snprintf(path, CREATE_PATH_MAX, ROOT "/c%04d-%08d", client, number);
}

static int choose_op(struct loop *loop) {
  const char *workload = loop->options->workload;
  switch (workload[0]) {
    case 'g': return OP_GET;
    case 'e': return OP_EXISTS;
    case 's': return OP_SET;
    case 'c': return OP_CREATE;
    default: return (int)(next_random(loop) % 100) < loop->options->write_percent ? OP_SET : OP_GET;
  }
}

static void send_one(struct loop *loop, struct client *client, uint64_t now) {
  const struct options *options = loop->options;
  struct connection *c = &client->connection;
  struct pending *p = &client->pending[(client->first + client->outstanding) % options->depth];
  uint8_t *start = connection_room(c, 128 + (size_t)options->value_size), *end;
  char path[CREATE_PATH_MAX];
  *p = (struct pending){.sent_ns = now, .xid = c->next_xid++, .op = (int16_t)choose_op(loop)};
  if (p->op == OP_CREATE) {
    int length = created_path(path, client->number, client->created++);
    end = create_request(start, p->xid, path, length, loop->data, options->value_size);
  } else {
    p->key = (int32_t)(next_random(loop) % (uint64_t)options->keys);
    key_path(path, p->key);
    if (p->op == OP_SET) {
      key_data(loop->data, options->value_size, p->key);
      end = set_request(start, p->xid, path, KEY_PATH_LENGTH, loop->data, options->value_size);
    } else {
      end = read_request(start, p->xid, p->op, path, KEY_PATH_LENGTH, 0);
    }
  }
  connection_wrote(c, end);
  client->outstanding++;
}

/* Fails unless the answer is the one that the request must have. */
static void check_answer(const struct loop *loop, const struct client *client, const struct pending *p, const uint8_t *frame, int32_t size) {
  int32_t value_size = loop->options->value_size;
  int32_t expected = REPLY_HEADER_SIZE + STAT_SIZE;
  if (size < REPLY_HEADER_SIZE || get_int(frame) != p->xid || get_int(frame + 12) != 0)
    fail("answer of %d bytes with xid %d and error %d to xid %d, type %d", size, get_int(frame), get_int(frame + 12), p->xid, p->op);
  if (p->op == OP_GET) {
    char tag[8];
    expected += 4 + value_size;
    snprintf(tag, sizeof tag, "%06d", p->key);
    if (size == expected && (get_int(frame + 16) != value_size || memcmp(frame + 20, tag, 6) != 0))
      fail("getData of key %d gave other data", p->key);
  } else if (p->op == OP_CREATE) {
    char path[CREATE_PATH_MAX];
    int number = client->created - client->outstanding;
    int length = created_path(path, client->number, number);
    expected = REPLY_HEADER_SIZE + 4 + length;
    if (size == expected && memcmp(frame + 20, path, (size_t)length) != 0) fail("create of %s gave another path", path);
  } else if (size == expected && get_int(frame + 16 + 52) != value_size) {
    fail("Stat of key %d shows %d bytes of data", p->key, get_int(frame + 16 + 52));
  }
  if (size != expected) fail("answer of %d bytes to type %d, expected %d", size, p->op, expected);
}

static void handle_answers(struct loop *loop, struct client *client) {
  const uint8_t *frame;
  int32_t size;
  uint64_t now = now_ns();
  int measured = now >= loop->measure_from_ns && now < loop->measure_until_ns;
  while ((frame = connection_frame(&client->connection, &size)) != NULL) {
    struct pending *p = &client->pending[client->first];
    if (client->outstanding == 0) fail("an answer that nobody asked for");
    check_answer(loop, client, p, frame, size);
    if (measured) histogram_add(&loop->result->latency, now - p->sent_ns);
    client->first = (client->first + 1) % loop->options->depth;
    client->outstanding--;
    if (loop->running) send_one(loop, client, now);
  }
}

/* Makes the nodes that are read and set; those that are there get their data again. */
static void make_keys(const struct options *options, struct connection *c, char *data) {
  char path[CREATE_PATH_MAX];
  connection_wrote(c, create_request(connection_room(c, 128), c->next_xid++, ROOT, sizeof ROOT - 1, "", 0));
  int32_t err = connection_call(c);
  if (err != 0 && err != ERR_NODE_EXISTS) fail("create " ROOT ": error %d", err);
  for (int from = 0; from < options->keys; from += SETUP_DEPTH) {
    int until = from + SETUP_DEPTH < options->keys ? from + SETUP_DEPTH : options->keys;
    for (int key = from; key < until; key++) {
      size_t room = 256 + 2 * (size_t)options->value_size;
      key_path(path, key);
      key_data(data, options->value_size, key);
      uint8_t *start = connection_room(c, room);
      uint8_t *middle = create_request(start, c->next_xid++, path, KEY_PATH_LENGTH, data, options->value_size);
      connection_wrote(c, set_request(middle, c->next_xid++, path, KEY_PATH_LENGTH, data, options->value_size));
    }
    for (int key = from; key < until; key++) {
      if ((err = connection_call(c)) != 0 && err != ERR_NODE_EXISTS) fail("create key %d: error %d", key, err);
      if ((err = connection_call(c)) != 0) fail("set key %d: error %d", key, err);
    }
  }
}

/* Takes away what the create workload made, so that the next run finds the same tree. */
static void delete_created(struct client *client, struct connection *c) {
  char path[CREATE_PATH_MAX];
  for (int from = 0; from < client->created; from += DELETE_DEPTH) {
    int until = from + DELETE_DEPTH < client->created ? from + DELETE_DEPTH : client->created;
    for (int number = from; number < until; number++) {
      int length = created_path(path, client->number, number);
      connection_wrote(c, delete_request(connection_room(c, 128), c->next_xid++, path, length));
    }
    for (int number = from; number < until; number++) {
      int32_t err = connection_call(c);
      if (err != 0) fail("delete: error %d", err);
    }
  }
}

static void watch_socket(int epoll, int operation, struct client *client) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
  if (client->connection.wants_write) event.events |= EPOLLOUT;
  if (epoll_ctl(epoll, operation, client->connection.fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

static void flush(int epoll, struct client *client) {
  int blocked = !connection_flush(&client->connection);
  if (blocked == client->connection.wants_write) return;
  client->connection.wants_write = blocked;
  watch_socket(epoll, EPOLL_CTL_MOD, client);
}

/* Notes the server's CPU time where measuring begins and ends, and ends the sending. */
static void read_meter(struct loop *loop) {
  uint64_t now = now_ns();
  if (!loop->measuring && now >= loop->measure_from_ns) {
    loop->measuring = 1;
    loop->result->server_cpu_seconds = -process_cpu_seconds(loop->options->server_pid);
  }
  if (loop->running && now >= loop->measure_until_ns) {
    loop->running = 0;
    loop->result->server_cpu_seconds += process_cpu_seconds(loop->options->server_pid);
  }
}

static void drive(struct loop *loop, int epoll) {
  const struct options *options = loop->options;
  struct epoll_event events[256];
  int busy = options->connections;
  for (int i = 0; i < options->connections; i++) {
    uint64_t now = now_ns();
    for (int d = 0; d < options->depth; d++) send_one(loop, &loop->clients[i], now);
    flush(epoll, &loop->clients[i]);
  }
  while (busy > 0) {
    int ready = epoll_wait(epoll, events, 256, 10000);
    if (ready == 0) fail("no answer within 10 s");
    read_meter(loop);
    for (int i = 0; i < ready; i++) {
      struct client *client = events[i].data.ptr;
      if ((events[i].events & ~(uint32_t)EPOLLOUT) && !connection_receive(&client->connection))
        fail("the server closed a connection");
      int had = client->outstanding;
      handle_answers(loop, client);
      flush(epoll, client);
      if (had > 0 && client->outstanding == 0) busy--;
    }
  }
}

void run_closed_loop(const struct options *options, struct result *result) {
  struct loop loop = {.options = options, .result = result, .random = now_ns() | 1, .running = 1};
  struct connection setup = {0};
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  loop.data = malloc((size_t)options->value_size + 8);
  loop.clients = calloc((size_t)options->connections, sizeof *loop.clients);
  memset(loop.data, 'x', (size_t)options->value_size);
  connection_open_session(&setup, options->port, SESSION_TIMEOUT_MS);
  make_keys(options, &setup, loop.data);
  for (int i = 0; i < options->connections; i++) {
    struct client *client = &loop.clients[i];
    client->number = i;
    client->pending = calloc((size_t)options->depth, sizeof *client->pending);
    connection_open_session(&client->connection, options->port, SESSION_TIMEOUT_MS);
    watch_socket(epoll, EPOLL_CTL_ADD, client);
  }
  loop.measure_from_ns = now_ns() + (uint64_t)(options->warm_seconds * 1e9);
  loop.measure_until_ns = loop.measure_from_ns + (uint64_t)(options->seconds * 1e9);
  drive(&loop, epoll);
  result->operations = result->latency.total;
  result->seconds = options->seconds;
  for (int i = 0; i < options->connections; i++) {
    struct client *client = &loop.clients[i];
    delete_created(client, &setup);
    connection_wrote(&client->connection, close_request(connection_room(&client->connection, 16), client->connection.next_xid++));
    if (connection_call(&client->connection) != 0) fail("closeSession was refused");
    connection_free(&client->connection);
    free(client->pending);
  }
  connection_free(&setup);
  free(loop.clients);
  free(loop.data);
}
