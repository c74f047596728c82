import { JuteError } from './jute-error.ts'
import type { JuteReader } from './jute-reader.ts'

/**
 * Decodes a record from a stream that may stop anywhere, for protocols that send records without a length before them.
 *
 * @returns the record; or null if the bytes end before it does, with the reader back where it was, so that the caller can
 *   try again from there once more bytes are in
 * @throws JuteError for bytes that no further ones can make a record
 */
export function tryDecode<T>(reader: JuteReader, decode: (reader: JuteReader) => T): T | null {
  const start = reader.offset
  try {
    return decode(reader)
  } catch (error) {
    if (!(error instanceof JuteError) || error.code !== 'UNDERFLOW') throw error
    reader.rewind(start)
    return null
  }
}
