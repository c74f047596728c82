import type { WatcherType } from '../../client/watched-event.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { type OptionSet, parseOptions } from '../option-parser.ts'

const OPTIONS: OptionSet = {
  options: [
    { name: 'c', hasValue: false, description: 'child watcher type' },
    { name: 'd', hasValue: false, description: 'data watcher type' },
    { name: 'p', hasValue: false, description: 'persistent watcher type' },
    { name: 'r', hasValue: false, description: 'persistent recursive watcher type' },
    { name: 'a', hasValue: false, description: 'any watcher type' },
    { name: 'l', hasValue: false, description: 'remove locally when there is no server connection' }
  ]
}

/** The first of these that is given holds. */
const TYPES: readonly (readonly [string, WatcherType])[] = [
  ['c', 'children'],
  ['d', 'data'],
  ['p', 'persistent'],
  ['r', 'persistentRecursive'],
  ['a', 'any']
]

/** `removewatches path [-c|-d|-p|-r|-a] [-l]`. */
export async function runRemoveWatches(words: readonly string[], { client, usage }: CommandContext): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const [, path] = line.args
  if (path === undefined) throw new CliError(usage)
  const type = TYPES.find(([option]) => line.has(option))?.[1] ?? 'any'
  await client().removeWatches(path, { type, local: line.has('l') })
}
