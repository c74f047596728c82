#!/usr/bin/env bash
#
# Makes the directories of a new server, and its myid.

zoo_self=${BASH_SOURCE[0]}
while [[ -L $zoo_self ]]; do
  zoo_target=$(readlink "$zoo_self")
  if [[ $zoo_target == /* ]]; then zoo_self=$zoo_target; else zoo_self=$(dirname "$zoo_self")/$zoo_target; fi
done
# shellcheck source=bin/zkEnv.sh
. "$(dirname "$zoo_self")/zkEnv.sh"
if [[ $# -gt 1 && $1 == --config ]]; then shift 2; fi

usage() {
  cat <<TEXT
usage: $0 <parameters>
  Optional parameters:
     -h                                                    Display this message
     --help                                                Display this message
     --configfile=$ZOOCFG
                                                           ZooKeeper config file
     --myid=#                                              Set the myid to be used, if any (0-255)
     --force                                               Force creation of the data/txnlog dirs
TEXT
  exit 1
}

my_id=
is_forced=false
while [[ $# -gt 0 ]]; do
  case $1 in
    --configfile)
      [[ $# -gt 1 ]] || usage
      ZOOCFG=$2
      shift
      ;;
    --configfile=?*) ZOOCFG=${1#*=} ;;
    --myid)
      [[ $# -gt 1 ]] || usage
      my_id=$2
      shift
      ;;
    --myid=?*) my_id=${1#*=} ;;
    --force) is_forced=true ;;
    -h | --help) usage ;;
    *)
      echo "Unknown option: $1"
      usage
      ;;
  esac
  shift
done

refuse() {
  echo "$1"
  exit 1
}

[[ -e $ZOOCFG ]] || refuse "Unable to find config file at $ZOOCFG"
data_dir=$(zoo_config_value dataDir "$ZOOCFG")
log_dir=$(zoo_config_value dataLogDir "$ZOOCFG")
[[ -n $data_dir ]] || refuse "Unable to determine dataDir from $ZOOCFG"
if [[ -n $my_id ]] && ! [[ $my_id =~ ^[0-9]{1,3}$ && $((10#$my_id)) -le 255 ]]; then
  refuse "myid must be a number from 0 to 255, not $my_id"
fi

if $is_forced; then
  pid=$(cat "$data_dir/zookeeper_server.pid" 2>/dev/null)
  if [[ $pid =~ ^[0-9]+$ ]] && kill -0 "$pid" 2>/dev/null; then
    refuse "A server runs on $data_dir as process $pid"
  fi
  echo "Force enabled, data/txnlog directories will be re-initialized"
else
  if [[ -d $data_dir/version-2 ]]; then
    refuse "ZooKeeper data directory already exists at $data_dir (or use --force to force re-initialization)"
  fi
  if [[ -n $log_dir && -d $log_dir/version-2 ]]; then
    refuse "ZooKeeper txnlog directory already exists at $log_dir (or use --force to force re-initialization)"
  fi
fi

# Only what is in the directories goes, not they themselves: they may be mount points, with permissions of their own.
for directory in "$data_dir" ${log_dir:+"$log_dir"}; do
  rm -rf "$directory/myid" "$directory/version-2"
  mkdir -p "$directory/version-2" || exit 1
done

if [[ -n $my_id ]]; then
  echo "Using myid of $my_id"
  echo "$my_id" >"$data_dir/myid" || exit 1
else
  echo "No myid provided, be sure to specify it in $data_dir/myid if using non-standalone"
fi
touch "${log_dir:-$data_dir}/initialize"
