import { describe, expect, test } from '@jest/globals'
import { formatAclEntry, formatPerms, parseAcl } from '../../src/cli/acl-text.ts'
import { clientConnectString } from '../../src/cli/ensemble-config.ts'
import { hexDump } from '../../src/cli/hex-dump.ts'
import { formatJavaDate } from '../../src/cli/java-date.ts'
import { parseInt32, parseInt64, parseJavaInteger, parseVersion } from '../../src/cli/number-argument.ts'
import { optionHelp } from '../../src/cli/option-help.ts'
import { parseProperties } from '../../src/cli/properties.ts'
import { formatQuota, parseQuota } from '../../src/cli/quota-text.ts'
import { formatStat } from '../../src/cli/stat-text.ts'
import { timeZone } from '../../src/cli/zone-name.ts'

describe('a time', () => {
  // As printed by java.util.Date.toString of Java 17.
  test.each([
    { tz: 'UTC', timeMs: 0, text: 'Thu Jan 01 00:00:00 UTC 1970' },
    { tz: 'UTC', timeMs: 1_768_000_000_000, text: 'Fri Jan 09 23:06:40 UTC 2026' },
    { tz: 'GMT', timeMs: 1_768_000_000_000, text: 'Fri Jan 09 23:06:40 GMT 2026' },
    { tz: 'Europe/Berlin', timeMs: 1_768_000_000_000, text: 'Sat Jan 10 00:06:40 CET 2026' },
    { tz: 'Europe/Berlin', timeMs: 1_784_000_000_000, text: 'Tue Jul 14 05:33:20 CEST 2026' },
    { tz: 'America/New_York', timeMs: 1_784_000_000_000, text: 'Mon Jul 13 23:33:20 EDT 2026' },
    { tz: 'Australia/Sydney', timeMs: 1_768_000_000_000, text: 'Sat Jan 10 10:06:40 AEDT 2026' },
    { tz: 'Asia/Kolkata', timeMs: 1_768_000_000_000, text: 'Sat Jan 10 04:36:40 IST 2026' },
    { tz: 'America/Sao_Paulo', timeMs: 1_768_000_000_000, text: 'Fri Jan 09 20:06:40 BRT 2026' },
    { tz: 'Etc/GMT-5', timeMs: 1_768_000_000_000, text: 'Sat Jan 10 04:06:40 GMT+05:00 2026' }
  ])('in $tz looks as Java shows it: $text', ({ tz, timeMs, text }) => {
    expect(formatJavaDate(timeMs, tz)).toBe(text)
  })
})

test.each([
  { environment: { TZ: 'Asia/Tokyo' }, zone: 'Asia/Tokyo' },
  { environment: { TZ: ':Europe/Berlin' }, zone: 'Europe/Berlin' },
  { environment: { TZ: 'No/Where' }, zone: Intl.DateTimeFormat().resolvedOptions().timeZone },
  { environment: {}, zone: Intl.DateTimeFormat().resolvedOptions().timeZone }
])('times are shown in the zone of the environment $environment', ({ environment, zone }) => {
  expect(timeZone(environment)).toBe(zone)
})

test('a Stat has eleven lines, with 64-bit numbers in unsigned hexadecimal', () => {
  const stat = {
    czxid: 0x100000001n,
    mzxid: -1n,
    ctime: 0,
    mtime: 0,
    version: 1,
    cversion: -1,
    aversion: 0,
    ephemeralOwner: 0x1000011ea0d0002n,
    dataLength: 5,
    numChildren: 2,
    pzxid: 0n
  }

  const lines = formatStat(stat, 'UTC').split('\n')

  expect(lines).toHaveLength(11)
  expect(lines).toEqual(
    expect.arrayContaining([
      'cZxid = 0x100000001',
      'mZxid = 0xffffffffffffffff',
      'pZxid = 0x0',
      'cversion = -1',
      'ephemeralOwner = 0x1000011ea0d0002'
    ])
  )
})

test('bytes are dumped as numbers and characters, sixteen in a row', () => {
  const dump = hexDump(Buffer.from('hello, w\u00f6rld! 0123', 'latin1'))

  expect(dump).toBe(
    [
      '         +-------------------------------------------------+',
      '         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |',
      '+--------+-------------------------------------------------+----------------+',
      '|00000000| 68 65 6c 6c 6f 2c 20 77 f6 72 6c 64 21 20 30 31 |hello, w.rld! 01|',
      '|00000010| 32 33                                           |23              |',
      '+--------+-------------------------------------------------+----------------+'
    ].join('\n')
  )
  expect(hexDump(new Uint8Array())).toBe('')
})

