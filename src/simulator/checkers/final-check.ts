import { JuteWriter } from 'jute-ts'
import type { SessionTable } from '../../core/session/session-table.ts'
import { type DataTree, NO_NODE } from '../../core/tree/data-tree.ts'
import { toHex } from '../../protocol/int64.ts'
import type { ObservedTree } from '../observed-tree.ts'
import { demand } from '../violation.ts'
import { zxidOf } from '../zxid.ts'
import type { CommittedHistory } from './committed-history.ts'

const CONFIG_PATH = '/zookeeper/config'

/** A server at the end. */
export interface Replica {
  readonly sid: number
  readonly tree: ObservedTree
  readonly sessions: SessionTable
}

/** When everything has healed and come to rest, all servers hold what is committed, and the same sessions; nodes to the last byte. */
export function checkReplicas(replicas: readonly Replica[], history: CommittedHistory): void {
  for (const replica of replicas) checkReplica(replica, history)
  const [first, ...others] = replicas.map(({ sid, tree }) => ({ sid, picture: pictureOf(tree, history) }))
  for (const { sid, picture } of others) {
    const line = picture.findIndex((each, index) => each !== first?.picture[index])
    demand(
      line < 0,
      'convergence',
      () => `server ${first?.sid} ends with ${first?.picture[line]}, and server ${sid} with ${picture[line]}`
    )
  }
}

function checkReplica({ sid, tree, sessions }: Replica, history: CommittedHistory): void {
  const count = history.length
  const expectedDigest = history.entries.at(-1)?.digest
  demand(
    expectedDigest === undefined || tree.digest === expectedDigest,
    'convergence',
    () => `server ${sid} ends with digest ${tree.digest}, and not ${expectedDigest}`
  )
  const paths = history.tree.paths()
  demand(
    tree.nodeCount === paths.length,
    'convergence',
    () => `server ${sid} ends with ${tree.nodeCount} nodes instead of ${paths.length}`
  )
  for (const path of paths) {
    if (path.startsWith('/zookeeper')) continue
    const node = tree.find(path)
    demand(node >= 0, 'convergence', () => `server ${sid} ends without ${path}`)
    const model = history.tree.at(path, count)
    const shown = `${Buffer.from(tree.data(node) ?? [])} ${tree.version(node)} ${zxidOf(tree.czxidHi(node), tree.czxidLo(node))}`
    const expected = `${model?.data} ${model?.version} ${model?.czxid}`
    demand(
      path === '/' || shown === expected,
      'convergence',
      () => `server ${sid} ends with ${path} = ${shown} instead of ${expected}`
    )
  }
  checkSessions(sid, sessions, history)
}

/** All of a tree that its servers must have in common, a line for each node. */
function pictureOf(tree: DataTree, history: CommittedHistory): string[] {
  return history.tree.paths().map((path) => {
    const node = tree.find(path)
    if (node === NO_NODE) return `${path} is missing`
    const writer = new JuteWriter(256)
    // Each server puts the configuration there by itself, with its own time.
    if (path !== CONFIG_PATH) tree.writeStat(node, writer)
    tree.writeData(node, writer)
    const children = [...tree.children(node)].sort()
    return `${path} ${tree.path(node)} ${writer.bytes().toString('hex')} ${JSON.stringify([tree.acl(node), children])}`
  })
}

function checkSessions(sid: number, sessions: SessionTable, history: CommittedHistory): void {
  const expected = [...history.aliveSessions()].map(([id, timeoutMs]) => `${id} ${timeoutMs}`).sort()
  const shown = sessions
    .records()
    .map(({ idHi, idLo, timeoutMs }) => `${toHex(idHi, idLo)} ${timeoutMs}`)
    .sort()
  demand(
    shown.join() === expected.join(),
    'convergence',
    () => `server ${sid} ends with the sessions ${shown}, and should have ${expected}`
  )
}
