import { beforeEach, describe, expect, test } from '@jest/globals'
import type { ConnectionId } from '../../../src/core/ports.ts'
import { PathHash } from '../../../src/core/watch/path-hash.ts'
import type { TreeEventType } from '../../../src/core/watch/watch-event.ts'
import { isAddWatchMode, isWatcherTypeCode, WatchManager } from '../../../src/core/watch/watch-manager.ts'
import { AddWatchMode, EventType, WatcherType } from '../../../src/protocol/op-code.ts'

const { nodeCreated, nodeDeleted, nodeDataChanged, nodeChildrenChanged } = EventType
const { persistent, persistentRecursive } = AddWatchMode

const alice = 11 as ConnectionId
const bob = 22 as ConnectionId

let watches: WatchManager

beforeEach(() => {
  watches = new WatchManager()
})

/** Who is told of an event, as `connection type path`. */
function told(type: TreeEventType, path: string): string[] {
  const lines: string[] = []
  watches.trigger(type, path, (connection, eventType, eventPath) => {
    lines.push(`${connection} ${eventType} ${eventPath}`)
  })
  return lines
}

/** What the tree triggers for a node that is created, deleted, or given new data. */
const changes = {
  create: (path: string, parent: string) => [...told(nodeCreated, path), ...told(nodeChildrenChanged, parent)],
  delete: (path: string, parent: string) => [...told(nodeDeleted, path), ...told(nodeChildrenChanged, parent)],
  setData: (path: string) => told(nodeDataChanged, path)
}

const setters = {
  data: (path: string) => watches.addData(alice, path),
  child: (path: string) => watches.addChild(alice, path),
  persistent: (path: string) => watches.addPersistent(alice, path, persistent),
  recursive: (path: string) => watches.addPersistent(alice, path, persistentRecursive)
}
type Setter = keyof typeof setters

describe('what one watch is told', () => {
  test.each<{ watch: Setter; on: string; change: keyof typeof changes; events: string[] }>([
    { watch: 'data', on: '/p/n', change: 'create', events: ['11 1 /p/n'] },
    { watch: 'data', on: '/p/n', change: 'delete', events: ['11 2 /p/n'] },
    { watch: 'data', on: '/p/n', change: 'setData', events: ['11 3 /p/n'] },
    { watch: 'data', on: '/p', change: 'create', events: [] },
    { watch: 'data', on: '/p', change: 'delete', events: [] },
    { watch: 'data', on: '/p', change: 'setData', events: [] },
    { watch: 'child', on: '/p/n', change: 'create', events: [] },
    { watch: 'child', on: '/p/n', change: 'delete', events: ['11 2 /p/n'] },
    { watch: 'child', on: '/p/n', change: 'setData', events: [] },
    { watch: 'child', on: '/p', change: 'create', events: ['11 4 /p'] },
    { watch: 'child', on: '/p', change: 'delete', events: ['11 4 /p'] },
    { watch: 'child', on: '/p', change: 'setData', events: [] },
    { watch: 'persistent', on: '/p/n', change: 'create', events: ['11 1 /p/n'] },
    { watch: 'persistent', on: '/p/n', change: 'delete', events: ['11 2 /p/n'] },
    { watch: 'persistent', on: '/p/n', change: 'setData', events: ['11 3 /p/n'] },
    { watch: 'persistent', on: '/p', change: 'create', events: ['11 4 /p'] },
    { watch: 'persistent', on: '/p', change: 'delete', events: ['11 4 /p'] },
    { watch: 'persistent', on: '/p', change: 'setData', events: [] },
    { watch: 'persistent', on: '/', change: 'create', events: [] },
    { watch: 'recursive', on: '/p/n', change: 'create', events: ['11 1 /p/n'] },
    { watch: 'recursive', on: '/p/n', change: 'delete', events: ['11 2 /p/n'] },
    { watch: 'recursive', on: '/p/n', change: 'setData', events: ['11 3 /p/n'] },
    { watch: 'recursive', on: '/p', change: 'create', events: ['11 1 /p/n'] },
    { watch: 'recursive', on: '/p', change: 'delete', events: ['11 2 /p/n'] },
    { watch: 'recursive', on: '/p', change: 'setData', events: ['11 3 /p/n'] },
    { watch: 'recursive', on: '/', change: 'create', events: ['11 1 /p/n'] },
    { watch: 'recursive', on: '/', change: 'delete', events: ['11 2 /p/n'] },
    { watch: 'recursive', on: '/', change: 'setData', events: ['11 3 /p/n'] },
    { watch: 'recursive', on: '/p/n/below', change: 'delete', events: [] },
    { watch: 'recursive', on: '', change: 'create', events: [] },
    { watch: 'recursive', on: '/p/', change: 'create', events: [] }
  ])('$change /p/n, seen by a $watch watch on "$on": $events', ({ watch, on, change, events }) => {
    setters[watch](on)

    expect(changes[change]('/p/n', '/p')).toEqual(events)
  })

  test('the root is its own ancestor only once', () => {
    setters.recursive('/')

    expect(told(nodeDataChanged, '/')).toEqual(['11 3 /'])
  })
})

