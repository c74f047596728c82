import { operationName, SLOW_STAGES, type SlowRequest } from '../../core/pipeline/slow-requests.ts'
import { toBigInt } from '../../protocol/int64.ts'
import type { AdminTarget } from './admin-target.ts'
import { type AdminCommand, type CommandAnswer, command } from './command.ts'
import { type JsonField, type JsonObject, list, object } from './json-text.ts'

/** Ours: the newest requests that took longer than `slowRequestThresholdMs`, and where their time went. */
export const slowCommands: readonly AdminCommand[] = [command('slow', slow, { aliases: ['slow_requests'] })]

function slow(target: AdminTarget): CommandAnswer {
  const view = target.slowRequests()
  if (view === null) return { error: 'slow requests are not looked for: slowRequestThresholdMs is off' }
  return {
    fields: [
      ['threshold_ms', view.thresholdMs],
      ['slow_requests_count', view.count],
      ['slow_requests', list(view.newest.map(requestFields))]
    ]
  }
}

function requestFields(request: SlowRequest): JsonObject {
  const { wallMs, sessionHi, sessionLo, address, type, path, xid, zxidHi, zxidLo, totalMs, stage, stagesMs, peer } =
    request
  const stages = SLOW_STAGES.map((each): JsonField => [each, stagesMs[each]])
  return object([
    ['time', new Date(wallMs).toISOString()],
    ['operation', operationName(type)],
    ['path', path],
    ['total_ms', totalMs],
    ['stage', stage],
    ['stages_ms', object(stages)],
    ['peer', peer],
    ['session_id', hex(toBigInt(sessionHi, sessionLo))],
    ['remote_address', address],
    ['xid', xid],
    ['zxid', zxidHi === 0 && zxidLo === 0 ? null : hex(toBigInt(zxidHi, zxidLo))]
  ])
}

function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`
}
