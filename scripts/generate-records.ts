/**
 * Writes src/protocol/generated from src/protocol/zookeeper.jute.
 *
 * With `--check` it writes nothing, and fails if what is there differs from what it would write.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile, JuteCompileError } from '../jute/src/compiler/index.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = 'src/protocol/zookeeper.jute'
const target = 'src/protocol/generated'

function wantedFiles(): Map<string, string> {
  const files = compile([source], (name) => readFileSync(join(root, name), 'utf8'), {
    long: 'pair',
    importExtension: '.ts'
  })
  return new Map(files.map(({ name, text }) => [name, text]))
}

function presentFiles(): Map<string, string> {
  const names = readdirSync(join(root, target)).filter((name) => name.endsWith('.ts'))
  return new Map(names.map((name) => [name, readFileSync(join(root, target, name), 'utf8')]))
}

/** One line for each file that is not as it should be. */
function differences(wanted: ReadonlyMap<string, string>, present: ReadonlyMap<string, string>): string[] {
  const lines: string[] = []
  for (const [name, text] of wanted) {
    if (!present.has(name)) lines.push(`${target}/${name} is missing`)
    else if (present.get(name) !== text) lines.push(`${target}/${name} is not what ${source} says`)
  }
  for (const name of present.keys()) {
    if (!wanted.has(name)) lines.push(`${target}/${name} belongs to no module of ${source}`)
  }
  return lines
}

function update(wanted: ReadonlyMap<string, string>, present: ReadonlyMap<string, string>): void {
  for (const [name, text] of wanted) {
    if (present.get(name) !== text) writeFileSync(join(root, target, name), text)
  }
  for (const name of present.keys()) {
    if (!wanted.has(name)) rmSync(join(root, target, name))
  }
}

function main(args: readonly string[]): number {
  mkdirSync(join(root, target), { recursive: true })
  const wanted = wantedFiles()
  const found = differences(wanted, presentFiles())
  if (!args.includes('--check')) {
    update(wanted, presentFiles())
    return 0
  }
  if (found.length === 0) return 0
  console.error(`The generated records are out of date; run: npm run generate\n\n${found.join('\n')}`)
  return 1
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof JuteCompileError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
