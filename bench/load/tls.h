/* TLS over a non-blocking socket, by OpenSSL where its headers are there (WITH_TLS). */
#ifndef TLS_H
#define TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int tls_is_there(void);

/* The client's side of a connection; the handshake takes place in the sends and receives that follow. */
void *tls_start(int fd);
void tls_free(void *tls);

/* As send and recv: -1 with errno EAGAIN when the socket has to wait. */
ssize_t tls_send(void *tls, const uint8_t *from, size_t size);
ssize_t tls_receive(void *tls, uint8_t *to, size_t size);

#endif
