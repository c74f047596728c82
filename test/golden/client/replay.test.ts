import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { LEFT_OUT, readRecording, STANDALONE_RECORDINGS } from '../../../interop/differential/fixtures/recording.ts'
import { FixtureReplayer, type Mismatch } from '../../../interop/differential/fixtures/replay.ts'
import { deviationsOf, recordingSettings } from '../../../interop/differential/fixtures/settings.ts'
import { type RunningServer, startServer } from '../../../interop/differential/servers.ts'

const RECORDINGS = STANDALONE_RECORDINGS.map((name) => readRecording(__dirname, name))

describe('frames recorded from Apache ZooKeeper 3.9.5 are answered as it answered them', () => {
  let server: RunningServer
  let replayer: FixtureReplayer

  beforeAll(async () => {
    const projectRoot = join(__dirname, '../../..')
    server = await startServer('zoonode', { projectRoot, settings: recordingSettings('zoonode') })
    replayer = new FixtureReplayer(server.port)
  }, 300_000)

  afterAll(async () => {
    await server?.stop()
  })

  // One server for all, in the order of the recording: each file begins with the tree that the one before left.
  for (const [at, recording] of RECORDINGS.entries()) {
    if (LEFT_OUT[recording.name] !== undefined) continue
    test(recording.name, async () => {
      skipLeftOut(replayer, at)

      const mismatches = await replayer.replay(recording)

      expect(mismatches.filter((mismatch) => !isExpected(recording.name, mismatch))).toEqual([])
    }, 300_000)
  }
})

/** Tells the replayer when the recording just before `at` was left out. */
function skipLeftOut(replayer: FixtureReplayer, at: number): void {
  const [beforeLast, last, present] = [RECORDINGS[at - 2], RECORDINGS[at - 1], RECORDINGS[at]]
  if (beforeLast === undefined || last === undefined || present === undefined) return
  if (LEFT_OUT[last.name] !== undefined) replayer.skip(beforeLast, present)
}

function isExpected(recording: string, mismatch: Mismatch): boolean {
  return deviationsOf('zoonode').some((deviation) => deviation.recording === recording && deviation.row === mismatch.row)
}
