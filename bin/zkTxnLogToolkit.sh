#!/usr/bin/env bash
#
# Shows, recovers or chops a transaction log, one of ours (log.HEX.db) or one of Apache's (log.HEX): -h says how.

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
exec "$NODE" "--max-old-space-size=$ZK_CLIENT_HEAP" "$ZOOKEEPER_PREFIX/dist/bin/zktxnlogtoolkit.js" "${zoo_arguments[@]}"
