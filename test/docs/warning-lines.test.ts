import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from '@jest/globals'
import ts from 'typescript'

/** The other way round than `log-lines.test.ts`: what a server may warn of, an operator finds in the runbook. */

const REPOSITORY = join(__dirname, '..', '..')
const SOURCES = join(REPOSITORY, 'src')
const FOLDERS = ['admin', 'core', 'server', 'storage', 'tls'].map((name) => join(SOURCES, name))
/** What is said of the configuration names the line of the file, and what to write there. */
const LEFT_OUT = [join(SOURCES, 'server', 'config')]
/** Less of a text that does not differ could be anything. */
const KNOWN_LENGTH_MIN = 10

interface Warning {
  readonly at: string
  /** With `…` for what differs. */
  readonly text: string
}

function warningsOf(file: string): Warning[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const warnings: Warning[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isWarning(node)) {
      const texts = node.arguments.map(textOf).filter((text) => text.replaceAll('…', '').length >= KNOWN_LENGTH_MIN)
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
      // Two words are the kind of a line that is written only so often.
      for (const text of texts.slice(-1))
        if (text.split(' ').length > 2) warnings.push({ at: `${relative(REPOSITORY, file)}:${line}`, text })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return warnings
}

/** `….warn(…)`, `….error(…)`, and `log('warn', …)`. */
function isWarning({ expression, arguments: given }: ts.CallExpression): boolean {
  const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText()
  if (name === 'warn' || name === 'error') return expression.getText() !== 'console.error'
  const [level] = given
  return name === 'log' && level !== undefined && ts.isStringLiteral(level) && /^(warn|error)$/.test(level.text)
}

function textOf(node: ts.Expression): string {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('')
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return textOf(node.left) + textOf(node.right)
  }
  return '…'
}

/** All that stands between backticks, with `…` for what differs: dots, and words in capitals. */
function documented(): string[] {
  const text = readFileSync(join(REPOSITORY, 'docs', 'operations.md'), 'utf8').replaceAll(/```[\s\S]*?```/g, '')
  return [...text.matchAll(/`([^`\n]+)`/g)]
    .map((match) => (match[1] ?? '').replaceAll(/\b(?:N|E|R|REASON)\b/g, '…'))
    .filter((line) => line.replaceAll('…', '').length >= KNOWN_LENGTH_MIN)
}

/** Whether a line of the runbook is about a warning: the fixed parts of one of them are in the other, in their order. */
function tellsOf(line: string, text: string): boolean {
  return hasPartsOf(text, line) || hasPartsOf(line, text)
}

function hasPartsOf(whole: string, parts: string): boolean {
  let from = 0
  for (const part of parts.split('…').map((one) => one.trim())) {
    const at = whole.indexOf(part, from)
    if (at < 0) return false
    from = at + part.length
  }
  return true
}

const WARNINGS = FOLDERS.flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((file) => !LEFT_OUT.some((folder) => file.startsWith(folder)))
  .flatMap(warningsOf)

test('docs/operations.md tells of everything that a server warns of', () => {
  const lines = documented()

  const unknown = WARNINGS.filter(({ text }) => !lines.some((line) => tellsOf(line, text)))

  expect(unknown.map(({ at, text }) => `${at}: ${text}`)).toEqual([])
})

test('warnings are found in the sources', () => {
  expect(WARNINGS.length).toBeGreaterThan(60)
  expect(WARNINGS.map(({ text }) => text)).toContain(
    'cannot write a snapshot; the log keeps everything since the last one'
  )
  expect(tellsOf('the … is on fire', 'the disk of the data directory is full')).toBe(false)
})
