import { describe, expect, test } from '@jest/globals'
import { describeSlowRequest, type SlowRequest, SlowRequests } from '../../../src/core/pipeline/slow-requests.ts'
import type { ConnectionId } from '../../../src/core/ports.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { PeerHarness, requestFrame } from '../peer-harness.ts'
import { create, pathAndBool } from '../requests.ts'

const THRESHOLD_MS = 1000
const NO_TIME = { queue: 0, prepare: 0, log: 0, quorum: 0, apply: 0, send: 0 }

function start(): { harness: PeerHarness; client: ConnectionId; slow: SlowRequests } {
  const slow = new SlowRequests(THRESHOLD_MS)
  const harness = new PeerHarness({}, { slow })
  const client = harness.session(30_000)
  return { harness, client, slow }
}

function lines({ logged }: PeerHarness): string[] {
  return logged.filter(({ level }) => level === 'warn').map(({ message }) => message)
}

describe('a request is slow', () => {
  test('by the log, when its batch was long on its way', () => {
    const { harness, client, slow } = start()
    harness.autoPersist = false
    harness.request(client, OpCode.create, 7, create('/a', 0, 'x'))
    harness.nowMs += 1500
    harness.persist()
    expect(slow.view.count).toBe(1)
    expect(slow.view.newest[0]).toMatchObject({
      type: OpCode.create,
      xid: 7,
      path: '/a',
      zxidLo: 2,
      stage: 'log',
      totalMs: 1500,
      peer: null,
      stagesMs: { ...NO_TIME, log: 1500 }
    })
    expect(lines(harness)).toEqual([
      expect.stringMatching(
        /^slow request: create of \/a took 1500 ms: log 1500 \(session 0x1[0-9a-f]+ at 127\.0\.0\.1, xid 7, zxid 0x2\)$/
      )
    ])
  })

  test('by the queue, when it had waited before it came to its turn', () => {
    const { harness, client, slow } = start()
    harness.queueFrame(client, requestFrame(OpCode.create, 1, create('/a', 0, 'x')), harness.nowMs - 2000)
    harness.run()
    expect(slow.view.newest[0]).toMatchObject({ stage: 'queue', stagesMs: { ...NO_TIME, queue: 2000 } })
  })

  test('as a read, by the write before it', () => {
    const { harness, client, slow } = start()
    harness.autoPersist = false
    harness.queueFrame(client, requestFrame(OpCode.create, 1, create('/a', 0, 'x')))
    harness.queueFrame(client, requestFrame(OpCode.exists, 2, pathAndBool('/a')))
    harness.run()
    harness.nowMs += 1200
    harness.persist()
    expect(slow.view.newest.map(({ type, xid, path, stage }) => ({ type, xid, path, stage }))).toEqual([
      { type: OpCode.exists, xid: 2, path: null, stage: 'log' },
      { type: OpCode.create, xid: 1, path: '/a', stage: 'log' }
    ])
  })

  test('by a client that does not take its replies', () => {
    const { harness, client, slow } = start()
    harness.request(client, OpCode.create, 1, create('/big', 0, 'x'.repeat(600 * 1024)))
    harness.autoPersist = false
    harness.queueFrame(client, requestFrame(OpCode.create, 2, create('/small', 0, 'x')))
    for (const xid of [3, 4, 5]) harness.queueFrame(client, requestFrame(OpCode.getData, xid, pathAndBool('/big')))
    harness.run()
    harness.persist()
    harness.nowMs += 3000
    harness.drain(client)
    expect(slow.view.newest[0]).toMatchObject({ xid: 5, stage: 'send', totalMs: 3000 })
  })

  test('also when it fails, by its own name', () => {
    const { harness, client, slow } = start()
    harness.autoPersist = false
    harness.request(client, OpCode.create, 1, create('/none/child', 0, 'x'))
    harness.nowMs += 1500
    harness.persist()
    expect(slow.view.newest[0]).toMatchObject({ type: OpCode.create, xid: 1, zxidLo: 2 })

    harness.autoPersist = true
    harness.stepMs = 1100
    harness.request(client, OpCode.create, 2, create('/none/child', 0, 'x'))
    expect(slow.view.newest[0]).toMatchObject({ type: OpCode.create, xid: 2, stage: 'apply' })
    for (const line of lines(harness)) expect(line).toMatch(/^slow request: create took /)
  })

  test('by the step that applied it', () => {
    const { harness, client, slow } = start()
    harness.stepMs = 1100
    harness.request(client, OpCode.exists, 3, pathAndBool('/'))
    expect(slow.view.newest[0]).toMatchObject({ type: OpCode.exists, xid: 3, stage: 'apply', totalMs: 1100 })
  })
})

