#!/usr/bin/env bash
#
# Sets up the environment of the other scripts, which source it with their arguments:
#
#   ZOOBINDIR, ZOOKEEPER_PREFIX   where the scripts and the program are, symbolic links followed
#   ZOOCFGDIR, ZOOCFG             directory and path of the configuration: --config DIR, or $ZOOCFGDIR, or conf; --config FILE names both
#   ZOO_LOG_DIR, ZOO_LOG_FILE     where logs go
#   NODE                          the Node.js to run with: $NODE, or $NODE_HOME/bin/node, or node in PATH
#   ZK_SERVER_HEAP                MB of heap for the server (ZK_CLIENT_HEAP for tools)
#   JVMFLAGS, SERVER_JVMFLAGS     -Dname=value in them are settings; -Xmx is the heap; other JVM options do nothing
#
# zookeeper-env.sh and java.env in the configuration directory are sourced if they are there.
#
# shellcheck disable=SC2034 # what is set here is used by the scripts that source it

# Prints the directory of a script, after all symbolic links.
zoo_script_dir() {
  local path=$1 target
  while [[ -L $path ]]; do
    target=$(readlink "$path")
    if [[ $target == /* ]]; then path=$target; else path=$(dirname "$path")/$target; fi
  done
  (cd "$(dirname "$path")" && pwd -P)
}

zoo_fail() {
  echo "Error: $*" >&2
  exit 1
}

ZOOBINDIR=$(zoo_script_dir "${BASH_SOURCE[0]}") || exit 1
ZOOKEEPER_PREFIX=$(dirname "$ZOOBINDIR")

if [[ $# -gt 1 && $1 == --config ]]; then
  shift
  ZOOCFGDIR=$1
  if [[ -f $1 ]]; then
    ZOOCFGDIR=$(dirname "$1")
    ZOOCFG=$(basename "$1")
  fi
  shift
fi
if [[ -z $ZOOCFGDIR ]]; then
  if [[ -e $ZOOKEEPER_PREFIX/conf ]]; then ZOOCFGDIR=$ZOOKEEPER_PREFIX/conf; else ZOOCFGDIR=/etc/zookeeper; fi
fi

if [[ -f $ZOOCFGDIR/zookeeper-env.sh ]]; then
  # shellcheck source=/dev/null
  . "$ZOOCFGDIR/zookeeper-env.sh"
fi
ZOOCFG=$ZOOCFGDIR/${ZOOCFG:-zoo.cfg}
if [[ -f $ZOOCFGDIR/java.env ]]; then
  # shellcheck source=/dev/null
  . "$ZOOCFGDIR/java.env"
fi

# A container may run as a user without a name.
ZOO_USER=${USER:-$(id -un 2>/dev/null || id -u)}
ZOO_HOST=${HOSTNAME:-$(uname -n)}
ZOO_LOG_DIR=${ZOO_LOG_DIR:-$ZOOKEEPER_PREFIX/logs}
ZK_SERVER_HEAP=${ZK_SERVER_HEAP:-1000}
ZK_CLIENT_HEAP=${ZK_CLIENT_HEAP:-256}

# Sets NODE to a Node.js that is new enough, or ends with one line that says what is missing.
zoo_find_node() {
  local version major minor
  if [[ -n $NODE ]]; then
    :
  elif [[ -n $NODE_HOME && -x $NODE_HOME/bin/node ]]; then
    NODE=$NODE_HOME/bin/node
  elif ! NODE=$(command -v node); then
    zoo_fail "NODE_HOME is not set and node could not be found in PATH; Node.js 20.19 or newer is needed"
  fi
  version=$("$NODE" --version) || zoo_fail "$NODE does not run"
  IFS=. read -r major minor _ <<<"${version#v}"
  if ((major < 20 || (major == 20 && minor < 19))); then
    zoo_fail "$NODE is Node.js ${version#v}; 20.19 or newer is needed"
  fi
}

# Compiles what is newer than its output. A published package has no sources and needs none of it.
zoo_build() {
  [[ -f $ZOOKEEPER_PREFIX/scripts/build.mjs && -d $ZOOKEEPER_PREFIX/src ]] || return 0
  "$NODE" "$ZOOKEEPER_PREFIX/scripts/build.mjs" >&2 || zoo_fail "the program could not be built"
}

# Becomes a tool with the server's heap: zoo_exec_tool PROGRAM ARGUMENTS...
zoo_exec_tool() {
  local program=$1
  shift
  zoo_find_node
  zoo_build
  exec "$NODE" "--max-old-space-size=$ZK_SERVER_HEAP" "$ZOOKEEPER_PREFIX/dist/bin/$program.js" "$@"
}

# Becomes a tool like that, with the configuration of the scripts unless its arguments name one.
zoo_exec_configured_tool() {
  local argument config=(--config "$ZOOCFG")
  for argument in "${@:2}"; do
    case $argument in --config | --config=*) config=() ;; esac
  done
  zoo_exec_tool "$@" "${config[@]}"
}

# Prints the value of a key in a configuration file: the last one given, without blanks around it.
zoo_config_value() {
  local key=${1//./\\.} file=$2
  sed -n "s/^[[:space:]]*${key}[[:space:]]*[=:[:space:]][[:space:]]*//p" "$file" 2>/dev/null |
    sed -n -e 's/[[:space:]]*$//' -e '$p'
}

# Reads JVM flags: zoo_split_flags "$FLAGS" sets ZOO_DEFINITIONS (the -D options) and ZOO_XMX_MB (of -Xmx, if any).
zoo_split_flags() {
  local flag amount
  local flags
  # Split at blanks and nothing else, as the JVM's own scripts do.
  read -r -d '' -a flags <<<"$1"
  ZOO_DEFINITIONS=()
  ZOO_XMX_MB=
  for flag in "${flags[@]}"; do
    case $flag in
      -D?*) ZOO_DEFINITIONS+=("$flag") ;;
      -Xmx[0-9]*)
        amount=${flag#-Xmx}
        case $amount in
          *[gG]) ZOO_XMX_MB=$((${amount%?} * 1024)) ;;
          *[mM]) ZOO_XMX_MB=${amount%?} ;;
          *[kK]) ZOO_XMX_MB=$((${amount%?} / 1024)) ;;
          *) ZOO_XMX_MB=$((amount / 1048576)) ;;
        esac
        ;;
    esac
  done
}
