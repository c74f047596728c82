import { JuteReader, JuteWriter } from 'jute-ts'
import { createAclChecker } from '../../../src/core/acl/acl-checker.ts'
import type { EnsembleOutbox, RoleView, StorageRequest } from '../../../src/core/ensemble/ensemble-outbox.ts'
import { EnsemblePeer } from '../../../src/core/ensemble/ensemble-peer.ts'
import type { EnsembleSettings } from '../../../src/core/ensemble/ensemble-settings.ts'
import { InputBatch } from '../../../src/core/input-batch.ts'
import { createMetrics, createServerStats } from '../../../src/core/metrics.ts'
import type { PersistBatch, SnapshotSummary } from '../../../src/core/outbox.ts'
import type { CoreSettings } from '../../../src/core/pipeline/core-settings.ts'
import { SlowRequests } from '../../../src/core/pipeline/slow-requests.ts'
import type { ConnectionId } from '../../../src/core/ports.ts'
import { applyToSessions } from '../../../src/core/session/follow-txn.ts'
import { SessionTable } from '../../../src/core/session/session-table.ts'
import { PlainTree } from '../../../src/core/tree/plain-tree.ts'
import { CommitLog } from '../../../src/core/zab/commit-log.ts'
import { formatConfigText, parseConfigText } from '../../../src/core/zab/membership/config-text.ts'
import type { EnsembleConfig, MemberAddress } from '../../../src/core/zab/membership/ensemble-config.ts'
import { memberOf, quorumAddressesText } from '../../../src/core/zab/membership/member-of.ts'
import type { LinkId } from '../../../src/core/zab/peer-link.ts'
import { ServerState } from '../../../src/core/zab/vote.ts'
import { compareInt64 } from '../../../src/protocol/int64.ts'
import { decodeTxn } from '../../../src/protocol/txn.ts'
import { ReplyFrames } from '../../../src/simulator/reply-frames.ts'
import { DEFAULT_SETTINGS, testHash } from '../peer-harness.ts'

const TICK_MS = 100
const LATENCY_MS = 2
const SYNC_MS = 3
/** What the servers call a slow request. */
const SLOW_MS = 50

/** A transaction on a disk. */
interface Logged {
  readonly hi: number
  readonly lo: number
  readonly bytes: Buffer
}

interface StoredSnapshot {
  readonly hi: number
  readonly lo: number
  readonly bytes: Buffer
}

/** What a server has on its disk: survives a restart. */
class Disk {
  log: Logged[] = []
  snapshot: StoredSnapshot | null = null
  acceptedEpoch = 0
  currentEpoch = 0
  /** Texts of the configuration files; null where there is none. */
  config: string | null = null
  next: string | null = null
}

/** Several members of one ensemble with a network and disks that only delay: what is sent arrives, in order for each link. */
export class EnsembleWorld {
  nowMs = 1_000_000
  readonly nodes = new Map<number, Node>()
  readonly config: EnsembleConfig
  readonly settings: Partial<EnsembleSettings>
  readonly core: Partial<CoreSettings>
  readonly lines: string[] = []
  readonly #events: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = []
  #order = 0

  constructor(config: EnsembleConfig, settings: Partial<EnsembleSettings> = {}, core: Partial<CoreSettings> = {}) {
    this.config = config
    this.settings = settings
    this.core = core
  }

  /** What the oracle of each server says, where they have oracles. */
  readonly grants = new Map<number, boolean>()

  oracleOf(sid: number): Pick<EnsembleSettings, 'oracle'> {
    const { grants } = this
    if (!grants.has(sid)) return {}
    return {
      oracle: {
        get grants() {
          return grants.get(sid) === true
        }
      }
    }
  }

  /** Something that happens after a while. */
  after(delayMs: number, run: () => void): void {
    this.#events.push({ atMs: this.nowMs + delayMs, order: this.#order++, run })
  }

  /** @param config what the configuration file of a new server says, if not what those of all say */
  start(sid: number, config: EnsembleConfig = this.config): Node {
    const disk = this.nodes.get(sid)?.disk ?? new Disk()
    disk.config ??= formatConfigText(config)
    const node = new Node(this, sid, disk)
    this.nodes.set(sid, node)
    node.wake()
    return node
  }

