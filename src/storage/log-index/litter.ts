import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { removeDatabase } from '../directory.ts'

/** No index takes so long: what is older was left by a tool that was killed. */
const AGE_MS = 60 * 60_000

/** Removes what tools that were killed have left of indexes that they were making. Errors are those of the system. */
export function removeLitter(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!/^log\.[0-9a-f]+\.index\.db\.\d+\.tmp$/.test(name)) continue
    const changedMs = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs
    if (changedMs !== undefined && Date.now() - changedMs > AGE_MS) removeDatabase(folder, name)
  }
}
