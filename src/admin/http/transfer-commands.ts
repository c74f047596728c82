import type { AdminTarget } from './admin-target.ts'
import { HandOverRefusedError, RestoreRefusedError } from './admin-target.ts'
import { type AdminCommand, type CommandAnswer, type CommandRequest, command } from './command.ts'
import { RateLimit } from './rate-limit.ts'
import { readBody } from './request-body.ts'

export interface TransferSettings {
  readonly snapshotEnabled: boolean
  readonly restoreEnabled: boolean
  readonly rateLimiterIntervalMs: number
}

/** What the commands tell the operator beside their answer, which says nothing of the cause, as upstream's. */
export interface TransferLog {
  info(message: string): void
  warn(message: string): void
}

const AUTHORIZED = { needsAuthority: true } as const
const SHED_BODY_BYTES_MAX = 64 * 1024

/** Commands that only who has all permissions on the root may run: snapshot, restore, shed_connections, transfer_leadership. */
export function transferCommands(settings: TransferSettings, log: TransferLog, nowMs: () => number): AdminCommand[] {
  // compat: upstream takes the same number for microseconds here.
  const snapshots = new RateLimit(Math.floor(settings.rateLimiterIntervalMs / 1000), nowMs)
  const restores = new RateLimit(settings.rateLimiterIntervalMs, nowMs)
  return [
    command('snapshot', (target, request) => snapshot(target, request, settings, snapshots, log), {
      aliases: ['snap'],
      ...AUTHORIZED
    }),
    command('restore', (target, request) => restore(target, request, settings, restores, log), {
      aliases: ['rest'],
      methods: ['POST'],
      ...AUTHORIZED
    }),
    command('shed_connections', (target, request) => shed(target, request, log), {
      aliases: ['shed'],
      methods: ['POST'],
      ...AUTHORIZED
    }),
    command('transfer_leadership', (target, request) => transferLeadership(target, request, log), {
      methods: ['POST'],
      ...AUTHORIZED
    })
  ]
}

async function snapshot(
  target: AdminTarget,
  { parameters }: CommandRequest,
  { snapshotEnabled }: TransferSettings,
  limit: RateLimit,
  log: TransferLog
): Promise<CommandAnswer> {
  if (!snapshotEnabled) return { status: 503 }
  const { metrics } = target.view
  if (!limit.isAllowed()) {
    metrics.snapshotRateLimitedCount.add(1)
    return { status: 429 }
  }
  // compat: what Boolean.parseBoolean makes of it.
  const isStreaming = (parameters.get('streaming') ?? 'true').toLowerCase() === 'true'
  try {
    const { zxid, sizeBytes, bytes, discard } = await target.takeSnapshot()
    const headers = { last_zxid: `0x${BigInt.asUintN(64, zxid).toString(16)}`, snapshot_size: String(sizeBytes) }
    if (isStreaming) return { headers, stream: { lengthBytes: sizeBytes, bytes } }
    discard()
    return { headers }
  } catch (error) {
    metrics.snapshotErrorCount.add(1)
    log.warn(`snapshot: ${messageOf(error)}`)
    return { status: 500 }
  }
}

async function restore(
  target: AdminTarget,
  { body }: CommandRequest,
  { restoreEnabled }: TransferSettings,
  limit: RateLimit,
  log: TransferLog
): Promise<CommandAnswer> {
  if (!restoreEnabled) return { status: 503 }
  const { metrics } = target.view
  if (!limit.isAllowed()) {
    metrics.restoreRateLimitedCount.add(1)
    return { status: 429 }
  }
  try {
    const startMs = performance.now()
    const zxid = await target.restore(body)
    metrics.restoreTime.add(Math.round(performance.now() - startMs))
    return { fields: [['last_zxid', zxid]] }
  } catch (error) {
    metrics.restoreErrorCount.add(1)
    log.warn(`restore: ${messageOf(error)}`)
    // What is wrong with the bytes may be told: who may restore may see everything.
    return { status: error instanceof RestoreRefusedError ? 409 : 500, error: messageOf(error) }
  }
}

async function shed(target: AdminTarget, { body }: CommandRequest, log: TransferLog): Promise<CommandAnswer> {
  const text = await readBody(body, SHED_BODY_BYTES_MAX)
  if (text === null) return { status: 400, error: `Request body is longer than ${SHED_BODY_BYTES_MAX} bytes` }
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch (error) {
    return { status: 400, error: `Invalid JSON or failed to read request body: ${messageOf(error)}` }
  }
  if (typeof request !== 'object' || request === null || !('percentage' in request)) {
    return { status: 400, error: 'Missing required field: percentage' }
  }
  const percentage = wholeNumber(request.percentage)
  if (percentage < 0 || percentage > 100) return { status: 400, error: 'Percentage must be between 0 and 100' }
  const count = percentage === 0 ? 0 : target.shedConnections(percentage)
  log.info(`shed_connections: ${count} connections closed (${percentage} % were asked for)`)
  return {
    fields: [
      ['connections_shed', count],
      ['percentage_requested', percentage]
    ]
  }
}

/** Ours: upstream's leader gives its lead away by ending. */
async function transferLeadership(
  target: AdminTarget,
  { parameters }: CommandRequest,
  log: TransferLog
): Promise<CommandAnswer> {
  const text = parameters.get('to')
  if (text !== undefined && !/^\d{1,3}$/.test(text)) return { status: 400, error: 'to must be the id of a server' }
  try {
    const { heir, leader, elapsedMs } = await target.handOver(text === undefined ? null : Number(text))
    log.info(`transfer_leadership: server ${leader} leads, ${elapsedMs} ms after the command`)
    return {
      error: leader === heir ? null : `server ${heir} did not take over: there was an election`,
      fields: [
        ['leader_id', leader],
        ['elapsed_ms', elapsedMs]
      ]
    }
  } catch (error) {
    log.warn(`transfer_leadership: ${messageOf(error)}`)
    return { status: error instanceof HandOverRefusedError ? 409 : 500, error: messageOf(error) }
  }
}

/** As upstream's reader of JSON: text with a number is one, all else is 0. */
function wholeNumber(value: unknown): number {
  const number = typeof value === 'number' || typeof value === 'string' ? Math.trunc(Number(value)) : 0
  return Number.isFinite(number) ? number : 0
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