describe('when several watches of one connection match', () => {
  test.each<{ set: [Setter, string][]; change: keyof typeof changes; events: string[] }>([
    {
      set: [
        ['data', '/p/n'],
        ['data', '/p/n']
      ],
      change: 'setData',
      events: ['11 3 /p/n']
    },
    {
      set: [
        ['data', '/p/n'],
        ['persistent', '/p/n']
      ],
      change: 'setData',
      events: ['11 3 /p/n']
    },
    {
      set: [
        ['data', '/p/n'],
        ['recursive', '/p/n']
      ],
      change: 'setData',
      events: ['11 3 /p/n']
    },
    {
      set: [
        ['data', '/p/n'],
        ['recursive', '/p']
      ],
      change: 'create',
      events: ['11 1 /p/n']
    },
    {
      set: [
        ['persistent', '/p/n'],
        ['recursive', '/']
      ],
      change: 'create',
      events: ['11 1 /p/n']
    },
    {
      set: [
        ['recursive', '/p'],
        ['recursive', '/']
      ],
      change: 'create',
      events: ['11 1 /p/n']
    },
    {
      set: [
        ['data', '/p/n'],
        ['child', '/p/n']
      ],
      change: 'delete',
      events: ['11 2 /p/n']
    },
    {
      set: [
        ['child', '/p/n'],
        ['recursive', '/p']
      ],
      change: 'delete',
      events: ['11 2 /p/n']
    },
    { set: [['persistent', '/p/n']], change: 'delete', events: ['11 2 /p/n'] },
    {
      set: [
        ['child', '/p'],
        ['persistent', '/p']
      ],
      change: 'create',
      events: ['11 4 /p']
    },
    {
      set: [
        ['child', '/p'],
        ['recursive', '/p']
      ],
      change: 'create',
      events: ['11 1 /p/n', '11 4 /p']
    },
    {
      set: [
        ['persistent', '/p'],
        ['persistent', '/p/n']
      ],
      change: 'delete',
      events: ['11 2 /p/n', '11 4 /p']
    }
  ])('$set: $change gives $events', ({ set, change, events }) => {
    for (const [setter, path] of set) setters[setter](path)

    expect(changes[change]('/p/n', '/p')).toEqual(events)
  })

  test('a child watch is used up by a deletion of which the data watch told already', () => {
    setters.data('/p/n')
    setters.child('/p/n')

    changes.delete('/p/n', '/p')

    expect(changes.delete('/p/n', '/p')).toEqual([])
  })
})

