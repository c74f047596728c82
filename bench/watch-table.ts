/**
 * Memory and time of the watch tables at a million watches.
 *
 *   node --expose-gc --import tsx bench/watch-table.ts
 *
 * Paths are decoded afresh for each call, as requests bring them, so that strings which are kept count.
 */
import type { ConnectionId } from '../src/core/ports.ts'
import { WatchManager } from '../src/core/watch/watch-manager.ts'
import { AddWatchMode, EventType, WatcherType } from '../src/protocol/op-code.ts'

const collect = globalThis.gc
if (collect === undefined) throw new Error('run with --expose-gc')

const bytes = Buffer.alloc(64)

function path(prefix: string, index: number): string {
  const length = bytes.write(prefix + String(index).padStart(10, '0'), 'latin1')
  return bytes.toString('latin1', 0, length)
}

function usedBytes(): number {
  collect?.()
  collect?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

interface Timing {
  readonly nsPerOp: number
  readonly worstMs: number
}

/** CPU time of the process so far, which other processes of the machine inflate less than the wall clock. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Runs `count` operations; the longest stall is that of a slice of 100, by the wall clock. */
function time(count: number, run: (index: number) => void): Timing {
  const start = cpuMs()
  let worstMs = 0
  let sliceStart = performance.now()
  for (let index = 0; index < count; index++) {
    run(index)
    if (index % 100 === 99) {
      const now = performance.now()
      worstMs = Math.max(worstMs, now - sliceStart)
      sliceStart = now
    }
  }
  return { nsPerOp: ((cpuMs() - start) * 1e6) / count, worstMs }
}

function report(name: string, timing: Timing): void {
  console.log(
    `  ${name.padEnd(46)} ${timing.nsPerOp.toFixed(0).padStart(8)} ns/op, worst 100 ops ${timing.worstMs.toFixed(1)} ms`
  )
}

function once(name: string, run: () => void): void {
  const start = cpuMs()
  run()
  console.log(`  ${name.padEnd(46)} ${(cpuMs() - start).toFixed(2).padStart(8)} ms in all`)
}

let eventCount = 0
const emit = (): void => {
  eventCount++
}

function scenario(name: string, run: (watches: WatchManager, mark: (what: string) => void) => void): void {
  console.log(name)
  const watches = new WatchManager()
  const before = usedBytes()
  run(watches, (what) => {
    const megabytes = (usedBytes() - before) / 1e6
    const { watchesInBothTables } = watches.counts
    const each = watchesInBothTables === 0 ? '' : `, ${((megabytes * 1e6) / watchesInBothTables).toFixed(0)} B each`
    console.log(`  ${what.padEnd(46)} ${megabytes.toFixed(1).padStart(8)} MB${each}`)
  })
}

const id = (value: number): ConnectionId => (value + 1) as ConnectionId
const MILLION = 1_000_000

scenario('1,000 connections x 1,000 paths', (watches, mark) => {
  const at = (index: number): string => path('/service/discovery/instance-', index % 1000)
  report(
    'add',
    time(MILLION, (index) => watches.addData(id((index / 1000) | 0), at(index)))
  )
  mark('1,000,000 watches')
  report(
    'add again',
    time(MILLION, (index) => watches.addData(id((index / 1000) | 0), at(index)))
  )
  report(
    'has',
    time(MILLION, (index) => watches.has(id((index / 1000) | 0), at(index), WatcherType.data))
  )
  once('one event to 1,000 watchers', () => watches.trigger(EventType.nodeDataChanged, at(0), emit))
  once('close a connection with 999 watches', () => watches.connectionClosed(id(0)))
  once('close the others', () => {
    for (let connection = 1; connection < 1000; connection++) watches.connectionClosed(id(connection))
  })
  mark('none left')
})

scenario('1,000,000 paths, one watcher each, of 1,000 connections', (watches, mark) => {
  const at = (index: number): string => path('/service/discovery/instance-', index)
  report(
    'add',
    time(MILLION, (index) => watches.addData(id(index % 1000), at(index)))
  )
  mark('1,000,000 watches')
  report(
    'trigger a path without watch',
    time(MILLION, (index) => watches.trigger(EventType.nodeDataChanged, path('/x/', index), emit))
  )
  report(
    'trigger and set again',
    time(MILLION, (index) => {
      watches.trigger(EventType.nodeDataChanged, at(index), emit)
      watches.addData(id(index % 1000), at(index))
    })
  )
  watches.addPersistent(id(0), '/service', AddWatchMode.persistentRecursive)
  report(
    'trigger and set again, one recursive ancestor',
    time(MILLION, (index) => {
      watches.trigger(EventType.nodeDataChanged, at(index), emit)
      watches.addData(id(index % 1000), at(index))
    })
  )
  report(
    'remove',
    time(MILLION / 2, (index) => watches.remove(id(index % 1000), at(index), WatcherType.data))
  )
  once('close 1,000 connections with 500 watches each', () => {
    for (let connection = 0; connection < 1000; connection++) watches.connectionClosed(id(connection))
  })
  mark('none left')
})

scenario('data and child watches on 500,000 paths', (watches, mark) => {
  const at = (index: number): string => path('/service/discovery/instance-', index)
  report(
    'add both',
    time(MILLION / 2, (index) => {
      watches.addData(id(index % 1000), at(index))
      watches.addChild(id(index % 1000), at(index))
    })
  )
  mark('1,000,000 watches')
})

scenario('100,000 watchers of one node', (watches, mark) => {
  const node = (): string => path('/election/leader-', 1)
  const count = 100_000
  report(
    'add',
    time(count, (index) => watches.addData(id(index), node()))
  )
  mark('100,000 watches')
  report(
    'remove one and add it again',
    time(count, (index) => {
      watches.remove(id((index * 7919) % count), node(), WatcherType.data)
      watches.addData(id((index * 7919) % count), node())
    })
  )
  once('one event, all used up', () => watches.trigger(EventType.nodeDataChanged, node(), emit))
  once('all set again', () => {
    for (let index = 0; index < count; index++) watches.addData(id(index), node())
  })
  once('nodeDeleted, all used up', () => watches.trigger(EventType.nodeDeleted, node(), emit))
  for (let index = 0; index < count; index++) watches.addPersistent(id(index), node(), AddWatchMode.persistent)
  once('one event to 100,000 persistent watches', () => watches.trigger(EventType.nodeDataChanged, node(), emit))
  once('all connections close', () => {
    for (let index = 0; index < count; index++) watches.connectionClosed(id(index))
  })
  mark('none left')
})

console.log(`${eventCount} events`)
