import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parseServerLine } from '../../../src/core/zab/membership/server-line.ts'
import { useTemporaryConfig } from './temporary-config.ts'

const NO_CLIENT = { clientAddress: null, clientPort: null, secureClientAddress: null, secureClientPort: null }

describe('a server line', () => {
  test.each([
    {
      line: '127.0.0.1:22011:22012:participant;127.0.0.1:22010',
      member: { role: 'participant', clientAddress: '127.0.0.1', clientPort: 22010 },
      addresses: [['127.0.0.1', 22011, 22012]]
    },
    { line: 'zoo1:2888:3888', member: { role: 'participant', ...NO_CLIENT }, addresses: [['zoo1', 2888, 3888]] },
    {
      line: 'zoo1:2888:3888:OBSERVER;2181',
      member: { role: 'observer', clientAddress: null, clientPort: 2181 },
      addresses: [['zoo1', 2888, 3888]]
    },
    {
      line: '[2001:db8::1]:2888:3888;[::1]:2181',
      member: { clientAddress: '::1', clientPort: 2181 },
      addresses: [['2001:db8::1', 2888, 3888]]
    },
    {
      line: 'zoo1:2888:3888;2181;secure:2281',
      member: { clientPort: 2181, secureClientAddress: 'secure', secureClientPort: 2281 },
      addresses: [['zoo1', 2888, 3888]]
    },
    {
      line: 'zoo1:2888:3888;;2281',
      member: { clientPort: null, secureClientPort: 2281 },
      addresses: [['zoo1', 2888, 3888]]
    },
    {
      line: 'a:1:2:observer|b:3:4:observer;2181',
      member: { role: 'observer', clientPort: 2181 },
      addresses: [
        ['a', 1, 2],
        ['b', 3, 4]
      ]
    }
  ])('$line is understood', ({ line, member, addresses }) => {
    const parsed = parseServerLine(1, line, true)

    expect(parsed).toMatchObject({ id: 1, ...member })
    expect(parsed.addresses.map(({ host, quorumPort, electionPort }) => [host, quorumPort, electionPort])).toEqual(
      addresses
    )
  })

  test.each([
    { line: 'zoo1', problem: 'must have the form' },
    { line: 'zoo1:2888', problem: 'must have the form' },
    { line: ':2888:3888', problem: 'must have the form' },
    { line: 'zoo1:2888:3888:observer:x', problem: 'must have the form' },
    { line: 'zoo1:x:3888', problem: 'has "x" where a port (0 to 65535) must be' },
    { line: 'zoo1:2888:99999', problem: 'has "99999" where a port' },
    { line: 'zoo1:2888:2888', problem: 'has the same quorum and election port' },
    { line: 'zoo1:2888:3888:leader', problem: 'has the role "leader"' },
    { line: 'zoo1:2888:3888;a:b:1', problem: 'must have [host:]port after ";"' },
    { line: 'zoo1:2888:3888;1;2;3', problem: 'has too many parts' },
    { line: '[::1:2888:3888', problem: 'has "[" without "]"' },
    { line: '[::1]2888:3888', problem: 'has no ":" after "]"' },
    { line: 'a:1:2:observer|b:3:4:participant', problem: 'gives its addresses different roles' }
  ])('$line is refused: $problem', ({ line, problem }) => {
    expect(() => parseServerLine(1, line, true)).toThrow(problem)
  })

  test('may have several addresses only with multiAddress.enabled', () => {
    expect(() => parseServerLine(1, 'a:1:2|b:3:4', false)).toThrow('needs multiAddress.enabled=true')
  })
})

describe('one server line', () => {
  const config = useTemporaryConfig()

  test('makes a standalone server, which takes the client port of its line', () => {
    config.write('data/myid', '1\n')
    const { settings, notices } = config.load('dataDir=./data\nserver.1=localhost:2888:3888;127.0.0.1:2181\n')

    expect(settings.quorum).toMatchObject({ standalone: true, serverId: 1 })
    expect(settings.client).toMatchObject({ port: 2181, address: '127.0.0.1' })
    expect(notices).toEqual([expect.objectContaining({ level: 'info' })])
  })

  test('is taken without a myid where no port is set elsewhere', () => {
    const { settings } = config.load('dataDir=./data\nserver.3=localhost:2888:3888;2181\n')

    expect([settings.client.port, settings.quorum.serverId]).toEqual([2181, 3])
  })

  test('must not contradict clientPort', () => {
    config.write('data/myid', '1')

    expect(config.refusal('dataDir=./data\nclientPort=2182\nserver.1=localhost:2888:3888;2181\n')).toBe(
      "zoo.cfg:2: clientPort 0.0.0.0:2182 differs from 0.0.0.0:2181 in this server's line"
    )
  })

  test('of a standalone server, myid may be negative: nothing depends on it', () => {
    config.write('data/myid', '-1')

    expect(config.load('dataDir=./data\nclientPort=2181\n').settings.quorum).toMatchObject({ standalone: true })
  })

  test('runs quorum code where standaloneEnabled is false', () => {
    config.write('data/myid', '1')
    const limits = 'initLimit=10\nsyncLimit=5\n'
    const { settings } = config.load(
      `dataDir=./data\nstandaloneEnabled=false\n${limits}server.1=localhost:2888:3888;2181\n`
    )

    expect(settings.quorum.standalone).toBe(false)
  })
})

