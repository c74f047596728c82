/*
 * Makes calls on files fail, from the moment that a file appears: an LD_PRELOAD library.
 *
 *   FAIL_CALL  "sync" or "write"
 *   FAIL_NAME  the end of the names of the files on which it fails
 *   FAIL_WHEN  the file whose presence starts it
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(int fd, const char *call) {
  const char *wanted = getenv("FAIL_CALL");
  const char *name = getenv("FAIL_NAME");
  const char *when = getenv("FAIL_WHEN");
  char link[64];
  char path[4096];
  if (!wanted || !name || !when || strcmp(wanted, call) != 0 || access(when, F_OK) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < (ssize_t)strlen(name)) return 0;
  path[length] = 0;
  return strcmp(path + length - strlen(name), name) == 0;
}

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define FAIL_IF(call) \
  if (fails(fd, call)) { \
    errno = EIO; \
    return -1; \
  }

int fsync(int fd) {
  REAL(fsync);
  FAIL_IF("sync")
  return real(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  FAIL_IF("sync")
  return real(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(write);
  FAIL_IF("write")
  return real(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  REAL(pwrite64);
  FAIL_IF("write")
  return real(fd, bytes, count, offset);
}
