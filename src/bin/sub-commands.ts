/** A program that `zoonode NAME` runs: it reads `process.argv` as if it had been called by itself. */
export interface SubCommand {
  readonly name: string
  /** What it does, for the list of commands. */
  readonly summary: string
  /** Whether a path of a configuration is found for it when the command line names none. */
  readonly findsConfig?: true
  /** What `--help` tells of a program that has no such option, being as its counterpart of upstream. */
  readonly usage?: string
  /** Imports the program, which runs it. A program that nobody asks for is not loaded. */
  readonly run: () => Promise<unknown>
}

/** All commands of `zoonode`, in the order in which they are listed. A new program needs one entry here. */
export const SUB_COMMANDS: readonly SubCommand[] = [
  {
    name: 'server',
    summary: 'runs a server in the foreground: [-Dname=value …] [[--config] FILE | port dataDir]',
    findsConfig: true,
    usage: `usage: zoonode server [-Dname=value ...] [[--config] FILE | port dataDir]
  FILE          a configuration as ZooKeeper's zoo.cfg
  port dataDir  a server by itself with nothing but these two
  -Dname=value  a system property of ZooKeeper's, as -Dzookeeper.snapCount=10000`,
    run: () => import('./zoonode.ts')
  },
  {
    name: 'cli',
    summary: 'the shell of clients: [-server host:port,…] [command …]',
    usage: `usage: zoonode cli [-server host:port,...[/chroot]] [options] [command [argument ...]]
  -server HOSTS               the servers (localhost:2181)
  -timeout MS                 of the session (30000)
  -r                          a server that is cut off will do, for reading
  -waitforconnection          runs the command once there is a connection
  -client-configuration FILE  properties of the client, as for TLS and SASL
Without a command it asks for them; its command help lists them.`,
    run: () => import('./zkcli.ts')
  },
  {
    name: 'ensemble',
    summary:
      'runs several servers on this machine, to try things out: [SERVERS] [--observers N] [--port N] [--dir DIR]',
    run: () => import('./ensemble.ts')
  },
  {
    name: 'transfer-leadership',
    summary: 'hands the lead of an ensemble to another server: [--to ID] [--admin URL] [--auth CREDENTIALS]',
    run: () => import('./transfer-leadership.ts')
  },
  {
    name: 'migrate',
    summary: "moves data to Apache ZooKeeper's files and from them: export | import",
    run: () => import('./zkmigrate.ts')
  },
  {
    name: 'txn-log',
    summary: 'shows, recovers and chops transaction logs: zkTxnLogToolkit.sh',
    run: () => import('./zktxnlogtoolkit.ts')
  },
  { name: 'snapshot', summary: 'shows a snapshot: zkSnapShotToolkit.sh', run: () => import('./zksnapshottoolkit.ts') },
  {
    name: 'snapshot-compare',
    summary: 'compares two snapshots: zkSnapshotComparer.sh',
    run: () => import('./zksnapshotcomparer.ts')
  },
  {
    name: 'snapshot-summary',
    summary: 'sums up the subtrees of a snapshot: zkSnapshotRecursiveSummaryToolkit.sh',
    run: () => import('./zksnapshotrecursivesummary.ts')
  },
  {
    name: 'cleanup',
    summary: 'removes old snapshots and logs of a stopped server: zkCleanup.sh',
    usage: `usage: zoonode cleanup dataLogDir [snapDir] -n count
  count  how many snapshots are kept, with the log from the oldest of them on; at least 3`,
    run: () => import('./zkcleanup.ts')
  },
  {
    name: 'backup',
    summary:
      'backs a server up while it serves, lists, verifies and restores: create | list | verify | restore | prune',
    run: () => import('./zkbackup.ts')
  },
  {
    name: 'log',
    summary: 'asks the transaction log: path PATH | writers | subtrees',
    run: () => import('./zklog.ts')
  },
  {
    name: 'recover-quorum',
    summary: 'makes the last member of a lost quorum serve alone: --config FILE [--dry-run]',
    run: () => import('./zkrecoverquorum.ts')
  }
]
