import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openStorage } from '../../../src/storage/storage.ts'
import { txnLogToolkit } from '../../../src/tools/txn-log/main.ts'
import { capturedFile } from '../../storage/apache-files/support/apache-folder.ts'
import { storageOptions } from '../../storage/support/data-directory.ts'
import { appendWrites, exportTo, loadOurs } from '../migrate/migration-support.ts'
import { PrintedText, printedByApache, refusalOf, ToolFolder } from '../tool-support.ts'

const zone = process.env.TZ
let folder: ToolFolder

beforeEach(() => {
  folder = new ToolFolder()
  process.env.TZ = 'UTC'
})

afterEach(() => {
  folder.dispose()
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

/** Runs the tool; `answers` are the operator's. */
function run(args: readonly string[], answers: readonly string[] = [], warnings: string[] = []): string {
  const out = new PrintedText()
  const left = [...answers]
  const ask = (question: string): string | null => {
    out.write(question)
    return left.shift() ?? null
  }
  txnLogToolkit(args, { out, warn: (message) => void warnings.push(message), ask })
  return out.text
}

function spoil(path: string, at: number): string {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
  return path
}

function spoilt(): string {
  return spoil(folder.put('spoilt', capturedFile('plain/log.1')), 200)
}

describe('on a log of Apache’s', () => {
  test.each(['log.1', 'log.25'])('a dump of %s is what Apache’s tool prints', (name) => {
    const path = folder.putCaptured(`plain/${name}`)

    expect(run([path])).toBe(printedByApache(`dump-of-${name}.txt`))
    expect(run(['-d', path])).toBe(printedByApache(`dump-of-${name}.txt`))
  })

  test('a dump shows a transaction with a wrong checksum twice, and goes on', () => {
    const lines = run([spoilt()]).split('\n')

    expect(lines.filter((line) => line.startsWith('CRC ERROR - '))).toHaveLength(1)
    expect(lines.at(-2)).toBe('EOF reached after 36 txns.')
    expect(lines).toHaveLength(printedByApache('dump-of-log.1.txt').split('\n').length + 2)
  })

  test('recovery makes checksums right, as Apache’s tool does', () => {
    const path = spoilt()

    expect(run(['-r', '-y', path])).toBe(printedByApache('recovery-of-spoilt-log.1.txt').replace('spoilt', path))
    expect(run([`${path}.fixed`])).not.toContain('CRC ERROR')
    expect(existsSync(path)).toBe(true)
  })

  test('recovery asks, and leaves what is not to be made right as it is', () => {
    const path = spoilt()

    const text = run(['--recover', path], ['perhaps', 'no'])

    expect(text.match(/Would you like to fix it \(Yes\/No\/Abort\) \? /g)).toHaveLength(2)
    expect(text).toContain('has been written with 0 fixed CRC error(s)')
    const written = readFileSync(`${path}.fixed`)
    expect(written.equals(readFileSync(path).subarray(0, written.length))).toBe(true)
  })

  test('recovery that is given up, or that nobody answers, leaves nothing', async () => {
    const path = spoilt()

    expect(await refusalOf(() => void run(['-r', path], ['a']))).toBe('0: Recovery aborted.')
    expect(await refusalOf(() => void run(['-r', path]))).toMatch(/^1: nobody answered/)
    expect(readdirSync(folder.path)).toEqual(['spoilt'])
  })

  test('recovery does not overwrite', async () => {
    const path = spoilt()
    run(['-r', '-y', path])

    expect(await refusalOf(() => void run(['-r', '-y', path]))).toBe(
      `1: Recovery file ${path}.fixed already exists or not writable`
    )
  })

  test('a verbose recovery shows all', () => {
    expect(
      run(['-r', '-v', folder.putCaptured('plain/log.1')])
        .split('\n')
        .slice(0, -2)
        .join('\n')
    ).toBe(printedByApache('dump-of-log.1.txt').trimEnd())
  })

  test('chopping keeps what is up to the zxid', () => {
    const path = folder.putCaptured('plain/log.1')

    expect(run(['-c', '-z', '0x10', path])).toBe(printedByApache('chop-of-log.1.txt'))
    const chopped = run([`${path}.chopped16`])
    expect(chopped.match(/ zxid 0x/g)).toHaveLength(16)
    expect(printedByApache('dump-of-log.1.txt').startsWith(chopped.slice(0, chopped.indexOf('EOF')))).toBe(true)
  })

  test.each([
    { zxid: '0x100', says: 'EOF reached after 36 txns.' },
    { zxid: '0', says: 'This log does not contain zxid 0' }
  ])('chopping at $zxid is refused, and leaves nothing', async ({ zxid, says }) => {
    const path = folder.putCaptured('plain/log.1')
    const out = new PrintedText()
    const parts = { out, warn: () => undefined, ask: () => null }

    expect(await refusalOf(() => txnLogToolkit(['-c', '-z', zxid, path], parts))).toMatch(/^2: Failed to chop/)
    expect(out.text).toContain(says)
    expect(out.text).toContain('Got exception: Failed to chop log.1')
    expect(readdirSync(folder.path)).toEqual(['log.1'])
  })

  test('a file that ends within a transaction ends before it', () => {
    const path = folder.put('log.1', capturedFile('plain/log.1').subarray(0, 300))

    const warnings: string[] = []

    expect(run([path], [], warnings)).toMatch(/EOF reached after 3 txns\.\n$/)
    expect(warnings).toEqual([expect.stringMatching(/ends at offset \d+ with a transaction that is not whole/)])
  })

  test('a file that ends before other bytes is said to', () => {
    const bytes = capturedFile('plain/log.25')
    bytes[5000] = 1
    const warnings: string[] = []

    expect(run([folder.put('log.25', bytes)], [], warnings)).toBe(printedByApache('dump-of-log.25.txt'))
    expect(warnings).toEqual([expect.stringMatching(/ends at offset \d+, but bytes that are not zero follow/)])
  })

  test('a length that no transaction has is damage, not an end', () => {
    const bytes = capturedFile('plain/log.1')
    bytes.writeInt32BE(0x7f000000, 16 + 8)

    expect(() => run([folder.put('log.1', bytes)])).toThrow(/log\.1 is damaged: the record at offset 16: its length is/)
  })

  test.each([
    { args: ['-h'], says: 'help' },
    { args: ['--help', 'x'], says: 'help' }
  ])('$args is the help', ({ args }) => {
    expect(run(args)).toBe(printedByApache('help-of-TxnLogToolkit.txt'))
  })

  test('what is wrong is told in Apache’s words', async () => {
    const snapshot = folder.putCaptured('plain/snapshot.24')

    expect(await refusalOf(() => void run(['-q', 'x']))).toBe('1: Unrecognized option: -q')
    expect(await refusalOf(() => void run(['nofile']))).toBe("1: File doesn't exist or not readable: nofile")
    expect(await refusalOf(() => void run([snapshot]))).toBe('2: Invalid magic number for snapshot.24')
  })
})

describe('on a segment of ours', () => {
  let dataDir: string

  beforeEach(async () => {
    dataDir = join(folder.path, 'data')
    await appendWrites(dataDir, 10)
  })

  function segments(): string[] {
    const names = readdirSync(join(dataDir, 'version-2')).filter((name) => /^log\.[0-9a-f]+\.db$/.test(name))
    return names.sort().map((name) => join(dataDir, 'version-2', name))
  }

  /** All segments' lines of transactions. */
  function dumpAll(paths: readonly string[]): string {
    return paths.map((path) => run([path]).split('\n').slice(1, -2).join('\n')).join('\n')
  }

  test('a dump is that of the exported log', async () => {
    await exportTo(dataDir, join(folder.path, 'apache'), { hasLog: true })
    const exported = readdirSync(join(folder.path, 'apache/version-2')).filter((name) => name.startsWith('log.'))

    expect(segments().length).toBeGreaterThan(2)
    expect(dumpAll(segments())).toBe(
      dumpAll(exported.sort().map((name) => join(folder.path, 'apache/version-2', name)))
    )
  })

  test('a dump changes nothing, of one with a -wal either', async () => {
    await (await openStorage(storageOptions(dataDir))).storage.abandon()
    const before = readdirSync(join(dataDir, 'version-2'), { withFileTypes: true }).map(({ name }) => [
      name,
      readFileSync(join(dataDir, 'version-2', name)).toString('hex')
    ])

    dumpAll(segments())

    const after = readdirSync(join(dataDir, 'version-2')).map((name) => [
      name,
      readFileSync(join(dataDir, 'version-2', name)).toString('hex')
    ])
    expect(after).toEqual(before)
  })

  test('what a server appends to is refused', async () => {
    const { storage } = await openStorage(storageOptions(dataDir))
    const active = segments().at(-1) ?? ''

    expect(() => run([active])).toThrow(/is in use by a server; segments that it has closed can be read/)
    await storage.abandon()
  })

  test('a recovered segment takes the place of a damaged one', async () => {
    const [first = ''] = segments()
    const was = await loadOurs(dataDir)
    spoil(first, readFileSync(first).indexOf('added-') + 6)
    await expect(loadOurs(dataDir)).rejects.toThrow(/the checksum of the transactions .* is wrong/)

    expect(run([first])).toContain('CRC ERROR - ')
    expect(run(['-r', '-y', first])).toMatch(/CRC FIXED - .*\.fixed has been written with 1 fixed CRC error\(s\)\n$/s)

    renameSync(`${first}.fixed`, first)
    expect((await loadOurs(dataDir)).tree.nodeCount).toBe(was.tree.nodeCount)
  })

  test('a recovery without an answer of yes leaves the damage', async () => {
    const [first = ''] = segments()
    spoil(first, readFileSync(first).indexOf('added-') + 6)

    run(['-r', first], ['n'])

    copyFileSync(`${first}.fixed`, first)
    await expect(loadOurs(dataDir)).rejects.toThrow(/the checksum of the transactions .* is wrong/)
  })

  test('chopping keeps what is up to the zxid', () => {
    const [, second = ''] = segments()
    const zxids = [...run([second]).matchAll(/ zxid 0x([0-9a-f]+) /g)].map(([, hex = '']) => Number.parseInt(hex, 16))
    const [first = 0] = zxids

    expect(run(['-c', '-z', String(first), second])).toMatch(/Chopping at [0-9a-f]+ new log has 1 records\n$/)
    expect(run([`${second}.chopped${first}`])).toMatch(/EOF reached after 1 txns\.\n$/)
    expect(run([`${second}.chopped${first}`])).not.toContain('CRC ERROR')
  })
})
