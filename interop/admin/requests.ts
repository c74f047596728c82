import type { Ask } from './ask.ts'

/** Every name and alias, each once. */
export const COMMANDS: readonly string[] = [
  ...[
    'configuration',
    'conf',
    'config',
    'connections',
    'cons',
    'dirs',
    'dump',
    'hash',
    'initial_configuration',
    'icfg'
  ],
  ...['is_read_only', 'isro', 'last_snapshot', 'lsnp', 'leader', 'lead', 'observers', 'obsr', 'ruok', 'server_stats'],
  ...['srvr', 'stats', 'stat', 'voting_view', 'watches', 'wchc', 'watches_by_path', 'wchp', 'watch_summary', 'wchs'],
  ...['zabstate', 'get_trace_mask', 'gtmk']
]

/** Commands that set something back: asked last. */
export const RESETS: readonly string[] = [
  ...['connection_stat_reset', 'crst', 'stat_reset', 'srst', 'observer_connection_stat_reset', 'orst']
]

/** Those whose fields are compared by name only. */
export const NAMES_ONLY: readonly string[] = ['monitor', 'mntr', 'environment', 'env', 'envi']

const AS_SUPER = { Authorization: 'digest super:admin' }

/** Requests with arguments, without authority, wrong ones. Rate limits count, so their order matters. */
export const REQUESTS: readonly (Ask & { readonly what: string })[] = [
  { what: 'set_trace_mask', path: '/commands/set_trace_mask?traceMask=2' },
  { what: 'set_trace_mask twice', path: '/commands/stmk?traceMask=306&traceMask=5' },
  { what: 'set_trace_mask without a mask', path: '/commands/set_trace_mask' },
  { what: 'set_trace_mask of letters', path: '/commands/set_trace_mask?traceMask=abc' },
  { what: 'set_trace_mask beyond 64 bits', path: '/commands/set_trace_mask?traceMask=9223372036854775808' },
  { what: 'an unknown command', path: '/commands/nosuchcommand' },
  { what: 'a command in capitals', path: '/commands/RUOK' },
  { what: 'a command and a slash', path: '/commands/ruok/' },
  { what: 'an encoded name', path: '/commands/ru%6Fk' },
  { what: 'a name with quotes', path: '/commands/%C3%A9%22%0a' },
  { what: 'two names', path: '/commands/a/b' },
  { what: 'HEAD', path: '/commands/ruok', method: 'HEAD' },
  { what: 'PUT', path: '/commands/ruok', method: 'PUT' },
  { what: 'DELETE', path: '/commands/ruok', method: 'DELETE' },
  { what: 'POST of an unknown command', path: '/commands/nosuchcommand', method: 'POST' },
  { what: 'another path', path: '/elsewhere' },
  { what: 'the root', path: '/' },
  { what: 'a path that only begins so', path: '/commandsx' },
  { what: 'snapshot of nobody', path: '/commands/snapshot' },
  { what: 'snapshot with an unknown scheme', path: '/commands/snapshot', headers: { Authorization: 'nosuch x:y' } },
  { what: 'snapshot without the text of a digest', path: '/commands/snapshot', headers: { Authorization: 'digest' } },
  { what: 'snapshot with three words', path: '/commands/snap', headers: { Authorization: 'digest a:b c' } },
  { what: 'snapshot of somebody else', path: '/commands/snapshot', headers: { Authorization: 'digest foo:bar' } },
  { what: 'snapshot by address', path: '/commands/snapshot', headers: { Authorization: 'ip' } },
  { what: 'snapshot not streamed', path: '/commands/snapshot?streaming=false', headers: AS_SUPER },
  { what: 'snapshot too soon', path: '/commands/snapshot?streaming=false', headers: AS_SUPER },
  { what: 'restore of nobody', path: '/commands/restore', method: 'POST' },
  { what: 'restore by GET of nobody', path: '/commands/restore' },
  {
    what: 'restore of somebody else',
    path: '/commands/restore',
    method: 'POST',
    headers: { Authorization: 'digest foo:bar' },
    body: 'abc'
  }
]