describe('an ensemble', () => {
  const config = useTemporaryConfig()
  const SERVERS = [1, 2, 3].map((id) => `server.${id}=zoo${id}:2888:3888;2181\n`).join('')
  const BASE = `dataDir=./data\ninitLimit=10\nsyncLimit=5\n`

  test('has its members in order, and this server is the one of myid', () => {
    config.write('data/myid', '2 \n')
    const { quorum, client } = config.load(`${BASE}server.10=z:1:2:observer\n${SERVERS}`).settings

    expect(quorum.members.map(({ id, role }) => [id, role])).toEqual([
      [1, 'participant'],
      [2, 'participant'],
      [3, 'participant'],
      [10, 'observer']
    ])
    expect(quorum).toMatchObject({ standalone: false, serverId: 2, initLimitTicks: 10, syncLimitTicks: 5 })
    expect(client.port).toBe(2181)
  })

  test('may have ids beyond the documented 255, as upstream', () => {
    config.write('data/myid', '1001')
    const { quorum } = config.load(`${BASE}server.300=a:1:2;1\nserver.1001=b:1:2;1\nserver.2=c:1:2;1\n`).settings

    expect(quorum.serverId).toBe(1001)
    expect(quorum.members.map(({ id }) => id)).toEqual([2, 300, 1001])
  })

  test.each([
    { text: SERVERS, says: 'DIR/zoo.cfg: initLimit is not set, an ensemble needs it' },
    { text: `initLimit=1\n${SERVERS}`, says: 'DIR/zoo.cfg: syncLimit is not set, an ensemble needs it' },
    {
      text: `initLimit=1\nsyncLimit=1\nserver.1=a:1:2\nserver.2=b:1:2\n`,
      says: 'DIR/zoo.cfg: myid is 3, but there is no line server.3'
    },
    {
      text: 'standaloneEnabled=false\n',
      says: 'DIR/zoo.cfg: standaloneEnabled=false needs server lines with at least one participant'
    },
    {
      text: 'server.1=a:1:2\nserver.2=b:1:2:observer\n',
      says: 'DIR/zoo.cfg: observers need an ensemble: at least two participants, or standaloneEnabled=false'
    },
    {
      text: 'server.x=a:1:2\n',
      says: 'zoo.cfg:2: server.x: "a:1:2" must be server.N, group.N or weight.N, with N from 0 to 9007199254740991'
    },
    {
      text: 'server.9007199254740992=a:1:2\n',
      says: 'zoo.cfg:2: server.9007199254740992: "a:1:2" must be server.N, group.N or weight.N, with N from 0 to 9007199254740991'
    },
    { text: 'server.1=a:1\n', says: expect.stringMatching(/^zoo\.cfg:2: server\.1: "a:1" must have the form host:/) },
    { text: 'weight.1=heavy\n', says: 'zoo.cfg:2: weight.1: "heavy" must be a whole number of at least 0' },
    { text: 'group.1=1:x\n', says: 'zoo.cfg:2: group.1: "1:x" must be server ids with ":" between' },
    { text: 'group.1=1:2\ngroup.2=2:3\n', says: 'zoo.cfg:3: group.2: "2:3" has server 2, which is in another group' },
    { text: 'group.1=1\nserver.2=a:1:2\n', says: 'zoo.cfg:3: server.2 is in no group' },
    { text: 'server.3=a:1:2\ngroup.1=3:7\n', says: 'zoo.cfg:3: group.1 has server 7, but there is no line server.7' }
  ])('that cannot be is refused: $text', ({ text, says }) => {
    config.write('data/myid', '3')

    expect(config.refusal(`dataDir=./data\n${text}`)).toEqual(says)
  })

  test.each([
    { content: 'three', says: 'myid: "three" is not allowed, it must be a whole number from 0 to 9007199254740991' },
    {
      content: '9007199254740992',
      says: 'myid: "9007199254740992" is not allowed, it must be a whole number from 0 to 9007199254740991'
    },
    { content: '', says: 'myid: "" is not allowed, it must be a whole number from 0 to 9007199254740991' }
  ])('is not started with "$content" in myid', ({ content, says }) => {
    config.write('data/myid', content)

    expect(config.refusal(`${BASE}${SERVERS}`)).toBe(`DIR/data/myid:1: ${says}`)
  })

  test('is not started without myid, nor with 255 and TTL nodes', () => {
    expect(config.refusal(`${BASE}${SERVERS}`)).toBe(
      "the file ./data/myid is missing; it must hold this server's N of server.N"
    )

    config.write('data/myid', '255')
    expect(config.refusal(`${BASE}extendedTypesEnabled=true\n${SERVERS}`)).toBe(
      'DIR/data/myid:1: myid: with extendedTypesEnabled it must not be larger than 254'
    )
  })

  test('of two tolerates no failure, of four no more than three, and that is said', () => {
    config.write('data/myid', '1')
    const warning = (servers: string) => config.load(`${BASE}${servers}`).notices.map(({ message }) => message)

    expect(warning('server.1=a:1:2;1\nserver.2=b:1:2\n')).toEqual([
      expect.stringContaining('no server failure will be tolerated')
    ])
    expect(warning(`${SERVERS}server.4=d:1:2\n`)).toEqual([expect.stringContaining('an odd number of servers')])
    expect(warning(SERVERS)).toEqual([])
  })

  test('goes by the server line where peerType contradicts it', () => {
    config.write('data/myid', '1')
    const { settings, notices } = config.load(`${BASE}peerType=observer\n${SERVERS}`)

    expect(settings.quorum.peerType).toBe('participant')
    expect(notices).toEqual([
      { level: 'warn', message: 'peerType is observer, but server.1 is participant: the server line counts' }
    ])
  })

  test('may have groups and weights', () => {
    config.write('data/myid', '1')
    const { groups, weights } = config.load(`${BASE}${SERVERS}group.1=1:2\ngroup.2=3\nweight.3=0\n`).settings.quorum

    expect(groups).toEqual([
      { id: 1, members: [1, 2] },
      { id: 2, members: [3] }
    ])
    expect([...weights]).toEqual([[3, 0]])
  })
})

