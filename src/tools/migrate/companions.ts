import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { StorageError, toStorageError } from '../../storage/storage-error.ts'

/** A file beside the data that the next server needs as it is. */
export interface Companion {
  readonly path: string
  /** Its name in the new data directory. */
  readonly name: string
}

/** `zoo.cfg.dynamic`, `zoo.cfg.dynamic.100000000`, `zoo.cfg.dynamic.next`. */
const DYNAMIC_CONFIG = /\.dynamic(?:\.next|\.[0-9a-f]{1,16})?$/

/**
 * `myid`, and dynamic configuration files: those in the data directory, and the one that the configuration names, wherever
 * it is.
 *
 * @throws StorageError CANNOT_OPEN when the one that the configuration names is not there; IO_ERROR
 */
export function findCompanions(dataDir: string, dynamicConfigFile: string | null): readonly Companion[] {
  const names = namesIn(dataDir).filter((name) => name === 'myid' || DYNAMIC_CONFIG.test(name))
  const companions = names.map((name) => ({ path: join(dataDir, name), name }))
  if (dynamicConfigFile === null || names.includes(basename(dynamicConfigFile))) return companions
  if (!existsSync(dynamicConfigFile)) {
    throw new StorageError('CANNOT_OPEN', `${dynamicConfigFile}, which the configuration names, is not there`)
  }
  return [...companions, { path: dynamicConfigFile, name: basename(dynamicConfigFile) }]
}

/** Of files, sorted. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort()
  } catch (error) {
    throw toStorageError(error, `looking for files in ${folder}`)
  }
}
