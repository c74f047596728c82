#include "tls.h"

#include <errno.h>
#include <stddef.h>

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>

static SSL_CTX *context;

int tls_is_there(void) { return 1; }

void *tls_start(int fd) {
  if (context == NULL) {
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
  SSL *ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  SSL_set_connect_state(ssl);
  return ssl;
}

void tls_free(void *tls) { SSL_free(tls); }

/* What the library's result means in terms of errno. */
static ssize_t outcome(SSL *ssl, int result) {
  if (result > 0) return result;
  int error = SSL_get_error(ssl, result);
  ERR_clear_error();
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
  return -1;
}

ssize_t tls_send(void *tls, const uint8_t *from, size_t size) { return outcome(tls, SSL_write(tls, from, size > 1 << 30 ? 1 << 30 : (int)size)); }

ssize_t tls_receive(void *tls, uint8_t *to, size_t size) { return outcome(tls, SSL_read(tls, to, size > 1 << 30 ? 1 << 30 : (int)size)); }

#else

int tls_is_there(void) { return 0; }
void *tls_start(int fd) {
  (void)fd;
  return NULL;
}
void tls_free(void *tls) { (void)tls; }

ssize_t tls_send(void *tls, const uint8_t *from, size_t size) {
  (void)tls, (void)from, (void)size;
  errno = ENOTSUP;
  return -1;
}

ssize_t tls_receive(void *tls, uint8_t *to, size_t size) {
  (void)tls, (void)to, (void)size;
  errno = ENOTSUP;
  return -1;
}

#endif
