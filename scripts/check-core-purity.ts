import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The core decides from its inputs alone. This finds what would break that and what the import rules cannot see:
 * clocks, dice, timers, promises, the process and the console. Exits with 1 and a line for each finding.
 */

const FOLDERS = ['src/core', 'src/protocol', 'src/collections', 'src/sasl']
/** What a pure folder needs of Node is kept there. */
const SHELL_PART = /^src\/sasl\/node\//
const FORBIDDEN: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\b/, what: 'reads a clock' },
  { pattern: /\bMath\.random\b|\bcrypto\b/, what: 'rolls dice' },
  { pattern: /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/, what: 'sets a timer' },
  { pattern: /\b(async|await)\b|\bPromise\b/, what: 'waits' },
  { pattern: /\bprocess\b\s*[.[]/, what: 'knows the process' },
  { pattern: /\bconsole\b/, what: 'writes to the console' },
  { pattern: /\brequire\(|\bimport\(/, what: 'loads code by itself' }
]

const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//g
const LINE_COMMENT = /\/\/.*$/
const STRING = /'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`/g

function findings(file: string): string[] {
  const text = readFileSync(file, 'utf8').replace(BLOCK_COMMENT, (comment) => comment.replace(/[^\n]/g, ' '))
  return text.split('\n').flatMap((line, index) => {
    const code = line.replace(LINE_COMMENT, '').replace(STRING, "''")
    return FORBIDDEN.filter(({ pattern }) => pattern.test(code)).map(({ what }) => `${file}:${index + 1}: ${what}`)
  })
}

const files = FOLDERS.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .filter((file) => !SHELL_PART.test(file))
)
const all = files.flatMap(findings)
for (const finding of all) console.error(finding)
if (all.length > 0) process.exit(1)
console.log(`core purity: ${files.length} files are pure`)
