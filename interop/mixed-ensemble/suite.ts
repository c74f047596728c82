import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { participants } from '../harness/ensemble.ts'
import { mavenClassPath } from '../harness/java.ts'
import { buildZoonode } from '../harness/server.ts'
import type { Suite } from '../harness/suite.ts'
import type { Tell } from './attempts.ts'
import { runForeignPeers } from './hostile/foreign-peers.ts'
import { runHostile, runHostileObservers } from './hostile/hostile-scenario.ts'
import { type MigrationPlan, migrateThereAndBack } from './migration/rolling-migration.ts'
import { OBSERVER_SCENARIOS, runObserverScenario } from './observer-master/observer-scenario.ts'
import { compareFigures } from './operator/figures-scenario.ts'
import { compareLeaders, ROLES_SCENARIOS, runRoles } from './operator/roles-scenario.ts'
import { ROLL_OVER_SCENARIOS, runRollOver } from './roll-over/roll-over-scenario.ts'
import { runScenario, type Scenario } from './scenario.ts'

const MIGRATIONS: readonly MigrationPlan[] = [
  { there: 'clear', back: 'export' },
  { there: 'keep', back: 'clear' }
]
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
    const tell: Tell = (name, problem) => {
      record({ name, status: problem === null ? 'passed' : 'failed', detail: problem ?? '', observed: null })
    }
    for (const [index, one] of SCENARIOS.entries()) {
      if (quick && !one.isQuick) continue
      await runScenario(one, ownFolder(folder, String(index)), tell)
    }
    if (!quick) {
      for (const [index, one] of OBSERVER_SCENARIOS.entries()) {
        await runObserverScenario(one, ownFolder(folder, `observer-master-${index}`), tell)
      }
      for (const [index, one] of ROLL_OVER_SCENARIOS.entries()) {
        await runRollOver(one, ownFolder(folder, `roll-over-${index}`), tell)
      }
      await compareFigures((kind) => ownFolder(folder, `figures-${kind}`), tell)
      const [underApache, underZoonode] = ROLES_SCENARIOS
      compareLeaders(
        await runRoles(underApache, ownFolder(folder, 'words-under-apache'), tell),
        await runRoles(underZoonode, ownFolder(folder, 'words-under-zoonode'), tell),
        tell
      )
    }
    await runHostile('zoonode', ownFolder(folder, 'hostile'), tell, quick)
    if (!quick) {
      await runHostile('apache', ownFolder(folder, 'hostile-under-apache'), tell)
      await runHostileObservers(ownFolder(folder, 'hostile-observers'), tell)
      for (const kind of ['zoonode', 'apache'] as const) {
        await runForeignPeers(kind, ownFolder(folder, `foreign-under-${kind}`), tell)
      }
    }
    const migrations = quick ? MIGRATIONS.slice(0, 1) : MIGRATIONS
    for (const plan of migrations) await migrate(plan, ownFolder(folder, `migration-${plan.there}`), tell)
  }
}

async function migrate(plan: MigrationPlan, folder: string, tell: Tell): Promise<void> {
  const name = `rolling migration there (${plan.there}) and back (${plan.back})`
  try {
    await migrateThereAndBack(plan, folder, { progress: () => undefined })
    tell(name, null)
  } catch (error) {
    tell(name, error instanceof Error ? error.message : String(error))
  }
}

function ownFolder(folder: string, name: string): string {
  const own = join(folder, name)
  mkdirSync(own)
  return own
}
