import type { JuteReader, JuteWriter } from 'jute-ts'
import { JuteError } from 'jute-ts'
import { decodeCloseSessionTxn, TXN_DIGEST_SIZE_BYTES } from './generated/txn.ts'
import { TxnFormatError } from './txn-format-error.ts'

/**
 * The record of closeSession, which may be missing altogether, though a digest may follow.
 *
 * | form | bytes after the header                  |
 * |------|-----------------------------------------|
 * | now  | vector<ustring> paths2Delete, [12 of digest] |
 * | old  | nothing, [12 of digest]                 |
 */

export function encodeCloseSessionPaths(writer: JuteWriter, paths: readonly string[] | null): void {
  if (paths === null) return
  writer.writeInt(paths.length)
  for (const path of paths) writer.writeString(path)
}

/** @returns null if there is no record; the reader then stands at the digest, if any */
export function decodeCloseSessionPaths(reader: JuteReader): string[] | null {
  const start = reader.offset
  if (reader.remaining === 0) return null
  const paths = reader.remaining === TXN_DIGEST_SIZE_BYTES ? pathsIfWhole(reader) : decodePaths(reader)
  if (paths === null) reader.offset = start
  return paths
}

/** Twelve bytes may be a short list or an old form's digest: they are a list if they are one of paths, to the last byte. */
function pathsIfWhole(reader: JuteReader): string[] | null {
  try {
    const paths = decodePaths(reader)
    return reader.remaining === 0 && paths.every((path) => path.startsWith('/')) ? paths : null
  } catch (error) {
    if (error instanceof JuteError || error instanceof TxnFormatError) return null
    throw error
  }
}

function decodePaths(reader: JuteReader): string[] {
  const paths: string[] = []
  for (const path of decodeCloseSessionTxn(reader).paths2Delete ?? []) {
    if (path === null) throw new TxnFormatError('a closeSession with a null path')
    paths.push(path)
  }
  return paths
}
