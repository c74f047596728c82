import type { Connection } from '../connection.ts'
import { putColumn, readFloats, readInts } from './columns.ts'
import type { SessionTotals } from './totals.ts'

/** What sessions did in a segment, by column, in the order of the sessions' numbers. */

const FLOATS = [
  'createdMs',
  'closedMs',
  'timeoutMs',
  'firstMs',
  'lastMs',
  'txnCount',
  'creates',
  'changes',
  'deletes',
  'errors',
  'bytes'
] as const satisfies readonly (keyof SessionTotals)[]

export function putSessions(connection: Connection, sessions: readonly SessionTotals[]): void {
  const [idHi, idLo] = [new Int32Array(sessions.length), new Int32Array(sessions.length)]
  for (const [number, session] of sessions.entries()) {
    idHi[number] = session.idHi
    idLo[number] = session.idLo
  }
  putColumn(connection, 'session.idHi', idHi)
  putColumn(connection, 'session.idLo', idLo)
  for (const name of FLOATS) {
    const column = new Float64Array(sessions.length)
    // What is not known is no number.
    for (const [number, session] of sessions.entries()) column[number] = session[name] ?? Number.NaN
    putColumn(connection, `session.${name}`, column)
  }
}

export class SessionColumns {
  readonly idHi: Int32Array
  readonly idLo: Int32Array
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
    this.idHi = readInts(connection, 'session.idHi')
    this.idLo = readInts(connection, 'session.idLo')
  }

  get txnCounts(): Float64Array {
    return readFloats(this.#connection, 'session.txnCount')
  }

  /** All that is known of the sessions with these numbers. */
  totals(numbers: readonly number[]): SessionTotals[] {
    if (numbers.length === 0) return []
    const columns = FLOATS.map((name) => readFloats(this.#connection, `session.${name}`))
    return numbers.map((number) => {
      const [createdMs, closedMs, timeoutMs, ...counts] = columns.map((column) => column[number] ?? Number.NaN)
      const [firstMs = 0, lastMs = 0, txnCount = 0, creates = 0, changes = 0, deletes = 0, errors = 0, bytes = 0] =
        counts
      return {
        idHi: this.idHi[number] ?? 0,
        idLo: this.idLo[number] ?? 0,
        createdMs: known(createdMs),
        closedMs: known(closedMs),
        timeoutMs: known(timeoutMs),
        firstMs,
        lastMs,
        txnCount,
        creates,
        changes,
        deletes,
        errors,
        bytes
      }
    })
  }
}

function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value
}
