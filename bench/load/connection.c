#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

enum { BUFFER_SIZE = 64 << 10, ANSWER_TIMEOUT_MS = 30000 };

uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  exit(1);
}

void connection_open(struct connection *c, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) fail("socket: %s", strerror(errno));
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
    fail("connect to port %d: %s", port, strerror(errno));
  if (c->out == NULL) {
    c->out = malloc(c->out_size = BUFFER_SIZE);
    c->in = malloc(c->in_size = BUFFER_SIZE);
  }
  c->out_start = c->out_end = c->in_start = c->in_end = 0;
  c->next_xid = 1;
  c->wants_write = 0;
}

void connection_open_session(struct connection *c, int port, int32_t timeout_ms) {
  int32_t size;
  connection_open(c, port);
  connection_wrote(c, connect_request(connection_room(c, 64), timeout_ms));
  const uint8_t *reply = connection_await_frame(c, &size);
  if (size < 36 || get_int(reply + 4) <= 0) fail("the server gave no session");
}

void connection_close(struct connection *c) {
  close(c->fd);
  c->fd = -1;
}

void connection_free(struct connection *c) {
  if (c->fd >= 0) connection_close(c);
  free(c->out);
  free(c->in);
  memset(c, 0, sizeof *c);
}

uint8_t *connection_room(struct connection *c, size_t bytes) {
  if (c->out_size - c->out_end < bytes) {
    if (c->out_start > 0) {
      memmove(c->out, c->out + c->out_start, c->out_end - c->out_start);
      c->out_end -= c->out_start;
      c->out_start = 0;
    }
    while (c->out_size - c->out_end < bytes) c->out = realloc(c->out, c->out_size *= 2);
  }
  return c->out + c->out_end;
}

int connection_flush(struct connection *c) {
  while (c->out_start < c->out_end) {
    ssize_t sent = send(c->fd, c->out + c->out_start, c->out_end - c->out_start, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN)) return 0;
    if (sent < 0) fail("send: %s", strerror(errno));
    c->out_start += (size_t)sent;
  }
  c->out_start = c->out_end = 0;
  return 1;
}

int connection_receive(struct connection *c) {
  if (c->in_start > 0) {
    memmove(c->in, c->in + c->in_start, c->in_end - c->in_start);
    c->in_end -= c->in_start;
    c->in_start = 0;
  }
  for (;;) {
    if (c->in_end == c->in_size) c->in = realloc(c->in, c->in_size *= 2);
    size_t room = c->in_size - c->in_end;
    ssize_t got = recv(c->fd, c->in + c->in_end, room, 0);
    if (got == 0) return 0;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
    if (got < 0 && errno == ECONNRESET) return 0;
    if (got < 0) fail("recv: %s", strerror(errno));
    c->in_end += (size_t)got;
    if ((size_t)got < room) return 1;
  }
}

const uint8_t *connection_frame(struct connection *c, int32_t *size) {
  size_t there = c->in_end - c->in_start;
  if (there < 4) return NULL;
  const uint8_t *start = c->in + c->in_start;
  *size = get_int(start);
  if (*size < 0) fail("a frame of %d bytes", *size);
  if (there - 4 < (size_t)*size) return NULL;
  c->in_start += 4 + (size_t)*size;
  return start + 4;
}

const uint8_t *connection_await_frame(struct connection *c, int32_t *size) {
  const uint8_t *frame = NULL;
  for (;;) {
    int flushed = connection_flush(c);
    if ((frame = connection_frame(c, size)) != NULL) return frame;
    struct pollfd wait = {.fd = c->fd, .events = (short)(flushed ? POLLIN : POLLIN | POLLOUT)};
    if (poll(&wait, 1, ANSWER_TIMEOUT_MS) == 0) fail("no answer within %d ms", ANSWER_TIMEOUT_MS);
    if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) && !connection_receive(c)) fail("the server closed the connection");
  }
}

int32_t connection_call(struct connection *c) {
  int32_t size;
  const uint8_t *reply = connection_await_frame(c, &size);
  if (size < REPLY_HEADER_SIZE) fail("an answer of %d bytes", size);
  return get_int(reply + 12);
}
