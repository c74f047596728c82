/** One line of `turn-probe.mjs`: the longest of a quarter of a second, in milliseconds. */
interface ProbeLine {
  readonly atMs: number
  /** Of a turn, without the time in which the thread had no core. */
  readonly turnMs: number
  /** CPU time that the thread took between two ticks of the probe. */
  readonly cpuMs: number
  readonly pauseMs: number
}

/** The longest of a stretch of time, in milliseconds. */
export type Longest = Omit<ProbeLine, 'atMs'>

/** A stretch of wall-clock time. */
export interface Window {
  readonly fromMs: number
  readonly untilMs: number
}

/** A line tells of the quarter of a second before it. */
const LINE_EVERY_MS = 250

/**
 * The longest turn, the most CPU time of one, and the longest collection pause that the probe noted in a stretch of time.
 *
 * @throws Error if it noted nothing then
 */
export function longestOf(probeText: string, { fromMs, untilMs }: Window): Longest {
  const lines = probeText
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as ProbeLine)
    .filter(({ atMs }) => atMs >= fromMs && atMs < untilMs + LINE_EVERY_MS)
  if (lines.length === 0) throw new Error('the probe of turns noted nothing')
  return {
    turnMs: Math.max(...lines.map(({ turnMs }) => turnMs)),
    cpuMs: Math.max(...lines.map(({ cpuMs }) => cpuMs)),
    pauseMs: Math.max(...lines.map(({ pauseMs }) => pauseMs))
  }
}

/** The longest pause in a log of the JVM's collector (`-Xlog:gc`), in milliseconds; 0 if there was none. */
export function longestJavaPauseMs(gcLog: string): number {
  const pauses = [...gcLog.matchAll(/\] GC\(\d+\) Pause .* (\d+\.\d+)ms$/gm)].map(([, ms]) => Number(ms))
  return Math.max(0, ...pauses)
}
