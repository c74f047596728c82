const CHUNK_LENGTH = 16_384

/**
 * Joins small pieces to chunks of about 16 Ki characters, so that an answer of any length (a dump of a million watches) is
 * neither one huge string nor a million writes.
 */
export function* textChunks(pieces: Iterable<string>): Generator<string> {
  let chunk = ''
  for (const piece of pieces) {
    chunk += piece
    if (chunk.length < CHUNK_LENGTH) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}
