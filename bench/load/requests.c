#include "requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

enum { DIGITS = 6, OTHER_BYTES_MAX = 128 };

static void put_digits(char *to, int value) {
  for (int at = DIGITS - 1; at >= 0; value /= 10) to[at--] = (char)('0' + value % 10);
}

void key_path(char *path, int key) {
  memcpy(path, ROOT "/k000000", KEY_PATH_LENGTH + 1);
  put_digits(path + KEY_PATH_LENGTH - DIGITS, key);
}

void key_data(char *data, int key) { put_digits(data, key); }

void choice_init(struct choice *choice, const struct options *options) {
  *choice = (struct choice){.options = options, .random = now_ns() | 1, .data = malloc((size_t)options->value_size)};
  memset(choice->data, 'x', (size_t)options->value_size);
}

void choice_free(struct choice *choice) { free(choice->data); }

static uint64_t next_random(struct choice *choice) {
  uint64_t x = choice->random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return choice->random = x;
}

int choose_op(struct choice *choice, const struct sender *sender) {
  const char *workload = choice->options->workload;
  switch (workload[0]) {
    case 'g': return OP_GET;
    case 'e': return OP_EXISTS;
    case 's': return OP_SET;
    case 'c': return workload[1] == 'h' ? OP_CHILDREN : OP_CREATE;
    case 'l': return sender->lock_length > 0 ? OP_DELETE : OP_CREATE;
    default: break;
  }
  if (workload[1] == 'u') return OP_MULTI;
  return (int)(next_random(choice) % 100) < choice->options->write_percent ? OP_SET : OP_GET;
}

int created_path(char *path, int sender, int number) { return snprintf(path, CHILD_PATH_MAX, ROOT "/c%04d-%08d", sender, number); }

static int lock_prefix(char *path, int sender) { return snprintf(path, CHILD_PATH_MAX, LOCKS "/lock-%04d-", sender); }

static uint8_t *write_create(struct choice *choice, struct sender *sender, uint8_t *start, int32_t xid) {
  char path[CHILD_PATH_MAX];
  int is_lock = choice->options->workload[0] == 'l';
  int length = is_lock ? lock_prefix(path, sender->number) : created_path(path, sender->number, sender->created++);
  return create_request(start, xid, path, length, choice->data, choice->options->value_size, is_lock ? FLAG_EPHEMERAL_SEQUENTIAL : 0);
}

static uint8_t *write_multi(struct choice *choice, uint8_t *start, int32_t xid, int32_t key) {
  int32_t value_size = choice->options->value_size;
  uint8_t *p = begin_request(start, xid, OP_MULTI);
  char path[CHILD_PATH_MAX];
  for (int i = 0; i < MULTI_SIZE; i++) {
    int each = (key + i) % choice->options->keys;
    key_path(path, each);
    key_data(choice->data, each);
    p = set_body(multi_header(p, OP_SET, 0, -1), path, KEY_PATH_LENGTH, choice->data, value_size);
  }
  return end_frame(start, multi_header(p, -1, 1, -1));
}

void write_request(struct choice *choice, struct sender *sender, struct connection *c, struct request *request, int op) {
  const struct options *options = choice->options;
  size_t each = OTHER_BYTES_MAX + (op == OP_SET || op == OP_CREATE || op == OP_MULTI ? (size_t)options->value_size : 0);
  uint8_t *start = connection_room(c, op == OP_MULTI ? MULTI_SIZE * each : each), *end;
  char path[CHILD_PATH_MAX];
  request->op = (int16_t)op;
  request->xid = op == OP_PING ? PING_XID : c->next_xid++;
  request->key = 0;
  switch (op) {
    case OP_PING: end = ping_request(start); break;
    case OP_CREATE: end = write_create(choice, sender, start, request->xid); break;
    case OP_DELETE:
      end = delete_request(start, request->xid, sender->lock_path, sender->lock_length);
      sender->lock_length = 0;
      break;
    case OP_CHILDREN: end = read_request(start, request->xid, op, path, parent_path(path, options->children), 0); break;
    default:
      request->key = (int32_t)(next_random(choice) % (uint64_t)options->keys);
      if (op == OP_MULTI) {
        end = write_multi(choice, start, request->xid, request->key);
        break;
      }
      key_path(path, request->key);
      if (op == OP_SET) key_data(choice->data, request->key);
      end = op == OP_SET ? set_request(start, request->xid, path, KEY_PATH_LENGTH, choice->data, options->value_size)
                         : read_request(start, request->xid, op, path, KEY_PATH_LENGTH, 0);
  }
  connection_wrote(c, end);
}

