import type { JuteWriter } from 'jute-ts'
import { createAclChecker } from '../core/acl/acl-checker.ts'
import type { EnsembleOutbox, RoleView, StorageRequest } from '../core/ensemble/ensemble-outbox.ts'
import { EnsemblePeer } from '../core/ensemble/ensemble-peer.ts'
import { InputBatch } from '../core/input-batch.ts'
import { createMetrics, createServerStats } from '../core/metrics.ts'
import type { PersistBatch, SnapshotSummary } from '../core/outbox.ts'
import type { ConnectionId } from '../core/ports.ts'
import { SessionTable } from '../core/session/session-table.ts'
import { CommitLog } from '../core/zab/commit-log.ts'
import { formatMembership } from '../core/zab/membership/config-text.ts'
import type { EnsembleConfig, MemberAddress } from '../core/zab/membership/ensemble-config.ts'
import { memberOf } from '../core/zab/membership/member-of.ts'
import type { LinkId } from '../core/zab/peer-link.ts'
import { ServerState } from '../core/zab/vote.ts'
import type { EventType } from '../protocol/op-code.ts'
import type { Agenda } from './agenda.ts'
import type { Applied } from './checkers/committed-history.ts'
import type { ConfigurationChecker } from './checkers/configuration-checker.ts'
import type { CheckedProcess, EnsembleChecker, ServerHistory } from './checkers/ensemble-checker.ts'
import type { ExpiryChecker } from './checkers/expiry-checker.ts'
import type { ClientConnection } from './client-connection.ts'
import type { Covered } from './coverage.ts'
import type { Dice } from './dice.ts'
import type { SimulatedDisk } from './disk.ts'
import type { ElectionEnd, ElectionMesh, ElectionPort } from './election-mesh.ts'
import { simulatedHash } from './hash.ts'
import type { MachineClock } from './machine-clock.ts'
import type { Network } from './network.ts'
import { compactNodes, ObservedTree, plainNodes, type TreeObserver } from './observed-tree.ts'
import { type LinkedProcess, QuorumLinks } from './quorum-links.ts'
import { ReplyFrames } from './reply-frames.ts'
import type { Sabotage } from './sabotage.ts'
import { type Scenario, TICK_MS } from './scenario.ts'
import { ServerStorage } from './server-storage.ts'
import { SessionSigns } from './session-signs.ts'
import type { SimulatedOracle } from './simulated-oracle.ts'
import { showZxid } from './zxid.ts'

/** How late a tick must be before the lateness is credited, as in the real event loop. */
const LATE_MS = 50
/** Looks like nothing that belongs into a frame. */
const SCRIBBLE = 0xdd

/** What is around a process. */
export interface ProcessWorld {
  readonly dice: Dice
  readonly agenda: Agenda
  readonly network: Network
  readonly mesh: ElectionMesh
  readonly scenario: Scenario
  readonly sabotage: Sabotage
  readonly checker: EnsembleChecker
  readonly configs: ConfigurationChecker
  readonly expiry: ExpiryChecker
  readonly oracle: SimulatedOracle | null
  server(sid: number): { readonly process: ServerProcess | null } | undefined
  stepped(process: ServerProcess): void
  note(line: () => string): void
  count(what: Covered): void
  fail(rule: string, detail: string): never
}

/** The machine that it runs on. */
export interface ProcessMachine {
  readonly sid: number
  readonly clock: MachineClock
  readonly disk: SimulatedDisk
  /** Whether ports for learners can be opened. */
  readonly canServeLearners: boolean
  crash(): void
}

/** A client's connection here. */
interface OpenClient {
  readonly connection: ClientConnection
  isPaused: boolean
  unread: Buffer[]
  output: Buffer[]
  isClosing: boolean
}

