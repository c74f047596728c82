import type { Socket } from 'node:net'
import type { MemberAddress } from '../../core/zab/membership/ensemble-config.ts'
import type { Logger } from '../logging/logger.ts'
import { LimitedLog } from './limited-log.ts'
import type { PeerLinks } from './peer-links.ts'
import type { PeerTransport } from './peer-transport.ts'
import { PortListener } from './port-listener.ts'
import { CallerAuthentication } from './sasl/caller-authentication.ts'
import type { PeerAuthentication } from './sasl/peer-authentication.ts'

export interface LearnerPortSettings {
  /** Listen on all addresses of the machine instead of those of the own line (`quorumListenOnAllIPs`). */
  readonly listenOnAllIps: boolean
  /** `leader.nodelay` */
  readonly noDelay: boolean
  readonly keepAlive: boolean
  /** In which a learner must prove who it is. */
  readonly authenticationTimeoutMs: number
}

/** Open links above which a connection is turned away: far more than an ensemble has. */
const LINK_COUNT_MAX = 1000
const NOTHING = Buffer.alloc(0)

/** The quorum port, open while this server leads, or wants to; or the port for observers, open while it follows. */
export class LearnerPort {
  readonly #settings: LearnerPortSettings
  readonly #links: PeerLinks
  readonly #transport: PeerTransport
  readonly #log: Logger
  readonly #limitedLog: LimitedLog
  /** Null: learners need not authenticate themselves. */
  readonly #callers: CallerAuthentication | null
  #listener: PortListener | null = null

  constructor(
    settings: LearnerPortSettings,
    links: PeerLinks,
    transport: PeerTransport,
    authentication: PeerAuthentication | null,
    log: Logger
  ) {
    this.#settings = settings
    this.#links = links
    this.#transport = transport
    this.#log = log
    this.#limitedLog = new LimitedLog(log)
    this.#callers =
      authentication === null
        ? null
        : new CallerAuthentication(authentication, settings.authenticationTimeoutMs, this.#limitedLog)
  }

  /** Ports that are bound; none while it is closed. */
  get boundPorts(): readonly number[] {
    return this.#listener?.ports ?? []
  }

  /**
   * Listens. A quorum port that cannot be opened at any address is told of at once: a leader without it cannot lead. One
   * for observers is tried again every second until `close`.
   *
   * @param own addresses of this server in the configuration
   * @param failed called at most once, and not after `close`
   * @param observerMasterPort to listen on instead of the quorum port; null if not
   */
  open(
    own: readonly MemberAddress[],
    failed: (problem: string) => void,
    observerMasterPort: number | null = null
  ): void {
    this.close()
    const { listenOnAllIps, noDelay, keepAlive } = this.#settings
    const name = observerMasterPort === null ? 'quorum port' : 'port for observers'
    const named = own.map(({ host, quorumPort }) => ({
      host: listenOnAllIps ? null : host,
      port: observerMasterPort ?? quorumPort
    }))
    const addresses = named.filter(
      (one, index) => named.findIndex(({ host, port }) => host === one.host && port === one.port) === index
    )
    const listener = new PortListener(
      { name, addresses, bindTries: observerMasterPort === null ? 1 : 0, socket: { noDelay, keepAlive } },
      this.#transport,
      (socket) => {
        if (this.#links.count < LINK_COUNT_MAX) return this.#accept(socket)
        this.#limitedLog.warn('full', `turning a connection to the ${name} away: ${LINK_COUNT_MAX} are open`)
        socket.on('error', ignore)
        socket.destroy()
      },
      this.#log
    )
    this.#listener = listener
    listener.open().catch((error: Error) => {
      if (this.#listener === listener) failed(`the ${name} cannot be opened: ${error.message}`)
    })
  }

  /** Accepts no more. Open links stay. */
  close(): void {
    this.#listener?.close()
    this.#listener = null
    this.#callers?.closeAll()
  }

  #accept(socket: Socket): void {
    if (this.#callers === null) return this.#links.accept(socket)
    this.#callers.add(socket, NOTHING, () => {
      if (!socket.destroyed) this.#links.accept(socket)
    })
  }
}

function ignore(): void {
  // The connection is not wanted; how it ends does not matter.
}