describe('how long watches last', () => {
  test.each<{ watch: Setter; times: number }>([
    { watch: 'data', times: 1 },
    { watch: 'persistent', times: 3 },
    { watch: 'recursive', times: 3 }
  ])('a $watch watch tells of $times of three changes', ({ watch, times }) => {
    setters[watch]('/n')

    const events = [...told(nodeDataChanged, '/n'), ...told(nodeDataChanged, '/n'), ...told(nodeDataChanged, '/n')]

    expect(events).toHaveLength(times)
  })

  test('an event uses up the standard watch beside a persistent one', () => {
    setters.data('/n')
    setters.persistent('/n')

    told(nodeDataChanged, '/n')

    expect(watches.has(alice, '/n', WatcherType.data)).toBe(false)
    expect(watches.has(alice, '/n', WatcherType.persistent)).toBe(true)
  })

  test('an event that reaches a path only by its recursive ancestor uses up nothing there', () => {
    setters.recursive('/p')
    setters.data('/p')

    told(nodeDataChanged, '/p/n')

    expect(watches.has(alice, '/p', WatcherType.data)).toBe(true)
  })

  test('a data watch outlives changes of the children, a child watch changes of the data', () => {
    setters.data('/p')
    setters.child('/p')

    const events = [...told(nodeChildrenChanged, '/p'), ...told(nodeDataChanged, '/p')]

    expect(events).toEqual(['11 4 /p', '11 3 /p'])
  })

  test('a closed connection is told nothing, and others still are', () => {
    for (const connection of [alice, bob]) {
      watches.addData(connection, '/n')
      watches.addPersistent(connection, '/n', persistent)
      watches.addPersistent(connection, '/', persistentRecursive)
    }

    watches.connectionClosed(alice)

    expect(told(nodeDeleted, '/n')).toEqual(['22 2 /n'])
  })

  test('a connection that comes after a closed one has none of its watches', () => {
    setters.persistent('/n')
    watches.connectionClosed(alice)

    watches.addData(bob, '/other')

    expect(told(nodeDataChanged, '/n')).toEqual([])
    expect(told(nodeDataChanged, '/other')).toEqual(['22 3 /other'])
  })

  test('closing a connection without watches is nothing', () => {
    watches.connectionClosed(bob)

    expect(watches.counts.watchesInBothTables).toBe(0)
  })
})

const allTypes = [1, 2, 3, 4, 5] as const

describe('checkWatches and removeWatches', () => {
  test.each<{ watch: Setter; found: number[] }>([
    { watch: 'child', found: [1, 3] },
    { watch: 'data', found: [2, 3] },
    { watch: 'persistent', found: [3, 4] },
    { watch: 'recursive', found: [3, 5] }
  ])('a $watch watch is found as types $found, and as such removed', ({ watch, found }) => {
    setters[watch]('/n')
    const has = allTypes.filter((type) => watches.has(alice, '/n', type))

    const removed = allTypes.filter((type) => {
      setters[watch]('/n')
      return watches.remove(alice, '/n', type) && !watches.has(alice, '/n', WatcherType.any)
    })

    expect(has).toEqual(found)
    expect(removed).toEqual(found)
  })

  test.each([
    { type: WatcherType.children, left: [2, 3, 4, 5] },
    { type: WatcherType.data, left: [1, 3, 4, 5] },
    { type: WatcherType.any, left: [] },
    { type: WatcherType.persistent, left: [1, 2, 3, 5] },
    { type: WatcherType.persistentRecursive, left: [1, 2, 3, 4] }
  ])('removing type $type of all kinds leaves types $left', ({ type, left }) => {
    setters.data('/n')
    setters.child('/n')
    setters.persistent('/n')
    setters.recursive('/n')

    watches.remove(alice, '/n', type)

    expect(allTypes.filter((each) => watches.has(alice, '/n', each))).toEqual(left)
  })

  test('a persistent watch is removed from both tables', () => {
    setters.persistent('/n')

    watches.remove(alice, '/n', WatcherType.persistent)

    expect(told(nodeChildrenChanged, '/n')).toEqual([])
  })

  test("neither sees another connection's watch", () => {
    setters.data('/n')

    expect(watches.has(bob, '/n', WatcherType.any)).toBe(false)
    expect(watches.remove(bob, '/n', WatcherType.any)).toBe(false)
    expect(watches.has(alice, '/n', WatcherType.data)).toBe(true)
  })

  test('a removed recursive watch no longer hears of descendants, another one of the path still does', () => {
    setters.recursive('/p')
    setters.data('/p')
    watches.addPersistent(bob, '/p', persistentRecursive)

    watches.remove(alice, '/p', WatcherType.persistentRecursive)

    expect(told(nodeCreated, '/p/n')).toEqual(['22 1 /p/n'])
    expect(told(nodeDataChanged, '/p').sort()).toEqual(['11 3 /p', '22 3 /p'])
  })
})

