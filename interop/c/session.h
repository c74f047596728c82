/* A session of the C client whose states and watch events are kept, to be waited for. */
#ifndef INTEROP_SESSION_H
#define INTEROP_SESSION_H

#include <pthread.h>
#include <zookeeper/zookeeper.h>

enum { EVENT_COUNT_MAX = 64, EVENT_SIZE = 512 };

struct session {
  zhandle_t* zh;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int state;
  int has_been_lost; /* a state other than connected was seen since the last wait for one */
  int event_count;
  int event_next;
  char events[EVENT_COUNT_MAX][EVENT_SIZE]; /* "TYPE PATH" */
};

/* Opens a session, or takes up the one of `id`, and waits until it is connected. */
void session_open(struct session* session, const char* hosts, int timeout_ms, const clientid_t* id);
void session_close(struct session* session);

/* Waits until the session has the state; for a lost connection, until it has been lost at some time since the last such
 * wait. */
void session_await(struct session* session, int state);
void session_await_lost(struct session* session);

/* Takes the next watch event, which has to be this one. */
void session_expect(struct session* session, int type, const char* path);

/* The watch function to give to calls; its context is the session. */
void session_watch(zhandle_t* zh, int type, int state, const char* path, void* session);

#endif