  node(sid: number): Node {
    const node = this.nodes.get(sid)
    if (node === undefined) throw new Error(`no server ${sid}`)
    return node
  }

  /** Runs until the condition holds. @throws after so many ms of the world's time */
  until(condition: () => boolean, limitMs = 20_000): void {
    const endMs = this.nowMs + limitMs
    while (!condition()) {
      const next = this.#next()
      if (next === null || next.atMs > endMs) {
        throw new Error(`still waiting after ${limitMs} ms:\n${this.lines.slice(-60).join('\n')}`)
      }
      this.#events.splice(this.#events.indexOf(next), 1)
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.run()
    }
  }

  /** Lets so much time go by. */
  run(forMs: number): void {
    const endMs = this.nowMs + forMs
    this.after(forMs, () => undefined)
    this.until(() => this.nowMs >= endMs, forMs + 1)
  }

  get leader(): Node | undefined {
    return [...this.nodes.values()].find(
      ({ isUp, view }) => isUp && view.state === ServerState.leading && view.isServing
    )
  }

  #next() {
    let next = null
    for (const event of this.#events) {
      if (next === null || event.atMs < next.atMs || (event.atMs === next.atMs && event.order < next.order))
        next = event
    }
    return next
  }
}

/** A link that nobody has. */
const NOWHERE = 0 as LinkId

interface End {
  readonly node: Node
  readonly link: LinkId
}

/** One server: the member, its disk and its sockets. */
export class Node implements EnsembleOutbox {
  readonly sid: number
  readonly disk: Disk
  readonly tree: PlainTree
  readonly sessions: SessionTable
  readonly peer: EnsemblePeer
  readonly slow = new SlowRequests(SLOW_MS)
  isUp = true
  view: RoleView = { state: ServerState.looking, leader: null, isServing: false, isReadOnly: false }
  /** Where learners reach it now, as text; null while its quorum port is closed. */
  listensAt: string | null = null
  /** Another program has its quorum port. */
  isQuorumPortTaken = false
  /** That one takes connections there, and says nothing. */
  isTakerSilent = false
  isObserverMaster = false
  /** Nobody reaches its port for observers. */
  isDeafToObservers = false
  /** Whether what is written to links is ever known to be sent. */
  mayDrain = true
  isDiskFull = false
  /** Its log cannot be cut: the snapshot that it begins after is newer than what a leader wants. */
  isTruncationImpossible = false
  readonly #world: EnsembleWorld
  #inputs = new InputBatch()
  readonly #given: Buffer[] = []
  #isScheduled = false
  #wakeMs = Number.POSITIVE_INFINITY
  readonly #links = new Map<LinkId, { readonly writer: JuteWriter; readonly other: End }>()
  #lastLink = 0
  readonly #nowhere = new JuteWriter()
  readonly #clients = new Map<ConnectionId, Client>()
  readonly #frames = new ReplyFrames((id, frame) => this.#clients.get(id)?.frames.push(frame))
  #snapshotParts: Buffer[] = []
  #installEpoch: number | null = null
  #lastConnection = 0
  /** Newest message to each server, and whom this one has been connected with. */
  readonly #notifications = new Map<number, Buffer>()
  readonly #met = new Set<Node>()
  /** Of its own line. */
  #ownAddresses: readonly MemberAddress[]

