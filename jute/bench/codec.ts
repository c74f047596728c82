/**
 * Prints how long encoding, decoding and skipping of typical ZooKeeper records take: `tsx jute/bench/codec.ts`.
 *
 * Each figure is the median of several rounds, in nanoseconds per call, with the fastest round beside it. The last lines
 * compare the runtime's paths for short texts with the calls of Node that they stand in for.
 */
import { hrtime } from 'node:process'
import { JuteReader, JuteWriter } from '../src/index.ts'
import { loadRecords } from '../test/support/load-records.ts'
import type { RecordCodec } from '../test/support/record-codec.ts'

const ROUNDS = 9
const ROUND_MS = 30

const DECLARATIONS = `
  module bench {
    class ReplyHeader { int xid; long zxid; int err; }
    class Stat {
      long czxid; long mzxid; long ctime; long mtime; int version; int cversion; int aversion; long ephemeralOwner;
      int dataLength; int numChildren; long pzxid;
    }
    class GetDataReply { ReplyHeader header; buffer data; Stat stat; }
    class Id { ustring scheme; ustring id; }
    class ACL { int perms; Id id; }
    class CreateRequest { ustring path; buffer data; vector<ACL> acl; int flags; }
    class GetChildrenReply { ReplyHeader header; vector<ustring> children; Stat stat; }
  }`

const header = { xid: 77, zxidHi: 5, zxidLo: 1234567, err: 0 }

const stat = {
  czxidHi: 1,
  czxidLo: 2,
  mzxidHi: 5,
  mzxidLo: 1234567,
  ctimeHi: 400,
  ctimeLo: -5,
  mtimeHi: 400,
  mtimeLo: 77,
  version: 3,
  cversion: 4,
  aversion: 0,
  ephemeralOwnerHi: 0,
  ephemeralOwnerLo: 0,
  dataLength: 100,
  numChildren: 12,
  pzxidHi: 1,
  pzxidLo: 9
}

const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

const CASES = [
  { record: 'ReplyHeader', label: 'ReplyHeader', value: header },
  { record: 'Stat', label: 'Stat', value: stat },
  { record: 'GetDataReply', label: 'getData reply, 100 bytes', value: { header, data: Buffer.alloc(100, 'x'), stat } },
  {
    record: 'GetDataReply',
    label: 'getData reply, 1024 bytes',
    value: { header, data: Buffer.alloc(1024, 'x'), stat }
  },
  {
    record: 'CreateRequest',
    label: 'create request',
    value: { path: '/services/users/instance-0000000042', data: Buffer.from('10.1.2.3:8080'), acl, flags: 1 }
  },
  {
    record: 'GetChildrenReply',
    label: 'getChildren reply, 20 names',
    value: { header, children: Array.from({ length: 20 }, (_, index) => `lock-${1000000000 + index}`), stat }
  }
]

/** Results go here, so that no call is left out for having no effect. */
const sink: { value: unknown } = { value: null }

/** Nanoseconds per call in each round, fastest first. */
function measure(call: () => unknown): number[] {
  let calls = 64
  const round = (): number => {
    const start = hrtime.bigint()
    for (let index = 0; index < calls; index++) sink.value = call()
    return Number(hrtime.bigint() - start)
  }
  for (let ns = round(); ns < ROUND_MS * 1e6; ns = round()) calls *= 2 // warms up too
  return Array.from({ length: ROUNDS }, () => round() / calls).sort((a, b) => a - b)
}

function report(label: string, call: () => unknown): void {
  const rounds = measure(call)
  const median = rounds[ROUNDS >> 1] ?? Number.NaN
  const fastest = rounds[0] ?? Number.NaN
  console.log(`${label.padEnd(46)} ${median.toFixed(1).padStart(9)} ns   (fastest ${fastest.toFixed(1)})`)
}

function reportRecord(label: string, codec: RecordCodec, value: unknown): void {
  const writer = new JuteWriter(4096)
  codec.encode(writer, value)
  const bytes = writer.copyBytes()
  const reader = new JuteReader(bytes)
  report(`encode ${label}`, () => codec.encode(writer.reset(), value))
  report(`decode ${label}`, () => codec.decode(reader.reset(bytes)))
  report(`skip   ${label}`, () => codec.skip(reader.reset(bytes)))
}

function reportText(length: number): void {
  const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(8).slice(0, length)
  const writer = new JuteWriter(4096)
  writer.writeString(text)
  const bytes = writer.copyBytes()
  const reader = new JuteReader(bytes)
  report(`readString, ${length} characters`, () => reader.reset(bytes).readString())
  report(`  Buffer.toString, ${length} characters`, () => bytes.toString('utf8', 4, 4 + length))
  report(`writeString, ${length} characters`, () => writer.reset().writeString(text))
  report(`  Buffer.write, ${length} characters`, () => bytes.write(text, 4))
}

const { codecs } = loadRecords(DECLARATIONS, 'pair')
for (const { record, label, value } of CASES) {
  const codec = codecs.get(`bench.${record}`)
  if (codec === undefined) throw new Error(`no record ${record}`)
  reportRecord(label, codec, value)
}
for (const length of [5, 12, 13, 16, 17, 60]) reportText(length)
