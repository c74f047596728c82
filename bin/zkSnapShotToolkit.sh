#!/usr/bin/env bash
#
# Shows a snapshot, one of ours (snapshot.HEX.db) or one of Apache's (snapshot.HEX): zkSnapShotToolkit.sh [-d|-json] FILE

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
zoo_exec_tool zksnapshottoolkit "${zoo_arguments[@]}"
