import type { ConnectionId, SaslAnswer } from './ports.ts'
import type { StorageAnswer } from './storage-answer.ts'
import type { LinkId } from './zab/peer-link.ts'

/** What happened to the peer since its last step. */
export const InputKind = {
  /** A client connection was accepted; `text` is the client's numeric address. */
  connectionOpened: 1,
  /** A whole frame of a client connection (without its length prefix): `bytes[start, end)`. */
  frame: 2,
  /** A client connection is gone, whoever closed it. */
  connectionClosed: 3,
  /** All batches up to and including sequence `number` are durable. */
  persisted: 4,
  /** Time went on. The shell sends one after everything readable has been read. */
  tick: 5,
  /** The snapshot writer takes up to `number` more bytes. */
  snapshotPull: 6,
  /** The snapshot writer is done with the snapshot it was given (`number` 1) or failed (`number` 0). */
  snapshotDone: 7,
  /** The output of a connection that was `congested`, or for which `awaitDrained` was called, has been sent. */
  drained: 8,
  /** A client does not take its replies; the shell reads no more of its requests until `drained`. */
  congested: 9,
  /** A connection of the quorum port is there: a learner's, or the one to a leader that was asked for; `text` is its peer's address. */
  linkOpened: 10,
  /** Bytes of a link, in any split: `bytes[start, end)`. */
  linkBytes: 11,
  /** A link is gone, or could not be opened. Not for those that the core has closed. */
  linkClosed: 12,
  /** What had been written to a link has been sent, for which `awaitLinkDrained` was called. */
  linkDrained: 13,
  /** Payload of a frame of the election port, `bytes[start, end)`, from the server `number`. */
  notification: 14,
  /** The answer to the storage request `number`. */
  stored: 15,
  /** The port that was to be opened for learners cannot be: `text` says why. Not for one that was closed meanwhile. */
  learnerPortFailed: 16,
  /** The answer to a SASL token that was `pending`. */
  saslAnswered: 17,
  /** A client has shown a certificate in its TLS handshake, and `text` is its id; follows `connectionOpened`. */
  certified: 18
} as const
export type InputKind = (typeof InputKind)[keyof typeof InputKind]

const NO_CONNECTION = -1 as ConnectionId
const NO_BYTES = Buffer.alloc(0)

/**
 * The inputs of one step, as parallel columns that are reused from step to step.
 * perf: a frame costs seven stores and no object.
 *
 * The bytes of a frame belong to the shell: the peer reads them during the step and copies what it keeps.
 */
export class InputBatch {
  /** Monotonic clock of this step, in ms; used for sessions, latencies and deadlines. */
  monotonicMs = 0
  /** Wall clock of this step, in ms since the epoch; used for transaction times and TTLs. */
  wallMs = 0
  /** By how much the last tick came late, in ms: credited to every deadline. */
  lateMs = 0
  #count = 0
  readonly #kinds: InputKind[] = []
  readonly #connections: ConnectionId[] = []
  readonly #bytes: Buffer[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #texts: string[] = []
  readonly #receivedMs: number[] = []
  /** Answers of the storage, by the order of their inputs: they are rare. */
  #answers: StorageAnswer[] = []
  /** Answers to SASL tokens, likewise. */
  #saslAnswers: SaslAnswer[] = []

  get count(): number {
    return this.#count
  }

  /** @param receivedMs monotonic clock when the bytes were read, in whole ms */
  pushFrame(connection: ConnectionId, bytes: Buffer, start: number, end: number, receivedMs: number): void {
    this.#push(InputKind.frame, connection, bytes, start, end, '', receivedMs)
  }

  pushOpened(connection: ConnectionId, address: string): void {
    this.#push(InputKind.connectionOpened, connection, NO_BYTES, 0, 0, address)
  }

  pushCertified(connection: ConnectionId, certificateId: string): void {
    this.#push(InputKind.certified, connection, NO_BYTES, 0, 0, certificateId)
  }

  pushClosed(connection: ConnectionId): void {
    this.#push(InputKind.connectionClosed, connection, NO_BYTES, 0, 0, '')
  }

  pushDrained(connection: ConnectionId): void {
    this.#push(InputKind.drained, connection, NO_BYTES, 0, 0, '')
  }

  pushCongested(connection: ConnectionId): void {
    this.#push(InputKind.congested, connection, NO_BYTES, 0, 0, '')
  }

