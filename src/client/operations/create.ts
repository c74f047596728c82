import type { JuteReader, JuteWriter } from 'jute-ts'
import {
  decodeCreate2Response,
  decodeCreateResponse,
  encodeCreateRequest,
  encodeCreateTTLRequest
} from '../../protocol/generated/proto.ts'
import { highWordOfNumber, lowWordOfNumber } from '../../protocol/int64.ts'
import { CreateMode, OpCode } from '../../protocol/op-code.ts'
import { type AclEntry, wireAcl } from '../acl.ts'
import type { Chroot, NodePath } from '../chroot.ts'
import { BadArgumentsError } from '../errors.ts'
import type { Request } from '../request.ts'
import { type Stat, statOf } from '../stat.ts'

/** Kind of a node; the names are those of the protocol. */
export type CreateModeName = keyof typeof CreateMode

/** A node to create, ready to be written. */
export interface NodeToCreate {
  readonly path: NodePath
  readonly data: Uint8Array | null
  readonly acl: readonly AclEntry[]
  readonly mode: CreateModeName
  /** For the modes with a time to live, in milliseconds. */
  readonly ttlMs: number | null
}

/** A node as `create2` and a transaction answer it. */
export interface CreatedNode {
  /** The path given, with the number that the server appended for a sequential mode. */
  readonly path: string
  readonly stat: Stat
}

/** Longest time to live that a server accepts, in milliseconds: 40 bits. */
export const TTL_MS_MAX = 0xffffffffff

/** Whether the server appends a number to the names of nodes of that mode. */
export function isSequential(mode: CreateModeName): boolean {
  return mode === 'persistentSequential' || mode === 'ephemeralSequential' || mode === 'persistentSequentialWithTtl'
}

/**
 * The request for a node whose Stat the caller does not want. Containers and nodes with a time to live have a request type
 * of their own, whose answer has a Stat all the same.
 */
export function createRequest(node: NodeToCreate, chroot: Chroot): Request<string> {
  const opCode = createOpCode(node, OpCode.create)
  return {
    opCode,
    path: node.path.client,
    encodeBody: (writer) => encodeCreateBody(writer, node),
    decodeBody: (reader) =>
      opCode === OpCode.create
        ? chroot.strip(decodeCreateResponse(reader).path ?? '')
        : decodeCreatedNode(reader, chroot).path
  }
}

/** As `createRequest`, with the new node's Stat. */
export function create2Request(node: NodeToCreate, chroot: Chroot): Request<CreatedNode> {
  return {
    opCode: createOpCode(node, OpCode.create2),
    path: node.path.client,
    encodeBody: (writer) => encodeCreateBody(writer, node),
    decodeBody: (reader) => decodeCreatedNode(reader, chroot)
  }
}

/** @throws BadArgumentsError for a mode that there is not: programs in plain JavaScript may name any */
export function checkMode(mode: CreateModeName, path: string): void {
  if (Object.hasOwn(CreateMode, mode)) return
  throw new BadArgumentsError(`mode must be one of ${Object.keys(CreateMode).join(', ')}, not ${String(mode)}`, {
    path
  })
}

/** @throws BadArgumentsError for a time to live that no server accepts, or one that does not go with the mode */
export function checkTtl(mode: CreateModeName, ttlMs: number | null, path: string): void {
  if (!hasTtl(mode)) {
    if (ttlMs !== null) throw new BadArgumentsError(`a ${mode} node has no time to live`, { path })
    return
  }
  if (ttlMs === null || !Number.isInteger(ttlMs) || ttlMs < 1 || ttlMs > TTL_MS_MAX) {
    throw new BadArgumentsError(`ttlMs must be a whole number from 1 to ${TTL_MS_MAX}`, { path })
  }
}

/** Request type of a create; `plain` is the one for nodes that are neither containers nor have a time to live. */
export function createOpCode(node: NodeToCreate, plain: OpCode): OpCode {
  if (hasTtl(node.mode)) return OpCode.createTTL
  return node.mode === 'container' ? OpCode.createContainer : plain
}

export function encodeCreateBody(writer: JuteWriter, node: NodeToCreate): void {
  const flags = CreateMode[node.mode]
  const record = { path: node.path.server, data: node.data, acl: wireAcl(node.acl), flags }
  if (!hasTtl(node.mode)) {
    encodeCreateRequest(writer, record)
    return
  }
  const ttlMs = node.ttlMs ?? 0
  encodeCreateTTLRequest(writer, { ...record, ttlHi: highWordOfNumber(ttlMs), ttlLo: lowWordOfNumber(ttlMs) })
}

export function decodeCreatedNode(reader: JuteReader, chroot: Chroot): CreatedNode {
  const { path, stat } = decodeCreate2Response(reader)
  return { path: chroot.strip(path ?? ''), stat: statOf(stat) }
}

function hasTtl(mode: CreateModeName): boolean {
  return mode === 'persistentWithTtl' || mode === 'persistentSequentialWithTtl'
}
