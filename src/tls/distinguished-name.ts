import { childOf, childrenOf, DerTag, type DerValue, objectIdentifierOf } from './der.ts'

/** Java's keywords of RFC 2253; attributes of other types are written by their number. */
const KEYWORDS = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.9', 'STREET'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['0.9.2342.19200300.100.1.1', 'UID']
])
const COMMON_NAME = '2.5.4.3'

const TEXT_TAGS: ReadonlySet<number> = new Set([
  DerTag.utf8String,
  DerTag.printableString,
  DerTag.teletexString,
  DerTag.ia5String,
  DerTag.generalString,
  DerTag.bmpString,
  DerTag.universalString
])

interface Attribute {
  readonly type: string
  readonly value: DerValue
}

/**
 * A name as `X500Principal.getName()` of Java prints it, which is what ACLs of the scheme `x509` hold: the last part first, no space
 * between, and attributes without a keyword in RFC 2253 by number and in hexadecimal.
 *
 * @param name in DER
 * @throws DerError
 * @see RFC 2253
 */
export function distinguishedNameOf(name: DerValue): string {
  return childrenOf(name)
    .reverse()
    .map((part) => attributesOf(part).map(textOf).join('+'))
    .join(',')
}

/** The common name that stands last in a name; null without one. */
export function commonNameOf(name: DerValue): string | null {
  const attributes = childrenOf(name).flatMap(attributesOf)
  const found = attributes.findLast(({ type }) => type === COMMON_NAME)
  return found === undefined ? null : plainTextOf(found.value)
}

function attributesOf(part: DerValue): Attribute[] {
  return childrenOf(part).map((attribute) => {
    const pair = childrenOf(attribute)
    return { type: objectIdentifierOf(childOf(pair, 0)), value: childOf(pair, 1) }
  })
}

function textOf({ type, value }: Attribute): string {
  const keyword = KEYWORDS.get(type)
  if (keyword === undefined || !TEXT_TAGS.has(value.tag)) return `${keyword ?? type}=#${value.bytes.toString('hex')}`
  return `${keyword}=${escaped(plainTextOf(value))}`
}

/** compat: Java takes the bytes of any text for UTF-8 here. */
function plainTextOf({ content }: DerValue): string {
  return content.toString('utf8')
}

function escaped(text: string): string {
  return text
    .replace(/[,=+<>#;"\\]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^[ \r]+|[ \r]+$/g, (blanks) => blanks.replace(/[ \r]/g, '\\$&'))
}
