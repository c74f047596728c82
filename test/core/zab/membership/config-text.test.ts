import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  ConfigTextError,
  formatConfigText,
  formatMembership,
  isSameMembership,
  parseConfigText
} from '../../../../src/core/zab/membership/config-text.ts'

const GOLDEN = join(__dirname, '../../../golden/ensemble/config-texts')

describe('a text that a real server sent or wrote', () => {
  test.each(readdirSync(GOLDEN).filter((name) => name.endsWith('.txt')))('%s comes out again byte for byte', (name) => {
    const text = readFileSync(join(GOLDEN, name), 'utf8')

    expect(formatConfigText(parseConfigText(text))).toBe(text)
  })
})

// What QuorumPeerConfig.parseDynamicConfig(…).toString() of Apache ZooKeeper 3.9.5 made of each of these.
describe('the text is written as upstream does', () => {
  test.each([
    {
      name: 'IPv6 addresses at full length, roles and the address of the client port always',
      given: [
        'server.1=[::1]:2888:3888;[::]:2181',
        'server.2=b:2888:3888:OBSERVER;2182',
        'server.3=c:2888:3888',
        'server.4=[2001:DB8::a:0]:2888:3888',
        'version=1F'
      ],
      written: [
        'server.1=[0:0:0:0:0:0:0:1]:2888:3888:participant;[0:0:0:0:0:0:0:0]:2181',
        'server.2=b:2888:3888:observer;0.0.0.0:2182',
        'server.3=c:2888:3888:participant',
        'server.4=[2001:db8:0:0:0:0:a:0]:2888:3888:participant',
        'version=1f'
      ]
    },
    {
      name: 'IPv4 addresses mapped into IPv6 as IPv4',
      given: ['server.1=[::ffff:1.2.3.4]:1:2', 'server.2=b:1:2;[fe80::1]:3'],
      written: ['server.1=1.2.3.4:1:2:participant', 'server.2=b:1:2:participant;[fe80:0:0:0:0:0:0:1]:3', 'version=0']
    },
    {
      name: 'several addresses of a member by host',
      given: ['server.1=zoo-b:2888:3888|zoo-a:2889:3889:participant;0.0.0.0:2181', 'server.2=b:2888:3888'],
      written: [
        'server.1=zoo-a:2889:3889|zoo-b:2888:3888:participant;0.0.0.0:2181',
        'server.2=b:2888:3888:participant',
        'version=0'
      ]
    },
    {
      name: 'ids of 16 and more in the order of a hash table',
      given: ['server.20=a:1:2', 'server.5=b:1:2', 'server.30=c:1:2', 'version=100000000'],
      written: [
        'server.20=a:1:2:participant',
        'server.5=b:1:2:participant',
        'server.30=c:1:2:participant',
        'version=100000000'
      ]
    },
    {
      name: 'groups, and weights of all voters',
      given: [
        'server.1=a:1:2',
        'server.2=b:1:2',
        'server.3=c:1:2',
        'server.4=d:1:2:observer',
        'group.2=3',
        'group.1=1:2',
        'weight.3=0',
        'version=a'
      ],
      written: [
        'server.1=a:1:2:participant',
        'server.2=b:1:2:participant',
        'server.3=c:1:2:participant',
        'server.4=d:1:2:observer',
        'group.1=1:2',
        'group.2=3',
        'weight.1=1',
        'weight.2=1',
        'weight.3=0',
        'version=a'
      ]
    },
    {
      name: 'groups and weights of great ids in the order of a hash table',
      given: [
        'server.16=p:1:2',
        'server.1=a:1:2',
        'server.2=b:1:2',
        'server.200=q:1:2',
        'group.1=1:16',
        'group.17=2:200',
        'weight.2=7'
      ],
      written: [
        'server.16=p:1:2:participant',
        'server.1=a:1:2:participant',
        'server.2=b:1:2:participant',
        'server.200=q:1:2:participant',
        'group.1=16:1',
        'group.17=2:200',
        'weight.16=1',
        'weight.1=1',
        'weight.2=7',
        'weight.200=1',
        'version=0'
      ]
    }
  ])('$name', ({ given, written }) => {
    expect(formatConfigText(parseConfigText(given.join('\n')))).toBe(written.join('\n'))
  })

  test('a TLS client port comes after a second semicolon', () => {
    const text = 'server.1=a:1:2:participant;h:3;s:4\nserver.2=b:1:2:participant;;s:4\nversion=0'

    expect(formatConfigText(parseConfigText(text))).toBe(text)
  })
})