describe('a dynamic configuration file', () => {
  const config = useTemporaryConfig()
  const BASE = 'dataDir=./data\ninitLimit=10\nsyncLimit=5\n'
  const SERVERS = [1, 2, 3]
    .map((id) => `server.${id}=127.0.0.1:220${id}1:220${id}2:participant;127.0.0.1:220${id}0\n`)
    .join('')

  test('holds the members, and its name their version', () => {
    config.write('data/myid', '3')
    const file = config.write('zoo.cfg.dynamic.30000000a', SERVERS)
    const { quorum, client } = config.load(`${BASE}dynamicConfigFile=${file}\n`).settings

    expect(quorum.members.map(({ id }) => id)).toEqual([1, 2, 3])
    expect(quorum.configVersion).toBe(0x30000000an)
    expect(quorum.dynamicConfigFile).toBe(join(config.directory, 'zoo.cfg.dynamic.30000000a'))
    expect(client).toMatchObject({ port: 22030, address: '127.0.0.1' })
  })

  test('has version 0 without one in its name', () => {
    config.write('data/myid', '1')
    config.write('zoo.cfg.dynamic', SERVERS)

    expect(config.load(`${BASE}dynamicConfigFile=zoo.cfg.dynamic\n`).settings.quorum.configVersion).toBe(0n)
  })

  test.each([
    {
      dynamic: 'server.1=a:1:2\nversion=5\n',
      says: 'dyn:2: the version is told by the name of the file, not by a line'
    },
    { dynamic: 'tickTime=5\n', says: 'dyn:1: tickTime is not allowed here, only server.N, group.N and weight.N are' }
  ])('is refused: $says', ({ dynamic, says }) => {
    config.write('dyn', dynamic)

    expect(config.refusal(`${BASE}dynamicConfigFile=dyn\n`)).toBe(says)
  })

  test('leaves no place for members in the main file', () => {
    config.write('dyn', SERVERS)

    expect(config.refusal(`${BASE}server.1=a:1:2\ndynamicConfigFile=dyn\n`)).toBe(
      'zoo.cfg:4: server.1 must be in the dynamic configuration file dyn'
    )
  })

  test('that is missing is named', () => {
    expect(config.refusal(`${BASE}dynamicConfigFile=gone\n`)).toMatch(
      /^gone: cannot read the configuration file: ENOENT/
    )
  })
})