describe('numbers out of requests', () => {
  test.each([
    { mode: 0, isMode: true },
    { mode: 1, isMode: true },
    { mode: 2, isMode: false },
    { mode: -1, isMode: false }
  ])('mode $mode: $isMode', ({ mode, isMode }) => {
    expect(isAddWatchMode(mode)).toBe(isMode)
  })

  test.each([
    { type: 0, isType: false },
    { type: 1, isType: true },
    { type: 5, isType: true },
    { type: 6, isType: false },
    { type: -3, isType: false }
  ])('watcher type $type: $isType', ({ type, isType }) => {
    expect(isWatcherTypeCode(type)).toBe(isType)
  })
})

describe('counts and listings', () => {
  test('wchs counts the data table only, zk_watch_count pairs in both', () => {
    setters.child('/only/child')
    setters.data('/a')
    setters.persistent('/a')
    setters.recursive('/b')
    watches.addData(bob, '/a')

    expect(watches.counts).toEqual({ connections: 2, paths: 2, watches: 3, watchesInBothTables: 5 })
  })

  test('wchc lists by connection and wchp by path, of the data table', () => {
    setters.child('/only/child')
    setters.data('/a')
    setters.recursive('/b')
    watches.addData(bob, '/a')

    const byConnection = [...watches.dataByConnection()].flatMap((entry) =>
      entry === null ? [] : [[entry.connection, entry.paths.toSorted()]]
    )
    const byPath = [...watches.dataByPath()].flatMap((entry) =>
      entry === null ? [] : [[entry.path, entry.connections.toSorted()]]
    )

    expect(byConnection.sort()).toEqual([
      [11, ['/a', '/b']],
      [22, ['/a']]
    ])
    expect(byPath.sort()).toEqual([
      ['/a', [11, 22]],
      ['/b', [11]]
    ])
  })
})

describe('a node with a thousand watchers', () => {
  const all = Array.from({ length: 1000 }, (_, index) => (index + 1) as ConnectionId)

  test('tells each once, and then nobody', () => {
    for (const connection of all) watches.addData(connection, '/n')

    const first = told(nodeDataChanged, '/n')

    expect(first).toEqual(all.map((connection) => `${connection} 3 /n`))
    expect(told(nodeDataChanged, '/n')).toEqual([])
    expect(watches.counts.watchesInBothTables).toBe(0)
  })

  test('tells those who are left after every other one removed its watch or went', () => {
    for (const connection of all) watches.addData(connection, '/n')

    for (const connection of all) {
      if (connection % 4 === 0) watches.remove(connection, '/n', WatcherType.data)
      if (connection % 4 === 2) watches.connectionClosed(connection)
    }

    expect(told(nodeDataChanged, '/n')).toEqual(
      all.filter((connection) => connection % 2 === 1).map((connection) => `${connection} 3 /n`)
    )
  })

  test('keeps the persistent ones when the others are used up', () => {
    for (const connection of all) watches.addData(connection, '/n')
    watches.addPersistent(all[499] as ConnectionId, '/n', persistent)

    told(nodeDataChanged, '/n')

    expect(told(nodeDataChanged, '/n')).toEqual(['500 3 /n'])
    expect(watches.has(all[498] as ConnectionId, '/n', WatcherType.any)).toBe(false)
    expect(watches.has(all[499] as ConnectionId, '/n', WatcherType.persistent)).toBe(true)
  })
})

test('ten thousand paths of one connection are found, and forgotten when it closes', () => {
  const paths = Array.from({ length: 10_000 }, (_, index) => `/service/${index}`)
  for (const path of paths) watches.addData(alice, path)
  const found = paths.filter((path) => watches.has(alice, path, WatcherType.data))

  watches.connectionClosed(alice)

  expect(found).toHaveLength(10_000)
  expect(watches.counts).toEqual({ connections: 0, paths: 0, watches: 0, watchesInBothTables: 0 })
})

test('paths whose hashes are equal are told apart', () => {
  const hash = new PathHash(0)
  const [first, second] = ['/n358989', '/n386030'] as const
  watches = new WatchManager(0)
  watches.addData(alice, first)
  watches.addData(bob, second)

  watches.remove(alice, second, WatcherType.data)

  expect(hash.of(first)).toBe(hash.of(second))
  expect(watches.has(alice, first, WatcherType.data)).toBe(true)
  expect(watches.has(bob, first, WatcherType.data)).toBe(false)
  expect([told(nodeDataChanged, second), told(nodeDataChanged, first)]).toEqual([[`22 3 ${second}`], [`11 3 ${first}`]])
})
