import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { SnapshotLink } from '../../src/storage/snapshot-link.ts'
import type { SnapshotReport } from '../../src/storage/snapshot-messages.ts'
import type { StorageError } from '../../src/storage/storage-error.ts'
import { LOG_THREAD_URL } from './support/data-directory.ts'

jest.setTimeout(300_000)

const THREAD_URL = new URL('./snapshot-thread.js', LOG_THREAD_URL)
/** Longer than any test. */
const LONG_MS = 3_600_000

let folder: string
let links: SnapshotLink[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-snapshot-link-'))
  links = []
})

afterEach(async () => {
  for (const link of links) await link.terminate()
  rmSync(folder, { recursive: true })
})

function newLink(idleMs: number, url = THREAD_URL): SnapshotLink {
  const link = new SnapshotLink(url, idleMs)
  links.push(link)
  return link
}

/** Begins a snapshot. @returns what comes of it, and its last report */
function begin(link: SnapshotLink, attempt: number, where = folder) {
  const told: string[] = []
  let error: StorageError | null = null
  const last = new Promise<SnapshotReport | 'died'>((resolve) => {
    link.begin(
      { kind: 'begin', folder: where, file: `snapshot.${attempt}.db`, attempt },
      {
        report: (report) => {
          told.push(report.kind)
          if (report.kind !== 'written') resolve(report)
        },
        died: (problem) => {
          error = problem
          told.push('died')
          resolve('died')
        }
      }
    )
  })
  return { told, last, error: () => error }
}

function write(link: SnapshotLink): void {
  const chunk = new ArrayBuffer(100)
  link.post({ kind: 'write', chunk, bytes: 100 }, [chunk])
}

function finish(link: SnapshotLink, attempt: number): void {
  const zxid = { hi: 0, lo: attempt }
  link.post({ kind: 'finish', zxid, digest: zxid, nodeCount: 1, sessionCount: 0 })
}

describe('the snapshot thread', () => {
  test('writes one snapshot after the other', async () => {
    const link = newLink(LONG_MS)
    const threads = new Set<number | null>()

    for (const attempt of [1, 2, 3]) {
      const { told, last } = begin(link, attempt)
      write(link)
      write(link)
      finish(link, attempt)
      await last
      expect(told).toEqual(['written', 'written', 'finished'])
      threads.add(link.threadId)
    }

    expect(threads.size).toBe(1)
    expect(threads.has(null)).toBe(false)
    expect(readdirSync(folder).sort()).toEqual(['snapshot.1.db', 'snapshot.2.db', 'snapshot.3.db'])
  })

  test('begins the next one behind one that was given up, whose reports are not mixed with its own', async () => {
    const link = newLink(LONG_MS)
    const first = begin(link, 1)
    write(link)
    link.post({ kind: 'abort' })
    const second = begin(link, 2)
    write(link)
    finish(link, 2)

    await Promise.all([first.last, second.last])

    expect(first.told).toEqual(['written', 'aborted'])
    expect(second.told).toEqual(['written', 'finished'])
    expect(readdirSync(folder)).toEqual(['snapshot.2.db'])
  })

  test('passes over the rest of one that has failed, and writes the next one', async () => {
    const link = newLink(LONG_MS)
    const failed = begin(link, 1, join(folder, 'missing'))
    write(link)
    finish(link, 1)
    const thread = link.threadId
    const next = begin(link, 2)
    write(link)
    finish(link, 2)

    await Promise.all([failed.last, next.last])

    expect(failed.told).toEqual(['failed'])
    expect(next.told).toEqual(['written', 'finished'])
    expect(link.threadId).toBe(thread)
  })

  test('ends when it has had nothing to write for a while, and another one is started for the next snapshot', async () => {
    const link = newLink(1)
    const first = begin(link, 1)
    const thread = link.threadId
    finish(link, 1)
    await first.last
    while (link.threadId !== null) await new Promise((resolve) => setTimeout(resolve, 2))

    const second = begin(link, 2)
    finish(link, 2)
    await second.last

    expect(second.told).toEqual(['finished'])
    expect(link.threadId).not.toBe(thread)
  })

  test('stays while a snapshot is under way, however long that takes', async () => {
    const link = newLink(1)
    const first = begin(link, 1)
    const thread = link.threadId
    link.post({ kind: 'abort' })
    const second = begin(link, 2)
    await first.last
    // Due behind the timer that would end the thread.
    await new Promise((resolve) => setTimeout(resolve, 2))
    write(link)
    finish(link, 2)
    await second.last

    expect(second.told).toEqual(['written', 'finished'])
    expect(link.threadId).toBe(thread)
  })

  test('that dies takes the snapshot under way with it; the next one gets another thread', async () => {
    const script = join(folder, 'dies.mjs')
    writeFileSync(
      script,
      "import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => { throw new Error('a test') })"
    )
    const link = newLink(LONG_MS, pathToFileURL(script))

    const first = begin(link, 1)
    const thread = link.threadId
    await first.last

    expect(first.told).toEqual(['died'])
    expect(first.error()).toMatchObject({ code: 'CLOSED', message: 'the snapshot thread died: a test' })
    expect(link.threadId).toBeNull()
    const second = begin(link, 2)
    expect(link.threadId).not.toBe(thread)
    await second.last
  })

  test('tells nothing any more when it is terminated, whoever asks for that once more', async () => {
    const link = newLink(LONG_MS)
    const { told } = begin(link, 1)

    await Promise.all([link.terminate(), link.terminate()])

    expect(told).toEqual([])
    expect(link.threadId).toBeNull()
  })
})
