import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { JuteWriter } from 'jute-ts'
import type { StorageRequest } from '../../../src/core/ensemble/ensemble-outbox.ts'
import { InputBatch, InputKind } from '../../../src/core/input-batch.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { SessionTable } from '../../../src/core/session/session-table.ts'
import type { StorageAnswer } from '../../../src/core/storage-answer.ts'
import { PlainTree } from '../../../src/core/tree/plain-tree.ts'
import { encodeTxn } from '../../../src/protocol/txn.ts'
import { bodyType, type TxnBody } from '../../../src/protocol/txn-body.ts'
import { LogFeed } from '../../../src/server/log-feed.ts'
import { LogMeter } from '../../../src/server/log-meter.ts'
import { silentLogger } from '../../../src/server/logging/logger.ts'
import { ConfigFiles } from '../../../src/server/quorum/config-files.ts'
import { StorageRequests } from '../../../src/server/quorum/storage-requests.ts'
import { recover } from '../../../src/server/recovery.ts'
import { SnapshotPump } from '../../../src/server/snapshot-pump.ts'
import { openStorage, type Storage } from '../../../src/storage/storage.ts'
import { testHash } from '../../core/peer-harness.ts'
import { storageOptions } from '../../storage/support/data-directory.ts'
import { until } from './support.ts'

const newTree = (): PlainTree => new PlainTree(testHash, { digestEnabled: true, extendedTypesEnabled: false })

let folder: string
let member: TestMember

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-requests-'))
  member = await TestMember.start(folder)
})

afterEach(async () => {
  await member.storage.abandon()
  rmSync(folder, { recursive: true, force: true })
})

/** Storage, tree and sessions of a server, without its core. */
class TestMember {
  readonly answers: { id: number; answer: StorageAnswer }[] = []
  readonly fatals: string[] = []
  readonly inputs = new InputBatch()
  readonly tree: PlainTree
  readonly sessions: SessionTable
  readonly storage: Storage
  readonly epochs: { readonly acceptedEpoch: number; readonly currentEpoch: number }
  readonly replayed: string[]
  readonly feed: LogFeed
  readonly requests: StorageRequests
  readonly pump: SnapshotPump
  persisted = 0
  snapshotSizeFactor = 0.33
  #sequence = 0
  #lastId = 0

  private constructor(
    storage: Storage,
    state: { tree: PlainTree; sessions: SessionTable },
    epochs: { acceptedEpoch: number; currentEpoch: number },
    replayed: string[]
  ) {
    this.storage = storage
    this.tree = state.tree
    this.sessions = state.sessions
    this.epochs = epochs
    this.replayed = replayed
    this.feed = new LogFeed(storage, new LogMeter(createMetrics(), true))
    const factor = () => this.snapshotSizeFactor
    this.requests = new StorageRequests(
      {
        storage,
        feed: this.feed,
        ...state,
        newTree,
        configFiles: new ConfigFiles(join(folder, 'zoo.cfg'), 1),
        nowMs: () => 0,
        get snapshotSizeFactor() {
          return factor()
        },
        log: silentLogger
      },
      {
        answered: (id, answer) => this.answers.push({ id, answer }),
        fatal: (message) => this.fatals.push(message)
      }
    )
    this.pump = new SnapshotPump(
      storage,
      { inputs: this.inputs, schedule: () => undefined },
      silentLogger,
      () => undefined
    )
    storage.onPersisted((sequence) => {
      this.persisted = sequence
      this.feed.persisted(sequence)
    })
  }

  static async start(dataDir: string): Promise<TestMember> {
    const { storage, recovery } = await openStorage(storageOptions(dataDir))
    const tree = newTree()
    const sessions = new SessionTable(2000, 0)
    const replayed: string[] = []
    await recover(
      recovery,
      tree,
      sessions,
      () => 0,
      (hi, lo, bytes) => replayed.push(`${hi}:${lo} ${bytes.length}`)
    )
    return new TestMember(storage, { tree, sessions }, recovery, replayed)
  }

