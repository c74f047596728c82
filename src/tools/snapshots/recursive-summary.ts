import { NO_NODE } from '../../core/tree/data-tree.ts'
import type { TextOutput } from '../text-output.ts'
import { ToolError } from '../tool-error.ts'
import { childPath, type LoadedSnapshot } from './load-snapshot.ts'

const EXIT_UNEXPECTED = 1

interface Totals {
  readonly nodeCount: number
  readonly dataBytes: number
}

/**
 * Count and size of what is below each node that has children, in the form of upstream's `SnapshotRecursiveSummary`.
 *
 * @param depthMax levels shown below the first; 0 shows all
 * @throws ToolError when there is no such node
 */
export function printSummary(snapshot: LoadedSnapshot, path: string, depthMax: number, out: TextOutput): void {
  if (snapshot.tree.find(path) === NO_NODE)
    throw new ToolError(`there is no znode ${path} in this snapshot`, EXIT_UNEXPECTED)
  const lines: string[] = []
  summarize(snapshot, path, 0, depthMax, lines)
  out.write(`${lines.join('')}\n`)
}

function summarize(snapshot: LoadedSnapshot, path: string, level: number, depthMax: number, lines: string[]): Totals {
  const { tree, childrenOf } = snapshot
  const node = tree.find(path)
  const names = childrenOf(node)
  let nodeCount = 1
  let dataBytes = tree.dataLength(node)
  const place = lines.length
  const isShown = names.length > 0 && (depthMax === 0 || level <= depthMax)
  if (isShown) lines.push('')
  for (const name of names) {
    const totals = summarize(snapshot, childPath(path, name), level + 1, depthMax, lines)
    nodeCount += totals.nodeCount
    dataBytes += totals.dataBytes
  }
  const indent = '--'.repeat(level)
  if (isShown)
    lines[place] = `${indent} ${path}\n${indent}   children: ${nodeCount - 1}\n${indent}   data: ${dataBytes}\n`
  return { nodeCount, dataBytes }
}
