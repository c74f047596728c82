/** Distinguished names, to the extent that an ACL may hold one: is this text one? */

const KEYWORDS = new Set(
  (
    'CN C L S ST O OU T IP STREET DC DNQUALIFIER DNQ SURNAME GIVENNAME INITIALS GENERATION EMAIL EMAILADDRESS UID ' +
    'SERIALNUMBER'
  ).split(' ')
)

/**
 * Tells whether a text is a distinguished name as Java's `X500Principal` reads it: `KEYWORD=value` joined by `,`, `;`
 * or `+`, with an object identifier in place of a keyword, and values escaped by `\`, quoted, or in hexadecimal after
 * `#`. The empty text is the empty name.
 * @see RFC 2253
 */
export function isDistinguishedName(text: string): boolean {
  if (text.trim() === '') return text === ''
  const parts = splitUnescaped(text)
  return parts?.every(isAttribute) ?? false
}

/** The parts between separators that are neither escaped nor quoted; null if an escape or a quote does not end. */
function splitUnescaped(text: string): string[] | null {
  const parts: string[] = []
  let start = 0
  let isQuoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === '\\') {
      index++
      if (index === text.length) return null
    } else if (character === '"') {
      isQuoted = !isQuoted
    } else if (!isQuoted && (character === ',' || character === ';' || character === '+')) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  parts.push(text.slice(start))
  return isQuoted ? null : parts
}

function isAttribute(part: string): boolean {
  const equals = part.indexOf('=')
  if (equals < 0) return false
  const type = part.slice(0, equals).trim().toUpperCase()
  if (!KEYWORDS.has(type) && !isObjectIdentifier(type)) return false
  return isValue(part.slice(equals + 1).trim())
}

function isValue(value: string): boolean {
  if (value.startsWith('#')) return isHexadecimalDer(value.slice(1))
  if (value.startsWith('"')) return /^"(\\.|[^"\\])*"$/.test(value)
  return /^(\\([,=\n+<>#;\\" ]|[0-9a-f]{2})|[^\\"<>])*$/i.test(value)
}

/** Tag, length and as many bytes: only the short form of a length, as names need no other. */
function isHexadecimalDer(text: string): boolean {
  if (!/^([0-9a-f]{2}){2,}$/i.test(text)) return false
  return Number.parseInt(text.slice(2, 4), 16) === text.length / 2 - 2
}

/** Dotted numbers, the first at most 2, and the second below 40 unless the first is 2. */
function isObjectIdentifier(type: string): boolean {
  const match = /^(?:OID\.)?([012])\.(\d+)(\.\d+)*$/.exec(type.replace(/^0+(?=\d)/, ''))
  return match !== null && (match[1] === '2' || Number(match[2]) < 40)
}
