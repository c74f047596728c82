/*
 * Records what a process does to the files under one directory: an LD_PRELOAD library.
 *
 *   RECORDER_ROOT  the directory; only names under it are recorded
 *   RECORDER_LOG   where the record goes; outside of the directory
 *
 * Calls under the root are made one at a time, so that the order of the record is the order of the calls. Each record is
 * a header of 40 bytes, little-endian, then `path_bytes` of a name and `data_bytes` of data:
 *
 *   u32 kind, u32 path_bytes, u64 inode, u64 offset, u64 data_bytes, u64 reserved
 *
 * Kinds: see `enum kind`. Nothing is recorded of a call that failed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, SYNC = 2, TRUNCATE = 3, CREATE = 4, RENAME = 5, UNLINK = 6, MKDIR = 7, SYNC_DIRECTORY = 8, OPEN_TRUNCATE = 9 };

#define FD_MAX 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[4096];
static size_t root_bytes;
static int log_fd = -1;
static unsigned char is_recorded[FD_MAX];
static char *directory_of_fd[FD_MAX];
static dev_t device_of_fd[FD_MAX];
static ino_t inode_of_fd[FD_MAX];

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static ssize_t raw_write(int fd, const void *bytes, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  return real(fd, bytes, count);
}

__attribute__((constructor)) static void start(void) {
  const char *root_name = getenv("RECORDER_ROOT");
  const char *log_name = getenv("RECORDER_LOG");
  if (!root_name || !log_name) return;
  snprintf(root, sizeof root, "%s/", root_name);
  root_bytes = strlen(root);
  int (*real_open)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
  log_fd = real_open(log_name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) abort();
}

static int is_under_root(const char *path) {
  return log_fd >= 0 && path && strncmp(path, root, root_bytes) == 0;
}

/* The root itself counts as a directory that can be synced. */
static int is_root(const char *path) {
  return log_fd >= 0 && path && strlen(path) + 1 == root_bytes && strncmp(path, root, root_bytes - 1) == 0;
}

static void put(const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    ssize_t done = raw_write(log_fd, at, count);
    if (done < 0) {
      if (errno == EINTR) continue;
      abort();
    }
    at += done;
    count -= (size_t)done;
  }
}

static void record(enum kind kind, const char *path, uint64_t inode, uint64_t offset, const void *data, size_t data_bytes) {
  uint32_t path_bytes = path ? (uint32_t)strlen(path) : 0;
  unsigned char header[40] = {0};
  uint32_t kind32 = kind;
  uint64_t data64 = data_bytes;
  memcpy(header, &kind32, 4);
  memcpy(header + 4, &path_bytes, 4);
  memcpy(header + 8, &inode, 8);
  memcpy(header + 16, &offset, 8);
  memcpy(header + 24, &data64, 8);
  put(header, sizeof header);
  if (path_bytes) put(path, path_bytes);
  if (data_bytes) put(data, data_bytes);
}

static uint64_t inode_of(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 ? info.st_ino : 0;
}

/* A descriptor may have been closed by a bare system call (as libuv does) and be another file by now. */
static int watches(int fd) {
  struct stat info;
  if (fd < 0 || fd >= FD_MAX || !is_recorded[fd]) return 0;
  if (fstat(fd, &info) == 0 && info.st_dev == device_of_fd[fd] && info.st_ino == inode_of_fd[fd]) return 1;
  is_recorded[fd] = 0;
  return 0;
}

static int after_open(int fd, const char *path, int flags, int existed) {
  if (fd < 0 || fd >= FD_MAX) return fd;
  struct stat info;
  if (fstat(fd, &info) != 0) return fd;
  is_recorded[fd] = 1;
  device_of_fd[fd] = info.st_dev;
  inode_of_fd[fd] = info.st_ino;
  free(directory_of_fd[fd]);
  directory_of_fd[fd] = S_ISDIR(info.st_mode) ? strdup(path) : NULL;
  if (S_ISDIR(info.st_mode)) return fd;
  if (!existed) record(CREATE, path, info.st_ino, 0, NULL, 0);
  else if (flags & O_TRUNC) record(OPEN_TRUNCATE, path, info.st_ino, 0, NULL, 0);
  return fd;
}

#define OPEN_BODY(name) \
  REAL(name); \
  mode_t mode = 0; \
  if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list args; \
    va_start(args, flags); \
    mode = va_arg(args, mode_t); \
    va_end(args); \
  } \
  if (!is_under_root(path) && !is_root(path)) return real(path, flags, mode); \
  pthread_mutex_lock(&lock); \
  int existed = access(path, F_OK) == 0; \
  int fd = after_open(real(path, flags, mode), path, flags, existed); \
  pthread_mutex_unlock(&lock); \
  return fd;

int open(const char *path, int flags, ...) { OPEN_BODY(open) }
int open64(const char *path, int flags, ...) { OPEN_BODY(open64) }

int openat(int at, const char *path, int flags, ...) {
  REAL(openat);
  mode_t mode = 0;
  if (flags & (O_CREAT | O_TMPFILE)) {
    va_list args;
    va_start(args, flags);
    mode = va_arg(args, mode_t);
    va_end(args);
  }
  if (!is_under_root(path) && !is_root(path)) return real(at, path, flags, mode);
  pthread_mutex_lock(&lock);
  int existed = access(path, F_OK) == 0;
  int fd = after_open(real(at, path, flags, mode), path, flags, existed);
  pthread_mutex_unlock(&lock);
  return fd;
}

