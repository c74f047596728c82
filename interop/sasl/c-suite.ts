import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../../src/client/index.ts'
import { javaProgram } from '../harness/java.ts'
import { type Suite, type SuiteRun, SuiteUnavailableError } from '../harness/suite.ts'
import { type CShell, cShell } from './c-client.ts'
import { SETTINGS } from './suite.ts'

/** A shell that is refused goes on waiting: as long as it is looked at. */
export const PATIENCE_MS = 8000
const PATH = '/c-sasl'

/** The C client with Cyrus SASL by DIGEST-MD5, to servers of both kinds: what is bob's alone is read by bob alone. */
export const cSaslSuite: Suite = {
  name: 'c-sasl',
  isQuick: false,
  settings: SETTINGS,
  async prepare() {
    try {
      await cShell(await javaProgram('sasl'))
    } catch (error) {
      throw new SuiteUnavailableError('the C client with Cyrus SASL cannot be made', { cause: error })
    }
  },
  async run(run) {
    const shell = await cShell(await javaProgram('sasl'))
    const bob = await connect(run.server.connectString, { sasl: { username: 'bob', password: 'bobsecret' } })
    await bob.create(PATH, Buffer.from('of bob'), { acl: [{ perms: 31, scheme: 'sasl', id: 'bob' }] })
    await bob.close()
    const users = [
      { name: 'bob', password: 'bobsecret' },
      { name: 'alice', password: 'alicesecret' },
      { name: 'root', password: 'rootsecret' },
      { name: 'bob', password: 'a guess' },
      { name: 'eve', password: 'bobsecret' }
    ]
    for (const [index, { name, password }] of users.entries()) {
      const file = join(run.folder, `password-${index}`)
      writeFileSync(file, password)
      const login = ['-n', 'DIGEST-MD5', '-u', name, '-p', file, '-o', 'zk-sasl-md5']
      await observe(run, `c: ${name} with "${password}"`, shell, login)
    }
    await observe(run, 'c: nobody', shell, [])
  }
}

async function observe(run: SuiteRun, name: string, shell: CShell, login: readonly string[]): Promise<void> {
  const observed = await outcomeOf(shell, ['-h', run.server.connectString, ...login, '-c', `get ${PATH}`])
  run.record({ name, status: 'passed', detail: '', observed })
}

/** The value, or the code of the error; `refused` if the client was, `no answer` if it heard of nothing. */
export function outcomeOf(
  { program }: CShell,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  patienceMs = PATIENCE_MS
): Promise<string> {
  return new Promise((resolve) => {
    // What it prints goes line by line: it may have to be killed.
    const child = spawn('stdbuf', ['-oL', program, ...args], { env: { ...process.env, ...env } })
    let text = ''
    const take = (piece: Buffer): void => {
      text += String(piece)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    child.on('close', () => {
      clearTimeout(timer)
      const [, code] = /: rc = (-?\d+)/.exec(text) ?? []
      const [, value] = /^ value_len = \d+\n(.*)$/m.exec(text) ?? []
      const refused = /[Aa]uthentication fail|auth failed/i.test(text) ? 'refused' : 'no answer'
      resolve(code === undefined ? refused : code === '0' ? `value "${value}"` : `error ${code}`)
    })
  })
}
