#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cases.h"

enum { WAIT_S = 60 };

static const char* type_name(int type) {
  if (type == ZOO_CREATED_EVENT) return "created";
  if (type == ZOO_DELETED_EVENT) return "deleted";
  if (type == ZOO_CHANGED_EVENT) return "changed";
  if (type == ZOO_CHILD_EVENT) return "child";
  return "unknown";
}

void session_watch(zhandle_t* zh, int type, int state, const char* path, void* context) {
  struct session* session = context;
  (void)zh;
  pthread_mutex_lock(&session->mutex);
  if (type == ZOO_SESSION_EVENT) {
    session->state = state;
    if (state != ZOO_CONNECTED_STATE) session->has_been_lost = 1;
  } else if (session->event_count < EVENT_COUNT_MAX) {
    snprintf(session->events[session->event_count++], EVENT_SIZE, "%s %s", type_name(type), path);
  }
  pthread_cond_broadcast(&session->changed);
  pthread_mutex_unlock(&session->mutex);
}

/* Waits, with the mutex held, for the next change; returns 0 when there is none in time. */
static int wait_for_change(struct session* session, const struct timespec* end) {
  return pthread_cond_timedwait(&session->changed, &session->mutex, end) != ETIMEDOUT;
}

static struct timespec deadline(void) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += WAIT_S;
  return end;
}

void session_open(struct session* session, const char* hosts, int timeout_ms, const clientid_t* id) {
  memset(session, 0, sizeof *session);
  pthread_mutex_init(&session->mutex, NULL);
  pthread_cond_init(&session->changed, NULL);
  session->zh = zookeeper_init(hosts, session_watch, timeout_ms, id, session, 0);
  check(session->zh != NULL, "zookeeper_init: %s", strerror(errno));
  session_await(session, ZOO_CONNECTED_STATE);
}

void session_close(struct session* session) {
  check_int(ZOK, zookeeper_close(session->zh), "zookeeper_close");
}

void session_await(struct session* session, int state) {
  struct timespec end = deadline();
  int reached;
  pthread_mutex_lock(&session->mutex);
  while (session->state != state && wait_for_change(session, &end)) continue;
  reached = session->state;
  pthread_mutex_unlock(&session->mutex);
  check_int(state, reached, "state");
}

void session_await_lost(struct session* session) {
  struct timespec end = deadline();
  int lost;
  pthread_mutex_lock(&session->mutex);
  while (!session->has_been_lost && wait_for_change(session, &end)) continue;
  lost = session->has_been_lost;
  session->has_been_lost = 0;
  pthread_mutex_unlock(&session->mutex);
  check(lost, "the connection was not lost within %d s", WAIT_S);
}

void session_expect(struct session* session, int type, const char* path) {
  struct timespec end = deadline();
  char wanted[EVENT_SIZE];
  char found[EVENT_SIZE] = "no event";
  snprintf(wanted, sizeof wanted, "%s %s", type_name(type), path);
  pthread_mutex_lock(&session->mutex);
  while (session->event_next == session->event_count && wait_for_change(session, &end)) continue;
  if (session->event_next < session->event_count) strcpy(found, session->events[session->event_next++]);
  if (session->event_next == session->event_count) session->event_next = session->event_count = 0;
  pthread_mutex_unlock(&session->mutex);
  check_text(wanted, found, "watch event");
}
