#!/usr/bin/env bash
#
# Starts, stops and asks a server. See docs/operations.md.

zoo_self=${BASH_SOURCE[0]}
while [[ -L $zoo_self ]]; do
  zoo_target=$(readlink "$zoo_self")
  if [[ $zoo_target == /* ]]; then zoo_self=$zoo_target; else zoo_self=$(dirname "$zoo_self")/$zoo_target; fi
done
# shellcheck source=bin/zkEnv.sh
. "$(dirname "$zoo_self")/zkEnv.sh"

# Sourcing does not shift this script's own arguments.
if [[ $# -gt 1 && $1 == --config ]]; then shift 2; fi

usage() {
  echo "Usage: $0 [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd} [config-file]" >&2
}

case $1 in
  start | start-foreground | stop | restart | status | print-cmd | print-classpath | version) ;;
  *)
    usage
    exit 1
    ;;
esac

if [[ $1 == version ]]; then
  release=$(sed -n 's/^ *"version": *"\([^"]*\)".*/\1/p' "$ZOOKEEPER_PREFIX/package.json" | head -n 1)
  echo "zoonode $release, compatible with Apache ZooKeeper, version 3.9.5"
  exit 0
fi
if [[ $1 == print-classpath ]]; then
  echo "CLASSPATH=$ZOOKEEPER_PREFIX/dist"
  exit 0
fi

# A second argument names another configuration: a file in the configuration directory, or a path.
if [[ -n $2 ]]; then
  if [[ $2 == */* ]]; then ZOOCFG=$2; else ZOOCFG=$ZOOCFGDIR/$2; fi
fi
echo "Using config: $ZOOCFG" >&2
[[ -f $ZOOCFG ]] || zoo_fail "there is no configuration file $ZOOCFG"

ZOO_DATADIR=$(zoo_config_value dataDir "$ZOOCFG")
ZOO_DATALOGDIR=$(zoo_config_value dataLogDir "$ZOOCFG")
ZOO_LOG_FILE=${ZOO_LOG_FILE:-zookeeper-$ZOO_USER-server-$ZOO_HOST.log}
daemon_out=$ZOO_LOG_DIR/zookeeper-$ZOO_USER-server-$ZOO_HOST.out
pid_file=${ZOOPIDFILE:-$ZOO_DATADIR/zookeeper_server.pid}
[[ -n $ZOO_DATADIR ]] || zoo_fail "dataDir is not set in $ZOOCFG"

# Sets `command`: what runs the server. ZOONODE_MAIN is for tests of this script.
prepare_command() {
  zoo_find_node
  [[ -n $ZOONODE_MAIN || $1 == dry ]] || zoo_build
  # Later definitions win, so that flags go before what this script sets.
  zoo_split_flags "$SERVER_JVMFLAGS $JVMFLAGS"
  local settings=("-Dzookeeper.log.dir=$ZOO_LOG_DIR" "-Dzookeeper.log.file=$ZOO_LOG_FILE")
  if [[ -n $ZOO_LOG4J_PROP ]]; then settings+=("-Dzookeeper.root.logger=$ZOO_LOG4J_PROP"); fi
  if [[ -n $ZOO_DATADIR_AUTOCREATE_DISABLE ]]; then settings+=("-Dzookeeper.datadir.autocreate=false"); fi
  # The young generation is kept once it has grown: a quarter of what Node takes costs no rate and is 22 MB less.
  command=("$NODE" "--max-old-space-size=${ZOO_XMX_MB:-$ZK_SERVER_HEAP}" --max-semi-space-size=4)
  command+=("${ZOONODE_MAIN:-$ZOOKEEPER_PREFIX/dist/bin/zoonode.js}")
  command+=("${settings[@]}" "${ZOO_DEFINITIONS[@]}" "$ZOOCFG")
  # The server notes the JVM options in them that do nothing.
  export SERVER_JVMFLAGS JVMFLAGS
  # One heap for the memory that its dozen threads take from glibc, not one for each, which would hold what it has got free.
  export MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-1}
}

# With autocreate turned off, missing directories are an error here already: the PID file could not be written either.
require_directories() {
  [[ -n $ZOO_DATADIR_AUTOCREATE_DISABLE ]] || return 0
  if [[ ! -d $ZOO_DATADIR/version-2 ]]; then
    echo "ZooKeeper data directory is missing at $ZOO_DATADIR fix the path or run initialize"
    exit 1
  fi
  if [[ -n $ZOO_DATALOGDIR && ! -d $ZOO_DATALOGDIR/version-2 ]]; then
    echo "ZooKeeper txnlog directory is missing at $ZOO_DATALOGDIR fix the path or run initialize"
    exit 1
  fi
}

# Prints the id of the process in the PID file if it runs.
running_pid() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null)
  [[ $pid =~ ^[0-9]+$ ]] && kill -0 "$pid" 2>/dev/null && echo "$pid"
}

start() {
  local pid deadline
  require_directories
  prepare_command
  echo -n "Starting zookeeper ... "
  if pid=$(running_pid); then
    echo "already running as process $pid."
    exit 1
  fi
  if ! mkdir -p "$ZOO_LOG_DIR" || ! mkdir -p "$(dirname "$pid_file")"; then
    echo FAILED TO START
    exit 1
  fi
  # Servers of one log directory share the file: what they append stays whole, also when another one is started.
  : 2>/dev/null >"$daemon_out"
  nohup "${command[@]}" >>"$daemon_out" 2>&1 </dev/null &
  pid=$!
  if ! echo -n "$pid" >"$pid_file"; then
    kill "$pid"
    echo FAILED TO WRITE PID
    exit 1
  fi
  # Waits until it listens; a member of an ensemble serves once there is a leader, for which others are needed. One that
  # needs longer, because it has much to load, goes on starting by itself.
  deadline=$((SECONDS + ${ZOO_START_TIMEOUT:-10}))
  until grep -qsE '^zoonode is (ready|server )' "$daemon_out" || ((SECONDS >= deadline)); do
    if ! kill -0 "$pid" 2>/dev/null; then
      rm -f "$pid_file"
      echo FAILED TO START
      tail -n 3 "$daemon_out" >&2
      exit 1
    fi
    sleep 0.1
  done
  echo STARTED
}

start_foreground() {
  require_directories
  prepare_command
  if [[ -n $ZOO_NOEXEC ]]; then "${command[@]}"; else exec "${command[@]}"; fi
}

stop() {
  local pid deadline
  echo -n "Stopping zookeeper ... "
  if [[ ! -f $pid_file ]]; then
    echo "no zookeeper to stop (could not find file $pid_file)"
    return 0
  fi
  if pid=$(running_pid); then
    kill "$pid"
    # It answers what is under way and closes its files; a restart must find them closed.
    deadline=$((SECONDS + ${ZOO_STOP_TIMEOUT:-30}))
    while kill -0 "$pid" 2>/dev/null; do
      if ((SECONDS >= deadline)); then
        echo "FAILED TO STOP: process $pid still runs"
        return 1
      fi
      sleep 0.1
    done
  fi
  rm -f "$pid_file"
  echo STOPPED
}

# Sets client_port, client_address and is_secure from the static, then from the dynamic configuration.
find_client_port() {
  local my_id dynamic spec
  is_secure=false
  client_port=$(zoo_config_value clientPort "$ZOOCFG")
  client_address=$(zoo_config_value clientPortAddress "$ZOOCFG")
  if ! [[ $client_port =~ ^[0-9]+$ ]]; then
    client_port=
    my_id=$(head -n 1 "$ZOO_DATADIR/myid" 2>/dev/null | tr -d '[:space:]')
    if ! [[ $my_id =~ ^[0-9]+$ ]]; then
      echo "myid could not be determined, will not able to locate clientPort in the server configs."
    else
      spec=$(zoo_config_value "server.$my_id" "$ZOOCFG")
      if [[ $spec != *\;* ]]; then
        echo "Client port not found in static config file. Looking in dynamic config file."
        dynamic=$(zoo_config_value dynamicConfigFile "$ZOOCFG")
        spec=$(zoo_config_value "server.$my_id" "$dynamic")
      fi
      read_client_part "$spec"
    fi
  fi
  if [[ -z $client_port ]]; then
    echo "Client port not found. Looking for secureClientPort in the static config."
    client_port=$(zoo_config_value secureClientPort "$ZOOCFG")
    client_address=$(zoo_config_value secureClientPortAddress "$ZOOCFG")
    is_secure=true
    if [[ -z $client_port ]]; then
      echo "Unable to find either secure or unsecure client port in any configs. Terminating."
      exit 1
    fi
  fi
  # A server that listens on all addresses is asked on this machine's own.
  case $client_address in '' | 0.0.0.0 | ::) client_address=localhost ;; esac
}

# Of host:2888:3888;[host:]port takes the client's part.
read_client_part() {
  local part=${1#*;}
  if [[ $1 != *\;* ]]; then
    echo "Client port not found in the server configs"
  elif [[ ${part%%;*} =~ ^\[?([^]]*)\]?:([0-9]+)$ ]]; then
    client_address=${BASH_REMATCH[1]}
    client_port=${BASH_REMATCH[2]}
  elif [[ ${part%%;*} =~ ^[0-9]+$ ]]; then
    client_port=${part%%;*}
  fi
}

status() {
  local mode
  find_client_port
  zoo_find_node
  echo "Client port found: $client_port. Client address: $client_address. Client SSL: $is_secure."
  mode=$("$NODE" "$ZOOBINDIR/ask-server.mjs" "$client_address" "$client_port" srvr "$is_secure" 2>/dev/null | grep '^Mode: ')
  if [[ -z $mode ]]; then
    echo "Error contacting service. It is probably not running."
    exit 1
  fi
  echo "$mode"
}

case $1 in
  start) start ;;
  start-foreground) start_foreground ;;
  stop) stop ;;
  restart)
    stop || exit 1
    start
    ;;
  status) status ;;
  print-cmd)
    prepare_command dry
    printf '"%s" ' "${command[@]}"
    echo ">>\"$daemon_out\" 2>&1 </dev/null"
    ;;
esac
