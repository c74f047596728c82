const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }
const LINE = /^((?:[^\\=:\s]|\\.)*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s

/** Parses text in Java's properties format: `key=value`, comments, escapes, lines continued by a backslash. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const [, key = '', value = ''] = LINE.exec(line) ?? []
    properties.set(withoutEscapes(key), withoutEscapes(value))
  }
  return properties
}

function* logicalLines(text: string): IterableIterator<string> {
  let line = ''
  let isContinued = false
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const part = raw.replace(/^[ \t\f]+/, '')
    if (!isContinued && (part === '' || part.startsWith('#') || part.startsWith('!'))) continue
    const backslashes = /\\*$/.exec(part)?.[0].length ?? 0
    isContinued = backslashes % 2 === 1
    line += isContinued ? part.slice(0, -1) : part
    if (isContinued) continue
    yield line
    line = ''
  }
  if (line !== '') yield line
}

function withoutEscapes(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, unit: string | undefined, letter: string | undefined) =>
    unit !== undefined ? String.fromCharCode(Number.parseInt(unit, 16)) : (ESCAPES[letter ?? ''] ?? letter ?? '')
  )
}
