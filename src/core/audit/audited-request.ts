import { JuteError, type JuteReader } from 'jute-ts'
import type { ACL } from '../../protocol/generated/data.ts'
import {
  decodeCreateRequest,
  decodeCreateTTLRequest,
  decodeDeleteContainerRequest,
  decodeDeleteRequest,
  decodeMultiHeader,
  decodeSetACLRequest,
  decodeSetDataRequest,
  skipCheckVersionRequest,
  skipCreateTTLRequest,
  skipDeleteRequest,
  skipSetDataRequest
} from '../../protocol/generated/proto.ts'
import { OpCode, Perm } from '../../protocol/op-code.ts'
import type { AuditOperation } from './audit-record.ts'

/** What the audit log says of a request by its own words; they are gone when its transaction is applied. */
export interface AuditedRequest {
  readonly operation: AuditOperation
  /** As asked for: without a sequence number. */
  readonly path: string | null
  readonly znodeType: string | null
  readonly acl: string | null
  /** Of a multi: how its creates were to create, by the path asked for. */
  readonly znodeTypes: ReadonlyMap<string | null, string>
}

/** A write of a client that will be audited: its words, and who it was when it asked. */
export interface AuditedWrite {
  readonly request: AuditedRequest
  readonly user: string | null
}

/** By the flags of a create. */
const ZNODE_TYPES: readonly string[] = [
  'persistent',
  'ephemeral',
  'persistent_sequential',
  'ephemeral_sequential',
  'container',
  'persistent_with_ttl',
  'persistent_sequential_with_ttl'
]
const NO_TYPES: ReadonlyMap<string | null, string> = new Map()

/**
 * Reads what is to be kept of a request, and leaves the reader where it was.
 *
 * @param reader stands at the request's body, which need not be whole
 * @returns null for a request that is not audited
 * @see `AuditHelper`
 */
export function readAuditedRequest(type: number, reader: JuteReader): AuditedRequest | null {
  const { offset } = reader
  try {
    return read(type, reader)
  } catch (error) {
    if (!(error instanceof JuteError)) throw error
    reader.offset = offset
    return readBeginning(type, reader)
  } finally {
    reader.offset = offset
  }
}

function read(type: number, reader: JuteReader): AuditedRequest | null {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer: {
      const { path, flags } = decodeCreateRequest(reader)
      return audited('create', path, ZNODE_TYPES[flags])
    }
    case OpCode.createTTL: {
      const { path, flags } = decodeCreateTTLRequest(reader)
      return audited('create', path, ZNODE_TYPES[flags])
    }
    case OpCode.delete:
      return audited('delete', decodeDeleteRequest(reader).path)
    case OpCode.deleteContainer:
      return audited('delete', decodeDeleteContainerRequest(reader).path)
    case OpCode.setData:
      return audited('setData', decodeSetDataRequest(reader).path)
    case OpCode.setACL: {
      const { path, acl } = decodeSetACLRequest(reader)
      return { ...audited('setAcl', path), acl: acl === null ? null : acl.map(entryText).join('') }
    }
    case OpCode.multi:
      return { ...audited('multiOperation', null), znodeTypes: znodeTypesOf(reader) }
    case OpCode.reconfig:
      return audited('reconfig', null)
    default:
      return null
  }
}

/** Of a body that ends early. compat: upstream goes by its half-read record, in which the flags of a create are 0. */
function readBeginning(type: number, reader: JuteReader): AuditedRequest | null {
  const path = pathIfThere(reader)
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return audited('create', path, ZNODE_TYPES[0])
    case OpCode.delete:
    case OpCode.deleteContainer:
      return audited('delete', path)
    case OpCode.setData:
      return audited('setData', path)
    case OpCode.setACL:
      return audited('setAcl', path)
    default:
      return audited('reconfig', null)
  }
}

function pathIfThere(reader: JuteReader): string | null {
  try {
    return reader.readString()
  } catch (error) {
    if (error instanceof JuteError) return null
    throw error
  }
}

function audited(operation: AuditOperation, path: string | null, znodeType?: string): AuditedRequest {
  return { operation, path, znodeType: znodeType ?? null, acl: null, znodeTypes: NO_TYPES }
}

/** compat: those of createTTL are not among them, as upstream. What cannot be read ends the list: the multi fails. */
function znodeTypesOf(reader: JuteReader): ReadonlyMap<string | null, string> {
  const types = new Map<string | null, string>()
  try {
    for (let header = decodeMultiHeader(reader); !header.done; header = decodeMultiHeader(reader)) {
      if (!readMember(header.type, reader, types)) break
    }
  } catch (error) {
    if (!(error instanceof JuteError)) throw error
  }
  return types
}

/** @returns false for a type that no multi can have */
function readMember(type: number, reader: JuteReader, types: Map<string | null, string>): boolean {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer: {
      const { path, flags } = decodeCreateRequest(reader)
      types.set(path, ZNODE_TYPES[flags] ?? '')
      return true
    }
    case OpCode.createTTL:
      skipCreateTTLRequest(reader)
      return true
    case OpCode.delete:
      skipDeleteRequest(reader)
      return true
    case OpCode.setData:
      skipSetDataRequest(reader)
      return true
    case OpCode.check:
      skipCheckVersionRequest(reader)
      return true
    default:
      return false
  }
}

/** compat: nothing stands between one entry and the next, as upstream. */
function entryText({ id, perms }: ACL): string {
  return `${id.scheme}:${id.id}:${permText(perms)}`
}

function permText(perms: number): string {
  const letters = [
    [Perm.create, 'c'],
    [Perm.delete, 'd'],
    [Perm.read, 'r'],
    [Perm.write, 'w'],
    [Perm.admin, 'a']
  ] as const
  return letters.map(([perm, letter]) => ((perms & perm) === 0 ? '' : letter)).join('')
}
