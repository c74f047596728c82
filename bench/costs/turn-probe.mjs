// Loaded into zoonode by `node --import`: notes the longest turn of the main thread's event loop and its longest
// collection pause, a line of JSON each quarter of a second, in the file that BENCH_TURNS_FILE names.
//
// A timer of 1 ms is late by the turn that it has to wait for, and by the time for which the thread could run and was not
// let (run_delay of schedstat), which is taken off: that is the machine's doing. What is left may still hold waits for
// other threads, the collector's above all; the thread's own CPU time between two ticks does not.
import { openSync, readSync, writeSync } from 'node:fs'
import { PerformanceObserver, performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const PERIOD_MS = 1
const LINE_EVERY_MS = 250

function start(file) {
  const output = openSync(file, 'a')
  const schedstat = openSync('/proc/self/schedstat', 'r')
  const buffer = Buffer.alloc(128)
  let turnMs = 0
  let lateMs = 0
  let pauseMs = 0
  let last = performance.now()
  let lastLine = last
  let cpuMs = 0
  let [ranMs, waitedMs] = readTimes()

  // For how long the main thread has run, and waited for a core, so far.
  function readTimes() {
    const text = buffer.toString('latin1', 0, readSync(schedstat, buffer, 0, buffer.length, 0))
    return text
      .split(' ')
      .slice(0, 2)
      .map((ns) => Number(ns) / 1e6)
  }

  function tick() {
    const now = performance.now()
    const [ran, waited] = readTimes()
    const late = now - last - PERIOD_MS
    lateMs = Math.max(lateMs, late)
    turnMs = Math.max(turnMs, late - (waited - waitedMs))
    cpuMs = Math.max(cpuMs, ran - ranMs)
    last = now
    ranMs = ran
    waitedMs = waited
    if (now - lastLine < LINE_EVERY_MS) return
    writeSync(output, `${JSON.stringify({ atMs: Date.now(), turnMs, cpuMs, lateMs, pauseMs })}\n`)
    // The probe's own write is not the server's: where snapshots fill the disk's queue, the kernel lets it wait for tens of
    // milliseconds.
    last = lastLine = performance.now()
    ;[ranMs, waitedMs] = readTimes()
    turnMs = cpuMs = lateMs = pauseMs = 0
  }

  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pauseMs = Math.max(pauseMs, duration)
  }).observe({ entryTypes: ['gc'] })
  setInterval(tick, PERIOD_MS).unref()
}

if (isMainThread && process.env.BENCH_TURNS_FILE !== undefined) start(process.env.BENCH_TURNS_FILE)