int close(int fd) {
  REAL(close);
  if (!watches(fd)) return real(fd);
  pthread_mutex_lock(&lock);
  is_recorded[fd] = 0;
  free(directory_of_fd[fd]);
  directory_of_fd[fd] = NULL;
  int result = real(fd);
  pthread_mutex_unlock(&lock);
  return result;
}

static uint64_t position_of(int fd) {
  if (fcntl(fd, F_GETFL) & O_APPEND) {
    struct stat info;
    return fstat(fd, &info) == 0 ? (uint64_t)info.st_size : 0;
  }
  return (uint64_t)lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  if (!watches(fd)) return raw_write(fd, bytes, count);
  pthread_mutex_lock(&lock);
  uint64_t offset = position_of(fd);
  ssize_t done = raw_write(fd, bytes, count);
  int saved = errno;
  if (done > 0) record(WRITE, NULL, inode_of(fd), offset, bytes, (size_t)done);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return done;
}

#define PWRITE_BODY(name) \
  REAL(name); \
  if (!watches(fd)) return real(fd, bytes, count, offset); \
  pthread_mutex_lock(&lock); \
  ssize_t done = real(fd, bytes, count, offset); \
  int saved = errno; \
  if (done > 0) record(WRITE, NULL, inode_of(fd), (uint64_t)offset, bytes, (size_t)done); \
  pthread_mutex_unlock(&lock); \
  errno = saved; \
  return done;

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { PWRITE_BODY(pwrite) }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) { PWRITE_BODY(pwrite64) }

/* Vectors are written piece by piece: nobody here needs them to be atomic. */
ssize_t writev(int fd, const struct iovec *pieces, int count) {
  REAL(writev);
  if (!watches(fd)) return real(fd, pieces, count);
  ssize_t total = 0;
  for (int index = 0; index < count; index++) {
    ssize_t done = write(fd, pieces[index].iov_base, pieces[index].iov_len);
    if (done < 0) return total > 0 ? total : done;
    total += done;
  }
  return total;
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset) {
  REAL(pwritev);
  if (!watches(fd)) return real(fd, pieces, count, offset);
  ssize_t total = 0;
  for (int index = 0; index < count; index++) {
    ssize_t done = pwrite(fd, pieces[index].iov_base, pieces[index].iov_len, offset + total);
    if (done < 0) return total > 0 ? total : done;
    total += done;
  }
  return total;
}

#define SYNC_BODY(name) \
  REAL(name); \
  if (!watches(fd)) return real(fd); \
  pthread_mutex_lock(&lock); \
  int result = real(fd); \
  int saved = errno; \
  if (result == 0) { \
    if (directory_of_fd[fd]) record(SYNC_DIRECTORY, directory_of_fd[fd], 0, 0, NULL, 0); \
    else record(SYNC, NULL, inode_of(fd), 0, NULL, 0); \
  } \
  pthread_mutex_unlock(&lock); \
  errno = saved; \
  return result;

int fsync(int fd) { SYNC_BODY(fsync) }
int fdatasync(int fd) { SYNC_BODY(fdatasync) }

#define TRUNCATE_BODY(name) \
  REAL(name); \
  if (!watches(fd)) return real(fd, size); \
  pthread_mutex_lock(&lock); \
  int result = real(fd, size); \
  int saved = errno; \
  if (result == 0) record(TRUNCATE, NULL, inode_of(fd), (uint64_t)size, NULL, 0); \
  pthread_mutex_unlock(&lock); \
  errno = saved; \
  return result;

int ftruncate(int fd, off_t size) { TRUNCATE_BODY(ftruncate) }
int ftruncate64(int fd, off64_t size) { TRUNCATE_BODY(ftruncate64) }

int rename(const char *from, const char *to) {
  REAL(rename);
  if (!is_under_root(from)) return real(from, to);
  pthread_mutex_lock(&lock);
  int result = real(from, to);
  int saved = errno;
  if (result == 0) record(RENAME, from, 0, 0, to, strlen(to));
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

int unlink(const char *path) {
  REAL(unlink);
  if (!is_under_root(path)) return real(path);
  pthread_mutex_lock(&lock);
  int result = real(path);
  int saved = errno;
  if (result == 0) record(UNLINK, path, 0, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

/* What Node.js 24 and later remove a file with; of a directory nothing is recorded. */
int remove(const char *path) {
  REAL(remove);
  if (!is_under_root(path)) return real(path);
  pthread_mutex_lock(&lock);
  struct stat info;
  int is_file = lstat(path, &info) == 0 && !S_ISDIR(info.st_mode);
  int result = real(path);
  int saved = errno;
  if (result == 0 && is_file) record(UNLINK, path, 0, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

int unlinkat(int at, const char *path, int flags) {
  REAL(unlinkat);
  char name[8192];
  if (path[0] == '/' || at == AT_FDCWD) snprintf(name, sizeof name, "%s", path);
  else if (watches(at) && directory_of_fd[at]) snprintf(name, sizeof name, "%s/%s", directory_of_fd[at], path);
  else return real(at, path, flags);
  if (!is_under_root(name) || (flags & AT_REMOVEDIR)) return real(at, path, flags);
  pthread_mutex_lock(&lock);
  int result = real(at, path, flags);
  int saved = errno;
  if (result == 0) record(UNLINK, name, 0, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  if (!is_under_root(path)) return real(path, mode);
  pthread_mutex_lock(&lock);
  int result = real(path, mode);
  int saved = errno;
  if (result == 0) record(MKDIR, path, 0, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return result;
}
