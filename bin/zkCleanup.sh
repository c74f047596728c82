#!/usr/bin/env bash
#
# Removes old snapshots and log files of a server that is not running, all but the newest: zkCleanup.sh [DIRECTORIES] -n COUNT
# Without directories, those of the configuration are taken. A running server does it by itself: autopurge.purgeInterval.

zoo_self=${BASH_SOURCE[0]}
while [[ -L $zoo_self ]]; do
  zoo_target=$(readlink "$zoo_self")
  if [[ $zoo_target == /* ]]; then zoo_self=$zoo_target; else zoo_self=$(dirname "$zoo_self")/$zoo_target; fi
done
# shellcheck source=bin/zkEnv.sh
. "$(dirname "$zoo_self")/zkEnv.sh"
if [[ $# -gt 1 && $1 == --config ]]; then shift 2; fi

directories=()
if [[ $1 == -n && -f $ZOOCFG ]]; then
  data_dir=$(zoo_config_value dataDir "$ZOOCFG")
  log_dir=$(zoo_config_value dataLogDir "$ZOOCFG")
  [[ -n $log_dir ]] && directories+=("$log_dir")
  [[ -n $data_dir ]] && directories+=("$data_dir")
fi

zoo_find_node
zoo_build
exec "$NODE" "--max-old-space-size=$ZK_CLIENT_HEAP" "$ZOOKEEPER_PREFIX/dist/bin/zkcleanup.js" "${directories[@]}" "$@"
