/** Names of settings that hold secrets. Paths of files with secrets in them match, too. */
const SECRET_NAME = /passw|secret|superDigest|credential|api[._-]?key|token$/i

/** What is shown in place of a secret. */
export const HIDDEN = '***'

/** Whether the value of a key or property is not to be shown to whoever asks how the server is configured. Upstream shows all. */
export function isSecret(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** Indent and marks of a comment; the key; what stands between key and value. */
const ENTRY = /^([ \t\f#!]*)((?:\\.|[^=: \t\f\\])+)([ \t\f]*[=:]?[ \t\f]*)/

/**
 * The text of a properties file with its secrets hidden, also those of entries that were commented out; everything else as
 * it is, line ends included.
 */
export function withoutSecrets(text: string): string {
  const lines = text.split(/(?<=\r\n|\r(?!\n)|\n)/)
  let shown = ''
  for (let index = 0; index < lines.length; index++) {
    let whole = lines[index] ?? ''
    const entry = ENTRY.exec(whole)
    const [head = '', before = '', key = ''] = entry ?? []
    const isComment = /[#!]/.test(before)
    while (!isComment && continues(whole) && index + 1 < lines.length) whole += lines[++index]
    const isHidden = isSecret(key.replaceAll('\\', '')) && withoutEnd(whole).length > head.length
    shown += isHidden ? head + HIDDEN + whole.slice(withoutEnd(whole).length) : whole
  }
  return shown
}

/** Whether a line, with its end, goes on in the next one: it ends in an odd number of backslashes. */
function continues(line: string): boolean {
  return ((/\\*$/.exec(withoutEnd(line))?.[0].length ?? 0) & 1) === 1
}

function withoutEnd(line: string): string {
  return line.replace(/[\r\n]+$/, '')
}
