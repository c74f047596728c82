import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Ensemble } from '../harness/ensemble.ts'
import type { CaseResult, ClientSuite } from '../harness/suite.ts'
import { SuiteUnavailableError } from '../harness/suite.ts'
import { type EnsembleKind, REFERENCE } from './ensembles.ts'
import { EnsembleTarget, type TargetName } from './target.ts'

/** What to run: each client against each target of each ensemble. */
export interface Selection {
  readonly kinds: readonly EnsembleKind[]
  readonly targets: readonly TargetName[]
  readonly clients: readonly ClientSuite[]
  readonly quick: boolean
}

/** One client against one target of one ensemble. */
export interface ClientResults {
  readonly kind: string
  readonly target: TargetName
  readonly client: string
  readonly cases: readonly CaseResult[]
  readonly durationMs: number
}

/** Runs all that is selected, each time on an ensemble of its own, Apache's first. Folders without a failure are removed. */
export async function* runClients(selection: Selection, folder: string): AsyncGenerator<ClientResults> {
  for (const client of selection.clients) {
    for (const target of selection.targets) {
      for (const kind of selection.kinds) {
        const own = join(folder, `${client.name}-${target}-${kind.name}`)
        mkdirSync(own, { recursive: true })
        const results = await runClient(client, target, kind, selection.quick, own)
        if (!results.cases.some((result) => result.status === 'failed')) rmSync(own, { recursive: true, force: true })
        yield results
      }
    }
  }
}

async function runClient(
  client: ClientSuite,
  target: TargetName,
  kind: EnsembleKind,
  quick: boolean,
  folder: string
): Promise<ClientResults> {
  const started = performance.now()
  const cases: CaseResult[] = []
  const record = (result: CaseResult): void => void cases.push(result)
  const ensemble = await Ensemble.plan(folder, { ...client.settings, members: kind.members })
  try {
    await client.prepare()
    await ensemble.startLedBy(kind.leader)
    const scratch = join(folder, 'client')
    mkdirSync(scratch)
    await client.run({ server: await EnsembleTarget.of(ensemble, target), quick, folder: scratch, record })
    if (cases.length === 0) throw new Error('no case was run')
    await ensemble.serving()
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    const status = error instanceof SuiteUnavailableError ? 'skipped' : 'failed'
    record({ name: 'the cases can run', status, detail, observed: null })
  } finally {
    await ensemble.killAll()
  }
  return {
    kind: kind.name,
    target,
    client: client.name,
    cases,
    durationMs: Math.round(performance.now() - started)
  }
}

/** Names of the cases that fail in these results and not on Apache's ensemble, as far as that was asked. */
export function failsOnlyHere(results: ClientResults, all: readonly ClientResults[]): CaseResult[] {
  const reference = all.find(
    (other) => other.kind === REFERENCE && other.client === results.client && other.target === results.target
  )
  const failsThere = (name: string) =>
    reference?.cases.some((result) => result.name === name && result.status === 'failed') ?? false
  return results.cases.filter((result) => result.status === 'failed' && !failsThere(result.name))
}
