import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { timeZone } from '../../cli/zone-name.ts'
import { helpText, type ParsedOptions, parseShortOptions, type ToolOption } from '../short-options.ts'
import type { TextOutput } from '../text-output.ts'
import { ToolError } from '../tool-error.ts'
import { Comparer, describeOutline } from './compare-snapshots.ts'
import { printDetails, printJson } from './format-snapshot.ts'
import { loadSnapshot } from './load-snapshot.ts'
import { printSummary } from './recursive-summary.ts'
import { TreeOutline } from './tree-outline.ts'

/** The command lines of the snapshot tools. All throw ToolError and StorageError. */

const EXIT_UNEXPECTED = 1
const EXIT_INVALID = 2

const FORMATTER_USAGE = [
  'USAGE: SnapshotFormatter [-d|-json] snapshot_file',
  '       -d dump the data for each znode',
  '       -json dump znode info in json format'
].join('\n')

/** `zkSnapShotToolkit.sh [-d|-json] snapshot_file` */
export async function snapshotToolkit(args: readonly string[], out: TextOutput): Promise<void> {
  if (asksForHelp(args)) return out.write(`${FORMATTER_USAGE}\n`)
  const firstName = args.findIndex((arg) => arg !== '-d' && arg !== '-json')
  const path = args[firstName]
  if (path === undefined || firstName !== args.length - 1) throw new ToolError(FORMATTER_USAGE, EXIT_INVALID)
  assertFile(path)
  const isDumpingData = args.includes('-d')
  const isJson = args.includes('-json')
  if (isDumpingData && isJson) {
    throw new ToolError('Cannot specify both data dump (-d) and json mode (-json) in same call', EXIT_INVALID)
  }
  const snapshot = await loadSnapshot(path)
  if (isJson) printJson(snapshot, Date.now(), out)
  else printDetails(snapshot, { isDumpingData, zone: timeZone(process.env) }, out)
}

/** Upstream's tools take it for the name of a file, or for a mistake; nobody misses that. */
function asksForHelp(args: readonly string[]): boolean {
  return args.length === 1 && args[0] === '--help'
}

/** As upstream's check of the file, in its words. */
function assertFile(path: string): void {
  const absolute = resolve(path)
  if (!existsSync(absolute)) throw new ToolError(`File '${absolute}' does not exist.`, EXIT_INVALID)
  if (statSync(absolute).isDirectory())
    throw new ToolError(`'${absolute}' is a directory. it must be a file.`, EXIT_INVALID)
}

const SUMMARY_USAGE = [
  'USAGE:',
  '\n',
  'SnapshotRecursiveSummary  <snapshot_file>  <starting_node>  <max_depth>',
  '\n',
  'snapshot_file:    path to the zookeeper snapshot',
  'starting_node:    the path in the zookeeper tree where the traversal should begin',
  'max_depth:        defines the depth where the tool still writes to the output. 0 means there is no depth limit, ' +
    "every non-leaf node's stats will be displayed, 1 means it will only contain the starting node's and it's " +
    "children's stats, 2 ads another level and so on. This ONLY affects the level of details displayed, NOT the " +
    'calculation.'
].join('\n')

/** `zkSnapshotRecursiveSummaryToolkit.sh snapshot_file starting_node max_depth` */
export async function recursiveSummary(args: readonly string[], out: TextOutput): Promise<void> {
  if (asksForHelp(args)) return out.write(`${SUMMARY_USAGE}\n`)
  const [path, start, depth, more] = args
  if (path === undefined || start === undefined || depth === undefined || more !== undefined) {
    throw new ToolError(SUMMARY_USAGE, EXIT_INVALID)
  }
  if (!/^[+-]?\d{1,10}$/.test(depth)) throw new ToolError(SUMMARY_USAGE, EXIT_INVALID)
  printSummary(await loadSnapshot(path), start, Number(depth), out)
}

const COMPARER_OPTIONS: readonly ToolOption[] = [
  { letter: 'l', name: 'left', value: 'LEFT', description: '(Required) The left snapshot file.' },
  { letter: 'r', name: 'right', value: 'RIGHT', description: '(Required) The right snapshot file.' },
  {
    letter: 'b',
    name: 'bytes',
    value: 'BYTETHRESHOLD',
    description: '(Required) The node data delta size threshold, in bytes, for printing the node.'
  },
  {
    letter: 'n',
    name: 'nodes',
    value: 'NODETHRESHOLD',
    description: '(Required) The descendant node delta size threshold, in nodes, for printing the node.'
  },
  { letter: 'd', name: 'debug', value: null, description: 'Use debug output.' },
  { letter: 'i', name: 'interactive', value: null, description: 'Enter interactive mode.' }
]

/**
 * `zkSnapshotComparer.sh -l LEFT -r RIGHT -b BYTES -n NODES [-d] [-i]`
 *
 * @param nextLine a line of the operator, or null when there are no more
 */
export async function snapshotComparer(
  args: readonly string[],
  out: TextOutput,
  nextLine: () => string | null
): Promise<void> {
  if (asksForHelp(args)) return out.write(helpText('zkSnapshotComparer.sh', COMPARER_OPTIONS))
  const options = comparerOptions(args, out)
  const bytesMax = thresholdOf(options, 'bytes')
  const nodesMax = thresholdOf(options, 'nodes')
  out.write('Successfully parsed options!\n')
  const left = await outlineOf(options.value('left') ?? '', out)
  const right = await outlineOf(options.value('right') ?? '', out)
  out.write(`${describeOutline(left)}\n${describeOutline(right)}\n`)
  const isDebug = options.has('debug')
  const lines = options.has('interactive') ? nextLine : null
  new Comparer(left, right, { bytesMax, nodesMax, isDebug, nextLine: lines }, out).compare()
}

function comparerOptions(args: readonly string[], out: TextOutput): ParsedOptions {
  try {
    const options = parseShortOptions(args, COMPARER_OPTIONS, EXIT_INVALID)
    const missing = COMPARER_OPTIONS.filter(({ name, value }) => value !== null && !options.has(name))
    if (missing.length === 0) return options
    const letters = missing.map(({ letter }) => letter).join(', ')
    throw new ToolError(`Missing required option${missing.length > 1 ? 's' : ''}: ${letters}`, EXIT_INVALID)
  } catch (error) {
    out.write(helpText('zkSnapshotComparer.sh', COMPARER_OPTIONS))
    throw error
  }
}

function thresholdOf(options: ParsedOptions, name: 'bytes' | 'nodes'): number {
  const text = options.value(name) ?? ''
  if (!/^[+-]?\d{1,10}$/.test(text))
    throw new ToolError(`--${name} must be a whole number, not ${text}`, EXIT_UNEXPECTED)
  return Number(text)
}

async function outlineOf(path: string, out: TextOutput): Promise<TreeOutline> {
  const startMs = performance.now()
  const { tree, fileName } = await loadSnapshot(path)
  const loadedMs = performance.now()
  out.write(`Deserialized snapshot in ${fileName} in ${seconds(loadedMs - startMs)} seconds\n`)
  const outline = new TreeOutline(tree)
  out.write(`Processed data tree in ${seconds(performance.now() - loadedMs)} seconds\n`)
  return outline
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(6)
}
