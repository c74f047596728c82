/*
 * Requests at fixed times: each is due at its time whether the earlier ones are answered or not, and its latency counts
 * from then, so that a server that stands still is charged with all that it kept waiting. Reads (or pings) and sets have
 * connections of their own; the latencies are those of the reads.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include "meter.h"
#include "tree.h"

#define ANSWER_TIMEOUT_NS 30000000000u
enum { PENDING_MIN = 256, PENDING_MAX = 1 << 20, SETTERS = 16 };

struct client {
  struct connection connection;
  struct sender sender;
  struct request *pending; /* ring that doubles when it is full */
  unsigned room, first, outstanding;
  int is_touched;
};

/* Requests of one kind, `step_ns` apart, handed to `count` clients in turn. */
struct stream {
  struct client *clients;
  double step_ns;
  uint64_t sent;
  int count, op, next;
};

struct loop {
  const struct options *options;
  struct result *result;
  struct choice choice;
  struct stream streams[2]; /* reads or pings, sets */
  struct client *clients, **touched;
  int touched_count, epoll, measuring, measured;
  uint64_t start_ns, measure_from_ns, measure_until_ns;
};

static uint64_t due_ns(const struct loop *loop, const struct stream *stream) { return loop->start_ns + (uint64_t)((double)stream->sent * stream->step_ns); }

static struct request *next_pending(struct client *client) {
  if (client->outstanding == client->room) {
    if (client->room >= PENDING_MAX) fail("the server does not keep up with the rate: %u requests wait on one connection", client->outstanding);
    struct request *larger = calloc((size_t)client->room * 2, sizeof *larger);
    for (unsigned i = 0; i < client->outstanding; i++) larger[i] = client->pending[(client->first + i) & (client->room - 1)];
    free(client->pending);
    client->pending = larger;
    client->first = 0;
    client->room *= 2;
  }
  return &client->pending[(client->first + client->outstanding++) & (client->room - 1)];
}

/* Sends all that is due; returns when the next one is. */
static uint64_t send_due(struct loop *loop, uint64_t now) {
  uint64_t next = loop->measure_until_ns;
  for (int s = 0; s < 2; s++) {
    struct stream *stream = &loop->streams[s];
    if (stream->count == 0) continue;
    for (uint64_t due; (due = due_ns(loop, stream)) < loop->measure_until_ns; stream->sent++) {
      if (due > now) {
        if (due < next) next = due;
        break;
      }
      struct client *client = &stream->clients[stream->next];
      if (++stream->next == stream->count) stream->next = 0;
      struct request *request = next_pending(client);
      request->since_ns = due;
      write_request(&loop->choice, &client->sender, &client->connection, request, stream->op);
      if (loop->measuring && s == 0) histogram_add(&loop->result->lateness, now - due);
      if (!client->is_touched) loop->touched[loop->touched_count++] = client;
      client->is_touched = 1;
    }
  }
  while (loop->touched_count > 0) {
    struct client *client = loop->touched[--loop->touched_count];
    client->is_touched = 0;
    connection_flush_watched(loop->epoll, &client->connection, client);
  }
  return next;
}

static int handle_answers(struct loop *loop, struct client *client) {
  const uint8_t *frame;
  int32_t size;
  int answers = 0;
  uint64_t now = now_ns();
  for (; (frame = connection_frame(&client->connection, &size)) != NULL; answers++) {
    const struct request *request = &client->pending[client->first];
    if (client->outstanding == 0) fail("an answer that nobody asked for");
    check_answer(&loop->choice, &client->sender, request, (int)client->outstanding, frame, size);
    if (request->since_ns >= loop->measure_from_ns) {
      if (is_write(request->op)) loop->result->writes++;
      else histogram_add(&loop->result->latency, now > request->since_ns ? now - request->since_ns : 0);
    }
    client->first = (client->first + 1) & (client->room - 1);
    client->outstanding--;
  }
  return answers;
}