  constructor(world: EnsembleWorld, sid: number, disk: Disk) {
    this.#world = world
    this.sid = sid
    this.disk = disk
    this.tree = new PlainTree(testHash, { digestEnabled: true, extendedTypesEnabled: true })
    this.sessions = new SessionTable(TICK_MS, world.nowMs)
    this.#load()
    const commitLog = new CommitLog(500, 1 << 24)
    for (const { hi, lo, bytes } of disk.log.slice(-500)) commitLog.add(hi, lo, bytes)
    const config = disk.config === null ? world.config : parseConfigText(disk.config)
    this.#ownAddresses = memberOf(config, sid)?.addresses ?? []
    this.peer = new EnsemblePeer({
      settings: {
        ...DEFAULT_SETTINGS,
        serverId: sid,
        tickTimeMs: TICK_MS,
        minSessionTimeoutMs: 200,
        reconfigEnabled: world.settings.reconfigEnabled ?? false,
        ...world.core
      },
      hash: testHash,
      tree: this.tree,
      sessions: this.sessions,
      replayed: { txnCount: 0, bytes: 0 },
      acl: createAclChecker({ providers: [], skipAcl: true }),
      metrics: createMetrics(),
      stats: createServerStats(),
      slow: this.slow,
      seed: sid,
      monotonicMs: world.nowMs,
      out: this,
      ensemble: {
        sid,
        tickTimeMs: TICK_MS,
        initLimitTicks: 10,
        syncLimitTicks: 5,
        minNotificationIntervalMs: 200,
        maxNotificationIntervalMs: 2000,
        maxConcurrentSnapSyncs: 10,
        maxConcurrentDiffSyncs: 100,
        forceSnapshotSync: false,
        snapshotSizeFactor: 0.33,
        reconfigEnabled: false,
        maxTimeToWaitForEpochMs: -1,
        dataBytesMax: 1 << 26,
        leaderServes: true,
        standaloneEnabled: true,
        multiAddressEnabled: false,
        readOnlyModeEnabled: false,
        ...world.settings,
        ...world.oracleOf(sid)
      },
      acceptedEpoch: disk.acceptedEpoch,
      currentEpoch: disk.currentEpoch,
      config,
      lastSeen: disk.next === null ? null : parseConfigText(disk.next),
      commitLog
    })
    this.#tick()
  }

  /** Ends it as kill -9 does: what was not synced is gone. */
  crash(): void {
    this.isUp = false
    for (const [, { other }] of this.#links) this.#tellClosed(other)
    this.#links.clear()
  }

  wake(): void {
    if (this.#isScheduled || !this.isUp) return
    this.#isScheduled = true
    this.#world.after(0, () => this.#step())
  }

  /** Opens a connection; `resumed` is one whose session it takes over. */
  connect(timeoutMs = 1000, resumed: Client | null = null, readOnly = false): Client {
    const id = ++this.#lastConnection as ConnectionId
    const client = new Client(this, id)
    this.#clients.set(id, client)
    this.#inputs.pushOpened(id, '127.0.0.1')
    const writer = new JuteWriter(64)
    writer.writeInt(0)
    writer.writeInt64(0, 0)
    writer.writeInt(timeoutMs)
    writer.writeLong(resumed?.sessionId ?? 0n)
    writer.writeBuffer(resumed?.password ?? new Uint8Array(16))
    writer.writeBool(readOnly)
    this.send(id, writer.copyBytes())
    return client
  }

  send(id: ConnectionId, frame: Buffer): void {
    const given = Buffer.from(frame)
    this.#given.push(given)
    this.#inputs.pushFrame(id, given, 0, given.length, Math.floor(this.#world.nowMs))
    this.wake()
  }

  #step(): void {
    this.#isScheduled = false
    if (!this.isUp) return
    const inputs = this.#inputs
    this.#inputs = new InputBatch()
    inputs.monotonicMs = this.#world.nowMs
    inputs.wallMs = 1_700_000_000_000 + this.#world.nowMs
    this.peer.step(inputs, this)
    this.peer.settle(this.#world.nowMs)
    // The bytes of frames and links are the shell's again: who has kept a view of them sees this.
    for (const frame of this.#given.splice(0)) frame.fill(0xdd)
    this.#flush()
    const { nextStepMs } = this.peer
    if (nextStepMs < this.#wakeMs) {
      this.#wakeMs = nextStepMs
      this.#world.after(Math.max(1, nextStepMs - this.#world.nowMs), () => {
        this.#wakeMs = Number.POSITIVE_INFINITY
        this.wake()
      })
    }
  }

  #tick(): void {
    if (!this.isUp) return
    this.#inputs.pushTick()
    this.wake()
    this.#world.after(TICK_MS / 2, () => this.#tick())
  }

