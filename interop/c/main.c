/* The C client, threaded, against one server. Argument: host:port. */
#define _GNU_SOURCE /* memmem */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cases.h"
#include "session.h"

enum { TIMEOUT_MS = 6000, PATH_SIZE = 256, PIPELINED = 2000, LARGE = 900000 };

static const char* program;
static const char* hosts;
static struct session client;
static int root_number;

static void ignore_string(int rc, const char* value, const void* context) {
  (void)rc;
  (void)value;
  (void)context;
}

/* Lets the reads that follow see what clients of other servers have been acknowledged: requests of one session are answered in order. */
static void catch_up(struct session* session) {
  check_int(ZOK, zoo_async(session->zh, "/", ignore_string, NULL), "sync");
}

/* Creates a parent of its own for a case; "path" is filled with it. */
static void make_root(char* path) {
  sprintf(path, "/c-%d", ++root_number);
  check_int(ZOK, zoo_create(client.zh, path, "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0),
            "create of the case's root");
}

/* Joins two parts of a path in one of four rotating buffers. */
static const char* below(const char* root, const char* name) {
  static char buffers[4][PATH_SIZE];
  static int next;
  char* buffer = buffers[next++ % 4];
  snprintf(buffer, PATH_SIZE, "%s/%s", root, name);
  return buffer;
}

static int make(struct session* session, const char* path, int mode, char* made) {
  return zoo_create(session->zh, path, "x", 1, &ZOO_OPEN_ACL_UNSAFE, mode, made, made == NULL ? 0 : PATH_SIZE);
}

/* Compares all fields; the bytes between them are undefined. */
static int same_stat(const struct Stat* a, const struct Stat* b) {
  return a->czxid == b->czxid && a->mzxid == b->mzxid && a->ctime == b->ctime && a->mtime == b->mtime &&
         a->version == b->version && a->cversion == b->cversion && a->aversion == b->aversion &&
         a->ephemeralOwner == b->ephemeralOwner && a->dataLength == b->dataLength && a->numChildren == b->numChildren &&
         a->pzxid == b->pzxid;
}

static void modes(void) {
  char root[PATH_SIZE], made[PATH_SIZE];
  struct Stat stat;
  make_root(root);
  check_int(ZOK, make(&client, below(root, "p"), ZOO_PERSISTENT, made), "persistent");
  check_text(below(root, "p"), made, "path");
  check_int(ZOK, make(&client, below(root, "e"), ZOO_EPHEMERAL, made), "ephemeral");
  check_int(ZOK, make(&client, below(root, "s-"), ZOO_PERSISTENT_SEQUENTIAL, made), "sequential");
  check_text(below(root, "s-0000000002"), made, "path");
  check_int(ZOK, make(&client, below(root, "es-"), ZOO_EPHEMERAL_SEQUENTIAL, made), "ephemeral sequential");
  check_text(below(root, "es-0000000003"), made, "path");
  check_int(ZOK, zoo_exists(client.zh, below(root, "e"), 0, &stat), "exists");
  check_int(zoo_client_id(client.zh)->client_id, stat.ephemeralOwner, "owner");
}

static void create_stat(void) {
  char root[PATH_SIZE], made[PATH_SIZE];
  struct Stat stat, read;
  make_root(root);
  check_int(ZOK,
            zoo_create2(client.zh, below(root, "n"), "data", 4, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, made, sizeof made,
                        &stat),
            "create2");
  check_int(ZOK, zoo_exists(client.zh, made, 0, &read), "exists");
  check(same_stat(&stat, &read), "the Stats of create2 and exists differ");
  check_int(4, stat.dataLength, "dataLength");
}

static void get_and_set(void) {
  char root[PATH_SIZE], buffer[64];
  int length = sizeof buffer;
  struct Stat stat, read;
  make_root(root);
  check_int(ZOK, zoo_set2(client.zh, root, "one", 3, 0, &stat), "set2");
  check_int(1, stat.version, "version");
  check_int(ZOK, zoo_get(client.zh, root, 0, buffer, &length, &read), "get");
  check(length == 3 && memcmp(buffer, "one", 3) == 0, "data");
  check(same_stat(&stat, &read), "the Stats of set2 and get differ");
  check_int(ZBADVERSION, zoo_set(client.zh, root, "two", 3, 0), "set with an old version");
  check_int(ZOK, zoo_set(client.zh, root, NULL, -1, -1), "set to null");
  length = sizeof buffer;
  check_int(ZOK, zoo_get(client.zh, root, 0, buffer, &length, &read), "get");
  check_int(-1, length, "length of null data");
}

static void large_data(void) {
  char root[PATH_SIZE];
  char *data = malloc(LARGE), *read = malloc(LARGE);
  int length = LARGE, i;
  make_root(root);
  for (i = 0; i < LARGE; i++) data[i] = (char)(i * 7);
  check_int(ZOK, zoo_set(client.zh, root, data, LARGE, -1), "set");
  check_int(ZOK, zoo_get(client.zh, root, 0, read, &length, NULL), "get");
  check_int(LARGE, length, "length");
  check(memcmp(data, read, LARGE) == 0, "the data differ");
  free(data);
  free(read);
}

static void refusals(void) {
  char root[PATH_SIZE];
  struct Stat stat;
  make_root(root);
  check_int(ZNODEEXISTS, make(&client, root, ZOO_PERSISTENT, NULL), "existing");
  check_int(ZNONODE, make(&client, below(root, "a/b"), ZOO_PERSISTENT, NULL), "no parent");
  check_int(ZOK, make(&client, below(root, "e"), ZOO_EPHEMERAL, NULL), "ephemeral");
  check_int(ZNOCHILDRENFOREPHEMERALS, make(&client, below(root, "e/a"), ZOO_PERSISTENT, NULL), "below an ephemeral");
  check_int(ZNOTEMPTY, zoo_delete(client.zh, root, -1), "delete with children");
  check_int(ZNONODE, zoo_delete(client.zh, below(root, "a"), -1), "delete of nothing");
  check_int(ZNONODE, zoo_exists(client.zh, below(root, "a"), 0, &stat), "exists of nothing");
  check_int(ZBADVERSION, zoo_delete(client.zh, below(root, "e"), 9), "delete with an old version");
  check_int(ZOK, zoo_delete(client.zh, below(root, "e"), 0), "delete");
}

static void children(void) {
  char root[PATH_SIZE], name[32];
  struct String_vector names;
  struct Stat stat;
  int i;
  make_root(root);
  for (i = 0; i < 50; i++) {
    sprintf(name, "n%d", i);
    check_int(ZOK, make(&client, below(root, name), ZOO_PERSISTENT, NULL), "create");
  }
  check_int(ZOK, zoo_get_children2(client.zh, root, 0, &names, &stat), "get_children2");
  check_int(50, names.count, "children");
  check_int(50, stat.numChildren, "numChildren");
  deallocate_String_vector(&names);
  check_int(ZOK, zoo_get_children(client.zh, below(root, "n0"), 0, &names), "get_children of a leaf");
  check_int(0, names.count, "children of a leaf");
  deallocate_String_vector(&names);
}

static void watches(void) {
  char root[PATH_SIZE], path[PATH_SIZE];
  struct session writer;
  struct String_vector names;
  struct Stat stat;
  make_root(root);
  strcpy(path, below(root, "n"));
  session_open(&writer, hosts, TIMEOUT_MS, NULL);
  check_int(ZNONODE, zoo_wexists(client.zh, path, session_watch, &client, &stat), "wexists");
  check_int(ZOK, make(&writer, path, ZOO_PERSISTENT, NULL), "create");
  session_expect(&client, ZOO_CREATED_EVENT, path);
  check_int(ZOK, zoo_wget(client.zh, path, session_watch, &client, NULL, &(int){0}, &stat), "wget");
  check_int(ZOK, zoo_set(writer.zh, path, "y", 1, -1), "set");
  session_expect(&client, ZOO_CHANGED_EVENT, path);
  check_int(ZOK, zoo_wget_children(client.zh, root, session_watch, &client, &names), "wget_children");
  deallocate_String_vector(&names);
  check_int(ZOK, zoo_wexists(client.zh, path, session_watch, &client, &stat), "wexists");
  check_int(ZOK, zoo_delete(writer.zh, path, -1), "delete");
  session_expect(&client, ZOO_DELETED_EVENT, path);
  session_expect(&client, ZOO_CHILD_EVENT, root);
  session_close(&writer);
}

static void default_watcher(void) {
  char root[PATH_SIZE];
  struct Stat stat;
  make_root(root);
  check_int(ZOK, zoo_exists(client.zh, root, 1, &stat), "exists with the default watcher");
  check_int(ZOK, zoo_set(client.zh, root, "x", 1, -1), "set");
  session_expect(&client, ZOO_CHANGED_EVENT, root);
}

static void remove_watches(void) {
  char root[PATH_SIZE];
  struct Stat stat;
  make_root(root);
  check_int(ZNOWATCHER, zoo_remove_watches(client.zh, root, ZWATCHTYPE_DATA, session_watch, &client, 0),
            "nothing to remove");
  check_int(ZOK, zoo_wexists(client.zh, root, session_watch, &client, &stat), "wexists");
  check_int(ZOK, zoo_remove_watches(client.zh, root, ZWATCHTYPE_DATA, session_watch, &client, 0), "remove");
  check_int(ZOK, zoo_set(client.zh, root, "x", 1, -1), "set");
  check_int(ZOK, zoo_wexists(client.zh, root, session_watch, &client, &stat), "wexists");
  check_int(ZOK, zoo_remove_all_watches(client.zh, root, ZWATCHTYPE_ANY, 0), "remove all");
  check_int(ZOK, zoo_delete(client.zh, root, -1), "delete");
  check_int(ZOK, zoo_exists(client.zh, "/", 0, &stat), "a round trip behind which no event may come");
  check_int(0, client.event_count, "events");
}

static void multi(void) {
  char root[PATH_SIZE], made[PATH_SIZE], a[PATH_SIZE];
  struct Stat set_stat, stat;
  zoo_op_t operations[4];
  zoo_op_result_t results[4];
  make_root(root);
  strcpy(a, below(root, "a"));
  zoo_create_op_init(&operations[0], a, "x", 1, &ZOO_OPEN_ACL_UNSAFE, 0, made, sizeof made);
  zoo_set_op_init(&operations[1], root, "data", 4, 0, &set_stat);
  zoo_check_op_init(&operations[2], root, 1);
  zoo_delete_op_init(&operations[3], a, 0);
  check_int(ZOK, zoo_multi(client.zh, 4, operations, results), "multi");
  check_text(a, made, "path");
  check_int(1, set_stat.version, "version");
  check_int(ZOK, zoo_exists(client.zh, root, 0, &stat), "exists");
  check(stat.version == 1 && stat.cversion == 2 && stat.mzxid == set_stat.mzxid && stat.pzxid == set_stat.mzxid,
        "Stat afterwards");
}

static void failing_multi(void) {
  char root[PATH_SIZE], made[PATH_SIZE];
  zoo_op_t operations[3];
  zoo_op_result_t results[3];
  struct Stat stat;
  make_root(root);
  zoo_create_op_init(&operations[0], below(root, "a"), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, made, sizeof made);
  zoo_check_op_init(&operations[1], root, 7);
  zoo_delete_op_init(&operations[2], root, -1);
  check_int(ZBADVERSION, zoo_multi(client.zh, 3, operations, results), "multi");
  check_int(ZOK, results[0].err, "first");
  check_int(ZBADVERSION, results[1].err, "second");
  check_int(ZRUNTIMEINCONSISTENCY, results[2].err, "third");
  check_int(ZOK, zoo_exists(client.zh, root, 0, &stat), "exists");
  check_int(0, stat.numChildren, "numChildren");
}

struct outcome {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int done;
  int wrong;
};

static void string_done(int rc, const char* value, const void* context) {
  struct outcome* outcome = (struct outcome*)context;
  pthread_mutex_lock(&outcome->mutex);
  /* Sequential names tell the order: the replies have to come in the order of the requests. */
  if (rc != ZOK || value == NULL || atoi(strrchr(value, '-') + 1) != outcome->done) outcome->wrong++;
  outcome->done++;
  pthread_cond_broadcast(&outcome->changed);
  pthread_mutex_unlock(&outcome->mutex);
}

static void data_done(int rc, const char* value, int length, const struct Stat* stat, const void* context) {
  struct outcome* outcome = (struct outcome*)context;
  char wanted[32];
  (void)stat;
  pthread_mutex_lock(&outcome->mutex);
  sprintf(wanted, "%d", outcome->done);
  if (rc != ZOK || length != (int)strlen(wanted) || memcmp(value, wanted, length) != 0) outcome->wrong++;
  outcome->done++;
  pthread_cond_broadcast(&outcome->changed);
  pthread_mutex_unlock(&outcome->mutex);
}

static void await_outcome(struct outcome* outcome, const char* what) {
  pthread_mutex_lock(&outcome->mutex);
  while (outcome->done < PIPELINED) pthread_cond_wait(&outcome->changed, &outcome->mutex);
  pthread_mutex_unlock(&outcome->mutex);
  check_int(0, outcome->wrong, what);
}

static void pipeline(void) {
  char root[PATH_SIZE], name[32], data[32];
  struct outcome created = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
  struct outcome read = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
  struct Stat stat;
  int i;
  make_root(root);
  for (i = 0; i < PIPELINED; i++) {
    sprintf(data, "%d", i);
    check_int(ZOK,
              zoo_acreate(client.zh, below(root, "n-"), data, (int)strlen(data), &ZOO_OPEN_ACL_UNSAFE,
                          ZOO_PERSISTENT_SEQUENTIAL, string_done, &created),
              "acreate");
  }
  await_outcome(&created, "wrong creations");
  for (i = 0; i < PIPELINED; i++) {
    sprintf(name, "n-%010d", i);
    check_int(ZOK, zoo_aget(client.zh, below(root, name), 0, data_done, &read), "aget");
  }
  await_outcome(&read, "wrong reads");
  check_int(ZOK, zoo_exists(client.zh, root, 0, &stat), "exists");
  check_int(PIPELINED, stat.numChildren, "numChildren");
}

static void auth_done(int rc, const void* context) {
  struct outcome* outcome = (struct outcome*)context;
  pthread_mutex_lock(&outcome->mutex);
  outcome->done = 1;
  outcome->wrong = rc;
  pthread_cond_broadcast(&outcome->changed);
  pthread_mutex_unlock(&outcome->mutex);
}

static int login(struct session* session, const char* scheme, const char* credential) {
  struct outcome outcome = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
  check_int(ZOK, zoo_add_auth(session->zh, scheme, credential, (int)strlen(credential), auth_done, &outcome),
            "add_auth");
  pthread_mutex_lock(&outcome.mutex);
  while (!outcome.done) pthread_cond_wait(&outcome.changed, &outcome.mutex);
  pthread_mutex_unlock(&outcome.mutex);
  return outcome.wrong;
}

static void acl(void) {
  char root[PATH_SIZE], path[PATH_SIZE];
  struct session alice;
  struct ACL_vector read;
  struct Stat stat;
  make_root(root);
  strcpy(path, below(root, "guarded"));
  session_open(&alice, hosts, TIMEOUT_MS, NULL);
  check_int(ZOK, login(&alice, "digest", "alice:pw"), "authentication");
  check_int(ZOK, zoo_create(alice.zh, path, "secret", 6, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0), "create");
  catch_up(&client);
  check_int(ZNOAUTH, zoo_get(client.zh, path, 0, NULL, &(int){0}, &stat), "get by another");
  check_int(ZINVALIDACL, zoo_create(client.zh, below(root, "x"), "", 0, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0),
            "creator's ACL without identity");
  check_int(ZOK, zoo_get_acl(alice.zh, path, &read, &stat), "get_acl");
  check_int(1, read.count, "entries");
  check_text("digest", read.data[0].id.scheme, "scheme");
  check(strncmp(read.data[0].id.id, "alice:", 6) == 0, "id is %s", read.data[0].id.id);
  deallocate_ACL_vector(&read);
  check_int(ZOK, zoo_set_acl(alice.zh, path, 0, &ZOO_READ_ACL_UNSAFE), "set_acl");
  catch_up(&client);
  check_int(ZOK, zoo_exists(client.zh, path, 0, &stat), "exists");
  check_int(1, stat.aversion, "aversion");
  check_int(ZNOAUTH, zoo_set(client.zh, path, "x", 1, -1), "set by another");
  session_close(&alice);
}

static void wrong_scheme(void) {
  struct session session;
  session_open(&session, hosts, TIMEOUT_MS, NULL);
  check_int(ZAUTHFAILED, login(&session, "nonsense", "x"), "authentication");
  session_await(&session, ZOO_AUTH_FAILED_STATE);
  session_close(&session);
}

/* Polls until the path is gone; a case's alarm ends it otherwise. */
static void await_gone(const char* path) {
  struct timespec pause = {0, 10 * 1000 * 1000};
  struct Stat stat;
  int rc;
  while ((rc = zoo_exists(client.zh, path, 0, &stat)) == ZOK) nanosleep(&pause, NULL);
  check_int(ZNONODE, rc, "exists");
}

static void container(void) {
  char root[PATH_SIZE], path[PATH_SIZE];
  make_root(root);
  strcpy(path, below(root, "container"));
  check_int(ZOK, make(&client, path, ZOO_CONTAINER, NULL), "create");
  check_int(ZOK, make(&client, below(path, "child"), ZOO_PERSISTENT, NULL), "create of a child");
  check_int(ZOK, zoo_delete(client.zh, below(path, "child"), -1), "delete of the child");
  await_gone(path);
}

static void ttl(void) {
  char root[PATH_SIZE], made[PATH_SIZE];
  make_root(root);
  check_int(ZOK,
            zoo_create_ttl(client.zh, below(root, "ttl"), "x", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 500,
                           made, sizeof made),
            "create_ttl");
  check_text(below(root, "ttl"), made, "path");
  await_gone(made);
}

static void ephemerals(void) {
  char root[PATH_SIZE], path[PATH_SIZE];
  struct session owner;
  struct Stat stat;
  make_root(root);
  strcpy(path, below(root, "e"));
  session_open(&owner, hosts, TIMEOUT_MS, NULL);
  check_int(ZOK, make(&owner, path, ZOO_EPHEMERAL, NULL), "create");
  catch_up(&client);
  check_int(ZOK, zoo_wexists(client.zh, path, session_watch, &client, &stat), "wexists");
  session_close(&owner);
  session_expect(&client, ZOO_DELETED_EVENT, path);
}

/* The program's other face: opens a session with an ephemeral znode, prints its id and password, and ends without
 * closing it. */
static int leave_session(const char* path) {
  struct session session;
  const clientid_t* id;
  int i;
  session_open(&session, hosts, TIMEOUT_MS, NULL);
  if (make(&session, path, ZOO_EPHEMERAL, NULL) != ZOK) return 1;
  id = zoo_client_id(session.zh);
  printf("%llx ", (unsigned long long)id->client_id);
  for (i = 0; i < (int)sizeof id->passwd; i++) printf("%02x", (unsigned char)id->passwd[i]);
  printf("\n");
  fflush(stdout);
  _exit(0);
}

static void resume(void) {
  char root[PATH_SIZE], command[4 * PATH_SIZE], password[64];
  struct session second;
  struct Stat stat;
  clientid_t id;
  unsigned long long number;
  unsigned byte;
  FILE* other;
  int i;
  make_root(root);
  snprintf(command, sizeof command, "'%s' %s leave-session %s", program, hosts, below(root, "e"));
  other = popen(command, "r");
  check(other != NULL && fscanf(other, "%llx %63s", &number, password) == 2, "the other program told no session");
  pclose(other);
  id.client_id = (int64_t)number;
  for (i = 0; i < (int)sizeof id.passwd && sscanf(password + 2 * i, "%2x", &byte) == 1; i++) id.passwd[i] = (char)byte;
  session_open(&second, hosts, TIMEOUT_MS, &id);
  check_int(id.client_id, zoo_client_id(second.zh)->client_id, "session id");
  catch_up(&second);
  check_int(ZOK, zoo_exists(second.zh, below(root, "e"), 0, &stat), "exists");
  check_int(id.client_id, stat.ephemeralOwner, "owner");
  session_close(&second);
  catch_up(&client);
  check_int(ZNONODE, zoo_exists(client.zh, below(root, "e"), 0, &stat), "exists after the close");
}

static void unknown_session(void) {
  struct session thief;
  clientid_t id = *zoo_client_id(client.zh);
  id.client_id += 1; /* no session of anybody's, so that nobody is disturbed */
  memset(&thief, 0, sizeof thief);
  pthread_mutex_init(&thief.mutex, NULL);
  pthread_cond_init(&thief.changed, NULL);
  thief.zh = zookeeper_init(hosts, session_watch, TIMEOUT_MS, &id, &thief, 0);
  session_await(&thief, ZOO_EXPIRED_SESSION_STATE);
  session_close(&thief);
}

static void config(void) {
  char buffer[1024];
  int length = sizeof buffer;
  struct Stat stat;
  const char* servers = getenv("INTEROP_SERVERS");
  int rc = zoo_getconfig(client.zh, 0, buffer, &length, &stat);
  check_int(ZOK, rc, "getconfig");
  if (servers == NULL || strcmp(servers, "standalone") == 0)
    check(length <= 0, "a standalone server's configuration is empty, found %d bytes", length);
  else
    check(length > 0 && memmem(buffer, length, "\nversion=", 9) != NULL, "the ensemble's configuration, found %d bytes", length);
  check_int(ZRECONFIGDISABLED,
            zoo_reconfig(client.zh, "server.9=127.0.0.1:1:2;3", NULL, NULL, -1, buffer, &length, &stat), "reconfig");
}

static void restart(void) {
  char root[PATH_SIZE];
  struct Stat before, after;
  int64_t id = zoo_client_id(client.zh)->client_id;
  int rc;
  make_root(root);
  check_int(ZOK, make(&client, below(root, "e"), ZOO_EPHEMERAL, NULL), "create");
  check_int(ZOK, zoo_wexists(client.zh, root, session_watch, &client, &before), "wexists");
  client.has_been_lost = 0;
  ask("restart");
  session_await_lost(&client);
  do {
    session_await(&client, ZOO_CONNECTED_STATE);
    rc = zoo_exists(client.zh, root, 0, &after);
  } while (rc == ZCONNECTIONLOSS);
  check_int(ZOK, rc, "exists");
  check(before.numChildren == 1 && after.pzxid == before.pzxid && same_stat(&before, &after),
        "the Stats before and after the restart differ");
  check_int(id, zoo_client_id(client.zh)->client_id, "session id");
  check_int(ZOK, zoo_exists(client.zh, below(root, "e"), 0, &after), "the ephemeral");
  check_int(id, after.ephemeralOwner, "owner");
  check_int(ZOK, zoo_set(client.zh, root, "x", 1, -1), "set");
  session_expect(&client, ZOO_CHANGED_EVENT, root);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  program = argv[0];
  hosts = argv[1];
  zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
  if (argc == 4 && strcmp(argv[2], "leave-session") == 0) return leave_session(argv[3]);
  session_open(&client, hosts, TIMEOUT_MS, NULL);
  run_case("create in all modes", modes);
  run_case("create2 gives the Stat", create_stat);
  run_case("get, set, null data", get_and_set);
  run_case("large data", large_data);
  run_case("errors have their own codes", refusals);
  run_case("children and their Stat", children);
  run_case("data, exists and child watches", watches);
  run_case("the default watcher", default_watcher);
  run_case("watches are removed", remove_watches);
  run_case("multi commits", multi);
  run_case("a failing multi tells each result", failing_multi);
  run_case("2,000 asynchronous calls are answered in order", pipeline);
  run_case("digest authentication and ACLs", acl);
  run_case("an unknown scheme fails", wrong_scheme);
  run_case("a container goes after its last child", container);
  run_case("a TTL znode goes after its time", ttl);
  run_case("ephemerals go with their session", ephemerals);
  run_case("a session is taken up by id and password", resume);
  run_case("an unknown session is expired", unknown_session);
  run_case("getconfig, and reconfig is refused", config);
  run_case("kill -9 and restart keep session, watches and data", restart);
  session_close(&client);
  end_cases();
  return 0;
}
