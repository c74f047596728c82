import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { buildOnce, filesBelow } from './build-once.ts'
import { runCommand } from './child.ts'
import { cacheFolder, INTEROP } from './paths.ts'

const DOWNLOAD_TIMEOUT_MS = 900_000
const COMPILE_TIMEOUT_MS = 180_000

/** Resolves the runtime dependencies of `interop/NAME/pom.xml` and returns a class path that holds them all. */
export async function mavenClassPath(name: string): Promise<string> {
  const pom = join(INTEROP, name, 'pom.xml')
  const logFile = join(cacheFolder('logs'), `maven-${name}.log`)
  const folder = await buildOnce(`jars-${name}`, { files: [pom] }, (draft) => {
    const args = [
      '-q',
      '-B',
      '-f',
      pom,
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${draft}`
    ]
    return runCommand({ command: 'mvn', args, logFile }, DOWNLOAD_TIMEOUT_MS)
  })
  return join(folder, '*')
}

/**
 * Compiles all Java sources of `interop/NAME/src` together with those of `interop/java/shared`, and of other folders of `interop/java`, and
 * returns a class path with the classes and the libraries, in this order.
 */
export async function javaProgram(name: string, others: readonly string[] = []): Promise<string> {
  const libraries = await mavenClassPath(name)
  const shared = ['shared', ...others].map((folder) => join(INTEROP, 'java', folder))
  const folders = [...shared, join(INTEROP, name, 'src')]
  const logFile = join(cacheFolder('logs'), `javac-${name}.log`)
  const classes = await buildOnce(
    `classes-${name}`,
    { files: folders, texts: [basename(join(libraries, '..'))] },
    (draft) => {
      mkdirSync(draft, { recursive: true })
      const sources = folders.flatMap((folder) => filesBelow(folder, '.java'))
      const args = [
        '-nowarn',
        '-Xlint:-options',
        '--release',
        '17',
        '-encoding',
        'UTF-8',
        '-cp',
        libraries,
        '-d',
        draft,
        ...sources
      ]
      return runCommand({ command: 'javac', args, logFile }, COMPILE_TIMEOUT_MS)
    }
  )
  return `${classes}:${libraries}`
}