  #flush(): void {
    for (const [, { writer, other }] of this.#links) {
      if (writer.offset === 0) continue
      const bytes = writer.copyBytes()
      writer.reset()
      this.#world.after(LATENCY_MS, () => other.node.#receive(other.link, bytes))
    }
  }

  #receive(link: LinkId, bytes: Buffer): void {
    if (!this.isUp || !this.#links.has(link)) return
    this.#given.push(bytes)
    this.#inputs.pushLinkBytes(link, bytes, 0, bytes.length)
    this.wake()
  }

  #tellClosed(end: End): void {
    this.#world.after(LATENCY_MS, () => {
      if (!end.node.isUp || !end.node.#links.delete(end.link)) return
      end.node.#inputs.pushLinkClosed(end.link)
      end.node.wake()
    })
  }

  #answer(run: () => void): void {
    this.#world.after(SYNC_MS, () => {
      if (!this.isUp) return
      run()
      this.wake()
    })
  }

  /** A disk that is full takes nothing until there is room. */
  #whenDiskTakes(run: () => void): void {
    this.#answer(() => {
      if (this.isDiskFull) this.#whenDiskTakes(run)
      else run()
    })
  }

  #load(): void {
    const { snapshot, log } = this.disk
    const from = snapshot ?? { hi: 0, lo: 0, bytes: null }
    if (snapshot !== null) {
      const loader = this.tree.loadSnapshot(snapshot.hi, snapshot.lo)
      loader.push(snapshot.bytes)
      this.sessions.clear()
      this.sessions.restore(loader.sessions, this.#world.nowMs)
    }
    for (const { hi, lo, bytes } of log) {
      if (compareInt64(hi, lo, from.hi, from.lo) <= 0) continue
      const txn = decodeTxn(new JuteReader(bytes))
      this.tree.apply(txn, null)
      applyToSessions(txn, this.sessions, this.#world.nowMs)
    }
  }

  // ---- Outbox -------------------------------------------------------------------------------------------------------

  beginReply(id: ConnectionId, xid: number, zxidHi: number, zxidLo: number, err: number): JuteWriter {
    return this.#frames.beginReply(id, xid, zxidHi, zxidLo, err)
  }

  beginFrame(id: ConnectionId): JuteWriter {
    return this.#frames.beginFrame(id)
  }

  endFrame(): number {
    return this.#frames.endFrame()
  }

  notify(): number {
    return 0
  }

  close(id: ConnectionId): void {
    const client = this.#clients.get(id)
    if (client !== undefined) client.isClosed = true
    this.#inputs.pushClosed(id)
    this.wake()
  }

  pauseReading(): void {
    // Nothing is sent fast enough here.
  }

  resumeReading(): void {
    // As above.
  }

  awaitDrained(id: ConnectionId): void {
    this.#inputs.pushDrained(id)
    this.wake()
  }

  persist(sequence: number, { body }: PersistBatch): void {
    const bytes = Buffer.from(body)
    this.#whenDiskTakes(() => {
      for (let offset = 0; offset < bytes.length; ) {
        const end = offset + 4 + bytes.readInt32BE(offset)
        const txn = bytes.subarray(offset + 4, end)
        const { zxidHi, zxidLo } = decodeTxn(new JuteReader(txn)).header
        this.disk.log.push({ hi: zxidHi, lo: zxidLo, bytes: txn })
        offset = end
      }
      this.#inputs.pushPersisted(sequence)
    })
  }

  snapshotBegin(): void {
    this.#snapshotParts = []
    this.#installEpoch = null
    this.#pull()
  }

  installBegin(_hi: number, _lo: number, currentEpoch: number): void {
    this.#snapshotParts = []
    this.#installEpoch = currentEpoch
    this.#pull()
  }

  snapshotChunk(bytes: Uint8Array): void {
    this.#snapshotParts.push(Buffer.from(bytes))
    this.#pull()
  }

  snapshotEnd({ zxidHi, zxidLo }: SnapshotSummary): void {
    const bytes = Buffer.concat(this.#snapshotParts)
    this.#answer(() => {
      this.disk.snapshot = { hi: zxidHi, lo: zxidLo, bytes }
      if (this.#installEpoch !== null) {
        this.disk.log = []
        this.disk.currentEpoch = this.#installEpoch
      }
      this.#inputs.pushSnapshotDone(true)
    })
  }

  snapshotAbandon(): void {
    this.#snapshotParts = []
  }

  audit(): void {
    throw new Error('audited, though that is off')
  }

  log(level: string, message: string): void {
    this.#world.lines.push(`${this.#world.nowMs} server ${this.sid} ${level}: ${message}`)
  }

  linkWriter(link: LinkId): JuteWriter {
    return this.#links.get(link)?.writer ?? this.#nowhere.reset()
  }

  awaitLinkDrained(link: LinkId): void {
    this.#world.after(LATENCY_MS, () => {
      if (!this.isUp || !this.#links.has(link)) return
      if (!this.mayDrain) return this.awaitLinkDrained(link)
      this.#inputs.pushLinkDrained(link)
      this.wake()
    })
  }

  closeLink(link: LinkId): void {
    const found = this.#links.get(link)
    if (found === undefined) return
    this.#flush()
    this.#links.delete(link)
    this.#tellClosed(found.other)
  }

  sendNotification(to: number, bytes: Uint8Array): void {
    const copy = Buffer.from(bytes)
    this.#notifications.set(to, copy)
    this.#world.after(LATENCY_MS, () => this.#notify(to, copy))
  }

  /** As over connections: who is met for the first time gets the last message that was sent to it before. */
  #notify(to: number, bytes: Buffer): void {
    const node = this.#world.nodes.get(to)
    if (node === undefined || !node.isUp || !this.isUp) return
    node.#inputs.pushNotification(this.sid, bytes, 0, bytes.length)
    node.wake()
    if (this.#met.has(node)) return
    this.#met.add(node)
    node.#met.add(this)
    const last = node.#notifications.get(this.sid)
    if (last !== undefined) this.#world.after(LATENCY_MS, () => node.#notify(this.sid, last))
  }

  openLearnerPort(observerMasterPort: number | null): void {
    const isOpen = observerMasterPort === null && !this.isQuorumPortTaken
    this.listensAt = isOpen ? quorumAddressesText(this.#ownAddresses) : null
    this.isObserverMaster = observerMasterPort !== null
    if (observerMasterPort !== null || !this.isQuorumPortTaken) return
    this.#inputs.pushLearnerPortFailed('the quorum port cannot be opened: it is in use')
    this.wake()
  }

  closeLearnerPort(): void {
    this.listensAt = null
    this.isObserverMaster = false
  }

  connectToLeader(link: LinkId, sid: number, addresses: readonly MemberAddress[]): void {
    const port = addresses[0]?.quorumPort
    const asObserver = port !== undefined && port === this.#world.settings.observerMaster?.port
    this.#world.after(LATENCY_MS, () => this.#tryConnect(link, sid, addresses, asObserver, 20))
  }

  /** Whether learners that try these addresses find its quorum port open. */
  isReachedAt(addresses: readonly MemberAddress[]): boolean {
    const open = this.listensAt?.split(',') ?? []
    return addresses.some((address) => open.includes(quorumAddressesText([address])))
  }

  #tryConnect(
    link: LinkId,
    sid: number,
    addresses: readonly MemberAddress[],
    asObserver: boolean,
    tries: number
  ): void {
    if (!this.isUp) return
    const node = this.#world.nodes.get(sid)
    const isListening = asObserver ? node?.isObserverMaster && !node.isDeafToObservers : node?.isReachedAt(addresses)
    if (node?.isTakerSilent === true && !asObserver) {
      this.#links.set(link, { writer: new JuteWriter(4096), other: { node, link: NOWHERE } })
      this.#inputs.pushLinkOpened(link, 'a stranger')
      return this.wake()
    }
    if (node === undefined || !node.isUp || isListening !== true) {
      if (tries > 0) return this.#world.after(50, () => this.#tryConnect(link, sid, addresses, asObserver, tries - 1))
      this.#inputs.pushLinkClosed(link)
      return this.wake()
    }
    const other = ++node.#lastLink as LinkId
    this.#links.set(link, { writer: new JuteWriter(4096), other: { node, link: other } })
    node.#links.set(other, { writer: new JuteWriter(4096), other: { node: this, link } })
    this.#inputs.pushLinkOpened(link, `server-${sid}`)
    node.#inputs.pushLinkOpened(other, `server-${this.sid}`)
    this.wake()
    node.wake()
  }

  store(request: StorageRequest): void {
    this.#answer(() => this.#store(request))
  }

  #store(request: StorageRequest): void {
    const { disk } = this
    const done = { kind: 'done' } as const
    switch (request.kind) {
      case 'setAcceptedEpoch':
        disk.acceptedEpoch = request.epoch
        return this.#inputs.pushStored(request.id, done)
      case 'setCurrentEpoch':
        disk.currentEpoch = request.epoch
        return this.#inputs.pushStored(request.id, done)
      case 'truncate':
        if (this.isTruncationImpossible) return this.#inputs.pushStored(request.id, { kind: 'impossible' })
        disk.log = disk.log.filter(({ hi, lo }) => compareInt64(hi, lo, request.zxidHi, request.zxidLo) <= 0)
        this.#reload()
        return this.#inputs.pushStored(request.id, done)
      case 'reload':
        this.#reload()
        return this.#inputs.pushStored(request.id, done)
      case 'findInLog': {
        const found = disk.log.findLast(({ hi, lo }) => compareInt64(hi, lo, request.zxidHi, request.zxidLo) <= 0)
        if (found === undefined) return this.#inputs.pushStored(request.id, { kind: 'nothing' })
        return this.#inputs.pushStored(request.id, { kind: 'zxid', zxidHi: found.hi, zxidLo: found.lo })
      }
      case 'readLog': {
        const rows = disk.log
          .filter(({ hi, lo }) => compareInt64(hi, lo, request.afterHi, request.afterLo) > 0)
          .slice(0, 10)
        const last = rows.at(-1)
        if (last === undefined) return this.#inputs.pushStored(request.id, { kind: 'nothing' })
        const writer = new JuteWriter(1024)
        for (const { bytes } of rows) writer.writeBuffer(bytes)
        const body = writer.copyBytes()
        return this.#inputs.pushStored(request.id, { kind: 'slice', lastZxidHi: last.hi, lastZxidLo: last.lo, body })
      }
      case 'writeConfig':
        if (request.which === 'next') disk.next = request.text
        else {
          disk.config = request.text
          disk.next = null
        }
        return this.#inputs.pushStored(request.id, done)
    }
  }

  #reload(): void {
    this.sessions.clear()
    if (this.disk.snapshot === null) {
      const empty = new PlainTree(testHash, { digestEnabled: true, extendedTypesEnabled: true }).openSnapshot([])
      const writer = new JuteWriter(1024)
      while (empty.next(writer, 1024));
      this.tree.loadSnapshot(0, 0).push(writer.copyBytes())
    }
    this.#load()
  }

  roleChanged(view: RoleView): void {
    this.view = view
  }

  configurationChanged(config: EnsembleConfig): void {
    // Elections reach everybody here, whatever the addresses are.
    this.#ownAddresses = memberOf(config, this.sid)?.addresses ?? this.#ownAddresses
  }

  #pull(): void {
    this.#inputs.pushSnapshotPull(1 << 16)
    this.wake()
  }
}

