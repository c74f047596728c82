import { ErrorCode } from '../../protocol/error-code.ts'
import { toHex } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Txn } from '../../protocol/txn.ts'
import type { AuditOperation } from '../audit/audit-record.ts'
import type { AuditedRequest, AuditedWrite } from '../audit/audited-request.ts'
import type { ClientConnection, Proposal } from '../client-connection.ts'
import { type ApplyResult, NO_NODE, type OpResult } from '../tree/data-tree.ts'
import type { Audit } from './audit.ts'
import type { PeerState } from './peer-state.ts'

/**
 * Says what is audited, and when: each write of a client with its outcome when it is applied, in the order of writes;
 * ephemerals when their session ends. What the server deletes by itself (containers, TTL znodes) is not, nor is what a
 * start replays.
 *
 * @see `FinalRequestProcessor`, `AuditHelper`, `DataTree.deleteNodes`
 */
export class AuditTrail implements Audit {
  readonly #state: PeerState
  readonly #serverUser: string

  /** @param serverUser who the server is in its own records */
  constructor(state: PeerState, serverUser: string) {
    this.#state = state
    this.#serverUser = serverUser
  }

  asked(connection: ClientConnection, request: AuditedRequest): AuditedWrite {
    const names = this.#state.acl.clientInfos(connection.identities).map(({ user }) => user ?? '')
    const user = names.filter((name) => name.trim() !== '').join(',')
    return { request, user: user === '' ? null : user }
  }

  applied(proposal: Proposal, result: ApplyResult): void {
    const { audited, txn } = proposal
    if (audited === null) return
    if (txn === null || txn.body.kind === 'error') return this.#write(proposal, audited, audited.request.path, false)
    if (audited.request.operation === 'multiOperation') return this.#multi(proposal, audited, result)
    const single = result.results[0]
    this.#write(proposal, audited, single?.path ?? null, result.err === ErrorCode.OK)
  }

  closing({ header, body }: Txn): void {
    if (body.kind !== 'closeSession') return
    const { tree, out } = this.#state
    const paths = new Set([...(body.paths ?? []), ...tree.ephemeralsOf(header.clientIdHi, header.clientIdLo)])
    for (const znode of paths) {
      out.audit({
        session: sessionText(header.clientIdHi, header.clientIdLo),
        user: this.#serverUser,
        ip: null,
        operation: 'ephemeralZNodeDeletionOnSessionCloseOrExpire',
        znode,
        znodeType: null,
        acl: null,
        result: tree.find(znode) === NO_NODE ? 'failure' : 'success'
      })
    }
  }

  /** Each operation of a multi that succeeded; one record without a path for one that failed. */
  #multi(proposal: Proposal, audited: AuditedWrite, { results }: ApplyResult): void {
    for (const result of results) {
      const operation = operationOf(result)
      if (operation === null) continue
      const znodeType = operation === 'create' ? (audited.request.znodeTypes.get(result.path) ?? null) : null
      const request = { ...audited.request, operation, znodeType }
      this.#write(proposal, { request, user: audited.user }, result.path, true)
    }
    if (results.some(({ type }) => type === OpCode.error)) this.#write(proposal, audited, null, false)
  }

  #write({ session, connection }: Proposal, audited: AuditedWrite, znode: string | null, isSuccess: boolean): void {
    const { operation, znodeType, acl } = audited.request
    this.#state.out.audit({
      session: sessionText(session?.idHi ?? 0, session?.idLo ?? 0),
      user: audited.user,
      ip: connection?.address ?? null,
      operation,
      znode,
      znodeType,
      acl,
      result: isSuccess ? 'success' : 'failure'
    })
  }
}

function operationOf({ type }: OpResult): AuditOperation | null {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return 'create'
    case OpCode.delete:
    case OpCode.deleteContainer:
      return 'delete'
    case OpCode.setData:
      return 'setData'
    default:
      return null
  }
}

function sessionText(hi: number, lo: number): string {
  return `0x${toHex(hi, lo)}`
}
