import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { clientOptions, readClientSettings } from '../../src/cli/client-settings.ts'
import { readJvmFlags } from '../../src/cli/jvm-flags.ts'
import { lines } from '../../src/cli/lines.ts'
import { parseStartOptions } from '../../src/cli/start-options.ts'
import { harness } from '../client/harness.ts'
import { runShell } from './shell-runner.ts'

const { server } = harness()

describe('the arguments of the shell', () => {
  test('have the defaults of upstream', () => {
    expect(parseStartOptions([])).toEqual({
      server: 'localhost:2181',
      timeout: '30000',
      readOnly: false,
      waitsForConnection: false,
      clientConfiguration: null,
      command: null,
      problem: null
    })
  })

  test('are options, then a command with options of its own', () => {
    const args = '-server h:1 -timeout 5000 -r -waitforconnection -client-configuration f ls -R -server /'

    expect(parseStartOptions(args.split(' '))).toEqual({
      server: 'h:1',
      timeout: '5000',
      readOnly: true,
      waitsForConnection: true,
      clientConfiguration: 'f',
      command: ['ls', '-R', '-server', '/'],
      problem: null
    })
  })

  test('may hold unknown options, which mean nothing', () => {
    expect(parseStartOptions(['-x', 'ls', '/']).command).toEqual(['ls', '/'])
  })

  test('tell of an option without its value', () => {
    expect(parseStartOptions(['-server']).problem).toBe('Error: no argument found for option -server')
  })
})

describe('the environment', () => {
  test('gives settings and options of a Java machine', () => {
    const flags = readJvmFlags({ CLIENT_JVMFLAGS: '-Xmx256m -Da=1 -Db= -XX:+UseG1GC', JVMFLAGS: '-Da=2 -Dc -ea' })

    expect(Object.fromEntries(flags.properties)).toEqual({ a: '2', b: '', c: '' })
    expect(flags.ignored).toEqual(['-XX:+UseG1GC', '-ea'])
  })

  test('may be empty', () => {
    expect(readJvmFlags({})).toEqual({ properties: new Map(), ignored: [] })
  })
})

describe('client settings', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zoonode-settings-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  test('become options of the client', async () => {
    const settings = new Map([
      ['jute.maxbuffer', '4194304'],
      ['zookeeper.request.timeout', '1500'],
      ['zookeeper.disableAutoWatchReset', 'true']
    ])

    expect(await clientOptions(settings)).toEqual({
      frameLengthMax: 4_194_304,
      requestTimeoutMs: 1_500,
      resetsWatches: false
    })
    expect(await clientOptions(new Map())).toEqual({ resetsWatches: true })
  })

  test('make no sense with a number that is none', async () => {
    await expect(clientOptions(new Map([['jute.maxbuffer', 'big']]))).rejects.toThrow(
      'jute.maxbuffer must be a whole number'
    )
  })

  test('of a file stand over those of the environment', () => {
    const file = join(folder, 'client.cfg')
    writeFileSync(file, 'a=2\nc = 3\n')

    const settings = readClientSettings(
      file,
      new Map([
        ['a', '1'],
        ['b', '1']
      ])
    )

    expect(Object.fromEntries(settings)).toEqual({ a: '2', b: '1', c: '3' })
  })

  test('of a file that is not there end the shell', async () => {
    const run = await runShell(['-client-configuration', join(folder, 'none'), 'ls', '/'])

    expect(run.exitCode).toBe(2)
    expect(run.stderr).toContain('Error while reading the client configuration')
  })

  test('can ask for a secure connection, with stores that can be read', async () => {
    const store = join(folder, 'store.jks')
    writeFileSync(store, '')

    const settings = new Map([
      ['zookeeper.client.secure', 'true'],
      ['zookeeper.ssl.trustStore.location', store]
    ])

    await expect(clientOptions(settings)).rejects.toThrow('zookeeper.ssl.trustStore.location: ')
    expect(await clientOptions(new Map([['zookeeper.client.secure', 'true']]))).toHaveProperty('transport')
  })
})

describe('lines of standard input', () => {
  test.each([
    { chunks: ['a\nb\n'], expected: ['a', 'b'] },
    { chunks: ['a\r\nb\rc'], expected: ['a', 'b', 'c'] },
    { chunks: ['a\r', '\nb'], expected: ['a', 'b'] },
    { chunks: ['a', 'b\n', '\n'], expected: ['ab', ''] },
    { chunks: [], expected: [] }
  ])('$chunks are $expected', async ({ chunks, expected }) => {
    const found: string[] = []

    for await (const line of lines(chunked(chunks))) found.push(line)

    expect(found).toEqual(expected)
  })

  test('may be cut within a character', async () => {
    const bytes = Buffer.from('ä\n')
    const found: string[] = []

    for await (const line of lines(chunked([bytes.subarray(0, 1), bytes.subarray(1)]))) found.push(line)

    expect(found).toEqual(['ä'])
  })
})

