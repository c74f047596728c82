import { JuteWriter } from 'jute-ts'
import type { InputBatch } from '../core/input-batch.ts'
import type { MemberAddress } from '../core/zab/membership/ensemble-config.ts'
import type { LinkId } from '../core/zab/peer-link.ts'
import type { Agenda } from './agenda.ts'
import type { ExpiryChecker } from './checkers/expiry-checker.ts'
import type { Covered } from './coverage.ts'
import { LearnerSigns } from './learner-signs.ts'
import type { Network } from './network.ts'
import { QuorumConnection, type QuorumEnd } from './quorum-connection.ts'

const CONNECT_TRIES = 5
const CONNECT_RETRY_MS = 50
const PORT_RETRY_MS = 1000

interface OpenLink {
  readonly connection: QuorumConnection
  readonly writer: JuteWriter
  /** Listens to the learner at one of the ends. */
  readonly signs: LearnerSigns
  /** Whether the learner is this one. */
  readonly isOwn: boolean
}

/** What is around the process. */
export interface LinkWorld {
  readonly agenda: Agenda
  readonly network: Network
  readonly expiry: ExpiryChecker
  server(sid: number): { readonly process: { readonly links: QuorumLinks } | null } | undefined
  count(what: Covered): void
}

/** The process that the links are of. */
export interface LinkedProcess {
  readonly sid: number
  readonly isUp: boolean
  readonly isLeading: boolean
  /** Of the step that comes next. */
  readonly inputs: InputBatch
  /** Whether ports for learners can be opened on its machine. */
  readonly canServeLearners: boolean
  wake(): void
  /** Bytes that an input may have until the step over it is done. */
  give(bytes: Buffer): Buffer
  /** This server has told its leader of signs of life. */
  passedOn(sessions: readonly string[]): void
}

/** What a process has of its connections with other servers' quorum ports and of those at its own, and the ports themselves. */
export class QuorumLinks implements QuorumEnd {
  readonly sid: number
  /** Ports that learners can connect to. */
  listeningPorts: readonly number[] = []
  readonly #world: LinkWorld
  readonly #process: LinkedProcess
  readonly #links = new Map<LinkId, OpenLink>()
  readonly #connecting = new Set<LinkId>()
  readonly #awaitingDrain = new Set<LinkId>()
  #lastLink = 0
  /** Counts how often the port for learners was opened or closed. */
  #portTry = 0
  /** Inputs that tell a leader that nobody can reach it. */
  #toldOfPort: InputBatch | null = null
  readonly #nowhere = new JuteWriter(256)

  constructor(world: LinkWorld, process: LinkedProcess) {
    this.#world = world
    this.#process = process
    this.sid = process.sid
  }

  get isUp(): boolean {
    return this.#process.isUp
  }

