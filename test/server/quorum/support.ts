import { connect, createServer, type Server, type Socket } from 'node:net'

export { freePort } from '../../../interop/harness/free-port.ts'

import type { EnsembleConfig, EnsembleMember } from '../../../src/core/zab/membership/ensemble-config.ts'
import type { Logger } from '../../../src/server/logging/logger.ts'

/** Polls until the condition holds. */
export async function until(condition: () => boolean, what: string, deadlineMs = 25_000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not bound')
  return address.port
}

export function memberAt(id: number, electionPort: number, quorumPort = 1): EnsembleMember {
  return {
    id,
    addresses: [{ host: '127.0.0.1', quorumPort, electionPort }],
    role: 'participant',
    clientAddress: null,
    clientPort: null,
    secureClientAddress: null,
    secureClientPort: null
  }
}

export function configOf(...members: EnsembleMember[]): EnsembleConfig {
  return { members, groups: [], weights: new Map(), version: 0n }
}

/** Keeps its lines. */
export class RecordingLogger implements Logger {
  readonly infoEnabled = true
  readonly debugEnabled = true
  readonly traceEnabled = true
  readonly lines: string[] = []
  error = (message: string): void => this.#keep('error', message)
  warn = (message: string): void => this.#keep('warn', message)
  info = (message: string): void => this.#keep('info', message)
  debug = (message: string): void => this.#keep('debug', message)
  trace = (message: string): void => this.#keep('trace', message)
  child = (): Logger => this

  count(part: string): number {
    return this.lines.filter((line) => line.includes(part)).length
  }

  #keep(level: string, message: string): void {
    this.lines.push(`${level} ${message}`)
  }
}

/** One side of a connection, by a test's own hand. */
export class RawConnection {
  readonly socket: Socket
  bytes: Buffer = Buffer.alloc(0)
  isEnded = false
  isClosed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {
      this.isClosed = true
    })
    socket.on('data', (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk])
    })
    socket.on('end', () => {
      this.isEnded = true
    })
    socket.on('close', () => {
      this.isClosed = true
    })
  }

  get hex(): string {
    return this.bytes.toString('hex')
  }

  write(hex: string): void {
    this.socket.write(Buffer.from(hex, 'hex'))
  }

  async received(hex: string): Promise<void> {
    await until(() => this.hex.includes(hex), `bytes ${hex.slice(0, 80)}, got ${this.hex.slice(0, 80)}`)
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed || this.isEnded, 'the connection closed')
  }
}

/** A port that a test listens on, with its connections in order. */
export class RawPort {
  readonly connections: RawConnection[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((socket) => this.connections.push(new RawConnection(socket)))
  }

  static async open(port = 0, host = '127.0.0.1'): Promise<RawPort> {
    const raw = new RawPort()
    await new Promise<void>((resolve) => raw.#server.listen(port, host, resolve))
    return raw
  }

  get port(): number {
    return portOf(this.#server)
  }

  async connection(index: number): Promise<RawConnection> {
    await until(() => this.connections.length > index, `connection ${index}`)
    const connection = this.connections[index]
    if (connection === undefined) throw new Error('gone')
    return connection
  }

  close(): void {
    this.#server.close()
    for (const { socket } of this.connections) socket.destroy()
  }
}

export async function dial(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1')
  const connection = new RawConnection(socket)
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return connection
}

/** Whether nobody listens there. */
export function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.once('error', () => resolve(true))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })
}
