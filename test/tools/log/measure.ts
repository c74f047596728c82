import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { highWordOfNumber, lowWordOfNumber } from '../../../src/protocol/int64.ts'
import type { Txn } from '../../../src/protocol/txn.ts'
import type { TxnBody } from '../../../src/protocol/txn-body.ts'
import { logTool } from '../../../src/tools/log/main.ts'
import { MadeLog } from '../../storage/support/made-log.ts'

/**
 * How long questions to a long log take: `tsx test/tools/log/measure.ts [TXNS] [TXNS_PER_SEGMENT] [PATHS] [SESSIONS]`, after a
 * build. Makes the log itself, as closed segments with rows of 100 transactions: seven of ten change data, two create,
 * one deletes.
 */

const [txnCount = 1_000_000, txnsPerSegment = 75_000, pathCount = 500_000, sessionCount = 300] = process.argv
  .slice(2)
  .map(Number)
const OPEN = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const START_MS = Date.UTC(2026, 0, 1)

const dataDir = mkdtempSync(join(tmpdir(), 'zoonode-measure-'))
const log = new MadeLog(dataDir)
const { folder } = log
/** Threads run compiled. */
const threads = { url: pathToFileURL(join(process.cwd(), 'dist/storage/log-index/index-thread.js')), count: 2 }

let state = 0x9e3779b9
function random(below: number): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % below
}

function pathOf(index: number): string {
  return `/services/team-${index % 40}/app-${(index >> 3) % 1000}/node-${index}`
}

const data = Buffer.alloc(60, 'd')

function txnOf(zxid: number): Txn {
  const path = pathOf(random(pathCount))
  const dice = random(10)
  const common = { path, data }
  const body: TxnBody =
    dice < 7
      ? { ...common, kind: 'setData', type: 5, version: zxid & 0xffff }
      : dice < 9
        ? { ...common, kind: 'create', type: 1, acl: OPEN, mode: 'persistent', ttlHi: 0, ttlLo: 0, parentCversion: 1 }
        : { kind: 'delete', type: 2, path }
  const timeMs = START_MS + zxid * 3
  const header = {
    clientIdHi: 0x1000000,
    clientIdLo: random(sessionCount),
    cxid: zxid & 0x7fffffff,
    zxidHi: 1,
    zxidLo: zxid | 0,
    timeHi: highWordOfNumber(timeMs),
    timeLo: lowWordOfNumber(timeMs),
    type: dice < 7 ? 5 : dice < 9 ? 1 : 2
  }
  return { header, body, digest: { version: 2, treeDigestHi: zxid, treeDigestLo: zxid } }
}

function* txns(first: number, count: number): Generator<Txn> {
  for (let zxid = first; zxid < first + count; zxid++) yield txnOf(zxid)
}

function filesBytes(pattern: RegExp): number {
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

async function timed(what: string, ...args: readonly string[]): Promise<void> {
  const [startMs, cpu] = [performance.now(), process.cpuUsage()]
  let lines = 0
  const out = {
    write: (text: string): void => {
      lines += text.split('\n').length - 1
    }
  }
  await logTool([...args, '--from', dataDir], out, threads)
  const { user, system } = process.cpuUsage(cpu)
  const [wall, spent] = [performance.now() - startMs, (user + system) / 1000]
  console.log(`${what}: ${(wall / 1000).toFixed(2)} s, ${(spent / 1000).toFixed(2)} s of CPU, ${lines} lines`)
}

try {
  const startMs = performance.now()
  for (let first = 1; first <= txnCount; first += txnsPerSegment) {
    log.add(txns(first, Math.min(txnsPerSegment, txnCount - first + 1)))
  }
  log.catalogue()
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
  console.log(
    `${txnCount} transactions in ${log.segments.length} segments of ${mib(filesBytes(/^log\.[0-9a-f]+\.db$/))}, ` +
      `made in ${((performance.now() - startMs) / 1000).toFixed(0)} s; Node.js ${process.version}`
  )
  await timed('first query, which makes the indexes', 'path', pathOf(4711))
  console.log(
    `indexes: ${mib(filesBytes(/\.index\.db$/))}; memory at most ${mib(process.resourceUsage().maxRSS * 1024)}`
  )
  await timed('a path', 'path', pathOf(42))
  await timed('a subtree', 'path', '/services/team-7/app-33', '--recursive')
  await timed('a large subtree', 'path', '/services', '--recursive')
  const ofOldDays = ['--since', String(START_MS), '--until', String(START_MS + 60_000)]
  await timed('a minute of long ago in it', 'path', '/services', '--recursive', ...ofOldDays)
  await timed('writers', 'writers')
  await timed('subtrees', 'subtrees', '--under', '/services', '--depth', '2')
  await timed('subtrees of one', 'subtrees', '--under', '/services/team-7', '--depth', '1')
} finally {
  rmSync(dataDir, { recursive: true, force: true })
}
