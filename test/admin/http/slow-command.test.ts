import { expect, test } from '@jest/globals'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { fakeTarget } from './fake-target.ts'
import { runAdmin } from './running.ts'

test('slow requests are shown newest first, with the stage where their time went', async () => {
  const write = {
    wallMs: Date.UTC(2026, 10, 23, 10),
    sessionHi: 0x01000000,
    sessionLo: 0x1f,
    address: '10.0.0.7',
    type: OpCode.setData,
    xid: 12,
    path: '/a "b"',
    zxidHi: 2,
    zxidLo: 5,
    totalMs: 1520,
    stagesMs: { queue: 1, prepare: 2, log: 7, quorum: 1500, apply: 10, send: 0 },
    stage: 'quorum' as const,
    peer: 3
  }
  const read = { ...write, type: OpCode.getData, path: null, zxidHi: 0, zxidLo: 0, stage: 'queue' as const, peer: null }
  const slowRequests = () => ({ thresholdMs: 1000, count: 77, newest: [read, write] })
  const { url } = await runAdmin(fakeTarget({}, { slowRequests }))
  const answer = (await (await fetch(`${url}/commands/slow`)).json()) as { slow_requests: unknown[] }
  expect(answer).toMatchObject({ command: 'slow', error: null, threshold_ms: 1000, slow_requests_count: 77 })
  expect(answer.slow_requests).toEqual([
    expect.objectContaining({ operation: 'getData', path: null, zxid: null, stage: 'queue', peer: null }),
    {
      time: '2026-11-23T10:00:00.000Z',
      operation: 'setData',
      path: '/a "b"',
      total_ms: 1520,
      stage: 'quorum',
      stages_ms: { queue: 1, prepare: 2, log: 7, quorum: 1500, apply: 10, send: 0 },
      peer: 3,
      session_id: '0x10000000000001f',
      remote_address: '10.0.0.7',
      xid: 12,
      zxid: '0x200000005'
    }
  ])
})

test('where they are not looked for, that is said', async () => {
  const { url } = await runAdmin(fakeTarget())
  expect(await (await fetch(`${url}/commands/slow_requests`)).json()).toEqual({
    command: 'slow',
    error: 'slow requests are not looked for: slowRequestThresholdMs is off'
  })
})
