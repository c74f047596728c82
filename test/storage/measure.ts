import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Storage } from '../../src/storage/storage.ts'
import { openStorage } from '../../src/storage/storage.ts'
import { storageOptions } from './support/data-directory.ts'
import { collectZxids, makeBatch } from './support/transactions.ts'

/**
 * Measures append → persisted: `tsx test/storage/measure.ts [--dir D] [--seconds S]`, after a build. Beside it the bare
 * cost of a write and fdatasync of 4 KiB on the same disk, to set the figures against.
 */
const { values } = parseArgs({
  options: { dir: { type: 'string', default: tmpdir() }, seconds: { type: 'string', default: '3' } }
})
const durationMs = Number(values.seconds) * 1000
const folder = mkdtempSync(join(values.dir, 'zoonode-measure-'))

function report(name: string, latenciesMs: number[], elapsedMs: number, more = ''): void {
  const sorted = latenciesMs.toSorted((one, other) => one - other)
  const at = (quantile: number): string => (sorted[Math.floor(quantile * (sorted.length - 1))] ?? 0).toFixed(3)
  const rate = Math.round((latenciesMs.length / elapsedMs) * 1000)
  console.log(`${name}: ${rate}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms${more}`)
}

function measureDisk(): void {
  const handle = openSync(join(folder, 'bare'), 'w')
  const block = Buffer.alloc(4120)
  const latencies: number[] = []
  const startedMs = performance.now()
  while (performance.now() - startedMs < durationMs) {
    const beforeMs = performance.now()
    writeSync(handle, block)
    fdatasyncSync(handle)
    latencies.push(performance.now() - beforeMs)
  }
  report('bare write and fdatasync of 4 KiB', latencies, performance.now() - startedMs)
  closeSync(handle)
}

/** Keeps `inFlight` batches of `txnCount` transactions on their way. */
async function measureAppends(
  storage: Storage,
  state: { zxid: bigint },
  inFlight: number,
  txnCount: number
): Promise<void> {
  const sentMs = new Map<number, number>()
  const latencies: number[] = []
  const before = storage.stats
  const startedMs = performance.now()
  await new Promise<void>((resolve) => {
    storage.onPersisted((sequence) => {
      const nowMs = performance.now()
      for (const [sent, ms] of sentMs) {
        if (sent > sequence) break
        latencies.push(nowMs - ms)
        sentMs.delete(sent)
      }
      if (nowMs - startedMs < durationMs) send()
      else if (sentMs.size === 0) resolve()
    })
    const send = (): void => {
      while (sentMs.size < inFlight) {
        const batch = makeBatch(state.zxid, txnCount, 150)
        const sequence = Number(state.zxid)
        sentMs.set(sequence, performance.now())
        if (!storage.append(sequence, batch)) throw new Error('the ring is full')
        state.zxid += BigInt(txnCount)
      }
    }
    send()
  })
  const elapsedMs = performance.now() - startedMs
  const commits = storage.stats.commits - before.commits
  const txnRate = Math.round(((storage.stats.txns - before.txns) / elapsedMs) * 1000)
  const more = `; ${Math.round((commits / elapsedMs) * 1000)} commits/s, ${txnRate} txns/s`
  report(`${inFlight} in flight, batches of ${txnCount}`, latencies, elapsedMs, more)
}

measureDisk()
const { storage, recovery } = await openStorage(storageOptions(join(folder, 'data')))
await collectZxids(recovery.batches())
const state = { zxid: 1n }
for (const [inFlight, txnCount] of [
  [1, 1],
  [4, 1],
  [64, 1],
  [1, 100],
  [4, 100],
  [4, 1000]
] as const) {
  await measureAppends(storage, state, inFlight, txnCount)
}
const { checkpoints, checkpointNanos } = storage.stats
console.log(`${checkpoints} checkpoints, ${(checkpointNanos / 1e6 / Math.max(1, checkpoints)).toFixed(1)} ms each`)
await storage.flushAndClose(30_000)
const startedMs = performance.now()
const again = await openStorage(storageOptions(join(folder, 'data')))
let count = 0
for await (const batch of again.recovery.batches()) count += batch.txnCount
console.log(`read ${count} transactions at start in ${Math.round(performance.now() - startedMs)} ms`)
await again.storage.flushAndClose(30_000)
rmSync(folder, { recursive: true, force: true })
