import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildOnce } from './build-once.ts'
import { runCommand } from './child.ts'
import { cacheFolder } from './paths.ts'

/** What the packages of the operating system are made of. */
const PACKAGE = 'zookeeper'
const PACKAGE_LISTS = '/etc/apt/sources.list.d'
const TIMEOUT_MS = 300_000

/**
 * The sources of the operating system's package of the C client, which are downloaded by a list of packages of our own: a folder with all
 * of them, and its `tests` folder in `tests`.
 *
 * @throws Error if they cannot be had
 */
export function cClientSources(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'apt.log')
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  return buildOnce('c-client-sources', { texts: [PACKAGE] }, async (draft) => {
    const [lists, state, cache] = ['parts', 'lists', 'cache'].map((name) => join(draft, name))
    for (const made of [lists, state, cache]) mkdirSync(made ?? draft, { recursive: true })
    for (const name of readdirSync(PACKAGE_LISTS).filter((one) => one.endsWith('.sources'))) {
      const text = readFileSync(join(PACKAGE_LISTS, name), 'utf8').replaceAll(/^Types: deb$/gm, 'Types: deb deb-src')
      writeFileSync(join(lists ?? draft, name), text)
    }
    const options = [
      ...['-o', `Dir::Etc::SourceParts=${lists}`, '-o', 'Dir::Etc::SourceList=/dev/null'],
      ...['-o', `Dir::State::Lists=${state}`, '-o', `Dir::Cache=${cache}`]
    ]
    const apt = (...args: readonly string[]) =>
      runCommand({ command: 'apt-get', args: [...options, ...args], logFile, cwd: draft, env }, TIMEOUT_MS)
    await apt('update')
    await apt('source', '--download-only', PACKAGE)
    const archive = readdirSync(draft).find((name) => name.includes('.orig.tar.'))
    if (archive === undefined) throw new Error('the package has no original sources')
    const unpack = ['--strip-components=1', '-xf', archive]
    await runCommand({ command: 'tar', args: unpack, logFile, cwd: draft }, TIMEOUT_MS)
    cpSync(join(draft, 'zookeeper-client', 'zookeeper-client-c', 'tests'), join(draft, 'tests'), { recursive: true })
  })
}
