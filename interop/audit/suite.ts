import { Side } from '../differential/side.ts'
import { mavenClassPath } from '../harness/java.ts'
import { BRISK } from '../harness/settings.ts'
import type { Suite, SuiteRun } from '../harness/suite.ts'
import { waitFor } from '../harness/wait-for.ts'
import { readAuditLines, SessionNames } from './audit-lines.ts'
import { AUDIT_CASES, type AuditCase, connect, fence } from './cases.ts'

const LINE_TIMEOUT_MS = 60_000

/** The audit log after the same requests; the report compares the lines of each case. */
export const auditSuite: Suite = {
  name: 'audit',
  isQuick: true,
  settings: { config: { ...BRISK.config, 'audit.enable': 'true' } },
  async prepare() {
    await mavenClassPath('java')
  },
  async run(run) {
    const names = new SessionNames()
    await waitForLine(run, 'the line of the start', ({ length }) => length > 0)
    record(run, 'serverStart', readAuditLines(run.server), names)
    const side = new Side(run.server.kind, run.server.port)
    await side.run(connect(0, 0))
    for (const [number, one] of AUDIT_CASES.entries()) await runCase(run, side, one, number, names)
    side.dropAll()
    await stop(run, names)
  }
}

async function runCase(run: SuiteRun, side: Side, one: AuditCase, number: number, names: SessionNames): Promise<void> {
  const before = readAuditLines(run.server).length
  for (const step of [...one.steps, fence(number)]) await side.run(step)
  const isFence = (line: string): boolean => line.includes(`znode=/fence-${number}\t`)
  await waitForLine(run, `the last line of "${one.name}"`, (lines) => lines.some(isFence))
  const lines = readAuditLines(run.server).slice(before)
  record(run, one.name, lines.slice(0, lines.findIndex(isFence)), names)
  const problem = side.violations.splice(0).join('\n')
  if (problem !== '') run.record({ name: `${one.name}: answers`, status: 'failed', detail: problem, observed: null })
}

/** An orderly stop, which says so before it happens. */
async function stop(run: SuiteRun, names: SessionNames): Promise<void> {
  const before = readAuditLines(run.server).length
  await run.server.stop()
  record(run, 'serverStop', readAuditLines(run.server).slice(before), names)
}

async function waitForLine(run: SuiteRun, what: string, isThere: (lines: string[]) => boolean): Promise<void> {
  await waitFor(what, LINE_TIMEOUT_MS, async () => (isThere(readAuditLines(run.server)) ? true : null))
}

function record(run: SuiteRun, name: string, lines: readonly string[], names: SessionNames): void {
  const observed = lines.map((line) => names.normalise(line)).join('\n')
  run.record({ name, status: 'passed', detail: '', observed })
}
