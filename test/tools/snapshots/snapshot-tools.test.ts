import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { recursiveSummary, snapshotComparer, snapshotToolkit } from '../../../src/tools/snapshots/main.ts'
import type { TextOutput } from '../../../src/tools/text-output.ts'
import { ApacheFolder, capturedFile } from '../../storage/apache-files/support/apache-folder.ts'
import { exportTo, importTo } from '../migrate/migration-support.ts'
import { PrintedText, printedByApache, refusalOf, ToolFolder } from '../tool-support.ts'

const zone = process.env.TZ
let folder: ToolFolder
let old: string
let recent: string

beforeEach(() => {
  folder = new ToolFolder()
  process.env.TZ = 'UTC'
  old = folder.putCaptured('plain/snapshot.0')
  recent = folder.putCaptured('plain/snapshot.24')
})

afterEach(() => {
  folder.dispose()
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

async function printed(tool: (args: readonly string[], out: TextOutput) => Promise<void>, ...args: readonly string[]) {
  const out = new PrintedText()
  await tool(args, out)
  return out.text
}

function compared(args: string, lines: readonly string[] = []): Promise<string> {
  const left = [...lines]
  return printed((words, out) => snapshotComparer(words, out, () => left.shift() ?? null), ...args.split(' '))
}

function comparer(args: readonly string[], out: TextOutput): Promise<void> {
  return snapshotComparer(args, out, () => null)
}

/** Znodes and sessions in an order of their own: upstream's is that of a hash table. */
function sorted(text: string): string[] {
  return text
    .split('----\n')
    .map((block) => (block.startsWith('Session') ? block.split('\n').sort().join('\n') : block))
    .sort()
}

function withoutTimes(text: string): string {
  return text.replace(/ in \d+\.\d{6} seconds/g, ' in some seconds')
}

/** The same data as a snapshot of ours. */
async function ourSnapshot(): Promise<string> {
  const apache = new ApacheFolder().putCaptured('plain/snapshot.24')
  const dataDir = join(folder.path, 'data')
  await importTo(apache, dataDir)
  apache.dispose()
  return join(dataDir, 'version-2', 'snapshot.24.db')
}

test.each([
  ['zkSnapShotToolkit.sh', snapshotToolkit, 'USAGE: SnapshotFormatter [-d|-json] snapshot_file'],
  ['zkSnapshotRecursiveSummaryToolkit.sh', recursiveSummary, 'SnapshotRecursiveSummary  <snapshot_file>'],
  ['zkSnapshotComparer.sh', comparer, 'usage: zkSnapshotComparer.sh']
])('%s tells what it takes, with --help', async (_name, tool, usage) => {
  expect(await printed(tool, '--help')).toContain(usage)
})

describe('the snapshot toolkit', () => {
  test.each([
    { args: [], name: 'snapshot.24.txt' },
    { args: ['-d'], name: 'snapshot.24-with-data.txt' }
  ])('with $args prints what Apache’s tool prints', async ({ args, name }) => {
    expect(await printed(snapshotToolkit, ...args, recent)).toBe(printedByApache(name))
  })

  test('prints the same of a snapshot of ours', async () => {
    const text = await printed(snapshotToolkit, await ourSnapshot())

    expect(sorted(text)).toEqual(sorted(printedByApache('snapshot.24.txt')))
  })

  test('prints the same of a packed snapshot', async () => {
    const packed = folder.putCaptured('gz/snapshot.24.gz')
    const plain = folder.put('snapshot.24', gunzipSync(capturedFile('gz/snapshot.24.gz')))

    expect(await printed(snapshotToolkit, packed)).toBe(await printed(snapshotToolkit, plain))
  })

  test('of a snapshot of ours has parents before children, and siblings in alphabetical order', async () => {
    const text = await printed(snapshotToolkit, await ourSnapshot())
    const paths = [...text.matchAll(/^(\/.*)$/gm)].map(([path]) => path)

    expect(paths.filter((path) => /^\/a(\/container.*)?$/.test(path))).toEqual([
      '/a',
      '/a/container',
      '/a/container/child'
    ])
    expect(paths).toEqual([...paths].sort((one, other) => (one < other ? -1 : 1)))
  })

  test('prints names and sizes as JSON for ncdu', async () => {
    const withoutTime = (text: string) => text.replace(/"timestamp":\d+/, '"timestamp":0')

    expect(withoutTime(await printed(snapshotToolkit, '-json', recent))).toBe(
      withoutTime(printedByApache('snapshot.24.json.txt'))
    )
    expect(entriesOf(JSON.parse(await printed(snapshotToolkit, '-json', recent)))).toHaveLength(26)
  })

  test('refuses what it cannot show', async () => {
    const says = (...args: string[]) => refusalOf(() => printed(snapshotToolkit, ...args).then(() => undefined))

    expect(await says()).toMatch(/^2: USAGE: SnapshotFormatter \[-d\|-json\] snapshot_file\n/)
    expect(await says(recent, 'more')).toMatch(/^2: USAGE/)
    expect(await says('-d', '-json', recent)).toMatch(/^2: Cannot specify both/)
    expect(await says('/no/such/file')).toBe("2: File '/no/such/file' does not exist.")
    expect(await says(folder.path)).toBe(`2: '${folder.path}' is a directory. it must be a file.`)
  })

  test('refuses a damaged snapshot', async () => {
    await expect(printed(snapshotToolkit, folder.put('snapshot.9', Buffer.from('nothing')))).rejects.toThrow(
      /is damaged/
    )
  })
})

/** Name and size of each entry, sorted. */
function entriesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(entriesOf).sort()
  if (typeof value !== 'object' || value === null || !('asize' in value) || !('name' in value)) return []
  return [`${String(value.name)} ${String(value.asize)}`]
}

describe('the comparer', () => {
  test('prints what Apache’s tool prints', async () => {
    const text = await compared(`-l ${old} -r ${recent} -b 2 -n 1 -d`)

    expect(withoutTimes(text)).toBe(withoutTimes(printedByApache('comparison.txt')))
  })

  test('converses as Apache’s tool does', async () => {
    const lines = ['', '/zookeeper', '7', 'x', '/nope', '1', '', '', '', '']

    const text = await compared(`--left ${old} --right ${recent} --bytes 2 --nodes 1 -i`, lines)

    expect(withoutTimes(text)).toBe(withoutTimes(printedByApache('comparison-interactive.txt')))
  })

  test('ends when the operator says no more', async () => {
    expect(await compared(`-l ${old} -r ${recent} -b 2 -n 1 -i`, [''])).not.toContain('All layers compared.')
  })

  test('finds no difference between the same data of both servers', async () => {
    const text = await compared(`-l ${recent} -r ${await ourSnapshot()} -b 0 -n 0`)

    expect(text).not.toContain('found')
    expect(text).toMatch(/All layers compared\.\n$/)
  })

  test('says which options are missing', async () => {
    expect(await refusalOf(() => compared(`-l ${old}`).then(() => undefined))).toBe(
      '2: Missing required options: r, b, n'
    )
    expect(await refusalOf(() => compared(`-l ${old} -r ${old} -b x -n 1`).then(() => undefined))).toMatch(
      /^1: --bytes/
    )
  })
})

describe('the recursive summary', () => {
  test('prints what Apache’s tool prints', async () => {
    expect(await printed(recursiveSummary, recent, '/', '1')).toBe(printedByApache('summary.txt'))
  })

  test('of all levels has all that has children', async () => {
    const text = await printed(recursiveSummary, recent, '/', '0')

    expect(text.match(/children: /g)).toHaveLength(6)
    expect(text).toContain('---- /a/container\n----   children: 1\n----   data: 1\n')
  })

  test('refuses a node that is not there, and wrong arguments', async () => {
    const says = (...args: string[]) => refusalOf(() => printed(recursiveSummary, ...args).then(() => undefined))

    expect(await says(recent, '/nope', '0')).toBe('1: there is no znode /nope in this snapshot')
    expect(await says(recent, '/')).toMatch(/^2: USAGE/)
    expect(await says(recent, '/', 'deep')).toMatch(/^2: USAGE/)
  })
})

test('an exported snapshot is one to these tools, too', async () => {
  await ourSnapshot()
  await exportTo(join(folder.path, 'data'), join(folder.path, 'apache'))
  const [name = ''] = readdirSync(join(folder.path, 'apache/version-2')).filter((file) => file.startsWith('snapshot'))

  const text = await printed(snapshotToolkit, join(folder.path, 'apache/version-2', name))

  expect(sorted(text)).toEqual(sorted(printedByApache('snapshot.24.txt')))
})
