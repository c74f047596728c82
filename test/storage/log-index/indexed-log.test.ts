import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { JuteReader } from 'jute-ts'
import { highWordOfNumber, lowWordOfNumber, toBigInt } from '../../../src/protocol/int64.ts'
import { decodeTxn, type Txn } from '../../../src/protocol/txn.ts'
import { bodyType, type TxnBody } from '../../../src/protocol/txn-body.ts'
import { LiveStore } from '../../../src/storage/backup/live-store.ts'
import { removeDatabase } from '../../../src/storage/directory.ts'
import { IndexedLog } from '../../../src/storage/log-index/indexed-log.ts'
import { topSessions, topSubtrees } from '../../../src/storage/log-index/top-totals.ts'
import { SegmentFile } from '../../../src/storage/segment-file.ts'
import { MadeLog } from '../support/made-log.ts'

/** Answers of the indexes beside those of a plain scan of the same log. */

jest.setTimeout(300_000)

const THREADS = {
  url: pathToFileURL(join(process.cwd(), 'dist', 'storage', 'log-index', 'index-thread.js')),
  count: 2
}
const PROGRAM = join(process.cwd(), 'dist', 'bin', 'zklog.js')
const SEGMENTS = 12
const START_MS = Date.UTC(2026, 0, 1)

interface PlainEvent {
  readonly path: string
  readonly zxid: bigint
  readonly timeMs: number
  readonly sessionId: bigint
  readonly kind: string
  readonly bytes: number
}

let dataDir: string
let log: MadeLog
let zxid = 0
let state = 1

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'zoonode-indexed-'))
  log = new MadeLog(dataDir, 7)
  zxid = 0
  state = 0x9e3779b9
  for (let count = 0; count < SEGMENTS; count++) log.add(txns(1 + random(60)))
  log.catalogue()
})

afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

function random(below: number): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % below
}

const NAMES = ['a', 'b', 'ä€𝒳', 'a-', 'a0', '0']

function path(): string {
  return `/${Array.from({ length: 1 + random(random(9) === 0 ? 11 : 4) }, () => NAMES[random(NAMES.length)]).join('/')}`
}

function operation(): TxnBody {
  const data = random(4) === 0 ? null : Buffer.alloc(random(50), 'x')
  const acl = [{ perms: 31, id: { scheme: 'digest', id: 'ann:secret' } }]
  const create = { kind: 'create', path: path(), data, acl, ttlHi: 0, ttlLo: 0, parentCversion: 1 } as const
  switch (random(8)) {
    case 0:
      return { ...create, type: 1, mode: 'ephemeral' }
    case 1:
      return { ...create, type: 19, mode: 'container' }
    case 2:
      return { ...create, type: 21, mode: 'ttl', ttlLo: 1000 }
    case 3:
      return { kind: 'delete', type: 2, path: path() }
    case 4:
      return { kind: 'setACL', path: path(), acl, version: random(9) }
    case 5:
      return { kind: 'check', path: path(), version: 1 }
    default:
      return { kind: 'setData', type: 5, path: path(), data, version: random(99) }
  }
}

function body(): TxnBody {
  switch (random(12)) {
    case 0:
      return { kind: 'multi', operations: [operation(), operation(), operation()] }
    case 1:
      return { kind: 'multi', operations: [operation(), { kind: 'error', err: -101 }] }
    case 2:
      return { kind: 'createSession', timeoutMs: 1000 * random(30) }
    case 3:
      return { kind: 'closeSession', paths: random(2) === 0 ? null : [path(), path()] }
    case 4:
      return { kind: 'error', err: -110 }
    default:
      return operation()
  }
}

function* txns(count: number): Generator<Txn> {
  for (let at = 0; at < count; at++) {
    zxid += 1 + random(3)
    const made = body()
    const timeMs = START_MS + zxid * 1000 - random(5000)
    const header = {
      clientIdHi: random(2) === 0 ? 1 : -1,
      clientIdLo: random(5) - 2,
      cxid: zxid,
      zxidHi: 1,
      zxidLo: zxid,
      timeHi: highWordOfNumber(timeMs),
      timeLo: lowWordOfNumber(timeMs),
      type: bodyType(made)
    }
    yield { header, body: made, digest: random(2) === 0 ? null : { version: 2, treeDigestHi: 1, treeDigestLo: zxid } }
  }
}

const KINDS = ['', 'create', 'setData', 'delete', 'setACL', 'closeSession']

