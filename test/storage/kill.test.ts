import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { ChildProgram } from './support/child-program.ts'
import { DataDirectory } from './support/data-directory.ts'
import { zxidRange } from './support/transactions.ts'

/** More kills: `ZOONODE_KILLS=100 npx jest test/storage/kill`. */
const KILLS = Number(process.env.ZOONODE_KILLS ?? 5)

let directory: DataDirectory
let program: ChildProgram | null = null

beforeEach(() => {
  directory = new DataDirectory()
})

afterEach(async () => {
  await program?.kill()
  await directory.dispose()
})

test(
  `everything reported persisted is there after each of ${KILLS} kills at full speed`,
  async () => {
    let persisted = 0
    for (let kill = 0; kill < KILLS; kill++) {
      program = new ChildProgram('appender.ts', [directory.path])
      // Not a round number of lines: a kill should come anywhere.
      await program.untilLines(20 + ((kill * 37) % 150))
      await program.kill()
      expect(program.errors).toBe('')
      persisted = Math.max(persisted, ...program.lines.map(Number))

      const { recovery, recoveredZxids, recoveredSnapshot, ...rest } = await directory.open()
      const snapshotZxid = BigInt(recovery.snapshot?.zxidLo ?? 0)
      const lastZxid = BigInt(recovery.lastZxidLo)

      expect(Number(lastZxid)).toBeGreaterThanOrEqual(persisted)
      expect(recoveredZxids).toEqual(zxidRange(snapshotZxid + 1n, lastZxid))
      expect(recoveredSnapshot?.toString() ?? 'state at 0').toBe(`state at ${snapshotZxid}`)
      expect(recovery.wasCleanShutdown).toBe(false)
      expect(rest.fatals).toEqual([])
      await directory.closeAll()
    }
    expect(persisted).toBeGreaterThan(100 * KILLS)
  },
  60_000 + KILLS * 60_000
)
