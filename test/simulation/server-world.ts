import { type AclChecker, createAclChecker } from '../../src/core/acl/acl-checker.ts'
import { configuredProviders } from '../../src/core/acl/configured-providers.ts'
import { PauseReason } from '../../src/core/client-connection.ts'
import { InputBatch, InputKind } from '../../src/core/input-batch.ts'
import { createMetrics, createServerStats } from '../../src/core/metrics.ts'
import { Peer } from '../../src/core/peer.ts'
import type { CoreSettings } from '../../src/core/pipeline/core-settings.ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { SessionTable } from '../../src/core/session/session-table.ts'
import { PlainTree } from '../../src/core/tree/plain-tree.ts'
import { highWord, lowWord, toBigInt } from '../../src/protocol/int64.ts'
import { recover } from '../../src/server/recovery.ts'
import { SUPER_DIGEST, testHash } from '../core/peer-harness.ts'
import type { Dice } from './dice.ts'
import { SimulatedDisk } from './disk.ts'
import { Judge, type PeerView } from './judge.ts'
import { JudgedOutbox, SCRIBBLE } from './judged-outbox.ts'
import { Shadow } from './shadow.ts'
import { check } from './simulation-error.ts'
import { SnapshotRecorder } from './snapshot-recorder.ts'
import { TreePicture } from './tree-picture.ts'

/** Takes a line of what happens, for whoever replays a seed. */
export type Trace = (line: string) => void

/**
 * A server's peer with its world around it: clocks, disk, sockets. What the peer does goes to the judge as it does it;
 * the memory of what it is given is its own only as long as the contract says.
 */
export class ServerWorld implements PeerView {
  readonly settings: CoreSettings
  readonly disk = new SimulatedDisk()
  readonly shadow: Shadow
  readonly judge: Judge
  readonly outbox: JudgedOutbox
  readonly inputs = new InputBatch()
  readonly snapshots: SnapshotRecorder
  nowMs = 1_000_000
  wallMs = 1_700_000_000_000
  /** Sum of the lateness credited since the start: deadlines are as much later. */
  lateMs = 0
  /** Newest zxid of which the peer is told with the next step, or was, that it is durable. */
  persistedZxid = 0
  readonly #dice: Dice
  readonly #acl: AclChecker
  readonly #trace: Trace
  readonly #given: Buffer[] = []
  #peer: Peer
  #tree: PlainTree
  #sessions: SessionTable