  /** Logs and applies a znode of this name, or a session. */
  add(zxidHi: number, zxidLo: number, body: TxnBody): void {
    const txn = {
      header: {
        clientIdHi: 1,
        clientIdLo: zxidLo,
        cxid: 1,
        zxidHi,
        zxidLo,
        timeHi: 0,
        timeLo: 0,
        type: bodyType(body)
      },
      body,
      digest: null
    }
    const writer = new JuteWriter()
    writer.writeInt(0)
    encodeTxn(writer, txn)
    writer.buffer.writeInt32BE(writer.offset - 4, 0)
    const zxids = { firstZxidHi: zxidHi, firstZxidLo: zxidLo, lastZxidHi: zxidHi, lastZxidLo: zxidLo }
    this.feed.append(++this.#sequence, { ...zxids, txnCount: 1, body: writer.copyBytes() })
    this.tree.apply(txn, null)
    if (body.kind === 'createSession') this.sessions.create(1, zxidLo, body.timeoutMs, 0)
  }

  addNodes(zxidHi: number, first: number, last: number): void {
    for (let zxidLo = first; zxidLo <= last; zxidLo++) this.add(zxidHi, zxidLo, node(`/e${zxidHi}n${zxidLo}`))
  }

  async allPersisted(): Promise<void> {
    await until(() => this.persisted === this.#sequence, 'everything persisted')
  }

  async ask(request: Omitted<StorageRequest>): Promise<StorageAnswer> {
    const id = ++this.#lastId
    this.requests.store({ ...request, id } as StorageRequest)
    await until(() => this.answers.some((one) => one.id === id), 'an answer')
    const found = this.answers.find((one) => one.id === id)
    if (found === undefined) throw new Error('no answer')
    return found.answer
  }

  /** The tree as a snapshot through the pump, as the core does it when it is asked for slices. */
  async snapshot(begin: () => void): Promise<boolean> {
    begin()
    await this.writeSnapshot()
    await until(() => this.#done !== null, 'the snapshot done')
    return this.#done === true
  }

  async writeSnapshot(): Promise<void> {
    await until(() => this.count(InputKind.snapshotPull) > 0, 'a pull')
    const cursor = this.tree.openSnapshot(this.sessions.records())
    const writer = new JuteWriter()
    cursor.next(writer, Number.MAX_SAFE_INTEGER)
    this.pump.chunk(writer.copyBytes())
    const { zxidHi, zxidLo, digestHi, digestLo, nodeCount } = cursor
    this.pump.end({ zxidHi, zxidLo, digestHi, digestLo, nodeCount, sessionCount: this.sessions.size })
    cursor.close()
  }

  get #done(): boolean | null {
    for (let index = 0; index < this.inputs.count; index++) {
      if (this.inputs.kind(index) === InputKind.snapshotDone) return this.inputs.number(index) === 1
    }
    return null
  }

  count(kind: InputKind): number {
    let count = 0
    for (let index = 0; index < this.inputs.count; index++) if (this.inputs.kind(index) === kind) count++
    return count
  }

  has(path: string): boolean {
    return this.tree.find(path) >= 0
  }
}

type Omitted<T> = T extends unknown ? Omit<T, 'id'> : never

const node = (path: string): TxnBody => ({
  kind: 'create',
  path,
  data: new Uint8Array(1),
  acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
  type: 1,
  mode: 'persistent',
  ttlHi: 0,
  ttlLo: 0,
  parentCversion: 1
})

const session: TxnBody = { kind: 'createSession', timeoutMs: 4000 }

/** Another start on the same directory. */
async function restart(): Promise<void> {
  await member.storage.flushAndClose(10_000)
  member = await TestMember.start(folder)
}

describe('epochs', () => {
  test('are those of the last zxid where none were set, and what was set afterwards', async () => {
    member.addNodes(4, 1, 2)
    await member.allPersisted()
    await restart()
    expect(member.epochs).toMatchObject({ acceptedEpoch: 4, currentEpoch: 4 })

    expect(await member.ask({ kind: 'setAcceptedEpoch', epoch: 9 })).toEqual({ kind: 'done' })
    expect(await member.ask({ kind: 'setCurrentEpoch', epoch: 8 })).toEqual({ kind: 'done' })
    await restart()

    expect(member.epochs).toMatchObject({ acceptedEpoch: 9, currentEpoch: 8 })
  })

  test('may be behind the log, which a learner writes before it has all of the history', async () => {
    await member.ask({ kind: 'setAcceptedEpoch', epoch: 5 })
    await member.ask({ kind: 'setCurrentEpoch', epoch: 1 })
    member.addNodes(5, 1, 1)
    await member.allPersisted()
    await restart()

    expect(member.epochs).toMatchObject({ acceptedEpoch: 5, currentEpoch: 1 })
    expect(member.has('/e5n1')).toBe(true)
  })

  test('are durable after everything that was appended before', async () => {
    member.addNodes(1, 1, 200)

    await member.ask({ kind: 'setCurrentEpoch', epoch: 1 })
    // As a kill right after the answer.
    await member.storage.abandon()
    member = await TestMember.start(folder)

    expect(member.epochs.currentEpoch).toBe(1)
    expect(member.has('/e1n200')).toBe(true)
  })
})

describe('truncation', () => {
  test('fills tree and sessions again with what is left', async () => {
    member.add(1, 1, session)
    member.addNodes(1, 2, 4)
    member.add(1, 5, session)
    member.addNodes(1, 6, 8)

    expect(await member.ask({ kind: 'truncate', zxidHi: 1, zxidLo: 3 })).toEqual({ kind: 'done' })

    expect(member.has('/e1n3')).toBe(true)
    expect(member.has('/e1n4')).toBe(false)
    expect(member.sessions.get(1, 1)).toBeDefined()
    expect(member.sessions.size).toBe(1)
    expect([member.tree.lastZxidHi, member.tree.lastZxidLo]).toEqual([1, 3])
    const fresh = newTree()
    fresh.apply({ header: HEADER_OF_2, body: node('/e1n2'), digest: null }, null)
    fresh.apply({ header: { ...HEADER_OF_2, zxidLo: 3, clientIdLo: 3 }, body: node('/e1n3'), digest: null }, null)
    expect([member.tree.digestHi, member.tree.digestLo]).toEqual([fresh.digestHi, fresh.digestLo])
  })

  test('to nothing leaves a tree as every server begins with, and the log goes on from there', async () => {
    member.addNodes(1, 1, 3)

    await member.ask({ kind: 'truncate', zxidHi: 0, zxidLo: 0 })

    const fresh = newTree()
    expect(member.tree.nodeCount).toBe(fresh.nodeCount)
    expect([member.tree.digestHi, member.tree.digestLo]).toEqual([fresh.digestHi, fresh.digestLo])
    member.addNodes(2, 1, 1)
    await member.allPersisted()
    await restart()
    expect(member.has('/e2n1')).toBe(true)
    expect(member.has('/e1n1')).toBe(false)
  })

  test('goes back to a snapshot', async () => {
    member.addNodes(1, 1, 5)
    await member.allPersisted()
    expect(await member.snapshot(() => member.pump.begin(1, 5))).toBe(true)
    member.addNodes(1, 6, 9)

    expect(await member.ask({ kind: 'truncate', zxidHi: 1, zxidLo: 7 })).toEqual({ kind: 'done' })

    expect(member.has('/e1n5')).toBe(true)
    expect(member.has('/e1n7')).toBe(true)
    expect(member.has('/e1n8')).toBe(false)
  })

  test('is impossible behind the beginning of what is stored, and changes nothing then', async () => {
    member.addNodes(1, 1, 5)
    await member.allPersisted()
    await member.snapshot(() => member.pump.installBegin(1, 5, 1))

    expect(await member.ask({ kind: 'truncate', zxidHi: 1, zxidLo: 2 })).toEqual({ kind: 'impossible' })

    expect(member.has('/e1n5')).toBe(true)
    expect(member.fatals).toEqual([])
  })
})

const HEADER_OF_2 = {
  clientIdHi: 1,
  clientIdLo: 2,
  cxid: 1,
  zxidHi: 1,
  zxidLo: 2,
  timeHi: 0,
  timeLo: 0,
  type: 1
}

describe('reload', () => {
  test('puts what is stored in the place of a tree that was only half received', async () => {
    member.addNodes(1, 1, 3)
    member.tree.loadSnapshot(7, 7)

    expect(await member.ask({ kind: 'reload' })).toEqual({ kind: 'done' })

    expect(member.has('/e1n3')).toBe(true)
    expect([member.tree.lastZxidHi, member.tree.lastZxidLo]).toEqual([1, 3])
  })
})

describe('reading the log', () => {
  test('finds a zxid, and gives slices from there to the end', async () => {
    member.addNodes(1, 1, 6)
    member.addNodes(2, 1, 2)

    expect(await member.ask({ kind: 'findInLog', zxidHi: 1, zxidLo: 99 })).toEqual({
      kind: 'zxid',
      zxidHi: 1,
      zxidLo: 6
    })
    const slice = await member.ask({ kind: 'readLog', afterHi: 1, afterLo: 6, bytesMax: 1_000_000 })
    expect(slice).toMatchObject({ kind: 'slice', lastZxidHi: 2, lastZxidLo: 2 })
    expect(await member.ask({ kind: 'readLog', afterHi: 2, afterLo: 2, bytesMax: 1000 })).toEqual({ kind: 'nothing' })
  })

  test('does without the log where it is larger than its share of the snapshot', async () => {
    member.addNodes(1, 1, 6)
    const find = { kind: 'findInLog', zxidHi: 1, zxidLo: 3 } as const
    const found = { kind: 'zxid', zxidHi: 1, zxidLo: 3 }
    expect(await member.ask(find)).toEqual(found)
    await member.allPersisted()
    await member.snapshot(() => member.pump.begin(1, 6))

    const answers: StorageAnswer[] = []
    for (const factor of [0.0005, 1000, 0]) {
      member.snapshotSizeFactor = factor
      answers.push(await member.ask(find))
    }

    expect(answers).toEqual([{ kind: 'nothing' }, found, found])
  })

  test('says so when the log does not go back so far', async () => {
    member.addNodes(1, 1, 5)
    await member.allPersisted()
    await member.snapshot(() => member.pump.installBegin(1, 5, 1))
    member.addNodes(1, 6, 6)

    expect(await member.ask({ kind: 'findInLog', zxidHi: 1, zxidLo: 4 })).toEqual({ kind: 'nothing' })
    expect(await member.ask({ kind: 'readLog', afterHi: 1, afterLo: 4, bytesMax: 1000 })).toEqual({ kind: 'nothing' })
    expect(await member.ask({ kind: 'readLog', afterHi: 1, afterLo: 5, bytesMax: 1000 })).toMatchObject({
      kind: 'slice'
    })
  })

  test('a slice is of whole transactions, at least one, however few bytes are asked for', async () => {
    member.addNodes(1, 1, 6)
    await member.allPersisted()

    expect(await member.ask({ kind: 'readLog', afterHi: 0, afterLo: 0, bytesMax: 1 })).toMatchObject({ kind: 'slice' })
  })
})

describe('requests', () => {
  test('wait for batches that are held for want of room', async () => {
    let handed: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      handed = resolve
    })
    const epochs: number[] = []
    const { storage, tree, sessions } = member
    const setCurrentEpoch = async (epoch: number): Promise<void> => {
      epochs.push(epoch)
    }
    const requests = new StorageRequests(
      {
        storage: Object.assign(Object.create(storage), { setCurrentEpoch }),
        feed: { whenHanded: () => held },
        tree,
        sessions,
        newTree,
        configFiles: null,
        nowMs: () => 0,
        snapshotSizeFactor: 0.33,
        log: silentLogger
      },
      { answered: () => undefined, fatal: () => undefined }
    )

    requests.store({ kind: 'setCurrentEpoch', id: 1, epoch: 4 })
    await new Promise((resolve) => setImmediate(resolve))
    expect(epochs).toEqual([])
    handed()

    await until(() => epochs.length === 1, 'the request')
  })

  test('are answered in their order', async () => {
    member.requests.store({ kind: 'setCurrentEpoch', id: 1, epoch: 1 })
    member.requests.store({ kind: 'findInLog', id: 2, zxidHi: 0, zxidLo: 0 })
    member.requests.store({ kind: 'reload', id: 3 })
    member.requests.store({ kind: 'setAcceptedEpoch', id: 4, epoch: 2 })

    await until(() => member.answers.length === 4, 'all answers')

    expect(member.answers.map(({ id }) => id)).toEqual([1, 2, 3, 4])
  })

  test('are not answered any more when the server has stopped', async () => {
    member.requests.store({ kind: 'setCurrentEpoch', id: 1, epoch: 1 })
    member.requests.stop()
    await member.storage.flushAndClose(10_000)

    expect(member.answers).toEqual([])
    expect(member.fatals).toEqual([])
  })

  test('end the server when the storage is gone', async () => {
    member.requests.store({ kind: 'setCurrentEpoch', id: 1, epoch: 1 })
    await member.storage.abandon()

    await until(() => member.fatals.length === 1, 'the end')
  })

  test('write the configuration, and go on where it cannot be written', async () => {
    expect(await member.ask({ kind: 'writeConfig', which: 'current', text: 'server.1=a:1:2\nversion=5' })).toEqual({
      kind: 'done'
    })
    writeFileSync(join(folder, 'zoo.cfg'), 'tickTime=2000\n')
    await member.ask({ kind: 'writeConfig', which: 'next', text: 'server.1=a:1:2\nversion=6' })
    expect(readFileSync(join(folder, 'zoo.cfg.dynamic.next'), 'utf8')).toBe('server.1=a:1:2\nversion=6')
    await member.ask({ kind: 'writeConfig', which: 'current', text: 'server.1=a:1:2\nversion=6' })

    expect(readFileSync(join(folder, 'zoo.cfg'), 'utf8')).toContain('zoo.cfg.dynamic.6')
    expect(member.fatals).toEqual([])
  })
})

