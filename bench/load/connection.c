#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tls.h"

/* Sessions are opened this many at a time: the backlog of a listening Java socket is 50. */
enum { BUFFER_SIZE = 64 << 10, ANSWER_TIMEOUT_MS = 30000, WAVE = 32, PING_WAVE = 500 };

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

static int uses_tls;

void connections_use_tls(void) {
  if (!tls_is_there()) fail("this program was compiled without TLS");
  uses_tls = 1;
}

void connection_open(struct connection *c, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  /* Not the address of the server: a socket that knocks at a free port may be given that port itself, and be connected to itself. */
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) fail("socket: %s", strerror(errno));
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(c->fd, (struct sockaddr *)&own, sizeof own) != 0) fail("bind: %s", strerror(errno));
  c->is_lost = connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS;
  if (c->out == NULL) {
    c->out = malloc(c->out_size = BUFFER_SIZE);
    c->in = malloc(c->in_size = BUFFER_SIZE);
  }
  c->out_start = c->out_end = c->in_start = c->in_end = 0;
  c->next_xid = 1;
  c->wants_write = 0;
  c->tls = uses_tls ? tls_start(c->fd) : NULL;
}

void connection_ask_session(struct connection *c, int port, int32_t timeout_ms) {
  connection_open(c, port);
  connection_wrote(c, connect_request(connection_room(c, 64), timeout_ms, c->session, c->password));
  connection_flush(c);
}

int connection_take_session(struct connection *c, const uint8_t *frame, int32_t size) {
  if (size < 20 + PASSWORD_SIZE || get_int(frame + 4) <= 0 || get_int(frame + 16) != PASSWORD_SIZE) {
    c->session = 0;
    memset(c->password, 0, PASSWORD_SIZE);
    return 0;
  }
  c->session = get_long(frame + 8);
  memcpy(c->password, frame + 20, PASSWORD_SIZE);
  return 1;
}

static void await_session(struct connection *c) {
  int32_t size;
  const uint8_t *frame = connection_await_frame(c, &size);
  if (!connection_take_session(c, frame, size)) fail("the server gave no session");
}

void connection_open_session(struct connection *c, int port, int32_t timeout_ms) {
  connection_ask_session(c, port, timeout_ms);
  await_session(c);
}

static void ask_close(struct connection *c) {
  connection_wrote(c, close_request(connection_room(c, 16), c->next_xid++));
  connection_flush(c);
}

static void await_close(struct connection *c) {
  int32_t err = connection_call(c);
  if (err != 0) fail("closeSession: error %d", err);
  connection_free(c);
}

void connection_close_session(struct connection *c) {
  ask_close(c);
  await_close(c);
}

void connections_ping(void *first, size_t stride, int from, int until) {
  for (int start = from; start < until; start += PING_WAVE) {
    int end = start + PING_WAVE < until ? start + PING_WAVE : until;
    for (int i = start; i < end; i++) {
      struct connection *c = connection_at(first, stride, i);
      connection_wrote(c, ping_request(connection_room(c, 16)));
      connection_flush(c);
    }
    for (int i = start; i < end; i++) {
      int32_t size;
      const uint8_t *reply = connection_await_frame(connection_at(first, stride, i), &size);
      if (size != REPLY_HEADER_SIZE || get_int(reply) != PING_XID || get_int(reply + 12) != 0) fail("a wrong answer to a ping");
    }
  }
}

/* Keeps sessions alive while something is done with others that may take long; `last_ns` is when they were last heard of. */
static void ping_in_time(void *first, size_t stride, int from, int until, int32_t timeout_ms, uint64_t *last_ns) {
  uint64_t now = now_ns();
  if (now - *last_ns < (uint64_t)timeout_ms * 1000000u / 4) return;
  connections_ping(first, stride, from, until);
  *last_ns = now;
}

void connections_open_sessions(void *first, size_t stride, int count, const int *ports, int port_count, int32_t timeout_ms) {
  uint64_t pinged_ns = now_ns();
  for (int from = 0; from < count; from += WAVE) {
    int until = from + WAVE < count ? from + WAVE : count;
    for (int i = from; i < until; i++) connection_ask_session(connection_at(first, stride, i), ports[i % port_count], timeout_ms);
    for (int i = from; i < until; i++) await_session(connection_at(first, stride, i));
    ping_in_time(first, stride, 0, until, timeout_ms, &pinged_ns);
  }
}

void connections_close_sessions(void *first, size_t stride, int count, int32_t timeout_ms) {
  uint64_t pinged_ns = now_ns();
  for (int from = 0; from < count; from += WAVE) {
    int until = from + WAVE < count ? from + WAVE : count;
    for (int i = from; i < until; i++) ask_close(connection_at(first, stride, i));
    for (int i = from; i < until; i++) await_close(connection_at(first, stride, i));
    ping_in_time(first, stride, until, count, timeout_ms, &pinged_ns);
  }
}

void connection_close(struct connection *c) {
  if (c->tls != NULL) tls_free(c->tls);
  c->tls = NULL;
  close(c->fd);
  c->fd = -1;
}

void connection_free(struct connection *c) {
  if (c->fd >= 0) connection_close(c);
  free(c->out);
  free(c->in);
  memset(c, 0, sizeof *c);
  c->fd = -1;
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

static ssize_t transmit(struct connection *c, const uint8_t *from, size_t size) {
  return c->tls != NULL ? tls_send(c->tls, from, size) : send(c->fd, from, size, MSG_NOSIGNAL);
}

int connection_flush(struct connection *c) {
  while (c->out_start < c->out_end) {
    ssize_t sent = transmit(c, c->out + c->out_start, c->out_end - c->out_start);
    if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN)) return 0;
    if (sent < 0) {
      c->is_lost = 1;
      return 0;
    }
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
  size_t had = c->in_end;
  for (;;) {
    if (c->in_end == c->in_size) c->in = realloc(c->in, c->in_size *= 2);
    size_t room = c->in_size - c->in_end;
    ssize_t got = c->tls != NULL ? tls_receive(c->tls, c->in + c->in_end, room) : recv(c->fd, c->in + c->in_end, room, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
    if (got <= 0) {
      /* What came before the end is taken first. */
      c->is_lost = 1;
      return c->in_end > had;
    }
    c->in_end += (size_t)got;
    /* One TLS record is returned at a time, and what the library holds of the next ones does not wake epoll. */
    if ((size_t)got < room && c->tls == NULL) return 1;
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
    errno = 0;
    if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) && !connection_receive(c))
      fail("the server closed the connection of session 0x%llx, next xid %d: %s", (unsigned long long)c->session, c->next_xid, errno == 0 ? "end of file" : strerror(errno));
  }
}

int32_t connection_call(struct connection *c) {
  int32_t size;
  const uint8_t *reply = connection_await_frame(c, &size);
  if (size < REPLY_HEADER_SIZE) fail("an answer of %d bytes", size);
  return get_int(reply + 12);
}

static void set_events(int epoll, int operation, struct connection *c, void *data) {
  struct epoll_event event = {.events = c->wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = data};
  if (epoll_ctl(epoll, operation, c->fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

void connection_watch(int epoll, struct connection *c, void *data) { set_events(epoll, EPOLL_CTL_ADD, c, data); }

void connection_flush_watched(int epoll, struct connection *c, void *data) {
  int blocked = !connection_flush(c);
  if (blocked == c->wants_write) return;
  c->wants_write = blocked;
  set_events(epoll, EPOLL_CTL_MOD, c, data);
}
