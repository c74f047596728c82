import type { RunCommand } from './command.ts'

/** A command of the shell. */
export interface CommandEntry {
  readonly name: string
  /** What follows the name when its use is shown; empty for nothing. */
  readonly usage: string
  /** Loads its code; null for what the shell does by itself (session, history, printing of watches). */
  readonly load: (() => Promise<RunCommand>) | null
}

/** All commands, in the order in which they are listed (by the units of their names, as Java sorts). */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'addWatch',
    usage:
      '[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE',
    load: async () => (await import('./commands/add-watch.ts')).runAddWatch
  },
  { name: 'addauth', usage: 'scheme auth', load: async () => (await import('./commands/add-auth.ts')).runAddAuth },
  { name: 'close', usage: '', load: async () => (await import('./commands/close.ts')).runClose },
  { name: 'config', usage: '[-c] [-w] [-s]', load: async () => (await import('./commands/config.ts')).runConfig },
  { name: 'connect', usage: 'host:port', load: null },
  {
    name: 'create',
    usage: '[-s] [-e] [-c] [-t ttl] path [data] [acl]',
    load: async () => (await import('./commands/create.ts')).runCreate
  },
  { name: 'delete', usage: '[-v version] path', load: async () => (await import('./commands/delete.ts')).runDelete },
  {
    name: 'deleteall',
    usage: 'path [-b batch size]',
    load: async () => (await import('./commands/delete-all.ts')).runDeleteAll
  },
  {
    name: 'delquota',
    usage: '[-n|-b|-N|-B] path',
    load: async () => (await import('./commands/del-quota.ts')).runDelQuota
  },
  { name: 'get', usage: '[-s] [-w] [-b] [-x] path', load: async () => (await import('./commands/get.ts')).runGet },
  { name: 'getAcl', usage: '[-s] path', load: async () => (await import('./commands/get-acl.ts')).runGetAcl },
  {
    name: 'getAllChildrenNumber',
    usage: 'path',
    load: async () => (await import('./commands/get-all-children-number.ts')).runGetAllChildrenNumber
  },
  {
    name: 'getEphemerals',
    usage: 'path',
    load: async () => (await import('./commands/get-ephemerals.ts')).runGetEphemerals
  },
  { name: 'history', usage: '', load: null },
  { name: 'listquota', usage: 'path', load: async () => (await import('./commands/list-quota.ts')).runListQuota },
  { name: 'ls', usage: '[-s] [-w] [-R] path', load: async () => (await import('./commands/ls.ts')).runLs },
  { name: 'printwatches', usage: 'on|off', load: null },
  { name: 'quit', usage: '', load: null },
  {
    name: 'reconfig',
    usage:
      '[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | ' +
      '[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]',
    load: async () => (await import('./commands/reconfig.ts')).runReconfig
  },
  { name: 'redo', usage: 'cmdno', load: null },
  {
    name: 'removewatches',
    usage: 'path [-c|-d|-a] [-l]',
    load: async () => (await import('./commands/remove-watches.ts')).runRemoveWatches
  },
  {
    name: 'set',
    usage: 'path data [-s] [-v version] [-b]',
    load: async () => (await import('./commands/set.ts')).runSet
  },
  {
    name: 'setAcl',
    usage: '[-s] [-v version] [-R] path acl',
    load: async () => (await import('./commands/set-acl.ts')).runSetAcl
  },
  {
    name: 'setquota',
    usage: '-n|-b|-N|-B val path',
    load: async () => (await import('./commands/set-quota.ts')).runSetQuota
  },
  { name: 'stat', usage: '[-w] path', load: async () => (await import('./commands/stat.ts')).runStat },
  { name: 'sync', usage: 'path', load: async () => (await import('./commands/sync.ts')).runSync },
  { name: 'version', usage: '', load: async () => (await import('./commands/version.ts')).runVersion },
  { name: 'whoami', usage: '', load: async () => (await import('./commands/who-am-i.ts')).runWhoAmI }
]

/** The command of that name, or undefined. */
export function findCommand(name: string): CommandEntry | undefined {
  return COMMANDS.find((command) => command.name === name)
}

/** What is shown when a command does not exist. */
export function shellUsage(): string {
  const lines = COMMANDS.map(({ name, usage }) => `\t${name} ${usage}`)
  return ['ZooKeeper -server host:port -client-configuration properties-file cmd args', ...lines].join('\n')
}
