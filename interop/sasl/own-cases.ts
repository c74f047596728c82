import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientOptions } from '../../src/client/options.ts'
import { ZooKeeper } from '../../src/client/zookeeper.ts'
import { lastLines, runCommand } from '../harness/child.ts'
import { PROGRAMS } from '../harness/paths.ts'
import type { SuiteRun } from '../harness/suite.ts'

const SHELL_TIMEOUT_MS = 30_000

/** Our client and our shell. */
export async function runOwnCases(run: SuiteRun): Promise<void> {
  for (const mechanism of ['DIGEST-MD5', 'SCRAM-SHA-256'] as const) {
    await attempt(run, mechanism, `our client logs in by ${mechanism}`, async () => {
      const ids = await idsOf(run, { sasl: { username: 'bob', password: 'bobsecret', mechanism } })
      if (!ids.includes('sasl:bob')) throw new Error(`whoAmI: ${ids.join(', ')}`)
    })
    await attempt(run, mechanism, `our client is refused by ${mechanism}`, async () => {
      const outcome = await idsOf(run, { sasl: { username: 'bob', password: 'wrong', mechanism } }).then(
        (ids) => ids.join(', '),
        (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error))
      )
      if (outcome !== 'AUTH_FAILED') throw new Error(`outcome: ${outcome}`)
    })
    await attempt(run, mechanism, `our shell logs in by ${mechanism}`, async () => {
      const text = await shell(run, 'whoami', mechanism)
      if (!/sasl\s*: bob|sasl.*bob/.test(text)) throw new Error(text)
    })
  }
}

async function attempt(run: SuiteRun, mechanism: string, name: string, body: () => Promise<void>): Promise<void> {
  if (run.server.kind === 'apache' && mechanism !== 'DIGEST-MD5') {
    return run.record({ name, status: 'skipped', detail: `Apache ZooKeeper has no ${mechanism}`, observed: null })
  }
  try {
    await body()
    run.record({ name, status: 'passed', detail: '', observed: null })
  } catch (error) {
    run.record({ name, status: 'failed', detail: String(error), observed: null })
  }
}

async function idsOf(run: SuiteRun, options: ClientOptions): Promise<string[]> {
  const client = new ZooKeeper(run.server.connectString, options)
  try {
    return (await client.whoAmI()).map(({ scheme, user }) => `${scheme}:${user}`)
  } finally {
    await client.close()
  }
}

async function shell(run: SuiteRun, command: string, mechanism: string): Promise<string> {
  const jaas = join(run.folder, `client-${mechanism}.conf`)
  writeFileSync(jaas, `Client { x required username="bob" password="bobsecret" mechanism="${mechanism}"; };`)
  const logFile = join(run.folder, `shell-${mechanism}.log`)
  const env = { CLIENT_JVMFLAGS: `-Djava.security.auth.login.config=${jaas}` }
  const args = ['-server', run.server.connectString, command]
  await runCommand({ command: join(PROGRAMS, 'bin', 'zkCli.sh'), args, logFile, env }, SHELL_TIMEOUT_MS)
  return lastLines(logFile, 20)
}