describe('an access control list', () => {
  function parse(text: string) {
    const errors: string[] = []
    const output = { out: () => undefined, outRaw: () => undefined, err: (line: string) => errors.push(line) }
    return { entries: parseAcl(text, output), errors }
  }

  test.each([
    { text: 'world:anyone:cdrwa', entries: [{ scheme: 'world', id: 'anyone', perms: 31 }] },
    { text: 'digest:user:hash=:r', entries: [{ scheme: 'digest', id: 'user:hash=', perms: 1 }] },
    { text: 'auth::wr', entries: [{ scheme: 'auth', id: '', perms: 3 }] },
    { text: 'ip:::1:c', entries: [{ scheme: 'ip', id: '::1', perms: 4 }] },
    {
      text: 'world:anyone:r,ip:1.2.3.4:d,',
      entries: [
        { scheme: 'world', id: 'anyone', perms: 1 },
        { scheme: 'ip', id: '1.2.3.4', perms: 8 }
      ]
    }
  ])('is read from $text', ({ text, entries }) => {
    expect(parse(text)).toEqual({ entries, errors: [] })
  })

  test.each([
    { text: 'nope', errors: ['nope does not have the form scheme:id:perm'], count: 0 },
    { text: 'a:b', errors: ['a:b does not have the form scheme:id:perm'], count: 0 },
    { text: '', errors: [' does not have the form scheme:id:perm'], count: 0 },
    { text: ',', errors: [], count: 0 },
    { text: 'world:anyone:rz', errors: ['Unknown perm type: z'], count: 1 }
  ])('is told to be wrong: <$text>', ({ text, errors, count }) => {
    const parsed = parse(text)

    expect(parsed.errors).toEqual(errors)
    expect(parsed.entries).toHaveLength(count)
  })

  test('is shown with its letters in the order of upstream', () => {
    expect(formatPerms(31)).toBe('cdrwa')
    expect(formatPerms(0)).toBe('')
    expect(formatAclEntry({ scheme: 'world', id: 'anyone', perms: 1 })).toBe("'world,'anyone\n: r")
  })
})

describe('a quota', () => {
  test.each([
    'count=3,bytes=100',
    'count=-1,bytes=-1=;byteHardLimit=12;countHardLimit=3',
    'count=1,bytes=2=;byteHardLimit=-1;countHardLimit=-1'
  ])('is written as it was read: %s', (text) => {
    expect(formatQuota(parseQuota(Buffer.from(text)))).toBe(text)
  })

  test('that is not set is -1', () => {
    expect(formatQuota(parseQuota(null))).toBe('count=-1,bytes=-1')
  })

  test('that is none is refused', () => {
    expect(() => parseQuota(Buffer.from('count=many'))).toThrow('count=many')
  })
})

describe('a configuration of an ensemble', () => {
  test('gives the client addresses and the version', () => {
    const config =
      'server.1=h1:2888:3888:participant;0.0.0.0:2181\nserver.2=h2:2888:3888:observer;2182\nserver.3=h3:1:2\nversion=100000000'

    expect(clientConnectString(config)).toBe('100000000 0.0.0.0:2181,0.0.0.0:2182,')
  })

  test('of a standalone server is empty', () => {
    expect(clientConnectString('')).toBe(' ')
  })
})

describe('properties', () => {
  test.each([
    { text: 'a=b', map: { a: 'b' } },
    { text: ' a : b c \n#x=y\n!z=1\n\nd', map: { a: 'b c ', d: '' } },
    { text: 'a=b\\\n  c', map: { a: 'bc' } },
    { text: 'a\\=b=c\\u0041\\t\\q', map: { 'a=b': 'cA\tq' } },
    { text: 'a b=c\r\nd=e\r', map: { a: 'b=c', d: 'e' } },
    { text: 'a=b\na=c', map: { a: 'c' } }
  ])('are read as Java reads them: $text', ({ text, map }) => {
    expect(Object.fromEntries(parseProperties(text))).toEqual(map)
  })
})

test('numbers are taken as Java takes them', () => {
  expect([parseInt32('+5'), parseInt32('-2147483648'), parseInt32('2147483648'), parseInt32('5x')]).toEqual([
    5,
    -2147483648,
    null,
    null
  ])
  expect([parseInt64('9223372036854775807'), parseInt64('9223372036854775808')]).toEqual([9223372036854775807n, null])
  expect([
    parseJavaInteger('0x10'),
    parseJavaInteger('#f'),
    parseJavaInteger('010'),
    parseJavaInteger('-7'),
    parseJavaInteger('08'),
    parseJavaInteger('x')
  ]).toEqual([16, 15, 8, -7, null, null])
  expect(parseVersion(undefined)).toBe(-1)
  expect(() => parseVersion('x')).toThrow('-v needs a whole number')
})

test('options are explained in the order of their letters', () => {
  const help = optionHelp([
    { name: 'v', hasValue: true, description: 'a version' },
    { name: 'R', hasValue: false, description: 'recurse' },
    { name: 's', hasValue: false, description: 'stats' }
  ])

  expect(help).toBe(' -R         recurse\n -s         stats\n -v <arg>   a version\n')
})
