import { endianness } from 'node:os'
import type { Connection } from '../connection.ts'

/**
 * Columns of numbers, each in one piece. perf: a question for totals reads millions of them, and a row of a table for each
 * session or subtree took thirty times as long, to write and to read.
 */

export const COLUMN_SCHEMA = 'CREATE TABLE numbers(name TEXT PRIMARY KEY, body BLOB NOT NULL);'

/** They are as this machine has them: on another one the index is made anew. */
export const COLUMN_ORDER = endianness()

export function putColumn(connection: Connection, name: string, numbers: Int32Array | Float64Array): void {
  const body = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  connection.prepare('INSERT INTO numbers(name, body) VALUES (?, ?)').run(name, body)
}

/** Empty where there is none of this name. */
export function readInts(connection: Connection, name: string): Int32Array {
  const { buffer, byteOffset, byteLength } = readBytes(connection, name)
  return new Int32Array(buffer, byteOffset, byteLength / Int32Array.BYTES_PER_ELEMENT)
}

/** Empty where there is none of this name. */
export function readFloats(connection: Connection, name: string): Float64Array {
  const { buffer, byteOffset, byteLength } = readBytes(connection, name)
  return new Float64Array(buffer, byteOffset, byteLength / Float64Array.BYTES_PER_ELEMENT)
}

/** At a place where numbers may begin. */
function readBytes(connection: Connection, name: string): Uint8Array {
  const row = connection.prepare<[string], [Buffer]>('SELECT body FROM numbers WHERE name = ?').raw().get(name)
  if (row === undefined) return new Uint8Array(0)
  const [bytes] = row
  // A short one is a part of a larger buffer, at any place.
  return bytes.byteOffset % Float64Array.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes)
}
