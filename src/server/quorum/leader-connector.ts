import type { Socket } from 'node:net'
import type { MemberAddress } from '../../core/zab/membership/ensemble-config.ts'
import type { LinkId } from '../../core/zab/peer-link.ts'
import type { Logger } from '../logging/logger.ts'
import { connectFirst, type PortAddress, showAddress } from './connect-first.ts'
import { LimitedLog } from './limited-log.ts'
import type { PeerLinks } from './peer-links.ts'
import type { PeerTransport } from './peer-transport.ts'
import type { PeerAuthentication } from './sasl/peer-authentication.ts'
import { proveToServer } from './sasl/prove-to-server.ts'

export interface LeaderConnectorSettings {
  /** For all attempts together: tickTime × initLimit, or × connectToLearnerMasterLimit. */
  readonly limitMs: number
  /** Between two attempts (`zookeeper.leaderConnectDelayDuringRetryMs`). */
  readonly retryDelayMs: number
  /** `follower.nodelay` */
  readonly noDelay: boolean
  readonly keepAlive: boolean
  /** In which the leader must prove who it is. */
  readonly authenticationTimeoutMs: number
}

/** Attempts with the whole delay behind them, as upstream's Learner has them. */
const TRIES_MAX = 5
/**
 * Before them come some in quick succession: a leader that has just been elected listens a moment later than its followers
 * know of it, and a fail-over should not take longer for that.
 */
const QUICK_DELAYS_MS = [5, 10, 20, 40]

/** Connects a learner to its leader's quorum port, or an observer to a follower's port for observers. */
export class LeaderConnector {
  readonly #settings: LeaderConnectorSettings
  readonly #links: PeerLinks
  readonly #transport: PeerTransport
  readonly #authentication: PeerAuthentication | null
  readonly #log: Logger
  readonly #limitedLog: LimitedLog

  constructor(
    settings: LeaderConnectorSettings,
    links: PeerLinks,
    transport: PeerTransport,
    authentication: PeerAuthentication | null,
    log: Logger
  ) {
    this.#settings = settings
    this.#links = links
    this.#transport = transport
    this.#authentication = authentication
    this.#log = log
    this.#limitedLog = new LimitedLog(log)
  }

  /**
   * Ends with `opened` or `closed` of this link, unless it is closed before. Of several addresses the first that answers
   * is used.
   */
  connect(link: LinkId, sid: number, addresses: readonly MemberAddress[]): void {
    const { limitMs, retryDelayMs, noDelay, keepAlive } = this.#settings
    const targets = addresses.map(({ host, quorumPort }) => ({ host, port: quorumPort }))
    const where = `server ${sid} at ${targets.map(showAddress).join(', ')}`
    const endMs = performance.now() + limitMs
    let giveUp: () => void = ignore
    this.#links.connecting(link, () => giveUp())

    const attempt = (tries: number): void => {
      const remainingMs = Math.max(1, endMs - performance.now())
      giveUp = connectFirst(
        targets,
        remainingMs,
        this.#transport,
        { noDelay, keepAlive },
        (socket, address, problem) => {
          if (socket !== null && address !== null) {
            giveUp = this.#connected(link, sid, socket, address)
            return
          }
          const quickMs = QUICK_DELAYS_MS[tries - 1]
          const delayMs = Math.min(quickMs ?? retryDelayMs, retryDelayMs)
          const isLast = tries === QUICK_DELAYS_MS.length + TRIES_MAX || endMs - performance.now() <= delayMs
          const line = `cannot connect to ${where} (attempt ${tries}): ${problem}`
          if (quickMs === undefined) this.#limitedLog.warn('connect', line)
          else this.#log.debug(line)
          if (isLast) return this.#links.failed(link)
          const timer = setTimeout(() => attempt(tries + 1), delayMs)
          giveUp = () => clearTimeout(timer)
        }
      )
    }
    attempt(1)
  }

  /** @returns gives up what is still under way */
  #connected(link: LinkId, sid: number, socket: Socket, address: PortAddress): () => void {
    const where = `server ${sid} at ${showAddress(address)}`
    const exchange = this.#authentication?.newClient(address.host) ?? null
    if (exchange === null) {
      this.#log.info(`connected to ${where}`)
      this.#links.connected(link, socket)
      return ignore
    }
    return proveToServer(socket, exchange, this.#settings.authenticationTimeoutMs, (problem) => {
      if (problem !== null) {
        this.#limitedLog.warn('sasl', `cannot authenticate to ${where}: ${problem}`)
        return this.#links.failed(link)
      }
      this.#log.info(`connected to ${where}, authenticated`)
      this.#links.connected(link, socket)
    })
  }
}

function ignore(): void {
  // Nothing is under way.
}
