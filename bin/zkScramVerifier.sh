#!/usr/bin/env bash
#
# Makes what a server keeps of the password of a user who logs in by SCRAM-SHA-256: zkScramVerifier.sh USER [ITERATIONS] < FILE

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

zoo_find_node
zoo_build
exec "$NODE" "$ZOOKEEPER_PREFIX/dist/bin/zkscramverifier.js" "${zoo_arguments[@]}"
