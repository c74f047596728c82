import { describe, expect, test } from '@jest/globals'
import type { ZkError } from '../../src/client/errors.ts'
import type { Outstanding } from '../../src/client/request.ts'
import { RequestQueue } from '../../src/client/request-queue.ts'
import { errorOfWire } from '../../src/client/wire-error.ts'

/** A request that only notes how it failed. */
function request(xid: number, deadlineMs = Number.POSITIVE_INFINITY): Outstanding & { readonly errors: ZkError[] } {
  const errors: ZkError[] = []
  return {
    xid,
    path: `/${xid}`,
    sizeBytes: 10,
    deadlineMs,
    errors,
    get isSettled() {
      return errors.length > 0
    },
    answer: () => undefined,
    fail: (error) => {
      errors.push(error)
    }
  }
}

const lost = (path: string | null) => errorOfWire(-4, path)

describe('requests without an answer', () => {
  test('are answered in the order in which they were sent', () => {
    const queue = new RequestQueue()
    for (const xid of [1, 2, 3]) queue.addSent(request(xid))

    expect([queue.takeAnswered()?.xid, queue.takeAnswered()?.xid, queue.takeAnswered()?.xid]).toEqual([1, 2, 3])
    expect(queue.takeAnswered()).toBeUndefined()
    expect([queue.count, queue.sizeBytes]).toEqual([0, 0])
  })

  test('fail alone when they were sent, or alone when they wait', () => {
    const queue = new RequestQueue()
    const sent = request(1)
    const waiting = request(2)
    queue.addSent(sent)
    queue.addWaiting(waiting, Buffer.alloc(10))

    queue.failSent(lost)

    expect(sent.errors).toMatchObject([{ code: 'CONNECTION_LOSS', path: '/1' }])
    expect(waiting.errors).toEqual([])
    queue.failWaiting(lost)
    expect(waiting.errors).toHaveLength(1)
    expect([queue.count, queue.sizeBytes]).toEqual([0, 0])
  })

  test('that wait become sent ones, in their order', () => {
    const queue = new RequestQueue()
    queue.addWaiting(request(1), Buffer.from('one'))
    queue.addWaiting(request(2), Buffer.from('two'))

    expect([...queue.send()].map(String)).toEqual(['one', 'two'])
    expect(queue.isAnyWaiting).toBe(false)
    expect(queue.takeAnswered()?.xid).toBe(1)
  })

  test('that wait and time out are never sent', () => {
    const queue = new RequestQueue()
    const late = request(1, 100)
    queue.addWaiting(late, Buffer.from('late'))
    queue.addWaiting(request(2, 300), Buffer.from('soon enough'))

    expect(queue.failOverdue(200, lost)).toBe(300)

    expect(late.errors).toHaveLength(1)
    expect([...queue.send()].map(String)).toEqual(['soon enough'])
    expect([queue.count, queue.sizeBytes]).toEqual([1, 10])
  })

  test('that were sent and time out keep their place, so that later answers find their requests', () => {
    const queue = new RequestQueue()
    const late = request(1, 100)
    queue.addSent(late)
    queue.addSent(request(2, 300))

    queue.failOverdue(200, lost)

    expect(late.errors).toHaveLength(1)
    expect([queue.takeAnswered()?.xid, queue.takeAnswered()?.xid]).toEqual([1, 2])
  })

  test('have no deadline left when all are settled', () => {
    const queue = new RequestQueue()
    queue.addSent(request(1, 100))

    expect(queue.failOverdue(100, lost)).toBe(Number.POSITIVE_INFINITY)
  })
})
