#!/usr/bin/env bash
#
# The ZooKeeper command line client:
#
#   zkCli.sh [--config DIR] [-server HOST:PORT,.../CHROOT] [-timeout MS] [-r] [-waitforconnection]
#            [-client-configuration FILE] [command [argument ...]]
#
# Without a command it reads commands. Of CLIENT_JVMFLAGS and JVMFLAGS the -Dname=value settings and -Xmx count.

ZOO_LINK=${BASH_SOURCE[0]}
while [[ -L $ZOO_LINK ]]; do
  ZOO_TARGET=$(readlink "$ZOO_LINK")
  if [[ $ZOO_TARGET == /* ]]; then ZOO_LINK=$ZOO_TARGET; else ZOO_LINK=$(dirname "$ZOO_LINK")/$ZOO_TARGET; fi
done
# shellcheck source=bin/zkEnv.sh
. "$(dirname "$ZOO_LINK")/zkEnv.sh"

# Most runs are for one command: no process is started that is not needed. The program itself refuses a Node.js that is too
# old, and is compiled only if a source is newer.
if [[ -z $NODE ]]; then
  if [[ -n $NODE_HOME && -x $NODE_HOME/bin/node ]]; then NODE=$NODE_HOME/bin/node; else NODE=$(command -v node); fi
fi
ZOO_MAIN=$ZOOKEEPER_PREFIX/dist/bin/zkcli.js
ZOO_BUILT=$ZOOKEEPER_PREFIX/dist/.tsbuildinfo
if [[ -z $NODE || ! -f $ZOO_MAIN ]]; then
  zoo_find_node
  zoo_build
elif [[ -d $ZOOKEEPER_PREFIX/src ]] && {
  [[ ! -f $ZOO_BUILT ]] ||
    [[ -n $(find "$ZOOKEEPER_PREFIX"/{src,jute/src} -name '*.ts' -newer "$ZOO_BUILT" -print -quit 2>/dev/null) ]]
}; then
  zoo_build
fi

export CLIENT_JVMFLAGS JVMFLAGS
zoo_split_flags "$CLIENT_JVMFLAGS $JVMFLAGS"
exec "$NODE" "--max-old-space-size=${ZOO_XMX_MB:-$ZK_CLIENT_HEAP}" "$ZOO_MAIN" "$@"
