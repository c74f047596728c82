import { describe, expect, test } from '@jest/globals'
import { formatConfigText, parseConfigText } from '../../../../src/core/zab/membership/config-text.ts'
import { applyReconfig } from '../../../../src/core/zab/membership/reconfig.ts'
import { ErrorCode } from '../../../../src/protocol/error-code.ts'
import type { ReconfigRequest } from '../../../../src/protocol/generated/proto.ts'
import { highWord, lowWord } from '../../../../src/protocol/int64.ts'

const CURRENT = parseConfigText(
  [
    'server.1=10.0.0.1:2888:3888:participant;10.0.0.1:2181',
    'server.2=10.0.0.2:2888:3888:participant;10.0.0.2:2181',
    'server.3=10.0.0.3:2888:3888:participant;10.0.0.3:2181',
    'server.4=10.0.0.4:2888:3888:observer;10.0.0.4:2181',
    'version=100000000'
  ].join('\n')
)
const HIERARCHICAL = parseConfigText('server.1=a:1:2;3\nserver.2=b:1:2;3\ngroup.1=1:2\nversion=5')
const RULES = { standaloneEnabled: true, multiAddressEnabled: false }

function request(parts: Partial<ReconfigRequest> & { atVersion?: bigint }): ReconfigRequest {
  const { atVersion = -1n, ...rest } = parts
  return {
    joiningServers: null,
    leavingServers: null,
    newMembers: null,
    curConfigIdHi: highWord(atVersion),
    curConfigIdLo: lowWord(atVersion),
    ...rest
  }
}

function apply(parts: Parameters<typeof request>[0], rules = RULES, current = CURRENT) {
  return applyReconfig(current, request(parts), 0x3_0000_0007n, rules)
}

function textOf(result: ReturnType<typeof apply>): string | undefined {
  return result.kind === 'config' ? formatConfigText(result.config) : `${result.error}: ${result.reason}`
}

describe('an incremental reconfiguration', () => {
  test.each([
    {
      name: 'turns an observer into a participant',
      parts: { joiningServers: 'server.4=10.0.0.4:2888:3888:participant;10.0.0.4:2181' },
      lines: [1, 2, 3, 4].map((id) => `server.${id}=10.0.0.${id}:2888:3888:participant;10.0.0.${id}:2181`)
    },
    {
      name: 'takes servers out',
      parts: { leavingServers: '1, 4', atVersion: 0x1_0000_0000n },
      lines: [2, 3].map((id) => `server.${id}=10.0.0.${id}:2888:3888:participant;10.0.0.${id}:2181`)
    },
    {
      name: 'takes some out and others in, whose key may be the id alone',
      parts: { leavingServers: '1,2,4,77', joiningServers: '5=e:1:2;2181 , server.6=f:1:2:observer;9' },
      lines: [
        'server.3=10.0.0.3:2888:3888:participant;10.0.0.3:2181',
        'server.5=e:1:2:participant;0.0.0.0:2181',
        'server.6=f:1:2:observer;0.0.0.0:9'
      ]
    },
    {
      name: 'gives an address that a leaving server had to another one',
      parts: { leavingServers: '4,3', joiningServers: 'server.9=10.0.0.3:2888:3888:participant;10.0.0.3:2181' },
      lines: [1, 2, 9].map((id) => {
        const host = `10.0.0.${id === 9 ? 3 : id}`
        return `server.${id}=${host}:2888:3888:participant;${host}:2181`
      })
    }
  ])('$name', ({ parts, lines }) => {
    expect(textOf(apply(parts))).toBe([...lines, 'version=300000007'].join('\n'))
  })

  test.each([{ joiningServers: '' }, {}])('of nobody gives the same members a new version: %j', (parts) => {
    expect(textOf(apply(parts))).toBe(formatConfigText({ ...CURRENT, version: 0x3_0000_0007n }))
  })

  test('may give several servers the same ports of the own or of all hosts', () => {
    const current = parseConfigText('server.1=127.0.0.1:1:2;3\nserver.2=localhost:1:2;0.0.0.0:3\nversion=1')

    const result = apply({ joiningServers: 'server.3=127.0.0.1:1:2;3,server.4=[::1]:1:2;[::]:3' }, RULES, current)

    expect(result.kind).toBe('config')
  })
})

describe('a reconfiguration to a list of members', () => {
  test('replaces everybody, whatever version the list tells; lines may be separated by commas', () => {
    const result = apply({ newMembers: 'server.7=a:1:2;3,server.8=b:1:2\nserver.9=c:1:2:observer;3,version=9' })

    expect(textOf(result)).toBe(
      [
        'server.7=a:1:2:participant;0.0.0.0:3',
        'server.8=b:1:2:participant',
        'server.9=c:1:2:observer;0.0.0.0:3',
        'version=300000007'
      ].join('\n')
    )
  })

  test('may bring groups', () => {
    const result = apply({ newMembers: 'server.1=a:1:2,server.2=b:1:2,group.1=1:2,weight.1=2' })

    expect(textOf(result)).toContain('group.1=1:2\nweight.1=2\nweight.2=1\n')
  })

  test('may be a hierarchical one of now', () => {
    expect(apply({ newMembers: 'server.1=a:1:2,server.2=b:1:2' }, RULES, HIERARCHICAL).kind).toBe('config')
  })

  test('goes before changes in the same request', () => {
    const result = apply({ newMembers: 'server.1=a:1:2,server.2=b:1:2', leavingServers: '2' })

    expect(textOf(result)).toContain('server.2=')
  })
})

