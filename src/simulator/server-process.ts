import { JuteWriter } from 'jute-ts'
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
import { LearnerSigns } from './learner-signs.ts'
import type { MachineClock } from './machine-clock.ts'
import type { Network } from './network.ts'
import { compactNodes, ObservedTree, plainNodes, type TreeObserver } from './observed-tree.ts'
import { QuorumConnection, type QuorumEnd } from './quorum-connection.ts'
import { ReplyFrames } from './reply-frames.ts'
import type { Sabotage } from './sabotage.ts'
import { type Scenario, TICK_MS } from './scenario.ts'
import { ServerStorage } from './server-storage.ts'
import { SessionSigns } from './session-signs.ts'
import type { SimulatedOracle } from './simulated-oracle.ts'
import { showZxid } from './zxid.ts'

const CONNECT_TRIES = 5
const CONNECT_RETRY_MS = 50
const PORT_RETRY_MS = 1000
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

interface OpenLink {
  readonly connection: QuorumConnection
  readonly writer: JuteWriter
  /** Listens to the learner at one of the ends. */
  readonly signs: LearnerSigns
  /** Whether the learner is this one. */
  readonly isOwn: boolean
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
export class ServerProcess implements EnsembleOutbox, ElectionEnd, QuorumEnd, TreeObserver, CheckedProcess {
  readonly sid: number
  readonly history: ServerHistory = { verified: 0, tail: [] }
  readonly tree: ObservedTree
  readonly sessions: SessionTable
  isUp = true
  /** Ports that learners can connect to. */
  listeningPorts: readonly number[] = []
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
  readonly #links = new Map<LinkId, OpenLink>()
  readonly #connecting = new Set<LinkId>()
  readonly #awaitingDrain = new Set<LinkId>()
  #lastLink = 0
  /** Counts how often the port for learners was opened or closed. */
  #learnerPortTry = 0
  /** Inputs that tell a leader that nobody can reach it. */
  #toldOfPort: InputBatch | null = null
  readonly #nowhere = new JuteWriter(256)
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
    this.listeningPorts = []
    for (const { value } of this.#metrics.prefixDelayedRequests.byLabel.values()) {
      if (value > 0) this.#world.count('prefixDelays')
    }
    this.#election.close()
    for (const { connection } of this.#links.values()) connection.cutShort(this)
    for (const { connection } of this.#clients.values()) connection.serverGone()
    this.#links.clear()
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

  /** Connections of the quorum port to or from another server. */
  linksWith(sid: number): QuorumConnection[] {
    return [...this.#links.values()].flatMap(({ connection }) => (connection.sids.includes(sid) ? [connection] : []))
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
      this.inputs.pushFrame(id, this.#give(frame), 0, frame.length, Math.floor(this.nowMs))
      this.#signs.given(client.connection)
    }
    this.wake()
  }

  /** Bytes that an input may have until the step over it is done. */
  #give(bytes: Buffer): Buffer {
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
    this.inputs.pushNotification(from, this.#give(bytes), 0, bytes.length)
    this.wake()
  }

  linkBytes(link: LinkId, bytes: Buffer): void {
    const open = this.#links.get(link)
    if (open === undefined) return
    if (!open.isOwn && this.isLeading) open.signs.push(bytes)
    this.inputs.pushLinkBytes(link, this.#give(bytes), 0, bytes.length)
    this.wake()
  }

  linkClosed(link: LinkId): void {
    if (!this.#links.delete(link)) return
    this.inputs.pushLinkClosed(link)
    this.wake()
  }

  linkDrained(link: LinkId): void {
    if (!this.#links.has(link)) return
    this.inputs.pushLinkDrained(link)
    this.wake()
  }

  /** Somebody who has connected to the quorum port, or this server to somebody else's. */
  acceptLink(link: LinkId, connection: QuorumConnection, from: number, isOwn: boolean): void {
    const { expiry } = this.#world
    const signs = new LearnerSigns(
      isOwn
        ? { pinged: (sessions) => this.#signs.passedOn(sessions), revalidated: () => undefined }
        : {
            pinged: (sessions) => {
              for (const session of sessions) expiry.heard(this.sid, session)
            },
            revalidated: (session) => expiry.heard(this.sid, session)
          }
    )
    this.#links.set(link, { connection, writer: new JuteWriter(1024), signs, isOwn })
    this.inputs.pushLinkOpened(link, `server-${from}`)
    this.wake()
  }

  nextLink(): LinkId {
    return ++this.#lastLink as LinkId
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
    if (inputs === this.#toldOfPort && member.leading !== null) {
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
    for (const [link, { connection, writer, signs, isOwn }] of this.#links) {
      if (writer.offset > 0) {
        const bytes = writer.copyBytes()
        if (isOwn) signs.push(bytes)
        connection.send(this, bytes)
        writer.reset()
      }
      if (this.#awaitingDrain.delete(link)) connection.awaitDrained(this)
    }
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
    return this.#links.get(link)?.writer ?? this.#nowhere.reset()
  }

  awaitLinkDrained(link: LinkId): void {
    this.#awaitingDrain.add(link)
  }

  closeLink(link: LinkId): void {
    this.#connecting.delete(link)
    const found = this.#links.get(link)
    if (found === undefined) return
    if (found.writer.offset > 0) found.connection.send(this, found.writer.copyBytes())
    found.connection.close(this)
    this.#links.delete(link)
  }

  openLearnerPort(observerMasterPort: number | null): void {
    this.#learnerPortTry++
    this.listeningPorts = []
    if (!this.#server.canServeLearners) return this.#learnerPortTaken(observerMasterPort)
    this.listeningPorts =
      observerMasterPort === null ? this.#addresses.map(({ quorumPort }) => quorumPort) : [observerMasterPort]
  }

  closeLearnerPort(): void {
    this.#learnerPortTry++
    this.listeningPorts = []
  }

  /** A leader is told; the port for observers is tried again, as the shell does. */
  #learnerPortTaken(observerMasterPort: number | null): void {
    const { agenda } = this.#world
    if (observerMasterPort === null) {
      this.#world.count('portsTakenOfLeaders')
      this.inputs.pushLearnerPortFailed('the port is taken')
      this.#toldOfPort = this.inputs
      return this.wake()
    }
    this.#world.count('portsTakenOfMasters')
    const current = this.#learnerPortTry
    agenda.after(PORT_RETRY_MS, () => {
      if (this.isUp && current === this.#learnerPortTry) this.openLearnerPort(observerMasterPort)
    })
  }

  connectToLeader(link: LinkId, sid: number, addresses: readonly MemberAddress[]): void {
    this.#connecting.add(link)
    const ports = addresses.map(({ quorumPort }) => quorumPort)
    this.#tryConnect(link, sid, ports, CONNECT_TRIES)
  }

  #tryConnect(link: LinkId, sid: number, ports: readonly number[], tries: number): void {
    const { network, agenda } = this.#world
    agenda.after(network.delayMs(this.sid, sid) + network.delayMs(sid, this.sid), () => {
      if (!this.isUp || !this.#connecting.has(link)) return
      const other = this.#world.server(sid)?.process ?? null
      const isListening = other?.listeningPorts.some((port) => ports.includes(port)) === true
      if (other !== null && isListening && network.canConnect(this.sid, sid)) {
        this.#connecting.delete(link)
        const there = other.nextLink()
        const connection = new QuorumConnection(network, { end: this, link }, { end: other, link: there })
        if (!other.isLeading) this.#world.count('observerMasters')
        this.acceptLink(link, connection, sid, true)
        other.acceptLink(there, connection, this.sid, false)
      } else if (tries > 1) agenda.after(CONNECT_RETRY_MS, () => this.#tryConnect(link, sid, ports, tries - 1))
      else {
        this.#connecting.delete(link)
        this.inputs.pushLinkClosed(link)
        this.wake()
      }
    })
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
