import { JuteError, type JuteReader } from 'jute-ts'
import { ErrorCode } from '../../../protocol/error-code.ts'
import {
  decodeCreateRequest,
  decodeCreateTTLRequest,
  decodeDeleteContainerRequest,
  decodeDeleteRequest,
  decodeReconfigRequest,
  decodeSetACLRequest,
  decodeSetDataRequest
} from '../../../protocol/generated/proto.ts'
import { OpCode } from '../../../protocol/op-code.ts'
import { prepareCreate } from './create.ts'
import { prepareDelete, prepareDeleteContainer } from './delete.ts'
import { parseMulti, prepareMulti } from './multi.ts'
import type { PrepareContext, Prepared } from './prepare-context.ts'
import { prepareReconfig } from './reconfig.ts'
import { prepareSetAcl } from './set-acl.ts'
import { prepareSetData } from './set-data.ts'

/** Whether a request type goes through the log. */
export function isWrite(type: number): boolean {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
    case OpCode.delete:
    case OpCode.deleteContainer:
    case OpCode.setData:
    case OpCode.setACL:
    case OpCode.multi:
    case OpCode.reconfig:
      return true
    default:
      return false
  }
}

/**
 * Turns a write into the body of its transaction, or the code that it fails with; both use up a zxid.
 *
 * @returns null for a body that cannot be parsed: that is answered by MARSHALLINGERROR without a zxid (but a multi's
 *   uses one up)
 */
export function prepareWrite(context: PrepareContext, type: number, reader: JuteReader): Prepared | null {
  try {
    return prepareParsed(context, type, reader)
  } catch (error) {
    if (!(error instanceof JuteError)) throw error
    return type === OpCode.multi ? ErrorCode.MARSHALLINGERROR : null
  }
}

function prepareParsed(context: PrepareContext, type: number, reader: JuteReader): Prepared | null {
  const { copies } = context
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer: {
      const { path, data, acl, flags } = decodeCreateRequest(reader)
      return prepareCreate(context, { type, path, data: copies.copyOf(data), acl, flags, ttlHi: -1, ttlLo: -1 })
    }
    case OpCode.createTTL: {
      const { path, data, acl, flags, ttlHi, ttlLo } = decodeCreateTTLRequest(reader)
      return prepareCreate(context, { type, path, data: copies.copyOf(data), acl, flags, ttlHi, ttlLo })
    }
    case OpCode.delete: {
      const { path, version } = decodeDeleteRequest(reader)
      return path === null ? ErrorCode.MARSHALLINGERROR : prepareDelete(context, path, version)
    }
    case OpCode.deleteContainer: {
      const { path } = decodeDeleteContainerRequest(reader)
      return path === null ? null : prepareDeleteContainer(context, path)
    }
    case OpCode.setData: {
      const { path, data, version } = decodeSetDataRequest(reader)
      return prepareSetData(context, path, copies.copyOf(data), version)
    }
    case OpCode.setACL: {
      const { path, acl, version } = decodeSetACLRequest(reader)
      return prepareSetAcl(context, path, acl, version)
    }
    case OpCode.multi: {
      const operations = parseMulti(reader, copies)
      if (operations === 'nullAcl') return null
      return operations === 'malformed' ? ErrorCode.MARSHALLINGERROR : prepareMulti(context, operations)
    }
    default:
      return prepareReconfig(context, decodeReconfigRequest(reader))
  }
}