test('ports for TLS may be changed where the configuration has such ports', () => {
  const current = parseConfigText('server.1=a:1:2;3;4\nserver.2=b:1:2;3\nversion=1')

  expect(textOf(apply({ joiningServers: '2=b:1:2;3;5' }, RULES, current))).toContain(
    'server.2=b:1:2:participant;0.0.0.0:3;0.0.0.0:5'
  )
})

// The codes are those that a server of Apache ZooKeeper 3.9.5 answered the same requests with.
describe('a reconfiguration is refused', () => {
  const { BADARGUMENTS, BADVERSION, MARSHALLINGERROR } = ErrorCode

  test.each([
    { name: 'another version', parts: { leavingServers: '99', atVersion: 12_345n }, error: BADVERSION },
    { name: 'version 0', parts: { leavingServers: '4', atVersion: 0n }, error: BADVERSION },
    { name: 'one voter left', parts: { leavingServers: '1,2' }, error: BADARGUMENTS },
    { name: 'no members', parts: { newMembers: '' }, error: BADARGUMENTS },
    { name: 'a joining server without a line', parts: { joiningServers: 'server.5' }, error: BADARGUMENTS },
    { name: 'two lines in one', parts: { joiningServers: 'server.5=a:1:2;3=b' }, error: BADARGUMENTS },
    { name: 'a joining server without a client port', parts: { joiningServers: '5=a:1:2' }, error: BADARGUMENTS },
    { name: 'a broken line', parts: { joiningServers: '5=a:1;3' }, error: BADARGUMENTS },
    { name: 'an unknown role', parts: { joiningServers: '5=a:1:2:king;3' }, error: BADARGUMENTS },
    { name: 'several addresses', parts: { joiningServers: '5=a:1:2|b:1:2;3' }, error: BADARGUMENTS },
    { name: 'several addresses in a list', parts: { newMembers: '5=a:1:2|b:1:2,6=a:1:2' }, error: BADARGUMENTS },
    { name: 'a taken quorum port', parts: { joiningServers: '5=10.0.0.1:2888:9;2181' }, error: BADARGUMENTS },
    { name: 'a taken client port', parts: { joiningServers: '5=10.0.0.5:1:2;10.0.0.4:2181' }, error: BADARGUMENTS },
    { name: 'one port for two', parts: { joiningServers: '5=10.0.0.5:1:2;3,6=10.0.0.5:2:4;3' }, error: BADARGUMENTS },
    { name: 'a port for TLS', parts: { joiningServers: '5=a:1:2;3;4' }, error: BADARGUMENTS },
    { name: 'a port for TLS in a list', parts: { newMembers: '5=a:1:2;3;4,6=b:1:2' }, error: BADARGUMENTS },
    { name: 'an unknown key', parts: { newMembers: 'server.1=a:1:2,server.2=b:1:2,x=y' }, error: BADARGUMENTS },
    { name: 'one new member', parts: { newMembers: 'server.1=a:1:2' }, error: BADARGUMENTS },
    { name: 'a leaving server of no number', parts: { leavingServers: 'one' }, error: MARSHALLINGERROR },
    { name: 'a joining server of no number', parts: { joiningServers: 'server.x=a:1:2;3' }, error: MARSHALLINGERROR },
    { name: 'a port that is too great', parts: { joiningServers: '5=a:1:65536;3' }, error: MARSHALLINGERROR },
    { name: 'a negative port', parts: { joiningServers: '5=a:-1:2;3' }, error: MARSHALLINGERROR },
    {
      name: 'a version of no number',
      parts: { newMembers: 'server.1=a:1:2,server.2=b:1:2,version=zz' },
      error: MARSHALLINGERROR
    },
    {
      name: 'a voter in no group',
      parts: { newMembers: 'server.1=a:1:2,server.2=b:1:2,group.1=1' },
      error: BADARGUMENTS
    },
    {
      name: 'new members of one voter and an observer',
      parts: { newMembers: 'server.1=a:1:2,server.2=b:1:2:observer' },
      error: MARSHALLINGERROR
    }
  ])('for $name: $error', ({ parts, error }) => {
    expect(apply(parts)).toMatchObject({ kind: 'refused', error })
  })

  test('as an incremental change of a hierarchical quorum', () => {
    expect(apply({ leavingServers: '1' }, RULES, HIERARCHICAL)).toMatchObject({ kind: 'refused', error: BADARGUMENTS })
  })
})

describe('without standaloneEnabled', () => {
  const rules = { ...RULES, standaloneEnabled: false }

  test('one voter is enough, also beside observers', () => {
    expect(apply({ leavingServers: '1,2' }, rules).kind).toBe('config')
    expect(apply({ newMembers: 'server.1=a:1:2,server.2=b:1:2:observer' }, rules).kind).toBe('config')
  })

  test.each([
    { parts: { leavingServers: '1,2,3' }, error: ErrorCode.BADARGUMENTS },
    { parts: { newMembers: 'server.1=a:1:2:observer' }, error: ErrorCode.MARSHALLINGERROR },
    { parts: { newMembers: '' }, error: ErrorCode.MARSHALLINGERROR }
  ])('none is not: $parts', ({ parts, error }) => {
    expect(apply(parts, rules)).toMatchObject({ kind: 'refused', error })
  })
})

test('several addresses are taken where multiAddress.enabled is set', () => {
  const rules = { ...RULES, multiAddressEnabled: true }

  expect(textOf(apply({ joiningServers: '5=b:1:2|a:3:4;9' }, rules))).toContain('server.5=a:3:4|b:1:2:participant')
})
