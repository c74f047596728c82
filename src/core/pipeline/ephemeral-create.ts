import { JuteError, type JuteReader } from 'jute-ts'
import {
  decodeCreateRequest,
  decodeMultiHeader,
  skipCheckVersionRequest,
  skipCreateTTLRequest,
  skipDeleteRequest,
  skipSetDataRequest
} from '../../protocol/generated/proto.ts'
import { CreateMode, OpCode } from '../../protocol/op-code.ts'

/**
 * Whether a request creates an ephemeral znode, for which a local session has to become a global one. The reader is left
 * where it stood, at the request's body; a body that cannot be read creates nothing.
 *
 * @see `UpgradeableSessionTracker`, `QuorumZooKeeperServer.checkUpgradeSession`
 */
export function createsEphemeral(type: number, reader: JuteReader): boolean {
  if (type !== OpCode.create && type !== OpCode.create2 && type !== OpCode.multi) return false
  const { offset } = reader
  try {
    return type === OpCode.multi ? hasEphemeralCreate(reader) : isEphemeral(decodeCreateRequest(reader).flags)
  } catch (error) {
    if (error instanceof JuteError) return false
    throw error
  } finally {
    reader.offset = offset
  }
}

function isEphemeral(flags: number): boolean {
  return flags === CreateMode.ephemeral || flags === CreateMode.ephemeralSequential
}

function hasEphemeralCreate(reader: JuteReader): boolean {
  for (let header = decodeMultiHeader(reader); !header.done; header = decodeMultiHeader(reader)) {
    switch (header.type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
        if (isEphemeral(decodeCreateRequest(reader).flags)) return true
        break
      case OpCode.createTTL:
        skipCreateTTLRequest(reader)
        break
      case OpCode.delete:
        skipDeleteRequest(reader)
        break
      case OpCode.setData:
        skipSetDataRequest(reader)
        break
      case OpCode.check:
        skipCheckVersionRequest(reader)
        break
      default:
        return false
    }
  }
  return false
}
