import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runCommand } from '../harness/child.ts'
import { PROGRAMS } from '../harness/paths.ts'
import type { Server } from '../harness/server.ts'
import type { Kdc } from './kdc.ts'
import { kerberosPackage } from './kerberos-package.ts'

const MODULE = 'com.sun.security.auth.module.Krb5LoginModule required'
const TIMEOUT_MS = 30_000
export const USER = 'alice@ZK.TEST'
const STRANGER = 'carol@ZK.TEST'

/** What each way to log in shows, and what it must show. */
export interface OwnOutcome {
  readonly name: string
  readonly shown: string
  readonly expected: RegExp
}

/** Our shell and our client, with the tickets and the keys that people have. */
export async function ownOutcomes(server: Server, kdc: Kdc, folder: string, keys: string): Promise<OwnOutcome[]> {
  const cache = await kdc.ticketCache('alice', keys, USER)
  const keytab = `useKeyTab=true keyTab="${keys}"`
  const outcomes: OwnOutcome[] = []
  const shells = [
    {
      name: 'our shell, with a key table',
      options: `${keytab} principal="${USER}"`,
      expected: /sasl *: *alice@ZK\.TEST/
    },
    {
      name: 'our shell, with a ticket',
      options: `useTicketCache=true ticketCache="${cache}"`,
      expected: /sasl *: *alice@ZK\.TEST/
    },
    {
      name: 'our shell, with neither',
      options: `useTicketCache=true ticketCache="${folder}/none"`,
      expected: /Kerberos: No /
    },
    {
      name: "our shell, with somebody else's key table",
      options: `${keytab} principal="${STRANGER}"`,
      expected: /key table .* has no key of carol@ZK\.TEST/
    }
  ]
  for (const { name, options, expected } of shells) {
    const jaas = join(folder, `${name.replaceAll(/\W+/g, '-')}.conf`)
    writeFileSync(jaas, `Client { ${MODULE} ${options}; };\n`)
    const flags = `-Djava.security.auth.login.config=${jaas} -Djava.security.krb5.conf=${kdc.configFile}`
    const args = ['-server', `localhost:${server.port}`, 'whoami']
    const command = join(PROGRAMS, 'bin', 'zkCli.sh')
    outcomes.push({ name, shown: await textOf(command, args, `${jaas}.log`, { CLIENT_JVMFLAGS: flags }), expected })
  }
  const program = [
    `import { connect } from ${JSON.stringify(pathToFileURL(join(PROGRAMS, 'dist/library/index.js')).href)}`,
    `const zk = await connect('localhost:${server.port}', { sasl: { mechanism: 'GSSAPI' } })`,
    "console.log((await zk.whoAmI()).map(({ scheme, user }) => scheme + ' : ' + user).join('\\n'))",
    'await zk.close()'
  ].join('\n')
  const file = join(folder, 'own-client.mjs')
  writeFileSync(file, program)
  const environment = { KRB5_CONFIG: kdc.configFile, KRB5_CLIENT_KTNAME: keys, KRB5CCNAME: `MEMORY:own` }
  const shown = await textOf(process.execPath, [file], `${file}.log`, environment)
  outcomes.push({ name: 'our client, with what the environment says', shown, expected: /^sasl : alice@ZK\.TEST$/m })
  return outcomes
}

/** Whoever is refused ends with a code that is not asked here. */
async function textOf(
  command: string,
  args: readonly string[],
  logFile: string,
  env: Readonly<Record<string, string>>
): Promise<string> {
  await runCommand({ command, args, logFile, env: { ...(await kerberosPackage()), ...env } }, TIMEOUT_MS).catch(
    () => null
  )
  return readFileSync(logFile, 'utf8')
}
