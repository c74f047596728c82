import type { AdminTarget, Trouble } from './admin-target.ts'

/** Answer of a health probe. */
export interface Health {
  readonly isOk: boolean
  readonly troubles: readonly Trouble[]
}

const STARTING: Trouble = { kind: 'starting', text: 'the data directory is being read' }

/** Troubles with which no request of a client can be served as it should be. */
const UNREADY: ReadonlySet<Trouble['kind']> = new Set([
  'starting',
  'stopping',
  'looking',
  'synchronizing',
  'readOnly',
  'diskFull',
  'logStalled'
])

const probes: ReadonlyMap<string, (target: AdminTarget | null) => Health> = new Map([
  // A process that answers is alive: what a restart could cure ends the process by itself.
  ['/livez', (target) => ({ isOk: true, troubles: troublesOf(target) })],
  ['/readyz', (target) => health(troublesOf(target), UNREADY)],
  ['/startupz', (target) => health(troublesOf(target), new Set(['starting']))]
])

/** The probe at this path; undefined if it is none. */
export function probeOf(path: string): ((target: AdminTarget | null) => Health) | undefined {
  return probes.get(path)
}

/** `ok`, or why not; a line for each trouble, those too that this probe does not mind. */
export function healthText({ isOk, troubles }: Health): string {
  return [isOk ? 'ok' : 'not ok', ...troubles.map(({ kind, text }) => `${kind}: ${text}`)].join('\n').concat('\n')
}

export function healthJson({ isOk, troubles }: Health): string {
  return `${JSON.stringify({ ok: isOk, troubles }, null, 2)}\n`
}

function troublesOf(target: AdminTarget | null): readonly Trouble[] {
  return target === null ? [STARTING] : target.troubles()
}

function health(troubles: readonly Trouble[], bad: ReadonlySet<Trouble['kind']>): Health {
  return { isOk: !troubles.some(({ kind }) => bad.has(kind)), troubles }
}
