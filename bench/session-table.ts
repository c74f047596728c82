/**
 * CPU time of the session table and of session passwords.
 *
 *   node --expose-gc --import tsx bench/session-table.ts
 */

import type { Session } from '../src/core/session/session.ts'
import { SessionIdSequence } from '../src/core/session/session-id.ts'
import { isSessionPassword, writeSessionPassword } from '../src/core/session/session-password.ts'
import { SessionTable } from '../src/core/session/session-table.ts'

const SESSION_COUNT = 100_000
const TICK_MS = 2000
const TIMEOUT_MS = 30_000

function time(name: string, count: number, run: () => void): void {
  const start = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(start)
  const ms = (user + system) / 1000
  console.log(
    `${name.padEnd(58)} ${ms.toFixed(1).padStart(8)} ms, ${((ms * 1e6) / count).toFixed(0).padStart(6)} ns each`
  )
}

const ids = new SessionIdSequence(1, 3_000_000)
const table = new SessionTable(TICK_MS, 0)
const sessions: Session[] = []

globalThis.gc?.()
const before = process.memoryUsage().heapUsed
time('create 100,000 sessions', SESSION_COUNT, () => {
  for (let index = 0; index < SESSION_COUNT; index++) {
    ids.next()
    sessions.push(table.create(ids.hi, ids.lo, TIMEOUT_MS, 0))
  }
})
globalThis.gc?.()
console.log(`${((process.memoryUsage().heapUsed - before) / SESSION_COUNT).toFixed(0)} bytes a session`)

let nowMs = 0
for (let second = 1; second <= 4; second++) {
  time(`second ${second}: look up and touch each of 100,000 sessions`, SESSION_COUNT, () => {
    for (let index = 0; index < SESSION_COUNT; index++) {
      nowMs += 1000 / SESSION_COUNT
      const { idHi, idLo } = sessions[index] as Session
      const session = table.get(idHi, idLo)
      if (session !== undefined) table.touch(session, nowMs)
    }
    table.expired(nowMs)
  })
}

const other = new SessionTable(TICK_MS, 0)
for (let index = 0; index < 10_000; index++) other.create(1, index, TIMEOUT_MS, 0)
time('10,000 sessions expire at once', 10_000, () => {
  const count = other.expired(TIMEOUT_MS + TICK_MS).length
  if (count !== 10_000) throw new Error(`only ${count} expired`)
})

const password = new Uint8Array(16)
time('derive 1,000,000 passwords', 1_000_000, () => {
  for (let index = 0; index < 1_000_000; index++) writeSessionPassword(0x01000037, index, password, 0)
})
time('check 1,000,000 passwords', 1_000_000, () => {
  for (let index = 0; index < 1_000_000; index++) isSessionPassword(0x01000037, index, password)
})
