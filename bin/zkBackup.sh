#!/usr/bin/env bash
#
# Backs up a server while it serves, lists, verifies and restores backups: zkBackup.sh create, list, verify, restore, prune;
# --help says more. Without --from and --backups, the directories are those of the configuration.

zoo_self=${BASH_SOURCE[0]}
while [[ -L $zoo_self ]]; do
  zoo_target=$(readlink "$zoo_self")
  if [[ $zoo_target == /* ]]; then zoo_self=$zoo_target; else zoo_self=$(dirname "$zoo_self")/$zoo_target; fi
done
# shellcheck source=bin/zkEnv.sh
. "$(dirname "$zoo_self")/zkEnv.sh"
if [[ $# -gt 1 && $1 == --config ]]; then shift 2; fi

# The whole tree is in memory, as it is in the server.
zoo_exec_configured_tool zkbackup "$@"
