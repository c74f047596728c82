import { compareStep, type Difference } from './compare.ts'
import { compareFigures, TreeWalk } from './final-state.ts'
import { knownFigure } from './known-differences.ts'
import type { Observation, Side } from './side.ts'
import { requestCount, type Step } from './steps.ts'

/** Where a run's steps come from: a generator, or a list that was written down. */
export interface StepSource {
  next(): Step | null
  observe(step: Step, left: readonly Observation[]): void
}

export interface CaseResult {
  readonly steps: readonly Step[]
  readonly requestCount: number
  readonly treeNodeCount: number
  readonly difference: Difference | null
  /** Names of known differences that were met, with how often. */
  readonly known: ReadonlyMap<string, number>
  /** What the left side answered, by request and error (`create -110`) or event type, with how often. */
  readonly answers: ReadonlyMap<string, number>
}

export interface CaseOptions {
  /** Compare the whole tree and the figures at the end. */
  readonly finalState: boolean
  /** Tells how a server ended by itself, or null while both live; asked after every step. */
  readonly failure?: () => string | null
  /** Carries out a restart step on the servers; without it such steps only close the connections. */
  readonly restart?: () => Promise<void>
  readonly onProgress?: (requests: number) => void
}

/** Runs steps against both sides in lock step until they end or the sides differ. */
export async function runCase(
  sides: readonly [Side, Side],
  source: StepSource,
  options: CaseOptions
): Promise<CaseResult> {
  const steps: Step[] = []
  const known = new Map<string, number>()
  const answers = new Map<string, number>()
  let requests = 0
  let nodes = 0

  const play = async (step: Step): Promise<{ left: Observation[]; difference: Difference | null }> => {
    if (step.kind === 'restart') await options.restart?.()
    const [left, right] = await Promise.all([sides[0].run(step), sides[1].run(step)])
    const difference = compareStep(steps.length, step, left, right, sides)
    count(left, answers)
    return { left, difference }
  }
  const result = (difference: Difference | null): CaseResult => {
    return { steps, requestCount: requests, treeNodeCount: nodes, difference, known, answers }
  }

  try {
    for (let step = source.next(); step !== null; step = source.next()) {
      const { left, difference } = await play(step)
      steps.push(step)
      requests += requestCount(step)
      if (difference !== null) return result(difference)
      const failure = options.failure?.() ?? null
      if (failure !== null) return result(serverEnded(steps.length - 1, step, failure))
      source.observe(step, left)
      options.onProgress?.(requests)
    }
    const { difference } = await play({ kind: 'barrier' })
    if (difference !== null || !options.finalState) return result(difference)
    const walk = new TreeWalk()
    for (let step = walk.next(); step !== null; step = walk.next()) {
      const walked = await play(step)
      if (walked.difference !== null) return result(inFinalState(walked.difference))
      walk.observe(walked.left)
    }
    nodes = walk.nodeCount
    return result(await figuresDifference(sides, steps.length, known))
  } finally {
    sides[0].dropAll()
    sides[1].dropAll()
  }
}

function count(observations: readonly Observation[], answers: Map<string, number>): void {
  for (const { seen, end } of observations) {
    for (const item of seen)
      add(
        answers,
        item.kind === 'reply' ? `${item.op} ${item.err}` : item.kind === 'event' ? `event ${item.type}` : item.kind
      )
    if (end !== undefined) add(answers, `connection ${end}`)
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function serverEnded(stepIndex: number, step: Step, failure: string): Difference {
  return { signature: 'a server ended', stepIndex, slot: -1, step, left: null, right: null, detail: failure }
}

function inFinalState(difference: Difference): Difference {
  return { ...difference, signature: `final tree: ${difference.signature}` }
}

async function figuresDifference(
  sides: readonly [Side, Side],
  stepIndex: number,
  known: Map<string, number>
): Promise<Difference | null> {
  const figures = await compareFigures(sides)
  const unexplained = (lines: readonly string[], others: readonly string[]): string[] => {
    return lines.filter((line) => !others.includes(line) && !isKnown(line, known))
  }
  const left = unexplained(figures.left, figures.right)
  const right = unexplained(figures.right, figures.left)
  if (left.length === 0 && right.length === 0) return null
  const detail = 'four-letter words disagree'
  return { signature: 'final figures', stepIndex, slot: -1, step: { kind: 'barrier' }, left, right, detail }
}

function isKnown(line: string, known: Map<string, number>): boolean {
  const excuse = knownFigure(line)
  if (excuse !== null) add(known, excuse.name)
  return excuse !== null
}

/** A source that replays a list. */
export function replay(steps: readonly Step[]): StepSource {
  let at = 0
  return {
    next: () => steps[at++] ?? null,
    observe: () => undefined
  }
}
