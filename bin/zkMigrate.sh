#!/usr/bin/env bash
#
# Moves data between zoonode and Apache ZooKeeper: zkMigrate.sh export --to DIR …, zkMigrate.sh import …; --help says more.
# The server must be stopped. Without --from, the directories are those of the configuration.

zoo_self=${BASH_SOURCE[0]}
while [[ -L $zoo_self ]]; do
  zoo_target=$(readlink "$zoo_self")
  if [[ $zoo_target == /* ]]; then zoo_self=$zoo_target; else zoo_self=$(dirname "$zoo_self")/$zoo_target; fi
done
# shellcheck source=bin/zkEnv.sh
. "$(dirname "$zoo_self")/zkEnv.sh"
if [[ $# -gt 1 && $1 == --config ]]; then shift 2; fi

source=(--config "$ZOOCFG")
for argument in "$@"; do
  case $argument in --config | --config=* | --from | --from=*) source=() ;; esac
done

# The whole tree is in memory, as it is in the server.
zoo_exec_tool zkmigrate "$@" "${source[@]}"
