import { operationName } from './operation-names.ts'
import type { Plain } from './replies.ts'
import type { Request } from './requests.ts'
import type { Observation, Side } from './side.ts'
import type { Step } from './steps.ts'

/** The first thing in which two sides differ at one step. */
export interface Difference {
  /** Kind of the difference, equal for equal causes: the request's name and the field that differs. */
  readonly signature: string
  readonly stepIndex: number
  readonly slot: number
  readonly step: Step
  readonly left: Plain
  readonly right: Plain
  readonly detail: string
  /** The request whose answer differs (or the next one, for an event), where it can be told. */
  readonly request?: Request
}

/** Compares what both sides showed at one step; null when they agree. */
export function compareStep(
  stepIndex: number,
  step: Step,
  left: readonly Observation[],
  right: readonly Observation[],
  sides: readonly [Side, Side]
): Difference | null {
  const unordered = new Set([...sides[0].unorderedZxids, ...sides[1].unorderedZxids])
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const ours = comparable(left[at], unordered)
    const theirs = comparable(right[at], unordered)
    if (JSON.stringify(ours) === JSON.stringify(theirs)) continue
    const slot = left[at]?.slot ?? right[at]?.slot ?? -1
    return { stepIndex, slot, step, ...describe(step, ours, theirs) }
  }
  return violation(stepIndex, step, sides)
}

function violation(stepIndex: number, step: Step, sides: readonly [Side, Side]): Difference | null {
  const [left, right] = sides
  if (left.violations.length === 0 && right.violations.length === 0) return null
  const difference = {
    signature: 'invariant',
    stepIndex,
    slot: -1,
    step,
    left: [...left.violations],
    right: [...right.violations],
    detail: 'one server contradicts itself'
  }
  left.violations.length = 0
  right.violations.length = 0
  return difference
}

/** The observation with events of unordered transactions sorted. */
function comparable(observation: Observation | undefined, unordered: ReadonlySet<number>): Plain {
  if (observation === undefined) return null
  const seen: Plain[] = []
  let run: Plain[] = []
  const flush = (): void => {
    seen.push(...run.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)))
    run = []
  }
  for (const item of observation.seen) {
    const plain = item as unknown as Plain
    if (item.kind === 'event' && unordered.has(item.zxid)) run.push(plain)
    else {
      flush()
      seen.push(plain)
    }
  }
  flush()
  return { seen, end: observation.end ?? null }
}

type Description = Pick<Difference, 'signature' | 'detail' | 'left' | 'right'> & { request?: Request }

function describe(step: Step, left: Plain, right: Plain): Description {
  const leftSeen = list(left, 'seen')
  const rightSeen = list(right, 'seen')
  let replies = 0
  for (let at = 0; at < Math.max(leftSeen.length, rightSeen.length); at++) {
    const ours = leftSeen[at] ?? null
    const theirs = rightSeen[at] ?? null
    if (JSON.stringify(ours) === JSON.stringify(theirs)) {
      if (isRecord(ours) && ours.kind === 'reply') replies++
      continue
    }
    const request = step.kind === 'requests' ? step.requests[replies] : undefined
    const where = firstDifference(ours, theirs, '')
    const what = nameOf(ours) ?? nameOf(theirs) ?? '?'
    return {
      signature: `${what}${where}`,
      detail: `item ${at} (${what}) differs at ${where || 'the whole'}`,
      left: ours ?? left,
      right: theirs ?? right,
      ...(request === undefined ? {} : { request })
    }
  }
  return { signature: 'end of connection', detail: 'one connection was closed, the other not', left, right }
}

function list(value: Plain, name: string): readonly Plain[] {
  const part = isRecord(value) ? value[name] : null
  return Array.isArray(part) ? part : []
}

function nameOf(value: Plain): string | null {
  if (!isRecord(value)) return null
  if (value.kind === 'event') return 'event'
  return typeof value.op === 'string' ? value.op : typeof value.kind === 'string' ? value.kind : null
}

/** Path of the first member in which two values differ; indices are left out, so that equal causes look equal. */
function firstDifference(left: Plain, right: Plain, path: string): string {
  if (!isRecord(left) || !isRecord(right)) {
    if (!Array.isArray(left) || !Array.isArray(right)) return path
    const at = left.findIndex((item, index) => JSON.stringify(item) !== JSON.stringify(right[index]))
    return at < 0 || at >= right.length ? `${path}[length]` : firstDifference(left[at], right[at] ?? null, `${path}[]`)
  }
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])]
  // The error code says most, whatever else follows from it.
  if (left.err !== right.err) return `${path}.err ${JSON.stringify(left.err)} / ${JSON.stringify(right.err)}`
  const name = names.find((key) => JSON.stringify(left[key]) !== JSON.stringify(right[key]))
  return name === undefined ? path : firstDifference(left[name] ?? null, right[name] ?? null, `${path}.${name}`)
}

function isRecord(value: Plain): value is { readonly [key: string]: Plain } {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** One line that says what a step does. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'requests':
      return `slot ${step.slot}: ${step.requests.map(describeRequest).join('; ')}`
    case 'connect':
    case 'drop':
    case 'raw':
    case 'barrier':
    case 'expire':
    case 'restart':
      return JSON.stringify(step)
  }
}

/** A request on one line: its name and its fields. */
export function describeRequest(request: Request): string {
  return `${operationName(request.op)} ${JSON.stringify({ ...request, op: undefined })}`
}
