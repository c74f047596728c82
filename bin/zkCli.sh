#!/bin/sh
# The ZooKeeper command line client: zkCli.sh [--config DIR] [-server HOST:PORT,...] [-timeout MS] [-r] [-waitforconnection]
#   [-client-configuration FILE] [command [argument ...]]
#
# Environment: NODE or NODE_HOME (which Node to run), ZK_CLIENT_HEAP (MB), CLIENT_JVMFLAGS and JVMFLAGS (of these the
# -Dkey=value settings count), ZOOCFGDIR (folder that may hold zookeeper-env.sh and java.env).

# The folder of this script, whatever symbolic links lead to it.
script=$0
while [ -L "$script" ]; do
  target=$(readlink "$script")
  case $target in
    /*) script=$target ;;
    *) script=$(dirname "$script")/$target ;;
  esac
done
root=$(CDPATH='' cd "$(dirname "$script")/.." && pwd -P) || exit 1

if [ "$1" = --config ] && [ $# -gt 1 ]; then
  ZOOCFGDIR=$2
  shift 2
fi
ZOOCFGDIR=${ZOOCFGDIR:-$root/conf}
if [ -f "$ZOOCFGDIR/zookeeper-env.sh" ]; then . "$ZOOCFGDIR/zookeeper-env.sh"; fi
if [ -f "$ZOOCFGDIR/java.env" ]; then . "$ZOOCFGDIR/java.env"; fi
export CLIENT_JVMFLAGS JVMFLAGS

if [ -z "$NODE" ]; then
  if [ -n "$NODE_HOME" ] && [ -x "$NODE_HOME/bin/node" ]; then
    NODE=$NODE_HOME/bin/node
  else
    NODE=$(command -v node || command -v nodejs) || {
      echo "zkCli: Node.js 20.19 or later is needed, and there is no node in PATH; NODE may name one" >&2
      exit 1
    }
  fi
fi

main=$root/dist/bin/zkcli.js
# In a checkout the program is compiled when its sources are newer; an installed package has none.
if [ -d "$root/src" ]; then
  if [ ! -f "$main" ] ||
    [ -n "$(find "$root/src" "$root/jute/src" -name '*.ts' -newer "$root/dist/.tsbuildinfo" -print 2>&1 | head -n 1)" ]; then
    "$NODE" "$root/scripts/build.mjs" >&2 || exit 1
  fi
fi

exec "$NODE" ${ZK_CLIENT_HEAP:+"--max-old-space-size=$ZK_CLIENT_HEAP"} "$main" "$@"
