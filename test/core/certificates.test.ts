import { describe, expect, test } from '@jest/globals'
import { JuteReader } from 'jute-ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'
import { CreateMode, OpCode } from '../../src/protocol/op-code.ts'
import { PeerHarness } from './peer-harness.ts'
import { create, pathAndBool, replyOf } from './requests.ts'

const ALICE = 'CN=alice,O=Example'
const ROOT = 'CN=root,O=Example'
const OWN = [{ perms: 31, scheme: 'auth', id: '' }]

function clientOf(harness: PeerHarness, certificateId: string | null): ConnectionId {
  const id = harness.open()
  if (certificateId !== null) harness.certify(id, certificateId)
  harness.connect(id)
  return id
}

function whoAmI(harness: PeerHarness, id: ConnectionId): string[] {
  const reader = new JuteReader().reset(replyOf(harness.request(id, OpCode.whoAmI, 9)).body)
  return Array.from({ length: reader.readVectorLength() }, () => `${reader.readString()}:${reader.readString()}`)
}

describe('a client that has shown a certificate', () => {
  test('is known by it from the first request on, and owns what it makes', () => {
    const harness = new PeerHarness({}, { x509SuperUser: null })
    const [alice, other] = [clientOf(harness, ALICE), clientOf(harness, null)]

    harness.request(alice, OpCode.create, 1, create('/own', CreateMode.persistent, 'x', OWN))

    expect(whoAmI(harness, alice)).toEqual(['ip:127.0.0.1', `x509:${ALICE}`])
    expect(replyOf(harness.request(alice, OpCode.getData, 2, pathAndBool('/own'))).err).toBe(ErrorCode.OK)
    expect(replyOf(harness.request(other, OpCode.getData, 2, pathAndBool('/own'))).err).toBe(ErrorCode.NOAUTH)
  })

  test('may do everything with that of the super user', () => {
    const harness = new PeerHarness({}, { x509SuperUser: ROOT })
    harness.request(clientOf(harness, ALICE), OpCode.create, 1, create('/own', CreateMode.persistent, 'x', OWN))

    const root = clientOf(harness, ROOT)

    expect(replyOf(harness.request(root, OpCode.getData, 2, pathAndBool('/own'))).err).toBe(ErrorCode.OK)
    expect(whoAmI(harness, root)).toContain(`x509:${ROOT}`)
  })

  test('satisfies enforce.auth.schemes=x509, which one without does not', () => {
    const harness = new PeerHarness({ enforceAuthEnabled: true, enforceAuthSchemes: ['x509'] }, { x509SuperUser: null })

    const [alice, other] = [clientOf(harness, ALICE), clientOf(harness, null)]

    expect(replyOf(harness.request(alice, OpCode.exists, 1, pathAndBool('/'))).err).toBe(ErrorCode.OK)
    expect(replyOf(harness.request(other, OpCode.exists, 1, pathAndBool('/'))).err).toBe(
      ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH
    )
  })

  test('is nobody by it where the scheme is not there', () => {
    const harness = new PeerHarness()

    expect(whoAmI(harness, clientOf(harness, ALICE))).toEqual(['ip:127.0.0.1'])
  })
})
