/* The few requests of the ZooKeeper client protocol that the workloads send, and the parts of answers that are checked. */
#ifndef WIRE_H
#define WIRE_H

#include <stdint.h>
#include <string.h>

enum { OP_CREATE = 1, OP_DELETE = 2, OP_EXISTS = 3, OP_GET = 4, OP_SET = 5, OP_CHILDREN = 8, OP_SYNC = 9, OP_PING = 11, OP_MULTI = 14, OP_CLOSE = -11 };
enum { ERR_NODE_EXISTS = -110, ERR_NO_NODE = -101 };
enum { FLAG_EPHEMERAL_SEQUENTIAL = 3 };
enum { REPLY_HEADER_SIZE = 16, STAT_SIZE = 68, EVENT_XID = -1, PING_XID = -2, EVENT_DATA_CHANGED = 3 };
enum { PASSWORD_SIZE = 16, MULTI_HEADER_SIZE = 9 };

static inline uint8_t *put_int(uint8_t *p, int32_t value) {
  uint32_t big = __builtin_bswap32((uint32_t)value);
  memcpy(p, &big, 4);
  return p + 4;
}

static inline uint8_t *put_long(uint8_t *p, int64_t value) {
  uint64_t big = __builtin_bswap64((uint64_t)value);
  memcpy(p, &big, 8);
  return p + 8;
}

static inline uint8_t *put_bytes(uint8_t *p, const void *bytes, int32_t size) {
  p = put_int(p, size);
  memcpy(p, bytes, (size_t)size);
  return p + size;
}

static inline int64_t get_long(const uint8_t *p) {
  uint64_t big;
  memcpy(&big, p, 8);
  return (int64_t)__builtin_bswap64(big);
}

static inline int32_t get_int(const uint8_t *p) {
  uint32_t big;
  memcpy(&big, p, 4);
  return (int32_t)__builtin_bswap32(big);
}

/* Starts a frame: room for its length, then the RequestHeader. */
static inline uint8_t *begin_request(uint8_t *p, int32_t xid, int32_t op) { return put_int(put_int(p + 4, xid), op); }

/* Writes the length in front of the frame and gives its end. */
static inline uint8_t *end_frame(uint8_t *start, uint8_t *end) {
  put_int(start, (int32_t)(end - start - 4));
  return end;
}

/* A new session if `session` is 0, else that one again. */
static inline uint8_t *connect_request(uint8_t *start, int32_t timeout_ms, int64_t session, const uint8_t *password) {
  uint8_t *p = put_int(start + 4, 0);
  p = put_int(put_long(p, 0), timeout_ms);
  p = put_bytes(put_long(p, session), password, PASSWORD_SIZE);
  *p++ = 0;
  return end_frame(start, p);
}

/* exists, getData, getChildren */
static inline uint8_t *read_request(uint8_t *start, int32_t xid, int32_t op, const char *path, int32_t length, int watch) {
  uint8_t *p = put_bytes(begin_request(start, xid, op), path, length);
  *p++ = (uint8_t)watch;
  return end_frame(start, p);
}

static inline uint8_t *set_body(uint8_t *p, const char *path, int32_t length, const void *data, int32_t size) {
  return put_int(put_bytes(put_bytes(p, path, length), data, size), -1);
}

static inline uint8_t *set_request(uint8_t *start, int32_t xid, const char *path, int32_t length, const void *data, int32_t size) {
  return end_frame(start, set_body(begin_request(start, xid, OP_SET), path, length, data, size));
}

/* A node that anyone may do anything with. */
static inline uint8_t *create_request(uint8_t *start, int32_t xid, const char *path, int32_t length, const void *data, int32_t size, int32_t flags) {
  uint8_t *p = put_bytes(begin_request(start, xid, OP_CREATE), path, length);
  p = put_int(put_int(put_bytes(p, data, size), 1), 31);
  p = put_bytes(put_bytes(p, "world", 5), "anyone", 6);
  return end_frame(start, put_int(p, flags));
}

/* Stands before each operation of a multi, in request and answer. */
static inline uint8_t *multi_header(uint8_t *p, int32_t op, int done, int32_t err) {
  p = put_int(p, op);
  *p++ = (uint8_t)done;
  return put_int(p, err);
}

static inline uint8_t *delete_request(uint8_t *start, int32_t xid, const char *path, int32_t length) {
  return end_frame(start, put_int(put_bytes(begin_request(start, xid, OP_DELETE), path, length), -1));
}

static inline uint8_t *sync_request(uint8_t *start, int32_t xid, const char *path, int32_t length) {
  return end_frame(start, put_bytes(begin_request(start, xid, OP_SYNC), path, length));
}

static inline uint8_t *close_request(uint8_t *start, int32_t xid) {
  return end_frame(start, begin_request(start, xid, OP_CLOSE));
}

static inline uint8_t *ping_request(uint8_t *start) { return end_frame(start, begin_request(start, PING_XID, OP_PING)); }

#endif
