import { describe, expect, test } from '@jest/globals'
import { JuteReader } from 'jute-ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { OpCode } from '../../src/protocol/op-code.ts'
import { PeerHarness } from './peer-harness.ts'

const isClosed = (harness: PeerHarness, id: ConnectionId): boolean =>
  harness.sent(id).some(({ kind }) => kind === 'closed')

/** What a connection was answered to its ConnectRequest. */
function granted(harness: PeerHarness, id: ConnectionId): { sessionId: bigint; password: Buffer } {
  const first = harness.sent(id)[0]
  if (first?.kind !== 'frame') throw new Error('no answer')
  const reader = new JuteReader().reset(first.body)
  reader.readInt()
  reader.readInt()
  return { sessionId: reader.readLong(), password: Buffer.from(reader.readBuffer() ?? Buffer.alloc(0)) }
}

function resumedWithWrongPassword(settings: ConstructorParameters<typeof PeerHarness>[0]) {
  const harness = new PeerHarness(settings)
  const owner = harness.session()
  const { sessionId, password } = granted(harness, owner)
  const stranger = harness.open()
  harness.connect(stranger, { sessionId, password: Buffer.alloc(16, 1) })
  return { harness, owner, stranger, sessionId, password }
}

describe('a resume with a wrong password', () => {
  test('is answered by zeros and closed, and its owner notices nothing', () => {
    const { harness, owner, stranger } = resumedWithWrongPassword({})

    expect(granted(harness, stranger)).toEqual({ sessionId: 0n, password: Buffer.alloc(16) })
    expect(isClosed(harness, stranger)).toBe(true)
    expect(isClosed(harness, owner)).toBe(false)
    expect(harness.request(owner, OpCode.whoAmI, 1)).toHaveLength(1)
  })

  test('leaves the session to its owner: who has the password moves it later', () => {
    const { harness, owner, sessionId, password } = resumedWithWrongPassword({})
    const next = harness.open()
    harness.connect(next, { sessionId, password })

    expect(isClosed(harness, owner)).toBe(true)
    expect(granted(harness, next).sessionId).toBe(sessionId)
    harness.disconnect(owner)
    expect(harness.request(next, OpCode.whoAmI, 1)).toHaveLength(1)
  })

  test('closes the owner where it shall be as in upstream', () => {
    const { harness, owner, stranger } = resumedWithWrongPassword({ wrongPasswordClosesOwner: true })

    expect(isClosed(harness, owner)).toBe(true)
    expect(isClosed(harness, stranger)).toBe(true)
  })
})
