import type { JuteReader } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import type { Operation } from '../client-operation.ts'
import { demand } from '../violation.ts'
import { showZxid } from '../zxid.ts'
import { checkRead } from './answer-rules.ts'
import type { CommittedHistory } from './committed-history.ts'

const RULE = 'read-only mode'

/**
 * What a server without a leader may answer: no write is acknowledged, and what it shows, however old, is the committed
 * history up to some point. Only at the end of its log there may be what was never committed, as upstream's servers have it,
 * too; it does not change while the client is there.
 */
export class ReadOnlyChecker {
  readonly #history: CommittedHistory
  #zxid = -1
  readCount = 0

  constructor(history: CommittedHistory) {
    this.#history = history
  }

  answered(operation: Operation, zxid: number, err: number, reader: JuteReader): void {
    demand(this.#zxid === -1 || zxid === this.#zxid, RULE, () => `${showZxid(zxid)} after ${showZxid(this.#zxid)}`)
    this.#zxid = zxid
    switch (operation.kind) {
      case 'create':
      case 'delete':
      case 'setData':
      case 'multi':
      case 'reconfig':
      case 'sync':
        return demand(err === ErrorCode.NOTREADONLY, RULE, () => `a ${operation.kind} is answered ${err}`)
      case 'getData':
      case 'exists':
      case 'getChildren2': {
        const count = this.#history.countUpTo(zxid)
        const isCommitted = this.#history.zxidAfter(count) === zxid
        if (isCommitted) checkRead(operation, err, reader, this.#history.tree, count)
        this.readCount++
        return
      }
      default:
    }
  }
}
