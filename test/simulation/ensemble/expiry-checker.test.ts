import { describe, expect, test } from '@jest/globals'
import type { Committed } from '../../../src/simulator/checkers/committed-history.ts'
import { ExpiryChecker } from '../../../src/simulator/checkers/expiry-checker.ts'

const EPOCH = 2
const SESSION = '10000'
const TIMEOUT_MS = 400

/** A leader of epoch 2 that serves since 0, in a world where sessions may be local; its clock may have jumped since it wrote. */
function leaderAt(clock: { hasJumped: boolean }) {
  const agenda = { nowMs: 0 }
  const worldMsAt = (wallMs: number): number | null => (clock.hasJumped ? null : wallMs)
  const checker = new ExpiryChecker({
    agenda,
    count: () => undefined,
    server: () => ({ clock: { worldMsAt } }),
    scenario: { clockDrift: 0, features: { localSessions: 'upgraded' } }
  })
  checker.established(1, EPOCH)
  return {
    /** What the leader wrote at one time is committed at another. */
    commits(kind: 'createSession' | 'closeSession', writtenMs: number, committedMs: number): void {
      agenda.nowMs = committedMs
      const header = { cxid: 0, zxidHi: EPOCH, zxidLo: 1, timeHi: 0, timeLo: writtenMs }
      const txn = { header, body: { kind, timeoutMs: TIMEOUT_MS } }
      checker.committed({ txn, session: SESSION, zxid: 1, events: [] } as unknown as Committed)
    }
  }
}

describe('a session that was local and is closed in the moment in which its upgrade is committed', () => {
  test('has lived since its leader wrote that', () => {
    const leader = leaderAt({ hasJumped: false })
    leader.commits('createSession', 100, 900)

    expect(() => leader.commits('closeSession', 100 + TIMEOUT_MS, 900)).not.toThrow()
  })

  test('is too early if it was written a moment before', () => {
    const leader = leaderAt({ hasJumped: false })
    leader.commits('createSession', 890, 900)

    expect(() => leader.commits('closeSession', 895, 900)).toThrow('sessions live their time')
  })

  test('has lived for nobody knows how long if the clock has jumped since', () => {
    const leader = leaderAt({ hasJumped: true })
    leader.commits('createSession', 100, 900)

    expect(() => leader.commits('closeSession', 500, 900)).not.toThrow()
  })
})
