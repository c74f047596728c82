const RULE = '+-------------------------------------------------+'
const HEADER = '|  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |'
const BYTES_PER_ROW = 16

/** Bytes as a table of hexadecimal numbers and characters, as `get -x` shows them; empty for none. */
export function hexDump(data: Uint8Array): string {
  if (data.length === 0) return ''
  const lines = [`         ${RULE}`, `         ${HEADER}`, `+--------${RULE}----------------+`]
  for (let start = 0; start < data.length; start += BYTES_PER_ROW) {
    lines.push(row(start, data.subarray(start, start + BYTES_PER_ROW)))
  }
  lines.push(`+--------${RULE}----------------+`)
  return lines.join('\n')
}

function row(start: number, bytes: Uint8Array): string {
  let numbers = ''
  let characters = ''
  for (const byte of bytes) {
    numbers += ` ${byte.toString(16).padStart(2, '0')}`
    characters += byte <= 0x1f || byte >= 0x7f ? '.' : String.fromCharCode(byte)
  }
  const offset = start.toString(16).padStart(8, '0')
  return `|${offset}|${numbers.padEnd(3 * BYTES_PER_ROW)} |${characters.padEnd(BYTES_PER_ROW)}|`
}
