import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JuteWriter } from 'jute-ts'
import { highWordOfNumber, lowWordOfNumber } from '../../../src/protocol/int64.ts'
import { encodeTxn } from '../../../src/protocol/txn.ts'
import type { TxnBody } from '../../../src/protocol/txn-body.ts'
import { Catalogue } from '../../../src/storage/catalogue.ts'
import type { SegmentEntry } from '../../../src/storage/catalogue-contents.ts'
import { segmentFile } from '../../../src/storage/file-names.ts'
import { SegmentFileWriter } from '../../../src/storage/segment-file.ts'
import { rowCrc } from '../../../src/storage/txn-row.ts'
import { logTool } from '../../../src/tools/log/main.ts'

/**
 * How long questions to a long log take: `tsx test/tools/log/measure.ts [TXNS] [TXNS_PER_SEGMENT] [PATHS]`. Makes the log itself,
 * as closed segments with rows of 100 transactions: seven of ten change data, two create, one deletes.
 */

const [txnCount = 1_000_000, txnsPerSegment = 75_000, pathCount = 500_000] = process.argv.slice(2).map(Number)
const TXNS_PER_ROW = 100
const SESSION_COUNT = 300
const START_MS = Date.UTC(2026, 0, 1)

const dataDir = mkdtempSync(join(tmpdir(), 'zoonode-measure-'))
const folder = join(dataDir, 'version-2')
mkdirSync(folder)

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

const writer = new JuteWriter()
const data = Buffer.alloc(60, 'd')

function putTxn(zxid: number): void {
  const path = pathOf(random(pathCount))
  const dice = random(10)
  const common = { path, data }
  const body: TxnBody =
    dice < 7
      ? { ...common, kind: 'setData', type: 5, version: zxid & 0xffff }
      : dice < 9
        ? { ...common, kind: 'create', type: 1, acl: null, mode: 'persistent', ttlHi: 0, ttlLo: 0, parentCversion: 1 }
        : { kind: 'delete', type: 2, path }
  const timeMs = START_MS + zxid * 3
  const header = {
    clientIdHi: 0x1000000,
    clientIdLo: random(SESSION_COUNT),
    cxid: zxid & 0x7fffffff,
    zxidHi: 1,
    zxidLo: zxid | 0,
    timeHi: highWordOfNumber(timeMs),
    timeLo: lowWordOfNumber(timeMs),
    type: dice < 7 ? 5 : dice < 9 ? 1 : 2
  }
  const start = writer.offset
  writer.writeInt(0)
  encodeTxn(writer, { header, body, digest: { version: 2, treeDigestHi: zxid, treeDigestLo: zxid } })
  writer.buffer.writeInt32BE(writer.offset - start - 4, start)
}

function writeSegment(first: number, count: number): SegmentEntry {
  const zxidOf = (counter: number): bigint => (1n << 32n) + BigInt(counter)
  const file = segmentFile(zxidOf(first))
  const segment = new SegmentFileWriter(join(folder, file))
  let crc = 0
  for (let at = first; at < first + count; at += TXNS_PER_ROW) {
    const inRow = Math.min(TXNS_PER_ROW, first + count - at)
    writer.reset()
    for (let zxid = at; zxid < at + inRow; zxid++) putTxn(zxid)
    const body = writer.copyBytes()
    const [firstZxid, lastZxid] = [zxidOf(at), zxidOf(at + inRow - 1)]
    const prevZxid = at === 1 ? 0n : firstZxid - 1n
    crc = rowCrc(crc, firstZxid, lastZxid, prevZxid, inRow, body)
    segment.add({ firstZxid, lastZxid, prevZxid, txnCount: inRow, crc, body })
  }
  segment.finish()
  const bytes = statSync(join(folder, file)).size
  return { firstZxid: zxidOf(first), lastZxid: zxidOf(first + count - 1), file, bytes, isClosed: true }
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
  await logTool([...args, '--from', dataDir], out)
  const { user, system } = process.cpuUsage(cpu)
  const [wall, spent] = [performance.now() - startMs, (user + system) / 1000]
  console.log(`${what}: ${(wall / 1000).toFixed(2)} s, ${(spent / 1000).toFixed(2)} s of CPU, ${lines} lines`)
}

try {
  const startMs = performance.now()
  const segments: SegmentEntry[] = []
  for (let first = 1; first <= txnCount; first += txnsPerSegment) {
    segments.push(writeSegment(first, Math.min(txnsPerSegment, txnCount - first + 1)))
  }
  const catalogue = Catalogue.open(folder, () => undefined)
  catalogue.change({ ...catalogue.contents, segments, logFloor: segments.at(-1)?.lastZxid ?? 0n })
  catalogue.close()
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
  console.log(
    `${txnCount} transactions in ${segments.length} segments of ${mib(filesBytes(/^log\.[0-9a-f]+\.db$/))}, ` +
      `made in ${((performance.now() - startMs) / 1000).toFixed(0)} s; Node.js ${process.version}`
  )
  await timed('first query, which makes the indexes', 'path', pathOf(4711))
  console.log(
    `indexes: ${mib(filesBytes(/\.index\.db$/))}; memory at most ${mib(process.resourceUsage().maxRSS * 1024)}`
  )
  await timed('a path', 'path', pathOf(42))
  await timed('a subtree', 'path', '/services/team-7/app-3', '--recursive')
  await timed('writers', 'writers')
  await timed('subtrees', 'subtrees', '--under', '/services', '--depth', '2')
} finally {
  rmSync(dataDir, { recursive: true, force: true })
}
