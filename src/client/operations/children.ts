import { ErrorCode } from '../../protocol/error-code.ts'
import {
  decodeGetAllChildrenNumberResponse,
  decodeGetChildren2Response,
  decodeGetChildrenResponse,
  decodeGetEphemeralsResponse,
  encodeGetAllChildrenNumberRequest,
  encodeGetChildren2Request,
  encodeGetChildrenRequest,
  encodeGetEphemeralsRequest
} from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Chroot, NodePath } from '../chroot.ts'
import type { Request } from '../request.ts'
import { type Stat, statOf } from '../stat.ts'
import type { OneShotWatch } from './one-shot-watch.ts'

/** Names of a node's children, in no order, and the Stat of the node. */
export interface NodeChildren {
  readonly children: string[]
  readonly stat: Stat
}

export function getChildrenRequest(path: NodePath, watch: OneShotWatch | null): Request<string[]> {
  return {
    opCode: OpCode.getChildren,
    path: path.client,
    encodeBody: (writer) => encodeGetChildrenRequest(writer, { path: path.server, watch: watch !== null }),
    decodeBody: (reader) => names(decodeGetChildrenResponse(reader).children),
    onReply: (wire) => {
      if (wire === ErrorCode.OK) watch?.set('child', path)
    }
  }
}

export function getChildren2Request(path: NodePath, watch: OneShotWatch | null): Request<NodeChildren> {
  return {
    opCode: OpCode.getChildren2,
    path: path.client,
    encodeBody: (writer) => encodeGetChildren2Request(writer, { path: path.server, watch: watch !== null }),
    decodeBody: (reader) => {
      const { children, stat } = decodeGetChildren2Response(reader)
      return { children: names(children), stat: statOf(stat) }
    },
    onReply: (wire) => {
      if (wire === ErrorCode.OK) watch?.set('child', path)
    }
  }
}

/** Count of the nodes below a node, at any depth. */
export function getAllChildrenNumberRequest(path: NodePath): Request<number> {
  return {
    opCode: OpCode.getAllChildrenNumber,
    path: path.client,
    encodeBody: (writer) => encodeGetAllChildrenNumberRequest(writer, { path: path.server }),
    decodeBody: (reader) => decodeGetAllChildrenNumberResponse(reader).totalNumber
  }
}

/** Paths of this session's ephemeral nodes that start with `prefix`, which is compared as text. */
export function getEphemeralsRequest(prefix: NodePath, chroot: Chroot): Request<string[]> {
  return {
    opCode: OpCode.getEphemerals,
    path: null, // a prefix of many
    encodeBody: (writer) => encodeGetEphemeralsRequest(writer, { prefixPath: prefix.server }),
    decodeBody: (reader) =>
      names(decodeGetEphemeralsResponse(reader).ephemerals)
        .filter((path) => chroot.contains(path)) // the prefix of chroot /a also finds /ab
        .map((path) => chroot.strip(path))
  }
}

/** The list off the wire; no server sends nulls in it. */
export function names(list: readonly (string | null)[] | null): string[] {
  return (list ?? []).map((name) => name ?? '')
}
