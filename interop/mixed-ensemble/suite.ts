import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { participants } from '../harness/ensemble.ts'
import { mavenClassPath } from '../harness/java.ts'
import { buildZoonode } from '../harness/server.ts'
import type { Suite } from '../harness/suite.ts'
import { runScenario, type Scenario } from './scenario.ts'

/** With nothing in the logs, the highest id wins an election in which all take part. */
const SCENARIOS: readonly Scenario[] = [
  scenario('zoonode leads zoonode and Apache', participants('apache', 'zoonode', 'zoonode'), 3, true),
  scenario('three zoonodes', participants('zoonode', 'zoonode', 'zoonode'), 3),
  scenario('zoonode leads two Apache', participants('apache', 'apache', 'zoonode'), 3),
  scenario('Apache leads Apache and zoonode', participants('zoonode', 'apache', 'apache'), 3),
  scenario('Apache leads two zoonodes', participants('zoonode', 'zoonode', 'apache'), 3),
  scenario(
    'zoonode observes Apache',
    [...participants('apache', 'apache'), { sid: 3, kind: 'zoonode', role: 'observer' }],
    2
  ),
  scenario(
    'Apache observes zoonode',
    [...participants('zoonode', 'zoonode'), { sid: 3, kind: 'apache', role: 'observer' }],
    2
  )
]

function scenario(
  name: string,
  members: Scenario['settings']['members'],
  firstLeader: number,
  isQuick = false
): Scenario {
  return { name, settings: { members }, firstLeader, isQuick }
}

/** Ensembles of both kinds of servers: they elect, replicate, lose members, and end with the same trees. */
export const mixedEnsembleSuite: Suite = {
  name: 'mixed-ensemble',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  prepare: async () => {
    await buildZoonode()
    await mavenClassPath('java')
  },
  async run({ quick, folder, record }) {
    for (const [index, one] of SCENARIOS.entries()) {
      if (quick && !one.isQuick) continue
      const own = join(folder, String(index))
      mkdirSync(own)
      await runScenario(one, own, (name, problem) => {
        record({ name, status: problem === null ? 'passed' : 'failed', detail: problem ?? '', observed: null })
      })
    }
  }
}
