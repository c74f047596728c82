import type { SegmentIndex } from './index-file.ts'
import type { SubtreeColumns } from './subtree-columns.ts'
import { SumTable } from './sum-table.ts'
import { addPathTotals, type PathTotals, SessionTable, type SessionTotals } from './totals.ts'

/**
 * The greatest totals of a whole log. What decides is added up over all segments first, then everything about the few that
 * are asked for.
 */

/** The sessions with the most transactions, these first. Indexes have to come in the order of the log. */
export function topSessions(indexes: readonly SegmentIndex[], limit: number): SessionTotals[] {
  const sums = new SumTable(indexes.reduce((sum, { sessions }) => sum + sessions.idHi.length, 0))
  for (const [part, { sessions }] of indexes.entries()) {
    const { idHi, idLo, txnCounts } = sessions
    for (let number = 0; number < idHi.length; number++) {
      sums.add(idHi[number] ?? 0, idLo[number] ?? 0, txnCounts[number] ?? 0, 0, part, number)
    }
  }
  const ranks = new Ranks(sums.top(limit))
  const table = new SessionTable()
  for (const { sessions } of indexes) {
    const { idHi, idLo } = sessions
    const found = ranks.positionsIn(idHi, idLo, 0, idHi.length)
    for (const totals of sessions.totals(found.map(({ position }) => position))) table.add(totals)
  }
  const rankOf = ({ idHi, idLo }: SessionTotals): number => ranks.of(idHi, idLo) ?? 0
  return table.all.toSorted((one, other) => rankOf(one) - rankOf(other))
}

export interface Subtree {
  readonly path: string
  readonly totals: PathTotals
}

/**
 * The subtrees of a level (1: the root's children) below a path that had the most writes, these first; of as many writes,
 * those with more bytes.
 */
export function topSubtrees(indexes: readonly SegmentIndex[], depth: number, under: string, limit: number): Subtree[] {
  const parts = indexes.map((index) => index.subtrees(depth, under))
  const sums = new SumTable(parts.reduce((sum, { start, end }) => sum + end - start, 0))
  for (const [part, columns] of parts.entries()) addWrites(sums, part, columns)
  const top = sums.top(limit)
  const ranks = new Ranks(top)
  const totals = top.map((): PathTotals => ({ writes: 0, bytes: 0, creates: 0, deletes: 0 }))
  for (const columns of parts) addRanked(totals, ranks, columns)
  return top.flatMap(({ source }, rank) => {
    const path = parts[source.part]?.pathAt(source.position)
    const sum = totals[rank]
    return path === undefined || sum === undefined ? [] : [{ path, totals: sum }]
  })
}

function addWrites(sums: SumTable, part: number, columns: SubtreeColumns): void {
  const { start, end, hi, lo } = columns
  if (start === end) return
  const [writes, bytes] = [columns.column('writes'), columns.column('bytes')]
  for (let at = start; at < end; at++) {
    sums.add(hi[at] ?? 0, lo[at] ?? 0, writes[at] ?? 0, bytes[at] ?? 0, part, at)
  }
}

/** Adds what one segment has of the subtrees with a rank. */
function addRanked(totals: readonly PathTotals[], ranks: Ranks, columns: SubtreeColumns): void {
  const { start, end, hi, lo } = columns
  const found = ranks.positionsIn(hi, lo, start, end)
  if (found.length === 0) return
  const [writes, bytes] = [columns.column('writes'), columns.column('bytes')]
  const [creates, deletes] = [columns.column('creates'), columns.column('deletes')]
  for (const { rank, position: at } of found) {
    const sum = totals[rank]
    if (sum === undefined) continue
    addPathTotals(sum, {
      writes: writes[at] ?? 0,
      bytes: bytes[at] ?? 0,
      creates: creates[at] ?? 0,
      deletes: deletes[at] ?? 0
    })
  }
}

const FILTER_SIZE = 2 ** 16
const FILTER_MASK = FILTER_SIZE - 1

/** The places of a few keys in an order, found by their low halves first. */
class Ranks {
  readonly #byLo = new Map<number, { readonly hi: number; readonly rank: number }[]>()
  /** Whether a low half with these last bits is there. perf: of millions of keys nearly none has a rank. */
  readonly #mayBe = new Uint8Array(FILTER_SIZE)

  constructor(keys: readonly { readonly hi: number; readonly lo: number }[]) {
    for (const [rank, { hi, lo }] of keys.entries()) {
      this.#mayBe[lo & FILTER_MASK] = 1
      const others = this.#byLo.get(lo)
      if (others === undefined) this.#byLo.set(lo, [{ hi, rank }])
      else others.push({ hi, rank })
    }
  }

  of(hi: number, lo: number): number | undefined {
    return this.#byLo.get(lo)?.find((each) => each.hi === hi)?.rank
  }

  positionsIn(hi: Int32Array, lo: Int32Array, start: number, end: number): { rank: number; position: number }[] {
    const found: { rank: number; position: number }[] = []
    for (let position = start; position < end; position++) {
      const low = lo[position] ?? 0
      if (this.#mayBe[low & FILTER_MASK] === 0) continue
      const rank = this.of(hi[position] ?? 0, low)
      if (rank !== undefined) found.push({ rank, position })
    }
    return found
  }
}
