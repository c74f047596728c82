/** Least and wished-for ratio of a row, as the project has set them. Above 1 is better for zoonode. */
export interface Goal {
  readonly atLeast: number
  readonly aim: number
}

/** What the ratio of a row compares: operations a second, the 99th percentile of the latency, or its median. */
export type Headline = 'rate' | 'p99' | 'time'

/** Which servers a row needs: one of each kind, three of each kind, or one of each kind with TLS. */
export type Place = 'standalone' | 'ensemble' | 'tls'

/** One load, as arguments of the load generator. */
export interface Scenario {
  readonly name: string
  /** For people who do not know the names. */
  readonly title: string
  readonly place: Place
  readonly workload: string
  readonly connections: number
  readonly depth: number
  /** Further arguments of the generator. */
  readonly options: Readonly<Record<string, number>>
  readonly headline: Headline
  /** On an ensemble: the servers to which clients connect. */
  readonly target: 'all' | 'follower'
  /** Every operation is a write: flushes are counted in a measurement of its own. */
  readonly writesOnly: boolean
  readonly goal: Goal | null
  /** Part of every run; the others only with --full or by name. */
  readonly standard: boolean
  /** Part of --quick. */
  readonly quick: boolean
}

/** Gets a second of the open loop: few enough that neither server is near its limit. */
export const OPEN_LOOP_READS_PER_SECOND = 2000
/** Load by which the machine's rate of sets is found, for the open loop. */
export const SETS_CALIBRATION = { connections: 50, depth: 1 } as const

const DEFAULTS = {
  place: 'standalone',
  options: {},
  headline: 'rate',
  target: 'all',
  writesOnly: false,
  goal: null,
  standard: false,
  quick: false
} as const

/** A load of `connections` with `depth` requests outstanding on each; its name tells both. */
function row(
  name: string,
  title: string,
  workload: string,
  [connections, depth]: readonly [number, number],
  goal: readonly [atLeast: number, aim: number] | null,
  more: Partial<Scenario> = {}
): Scenario {
  const told = goal === null ? null : { atLeast: goal[0], aim: goal[1] }
  const shape = `${connections}x${depth}`
  const fullName = name.endsWith('*') ? `${name.slice(0, -1)}${shape}` : name
  return { ...DEFAULTS, name: fullName, title, workload, connections, depth, goal: told, ...more }
}

const standard = { standard: true } as const
const quick = { standard: true, quick: true } as const
const writes = { writesOnly: true } as const
const ensemble = { place: 'ensemble' } as const
const tls = { place: 'tls' } as const

export const SCENARIOS: readonly Scenario[] = [
  row('get-*', 'get, pipelined', 'get', [4, 64], [15, 25], quick),
  row('get-*', 'get, pipelined', 'get', [4, 100], [15, 25]),
  row('exists-*', 'exists, pipelined', 'exists', [4, 64], [15, 25]),
  row('exists-*', 'exists, pipelined', 'exists', [4, 100], [15, 25]),
  row('get-*', 'get, one outstanding', 'get', [1, 1], [3, 5], quick),
  row('get-*', 'get, one outstanding each', 'get', [50, 1], [1.1, 1.6], quick),
  row('get-*', 'get, one outstanding each', 'get', [100, 1], [1.1, 1.6]),
  row('get-*', 'get, one outstanding each', 'get', [400, 1], [1.1, 1.6]),
  row('get-*', 'get, one outstanding each', 'get', [1000, 1], [1.1, 1.6]),
  row('get-10k-*', 'get of 10 KiB, pipelined', 'get', [4, 16], [2, 5], { options: { size: 10_240 }, ...standard }),
  row('children-100-*', 'getChildren of 100, pipelined', 'children', [4, 16], [2, 5], {
    options: { children: 100 },
    ...standard
  }),
  row('children-10000-*', 'getChildren of 10,000, pipelined', 'children', [4, 4], [2, 5], {
    options: { children: 10_000 }
  }),
  row('set-*', 'set, one outstanding', 'set', [1, 1], [1.1, 1.5], { ...standard, ...writes }),
  row('set-*', 'set, one outstanding each', 'set', [50, 1], [1.3, 2], { ...quick, ...writes }),
  row('set-*', 'set, pipelined', 'set', [4, 64], [5, 9], { ...standard, ...writes }),
  row('create-*', 'create, one outstanding each', 'create', [50, 1], [1.3, 2], { ...standard, ...writes }),
  row('create-*', 'create, pipelined', 'create', [4, 64], [5, 9], { ...standard, ...writes }),
  row('multi-10-*', 'multi of 10 sets, one outstanding each', 'multi', [50, 1], [3, 6], writes),
  row('multi-10-*', 'multi of 10 sets, pipelined', 'multi', [4, 16], [3, 6], { ...standard, ...writes }),
  row('lock-*', 'ephemeral sequential create and delete', 'lock', [50, 1], [1.5, 2.5], { ...standard, ...writes }),
  row('mixed-90-10-*', '90 % get, 10 % set, one outstanding each', 'mixed', [50, 1], [1.2, 2], {
    options: { writes: 10 },
    ...quick
  }),
  row('mixed-70-30-*', '70 % get, 30 % set, one outstanding each', 'mixed', [50, 1], [1.2, 2], {
    options: { writes: 30 }
  }),
  row('mixed-90-10-*', '90 % get, 10 % set, pipelined', 'mixed', [4, 64], null, {
    options: { writes: 10 },
    ...standard
  }),
  row('mixed-70-30-*', '70 % get, 30 % set, pipelined', 'mixed', [4, 64], null, { options: { writes: 30 } }),
  row('watch-500', 'one change to 500 watchers, notifications', 'watch', [500, 1], [3, 8], standard),
  row('watch-10000', 'one change to 10,000 watchers, notifications', 'watch', [10_000, 1], [3, 8]),
  row('sessions-32', 'connect, read, close; 32 in parallel', 'sessions', [32, 1], [1.5, 3], standard),
  row('open-get-p99', '99 % of gets at a fixed rate beside sets at half the rate', 'open', [16, 1], [2, 5], {
    headline: 'p99',
    ...standard
  }),
  row('tls-get-*', 'get over TLS, pipelined', 'get', [4, 64], [1, 2], { ...tls, ...standard }),
  row('tls-get-*', 'get over TLS, one outstanding each', 'get', [50, 1], [1, 2], tls),
  row('tls-set-*', 'set over TLS, one outstanding each', 'set', [50, 1], [1, 2], tls),
  row('tls-set-*', 'set over TLS, pipelined', 'set', [4, 64], [1, 2], tls),
  row('three-set-*', 'three servers: set, pipelined', 'set', [4, 64], [3, 6], { ...ensemble, ...writes, ...standard }),
  row('three-set-*', 'three servers: set, one outstanding each', 'set', [50, 1], [1.3, 2], {
    ...ensemble,
    ...writes,
    ...standard
  }),
  row('three-get-follower-*', 'three servers: get on a follower', 'get', [50, 1], [1.1, 2], {
    ...ensemble,
    target: 'follower',
    ...standard
  }),
  row('three-get-follower-*', 'three servers: get on a follower, pipelined', 'get', [4, 64], [1.1, 2], {
    ...ensemble,
    target: 'follower'
  }),
  row('fail-over', 'three servers: leader killed until the next write', 'fail-over', [1, 1], null, {
    ...ensemble,
    headline: 'time',
    target: 'follower'
  })
]
