/** Tells what is wrong with the other side's message. */
export class ScramError extends Error {}

/** Splits `r=…,s=…` into its attributes, in their order. @throws ScramError */
export function attributesOf(message: string): readonly (readonly [string, string])[] {
  return message.split(',').map((part) => {
    if (!/^[A-Za-z]=/.test(part)) throw new ScramError('an attribute has no name')
    return [part.slice(0, 1), part.slice(2)] as const
  })
}

/** Expects attributes of these names in this order, others may follow. @throws ScramError */
export function valuesOf<const Names extends readonly string[]>(
  message: string,
  names: Names
): { [Index in keyof Names]: string } {
  const attributes = attributesOf(message)
  const values = names.map((name, index) => {
    const attribute = attributes[index]
    if (attribute?.[0] !== name) throw new ScramError(`the attribute ${name} is not in its place`)
    return attribute[1]
  })
  return values as { [Index in keyof Names]: string } // one for each name, as the map above makes them
}

/** A user's name as it is written into a message. */
export function escapeName(name: string): string {
  return name.replace(/=/g, '=3D').replace(/,/g, '=2C')
}

/** @throws ScramError if a `=` begins nothing known */
export function unescapeName(text: string): string {
  if (/=(?!3D|2C)/.test(text)) throw new ScramError('a name is badly escaped')
  return text.replace(/=2C/g, ',').replace(/=3D/g, '=')
}

/** @throws ScramError */
export function decodeBase64(text: string): Buffer {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) throw new ScramError('no base64')
  return Buffer.from(text, 'base64')
}

/** Bytes by bytes; both of one length. */
export function xor(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.map((byte, index) => byte ^ (other[index] ?? 0))
}
