import { knownFigure } from './known-differences.ts'
import type { Observation, Side } from './side.ts'
import type { Step } from './steps.ts'
import { fourLetterWord } from './wire/four-letter.ts'

const SLOT = 99
const SESSION = 1_000_000
const PATHS_PER_STEP = 30

/**
 * The steps that read the whole tree as the super user: data, Stat, ACL and children of each node. The children
 * that `observe` is given (the left side's) say where to go on.
 */
export class TreeWalk {
  readonly #todo: string[] = ['/']
  #sent: string[] = []
  #opened = 0
  nodeCount = 0

  next(): Step | null {
    this.#opened++
    if (this.#opened === 1) {
      return {
        kind: 'connect',
        slot: SLOT,
        session: SESSION,
        resume: false,
        password: 'right',
        timeoutMs: 3_600_000,
        zxidsAhead: null,
        readOnly: false,
        protocolVersion: 0
      }
    }
    if (this.#opened === 2) {
      const fields = { authType: 0, scheme: 'digest', auth: 'super:admin' }
      return { kind: 'requests', slot: SLOT, requests: [{ op: 100, xid: -4, fields }], settle: false }
    }
    this.#sent = this.#todo.splice(0, PATHS_PER_STEP)
    if (this.#sent.length === 0) return null
    const requests = this.#sent.flatMap((path) => [
      { op: 12, fields: { path, watch: 0 } },
      { op: 4, fields: { path, watch: 0 } },
      { op: 6, fields: { path } }
    ])
    return { kind: 'requests', slot: SLOT, requests, settle: false }
  }

  observe(observations: readonly Observation[]): void {
    const replies = (observations[0]?.seen ?? []).filter((seen) => seen.kind === 'reply')
    this.#sent.forEach((path, at) => {
      const body = replies[at * 3]?.body
      if (body === null || typeof body !== 'object' || !('children' in body) || !Array.isArray(body.children)) return
      this.nodeCount++
      for (const child of body.children) this.#todo.push(path === '/' ? `/${child}` : `${path}/${child}`)
    })
    this.#sent = []
  }
}

/** Figures of mntr and srvr that follow from the history alone. */
const FIGURES = /^(zk_znode_count|zk_ephemerals_count|zk_watch_count|zk_approximate_data_size)\t(\d+)$/gm

/** What the four-letter words say of the tree and the watches; polled, as a dropped connection's watches go a moment later. */
export async function compareFigures(sides: readonly [Side, Side]): Promise<{ left: string[]; right: string[] }> {
  const deadline = performance.now() + 3000
  for (;;) {
    const [left, right] = await Promise.all([figures(sides[0]), figures(sides[1])])
    const settled = (lines: readonly string[]): string => lines.filter((line) => knownFigure(line) === null).join()
    if (settled(left) === settled(right) || performance.now() > deadline) return { left, right }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function figures(side: Side): Promise<string[]> {
  const mntr = await fourLetterWord(side.port, 'mntr')
  const srvr = await fourLetterWord(side.port, 'srvr')
  const wchs = await fourLetterWord(side.port, 'wchs')
  const counted = [...mntr.matchAll(FIGURES)].map(([line]) => line.replace('\t', ' ')).sort()
  const lines = srvr.split('\n').filter((line) => /^(Zxid|Mode|Node count):/.test(line))
  const watches = watchesByPath(await fourLetterWord(side.port, 'wchp'), side)
  return [...counted, ...lines, ...wchs.split('\n').filter((line) => line !== ''), ...watches]
}

/** Lines `path: sessions` of wchp, with the run's names of the sessions. */
function watchesByPath(wchp: string, side: Side): string[] {
  const lines: string[] = []
  for (const [, path, sessions] of wchp.matchAll(/^(?!\t)(.*)\n((?:\t0x[0-9a-f]+\n)+)/gm)) {
    const names = (sessions ?? '')
      .trim()
      .split(/\s+/)
      .map((id) => side.sessionName(BigInt.asIntN(64, BigInt(id))) ?? id)
    lines.push(`${path}: ${names.sort().join(', ')}`)
  }
  return lines.sort()
}
