import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientOptions } from '../../src/client/options.ts'
import { ZooKeeper } from '../../src/client/zookeeper.ts'
import { lastLines, runCommand } from '../harness/child.ts'
import { PROGRAMS } from '../harness/paths.ts'
import type { SuiteRun } from '../harness/suite.ts'

const SHELL_TIMEOUT_MS = 30_000

/** Our client and our shell. Apache ZooKeeper has no SCRAM, so that who comes with it is refused there. */
export async function runOwnCases(run: SuiteRun): Promise<void> {
  for (const mechanism of ['DIGEST-MD5', 'SCRAM-SHA-256'] as const) {
    const isKnown = mechanism === 'DIGEST-MD5' || run.server.kind === 'zoonode'
    await attempt(run, `our client logs in by ${mechanism}`, async () => {
      const outcome = await outcomeOf(run, { sasl: { username: 'bob', password: 'bobsecret', mechanism } })
      if (outcome !== (isKnown ? 'ip:127.0.0.1, sasl:bob' : 'AUTH_FAILED')) throw new Error(`outcome: ${outcome}`)
    })
    await attempt(run, `our client is refused by ${mechanism}`, async () => {
      const outcome = await outcomeOf(run, { sasl: { username: 'bob', password: 'wrong', mechanism } })
      if (outcome !== 'AUTH_FAILED') throw new Error(`outcome: ${outcome}`)
    })
    await attempt(run, `our shell logs in by ${mechanism}`, async () => {
      const text = await shell(run, 'whoami', mechanism)
      if (/sasl.*bob/.test(text) !== isKnown) throw new Error(text)
    })
  }
}

async function attempt(run: SuiteRun, name: string, body: () => Promise<void>): Promise<void> {
  try {
    await body()
    run.record({ name, status: 'passed', detail: '', observed: null })
  } catch (error) {
    run.record({ name, status: 'failed', detail: String(error), observed: null })
  }
}

/** Who a client is then, or the code of the error. */
async function outcomeOf(run: SuiteRun, options: ClientOptions): Promise<string> {
  const client = new ZooKeeper(run.server.connectString, options)
  try {
    const ids = (await client.whoAmI()).map(({ scheme, user }) => `${scheme}:${user}`)
    return ids.sort().join(', ')
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
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
  // A shell that is refused ends with 1, which is not what is asked here.
  await runCommand({ command: join(PROGRAMS, 'bin', 'zkCli.sh'), args, logFile, env }, SHELL_TIMEOUT_MS).catch(
    () => null
  )
  return lastLines(logFile, 20)
}
