import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { JuteWriter } from 'jute-ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { CompactTree } from '../../src/core/tree/compact/compact-tree.ts'
import { type DataTree, NO_NODE } from '../../src/core/tree/data-tree.ts'
import { CreateMode, OpCode } from '../../src/protocol/op-code.ts'
import { PeerHarness, testHash } from './peer-harness.ts'
import { create, pathAndVersion, replyOf, setData } from './requests.ts'
import { snapshotOf } from './tree/tree-support.ts'

const RATES = { requestsPerSecond: null, writesPerSecond: null }
const LIMITS = [
  { name: 'outer', path: '/a', znodesMax: 6, bytesMax: 60, ...RATES },
  { name: 'inner', path: '/a/b', znodesMax: 3, bytesMax: null, ...RATES },
  { name: 'bytes', path: '/c', znodesMax: null, bytesMax: 20, ...RATES },
  { name: 'far', path: '/x/y/z', znodesMax: 1, bytesMax: 1, ...RATES }
]
const PATHS = ['/a', '/a/b', '/a/b/1', '/a/b/2', '/a/b/3', '/a/bb', '/a/c', '/a/d', '/a/e', '/ab', '/c', '/c/1', '/c/2']
const QUOTA_EXCEEDED = -125

type Simple =
  | { readonly kind: 'create'; readonly path: string; readonly length: number }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'set'; readonly path: string; readonly length: number }
type Step =
  | Simple
  | { readonly kind: 'multi'; readonly operations: readonly Simple[] }
  | { readonly kind: 'ephemeral'; readonly path: string; readonly length: number }
  | { readonly kind: 'persist' }
  | { readonly kind: 'closeOwner' }

/** Znodes as they will be when all that was asked for has been applied. */
class Model {
  nodes = new Map<string, number>()
  readonly ephemerals = new Set<string>()

  /** The code that the operation has to be answered with. */
  run(operation: Simple): number {
    const { kind, path } = operation
    const parent = path.slice(0, path.lastIndexOf('/'))
    if (kind === 'create') {
      if (parent !== '' && !this.nodes.has(parent)) return -101
      if (this.nodes.has(path)) return -110
      if (this.ephemerals.has(parent)) return -108
      return this.#put(path, operation.length, 1, operation.length)
    }
    const before = this.nodes.get(path)
    if (before === undefined) return -101
    if (kind === 'set') return this.#put(path, operation.length, 0, operation.length - before)
    if ([...this.nodes.keys()].some((other) => other.startsWith(`${path}/`))) return -111
    this.nodes.delete(path)
    this.ephemerals.delete(path)
    return 0
  }

  totals(top: string): { count: number; bytes: number } {
    const lengths = [...this.nodes]
      .filter(([path]) => path === top || path.startsWith(`${top}/`))
      .map(([, each]) => each)
    return { count: lengths.length, bytes: lengths.reduce((sum, each) => sum + each, 0) }
  }

  #put(path: string, length: number, countDiff: number, bytesDiff: number): number {
    for (const { path: top, znodesMax, bytesMax } of LIMITS) {
      if (path !== top && !path.startsWith(`${top}/`)) continue
      const { count, bytes } = this.totals(top)
      if (countDiff > 0 && znodesMax !== null && count + countDiff > znodesMax) return QUOTA_EXCEEDED
      if (bytesDiff > 0 && bytesMax !== null && bytes + bytesDiff > bytesMax) return QUOTA_EXCEEDED
    }
    this.nodes.set(path, length)
    return 0
  }
}

const path = fc.constantFrom(...PATHS)
const length = fc.integer({ min: 0, max: 25 })
const simple: fc.Arbitrary<Simple> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('create' as const), path, length }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('set' as const), path, length }) }
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: simple },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('multi' as const),
      operations: fc.array(simple, { minLength: 1, maxLength: 4 })
    })
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ephemeral' as const), path, length }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'persist' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'closeOwner' as const }) }
)