/* Size of a getData answer's body; fails if its data are another node's. */
static int32_t check_data(const struct choice *choice, int32_t key, const uint8_t *body, int32_t size) {
  char digits[DIGITS];
  int32_t value_size = choice->options->value_size;
  put_digits(digits, key);
  if (size >= 4 + DIGITS && (get_int(body) != value_size || memcmp(body + 4, digits, DIGITS) != 0)) fail("getData of key %d gave other data", key);
  return 4 + value_size + STAT_SIZE;
}

static int32_t check_stat(const struct choice *choice, int32_t key, const uint8_t *body, int32_t size) {
  if (size == STAT_SIZE && get_int(body + 52) != choice->options->value_size) fail("Stat of key %d shows %d bytes of data", key, get_int(body + 52));
  return STAT_SIZE;
}

static int32_t check_children(const struct choice *choice, const uint8_t *body, int32_t size) {
  int32_t children = choice->options->children;
  if (size >= 4 + CHILD_NAME_LENGTH + 4 && (get_int(body) != children || get_int(body + 4) != CHILD_NAME_LENGTH || body[8] != 'c'))
    fail("getChildren gave %d names, the first of %d bytes", get_int(body), get_int(body + 4));
  return 4 + children * (4 + CHILD_NAME_LENGTH);
}

static int32_t check_multi(const struct choice *choice, const struct request *request, const uint8_t *body, int32_t size) {
  int32_t expected = MULTI_SIZE * (MULTI_HEADER_SIZE + STAT_SIZE) + MULTI_HEADER_SIZE;
  for (int i = 0; size == expected && i < MULTI_SIZE; i++) {
    const uint8_t *part = body + i * (MULTI_HEADER_SIZE + STAT_SIZE);
    if (get_int(part) != OP_SET || part[4] != 0 || get_int(part + 5) != 0) fail("part %d of a multi: type %d, error %d", i, get_int(part), get_int(part + 5));
    check_stat(choice, request->key, part + MULTI_HEADER_SIZE, STAT_SIZE);
  }
  return expected;
}

/* Takes over the path of a lock node, which has the server's ten digits at its end. */
static int32_t check_lock(struct sender *sender, const uint8_t *body, int32_t size) {
  int length = lock_prefix(sender->lock_path, sender->number) + 10;
  if (size == 4 + length) {
    if (memcmp(body + 4, sender->lock_path, (size_t)length - 10) != 0) fail("create of a lock node gave another path");
    memcpy(sender->lock_path, body + 4, (size_t)length);
    sender->lock_length = length;
  }
  return 4 + length;
}

static int32_t check_create(struct sender *sender, int outstanding, const uint8_t *body, int32_t size) {
  char path[CHILD_PATH_MAX];
  int length = created_path(path, sender->number, sender->created - outstanding);
  if (size == 4 + length && memcmp(body + 4, path, (size_t)length) != 0) fail("create of %s gave another path", path);
  return 4 + length;
}

void check_answer(const struct choice *choice, struct sender *sender, const struct request *request, int outstanding, const uint8_t *frame, int32_t size) {
  const uint8_t *body = frame + REPLY_HEADER_SIZE;
  int32_t body_size = size - REPLY_HEADER_SIZE, expected;
  if (body_size < 0) fail("an answer of %d bytes", size);
  if (get_int(frame) != request->xid || get_int(frame + 12) != 0)
    fail("an answer with xid %d and error %d to xid %d, type %d", get_int(frame), get_int(frame + 12), request->xid, request->op);
  switch (request->op) {
    case OP_GET: expected = check_data(choice, request->key, body, body_size); break;
    case OP_EXISTS:
    case OP_SET: expected = check_stat(choice, request->key, body, body_size); break;
    case OP_CHILDREN: expected = check_children(choice, body, body_size); break;
    case OP_MULTI: expected = check_multi(choice, request, body, body_size); break;
    case OP_CREATE:
      expected = choice->options->workload[0] == 'l' ? check_lock(sender, body, body_size) : check_create(sender, outstanding, body, body_size);
      break;
    default: expected = 0; /* delete, ping */
  }
  if (body_size != expected) fail("a body of %d bytes in the answer to type %d, expected %d", body_size, request->op, expected);
}
