#!/usr/bin/env bash
#
# Makes a server serve alone whose ensemble has lost its quorum for good, with a report of what may be lost: --help says more.
# The server must be stopped.

zoo_self=${BASH_SOURCE[0]}
while [[ -L $zoo_self ]]; do
  zoo_target=$(readlink "$zoo_self")
  if [[ $zoo_target == /* ]]; then zoo_self=$zoo_target; else zoo_self=$(dirname "$zoo_self")/$zoo_target; fi
done
# shellcheck source=bin/zkEnv.sh
. "$(dirname "$zoo_self")/zkEnv.sh"
if [[ $# -gt 1 && $1 == --config ]]; then shift 2; fi

# The whole tree is in memory, as it is in the server.
zoo_exec_configured_tool zkrecoverquorum "$@"
