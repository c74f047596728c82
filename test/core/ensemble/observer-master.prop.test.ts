import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { EnsembleConfig } from '../../../src/core/zab/membership/ensemble-config.ts'
import { encodeCreateRequest, encodeSyncRequest } from '../../../src/protocol/generated/proto.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { type Client, EnsembleWorld, type Node } from './ensemble-world.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const VOTERS = [1, 2, 3]
const OBSERVERS = [4, 5]
const ALL = [...VOTERS, ...OBSERVERS]

const CONFIG: EnsembleConfig = {
  members: ALL.map((id) => ({
    id,
    addresses: [{ host: '127.0.0.1', quorumPort: 2000 + id, electionPort: 3000 + id }],
    role: VOTERS.includes(id) ? 'participant' : 'observer',
    clientAddress: null,
    clientPort: null,
    secureClientAddress: null,
    secureClientPort: null
  })),
  groups: [],
  weights: new Map(),
  version: 0n
}

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), sid: fc.constantFrom(...ALL) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('sync' as const), sid: fc.constantFrom(...OBSERVERS) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('kill' as const), sid: fc.constantFrom(...ALL) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), sid: fc.integer({ min: 1, max: 1500 }) }) }
  ),
  { minLength: 5, maxLength: 25 }
)

class Run {
  readonly world = new EnsembleWorld(CONFIG, { observerMaster: { port: 2191, sizeLimitBytes: 1 << 20 } })
  readonly #clients = new Map<Node, Client>()
  readonly #writes: { readonly client: Client; readonly xid: number; readonly path: string }[] = []
  #count = 0

  constructor() {
    for (const sid of ALL) this.world.start(sid)
    this.allServe()
  }

  allServe(): void {
    this.world.until(() => ALL.every((sid) => this.world.node(sid).view.isServing), 60_000)
  }

  get acknowledged(): string[] {
    return this.#writes.filter(({ client, xid }) => client.outcome(xid) === 0).map(({ path }) => path)
  }

  write(sid: number): void {
    const client = this.#clientOf(sid)
    if (client === null) return
    const path = `/w-${++this.#count}`
    const xid = client.request(OpCode.create, (writer) =>
      encodeCreateRequest(writer, { path, data: Buffer.alloc(1), acl: ACL, flags: 0 })
    )
    this.#writes.push({ client, xid, path })
  }

  /** All that was acknowledged anywhere before a sync is there when it is answered. */
  sync(sid: number): void {
    const client = this.#clientOf(sid)
    if (client === null) return
    const before = this.acknowledged
    const node = this.world.node(sid)
    const xid = client.request(OpCode.sync, (writer) => encodeSyncRequest(writer, { path: '/' }))
    this.world.until(() => client.outcome(xid) !== undefined || client.isClosed || !node.isUp, 60_000)
    if (client.outcome(xid) !== 0) return
    expect(before.filter((path) => node.tree.find(path) < 0)).toEqual([])
  }

  /** A server dies and comes back: at once, or in place of the next one that dies. */
  kill(sid: number): void {
    for (const other of ALL) if (!this.world.node(other).isUp) this.world.start(other)
    this.world.node(sid).crash()
  }

  finish(): void {
    for (const sid of ALL) if (!this.world.node(sid).isUp) this.world.start(sid)
    this.allServe()
    this.world.run(1000)
    this.allServe()
    const nodes = ALL.map((sid) => this.world.node(sid))
    for (const path of this.acknowledged) {
      for (const node of nodes)
        expect(`${node.sid} ${path} ${node.tree.find(path) >= 0}`).toBe(`${node.sid} ${path} true`)
    }
    expect(new Set(nodes.map(({ tree }) => `${tree.digestHi},${tree.digestLo}`)).size).toBe(1)
  }

  #clientOf(sid: number): Client | null {
    const node = this.world.node(sid)
    const known = this.#clients.get(node)
    if (known !== undefined && !known.isClosed) return known
    if (!node.isUp || !node.view.isServing) return null
    const client = node.connect(20_000)
    this.#clients.set(node, client)
    this.world.until(() => client.isConnected || client.isClosed || !node.isUp, 60_000)
    return client.isConnected && !client.isClosed ? client : null
  }
}

test('observers behind followers have the history of all, whoever dies', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const run = new Run()
      for (const { kind, sid } of all) {
        if (kind === 'write') run.write(sid)
        else if (kind === 'sync') run.sync(sid)
        else if (kind === 'kill') run.kill(sid)
        else run.world.run(sid)
      }
      run.finish()
    }),
    { numRuns: 25, endOnFailure: false }
  )
}, 300_000)
