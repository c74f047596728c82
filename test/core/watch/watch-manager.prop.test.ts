import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ConnectionId } from '../../../src/core/ports.ts'
import type { TreeEventType } from '../../../src/core/watch/watch-event.ts'
import { type AddWatchModeCode, type WatcherTypeCode, WatchManager } from '../../../src/core/watch/watch-manager.ts'
import { WatchModel } from './watch-model.ts'

type Operation =
  | { kind: 'addData' | 'addChild'; connection: number; path: string }
  | { kind: 'addPersistent'; connection: number; path: string; mode: AddWatchModeCode }
  | { kind: 'remove'; connection: number; path: string; type: WatcherTypeCode }
  | { kind: 'trigger'; event: TreeEventType; path: string }
  | { kind: 'close'; connection: number }

const path = fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/ab', '/z', '/z/y')
const mode = fc.constantFrom<AddWatchModeCode>(0, 1)
const type = fc.constantFrom<WatcherTypeCode>(1, 2, 3, 4, 5)
const event = fc.constantFrom<TreeEventType>(1, 2, 3, 4)

function operations(connectionCount: number, lengthMax: number): fc.Arbitrary<Operation[]> {
  const connection = fc.integer({ min: 1, max: connectionCount })
  return fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('addData', 'addChild'), connection, path }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('addPersistent'), connection, path, mode }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove'), connection, path, type }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('trigger'), event, path }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('close'), connection }) }
    ) as fc.Arbitrary<Operation>,
    { minLength: 1, maxLength: lengthMax }
  )
}

/** Carries out one operation; gives what it answered, with the connections that were told in sorted order. */
function answerOfManager(manager: WatchManager, operation: Operation): unknown {
  switch (operation.kind) {
    case 'addData':
    case 'addChild':
      return manager[operation.kind](operation.connection as ConnectionId, operation.path)
    case 'addPersistent':
      return manager.addPersistent(operation.connection as ConnectionId, operation.path, operation.mode)
    case 'remove':
      return manager.remove(operation.connection as ConnectionId, operation.path, operation.type)
    case 'close':
      return manager.connectionClosed(operation.connection as ConnectionId)
    case 'trigger': {
      const told: number[] = []
      manager.trigger(operation.event, operation.path, (connection, type, path) => {
        expect([type, path]).toEqual([operation.event, operation.path])
        told.push(connection)
      })
      return told.sort((a, b) => a - b)
    }
  }
}

function answerOfModel(model: WatchModel, operation: Operation): unknown {
  switch (operation.kind) {
    case 'addData':
    case 'addChild':
      return model[operation.kind](operation.connection, operation.path)
    case 'addPersistent':
      return model.addPersistent(operation.connection, operation.path, operation.mode)
    case 'remove':
      return model.remove(operation.connection, operation.path, operation.type)
    case 'close':
      return model.connectionClosed(operation.connection)
    case 'trigger':
      return model.trigger(operation.event, operation.path).sort((a, b) => a - b)
  }
}

function pairsByConnection(manager: WatchManager): string[] {
  return [...manager.dataByConnection()]
    .flatMap((entry) => entry?.paths.map((each) => `${entry.connection} ${each}`) ?? [])
    .sort()
}

function pairsByPath(manager: WatchManager): string[] {
  return [...manager.dataByPath()]
    .flatMap((entry) => entry?.connections.map((connection) => `${connection} ${entry.path}`) ?? [])
    .sort()
}

const allTypes: WatcherTypeCode[] = [1, 2, 3, 4, 5]

function expectSame(connectionCount: number, list: Operation[]): void {
  const manager = new WatchManager()
  const model = new WatchModel()
  for (const operation of list) {
    const answer = answerOfManager(manager, operation)
    expect(answer).toEqual(answerOfModel(model, operation))
    expect(manager.counts).toEqual(model.counts())
  }
  expect(pairsByConnection(manager)).toEqual(model.dataPairs())
  expect(pairsByPath(manager)).toEqual(model.dataPairs())
  for (let connection = 1; connection <= connectionCount; connection++) {
    for (const path of ['/', '/a', '/a/b', '/ab']) {
      const has = allTypes.map((type) => manager.has(connection as ConnectionId, path, type))
      expect(has).toEqual(allTypes.map((type) => model.has(connection, path, type)))
    }
  }
}

describe('any operations have the same answers as a plain list of watches', () => {
  test('with few connections, whose flags combine', () => {
    fc.assert(
      fc.property(operations(4, 60), (list) => {
        expectSame(4, list)
      }),
      { numRuns: 300 }
    )
  })

  test('with many connections, so that paths get an index and lose it again', () => {
    fc.assert(
      fc.property(operations(60, 400), (list) => {
        expectSame(60, list)
      }),
      { numRuns: 40 }
    )
  })
})