  pushPersisted(sequence: number): void {
    this.#push(InputKind.persisted, NO_CONNECTION, NO_BYTES, sequence, 0, '')
  }

  pushTick(): void {
    this.#push(InputKind.tick, NO_CONNECTION, NO_BYTES, 0, 0, '')
  }

  pushSnapshotPull(bytesMax: number): void {
    this.#push(InputKind.snapshotPull, NO_CONNECTION, NO_BYTES, bytesMax, 0, '')
  }

  pushSnapshotDone(ok: boolean): void {
    this.#push(InputKind.snapshotDone, NO_CONNECTION, NO_BYTES, ok ? 1 : 0, 0, '')
  }

  pushLinkOpened(link: LinkId, address: string): void {
    this.#push(InputKind.linkOpened, NO_CONNECTION, NO_BYTES, link, 0, address)
  }

  /** The bytes belong to the shell, as a frame's do. */
  pushLinkBytes(link: LinkId, bytes: Buffer, start: number, end: number): void {
    this.#push(InputKind.linkBytes, NO_CONNECTION, bytes, start, end, '', link)
  }

  pushLinkClosed(link: LinkId): void {
    this.#push(InputKind.linkClosed, NO_CONNECTION, NO_BYTES, link, 0, '')
  }

  pushLinkDrained(link: LinkId): void {
    this.#push(InputKind.linkDrained, NO_CONNECTION, NO_BYTES, link, 0, '')
  }

  pushNotification(from: number, bytes: Buffer, start: number, end: number): void {
    this.#push(InputKind.notification, NO_CONNECTION, bytes, start, end, '', from)
  }

  pushStored(request: number, answer: StorageAnswer): void {
    this.#push(InputKind.stored, NO_CONNECTION, NO_BYTES, request, this.#answers.push(answer) - 1, '')
  }

  pushLearnerPortFailed(problem: string): void {
    this.#push(InputKind.learnerPortFailed, NO_CONNECTION, NO_BYTES, 0, 0, problem)
  }

  pushSaslAnswered(connection: ConnectionId, answer: SaslAnswer): void {
    this.#push(InputKind.saslAnswered, connection, NO_BYTES, this.#saslAnswers.push(answer) - 1, 0, '')
  }

  kind(index: number): InputKind {
    return this.#kinds[index] as InputKind
  }

  connection(index: number): ConnectionId {
    return this.#connections[index] as ConnectionId
  }

  bytes(index: number): Buffer {
    return this.#bytes[index] as Buffer
  }

  start(index: number): number {
    return this.#starts[index] as number
  }

  end(index: number): number {
    return this.#ends[index] as number
  }

  /** When a frame was read. */
  receivedMs(index: number): number {
    return this.#receivedMs[index] as number
  }

  /** The number of a `persisted`, `snapshotPull`, `snapshotDone` or `stored`. */
  number(index: number): number {
    return this.#starts[index] as number
  }

  /** The link of a `linkOpened`, `linkClosed` or `linkDrained`. */
  link(index: number): LinkId {
    return this.#starts[index] as LinkId
  }

  /** The link of a `linkBytes`, or the sid of a `notification`. */
  origin(index: number): number {
    return this.#receivedMs[index] as number
  }

  /** Of a `stored`. */
  answer(index: number): StorageAnswer {
    return this.#answers[this.#ends[index] as number] as StorageAnswer
  }

  /** Of a `saslAnswered`. */
  saslAnswer(index: number): SaslAnswer {
    return this.#saslAnswers[this.#starts[index] as number] as SaslAnswer
  }

  text(index: number): string {
    return this.#texts[index] as string
  }

  /** Forgets all inputs, and with them the shell's buffers. */
  clear(): void {
    if (this.#answers.length > 0) this.#answers = []
    if (this.#saslAnswers.length > 0) this.#saslAnswers = []
    for (let index = 0; index < this.#count; index++) this.#bytes[index] = NO_BYTES
    this.#count = 0
  }

  #push(
    kind: InputKind,
    connection: ConnectionId,
    bytes: Buffer,
    start: number,
    end: number,
    text: string,
    receivedMs = 0
  ): void {
    const index = this.#count++
    this.#kinds[index] = kind
    this.#connections[index] = connection
    this.#bytes[index] = bytes
    this.#starts[index] = start
    this.#ends[index] = end
    this.#texts[index] = text
    this.#receivedMs[index] = receivedMs
  }
}
