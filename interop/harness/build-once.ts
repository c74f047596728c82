import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { cacheFolder, REPOSITORY } from './paths.ts'

/**
 * Returns the folder that `make` fills, made once for each content of the inputs: it is named by their hash, so that a change of a source,
 * a pom or a version makes a new one and an unchanged one costs nothing. Filled under another name and renamed when complete: a run that is
 * interrupted, or another one at the same time, never leaves or sees half a folder. The folders of earlier contents are removed.
 *
 * @param name   of the thing made
 * @param inputs files, folders (all files below) or plain texts that the result depends on
 */
export async function buildOnce(
  name: string,
  inputs: { readonly files?: readonly string[]; readonly texts?: readonly string[] },
  make: (folder: string) => Promise<void>
): Promise<string> {
  const parent = cacheFolder(name)
  const target = join(parent, hashOf(inputs.files ?? [], inputs.texts ?? []))
  if (existsSync(target)) return target

  const draft = mkdtempSync(join(parent, 'draft-'))
  try {
    await make(draft)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
  if (existsSync(target)) rmSync(draft, { recursive: true })
  else renameSync(draft, target)
  for (const entry of readdirSync(parent)) {
    const other = join(parent, entry)
    if (other !== target && !entry.startsWith('draft-')) rmSync(other, { recursive: true, force: true })
  }
  return target
}

/** Lists all files of a folder and its subfolders, sorted, as full paths. */
export function filesBelow(folder: string, extension = ''): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function hashOf(files: readonly string[], texts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files.flatMap((path) => (statSync(path).isDirectory() ? filesBelow(path) : [path]))) {
    hash
      .update(`${relative(REPOSITORY, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  for (const text of texts) hash.update(`${text}\0`)
  return hash.digest('hex').slice(0, 16)
}