function bodyOf(operation: Simple): (writer: JuteWriter) => void {
  switch (operation.kind) {
    case 'create':
      return create(operation.path, CreateMode.persistent, 'd'.repeat(operation.length))
    case 'set':
      return setData(operation.path, 'd'.repeat(operation.length))
    case 'delete':
      return pathAndVersion(operation.path)
  }
}

const TYPES = { create: OpCode.create, set: OpCode.setData, delete: OpCode.delete } as const

function multi(operations: readonly Simple[]): (writer: JuteWriter) => void {
  return (writer) => {
    for (const operation of operations) {
      writer.writeInt(TYPES[operation.kind])
      writer.writeBool(false)
      writer.writeInt(-1)
      bodyOf(operation)(writer)
    }
    writer.writeInt(-1)
    writer.writeBool(true)
    writer.writeInt(-1)
  }
}

/** A server whose log is durable when the test says so, beside the model of it. */
class Run {
  readonly harness = new PeerHarness({ prefixLimits: LIMITS })
  readonly model = new Model()
  readonly #client = this.harness.session()
  #owner: ConnectionId = this.harness.session()
  readonly #expected = new Map<number, number>()
  #xid = 0

  constructor() {
    this.harness.autoPersist = false
  }

  take(step: Step): void {
    const { harness, model } = this
    switch (step.kind) {
      case 'persist':
        return this.check()
      case 'closeOwner':
        harness.request(this.#owner, OpCode.closeSession, 1)
        for (const path of model.ephemerals) model.nodes.delete(path)
        model.ephemerals.clear()
        this.check()
        harness.autoPersist = true
        this.#owner = harness.session()
        harness.autoPersist = false
        return
      case 'multi': {
        harness.request(this.#client, OpCode.multi, ++this.#xid, multi(step.operations))
        const [nodes, ephemerals] = [new Map(model.nodes), new Set(model.ephemerals)]
        if (step.operations.every((operation) => model.run(operation) === 0)) return
        model.nodes = nodes
        model.ephemerals.clear()
        for (const path of ephemerals) model.ephemerals.add(path)
        return
      }
      case 'ephemeral': {
        harness.request(
          this.#owner,
          OpCode.create,
          ++this.#xid,
          create(step.path, CreateMode.ephemeral, 'd'.repeat(step.length))
        )
        if (model.run({ ...step, kind: 'create' }) === 0) model.ephemerals.add(step.path)
        return
      }
      default:
        harness.request(this.#client, TYPES[step.kind], ++this.#xid, bodyOf(step))
        this.#expected.set(this.#xid, model.run(step))
    }
  }

  /** Everything is applied: the tree is the model's, every answer was what it had to be. */
  check(): void {
    this.harness.persist()
    const { tree } = this.harness
    const found = PATHS.flatMap((path) =>
      tree.find(path) === NO_NODE ? [] : [[path, tree.dataLength(tree.find(path))]]
    )
    expect(new Map(found as [string, number][])).toEqual(new Map([...this.model.nodes].sort()))
    this.checkTotals(tree)
    for (const sent of this.harness.sent(this.#client)) {
      const expected = sent.kind === 'reply' ? this.#expected.get(sent.xid) : undefined
      if (sent.kind === 'reply' && expected !== undefined) expect([sent.xid, sent.err]).toEqual([sent.xid, expected])
    }
  }

  checkTotals(tree: DataTree): void {
    for (const { path, znodesMax, bytesMax } of LIMITS) {
      const totals = this.model.totals(path)
      expect({ path, ...tree.countedTotals(path) }).toEqual({ path, ...totals })
      expect(totals.count).toBeLessThanOrEqual(znodesMax ?? Number.MAX_SAFE_INTEGER)
      expect(totals.bytes).toBeLessThanOrEqual(bytesMax ?? Number.MAX_SAFE_INTEGER)
    }
  }
}

function compactTree(): CompactTree {
  return new CompactTree(testHash, { digestEnabled: true, extendedTypesEnabled: true, hashSeed: 5 })
}

describe('limits of prefixes on znodes and bytes', () => {
  test('are those of a plain count, whatever is under way', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const run = new Run()
        for (const each of steps) run.take(each)
        run.check()

        const replica = compactTree()
        replica.countSubtrees(LIMITS.map(({ path }) => path))
        for (const txn of run.harness.txns) replica.apply(txn, null)
        run.checkTotals(replica)

        const restarted = compactTree()
        restarted.countSubtrees(LIMITS.map(({ path }) => path))
        restarted.loadSnapshot(1, 1).push(snapshotOf(run.harness.tree))
        run.checkTotals(restarted)

        const configuredLater = compactTree()
        for (const txn of run.harness.txns) configuredLater.apply(txn, null)
        configuredLater.countSubtrees(LIMITS.map(({ path }) => path))
        run.checkTotals(configuredLater)
      }),
      { numRuns: 150 }
    )
  })

  test('see deletions that are under way, and operations of the same multi', () => {
    const run = new Run()
    const fill = ['/a', '/a/c', '/a/d', '/a/e', '/a/b', '/a/b/1']
    for (const path of fill) run.take({ kind: 'create', path, length: 1 })
    run.take({ kind: 'create', path: '/a/bb', length: 1 })
    expect(run.model.nodes.has('/a/bb')).toBe(false)

    run.take({ kind: 'delete', path: '/a/c' })
    run.take({ kind: 'create', path: '/a/bb', length: 1 })
    expect(run.model.nodes.has('/a/bb')).toBe(true)
    run.take({
      kind: 'multi',
      operations: [
        { kind: 'delete', path: '/a/bb' },
        { kind: 'create', path: '/a/c', length: 1 }
      ]
    })
    run.check()

    expect([...run.model.nodes.keys()].sort()).toEqual(fill.sort())
  })

  test('are told of in the metrics, by name, and in the log', () => {
    const harness = new PeerHarness({ prefixLimits: LIMITS })
    const client = harness.session()
    const errors = ['/c', '/c/1', '/c/2'].map(
      (path, xid) => replyOf(harness.request(client, OpCode.create, xid, create(path, 0, 'd'.repeat(9)))).err
    )
    const set = replyOf(harness.request(client, OpCode.setData, 9, setData('/c/1', 'd'.repeat(12)))).err
    const smaller = replyOf(harness.request(client, OpCode.setData, 10, setData('/c/1', 'd'.repeat(3)))).err

    expect([...errors, set, smaller]).toEqual([0, 0, QUOTA_EXCEEDED, QUOTA_EXCEEDED, 0])
    expect(harness.metrics.prefixRefusedWrites.byLabel.get('bytes')?.value).toBe(2)
    expect(harness.logged.map(({ message }) => message)).toEqual([
      'prefixLimit.bytes exceeded: /c would have 27 bytes, limit 20'
    ])
  })

  test('that were made smaller refuse only what would be more', () => {
    const harness = new PeerHarness()
    const client = harness.session()
    for (const [xid, path] of ['/c', '/c/1'].entries())
      harness.request(client, OpCode.create, xid, create(path, 0, 'd'.repeat(30)))
    const limited = new PeerHarness({ prefixLimits: LIMITS })
    for (const txn of harness.txns) limited.tree.apply(txn, null)
    const later = limited.session()

    const answers = [setData('/c/1', 'd'.repeat(29)), setData('/c/1', 'd'.repeat(31)), setData('/c/1', '')].map(
      (body, xid) => replyOf(limited.request(later, OpCode.setData, xid, body)).err
    )

    expect(limited.tree.countedTotals('/c')).toEqual({ count: 2, bytes: 30 })
    expect(answers).toEqual([0, QUOTA_EXCEEDED, 0])
  })
})
