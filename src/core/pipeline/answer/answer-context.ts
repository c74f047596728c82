import type { JuteReader, JuteWriter } from 'jute-ts'
import type { ClientConnection } from '../../client-connection.ts'
import type { PeerState } from '../peer-state.ts'
import { beginReply } from '../reply.ts'

const LENGTH_BYTES = 4

/** One request to be answered from the tree. One object, refilled for each request. */
export class AnswerContext {
  readonly state: PeerState
  /** Stands at the request's body. */
  readonly reader: JuteReader
  connection!: ClientConnection
  xid = 0
  /** Where the reader stood when the request came. */
  bodyStart = 0
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

  /** Counts what was read of the znode whose path the request begins with: bytes of data, or of children's names. */
  countRead(path: string, bytes: number): void {
    this.state.namespaces.readAt(this.reader.buffer, this.bodyStart + LENGTH_BYTES, path, bytes)
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
