import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mavenClassPath } from '../harness/java.ts'
import { buildZoonode, type ServerKind } from '../harness/server.ts'
import type { Suite } from '../harness/suite.ts'
import { DISAGREEMENT_SCENES } from './disagreement-scenes.ts'
import { LIMIT_SCENES } from './limit-scenes.ts'
import { PORT_SCENES } from './port-scenes.ts'
import type { Scene } from './scene.ts'
import { START_SCENES } from './start-scenes.ts'

const SCENES: readonly Scene[] = [...START_SCENES, ...PORT_SCENES, ...LIMIT_SCENES, ...DISAGREEMENT_SCENES]

/** What an operator sets for an ensemble, and sets wrong: Apache's server in a place of it, then ours with the same configuration. */
export const ensembleSettingsSuite: Suite = {
  name: 'ensemble-settings',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  async prepare() {
    await buildZoonode()
    await mavenClassPath('java')
  },
  async run({ quick, folder, record }) {
    for (const [index, scene] of chosenScenes(quick).entries()) {
      const [theirs, ours] = [
        await observations('apache', scene, join(folder, `${index}-apache`)),
        await observations('zoonode', scene, join(folder, `${index}-zoonode`))
      ]
      for (const name of new Set([...theirs.keys(), ...ours.keys()])) {
        const seen = theirs.get(name) ?? 'not seen'
        const own = ours.get(name) ?? 'not seen'
        const isFailure = seen.startsWith(FAILED)
        const expected = scene.differs?.[name] ?? seen
        const status = own === expected && !isFailure ? 'passed' : 'failed'
        const detail = status === 'passed' ? '' : `Apache: ${seen}\nzoonode: ${own}`
        record({ name: `${scene.name}: ${name}`, status, detail, observed: own })
      }
    }
  }
}

const FAILED = 'failed: '

/** `INTEROP_SCENES` names some by words of theirs, with commas between. */
function chosenScenes(quick: boolean): readonly Scene[] {
  const words = process.env.INTEROP_SCENES?.split(',')
  if (words !== undefined) return SCENES.filter(({ name }) => words.some((word) => name.includes(word)))
  return SCENES.filter(({ isQuick }) => !quick || isQuick === true)
}

async function observations(kind: ServerKind, scene: Scene, folder: string): Promise<Map<string, string>> {
  const seen = new Map<string, string>()
  mkdirSync(folder)
  try {
    await scene.run(kind, folder, (name, value) => seen.set(name, value))
    seen.set('it comes to an end', 'yes')
  } catch (error) {
    seen.set('it comes to an end', `${FAILED}${error instanceof Error ? error.message : String(error)}`)
  }
  return seen
}
