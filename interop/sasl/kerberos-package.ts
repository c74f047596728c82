import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildOnce } from '../harness/build-once.ts'
import { runCommand } from '../harness/child.ts'
import { cacheFolder } from '../harness/paths.ts'

const VERSION = '7.0.0'
const INSTALL_TIMEOUT_MS = 300_000

/**
 * The environment in which our servers and shells find the npm package `kerberos`, installed into a folder of its own: those who need it
 * install it, and the repository does not. It is compiled unless there is a ready one for this machine.
 */
export async function kerberosPackage(): Promise<Readonly<Record<string, string>>> {
  const logFile = join(cacheFolder('logs'), 'npm-kerberos.log')
  const folder = await buildOnce('npm-kerberos', { texts: [VERSION, process.version] }, async (draft) => {
    mkdirSync(draft, { recursive: true })
    writeFileSync(join(draft, 'package.json'), '{"private":true}')
    const args = ['install', '--no-audit', '--no-fund', `kerberos@${VERSION}`]
    await runCommand({ command: 'npm', args, logFile, cwd: draft }, INSTALL_TIMEOUT_MS)
  })
  return { NODE_PATH: join(folder, 'node_modules') }
}
