import { describe, expect, test } from '@jest/globals'
import { LimitReachedError } from '../../src/client/errors.ts'
import { notify, WatchRegistry, type WatchTable } from '../../src/client/watch-registry.ts'
import type { EventType, WatchedEvent, Watcher } from '../../src/client/watched-event.ts'

const ignore = (): Watcher => () => undefined

describe('watches of a client', () => {
  test.each<{ table: WatchTable; fires: EventType[] }>([
    { table: 'data', fires: ['nodeCreated', 'nodeDeleted', 'nodeDataChanged'] },
    { table: 'exist', fires: ['nodeCreated', 'nodeDeleted', 'nodeDataChanged'] },
    { table: 'child', fires: ['nodeDeleted', 'nodeChildrenChanged'] }
  ])('of the $table table fire once on $fires', ({ table, fires }) => {
    for (const type of ['nodeCreated', 'nodeDeleted', 'nodeDataChanged', 'nodeChildrenChanged'] as const) {
      const registry = new WatchRegistry(10)
      const watcher = ignore()
      registry.add(table, '/a', watcher)

      expect([...registry.take(type, '/a')]).toEqual(fires.includes(type) ? [watcher] : [])
      expect(registry.count).toBe(fires.includes(type) ? 0 : 1)
    }
  })

  test('that are persistent stay, and see the node and its children list', () => {
    const registry = new WatchRegistry(10)
    const watcher = ignore()
    registry.add('persistent', '/a', watcher)

    for (const type of ['nodeCreated', 'nodeDeleted', 'nodeDataChanged', 'nodeChildrenChanged'] as const) {
      expect([...registry.take(type, '/a')]).toEqual([watcher])
      expect([...registry.take(type, '/a/b')]).toEqual([])
    }
    expect(registry.count).toBe(1)
  })

  test.each(['/a', '/a/b', '/a/b/c'])('that are recursive see what happens at %s, but no children list', (path) => {
    const registry = new WatchRegistry(10)
    const watcher = ignore()
    registry.add('persistentRecursive', '/a', watcher)

    expect([...registry.take('nodeDataChanged', path)]).toEqual([watcher])
    expect([...registry.take('nodeChildrenChanged', path)]).toEqual([])
  })

  test('that are recursive do not see siblings whose names begin alike', () => {
    const registry = new WatchRegistry(10)
    registry.add('persistentRecursive', '/a', ignore())

    expect(registry.take('nodeCreated', '/ab').size).toBe(0)
    expect(registry.take('nodeCreated', '/').size).toBe(0)
  })

  test('on the root see everything', () => {
    const registry = new WatchRegistry(10)
    const watcher = ignore()
    registry.add('persistentRecursive', '/', watcher)

    expect([...registry.take('nodeCreated', '/x/y')]).toEqual([watcher])
    expect([...registry.take('nodeCreated', '/')]).toEqual([watcher])
  })

  test('are called once for one event, however many of them a callback has', () => {
    const registry = new WatchRegistry(10)
    const watcher = ignore()
    for (const table of ['data', 'exist', 'child', 'persistent', 'persistentRecursive'] as const) {
      registry.add(table, '/a', watcher)
    }

    expect([...registry.take('nodeDeleted', '/a')]).toEqual([watcher])
    expect(registry.count).toBe(2)
  })

  test('set twice by the same callback are one', () => {
    const registry = new WatchRegistry(10)
    const watcher = ignore()
    registry.add('data', '/a', watcher)
    registry.add('data', '/a', watcher)

    expect(registry.count).toBe(1)
  })

  test('are refused beyond the limit, and not below it', () => {
    const registry = new WatchRegistry(2)
    registry.add('data', '/a', ignore())
    registry.checkRoom()
    registry.add('data', '/a', ignore())

    expect(() => registry.checkRoom()).toThrow(LimitReachedError)
    registry.take('nodeDeleted', '/a')
    expect(() => registry.checkRoom()).not.toThrow()
  })

  test('are removed by type, and the callbacks are to be told of each kind once', () => {
    const registry = new WatchRegistry(10)
    const one = ignore()
    const two = ignore()
    registry.add('data', '/a', one)
    registry.add('exist', '/a', one)
    registry.add('child', '/a', two)
    registry.add('persistent', '/a', two)

    expect(registry.remove('data', '/a')).toEqual(new Map([['dataWatchRemoved', new Set([one])]]))
    expect(registry.remove('any', '/a')).toEqual(
      new Map([
        ['childWatchRemoved', new Set([two])],
        ['persistentWatchRemoved', new Set([two])]
      ])
    )
    expect(registry.count).toBe(0)
  })

  test('of one callback are removed without those of another', () => {
    const registry = new WatchRegistry(10)
    const one = ignore()
    const two = ignore()
    registry.add('persistent', '/a', one)
    registry.add('persistent', '/a', two)
    expect(registry.isOnly('persistent', '/a', one)).toBe(false)

    registry.remove('persistent', '/a', one)

    expect(registry.has('persistent', '/a', one)).toBe(false)
    expect(registry.isOnly('persistent', '/a', two)).toBe(true)
  })
})

test('what a watcher throws becomes an uncaught exception, and does not reach who notifies it', async () => {
  const event: WatchedEvent = { type: 'nodeCreated', path: '/a', zxid: 1n, connected: true }
  const thrown: (() => void)[] = []
  const queue = globalThis.queueMicrotask
  globalThis.queueMicrotask = (task) => thrown.push(task)
  try {
    notify(() => {
      throw new Error('a bug of the program')
    }, event)
  } finally {
    globalThis.queueMicrotask = queue
  }

  expect(thrown).toHaveLength(1)
  expect(thrown[0]).toThrow('a bug of the program')
})
