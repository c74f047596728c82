#!/usr/bin/env bash
#
# Entry of the container image. Takes the variables of Apache ZooKeeper's official image: it writes a zoo.cfg from them where there is none, and a myid
# where there is none, and then becomes the command.
#
#   ZOO_CONF_DIR, ZOO_DATA_DIR, ZOO_DATA_LOG_DIR, ZOO_LOG_DIR     directories; the Dockerfile sets them
#   ZOO_TICK_TIME, ZOO_INIT_LIMIT, ZOO_SYNC_LIMIT, ZOO_MAX_CLIENT_CNXNS, ZOO_AUTOPURGE_PURGEINTERVAL,
#   ZOO_AUTOPURGE_SNAPRETAINCOUNT, ZOO_STANDALONE_ENABLED, ZOO_ADMINSERVER_ENABLED   keys of zoo.cfg
#   ZOO_4LW_COMMANDS_WHITELIST                                    the same; left out where it is not set
#   ZOO_SERVERS                                                   server lines, with blanks between
#   ZOO_MY_ID                                                     this server's id; 1 where it is not set
#   ZOO_CFG_EXTRA                                                 further lines, with blanks between
#   ZOO_ADMINSERVER_ADDRESS                                       ours: where the admin server listens; 127.0.0.1 where it is not set

set -eu

# As root, whatever the volumes belong to becomes the server's, and the server does not stay root.
if [[ ${1:-} == zkServer.sh && $(id -u) == 0 ]] && id -u zookeeper >/dev/null 2>&1; then
  chown -R zookeeper "$ZOO_DATA_DIR" "$ZOO_DATA_LOG_DIR" "$ZOO_LOG_DIR"
  exec setpriv --reuid=zookeeper --regid=zookeeper --init-groups "$0" "$@"
fi

# Blanks separate entries; nothing else in them means anything to the shell.
lines_of() {
  local -a entries
  read -r -d '' -a entries <<<"$1" || true
  if ((${#entries[@]} > 0)); then printf '%s\n' "${entries[@]}"; fi
}

write_config() {
  cat <<CONFIG
dataDir=$ZOO_DATA_DIR
dataLogDir=$ZOO_DATA_LOG_DIR
tickTime=$ZOO_TICK_TIME
initLimit=$ZOO_INIT_LIMIT
syncLimit=$ZOO_SYNC_LIMIT
autopurge.snapRetainCount=$ZOO_AUTOPURGE_SNAPRETAINCOUNT
autopurge.purgeInterval=$ZOO_AUTOPURGE_PURGEINTERVAL
maxClientCnxns=$ZOO_MAX_CLIENT_CNXNS
standaloneEnabled=$ZOO_STANDALONE_ENABLED
admin.enableServer=$ZOO_ADMINSERVER_ENABLED
CONFIG
  if [[ -n ${ZOO_ADMINSERVER_ADDRESS:-} ]]; then echo "admin.serverAddress=$ZOO_ADMINSERVER_ADDRESS"; fi
  lines_of "${ZOO_SERVERS:-server.1=localhost:2888:3888;2181}"
  if [[ -n ${ZOO_4LW_COMMANDS_WHITELIST:-} ]]; then echo "4lw.commands.whitelist=$ZOO_4LW_COMMANDS_WHITELIST"; fi
  lines_of "${ZOO_CFG_EXTRA:-}"
}

config=$ZOO_CONF_DIR/zoo.cfg
# Written under another name first: a container that is killed on the way must not leave half of it to its successor.
if [[ ! -f $config ]]; then
  write_config >"$config.new"
  mv "$config.new" "$config"
fi
if [[ ! -f $ZOO_DATA_DIR/myid ]]; then echo "${ZOO_MY_ID:-1}" >"$ZOO_DATA_DIR/myid"; fi

exec "$@"
