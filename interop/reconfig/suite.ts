import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mavenClassPath } from '../harness/java.ts'
import type { ServerKind } from '../harness/server.ts'
import { buildZoonode } from '../harness/server.ts'
import type { Suite } from '../harness/suite.ts'
import { reconfigure } from './scenario.ts'

interface Scenario {
  readonly name: string
  /** Of servers 1 to 3, which found the ensemble, and 4, which joins it. */
  readonly kinds: readonly ServerKind[]
  readonly shell: ServerKind
  readonly isQuick: boolean
}

/** With nothing in the logs, server 3 leads first; later the lead goes from one kind to the other and back. */
const SCENARIOS: readonly Scenario[] = [
  { name: 'Apache and zoonode', kinds: ['apache', 'zoonode', 'zoonode', 'apache'], shell: 'apache', isQuick: true },
  { name: 'zoonode', kinds: ['zoonode', 'zoonode', 'zoonode', 'zoonode'], shell: 'zoonode', isQuick: false },
  {
    name: 'zoonode led by Apache',
    kinds: ['zoonode', 'zoonode', 'apache', 'zoonode'],
    shell: 'zoonode',
    isQuick: false
  },
  { name: 'Apache alone', kinds: ['apache', 'apache', 'apache', 'apache'], shell: 'apache', isQuick: false }
]

/**
 * Reconfigurations of ensembles of one kind and of both: what a shell prints, the znode on all servers, and the files. The same steps on Apache's
 * servers alone show that what is expected here is what they do.
 */
export const reconfigSuite: Suite = {
  name: 'reconfig',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  prepare: async () => {
    await buildZoonode()
    await mavenClassPath('java')
  },
  async run({ quick, folder, record }) {
    for (const { name, kinds, shell, isQuick } of SCENARIOS) {
      if (quick && !isQuick) continue
      const own = join(folder, name.replaceAll(' ', '-'))
      mkdirSync(own)
      await reconfigure(kinds, shell, own, (step, problem) => {
        const status = problem === null ? 'passed' : 'failed'
        record({ name: `${name}: ${step}`, status, detail: problem ?? '', observed: null })
      })
    }
  }
}
