import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { participants } from '../harness/ensemble.ts'
import { mavenClassPath } from '../harness/java.ts'
import { buildZoonode } from '../harness/server.ts'
import type { Suite } from '../harness/suite.ts'
import { attemptsOf, type Tell } from '../mixed-ensemble/attempts.ts'
import { hasKdc, NO_KDC } from '../sasl/kdc.ts'
import { runForeignProgram, runHostileTls } from './hostile-scenarios.ts'
import { runKerberos } from './kerberos-scenarios.ts'
import { runOcsp } from './ocsp-scenario.ts'
import { runOracle } from './oracle-scenario.ts'
import { runSasl, runSwitchToSasl } from './sasl-scenarios.ts'
import { runReload, runSwitchToTls, runTls, TLS_ENSEMBLES } from './tls-scenarios.ts'

interface SecurityPart {
  readonly name: string
  readonly isQuick?: boolean
  readonly needsKdc?: boolean
  run(folder: string, tell: Tell): Promise<void>
}

export const SECURITY_PARTS: readonly SecurityPart[] = [
  ...TLS_ENSEMBLES.map(({ name, members, leader }, index): SecurityPart => {
    const run = (folder: string, tell: Tell) => runTls(members, leader, folder, attemptsOf(`TLS, ${name}`, tell))
    return { name: `tls ${name}`, isQuick: index === 0, run }
  }),
  {
    name: 'switch',
    run: (folder, tell) =>
      runSwitchToTls(participants('zoonode', 'apache', 'zoonode'), folder, attemptsOf('switch to TLS', tell))
  },
  {
    name: 'reload',
    run: (folder, tell) =>
      runReload(participants('apache', 'zoonode', 'zoonode'), folder, attemptsOf('new certificates', tell))
  },
  {
    name: 'ocsp',
    run: (folder, tell) => runOcsp(participants('apache', 'zoonode', 'zoonode'), folder, attemptsOf('OCSP', tell))
  },
  ...TLS_ENSEMBLES.map(({ name, members, leader }, index): SecurityPart => {
    const hasTls = index > 0
    const title = `${hasTls ? 'SASL in TLS' : 'SASL'}, ${name}`
    const run = (folder: string, tell: Tell) => runSasl(members, leader, hasTls, folder, attemptsOf(title, tell))
    return { name: `sasl ${name}`, run }
  }),
  {
    name: 'sasl-switch',
    run: (folder, tell) =>
      runSwitchToSasl(participants('zoonode', 'apache', 'zoonode'), folder, attemptsOf('switch to SASL', tell))
  },
  ...TLS_ENSEMBLES.map(({ name, members, leader }, index): SecurityPart => {
    const hasTls = index > 0
    const title = `${hasTls ? 'Kerberos in TLS' : 'Kerberos'}, ${name}`
    const run = (folder: string, tell: Tell) => runKerberos(members, leader, hasTls, folder, attemptsOf(title, tell))
    return { name: `kerberos ${name}`, needsKdc: true, run }
  }),
  {
    name: 'oracle of both kinds',
    run: (folder, tell) => runOracle(participants('apache', 'zoonode'), folder, attemptsOf('oracle, both kinds', tell))
  },
  {
    name: 'oracle zoonode',
    run: (folder, tell) => runOracle(participants('zoonode', 'zoonode'), folder, attemptsOf('oracle, zoonode', tell))
  },
  { name: 'hostile', run: (folder, tell) => runHostileTls(folder, attemptsOf('hostile', tell)) },
  { name: 'foreign', isQuick: true, run: (folder, tell) => runForeignProgram(folder, attemptsOf('foreign', tell)) }
]

/** Connections between servers of both kinds, encrypted and authenticated. */
export const quorumSecuritySuite: Suite = {
  name: 'quorum-security',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  prepare: async () => {
    await buildZoonode()
    await mavenClassPath('java')
  },
  async run({ quick, folder, record }) {
    for (const [index, part] of SECURITY_PARTS.entries()) {
      if (quick && part.isQuick !== true) continue
      if (part.needsKdc === true && !hasKdc()) {
        record({ name: part.name, status: 'skipped', detail: NO_KDC, observed: null })
        continue
      }
      const own = join(folder, String(index))
      mkdirSync(own)
      await part.run(own, (name, problem) => {
        record({ name, status: problem === null ? 'passed' : 'failed', detail: problem ?? '', observed: null })
      })
    }
  }
}
