import { open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes a file so that after a crash at any point there is either the old one or the whole new one: beside it, synced,
 * renamed.
 *
 * @param like the file whose permissions it gets; that which is replaced, where nothing is said
 */
export async function replaceFile(path: string, text: string | Buffer, like = path): Promise<void> {
  const temporary = `${path}.tmp`
  const mode = await modeOf(like)
  const handle = await open(temporary, 'w', mode ?? 0o666)
  try {
    if (mode !== null) await handle.chmod(mode)
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
  await syncFolderOf(path)
}

/** Makes a file's new name, or its removal, survive a power cut. */
export async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode & 0o777
  } catch {
    // Not there yet: as the system makes new files.
    return null
  }
}
