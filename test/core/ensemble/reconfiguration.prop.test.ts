import { describe, expect, test } from '@jest/globals'
import { seededRandom } from '../../../src/core/random.ts'
import { formatConfigText } from '../../../src/core/zab/membership/config-text.ts'
import type { EnsembleConfig, EnsembleMember, MemberRole } from '../../../src/core/zab/membership/ensemble-config.ts'
import { ErrorCode } from '../../../src/protocol/error-code.ts'
import { encodeCreateRequest, encodeReconfigRequest } from '../../../src/protocol/generated/proto.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { type Client, EnsembleWorld, type Node } from './ensemble-world.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const SIDS = [1, 2, 3, 4, 5]
const STEP_COUNT = 25
const SEED_COUNT = 20
/** Longest pauses between two deeds: within one reconfiguration, and long enough for an election. */
const PAUSES_MS = [15, 60, 400, 1500]
const SETTLE_MS = 60_000

function member(id: number): EnsembleMember {
  return {
    id,
    addresses: [{ host: '10.0.0.1', quorumPort: 2000 + id, electionPort: 3000 + id }],
    role: 'participant',
    clientAddress: null,
    clientPort: 4000 + id,
    secureClientAddress: null,
    secureClientPort: null
  }
}

function lineOf(sid: number, role: MemberRole): string {
  return `server.${sid}=10.0.0.1:${2000 + sid}:${3000 + sid}:${role};${4000 + sid}`
}

/** Servers that are reconfigured, killed and started at any moment; in the end all are started and left alone. */
class Life {
  readonly #random: () => number
  readonly #world: EnsembleWorld
  readonly #created: { readonly client: Client; readonly xid: number; readonly path: string }[] = []
  #pathCount = 0

  constructor(seed: number) {
    this.#random = seededRandom(Math.imul(seed + 1, 0x9e3779b1))
    const config: EnsembleConfig = { members: SIDS.map(member), groups: [], weights: new Map(), version: 0n }
    this.#world = new EnsembleWorld(config, { reconfigEnabled: true })
    for (const sid of SIDS) this.#world.start(sid)
  }

  live(): void {
    this.#world.until(() => this.#world.leader !== undefined)
    for (let step = 0; step < STEP_COUNT; step++) {
      this.#act()
      this.#world.run(this.#upTo(PAUSES_MS[this.#upTo(PAUSES_MS.length)] ?? 1))
    }
    for (const node of this.#nodes) if (!node.isUp) this.#world.start(node.sid)
    this.#world.until(() => this.#nodes.every(({ view }) => view.isServing), SETTLE_MS)
    this.#world.run(1000)
  }

  /** Texts of configurations, on each server: in force, in its znode, in its file. */
  get texts(): Set<string> {
    return new Set(
      this.#nodes.flatMap(({ peer, tree, disk }) => [
        formatConfigText(peer.member.config),
        Buffer.from(tree.data(tree.find('/zookeeper/config')) ?? []).toString(),
        disk.config ?? ''
      ])
    )
  }

  get pending(): number {
    return this.#nodes.filter(({ peer }) => peer.member.lastSeen !== null).length
  }

  get digests(): Set<string> {
    return new Set(this.#nodes.map(({ tree }) => `${tree.digestHi} ${tree.digestLo}`))
  }

  /** What was acknowledged and is not there. */
  get lost(): string[] {
    const [node] = this.#nodes
    return this.#created
      .filter(({ client, xid, path }) => client.outcome(xid) === ErrorCode.OK && (node?.tree.find(path) ?? -1) < 0)
      .map(({ path }) => path)
  }

  get #nodes(): Node[] {
    return SIDS.map((sid) => this.#world.node(sid))
  }

  #act(): void {
    const sid = 1 + this.#upTo(SIDS.length)
    const node = this.#world.node(sid)
    const roll = this.#upTo(10)
    if (!node.isUp) this.#world.start(sid)
    else if (roll < 2 && this.#nodes.filter(({ isUp }) => isUp).length > 3) node.crash()
    else if (roll < 7) this.#reconfigure(node)
    else this.#create(node)
  }

  #reconfigure(node: Node): void {
    const about = 1 + this.#upTo(SIDS.length)
    const role = this.#upTo(3) === 0 ? 'observer' : 'participant'
    const isLeaving = this.#upTo(3) === 0
    this.#connect(node)?.request(OpCode.reconfig, (writer) =>
      encodeReconfigRequest(writer, {
        joiningServers: isLeaving ? null : lineOf(about, role),
        leavingServers: isLeaving ? String(about) : null,
        newMembers: null,
        curConfigIdHi: -1,
        curConfigIdLo: -1
      })
    )
  }

  #create(node: Node): void {
    const client = this.#connect(node)
    if (client === null) return
    const path = `/n${++this.#pathCount}`
    const xid = client.request(OpCode.create, (writer) =>
      encodeCreateRequest(writer, { path, data: Buffer.from('x'), acl: ACL, flags: 0 })
    )
    this.#created.push({ client, xid, path })
  }

  #connect(node: Node): Client | null {
    if (!node.view.isServing) return null
    const client = node.connect(20_000)
    this.#world.run(20)
    return client.isConnected && !client.isClosed && node.isUp ? client : null
  }

  #upTo(bound: number): number {
    return Math.floor(this.#random() * bound)
  }
}

describe('servers that are reconfigured and killed at any moment', () => {
  test.each(Array.from({ length: SEED_COUNT }, (_, seed) => ({ seed })))(
    'agree on one configuration and lose nothing: seed $seed',
    ({ seed }) => {
      const life = new Life(seed)

      life.live()

      expect([...life.texts]).toHaveLength(1)
      expect(life.pending).toBe(0)
      expect([...life.digests]).toHaveLength(1)
      expect(life.lost).toEqual([])
    }
  )
})
