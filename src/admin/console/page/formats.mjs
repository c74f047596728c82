/** Data of a znode in the forms in which people read it. */

export const FORMATS = ['text', 'json', 'xml', 'hex']

/** Bytes of base64. */
export function bytesOf(base64) {
  const binary = atob(base64)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}

export function base64Of(bytes) {
  let binary = ''
  for (let start = 0; start < bytes.length; start += 8192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192))
  }
  return btoa(binary)
}

/** Null if the bytes are no UTF-8. */
export function textOf(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** The form that says most of these bytes. */
export function bestFormat(bytes) {
  const text = textOf(bytes)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: text without them is text
  if (text === null || /[\u0000-\u0008\u000e-\u001f]/.test(text)) return 'hex'
  const start = text.trimStart()[0]
  if ((start === '{' || start === '[') && jsonOf(text) !== null) return 'json'
  if (start === '<' && xmlOf(text) !== null) return 'xml'
  return 'text'
}

/** What to show of the bytes, or why they cannot be shown so. */
export function format(bytes, name) {
  if (name === 'hex') return { text: hexOf(bytes) }
  const text = textOf(bytes)
  if (text === null) return { problem: 'These bytes are not UTF-8 text.' }
  if (name === 'text') return { text }
  const pretty = name === 'json' ? jsonOf(text) : xmlOf(text)
  return pretty === null ? { problem: `This is no ${name.toUpperCase()}.` } : { text: pretty }
}

/**
 * JSON with line breaks. Only blanks are changed: numbers that JavaScript cannot hold, and names that are there twice, stay
 * as they are.
 */
export function jsonOf(text) {
  try {
    JSON.parse(text)
  } catch {
    return null
  }
  let out = ''
  let level = 0
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1]
    if (token === '{' || token === '[') {
      const isEmpty = next === '}' || next === ']'
      out += token
      level++
      if (!isEmpty) out += `\n${'  '.repeat(level)}`
    } else if (token === '}' || token === ']') {
      const previous = tokens[index - 1]
      level--
      if (previous !== '{' && previous !== '[') out += `\n${'  '.repeat(level)}`
      out += token
    } else if (token === ',') out += `,\n${'  '.repeat(level)}`
    else if (token === ':') out += ': '
    else out += token
  }
  return out
}

/** XML with an element a line; null if it is not well-formed. Nothing of it is ever put into the page but as text. */
export function xmlOf(text) {
  if (!isWellFormed(text)) return null
  let out = ''
  let level = 0
  const tokens = text.match(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<[^>]*>|[^<]+/g) ?? []
  let isTextLast = false
  for (const token of tokens) {
    if (!token.startsWith('<')) {
      const trimmed = token.trim()
      if (trimmed === '') continue
      out += trimmed
      isTextLast = true
      continue
    }
    const isEnd = token.startsWith('</')
    const isAlone = token.endsWith('/>') || token.startsWith('<?') || token.startsWith('<!')
    if (isEnd) level--
    const isInline = isTextLast || (isEnd && !/[>\n]\s*$/.test(out.slice(-1)))
    out += isInline || out === '' ? token : `\n${'  '.repeat(Math.max(0, level))}${token}`
    if (!isEnd && !isAlone) level++
    isTextLast = false
  }
  return out
}

/** Whether tags are closed in order. A DOMParser would be simpler, and is a way by which markup becomes elements. */
function isWellFormed(text) {
  const open = []
  let elementCount = 0
  const rest = text.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<![^>]*>/g, '')
  for (const [, isEnd, name, isAlone] of rest.matchAll(/<(\/?)([A-Za-z_][\w.:-]*)(?:\s[^<>]*?)?(\/?)>/g)) {
    elementCount++
    if (isEnd === '/') {
      if (open.pop() !== name) return false
    } else if (isAlone !== '/') open.push(name)
  }
  const left = rest.replace(/<(\/?)([A-Za-z_][\w.:-]*)(?:\s[^<>]*?)?(\/?)>/g, '')
  return elementCount > 0 && open.length === 0 && !left.includes('<')
}

/** Sixteen bytes a line: offset, bytes, characters. */
export function hexOf(bytes) {
  const lines = []
  for (let start = 0; start < bytes.length; start += 16) {
    const row = bytes.subarray(start, start + 16)
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0'))
    const left = hex.slice(0, 8).join(' ').padEnd(23)
    const right = hex.slice(8).join(' ').padEnd(23)
    const text = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${start.toString(16).padStart(8, '0')}  ${left}  ${right}  ${text}`)
  }
  return lines.join('\n')
}