/** A running server: the member of the ensemble that ships, and around it a shell of this world. */
export class ServerProcess implements EnsembleOutbox, ElectionEnd, LinkedProcess, TreeObserver, CheckedProcess {
  readonly sid: number
  readonly history: ServerHistory = { verified: 0, tail: [] }
  readonly tree: ObservedTree
  readonly sessions: SessionTable
  isUp = true
  /** With other servers. */
  readonly links: QuorumLinks
  view: RoleView = { state: ServerState.looking, leader: null, isServing: false, isReadOnly: false }
  member: EnsemblePeer | null = null
  /** The process stands still until then, by the world's time. */
  stalledUntilMs = 0
  /** The process dies at the end of the step that it takes next, with nothing of it sent. */
  diesInStep = false
  readonly #world: ProcessWorld
  readonly #server: ProcessMachine
  readonly #election: ElectionPort
  inputs = new InputBatch()
  /** Where the bytes of these inputs lie: of no use when the step over them is done. */
  #given: Buffer[] = []
  #isScheduled = false
  #wakeAtMs = Number.POSITIVE_INFINITY
  #lastTickMs: number
  readonly #clients = new Map<ConnectionId, OpenClient>()
  #lastConnection = 0
  readonly #frames = new ReplyFrames((id, frame) => this.#clients.get(id)?.output.push(frame))
  readonly #storage: ServerStorage
  #configVersion: bigint
  /** Where others reach this server: its own line, in force or proposed, also when it is no member any more. */
  #addresses: readonly MemberAddress[]
  readonly #signs: SessionSigns
  readonly #metrics = createMetrics()

