import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const REPOSITORY = join(__dirname, '..', '..')
const TABLE = /<!-- lines: .* -->\n([\s\S]*?)<!-- end of lines -->/

/** Sources with what may stand in a template in place of `…`: its expressions, and the seams of texts that are joined. */
const SOURCES = readdirSync(join(REPOSITORY, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').replace(/['`] \+\s+['`]/g, ''))

function documentedLines(): string[] {
  const document = readFileSync(join(REPOSITORY, 'docs', 'operations.md'), 'utf8')
  const table = TABLE.exec(document)?.[1] ?? ''
  return [...table.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '')
}

/** The parts of a line that do not differ, in their order, within one statement. */
function patternOf(line: string): RegExp {
  const parts = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(parts.join('[^\\n]*'))
}

describe('docs/operations.md', () => {
  test('has a row for each line that may wake an operator', () => {
    const rows =
      TABLE.exec(readFileSync(join(REPOSITORY, 'docs', 'operations.md'), 'utf8'))?.[1]
        ?.trim()
        .split('\n') ?? []
    expect(documentedLines().length).toBe(rows.length - 2)
    expect(documentedLines().length).toBeGreaterThan(30)
  })

  test.each(documentedLines())('names a line that the server writes: %s', (line) => {
    expect(SOURCES.some((source) => patternOf(line).test(source))).toBe(true)
  })

  test('is found out when a line is none', () => {
    expect(SOURCES.some((source) => patternOf('the disk of the … is on fire').test(source))).toBe(false)
  })
})
