import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { javaProgram, mavenClassPath } from '../harness/java.ts'
import { buildZoonode, type ServerKind } from '../harness/server.ts'
import type { Suite } from '../harness/suite.ts'
import { kazooPackages } from './clients.ts'
import { runNames } from './name-scenarios.ts'
import { runOcsp } from './ocsp-scenarios.ts'
import { runOwn } from './own-scenarios.ts'
import { runSasl, runScram } from './sasl-scenarios.ts'
import {
  type Certificates,
  makeCertificates,
  type Observe,
  runPortUnification,
  runRefusals,
  runRotation,
  runStores,
  runVersions
} from './scenarios.ts'

interface Part {
  readonly name: string
  readonly isQuick?: boolean
  run(kind: ServerKind, certificates: Certificates, folder: string, observe: Observe): Promise<void>
}

/** What is seen of Apache's server and of ours has to be the same in these. */
export const TLS_PARTS: readonly Part[] = [
  { name: 'JKS', isQuick: true, run: (kind, ...rest) => runStores(kind, 'JKS', ...rest) },
  { name: 'PKCS12', run: (kind, ...rest) => runStores(kind, 'PKCS12', ...rest) },
  { name: 'PEM', run: (kind, ...rest) => runStores(kind, 'PEM', ...rest) },
  { name: 'versions', run: runVersions },
  { name: 'port unification', run: runPortUnification },
  { name: 'refusals', run: runRefusals },
  { name: 'alternative names', run: runNames },
  { name: 'OCSP', run: runOcsp },
  { name: 'SASL', run: runSasl },
  { name: 'rotation', isQuick: true, run: runRotation }
]

/** Clients over TLS: Apache's server first, then ours with the same configuration. */
export const tlsSuite: Suite = {
  name: 'tls',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  async prepare() {
    await buildZoonode()
    await mavenClassPath('java')
    await javaProgram('tls')
    await kazooPackages()
  },
  async run({ quick, folder, record }) {
    const certificates = await makeCertificates(join(folder, 'certificates'))
    const tell = (name: string, problem: string | null, observed: string | null): void =>
      record({ name, status: problem === null ? 'passed' : 'failed', detail: problem ?? '', observed })
    try {
      for (const part of chosenParts(quick)) {
        const apache = await observations('apache', part, certificates, folder)
        const zoonode = await observations('zoonode', part, certificates, folder)
        for (const name of new Set([...apache.keys(), ...zoonode.keys()])) {
          const seen = apache.get(name) ?? 'not run'
          const ours = zoonode.get(name) ?? 'not run'
          tell(`${part.name}: ${name}`, ours === seen ? null : `Apache: ${seen}\nzoonode: ${ours}`, ours)
        }
      }
      const act = async (name: string, act: () => Promise<void>): Promise<void> => {
        const problem = await act().then(
          () => null,
          (error: Error) => error.message
        )
        tell(name, problem, null)
      }
      await runOwn(certificates, join(folder, 'own'), act)
      await act('our shell by SCRAM-SHA-256 over TLS', () => runScram(certificates, join(folder, 'scram')))
    } finally {
      certificates.close()
    }
  }
}

/** `INTEROP_TLS_PARTS` names some of them, with commas between. */
function chosenParts(quick: boolean): readonly Part[] {
  const names = process.env.INTEROP_TLS_PARTS?.split(',')
  if (names !== undefined) return TLS_PARTS.filter(({ name }) => names.includes(name))
  return TLS_PARTS.filter(({ isQuick }) => !quick || isQuick === true)
}

async function observations(
  kind: ServerKind,
  part: Part,
  certificates: Certificates,
  folder: string
): Promise<Map<string, string>> {
  const seen = new Map<string, string>()
  const own = join(folder, `${part.name.replaceAll(' ', '-')}-${kind}`)
  mkdirSync(own, { recursive: true })
  try {
    await part.run(kind, certificates, own, async (name, act) => {
      seen.set(name, await act().catch((error: Error) => `failed: ${error.message}`))
    })
  } catch (error) {
    seen.set('the scenario', `failed: ${error instanceof Error ? error.message : String(error)}`)
  }
  return seen
}
