import { describe, expect, test } from '@jest/globals'
import { createAclChecker } from '../../../src/core/acl/acl-checker.ts'
import { OutstandingChanges } from '../../../src/core/pipeline/prepare/outstanding-changes.ts'
import { PrepareContext } from '../../../src/core/pipeline/prepare/prepare-context.ts'
import { prepareReconfig } from '../../../src/core/pipeline/prepare/reconfig.ts'
import type { ReconfigPort } from '../../../src/core/pipeline/role-ports.ts'
import { PlainTree } from '../../../src/core/tree/plain-tree.ts'
import { ErrorCode } from '../../../src/protocol/error-code.ts'
import type { ReconfigRequest } from '../../../src/protocol/generated/proto.ts'
import { DEFAULT_SETTINGS, testHash } from '../peer-harness.ts'

const PATH = '/zookeeper/config'
const SUPER = [{ scheme: 'super', id: '' }]
const REQUEST: ReconfigRequest = {
  joiningServers: null,
  leavingServers: '3',
  newMembers: null,
  curConfigIdHi: -1,
  curConfigIdLo: -1
}
const TEXT = Buffer.from('server.1=…\nversion=500000007')

interface Situation {
  readonly enabled?: boolean
  readonly sessionError?: ErrorCode
  readonly identities?: PrepareContext['identities']
  readonly port?: ReconfigPort | null
}

function contextOf({ enabled = true, sessionError = ErrorCode.OK, identities = SUPER, port = null }: Situation) {
  const tree = new PlainTree(testHash, { digestEnabled: true, extendedTypesEnabled: true })
  const changes = new OutstandingChanges(tree)
  const acl = createAclChecker({ providers: [], skipAcl: false })
  const settings = { ...DEFAULT_SETTINGS, reconfigEnabled: enabled }
  const context = new PrepareContext(tree, changes, acl, testHash, settings, { exceeded: () => undefined }, port)
  context.sessionError = sessionError
  context.identities = identities
  context.zxidHi = 5
  context.zxidLo = 7
  context.timeLo = 1234
  context.digestHi = tree.digestHi
  context.digestLo = tree.digestLo
  return context
}

/** Answers all requests alike, and keeps what it was asked. */
class Port implements ReconfigPort {
  readonly asked: [ReconfigRequest, number, number][] = []
  readonly #answer: Uint8Array | ErrorCode

  constructor(answer: Uint8Array | ErrorCode) {
    this.#answer = answer
  }

  reconfigure(request: ReconfigRequest, zxidHi: number, zxidLo: number): Uint8Array | ErrorCode {
    this.asked.push([request, zxidHi, zxidLo])
    return this.#answer
  }
}

describe('a reconfiguration', () => {
  test('becomes the data of its znode, with the version -1', () => {
    const port = new Port(TEXT)

    const body = prepareReconfig(contextOf({ port }), REQUEST)

    expect(body).toEqual({ kind: 'setData', type: 16, path: PATH, data: TEXT, version: -1 })
    expect(port.asked).toEqual([[REQUEST, 5, 7]])
  })

  test('is seen by what is prepared after it, and does not move the digest', () => {
    const context = contextOf({ port: new Port(TEXT) })
    const { digestHi, digestLo } = context

    prepareReconfig(context, REQUEST)

    expect(context.changes.recordFor(PATH)?.stat).toMatchObject({ version: -1, mzxidHi: 5, mzxidLo: 7, mtimeLo: 1234 })
    expect([context.digestHi, context.digestLo]).toEqual([digestHi, digestLo])
  })

  // In the order in which they are looked at: each has everything wrong that comes after it.
  const refusing = new Port(ErrorCode.BADVERSION)
  test.each<{ because: string; situation: Situation; error: keyof typeof ErrorCode }>([
    {
      because: 'it is off',
      situation: { enabled: false, sessionError: ErrorCode.SESSIONEXPIRED, identities: [] },
      error: 'RECONFIGDISABLED'
    },
    {
      because: 'the session is gone',
      situation: { sessionError: ErrorCode.SESSIONEXPIRED, identities: [] },
      error: 'SESSIONEXPIRED'
    },
    { because: 'the server is no ensemble', situation: { identities: [] }, error: 'UNIMPLEMENTED' },
    {
      because: 'there cannot be such a configuration',
      situation: { port: refusing, identities: [] },
      error: 'BADVERSION'
    },
    { because: 'the client may not', situation: { port: new Port(TEXT), identities: [] }, error: 'NOAUTH' }
  ])('is refused when $because', ({ situation, error }) => {
    const context = contextOf(situation)

    expect(prepareReconfig(context, REQUEST)).toBe(ErrorCode[error])
    expect(context.changes.size).toBe(0)
  })
})