  /** Connections to or from another server. */
  with(sid: number): QuorumConnection[] {
    return [...this.#links.values()].flatMap(({ connection }) => (connection.sids.includes(sid) ? [connection] : []))
  }

  /** Whether these inputs have told of a port that cannot be opened. */
  haveToldOfPort(inputs: InputBatch): boolean {
    return inputs === this.#toldOfPort
  }

  /** The process is gone. */
  end(): void {
    this.listeningPorts = []
    for (const { connection } of this.#links.values()) connection.cutShort(this)
    this.#links.clear()
  }

  /** What a step has written goes out. */
  flush(): void {
    for (const [link, { connection, writer, signs, isOwn }] of this.#links) {
      if (writer.offset > 0) {
        const bytes = writer.copyBytes()
        if (isOwn) signs.push(bytes)
        connection.send(this, bytes)
        writer.reset()
      }
      if (this.#awaitingDrain.delete(link)) connection.awaitDrained(this)
    }
  }

  // ---- QuorumEnd ----------------------------------------------------------------------------------------------------

  linkBytes(link: LinkId, bytes: Buffer): void {
    const open = this.#links.get(link)
    if (open === undefined) return
    if (!open.isOwn && this.#process.isLeading) open.signs.push(bytes)
    this.#process.inputs.pushLinkBytes(link, this.#process.give(bytes), 0, bytes.length)
    this.#process.wake()
  }

  linkClosed(link: LinkId): void {
    if (!this.#links.delete(link)) return
    this.#process.inputs.pushLinkClosed(link)
    this.#process.wake()
  }

  linkDrained(link: LinkId): void {
    if (!this.#links.has(link)) return
    this.#process.inputs.pushLinkDrained(link)
    this.#process.wake()
  }

  // ---- what the member asks for ---------------------------------------------------------------------------------------

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

  /** @param own addresses of this server */
  openPort(own: readonly MemberAddress[], observerMasterPort: number | null): void {
    this.#portTry++
    this.listeningPorts = []
    if (!this.#process.canServeLearners) return this.#portTaken(own, observerMasterPort)
    this.listeningPorts = observerMasterPort === null ? own.map(({ quorumPort }) => quorumPort) : [observerMasterPort]
  }

  closePort(): void {
    this.#portTry++
    this.listeningPorts = []
  }

  connect(link: LinkId, sid: number, addresses: readonly MemberAddress[]): void {
    this.#connecting.add(link)
    const ports = addresses.map(({ quorumPort }) => quorumPort)
    this.#tryConnect(link, sid, ports, CONNECT_TRIES)
  }

  /** A leader is told; the port for observers is tried again, as the shell does. */
  #portTaken(own: readonly MemberAddress[], observerMasterPort: number | null): void {
    if (observerMasterPort === null) {
      this.#world.count('portsTakenOfLeaders')
      this.#process.inputs.pushLearnerPortFailed('the port is taken')
      this.#toldOfPort = this.#process.inputs
      return this.#process.wake()
    }
    this.#world.count('portsTakenOfMasters')
    const current = this.#portTry
    this.#world.agenda.after(PORT_RETRY_MS, () => {
      if (this.isUp && current === this.#portTry) this.openPort(own, observerMasterPort)
    })
  }

  #tryConnect(link: LinkId, sid: number, ports: readonly number[], tries: number): void {
    const { network, agenda } = this.#world
    agenda.after(network.delayMs(this.sid, sid) + network.delayMs(sid, this.sid), () => {
      if (!this.isUp || !this.#connecting.has(link)) return
      const other = this.#world.server(sid)?.process?.links ?? null
      const isListening = other?.listeningPorts.some((port) => ports.includes(port)) === true
      if (other !== null && isListening && network.canConnect(this.sid, sid)) {
        this.#connecting.delete(link)
        this.#connected(link, other)
      } else if (tries > 1) agenda.after(CONNECT_RETRY_MS, () => this.#tryConnect(link, sid, ports, tries - 1))
      else {
        this.#connecting.delete(link)
        this.#process.inputs.pushLinkClosed(link)
        this.#process.wake()
      }
    })
  }

  #connected(link: LinkId, other: QuorumLinks): void {
    const there = ++other.#lastLink as LinkId
    const connection = new QuorumConnection(this.#world.network, { end: this, link }, { end: other, link: there })
    if (!other.#process.isLeading) this.#world.count('observerMasters')
    this.#accept(link, connection, other.sid, true)
    other.#accept(there, connection, this.sid, false)
  }

  /** Somebody who has connected to the quorum port, or this server to somebody else's. */
  #accept(link: LinkId, connection: QuorumConnection, from: number, isOwn: boolean): void {
    const { expiry } = this.#world
    const signs = new LearnerSigns(
      isOwn
        ? { pinged: (sessions) => this.#process.passedOn(sessions), revalidated: () => undefined }
        : {
            pinged: (sessions) => {
              for (const session of sessions) expiry.heard(this.sid, session)
            },
            revalidated: (session) => expiry.heard(this.sid, session)
          }
    )
    this.#links.set(link, { connection, writer: new JuteWriter(1024), signs, isOwn })
    this.#process.inputs.pushLinkOpened(link, `server-${from}`)
    this.#process.wake()
  }
}
