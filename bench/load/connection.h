/* One client connection: non-blocking socket, what is to be sent, what was received and not yet taken. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stddef.h>
#include <stdint.h>

struct connection {
  int fd;
  int32_t next_xid;
  uint8_t *out, *in;
  size_t out_start, out_end, out_size;
  size_t in_start, in_end, in_size;
  int wants_write; /* epoll waits for the socket to take more */
};

/* Monotonic nanoseconds. */
uint64_t now_ns(void);

/* Prints a message and ends the program with status 1: a workload with a wrong answer has no figures. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Starts to connect; the socket is writable once it is connected. */
void connection_open(struct connection *c, int port);

/* Connects, makes a session, and comes back when it is there. */
void connection_open_session(struct connection *c, int port, int32_t timeout_ms);

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

#endif