describe('the shell', () => {
  test('says that options of a Java machine have no effect', async () => {
    const run = await runShell(['version'], '', { CLIENT_JVMFLAGS: '-ea' })

    expect(run).toMatchObject({ exitCode: 0, stderr: 'zkCli: options of a Java machine have no effect here: -ea\n' })
  })

  test('does not connect for a command that needs no server', async () => {
    const run = await runShell(['-server', '127.0.0.1:1', 'history'])

    expect(run).toEqual({ exitCode: 0, stdout: 'Connecting to 127.0.0.1:1\n0 - null\n', stderr: '' })
  })

  test('fails when there is no server, saying so once', async () => {
    const fake = await server()
    const { address } = fake
    await fake.stop()

    const run = await runShell(['-server', address, 'ls', '/'])

    expect(run).toEqual({
      exitCode: 1,
      stdout: `Connecting to ${address}\n`,
      stderr: 'KeeperErrorCode = ConnectionLoss for /\n'
    })
  })

  test('waits for the connection if it is asked to, and no longer than the timeout', async () => {
    const fake = await server()

    const run = await runShell(['-waitforconnection', '-timeout', '200', '-server', fake.address, 'version'])

    expect(run).toMatchObject({ exitCode: 1, stderr: 'KeeperErrorCode = ConnectionLoss\n' })
  })

  test.each([
    ['-timeout', 'soon'],
    ['-server', 'host:port']
  ])('refuses %s %s', async (option, value) => {
    const run = await runShell([option, value, 'ls', '/'])

    expect(run.exitCode).toBe(1)
    expect(run.stderr).toContain(value)
  })

  test('reads commands until their end, and leaves the session alone then', async () => {
    const fake = await server()
    const input = new PassThrough()
    const running = runShell(['-server', fake.address], input)
    const connection = await fake.connection()
    await connection.accept()
    input.end('version\n')

    const run = await running

    expect(run.exitCode).toBe(0)
    await connection.closed()
    expect(connection.waitingCount).toBe(0) // no closeSession
  })
})

async function* chunked(chunks: readonly (string | Buffer)[]): AsyncIterableIterator<string | Buffer> {
  yield* chunks
}

describe('a JAAS file', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zkcli-jaas-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const CLIENT = 'Client { x required username="bob" password="secret"; };'
  const optionsWith = (jaas: string, settings: Readonly<Record<string, string>> = {}) => {
    const file = join(folder, 'jaas.conf')
    writeFileSync(file, jaas)
    return clientOptions(new Map([['java.security.auth.login.config', file], ...Object.entries(settings)]))
  }

  test.each([
    { name: 'by the section Client', jaas: CLIENT, settings: {}, mechanism: 'DIGEST-MD5' },
    {
      name: 'by the section that is named',
      jaas: CLIENT.replace('Client', 'Mine'),
      settings: { 'zookeeper.sasl.clientconfig': 'Mine' },
      mechanism: 'DIGEST-MD5'
    },
    {
      name: 'by the mechanism of the section',
      jaas: CLIENT.replace(';', ' mechanism="scram-sha-256";'),
      settings: { 'zookeeper.fips-mode': 'true' },
      mechanism: 'SCRAM-SHA-256'
    },
    {
      name: 'by the mechanism of the settings',
      jaas: CLIENT,
      settings: { 'zookeeper.sasl.mechanism': 'SCRAM-SHA-256' },
      mechanism: 'SCRAM-SHA-256'
    }
  ])('logs in $name', async ({ jaas, settings, mechanism }) => {
    const options = await optionsWith(jaas, settings)

    expect(options.sasl).toEqual({ username: 'bob', password: 'secret', mechanism })
  })

  test.each([
    { name: 'has a section for servers only', jaas: CLIENT.replace('Client', 'Server'), settings: {} },
    { name: 'is not for this client', jaas: CLIENT, settings: { 'zookeeper.sasl.client': 'false' } }
  ])('does nothing if it $name', async ({ jaas, settings }) => {
    expect((await optionsWith(jaas, settings)).sasl).toBeUndefined()
  })

  test.each([
    { jaas: 'Client {', settings: {}, says: 'jaas.conf, line 1: the file ends where the class' },
    {
      jaas: 'Client { x required username="bob"; };',
      settings: {},
      says: 'line 1: the section Client has no password'
    },
    { jaas: CLIENT, settings: { 'zookeeper.sasl.clientconfig': 'Mine' }, says: 'has no section Mine' },
    { jaas: CLIENT, settings: { 'zookeeper.sasl.mechanism': 'PLAIN' }, says: 'there is no mechanism PLAIN' },
    { jaas: CLIENT, settings: { 'zookeeper.fips-mode': 'true' }, says: 'DIGEST-MD5 cannot be used' },
    {
      jaas: 'Client { Krb5LoginModule required; };',
      settings: {},
      says: 'line 1: Krb5LoginModule of a client needs useKeyTab=true or useTicketCache=true'
    },
    {
      jaas: 'Client { Krb5LoginModule required useKeyTab=true keyTab="/none"; };',
      settings: {},
      says: 'line 1: key table /none: cannot be read (ENOENT)'
    }
  ])('$says', async ({ jaas, settings, says }) => {
    await expect(optionsWith(jaas, settings)).rejects.toThrow(says)
  })
})
