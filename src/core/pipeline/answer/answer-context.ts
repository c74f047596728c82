import { getInt, type JuteReader, type JuteWriter } from 'jute-ts'
import type { ClientConnection } from '../../client-connection.ts'
import type { PeerState } from '../peer-state.ts'
import { beginReply } from '../reply.ts'

const LENGTH_BYTES = 4
const NULL_LENGTH = -1

/** One request to be answered from the tree. One object, refilled for each request. */
export class AnswerContext {
  readonly state: PeerState
  /** Stands at the request's body. */
  readonly reader: JuteReader
  connection!: ClientConnection
  xid = 0
  /** Where the reader stood when the request came. */
  bodyStart = 0
  /** Where the path is that `readPath` moved past. */
  #pathStart = 0
  #pathEnd = 0
  /** Bytes of the reply that was ended last; 0 if it was not ended by `end`. */
  replyBytes = 0

  constructor(state: PeerState, reader: JuteReader) {
    this.state = state
    this.reader = reader
  }

  /** Begins the OK reply; the answer writes its record and calls `end`. */
  begin(): JuteWriter {
    return beginReply(this.state, this.connection, this.xid)
  }

  end(): void {
    this.replyBytes = this.state.out.endFrame()
  }

  /**
   * Moves past the path that the body begins with and makes no string of it, which the hot reads do without.
   *
   * @returns false if it is null
   * @throws JuteError as reading it would
   */
  readPath(field: string): boolean {
    const { reader } = this
    reader.skipBuffer(field)
    this.#pathStart = this.bodyStart + LENGTH_BYTES
    this.#pathEnd = reader.offset
    return getInt(reader.buffer, this.bodyStart) !== NULL_LENGTH
  }

  /** The node at the path that `readPath` moved past, or NO_NODE. */
  findNode(): number {
    return this.state.tree.findBytes(this.reader.buffer, this.#pathStart, this.#pathEnd)
  }

  /** The path itself. */
  pathText(): string {
    const { reader } = this
    const { offset } = reader
    reader.rewind(this.bodyStart)
    const path = reader.readString() ?? ''
    reader.rewind(offset)
    return path
  }

  /** Whether the path has the null character, which no name has. */
  hasNullCharacter(): boolean {
    const { buffer } = this.reader
    for (let at = this.#pathStart; at < this.#pathEnd; at++) if (buffer[at] === 0) return true
    return false
  }

  /** Counts what was read of the znode whose path `readPath` moved past: bytes of data. */
  countReadInPlace(bytes: number): void {
    const { namespaces } = this.state
    if (!namespaces.readInPlace(this.reader.buffer, this.#pathStart, this.#pathEnd, bytes)) {
      namespaces.read(this.pathText(), bytes)
    }
  }

  /** Counts what was read of a znode: bytes of data, or of children's names. */
  countRead(path: string, bytes: number): void {
    this.state.namespaces.read(path, bytes)
  }

  /** Whether the connection may do something that needs any of `perms` on a node. */
  isAllowed(node: number, perms: number): boolean {
    return this.state.acl.isAllowed(this.state.tree.acl(node), perms, this.connection.identities)
  }
}

/**
 * Answers one kind of request.
 *
 * @returns 0 when the whole reply has been written, else the error code to reply with
 * @throws JuteError when the body cannot be parsed, before anything has been written: MARSHALLINGERROR
 */
export type Answer = (context: AnswerContext) => number