static void read_meter(struct loop *loop, uint64_t now) {
  if (!loop->measuring && now >= loop->measure_from_ns) {
    loop->measuring = 1;
    meter_start(loop->options, loop->result);
  }
  if (!loop->measured && now >= loop->measure_until_ns) {
    loop->measured = 1;
    meter_stop(loop->options, loop->result);
  }
}

static void drive(struct loop *loop) {
  struct epoll_event events[256];
  uint64_t answered_ns = now_ns(), sent, outstanding = 0, before;
  do {
    uint64_t now = now_ns();
    before = loop->streams[0].sent + loop->streams[1].sent;
    uint64_t next = send_due(loop, now);
    sent = loop->streams[0].sent + loop->streams[1].sent;
    outstanding += sent - before;
    read_meter(loop, now);
    uint64_t wait = loop->measured ? 100000000u : next > now ? next - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(wait / 1000000000u), .tv_nsec = (long)(wait % 1000000000u)};
    int ready = epoll_pwait2(loop->epoll, events, 256, &timeout, NULL);
    for (int i = 0; i < ready; i++) {
      struct client *client = events[i].data.ptr;
      if ((events[i].events & ~(uint32_t)EPOLLOUT) && !connection_receive(&client->connection)) fail("the server closed a connection");
      int answers = handle_answers(loop, client);
      outstanding -= (uint64_t)answers;
      if (answers > 0) answered_ns = now_ns();
      connection_flush_watched(loop->epoll, &client->connection, client);
    }
    if (outstanding == 0) answered_ns = now;
    else if (now > answered_ns + ANSWER_TIMEOUT_NS) fail("no answer within 30 s");
  } while (!loop->measured || outstanding > 0);
}

void run_open_loop(const struct options *options, struct result *result) {
  int is_ping = strcmp(options->workload, "ping") == 0;
  int readers = options->connections, setters = options->write_rate > 0 ? SETTERS : 0, all = readers + setters;
  struct loop loop = {.options = options, .result = result, .epoll = epoll_create1(EPOLL_CLOEXEC)};
  struct connection setup = {0};
  if (options->rate <= 0) fail("an open loop needs --rate");
  /* Without this the kernel may wake a sleeper 50 microseconds late. */
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  choice_init(&loop.choice, options);
  loop.clients = calloc((size_t)all, sizeof *loop.clients);
  loop.touched = calloc((size_t)all, sizeof(struct client *));
  connection_open_session(&setup, options->ports.values[0], SESSION_TIMEOUT_MS);
  make_tree(&loop.choice, &setup);
  connections_open_sessions(loop.clients, sizeof *loop.clients, all, options->ports.values, options->ports.count, SESSION_TIMEOUT_MS);
  for (int i = 0; i < all; i++) {
    struct client *client = &loop.clients[i];
    client->pending = calloc(client->room = PENDING_MIN, sizeof *client->pending);
    connection_watch(loop.epoll, &client->connection, client);
  }
  loop.streams[0] = (struct stream){.clients = loop.clients, .count = readers, .step_ns = 1e9 / options->rate, .op = is_ping ? OP_PING : OP_GET};
  loop.streams[1] = (struct stream){.clients = loop.clients + readers, .count = setters, .step_ns = setters > 0 ? 1e9 / options->write_rate : 0, .op = OP_SET};
  meter_open(options);
  loop.start_ns = now_ns();
  loop.measure_from_ns = loop.start_ns + (uint64_t)(options->warm_seconds * 1e9);
  loop.measure_until_ns = loop.measure_from_ns + (uint64_t)(options->seconds * 1e9);
  drive(&loop);
  result->operations = result->latency.total;
  result->seconds = options->seconds;
  for (int i = 0; i < all; i++) free(loop.clients[i].pending);
  connections_close_sessions(loop.clients, sizeof *loop.clients, all, SESSION_TIMEOUT_MS);
  connection_close_session(&setup);
  choice_free(&loop.choice);
  free(loop.touched);
  free(loop.clients);
}