describe('slow requests', () => {
  test('are none below the threshold', () => {
    const { harness, client, slow } = start()
    harness.autoPersist = false
    harness.request(client, OpCode.create, 1, create('/a', 0, 'x'))
    harness.nowMs += THRESHOLD_MS - 1
    harness.persist()
    expect(slow.view).toEqual({ thresholdMs: THRESHOLD_MS, count: 0, newest: [] })
    expect(lines(harness)).toEqual([])
  })

  test('are all counted, and listed and written as far as that helps', () => {
    const { harness, client, slow } = start()
    harness.autoPersist = false
    for (let xid = 1; xid <= 300; xid++)
      harness.queueFrame(client, requestFrame(OpCode.create, xid, create(`/n${xid}`, 0, 'x')))
    harness.run()
    harness.nowMs += 2000
    harness.persist()
    expect(slow.view.count).toBe(300)
    expect(slow.view.newest.map(({ xid }) => xid)).toEqual(Array.from({ length: 20 }, (_, index) => 20 - index))
    expect(lines(harness).length).toBe(10)

    harness.request(client, OpCode.create, 301, create('/later', 0, 'x'))
    harness.nowMs += 2000
    harness.persist()
    expect(lines(harness).slice(10)).toEqual([
      'slow requests: 10 more than were written here',
      expect.stringContaining('create of /later')
    ])
  })

  test('are kept up to 200', () => {
    const { harness, client, slow } = start()
    harness.autoPersist = false
    for (let xid = 1; xid <= 230; xid++) {
      harness.request(client, OpCode.create, xid, create(`/n${xid}`, 0, 'x'))
      harness.nowMs += 1000
      harness.persist()
    }
    expect(slow.view.count).toBe(230)
    expect(slow.view.newest.length).toBe(200)
    expect(slow.view.newest[0]?.xid).toBe(230)
  })

  test('are one line each, whatever the client calls its znodes', () => {
    const request: SlowRequest = {
      wallMs: 0,
      sessionHi: 0x100,
      sessionLo: 1,
      address: '::1',
      type: OpCode.setData,
      xid: 3,
      path: `/a\nb${'x'.repeat(300)}`,
      zxidHi: 1,
      zxidLo: 5,
      totalMs: 2000,
      stagesMs: { ...NO_TIME, quorum: 1900, apply: 100 },
      stage: 'quorum',
      peer: 3
    }
    const line = describeSlowRequest(request)
    expect(line).toContain('slow request: setData of /a\\u000abxxx')
    expect(line).toContain('took 2000 ms: quorum 1900 by server 3, apply 100 (session 0x')
    expect(line).not.toContain('\n')
    expect(line.length).toBeLessThan(400)
  })
})

describe('a sample', () => {
  function traced(
    every: number,
    thresholdMs = THRESHOLD_MS
  ): {
    harness: PeerHarness
    client: ConnectionId
    slow: SlowRequests
    told: SlowRequest[]
    left: () => number
  } {
    const told: SlowRequest[] = []
    let left = 0
    const trace = {
      every,
      answered: (request: SlowRequest) => void told.push(request),
      left: (count: number) => {
        left += count
      }
    }
    const slow = new SlowRequests(thresholdMs, trace)
    const harness = new PeerHarness({}, { slow })
    const client = harness.session(30_000)
    told.length = 0
    return { harness, client, slow, told, left: () => left }
  }

  test('is one in so many, and neither counted nor listed nor logged as slow', () => {
    const { harness, client, slow, told } = traced(5)

    for (let xid = 1; xid <= 50; xid++) harness.request(client, OpCode.exists, xid, pathAndBool('/'))

    expect(told).toHaveLength(10)
    expect(told.every(({ type, totalMs }) => type === OpCode.exists && totalMs < THRESHOLD_MS)).toBe(true)
    expect(slow.view).toEqual({ thresholdMs: THRESHOLD_MS, count: 0, newest: [] })
    expect(lines(harness)).toEqual([])
  })

  test('of none: slow ones alone are told', () => {
    const { harness, client, slow, told } = traced(0)
    harness.autoPersist = false

    harness.request(client, OpCode.exists, 1, pathAndBool('/'))
    harness.request(client, OpCode.create, 2, create('/a', 0, 'x'))
    harness.nowMs += 1500
    harness.persist()

    expect(told.map(({ xid }) => xid)).toEqual([2])
    expect(told).toEqual(slow.view.newest)
  })

  test('of all, where no request is slow: each is told with where its time went, and too many in a step are counted', () => {
    const { harness, client, slow, told, left } = traced(1, Number.POSITIVE_INFINITY)
    harness.autoPersist = false
    harness.request(client, OpCode.create, 1, create('/a', 0, 'x'))
    harness.nowMs += 1500
    harness.persist()
    for (let xid = 2; xid <= 301; xid++) harness.queueFrame(client, requestFrame(OpCode.exists, xid, pathAndBool('/a')))
    harness.run()

    expect(told[0]).toMatchObject({ xid: 1, path: '/a', totalMs: 1500, stagesMs: { ...NO_TIME, log: 1500 } })
    expect(told.length + left()).toBe(301)
    expect(told).toHaveLength(201)
    expect(slow.view.count).toBe(0)
  })
})
