import { javaProgram } from './java.ts'
import { runCaseProgram } from './program.ts'
import type { ServerSettings } from './server.ts'
import type { ClientSuite } from './suite.ts'

export interface JavaSuiteOptions {
  readonly name: string
  /** Folder under `interop/` that holds the pom and the sources. */
  readonly project: string
  readonly mainClass: string
  readonly isQuick: boolean
  readonly timeoutMs: number
  readonly settings?: ServerSettings
}

/** A suite whose cases are a Java program: it is given the connect string and, of a quick run, the word `quick`. */
export function javaSuite(options: JavaSuiteOptions): ClientSuite {
  return {
    name: options.name,
    isQuick: options.isQuick,
    settings: options.settings ?? {},
    async prepare() {
      await javaProgram(options.project)
    },
    async run(run) {
      const classPath = await javaProgram(options.project)
      const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
      const args = [
        '-Xmx512m',
        log,
        '-cp',
        classPath,
        options.mainClass,
        run.server.connectString,
        ...(run.quick ? ['quick'] : [])
      ]
      await runCaseProgram(run, { command: 'java', args, cwd: run.folder }, options.timeoutMs)
    }
  }
}