describe('a snapshot that a leader sent', () => {
  test('takes the place of all that was stored, with the epoch', async () => {
    member.addNodes(1, 1, 5)
    await member.ask({ kind: 'setAcceptedEpoch', epoch: 7 })
    member.tree.setLastZxid(7, 3)

    expect(await member.snapshot(() => member.pump.installBegin(7, 3, 7))).toBe(true)
    await restart()

    expect(member.epochs).toMatchObject({ acceptedEpoch: 7, currentEpoch: 7 })
    expect(member.has('/e1n5')).toBe(true)
    expect(member.replayed).toEqual([])
    expect([member.tree.lastZxidHi, member.tree.lastZxidLo]).toEqual([7, 3])
  })

  test('that breaks off leaves what was stored', async () => {
    member.addNodes(1, 1, 5)
    await member.allPersisted()

    member.pump.installBegin(7, 3, 7)
    await until(() => member.count(InputKind.snapshotPull) > 0, 'a pull')
    member.pump.chunk(Buffer.from('the beginning of another tree'))
    member.pump.abandon()
    await restart()

    expect(member.epochs.currentEpoch).toBe(1)
    expect(member.has('/e1n5')).toBe(true)
  })

  test('waits for one of this server that was given up when it was nearly done', async () => {
    member.addNodes(1, 1, 5)
    await member.allPersisted()
    member.pump.begin(1, 5)
    await member.writeSnapshot()
    member.pump.abandon()

    member.pump.installBegin(1, 5, 3)
    // A pull for the first one may still be on its way: the core answers it with the beginning of the second.
    await member.writeSnapshot()

    await until(() => member.count(InputKind.snapshotDone) > 0, 'done')
    expect(member.count(InputKind.snapshotDone)).toBe(1)
    await restart()
    expect(member.epochs.currentEpoch).toBe(3)
    expect(member.has('/e1n5')).toBe(true)
  })
})

test('a start tells each replayed transaction', async () => {
  member.addNodes(1, 1, 3)
  await member.allPersisted()
  await restart()

  expect(member.replayed.map((line) => line.split(' ')[0])).toEqual(['1:1', '1:2', '1:3'])
})
