import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export { freePort } from '../../interop/harness/free-port.ts'

const BIN = join(__dirname, '..', '..', 'bin')

export interface ScriptResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Environment that the scripts look at, none of it from the developer's own. */
export type ScriptEnv = Readonly<Record<string, string>>

/** Runs a script of `bin` by name (or a path to one) to its end. */
export function runScript(
  script: string,
  args: readonly string[],
  env: ScriptEnv = {},
  cwd = tmpdir()
): Promise<ScriptResult> {
  const path = script.includes('/') ? script : join(BIN, script)
  const { PATH = '', HOME = '/' } = process.env
  return new Promise((resolve) => {
    const options = { env: { PATH, HOME, USER: 'tester', ...env }, cwd, encoding: 'utf8' as const }
    execFile('bash', [path, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr })
    })
  })
}

/** A directory with a blank in its name, for configuration, data and logs. */
export class ScriptFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'zoonode scripts '))

  write(name: string, content: string): string {
    const file = join(this.path, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    return file
  }

  /** `conf/zoo.cfg` with its data in `data`, and the arguments that name it. */
  writeConfig(lines: string): readonly string[] {
    this.write('conf/zoo.cfg', `dataDir = ${join(this.path, 'data')}\n${lines}`)
    return ['--config', join(this.path, 'conf')]
  }

  /** Fills `tools` with links to these programs: a PATH that has nothing else. */
  linkTools(names: readonly string[]): void {
    mkdirSync(join(this.path, 'tools'))
    for (const name of names) {
      const found = (process.env.PATH ?? '').split(':').find((directory) => existsSync(join(directory, name)))
      if (found !== undefined) symlinkSync(join(found, name), join(this.path, 'tools', name))
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
