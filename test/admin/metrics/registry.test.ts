import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { metricLines } from '../../../src/admin/metrics/registry.ts'
import type { QuorumView, ServerView } from '../../../src/admin/server-view.ts'
import { OTHER_LABEL } from '../../../src/core/instruments.ts'
import { operationCounters } from '../../../src/core/metrics.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { fakeServer, leading } from '../fake-server.ts'

/** Names that a real server printed, without what depends on its history (namespaces, learners) or is not a metric. */
function goldenNames(role: string): string[] {
  return readFileSync(join(__dirname, '..', 'golden', role, 'mntr.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice('zk_'.length, line.indexOf('\t')))
    .filter(
      (name) =>
        !/_per_namespace$|_learner_handler_qp_|^ack_latency|^(version|server_state|peer_state|observer_master_id)$/.test(
          name
        )
    )
}

function names(view: ServerView): string[] {
  return [...metricLines(view)].map(([name]) => name)
}

function values(view: ServerView): Map<string, string> {
  return new Map(metricLines(view))
}

const observing: QuorumView = { ...leading, role: 'observer', leader: null, syncedObservers: null, observerMasterId: 2 }

/** 26 metrics that came with 3.10, and three of our own. */
const isNewer = (name: string): boolean => /^(op_count_|ttl_node_|disk_full_count$|tracing_requests_)/.test(name)

describe('mntr', () => {
  test.each([
    { role: 'standalone', view: fakeServer() },
    { role: 'leader', view: fakeServer({ mode: 'leader', quorum: leading }) },
    { role: 'observer', view: fakeServer({ mode: 'observer', quorum: observing }) }
  ])('has every metric of a real $role', ({ role, view }) => {
    expect(
      names(view)
        .filter((name) => !isNewer(name))
        .sort()
    ).toEqual(goldenNames(role).sort())
  })

  test('has them in the order of a real server', () => {
    const ours = names(fakeServer()).filter((name) => !isNewer(name))

    expect(ours).toEqual(goldenNames('standalone'))
  })

  test('has no name twice', () => {
    const ours = names(fakeServer({ mode: 'leader', quorum: leading }))

    expect(new Set(ours).size).toBe(ours.length)
  })

  test('writes a summary with average, minimum, maximum, count and sum', () => {
    const view = fakeServer()
    for (const value of [1, 1, 2]) view.metrics.fsyncTime.add(value)

    const lines = [...metricLines(view)].filter(([name]) => name.endsWith('_fsynctime'))

    expect(lines).toEqual([
      ['avg_fsynctime', '1.3333'],
      ['min_fsynctime', '1'],
      ['max_fsynctime', '2'],
      ['cnt_fsynctime', '3'],
      ['sum_fsynctime', '4']
    ])
  })

  test('writes zeros for a summary without values', () => {
    const all = values(fakeServer())

    expect(['avg', 'min', 'max', 'cnt', 'sum', 'p50', 'p999'].map((part) => all.get(`${part}_readlatency`))).toEqual([
      '0.0',
      '0',
      '0',
      '0',
      '0',
      '0',
      '0'
    ])
  })

  test('puts the label first in the names of sets', () => {
    const view = fakeServer()
    view.metrics.readPerNamespace.add('app', 70)
    view.metrics.quotaExceededErrorPerNamespace.add('app', 2)
    view.metrics.ackLatency.add('3', 5)

    const all = values(view)

    expect(all.get('avg_app_read_per_namespace')).toBe('70.0')
    expect(all.get('app_quota_exceeded_error_per_namespace')).toBe('2')
    expect(all.get('p99_3_ack_latency')).toBe('5')
  })

  test('gathers the labels beyond a thousand under one name', () => {
    const view = fakeServer()
    for (let number = 0; number < 1500; number++) view.metrics.writePerNamespace.add(`n${number}`, 1)

    expect(view.metrics.writePerNamespace.byLabel.size).toBe(1001)
    expect(values(view).get(`cnt_${OTHER_LABEL}_write_per_namespace`)).toBe('500')
  })

  test('shows what prefixes hold and may hold, by their names', () => {
    const prefix = { name: 'tenant', znodes: 3, znodesLimit: 10, bytes: 40, bytesLimit: -1 }
    const view = fakeServer({ tree: { prefixes: () => [prefix] } })

    expect([...metricLines(view)].filter(([name]) => name.startsWith('tenant_'))).toEqual([
      ['tenant_prefix_znodes', '3'],
      ['tenant_prefix_znodes_limit', '10'],
      ['tenant_prefix_bytes', '40'],
      ['tenant_prefix_bytes_limit', '-1']
    ])
  })

  test('sums quotas up by namespace', () => {
    const quota = { namespace: 'q', countLimit: 3, bytesLimit: -1, countUsed: 2, bytesUsed: 20 }
    const view = fakeServer({ tree: { quotas: () => [quota, { ...quota, countLimit: 4, bytesUsed: 1 }] } })

    const lines = [...metricLines(view)].filter(([name]) => name.includes('quota_') && !name.includes('exceeded'))

    expect(lines).toEqual([
      ['q_quota_count_limit_per_namespace', '7'],
      ['q_quota_bytes_limit_per_namespace', '-2'],
      ['q_quota_count_usage_per_namespace', '4'],
      ['q_quota_bytes_usage_per_namespace', '21']
    ])
  })

  test('counts requests by their type', () => {
    const view = fakeServer()
    const counters = operationCounters(view.metrics)
    for (const type of [OpCode.create, OpCode.createTTL, OpCode.getChildren2]) counters.get(type)?.add(1)

    const all = values(view)

    expect([all.get('op_count_create'), all.get('op_count_get_children'), all.get('op_count_delete')]).toEqual([
      '2',
      '1',
      '0'
    ])
  })

  test('shows what the process has open', () => {
    const all = values(fakeServer())

    expect(Number(all.get('open_file_descriptor_count'))).toBeGreaterThan(2)
    expect(Number(all.get('max_file_descriptor_count'))).toBeGreaterThan(Number(all.get('open_file_descriptor_count')))
  })
})