/** Every operation that took place, decoded whole. */
function scan(files: readonly string[]): { readonly events: PlainEvent[]; readonly writers: Map<bigint, number> } {
  const events: PlainEvent[] = []
  const writers = new Map<bigint, number>()
  for (const file of files) {
    const segment = SegmentFile.open(join(log.folder, file), () => undefined)
    for (const row of segment.rows()) {
      for (let at = 0; at < row.body.length; ) {
        const end = at + 4 + row.body.readInt32BE(at)
        const { header, body: done } = decodeTxn(new JuteReader(row.body.subarray(0, end)).reset(row.body, at + 4, end))
        const sessionId = toBigInt(header.clientIdHi, header.clientIdLo)
        writers.set(sessionId, (writers.get(sessionId) ?? 0) + 1)
        const timeMs = Number(toBigInt(header.timeHi, header.timeLo))
        const common = { zxid: toBigInt(header.zxidHi, header.zxidLo), timeMs, sessionId }
        const members = done.kind === 'multi' ? done.operations : [done]
        const hasFailed = members.some(({ kind }) => kind === 'error')
        for (const member of hasFailed ? [] : members) {
          if (member.kind === 'closeSession')
            for (const at of member.paths ?? []) events.push({ ...common, path: at, kind: member.kind, bytes: 0 })
          else if ('path' in member && member.kind !== 'check') {
            const bytes = 'data' in member ? (member.data?.length ?? 0) : 0
            events.push({ ...common, path: member.path, kind: member.kind, bytes })
          }
        }
        at = end
      }
    }
    segment.close()
  }
  return { events, writers }
}

async function withLog<R>(use: (log: IndexedLog) => R, threads: typeof THREADS | null = null): Promise<R> {
  const scratch = mkdtempSync(join(tmpdir(), 'zoonode-indexed-scratch-'))
  const store = await LiveStore.open(dataDir, dataDir, scratch)
  try {
    const indexed = await IndexedLog.open(store, scratch, threads, () => undefined)
    try {
      return use(indexed)
    } finally {
      indexed.close()
    }
  } finally {
    store.close()
    rmSync(scratch, { recursive: true, force: true })
  }
}

function isBelow(path: string, top: string): boolean {
  return path === top || path.startsWith(top === '/' ? '/' : `${top}/`)
}

function order(events: readonly PlainEvent[]): string[] {
  return events.map((event) => Object.values(event).join(' ')).sort()
}

/** Compares all that can be asked of the log with what a scan of these files says. */
function expectAnswers(indexed: IndexedLog, files: readonly string[]): void {
  const { events, writers } = scan(files)
  const asked = (top: string, isRecursive: boolean, since = 0, until = Number.MAX_SAFE_INTEGER): string[] =>
    order(
      indexed.indexes.flatMap((index) =>
        [...index.events(top, isRecursive, since, until)].map(({ path, zxid, timeMs, sessionId, kind, bytes }) => ({
          zxid,
          timeMs,
          sessionId,
          path,
          kind: KINDS[kind] ?? '',
          bytes
        }))
      )
    )
  const [since, until] = [START_MS + zxid * 300, START_MS + zxid * 600]
  for (const top of ['/', '/a', '/a/b', '/a-', '/ä€𝒳', '/none', ...events.slice(0, 15).map(({ path }) => path)]) {
    expect(asked(top, false)).toEqual(order(events.filter(({ path }) => path === top)))
    const below = events.filter(({ path }) => isBelow(path, top))
    expect(asked(top, true)).toEqual(order(below))
    const ofTime = below.filter(({ timeMs }) => timeMs >= since && timeMs <= until)
    expect(asked(top, true, since, until)).toEqual(order(ofTime))
  }
  const sessions = topSessions(indexed.indexes, 1000)
  expect(new Map(sessions.map(({ idHi, idLo, txnCount }) => [toBigInt(idHi, idLo), txnCount]))).toEqual(writers)
  const counts = sessions.map(({ txnCount }) => txnCount)
  expect(counts).toEqual(counts.toSorted((one, other) => other - one))
  expect(topSessions(indexed.indexes, 3)).toEqual(sessions.slice(0, 3))
  for (const under of ['/', '/a', '/0']) {
    for (const depth of [1, 2, 5])
      expect(subtreesOf(indexed, under, depth)).toEqual(plainSubtrees(events, under, depth))
  }
}

function subtreesOf(indexed: IndexedLog, under: string, depth: number): Map<string, unknown> {
  const level = (under === '/' ? 0 : 1) + depth
  const found = topSubtrees(indexed.indexes, level, under, 100_000)
  const inOrder = found.toSorted(
    (one, other) => other.totals.writes - one.totals.writes || other.totals.bytes - one.totals.bytes
  )
  expect(found).toEqual(inOrder)
  expect(topSubtrees(indexed.indexes, level, under, 2)).toEqual(found.slice(0, 2))
  return new Map(found.map(({ path, totals }) => [path, totals]))
}

