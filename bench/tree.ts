/**
 * Memory and time of the tree: a million nodes of 100 bytes under 1,000 parents (or as many nodes as asked for).
 *
 *   node --expose-gc --import tsx bench/tree.ts [nodes]
 *
 * Paths are decoded afresh for each call, as requests bring them. Times are CPU time of the process, which includes the
 * collector's helpers.
 */
import { crc32 } from 'node:zlib'
import { JuteWriter } from 'jute-ts'
import { CompactTree } from '../src/core/tree/compact/compact-tree.ts'
import { crc32OfBytes, crc32OfStat } from '../src/core/tree/crc32.ts'
import { createApplyResult, type DataTree } from '../src/core/tree/data-tree.ts'
import { emptyStat } from '../src/core/tree/empty-stat.ts'
import { PlainTree } from '../src/core/tree/plain-tree.ts'
import type { Txn, TxnBody } from '../src/protocol/txn.ts'
import { bodyType } from '../src/protocol/txn-body.ts'

const collect = globalThis.gc
if (collect === undefined) throw new Error('run with --expose-gc')

const NODES = Number(process.argv[2] ?? 1_000_000)
const PARENTS = 1000
const CALLS = 200_000
const OPEN = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const DATA = Buffer.alloc(100, 'a')
const hash = { digest: (bytes: Uint8Array) => bytes, crc32 }
const options = { digestEnabled: true, extendedTypesEnabled: true }

const newTree = (): DataTree =>
  process.argv[3] === 'plain' ? new PlainTree(hash, options) : new CompactTree(hash, options)
const tree = newTree()
const out = createApplyResult()
let zxid = 0

function apply(body: TxnBody): void {
  zxid++
  const header = { clientIdHi: 0, clientIdLo: 1, cxid: 0, zxidHi: 0, zxidLo: zxid, timeHi: 400, timeLo: zxid }
  const txn: Txn = { header: { ...header, type: bodyType(body) }, body, digest: null }
  tree.apply(txn, out)
}

function create(path: string): void {
  const mode = { type: 1, mode: 'persistent', ttlHi: 0, ttlLo: 0 } as const
  apply({ kind: 'create', path, data: DATA, acl: OPEN, parentCversion: -1, ...mode })
}

const scratch = Buffer.alloc(64)

/** `/g7/node-00000007` as a flat string that nothing has hashed yet. */
function freshPath(index: number, suffix = ''): string {
  const text = `/g${index % PARENTS}/node-${String(index).padStart(8, '0')}${suffix}`
  return scratch.toString('latin1', 0, scratch.write(text, 'latin1'))
}

/** An index among the nodes, all over the place. */
function scattered(call: number): number {
  return (call * 7919) % NODES
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function time(name: string, count: number, run: (index: number) => void): void {
  let worstMs = 0
  const begin = cpuMs()
  for (let index = 0; index < count; index++) {
    const start = performance.now()
    run(index)
    worstMs = Math.max(worstMs, performance.now() - start)
  }
  const ns = ((cpuMs() - begin) * 1e6) / count
  console.log(`${name.padEnd(38)} ${ns.toFixed(0).padStart(8)} ns   worst ${worstMs.toFixed(1)} ms`)
}

function usedBytes(): number {
  collect?.()
  collect?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

for (let parent = 0; parent < PARENTS; parent++) create(`/g${parent}`)
const before = usedBytes()
time('create', NODES, (index) => create(freshPath(index)))
console.log(`bytes a node                           ${((usedBytes() - before) / NODES).toFixed(0).padStart(8)}`)
const gcStart = performance.now()
collect()
console.log(`full collection                        ${(performance.now() - gcStart).toFixed(0).padStart(8)} ms`)

const writer = new JuteWriter(1 << 16)
const handles = Array.from({ length: CALLS }, (_, call) => tree.find(freshPath(scattered(call))))
const stat = emptyStat()
time('making a path (part of those below)', CALLS, (call) => freshPath(scattered(call)))
time('find', CALLS, (call) => tree.find(freshPath(scattered(call))))
time('writeStat', CALLS, (call) => {
  writer.reset()
  tree.writeStat(handles[call] as number, writer)
})
time('writeData', CALLS, (call) => {
  writer.reset()
  tree.writeData(handles[call] as number, writer)
})
time('setData', CALLS, (call) => {
  apply({ kind: 'setData', type: 5, path: freshPath(scattered(call)), data: DATA, version: 1 })
})
time('create and delete', CALLS, (call) => {
  create(freshPath(scattered(call), 'x'))
  apply({ kind: 'delete', type: 2, path: freshPath(scattered(call), 'x') })
})
time('CRC-32 of a stat, here', CALLS, (call) => crc32OfStat(stat, call))
const statBytes = Buffer.alloc(60)
time('CRC-32 of a stat, the port', CALLS, (call) => hash.crc32(statBytes, call))
for (const length of [32, 64, 128, 256, 1024]) {
  const bytes = Buffer.alloc(length, 'zoo')
  time(`CRC-32 of ${length} bytes, here`, CALLS, (call) => crc32OfBytes(bytes, call))
  time(`CRC-32 of ${length} bytes, the port`, CALLS, (call) => hash.crc32(bytes, call))
}

for (let child = 0; child < 100_000; child++) create(`/g0/many-${child}`)
const many = tree.find('/g0')
const list = (): void => {
  writer.reset()
  tree.writeChildren(many, writer)
}
time('100,000 children listed, first time', 1, list)
time('100,000 children listed again', 20, list)

const chunks: Buffer[] = []
const cursor = tree.openSnapshot([])
let more = true
const slices = Math.ceil((NODES * 200) / (1 << 18)) + 100
time('snapshot, a slice of 256 KiB', slices, () => {
  if (!more) return
  writer.reset()
  more = cursor.next(writer, 1 << 18)
  chunks.push(writer.copyBytes())
})
const loaded = newTree()
const loader = loaded.loadSnapshot(0, zxid)
time('load, a chunk of 256 KiB', chunks.length, (index) => {
  loader.push(chunks[index] as Buffer)
})
if (!loader.done || loaded.digestLo !== tree.digestLo) throw new Error('what was loaded differs')
