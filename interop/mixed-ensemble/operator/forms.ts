import type { Ensemble } from '../../harness/ensemble.ts'

/** Words whose answers members of both kinds must give in the same form, in each role. */
export const WORDS = [
  'srvr',
  'stat',
  'mntr',
  'cons',
  'dump',
  'isro',
  'conf',
  'wchs',
  'wchc',
  'wchp',
  'ruok',
  'dirs',
  'crst',
  'srst'
] as const

/** What each server says of itself in its own way: its version, and where its files are. */
const OWN_VALUES: readonly (readonly [RegExp, string])[] = [
  [/Zookeeper version: .*|ZooKeeper version: .*/g, '<version>'],
  [/(zk_version\t).*/g, '$1<text>'],
  [/^(dataDir|dataLogDir)=.*$/gm, '$1=<folder>'],
  [/0x[0-9a-f]+/g, '<hex>'],
  [/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d+ .*\d{4}/g, '<date>'],
  [/-?\b\d+(\.\d+)?(E-?\d+)?\b/g, '<n>'],
  [/\bNaN\b/g, '<n>']
]

/** Figures of mntr that only one kind has, or that are named by what clients did to one server. */
const OWN_FIGURES =
  /^zk_(op_count_|ttl_node_|disk_full_count|tracing_requests_|prefix_|.*_(read|write)_per_namespace|.*_learner_handler_qp_|.*_ack_latency|jvm_|process_)/

/** Words whose lines come in the order of hash tables, or as many of a kind as there are buckets of expiry. */
const UNORDERED = new Set(['cons', 'conf', 'dump', 'mntr', 'stat', 'wchc', 'wchp'])

/** An answer with all that may differ between two members taken out: values, addresses, and the order and number of lines of a kind. */
export function formOf(word: string, answer: string | null, ensemble: Ensemble): string {
  if (answer === null) return '<nothing>'
  let text = answer
  for (const { address } of ensemble.members) {
    for (const [name, port] of Object.entries(address)) text = text.replaceAll(`:${port}`, `:<${name}>`)
  }
  for (const [pattern, form] of OWN_VALUES) text = text.replaceAll(pattern, form)
  const lines = text.split('\n').filter((line) => word !== 'mntr' || !OWN_FIGURES.test(line))
  return (UNORDERED.has(word) ? [...new Set(lines)].sort() : lines).join('\n')
}

/** Lines that one answer has and the other has not, for a message; null if there are none. */
export function difference(theirs: string, ours: string): string | null {
  if (theirs === ours) return null
  const [a, b] = [theirs.split('\n'), ours.split('\n')]
  const only = (some: readonly string[], others: readonly string[]): string[] =>
    some.filter((line) => !others.includes(line))
  const missing = only(a, b).map((line) => `- ${line}`)
  const extra = only(b, a).map((line) => `+ ${line}`)
  const found = [...missing, ...extra]
  return found.length > 0 ? found.join('\n') : `other order or number of lines:\n${theirs}\n---\n${ours}`
}
