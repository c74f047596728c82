/*
 * Clients write to the survivors of an ensemble one set after the other; then the leader is killed, and the time to the
 * first write counts that was sent after that and acknowledged. Clients that lose their connection come back with their
 * session at once.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "tree.h"

enum { CLIENTS_A_SERVER = 2, CLIENTS_MAX = CLIENTS_A_SERVER * LIST_MAX, TRY_TIMEOUT_MS = 500, TRY_EVERY_MS = 5, PAUSE_MS = 2 };
#define MS 1000000ull

enum stage { STAGE_AWAY, STAGE_CONNECTING, STAGE_READY, STAGE_WRITING };

struct client {
  struct connection connection;
  struct sender sender;
  struct request request;
  enum stage stage;
  int port;
  uint64_t since_ns; /* of this stage */
};

struct run {
  struct choice choice;
  struct client clients[CLIENTS_MAX];
  int count;
  uint64_t killed_ns, acknowledged_ns;
  uint64_t writes;
};

static void enter(struct client *client, enum stage stage) {
  client->stage = stage;
  client->since_ns = now_ns();
}

static void lose(struct client *client) {
  if (client->stage != STAGE_AWAY) connection_close(&client->connection);
  enter(client, STAGE_AWAY);
}

static void take_answer(struct run *run, struct client *client, const uint8_t *frame, int32_t size) {
  if (client->stage == STAGE_CONNECTING) {
    if (connection_take_session(&client->connection, frame, size)) enter(client, STAGE_READY);
    else lose(client);
    return;
  }
  check_answer(&run->choice, &client->sender, &client->request, 1, frame, size);
  run->writes++;
  if (run->killed_ns != 0 && client->request.since_ns > run->killed_ns && run->acknowledged_ns == 0) run->acknowledged_ns = now_ns();
  enter(client, STAGE_READY);
}

/* Does what a client has to do at this time. */
static void act(struct run *run, struct client *client, uint64_t now) {
  uint64_t age = now - client->since_ns;
  if (client->stage == STAGE_AWAY && age >= TRY_EVERY_MS * MS) {
    connection_ask_session(&client->connection, client->port, SESSION_TIMEOUT_MS / 4);
    enter(client, STAGE_CONNECTING);
    if (client->connection.is_lost) lose(client);
  } else if (client->stage == STAGE_CONNECTING && age >= TRY_TIMEOUT_MS * MS) {
    lose(client);
  } else if (client->stage == STAGE_READY && age >= PAUSE_MS * MS) {
    client->request.since_ns = now;
    write_request(&run->choice, &client->sender, &client->connection, &client->request, OP_SET);
    enter(client, STAGE_WRITING);
    connection_flush(&client->connection);
  }
}

static void receive(struct run *run, struct client *client, short events) {
  struct connection *c = &client->connection;
  const uint8_t *frame;
  int32_t size;
  int open = !(events & (POLLIN | POLLHUP | POLLERR)) || connection_receive(c);
  while (client->stage != STAGE_AWAY && (frame = connection_frame(c, &size)) != NULL) take_answer(run, client, frame, size);
  if (client->stage == STAGE_AWAY) return;
  if (open) connection_flush(c);
  if (!open || c->is_lost) lose(client);
}

static void turn(struct run *run) {
  struct pollfd waits[CLIENTS_MAX];
  uint64_t now = now_ns();
  for (int i = 0; i < run->count; i++) {
    struct client *client = &run->clients[i];
    act(run, client, now);
    waits[i] = (struct pollfd){.fd = client->stage == STAGE_AWAY ? -1 : client->connection.fd, .events = POLLIN};
    if (waits[i].fd >= 0 && client->connection.out_start < client->connection.out_end) waits[i].events |= POLLOUT;
  }
  if (poll(waits, (nfds_t)run->count, 1) <= 0) return;
  for (int i = 0; i < run->count; i++)
    if (waits[i].fd >= 0 && waits[i].revents != 0) receive(run, &run->clients[i], waits[i].revents);
}

void run_fail_over(const struct options *options, struct result *result) {
  static struct run run;
  struct connection setup = {0};
  if (options->kill_pid <= 0) fail("fail-over needs --kill-pid");
  choice_init(&run.choice, options);
  connection_open_session(&setup, options->ports.values[0], SESSION_TIMEOUT_MS);
  make_tree(&run.choice, &setup);
  connection_close_session(&setup);
  run.count = CLIENTS_A_SERVER * options->ports.count;
  for (int i = 0; i < run.count; i++) run.clients[i].port = options->ports.values[i % options->ports.count];
  uint64_t begun = now_ns(), kill_at = begun + (uint64_t)(options->warm_seconds * 1e9);
  while (now_ns() < kill_at) turn(&run);
  if (run.writes == 0) fail("no write was acknowledged before the leader was killed");
  run.killed_ns = now_ns();
  if (kill(options->kill_pid, SIGKILL) != 0) fail("the leader could not be killed");
  while (run.acknowledged_ns == 0) {
    turn(&run);
    if ((double)(now_ns() - run.killed_ns) / 1e9 > options->seconds) fail("no write within %.0f s after the leader was killed", options->seconds);
  }
  histogram_add(&result->latency, run.acknowledged_ns - run.killed_ns);
  result->operations = 1;
  result->writes = run.writes;
  result->seconds = (double)(run.acknowledged_ns - run.killed_ns) / 1e9;
  for (int i = 0; i < run.count; i++) lose(&run.clients[i]);
  choice_free(&run.choice);
}
