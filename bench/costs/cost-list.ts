/** What a server costs, beside what it does; the names are those of the command line. */
export const COSTS = [
  'rss-idle',
  'rss-sessions',
  'rss-nodes',
  'rss-nodes-collected',
  'start-empty',
  'start-nodes',
  'disk-1x1',
  'disk-50x1',
  'flushes-1x1',
  'flushes-50x1',
  'turn-nodes',
  'turn-nodes-cpu',
  'turn-filling',
  'gap-nodes',
  'gc-nodes',
  'gc-filling'
] as const

export type CostName = (typeof COSTS)[number]

export type CostUnit = 'MB' | 's' | 'ms' | 'bytes' | 'flushes'

export interface Cost {
  readonly name: CostName
  /** For people who do not know the names. */
  readonly title: string
  readonly unit: CostUnit
  /** What must not be exceeded: zoonode's cost over Apache's, or zoonode's cost itself, in its unit. */
  readonly goal: { readonly atMost: number; readonly aim: number; readonly of: 'ratio' | 'zoonode' } | null
}

const ratio = (atMost: number, aim: number) => ({ atMost, aim, of: 'ratio' }) as const
const own = (atMost: number, aim: number) => ({ atMost, aim, of: 'zoonode' }) as const

const ALL: Readonly<Record<CostName, Omit<Cost, 'name'>>> = {
  'rss-idle': { title: 'memory, nothing in it', unit: 'MB', goal: ratio(1, 0.7) },
  'rss-sessions': { title: 'memory with 10,000 idle sessions', unit: 'MB', goal: ratio(0.4, 0.4) },
  'rss-nodes': { title: 'memory with the big tree, after a quiet while', unit: 'MB', goal: ratio(0.35, 0.25) },
  'rss-nodes-collected': { title: 'the same after a full collection of the JVM', unit: 'MB', goal: null },
  'start-empty': { title: 'exec to the first answer, empty', unit: 's', goal: ratio(0.6, 0.3) },
  'start-nodes': { title: 'exec to the first answer, big tree, after kill -9', unit: 's', goal: ratio(0.5, 0.5) },
  'disk-1x1': { title: 'bytes to the disk for a set, one outstanding', unit: 'bytes', goal: ratio(2.2, 2.2) },
  'disk-50x1': { title: 'bytes to the disk for a set, 50 connections', unit: 'bytes', goal: ratio(1.4, 1.4) },
  'flushes-1x1': { title: 'flushes for a set, one outstanding', unit: 'flushes', goal: null },
  'flushes-50x1': { title: 'flushes for a set, 50 connections', unit: 'flushes', goal: null },
  'turn-nodes': { title: 'longest turn: big tree, sets, a snapshot', unit: 'ms', goal: own(20, 5) },
  'turn-nodes-cpu': { title: 'CPU time of the thread in one such turn', unit: 'ms', goal: null },
  'turn-filling': { title: 'longest turn while the big tree is made', unit: 'ms', goal: own(20, 5) },
  'gap-nodes': { title: 'longest wait of a ping: big tree, sets, a snapshot', unit: 'ms', goal: null },
  'gc-nodes': { title: 'longest collection pause: big tree, sets, a snapshot', unit: 'ms', goal: own(20, 20) },
  'gc-filling': { title: 'longest collection pause while the big tree is made', unit: 'ms', goal: own(20, 20) }
}

export function costOf(name: CostName): Cost {
  return { name, ...ALL[name] }
}