/** A client of one server: what it has got, and requests by hand. */
export class Client {
  readonly id: ConnectionId
  readonly frames: Buffer[] = []
  isClosed = false
  readonly #node: Node
  #xid = 0

  constructor(node: Node, id: ConnectionId) {
    this.#node = node
    this.id = id
  }

  get isConnected(): boolean {
    const [first] = this.frames
    return first !== undefined && first.readInt32BE(4) > 0
  }

  get sessionId(): bigint {
    return this.frames[0]?.readBigInt64BE(8) ?? 0n
  }

  get password(): Buffer {
    return this.frames[0]?.subarray(20, 36) ?? Buffer.alloc(16)
  }

  /** Sends a request and returns its xid. */
  request(type: number, write: (writer: JuteWriter) => void): number {
    const writer = new JuteWriter(256)
    writer.writeInt(++this.#xid)
    writer.writeInt(type)
    write(writer)
    this.#node.send(this.id, writer.copyBytes())
    return this.#xid
  }

  /** Error code of the reply to a request; undefined while there is none. */
  outcome(xid: number): number | undefined {
    return this.reply(xid)?.readInt32BE(12)
  }

  /** Header and record of the reply to a request. */
  reply(xid: number): Buffer | undefined {
    return this.frames.slice(1).find((frame) => frame.readInt32BE(0) === xid)
  }
}
