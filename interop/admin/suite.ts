import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mavenClassPath } from '../harness/java.ts'
import { buildZoonode } from '../harness/server.ts'
import type { Suite } from '../harness/suite.ts'
import { compareEnsembles } from './ensembles.ts'
import { compareStandalone } from './standalone.ts'

/**
 * The HTTP admin servers of both, asked the same after the same requests of clients: every command by every name, wrong
 * requests, authority, rate limits, snapshots of each restored into the other, and each role of an ensemble.
 */
export const adminSuite: Suite = {
  name: 'admin',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  prepare: async () => {
    await buildZoonode()
    await mavenClassPath('java')
  },
  async run({ quick, folder, record }) {
    const tell = (name: string, problem: string | null): void =>
      record({ name, status: problem === null ? 'passed' : 'failed', detail: problem ?? '', observed: null })
    const own = (name: string): string => {
      const path = join(folder, name)
      mkdirSync(path)
      return path
    }
    await compareStandalone(own('standalone'), tell)
    if (!quick) await compareEnsembles(own('ensembles'), tell)
  }
}
