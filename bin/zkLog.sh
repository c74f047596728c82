#!/usr/bin/env bash
#
# Asks the transaction log: who created, changed and deleted a znode, who writes most, where most is written. --help says more.

zoo_self=${BASH_SOURCE[0]}
while [[ -L $zoo_self ]]; do
  zoo_target=$(readlink "$zoo_self")
  if [[ $zoo_target == /* ]]; then zoo_self=$zoo_target; else zoo_self=$(dirname "$zoo_self")/$zoo_target; fi
done
# shellcheck source=bin/zkEnv.sh
. "$(dirname "$zoo_self")/zkEnv.sh"
if [[ $# -gt 1 && $1 == --config ]]; then shift 2; fi

# Where zkServer.sh has the server write its audit log.
export ZOO_LOG_DIR
# A segment of a million transactions takes some hundred megabytes while it is indexed.
zoo_exec_configured_tool zklog "$@"