  constructor(world: ProcessWorld, server: ProcessMachine) {
    const { agenda, scenario, dice, oracle } = world
    this.#world = world
    this.#server = server
    this.sid = server.sid
    this.links = new QuorumLinks(world, this)
    this.#election = world.mesh.open(this)
    const nowMs = this.nowMs
    this.#lastTickMs = nowMs
    const treeSeed = scenario.treeSeeds.get(this.sid) ?? null
    this.tree = new ObservedTree(treeSeed === null ? plainNodes() : compactNodes(treeSeed), this)
    this.sessions = new SessionTable(TICK_MS, nowMs)
    const commitLog = new CommitLog(scenario.commitLogCount, scenario.commitLogBytes)
    this.#signs = new SessionSigns(world, this)
    this.#storage = new ServerStorage(this, world, server.disk, this.tree, this.sessions)
    const txnCount = this.#storage.load(commitLog)
    const { disk } = server
    const { current, next } = disk.configs
    const lastSeen = next !== null && next.version > current.version ? next : null
    if (lastSeen !== null) world.count('restartsWithPending')
    this.#configVersion = current.version
    this.#addresses = (memberOf(current, this.sid) ?? memberOf(lastSeen, this.sid))?.addresses ?? []
    if (scenario.features.reconfig) this.#election.setMembers(formatMembership(current), new Set())
    this.member = new EnsemblePeer({
      settings: { ...scenario.core, serverId: this.sid },
      hash: simulatedHash,
      tree: this.tree,
      sessions: this.sessions,
      replayed: { txnCount, bytes: 0 },
      acl: createAclChecker({ providers: [], skipAcl: true }),
      metrics: this.#metrics,
      stats: createServerStats(),
      seed: dice.below(1 << 30) + 1,
      monotonicMs: nowMs,
      out: this,
      ensemble: { ...scenario.ensemble, sid: this.sid, ...(oracle === null ? {} : { oracle: oracle.of(this.sid) }) },
      acceptedEpoch: disk.acceptedEpoch,
      currentEpoch: disk.currentEpoch,
      config: current,
      lastSeen,
      commitLog
    })
    agenda.after(dice.below(TICK_MS / 2), () => this.#tick())
  }

  begin(): void {
    this.wake()
  }

  /** The process is gone. */
  end(): void {
    this.isUp = false
    for (const { value } of this.#metrics.prefixDelayedRequests.byLabel.values()) {
      if (value > 0) this.#world.count('prefixDelays')
    }
    this.#election.close()
    this.links.end()
    for (const { connection } of this.#clients.values()) connection.serverGone()
    this.#clients.clear()
  }

  /** Of the leader that it is or follows; -1 while it has none. */
  get epoch(): number {
    const { leading, following } = this.member ?? { leading: null, following: null }
    return leading?.leading.epoch ?? following?.following.epoch ?? -1
  }

  get isLeading(): boolean {
    return this.view.state === ServerState.leading
  }

  get isServing(): boolean {
    return this.isUp && this.member?.peer != null && !this.view.isReadOnly
  }

  get isReadOnly(): boolean {
    return this.view.isReadOnly
  }

  get canServeLearners(): boolean {
    return this.#server.canServeLearners
  }

  /** Stands still, as a stopped process does: what comes meanwhile waits. */
  stall(forMs: number): void {
    this.stalledUntilMs = Math.max(this.stalledUntilMs, this.#world.agenda.nowMs + forMs)
    this.#world.note(() => `server ${this.sid} stands still for ${forMs} ms`)
  }

  wake(): void {
    if (this.#isScheduled || !this.isUp) return
    this.#isScheduled = true
    const { agenda, dice } = this.#world
    const stallMs = Math.max(0, this.stalledUntilMs - agenda.nowMs)
    agenda.after(stallMs + dice.next() * 0.3, () => this.#step())
  }

  // ---- clients ----------------------------------------------------------------------------------------------------

  acceptClient(connection: ClientConnection): ConnectionId {
    const id = ++this.#lastConnection as ConnectionId
    this.#clients.set(id, { connection, isPaused: false, unread: [], output: [], isClosing: false })
    this.inputs.pushOpened(id, `10.1.0.${connection.place % 250}`)
    this.wake()
    return id
  }

  clientFrame(id: ConnectionId, frame: Buffer): void {
    const client = this.#clients.get(id)
    if (client === undefined || client.isClosing) return
    if (client.isPaused) client.unread.push(frame)
    else {
      this.inputs.pushFrame(id, this.give(frame), 0, frame.length, Math.floor(this.nowMs))
      this.#signs.given(client.connection)
    }
    this.wake()
  }

  /** Bytes that an input may have until the step over it is done. */
  give(bytes: Buffer): Buffer {
    const given = Buffer.from(bytes)
    this.#given.push(given)
    return given
  }

  clientClosed(id: ConnectionId): void {
    if (!this.#clients.delete(id)) return
    this.inputs.pushClosed(id)
    this.wake()
  }

  /** Connections of clients here. */
  get clientConnections(): ClientConnection[] {
    return [...this.#clients.values()].map(({ connection }) => connection)
  }

  // ---- what comes from other servers --------------------------------------------------------------------------------

  notification(from: number, bytes: Buffer): void {
    if (!this.isUp) return
    this.inputs.pushNotification(from, this.give(bytes), 0, bytes.length)
    this.wake()
  }

  passedOn(sessions: readonly string[]): void {
    this.#signs.passedOn(sessions)
  }

  // ---- the loop -----------------------------------------------------------------------------------------------------

  /** By its own clock. */
  get nowMs(): number {
    return this.#server.clock.monotonicMs(this.#world.agenda.nowMs)
  }

  #tick(): void {
    if (!this.isUp) return
    this.#isTickDue = true
    this.wake()
    this.#world.agenda.after(this.#server.clock.worldDelayMs(TICK_MS / 2), () => this.#tick())
  }

  #isTickDue = false

  #step(): void {
    this.#isScheduled = false
    const { member } = this
    const { nowMs: worldMs } = this.#world.agenda
    if (!this.isUp || member === null) return
    if (this.stalledUntilMs > worldMs) return this.wake()
    const inputs = this.inputs
    const given = this.#given
    this.inputs = new InputBatch()
    this.#given = []
    this.#signs.stepBegins()
    inputs.monotonicMs = this.nowMs
    inputs.wallMs = this.#server.clock.wallMs(worldMs)
    this.#readyTick(inputs)
    member.step(inputs, this)
    if (this.links.haveToldOfPort(inputs) && member.leading !== null) {
      this.#world.fail('ports', `server ${this.sid} leads on, although nobody can connect to it`)
    }
    // The bytes are the shell's again: who has kept a view of them sees this.
    for (const bytes of given) bytes.fill(SCRIBBLE)
    member.settle(this.nowMs)
    this.#world.sabotage.stepped?.(this, this.nowMs, inputs.wallMs)
    this.#world.stepped(this)
    if (this.diesInStep) return this.#server.crash()
    this.#flush()
    this.#scheduleNext(member.nextStepMs)
  }

  #readyTick(inputs: InputBatch): void {
    if (!this.#isTickDue) return
    this.#isTickDue = false
    const lateMs = inputs.monotonicMs - this.#lastTickMs - TICK_MS / 2
    this.#lastTickMs = inputs.monotonicMs
    if (lateMs > LATE_MS) inputs.lateMs = lateMs
    inputs.pushTick()
  }

  #scheduleNext(nextStepMs: number): void {
    if (nextStepMs >= this.#wakeAtMs) return
    this.#wakeAtMs = nextStepMs
    const delayMs = this.#server.clock.worldDelayMs(Math.max(1, nextStepMs - this.nowMs))
    this.#world.agenda.after(delayMs, () => {
      if (this.#wakeAtMs === nextStepMs) this.#wakeAtMs = Number.POSITIVE_INFINITY
      this.wake()
    })
  }

  #flush(): void {
    this.links.flush()
    for (const [id, client] of this.#clients) {
      if (client.output.length > 0) {
        const { output } = this.#world.sabotage
        client.connection.toClient.send(output === undefined ? client.output : output(client.output))
        client.output = []
      }
      if (!client.isClosing) continue
      client.connection.toClient.end()
      this.#clients.delete(id)
    }
  }

  // ---- Outbox: clients ----------------------------------------------------------------------------------------------

  beginReply(id: ConnectionId, xid: number, zxidHi: number, zxidLo: number, err: number): JuteWriter {
    return this.#frames.beginReply(id, xid, zxidHi, zxidLo, err)
  }

  beginFrame(id: ConnectionId): JuteWriter {
    return this.#frames.beginFrame(id)
  }

  endFrame(): number {
    return this.#frames.endFrame()
  }

  notify(id: ConnectionId, zxidHi: number, zxidLo: number, type: EventType, path: string): number {
    return this.#frames.notify(id, zxidHi, zxidLo, type, path)
  }

  close(id: ConnectionId, reason: string): void {
    const client = this.#clients.get(id)
    if (client === undefined) return
    this.#world.note(() => `server ${this.sid} closes connection ${id}: ${reason}`)
    client.isClosing = true
    this.inputs.pushClosed(id)
    this.wake()
  }

  pauseReading(id: ConnectionId): void {
    const client = this.#clients.get(id)
    if (client !== undefined) client.isPaused = true
  }

  resumeReading(id: ConnectionId): void {
    const client = this.#clients.get(id)
    if (client === undefined) return
    client.isPaused = false
    for (const frame of client.unread.splice(0)) this.clientFrame(id, frame)
  }

  awaitDrained(id: ConnectionId): void {
    this.inputs.pushDrained(id)
    this.wake()
  }

  audit(): void {
    throw new Error('audited, though that is off')
  }

  log(level: string, message: string): void {
    this.#world.note(() => `server ${this.sid} ${level}: ${message}`)
    if (level === 'info') this.#countLogged(message)
    else if (message.includes('a new epoch is needed')) this.#world.count('rollOvers')
    if (message.includes('digest mismatch')) this.#world.fail('digests', `server ${this.sid}: ${message}`)
  }

  #countLogged(message: string): void {
    if (message.startsWith('synchronising by DIFF')) this.#world.count('syncDiff')
    else if (message.startsWith('synchronising by TRUNC')) this.#world.count('syncTrunc')
    else if (message.startsWith('synchronising by SNAP')) this.#world.count('syncSnap')
    else if (message.startsWith('this server leads next')) this.#world.count('leadersReconfigured')
  }

  // ---- Outbox: storage ----------------------------------------------------------------------------------------------

  persist(sequence: number, batch: PersistBatch): void {
    this.#storage.persist(sequence, batch)
  }

  snapshotBegin(): void {
    this.#storage.snapshotBegin()
  }

  installBegin(zxidHi: number, zxidLo: number, currentEpoch: number): void {
    this.#storage.installBegin(zxidHi, zxidLo, currentEpoch)
  }

  snapshotChunk(bytes: Uint8Array): void {
    this.#storage.snapshotChunk(bytes)
  }

  snapshotEnd(summary: SnapshotSummary): void {
    this.#storage.snapshotEnd(summary)
  }

  snapshotAbandon(): void {
    this.#storage.snapshotAbandon()
  }

  store(request: StorageRequest): void {
    this.#storage.store(request)
  }

  // ---- Outbox: other servers ------------------------------------------------------------------------------------------

  sendNotification(to: number, bytes: Uint8Array): void {
    this.#election.send(to, bytes)
  }

  linkWriter(link: LinkId): JuteWriter {
    return this.links.linkWriter(link)
  }

  awaitLinkDrained(link: LinkId): void {
    this.links.awaitLinkDrained(link)
  }

  closeLink(link: LinkId): void {
    this.links.closeLink(link)
  }

  openLearnerPort(observerMasterPort: number | null): void {
    this.links.openPort(this.#addresses, observerMasterPort)
  }

  closeLearnerPort(): void {
    this.links.closePort()
  }

  connectToLeader(link: LinkId, sid: number, addresses: readonly MemberAddress[]): void {
    this.links.connect(link, sid, addresses)
  }

  roleChanged(view: RoleView): void {
    const { configs } = this.#world
    if (view.isServing && memberOf(configs.current, this.sid) === undefined) this.#world.count('nonVotersServed')
    if (view.isReadOnly && !this.view.isReadOnly) this.#world.count('readOnlyServers')
    this.view = view
    this.#signs.clear()
    this.#world.note(() => `server ${this.sid} is ${stateName(view.state)}${view.isServing ? ', serving' : ''}`)
  }

  configurationChanged(config: EnsembleConfig, lastSeen: EnsembleConfig | null): void {
    const isLeading = this.member?.election.state === ServerState.leading
    this.#world.note(() => `server ${this.sid} has configuration ${showVersions(config, lastSeen)}`)
    const isNew = this.member?.leading?.leading.isEstablished !== true && this.#configVersion > 0n
    if (isLeading && isNew && config.version > this.#configVersion) this.#world.count('reconfigsByNewLeader')
    this.#world.configs.changed({ sid: this.sid, isLeading }, this.#configVersion, config, lastSeen)
    this.#configVersion = config.version
    const known = new Set([config, lastSeen].flatMap((one) => one?.members.map(({ id }) => id) ?? []))
    this.#election.setMembers(formatMembership(config), known)
    this.#addresses = (memberOf(config, this.sid) ?? memberOf(lastSeen, this.sid))?.addresses ?? this.#addresses
  }

  // ---- TreeObserver ---------------------------------------------------------------------------------------------------

  applied(applied: Applied): void {
    this.#world.note(() => `server ${this.sid} applies ${showZxid(applied.zxid)}`)
    this.#world.checker.applied(this, applied)
  }

  snapshotOpened(zxid: number, digest: string): void {
    this.#world.checker.snapshotOpened(this, zxid, digest)
  }

  restored(zxid: number, digest: string): void {
    this.#world.checker.restored(this, zxid, digest)
  }
}

function showVersions(config: EnsembleConfig, lastSeen: EnsembleConfig | null): string {
  const seen = lastSeen === null ? '' : `, and has seen ${showZxid(Number(lastSeen.version))}`
  const members = config.members.map(({ id, role }) => (role === 'observer' ? `(${id})` : id))
  return `${showZxid(Number(config.version))} of ${members}${seen}`
}

function stateName(state: ServerState): string {
  return Object.keys(ServerState)[state] ?? String(state)
}
