/* One client connection: non-blocking socket, what is to be sent, what was received and not yet taken. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct connection {
  int fd;
  int32_t next_xid;
  uint8_t *out, *in;
  size_t out_start, out_end, out_size;
  size_t in_start, in_end, in_size;
  int wants_write; /* epoll waits for the socket to take more */
  int is_lost;     /* the peer has closed or reset it, or refused */
  void *tls;
  int64_t session;
  uint8_t password[PASSWORD_SIZE];
};

/* Monotonic nanoseconds. */
uint64_t now_ns(void);

/* Prints a message and ends the program with status 1: a workload with a wrong answer has no figures. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes all connections from now on TLS ones, whose servers' certificates are not checked. */
void connections_use_tls(void);

/* Starts to connect; the socket is writable once it is connected. */
void connection_open(struct connection *c, int port);

/* Connects, makes a session, and comes back when it is there. */
void connection_open_session(struct connection *c, int port, int32_t timeout_ms);

/* The same in two parts: sends a ConnectRequest, for the session of `c` if it has one. */
void connection_ask_session(struct connection *c, int port, int32_t timeout_ms);
/* Takes its answer; 0 if the server gives no session. */
int connection_take_session(struct connection *c, const uint8_t *frame, int32_t size);

/* Closes the session and the connection, and fails if the server refuses. */
void connection_close_session(struct connection *c);

/* Closes the socket and keeps the buffers for another connection. */
void connection_close(struct connection *c);
void connection_free(struct connection *c);

/* Where a request of at most `bytes` may be written; `connection_wrote` then takes it over. */
uint8_t *connection_room(struct connection *c, size_t bytes);
static inline void connection_wrote(struct connection *c, const uint8_t *end) { c->out_end = (size_t)(end - c->out); }

/* Sends what the socket takes; 1 when nothing is left. */
int connection_flush(struct connection *c);

/* Receives what there is; 0 when the peer has closed. */
int connection_receive(struct connection *c);

/* The next whole frame (without its length), or NULL. It stays valid until the next receive. */
const uint8_t *connection_frame(struct connection *c, int32_t *size);

/* Waits, blocking, for the next frame; fails when the peer closes. */
const uint8_t *connection_await_frame(struct connection *c, int32_t *size);

/* Sends a request that has been written and waits for its answer's error code. */
int32_t connection_call(struct connection *c);

/* The i-th of `count` structures of `stride` bytes that begin with a connection. */
static inline struct connection *connection_at(void *first, size_t stride, int i) { return (struct connection *)((char *)first + (size_t)i * stride); }

/* Opens or closes many sessions, some at a time; the others are kept alive meanwhile. */
void connections_open_sessions(void *first, size_t stride, int count, const int *ports, int port_count, int32_t timeout_ms);
void connections_close_sessions(void *first, size_t stride, int count, int32_t timeout_ms);

/* Pings those from `from` to before `until`, and fails unless each is answered. */
void connections_ping(void *first, size_t stride, int from, int until);

/* Says to epoll what a connection waits for; `data` comes with its events. */
void connection_watch(int epoll, struct connection *c, void *data);

/* Sends what the socket takes and has epoll wait for the rest. */
void connection_flush_watched(int epoll, struct connection *c, void *data);

#endif
