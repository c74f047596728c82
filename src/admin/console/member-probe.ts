import { connect } from 'node:net'
import type { EnsembleMember } from '../../core/zab/membership/ensemble-config.ts'

/** What a member says of itself. */
export interface MemberStatus {
  readonly mode: string
  readonly zxid: bigint
  readonly connections: number
  readonly averageLatencyMs: number
  readonly nodeCount: number
}

const ANSWER_MS_MAX = 1_000
const ANSWER_LENGTH_MAX = 4_096
/** An answer is used again for so long, whoever asks. */
const FRESH_MS = 1_500

interface Asked {
  readonly atMs: number
  readonly answer: Promise<MemberStatus | null>
}

/**
 * Asks members of the ensemble how they are, by the four-letter word `srvr` at the client port that the configuration
 * names: every member of either kind answers that.
 */
export class MemberProbe {
  readonly #asked = new Map<string, Asked>()

  /** Null if it does not answer; undefined if it cannot be asked: the configuration names no port without TLS. */
  status({ clientAddress, clientPort, addresses }: EnsembleMember): Promise<MemberStatus | null> | undefined {
    if (clientPort === null) return undefined
    const isAny = clientAddress === null || clientAddress === '0.0.0.0' || clientAddress === '::'
    const host = isAny ? (addresses[0]?.host ?? '') : clientAddress
    const key = `${host} ${clientPort}`
    const nowMs = performance.now()
    const known = this.#asked.get(key)
    if (known !== undefined && nowMs - known.atMs < FRESH_MS) return known.answer
    // The configuration is what bounds this, and servers that have left it are forgotten.
    if (this.#asked.size > 100) this.#asked.clear()
    const answer = ask(host, clientPort)
    this.#asked.set(key, { atMs: nowMs, answer })
    return answer
  }
}

function ask(host: string, port: number): Promise<MemberStatus | null> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ host, port }, () => socket.end('srvr'))
    const deadline = setTimeout(() => socket.destroy(), ANSWER_MS_MAX)
    socket.setEncoding('latin1')
    socket.on('data', (piece: string) => {
      text += piece
      if (text.length > ANSWER_LENGTH_MAX) socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(deadline)
      resolve(statusOf(text))
    })
  })
}

/** Null for an answer that does not say how the server is, such as that it is not serving. */
export function statusOf(text: string): MemberStatus | null {
  const figureOf = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]
  const mode = figureOf('Mode')
  const zxid = figureOf('Zxid')
  if (mode === undefined || zxid === undefined || !/^0x[0-9a-f]{1,16}$/.test(zxid)) return null
  return {
    mode,
    zxid: BigInt(zxid),
    connections: Number(figureOf('Connections') ?? 0),
    averageLatencyMs: Number((figureOf('Latency min/avg/max') ?? '0/0/0').split('/')[1]),
    nodeCount: Number(figureOf('Node count') ?? 0)
  }
}
