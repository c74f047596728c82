#!/usr/bin/env bash
#
# Compares two snapshots, ours or Apache's, by sizes and counts: zkSnapshotComparer.sh -l LEFT -r RIGHT -b BYTES -n NODES [-d] [-i]

zoo_self=${BASH_SOURCE[0]}
while [[ -L $zoo_self ]]; do
  zoo_target=$(readlink "$zoo_self")
  if [[ $zoo_target == /* ]]; then zoo_self=$zoo_target; else zoo_self=$(dirname "$zoo_self")/$zoo_target; fi
done
# The arguments are the tool's own: none of them is for the environment.
zoo_arguments=("$@")
set --
# shellcheck source=bin/zkEnv.sh
. "$(dirname "$zoo_self")/zkEnv.sh"

# The whole tree is in memory, as it is in the server.
zoo_exec_tool zksnapshotcomparer "${zoo_arguments[@]}"