  constructor(settings: CoreSettings, dice: Dice, trace: Trace) {
    this.settings = settings
    this.#dice = dice
    this.#trace = trace
    this.#acl = createAclChecker({ providers: configuredProviders(PROVIDERS, testHash), skipAcl: false })
    this.shadow = new Shadow(settings, this.#acl)
    this.judge = new Judge(this.shadow, this.#acl, this)
    this.snapshots = new SnapshotRecorder(settings, dice, this.disk, this.inputs)
    const { judge, disk, snapshots } = this
    this.outbox = new JudgedOutbox({ judge, disk, snapshots, trace, tree: () => this.#tree })
    this.#tree = new PlainTree(testHash, settings)
    this.#sessions = new SessionTable(settings.tickTimeMs, this.nowMs)
    this.#peer = this.#newPeer()
  }

  get peer(): Peer {
    return this.#peer
  }

  /** Time on the clock by which sessions expire. */
  get effectiveMs(): number {
    return this.nowMs - this.lateMs
  }

  get appliedZxid(): number {
    return this.#tree.lastZxidLo
  }

  isSessionClosing(id: bigint): boolean {
    return this.#sessions.get(highWord(id), lowWord(id))?.isClosing ?? true
  }

  /** Adds a frame to the next step, somewhere in the memory of a chunk. */
  pushFrame(connection: ConnectionId, frame: Buffer): void {
    const start = this.#dice.below(20)
    const chunk = Buffer.alloc(start + frame.length + this.#dice.below(20), SCRIBBLE)
    frame.copy(chunk, start)
    this.#given.push(chunk)
    this.inputs.pushFrame(connection, chunk, start, start + frame.length, Math.floor(this.nowMs))
  }

  /** Commits the oldest `count` batches in flight and adds the news to the next step. */
  commit(count: number): void {
    this.inputs.pushPersisted(this.disk.commit(count))
    this.persistedZxid = this.disk.durableZxid
  }

  step(): void {
    this.inputs.monotonicMs = this.nowMs
    this.inputs.wallMs = this.wallMs
    this.#trace(describeInputs(this.inputs))
    this.#peer.step(this.inputs, this.outbox)
    this.#peer.settle(this.nowMs)
    this.inputs.clear()
    for (const connection of this.outbox.undrained.splice(0)) this.inputs.pushDrained(connection)
    this.inputs.lateMs = 0
    for (const chunk of this.#given.splice(0)) chunk.fill(SCRIBBLE)
    this.judge.stepped()
    this.#checkCounts()
  }

  /** Loses all that is not on the disk and starts again from what is. */
  async crash(): Promise<void> {
    this.disk.crash(this.#dice.below(this.disk.inFlightCount + 1))
    this.persistedZxid = this.disk.durableZxid
    this.shadow.truncate(this.persistedZxid)
    this.inputs.clear()
    this.#given.length = 0
    this.outbox.paused.clear()
    this.outbox.closing.length = 0
    this.outbox.undrained.length = 0
    this.snapshots.crashed()
    this.judge.crashed()
    await this.#recover()
    this.#peer = this.#newPeer()
    this.compare()
    this.#sessions.forEach(({ idLo, isClosing }) => {
      check(!isClosing, () => `session ${idLo} is closing after a start`)
    })
  }

  /** The live tree, sessions and watches are those of the history, whatever way they came about. */
  compare(): void {
    this.judge.follow()
    const live = TreePicture.of(this.#tree)
    live.checkSame(TreePicture.of(this.shadow.tree), 'replay')
    live.checkNaive(this.shadow.naive)
    const digest = toBigInt(this.#tree.digestHi, this.#tree.digestLo)
    const wanted = this.settings.digestEnabled ? this.shadow.naive.digest() : 0n
    check(digest === wanted, () => `the digest is ${digest}, by the plain rules ${wanted}`)
    this.#checkSessions()
    const [watches, model] = [this.#peer.state.watches.counts, this.judge.watches.counts()].map((counts) =>
      JSON.stringify(counts)
    )
    check(watches === model, () => `watches are ${watches}, must be ${model}`)
  }

  async #recover(): Promise<void> {
    this.#tree = new PlainTree(testHash, this.settings)
    this.#sessions = new SessionTable(this.settings.tickTimeMs, this.nowMs)
    const age = this.#dice.chance(0.7) ? 0 : this.#dice.below(this.disk.snapshotCount + 1)
    const recovery = this.disk.recovery(age, this.#dice.between(1, 3000))
    this.#trace(
      `-- crash: starts from snapshot ${recovery.snapshot?.zxidLo ?? 'none'} and the log to ${this.persistedZxid}`
    )
    const { digestMismatches } = await recover(recovery, this.#tree, this.#sessions, () => this.nowMs)
    check(digestMismatches.length === 0, () => `replay found wrong digests at ${digestMismatches.join()}`)
  }

  #checkSessions(): void {
    const missing = new Set(this.shadow.sessions.keys())
    this.#sessions.forEach(({ idHi, idLo, createdTimeoutMs }) => {
      const id = toBigInt(idHi, idLo)
      const timeoutMs = this.shadow.sessions.get(id)
      check(timeoutMs === createdTimeoutMs, () => `session ${id} has timeout ${createdTimeoutMs}, must be ${timeoutMs}`)
      missing.delete(id)
    })
    check(missing.size === 0, () => `sessions are missing: ${[...missing]}`)
    this.#tree.forEachEphemeralOwner((hi, lo, paths) => {
      const id = toBigInt(hi, lo)
      check(this.shadow.sessions.has(id), () => `${[...paths]} are of session ${id}, which is over`)
    })
  }

  /**
   * Requests in process are those that the peer was given and has not answered, and writes of connections that are
   * gone. A connection counts those that have a positive xid.
   */
  #checkCounts(): void {
    const { outstanding, connections } = this.#peer.state
    const limit = this.settings.globalOutstandingLimit
    const isRoom = outstanding <= limit && this.#peer.throttledRequests <= limit
    let sum = 0
    for (const { id, outstanding: count, pending, waiting, pauseReasons } of connections.values()) {
      const isPaused = (pauseReasons & PauseReason.limit) !== 0
      check(!isRoom || !isPaused, () => `${id} is not read from, though only ${outstanding} requests are in process`)
      sum += pending.size
      const judged = this.judge.connections.get(id)
      check(count >= 0, () => `${id} has ${count} requests outstanding`)
      if (judged?.phase !== 'established') continue
      const counted = judged.waiting.filter(({ xid }) => xid > 0).length
      // Those that wait since the client takes no replies do not count.
      const isCounted = count <= counted && count >= counted - waiting.size
      check(isCounted, () => `${id} counts ${count}, waits for ${counted}, ${waiting.size} of them outside`)
    }
    const isRight = sum <= outstanding && outstanding <= sum + this.#peer.waitingWrites
    check(isRight, () => `${outstanding} requests outstanding, by connection ${sum}`)
  }

  #newPeer(): Peer {
    return new Peer({
      settings: this.settings,
      hash: testHash,
      tree: this.#tree,
      sessions: this.#sessions,
      replayed: { txnCount: 0, bytes: 0 },
      acl: this.#acl,
      metrics: createMetrics(),
      stats: createServerStats(),
      seed: this.#dice.below(1 << 30),
      monotonicMs: this.nowMs,
      out: this.outbox
    })
  }
}

const PROVIDERS = {
  digestEnabled: true,
  superDigest: SUPER_DIGEST,
  x509Enabled: false,
  x509SuperUser: null,
  x509IdsAreSubjects: true,
  saslEnabled: false,
  letAnySaslUserDoX: null,
  ensembleEnabled: false,
  ensembleNames: null
}

function describeInputs(inputs: InputBatch): string {
  const kinds = Object.entries(InputKind)
  const parts = Array.from({ length: inputs.count }, (_, index) => {
    const name = kinds.find(([, kind]) => kind === inputs.kind(index))?.[0] ?? '?'
    if (inputs.kind(index) !== InputKind.frame)
      return `${name} ${Math.max(inputs.connection(index), inputs.number(index))}`
    const frame = inputs.bytes(index).subarray(inputs.start(index), inputs.end(index))
    const isRequest = frame.length >= 8
    return `${inputs.connection(index)} -> ${isRequest ? `xid ${frame.readInt32BE(0)} type ${frame.readInt32BE(4)}` : '?'}`
  })
  return `-- ${inputs.monotonicMs} late ${inputs.lateMs}: ${parts.join(', ')}`
}
