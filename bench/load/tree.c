#include "tree.h"

#include <stdio.h>
#include <string.h>

enum { SETUP_DEPTH = 256, FILL_DEPTH = 512, FILL_CHILDREN = 1000 };
#define FILLED "/fill"

int parent_path(char *path, int children) { return snprintf(path, CHILD_PATH_MAX, ROOT "/with-%d", children); }

/* Error of a create whose node may be there. */
static int check_create(int32_t err, const char *what) {
  if (err != 0 && err != ERR_NODE_EXISTS) fail("create %s: error %d", what, err);
  return err == 0;
}

static int make_node(struct connection *c, const char *path) {
  connection_wrote(c, create_request(connection_room(c, 128), c->next_xid++, path, (int32_t)strlen(path), "", 0, 0));
  return check_create(connection_call(c), path);
}

static void make_keys(struct choice *choice, struct connection *c) {
  const struct options *options = choice->options;
  char path[CHILD_PATH_MAX];
  for (int from = 0; from < options->keys; from += SETUP_DEPTH) {
    int until = from + SETUP_DEPTH < options->keys ? from + SETUP_DEPTH : options->keys;
    for (int key = from; key < until; key++) {
      key_path(path, key);
      key_data(choice->data, key);
      uint8_t *start = connection_room(c, 256 + 2 * (size_t)options->value_size);
      uint8_t *middle = create_request(start, c->next_xid++, path, KEY_PATH_LENGTH, choice->data, options->value_size, 0);
      connection_wrote(c, set_request(middle, c->next_xid++, path, KEY_PATH_LENGTH, choice->data, options->value_size));
    }
    for (int key = from; key < until; key++) {
      int32_t err;
      check_create(connection_call(c), "key");
      if ((err = connection_call(c)) != 0) fail("set key %d: error %d", key, err);
    }
  }
}

static void make_children(int children, struct connection *c) {
  char path[CHILD_PATH_MAX];
  int length = parent_path(path, children);
  if (!make_node(c, path)) return;
  for (int from = 0; from < children; from += SETUP_DEPTH) {
    int until = from + SETUP_DEPTH < children ? from + SETUP_DEPTH : children;
    for (int child = from; child < until; child++) {
      snprintf(path + length, CHILD_PATH_MAX - (size_t)length, "/c%05d", child);
      connection_wrote(c, create_request(connection_room(c, 128), c->next_xid++, path, length + 1 + CHILD_NAME_LENGTH, "", 0, 0));
    }
    for (int child = from; child < until; child++) check_create(connection_call(c), "child");
  }
}

/* Has every server apply what was written, so that no reader of another server misses it. */
static void sync_servers(const struct list *ports) {
  for (int i = 0; i < ports->count; i++) {
    struct connection c = {0};
    connection_open_session(&c, ports->values[i], SESSION_TIMEOUT_MS);
    connection_wrote(&c, sync_request(connection_room(&c, 64), c.next_xid++, ROOT, sizeof ROOT - 1));
    int32_t err = connection_call(&c);
    if (err != 0) fail("sync: error %d", err);
    connection_close_session(&c);
  }
}

void make_tree(struct choice *choice, struct connection *c) {
  const char *workload = choice->options->workload;
  make_node(c, ROOT);
  if (strcmp(workload, "children") == 0) make_children(choice->options->children, c);
  else if (strcmp(workload, "lock") == 0) make_node(c, LOCKS);
  else if (strcmp(workload, "create") != 0 && strcmp(workload, "ping") != 0) make_keys(choice, c);
  if (choice->options->ports.count > 1 || choice->options->server_pids.count > 1) sync_servers(&choice->options->ports);
}

void delete_created(struct connection *c, const struct sender *sender) {
  char path[CHILD_PATH_MAX];
  for (int from = 0; from < sender->created; from += SETUP_DEPTH) {
    int until = from + SETUP_DEPTH < sender->created ? from + SETUP_DEPTH : sender->created;
    for (int number = from; number < until; number++) {
      int length = created_path(path, sender->number, number);
      connection_wrote(c, delete_request(connection_room(c, 128), c->next_xid++, path, length));
    }
    for (int number = from; number < until; number++) {
      int32_t err = connection_call(c);
      if (err != 0) fail("delete: error %d", err);
    }
  }
}

void run_fill(const struct options *options, struct result *result) {
  struct connection c = {0};
  struct choice choice;
  char path[CHILD_PATH_MAX];
  int answered = 0;
  choice_init(&choice, options);
  connection_open_session(&c, options->ports.values[0], SESSION_TIMEOUT_MS);
  make_node(&c, FILLED);
  uint64_t since = now_ns();
  for (int node = 0; node < options->keys || answered < options->keys;) {
    if (node < options->keys && node - answered < FILL_DEPTH) {
      if (node % FILL_CHILDREN == 0) {
        while (answered < node) answered += check_create(connection_call(&c), "node") >= 0;
        snprintf(path, sizeof path, FILLED "/p%06d", node / FILL_CHILDREN);
        make_node(&c, path);
      }
      int length = snprintf(path, sizeof path, FILLED "/p%06d/n%07d", node / FILL_CHILDREN, node);
      connection_wrote(&c, create_request(connection_room(&c, 128 + (size_t)options->value_size), c.next_xid++, path, length, choice.data, options->value_size, 0));
      node++;
      continue;
    }
    check_create(connection_call(&c), "node");
    answered++;
  }
  result->operations = (uint64_t)options->keys;
  result->seconds = (double)(now_ns() - since) / 1e9;
  connection_close_session(&c);
  choice_free(&choice);
}