/** Paths that something happened below in a segment; only these are known as subtrees there. */
function plainSubtrees(events: readonly PlainEvent[], under: string, depth: number): Map<string, unknown> {
  const level = (under === '/' ? 0 : 1) + depth
  const found = new Map()
  const bySegment = log.segments.map(({ firstZxid, lastZxid: last }) =>
    events.filter(({ zxid }) => zxid >= firstZxid && zxid <= (last ?? 0n))
  )
  for (const ofSegment of bySegment) {
    const tops = new Set<string>()
    for (const { path } of ofSegment) {
      const names = path.split('/')
      const top = names.slice(0, level + 1).join('/')
      if (names.length - 1 > level && isBelow(top, under) && top !== under) tops.add(top)
    }
    for (const { path, kind, bytes } of ofSegment) {
      const top = path
        .split('/')
        .slice(0, level + 1)
        .join('/')
      if (!tops.has(top)) continue
      const sum = found.get(top) ?? { writes: 0, bytes: 0, creates: 0, deletes: 0 }
      sum.writes++
      sum.bytes += bytes
      if (kind === 'create') sum.creates++
      if (kind === 'delete' || kind === 'closeSession') sum.deletes++
      found.set(top, sum)
    }
  }
  return found
}

function names(): string[] {
  return log.segments.map(({ file }) => file)
}

test('everything that can be asked has the answer of a plain scan', async () => {
  await withLog((indexed) => {
    expect(indexed.indexes).toHaveLength(SEGMENTS)
    expectAnswers(indexed, names())
  })
})

test('also with indexes made by two threads, and a second time', async () => {
  for (let count = 0; count < 2; count++) {
    await withLog((indexed) => {
      expectAnswers(indexed, names())
    }, THREADS)
  }
})

test('also when the oldest segments are purged, and when new ones are closed', async () => {
  await withLog(() => undefined)
  for (const { file } of log.segments.splice(0, 3)) removeDatabase(log.folder, file)
  log.catalogue()
  await withLog((indexed) => {
    expectAnswers(indexed, names())
  })

  for (let count = 0; count < 4; count++) log.add(txns(1 + random(60)))
  log.catalogue()
  await withLog((indexed) => {
    expectAnswers(indexed, names())
  })
})

test('also when the log was cut, and went on otherwise', async () => {
  await withLog(() => undefined)
  const changed = log.segments[7]
  if (changed === undefined) throw new Error('no such segment')
  const before = scan(names()).events.length
  log.cut(7)
  zxid = Number(changed.firstZxid & 0xffffffffn) - 1
  for (let count = 0; count < 5; count++) log.add(txns(30))
  log.catalogue()

  await withLog((indexed) => expectAnswers(indexed, names()))
  expect(scan(names()).events.length).not.toBe(before)
})

test('files that are no indexes are made anew, and nothing unfinished is left', async () => {
  await withLog(() => undefined)
  const files = readdirSync(log.folder).filter((name) => name.includes('.index.'))
  for (const name of files) writeFileSync(join(log.folder, name), name.includes('5') ? '' : 'nothing of use')

  await withLog((indexed) => expectAnswers(indexed, names()), THREADS)
  expect(readdirSync(log.folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  expect(readdirSync(log.folder).filter((name) => name.includes('.index.'))).toEqual(files)
})

test.each([
  { how: 'in threads', threads: THREADS },
  { how: 'in this thread', threads: null }
])('a damaged segment is refused by name, $how, and has no index', async ({ threads }) => {
  const damaged = log.segments[5]?.file ?? ''
  copyFileSync(join(log.folder, log.segments[6]?.file ?? ''), join(log.folder, damaged))

  await expect(withLog(() => undefined, threads)).rejects.toMatchObject({
    code: 'DAMAGED',
    message: expect.stringContaining(damaged)
  })
  const left = readdirSync(log.folder)
  expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([])
  expect(left).not.toContain(damaged.replace('.db', '.index.db'))
})

test('what a killed tool has left is whole or not there', async () => {
  for (let count = 0; count < 6; count++) log.add(txns(2000))
  log.catalogue()
  const indexes = () => readdirSync(log.folder).filter((name) => name.endsWith('.index.db'))

  // A kill that comes when the tool has done its work shows nothing: then once more.
  while ((await killAtFirstIndex()) !== 'SIGKILL') for (const name of indexes()) rmSync(join(log.folder, name))

  expect(indexes().length).toBeLessThan(log.segments.length)
  await withLog((indexed) => expectAnswers(indexed, names()))
})

/** Runs the tool, and kills it as soon as it has made an index. Returns by which signal it ended; null: it was done before. */
async function killAtFirstIndex(): Promise<NodeJS.Signals | null> {
  const tool = spawn(process.execPath, [PROGRAM, 'writers', '--from', dataDir], { stdio: 'ignore' })
  const hasEnded = once(tool, 'exit')
  const first = join(log.folder, (log.segments[0]?.file ?? '').replace('.db', '.index.db'))
  while (!existsSync(first) && tool.exitCode === null) await setImmediate()
  tool.kill('SIGKILL')
  await hasEnded
  return tool.signalCode
}
