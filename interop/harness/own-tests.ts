import { join } from 'node:path'
import { PROGRAMS } from './paths.ts'
import { buildZoonode } from './server.ts'
import type { ClientRun } from './suite.ts'

/**
 * Java options that tell a project's own tests which servers to start (`interop/java/own-tests`): zoonode's program, built if need be, or none
 * for Apache's.
 */
export async function serverOptions(run: ClientRun): Promise<readonly string[]> {
  if (run.server.kind !== 'zoonode') return []
  await buildZoonode()
  return [`-Dinterop.zoonode=${join(PROGRAMS, 'dist', 'bin', 'zoonode.js')}`]
}
