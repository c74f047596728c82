import { type Server, Socket } from 'node:net'
import { type BareHandle, BareSocket, type BareSurroundings, type PeerName } from './bare-socket.ts'
import type { DirectWrites } from './direct-writes.ts'

/** Releases of Node.js whose function `onread` has been read, and with which the tests have been run. */
const MAJOR_MIN = 20
const MAJOR_MAX = 24

const CALLS = ['useUserBuffer', 'readStart', 'readStop', 'close', 'writeBuffer', 'getpeername', 'setNoDelay'] as const

/**
 * Makes bare sockets, once it is known how: the function that takes what was read, and the symbols under which it looks
 * for what it needs, are not to be had but from a Socket that Node.js has made. So the first connections are Sockets,
 * and all are where Node.js does not look as expected.
 */
export class BareSockets {
  readonly #buffer: Buffer
  readonly #writes: DirectWrites
  readonly #keepAlive: boolean
  #surroundings: BareSurroundings | null = null
  /** Of the handles that are known. */
  #prototype: object | null = null
  #isHopeless = !isKnownRelease()

  /** @param buffer holds what was read, during the call that tells of it */
  constructor(buffer: Buffer, writes: DirectWrites, keepAlive: boolean) {
    this.#buffer = buffer
    this.#writes = writes
    this.#keepAlive = keepAlive
  }

  /** Whether a bare socket can be made of what a server has accepted. */
  knows(handle: object): handle is BareHandle {
    return this.#prototype === Object.getPrototypeOf(handle) && this.#writes.isLearned
  }

  /**
   * Learns from a socket that reads by `DirectReads` into the same buffer; to be called while that tells of a read.
   *
   * @param count bytes that were read
   */
  learnFrom(socket: Socket, count: number): void {
    if (this.#surroundings !== null || this.#isHopeless) return
    const slots = slotsOf(socket)
    // One that does not look as expected will not be followed by others that do.
    if (slots === null || !isUnderstood(slots, this.#buffer, count)) {
      this.#isHopeless = true
      return
    }
    addMembers(slots)
    const { onread, owner } = slots
    const closed = function (this: BareHandle): void {
      const bare: unknown = Reflect.get(this, owner)
      if (bare instanceof BareSocket) bare.closed()
    }
    this.#surroundings = { buffer: this.#buffer, writes: this.#writes, onread, owner, closed }
    this.#prototype = slots.prototype
  }

  /**
   * Takes a connection that has just been accepted, and that it `knows`.
   *
   * @param admit is told the client's address, and whether the connection is let in; else it is closed
   * @returns null if it was not let in
   */
  open(handle: BareHandle, admit: (address: string) => boolean): BareSocket | null {
    const name: PeerName = {}
    // A client that has gone already has no name; the first read tells that it has.
    handle.getpeername(name)
    if (!admit(name.address ?? '') || this.#surroundings === null) {
      handle.close(ignore)
      return null
    }
    handle.setNoDelay(true)
    if (this.#keepAlive) handle.setKeepAlive(true, 0)
    return new BareSocket(handle, name.port ?? 0, this.#surroundings)
  }
}

/**
 * Has each connection that a server accepts offered before Node.js makes a Socket of it. Where Node.js does not look as
 * expected, nothing is.
 *
 * @param server listens already
 * @param take returns whether it takes the handle; if not, it becomes a Socket
 */
export function offerHandles(server: Server, take: (handle: object) => boolean): void {
  const listening: unknown = Reflect.get(server, '_handle')
  if (typeof listening !== 'object' || listening === null) return
  const onconnection: unknown = Reflect.get(listening, 'onconnection')
  if (typeof onconnection !== 'function') return
  Reflect.set(listening, 'onconnection', function (this: unknown, status: number, handle: unknown): void {
    const isTaken = status === 0 && typeof handle === 'object' && handle !== null && take(handle)
    if (!isTaken) Reflect.apply(onconnection, this, [status, handle])
  })
}

/** What `onread` looks for, and where. */
interface Slots {
  readonly prototype: object
  readonly onread: (this: object) => void
  readonly owner: symbol
  readonly updateTimer: symbol
  readonly buffer: symbol
  readonly bufferCallback: symbol
  readonly bufferGenerator: symbol
}

function slotsOf(socket: Socket): Slots | null {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (!isBareHandle(handle) || typeof handle.onread !== 'function') return null
  const owner = symbolOf(handle, 'owner_symbol')
  const updateTimer = symbolOf(Socket.prototype, 'kUpdateTimer')
  const buffer = symbolOf(socket, 'kBuffer')
  const bufferCallback = symbolOf(socket, 'kBufferCb')
  const bufferGenerator = symbolOf(socket, 'kBufferGen')
  if (owner === null || updateTimer === null) return null
  if (buffer === null || bufferCallback === null || bufferGenerator === null) return null
  // Checked as far as it can be.
  const onread = handle.onread as Slots['onread']
  const prototype: object = Object.getPrototypeOf(handle)
  return { prototype, onread, owner, updateTimer, buffer, bufferCallback, bufferGenerator }
}

/** Tries whether `onread` calls another owner, too, for the read under way. */
function isUnderstood(slots: Slots, buffer: Buffer, count: number): boolean {
  let told = -1
  const owner = {
    destroyed: false,
    [slots.updateTimer]: ignore,
    [slots.buffer]: buffer,
    [slots.bufferGenerator]: null,
    [slots.bufferCallback]: (filled: number) => {
      told = filled
    }
  }
  try {
    slots.onread.call({ [slots.owner]: owner })
  } catch (error) {
    // It looked for something that is not there.
    if (error instanceof TypeError) return false
    throw error
  }
  return told === count
}

/** Adds to bare sockets what `onread` looks for under symbols of Node.js. */
function addMembers(slots: Slots): void {
  const { prototype } = BareSocket
  Object.defineProperty(prototype, slots.updateTimer, { value: ignore, configurable: true })
  Object.defineProperty(prototype, slots.bufferGenerator, { value: null, configurable: true })
  Object.defineProperty(prototype, slots.buffer, { value: true, configurable: true })
  Object.defineProperty(prototype, slots.bufferCallback, { value: prototype.filled, configurable: true })
}

function isBareHandle(handle: unknown): handle is BareHandle {
  if (typeof handle !== 'object' || handle === null || !('onread' in handle)) return false
  return CALLS.every((name) => typeof Reflect.get(handle, name) === 'function')
}

function symbolOf(object: object, description: string): symbol | null {
  return Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description) ?? null
}

function isKnownRelease(): boolean {
  const major = Number.parseInt(process.versions.node, 10)
  return major >= MAJOR_MIN && major <= MAJOR_MAX
}

function ignore(): void {
  // Node.js wants a function.
}
