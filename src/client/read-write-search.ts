import type { Duplex } from 'node:stream'
import type { ServerAddress } from './connect-string.ts'
import type { ServerList } from './server-list.ts'
import type { Transport } from './transport.ts'

const PAUSE_MS_MIN = 100
const PAUSE_MS_MAX = 60_000
const ANSWER_MS_MAX = 1_000
const ANSWER_LENGTH_MAX = 16

/**
 * While a client is connected to a server without a quorum: asks one server after the other whether it has one, by the
 * four-letter word `isro`, with ever longer pauses.
 */
export class ReadWriteSearch {
  readonly #servers: ServerList
  readonly #transport: Transport
  readonly #onFound: (server: ServerAddress) => void
  #pauseMs = PAUSE_MS_MIN
  #timer: NodeJS.Timeout | undefined
  #socket: Duplex | null = null
  #isStopped = false

  constructor(servers: ServerList, transport: Transport, onFound: (server: ServerAddress) => void) {
    this.#servers = servers
    this.#transport = transport
    this.#onFound = onFound
    this.#schedule()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#socket?.destroy()
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#ask(this.#servers.next()), this.#pauseMs)
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MS_MAX)
  }

  #ask(server: ServerAddress): void {
    let answer = ''
    const socket = this.#transport(server, () => socket.write('isro'))
    this.#socket = socket
    const deadline = setTimeout(() => socket.destroy(), ANSWER_MS_MAX)
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      if (answer.length > ANSWER_LENGTH_MAX) socket.destroy()
    })
    socket.on('error', () => socket.destroy()) // a server that is down: the next one is asked after the pause
    socket.on('close', () => {
      clearTimeout(deadline)
      if (this.#isStopped) return
      if (answer.trim() === 'rw') this.#onFound(server)
      else this.#schedule()
    })
  }
}
