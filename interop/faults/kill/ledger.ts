import type { Stat } from '../../../src/client/index.ts'

/** A node as the ledger has it: what its owner wrote, and the Stat that came with the last answer about it. */
export interface LedgerNode {
  readonly data: string
  readonly version: number
  readonly isEphemeral: boolean
  /** Null while no answer has shown it. */
  readonly stat: Stat | null
}

export type LedgerState = ReadonlyMap<string, LedgerNode>

/** One change, as a single operation or as a member of a transaction. */
export type Change =
  | { readonly kind: 'create'; readonly path: string; readonly data: string; readonly isEphemeral: boolean }
  | { readonly kind: 'setData'; readonly path: string; readonly data: string }
  | { readonly kind: 'delete'; readonly path: string }

/** A request that was sent: its changes, all of which are done, or none. */
export interface Entry {
  readonly changes: readonly Change[]
  /** Stats that its answer brought, by path. */
  stats: ReadonlyMap<string, Stat>
}

/** A node as the server shows it. */
export interface FoundNode {
  readonly data: string
  readonly stat: Stat
}

/**
 * What one connection has asked for and what it was told, over nodes that it alone writes. A connection's requests are
 * carried out in order, so after a crash its nodes must be as they were after some number of them: all that were
 * acknowledged, and perhaps some that were on their way.
 */
export class Ledger {
  /** After the last acknowledged request. */
  #acknowledged: LedgerState = new Map()
  /** After everything sent. */
  #sent: LedgerState = new Map()
  #waiting: Entry[] = []

  get acknowledged(): LedgerState {
    return this.#acknowledged
  }

  get sent(): LedgerState {
    return this.#sent
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  send(changes: readonly Change[]): Entry {
    const entry: Entry = { changes, stats: new Map() }
    this.#waiting.push(entry)
    this.#sent = applied(this.#sent, entry)
    return entry
  }

  /** @throws Error if an earlier one has no answer yet */
  acknowledge(entry: Entry, stats: ReadonlyMap<string, Stat>): void {
    if (this.#waiting.shift() !== entry) throw new Error('an answer came before that of an earlier request')
    entry.stats = stats
    this.#acknowledged = applied(this.#acknowledged, entry)
  }

  /** The ephemeral nodes are gone with their session; nothing may be waiting. */
  sessionOver(): void {
    this.#acknowledged = new Map([...this.#acknowledged].filter(([, node]) => !node.isEphemeral))
    this.#sent = this.#acknowledged
  }

  /**
   * Takes what the server shows after a crash, when no answer can come any more.
   *
   * @returns what is wrong, or null
   */
  settle(found: ReadonlyMap<string, FoundNode>, sessionId: bigint): string | null {
    let state = this.#acknowledged
    const problems: string[] = []
    for (let taken = 0; taken <= this.#waiting.length; taken++) {
      const problem = differenceOf(state, found, sessionId)
      if (problem === null) {
        this.#waiting = []
        this.#acknowledged = this.#sent = withStats(state, found)
        return null
      }
      problems.push(problem)
      const next = this.#waiting[taken]
      if (next !== undefined) state = applied(state, next)
    }
    const [first] = problems
    return `${first} (and no number of the ${this.#waiting.length} requests on their way explains it: ${problems.at(-1)})`
  }
}

function applied(state: LedgerState, { changes, stats }: Entry): LedgerState {
  const next = new Map(state)
  for (const change of changes) {
    const before = next.get(change.path)
    if (change.kind === 'delete') next.delete(change.path)
    else {
      const stat = stats.get(change.path) ?? null
      const isEphemeral = change.kind === 'create' ? change.isEphemeral : (before?.isEphemeral ?? false)
      next.set(change.path, {
        data: change.data,
        version: before === undefined ? 0 : before.version + 1,
        isEphemeral,
        stat
      })
    }
  }
  return next
}

function withStats(state: LedgerState, found: ReadonlyMap<string, FoundNode>): LedgerState {
  return new Map([...state].map(([path, node]) => [path, { ...node, stat: found.get(path)?.stat ?? null }]))
}

function differenceOf(state: LedgerState, found: ReadonlyMap<string, FoundNode>, sessionId: bigint): string | null {
  for (const [path, node] of state) {
    const there = found.get(path)
    if (there === undefined) return `${path} is gone, it had version ${node.version}`
    const { stat, data } = there
    if (data !== node.data) return `${path} has other data than were written (version ${stat.version}, ${node.version})`
    if (stat.version !== node.version) return `${path} has version ${stat.version}, must be ${node.version}`
    const owner = node.isEphemeral ? sessionId : 0n
    if (stat.ephemeralOwner !== owner) return `${path} is owned by ${stat.ephemeralOwner}, must be ${owner}`
    const known = node.stat
    if (known !== null && !sameStat(known, stat))
      return `${path} has another stat: ${show(stat)}, it was ${show(known)}`
  }
  for (const path of found.keys()) if (!state.has(path)) return `${path} is there, though it was deleted or never made`
  return null
}

/** All that is the node's own; none of these nodes has children. */
function sameStat(one: Stat, other: Stat): boolean {
  return show(one) === show(other)
}

function show({ czxid, mzxid, ctime, mtime, version, cversion, pzxid }: Stat): string {
  return `czxid ${czxid} mzxid ${mzxid} pzxid ${pzxid} ctime ${ctime} mtime ${mtime} version ${version} cversion ${cversion}`
}