describe('a text is refused', () => {
  const PAIR = 'server.1=a:1:2\nserver.2=b:1:2\n'

  test.each([
    { text: `${PAIR}color=red`, problem: 'unknown key "color"', isUnforeseen: false },
    { text: `${PAIR}group.1=1`, problem: 'server 2 is not in a group', isUnforeseen: false },
    { text: `${PAIR}weight.1=1`, problem: 'is not in a group', isUnforeseen: false },
    { text: `${PAIR}group.1=1:2\ngroup.2=2`, problem: 'server 2 is in several groups', isUnforeseen: false },
    { text: `${PAIR}group.1=1:2:2`, problem: 'server 2 is in several groups', isUnforeseen: false },
    { text: `${PAIR}server.3=c:1:2:observer\ngroup.1=1:2:3`, problem: 'has no weight', isUnforeseen: true },
    { text: `${PAIR}server.x=c:1:2`, problem: '"x" where a number must be', isUnforeseen: true },
    { text: `${PAIR}version=zz`, problem: 'version "zz"', isUnforeseen: true },
    { text: `${PAIR}version=8000000000000000`, problem: 'version', isUnforeseen: true },
    { text: `${PAIR}group.1=1:b`, problem: '"b" where a number must be', isUnforeseen: true },
    { text: `${PAIR}group.1=1:2\nweight.1=-1`, problem: '"-1" where a number must be', isUnforeseen: true },
    { text: `${PAIR}server.3=c:1:99999`, problem: 'server.3=c:1:99999 has "99999"', isUnforeseen: true },
    { text: `${PAIR}server.3=c:1:x`, problem: 'has "x" where a port', isUnforeseen: false },
    { text: `${PAIR}server.3=c:1:1`, problem: 'same quorum and election port', isUnforeseen: false }
  ])('$problem', ({ text, problem, isUnforeseen }) => {
    let error: unknown
    try {
      parseConfigText(text)
    } catch (thrown) {
      error = thrown
    }

    expect(error).toBeInstanceOf(ConfigTextError)
    expect(error).toMatchObject({ message: expect.stringContaining(problem), isUnforeseen })
  })
})

describe('a text is read', () => {
  test('by the rules of properties files: comments, blank lines, spaces and the last one of equal keys', () => {
    const config = parseConfigText('# two\r\n\r\n  server.1 = a:1:2\nserver.2 b:1:2\n!x\nserver.1=z:5:6\n')

    expect(formatConfigText(config)).toBe('server.1=z:5:6:participant\nserver.2=b:1:2:participant\nversion=0')
  })

  test('to the same text again, whatever the members', () => {
    const port = fc.integer({ min: 1, max: 65_535 })
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6())
    const client = fc.option(fc.record({ host: fc.option(host), port }))
    const member = fc.record({
      id: fc.integer({ min: 0, max: 255 }),
      addresses: fc.uniqueArray(
        fc.record({ host, quorumPort: port, electionPort: port }).filter((a) => a.quorumPort !== a.electionPort),
        { minLength: 1, maxLength: 3, selector: (a) => a.host }
      ),
      role: fc.constantFrom('participant' as const, 'observer' as const),
      client
    })
    const config = fc
      .record({
        members: fc.uniqueArray(member, { minLength: 1, maxLength: 30, selector: ({ id }) => id }),
        version: fc.bigInt({ min: 0n, max: 0x7fff_ffff_ffff_ffffn })
      })
      .map(({ members, version }) => ({
        members: members
          .map(({ client: own, ...rest }) => ({
            ...rest,
            clientAddress: own?.host ?? null,
            clientPort: own?.port ?? null,
            secureClientAddress: null,
            secureClientPort: null
          }))
          .sort((a, b) => a.id - b.id),
        groups: [],
        weights: new Map<number, number>(),
        version
      }))

    fc.assert(
      fc.property(config, (given) => {
        const text = formatConfigText(given)
        expect(formatConfigText(parseConfigText(text))).toBe(text)
        expect(parseConfigText(text).members.map(({ id }) => id)).toEqual(given.members.map(({ id }) => id))
      })
    )
  })
})

describe('two memberships', () => {
  const A = parseConfigText('server.1=a:1:2\nserver.2=b:1:2\nversion=1')

  test('are the same at different versions', () => {
    expect(isSameMembership(A, { ...A, version: 7n })).toBe(true)
  })

  test.each([
    { what: 'role', text: 'server.1=a:1:2\nserver.2=b:1:2:observer' },
    { what: 'number of members', text: 'server.1=a:1:2' },
    { what: 'port', text: 'server.1=a:1:2\nserver.2=b:1:3' },
    { what: 'client port', text: 'server.1=a:1:2\nserver.2=b:1:2;2181' },
    { what: 'group', text: 'server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2' }
  ])('differ by $what', ({ text }) => {
    expect(isSameMembership(A, parseConfigText(text))).toBe(false)
  })

  test('without its version, the text has a newline after each line', () => {
    expect(formatMembership(A)).toBe('server.1=a:1:2:participant\nserver.2=b:1:2:participant\n')
  })
})
