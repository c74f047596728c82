import { describe, expect, test } from '@jest/globals'
import { OwnRegister, SessionPromises } from '../../../interop/faults/ensemble/session-promises.ts'

describe('what a session may take for granted', () => {
  test('data may stay as they are and go forward, not back', () => {
    const promises = new SessionPromises()
    expect(promises.saw('/a', 3)).toBeNull()
    expect(promises.saw('/a', 3)).toBeNull()
    expect(promises.saw('/b', 1)).toBeNull()
    expect(promises.saw('/a', 5)).toBeNull()
    expect(promises.saw('/a', 4)).toBe('/a went back from version 5 to 4')
  })

  test('zxids do not go back', () => {
    const promises = new SessionPromises()
    expect(promises.sawZxid(7n)).toBeNull()
    expect(promises.sawZxid(7n)).toBeNull()
    expect(promises.sawZxid(6n)).toBe('the zxid went back from 7 to 6')
  })

  test('the event of a watch comes before the data that it tells of', () => {
    const promises = new SessionPromises()
    const watch = promises.watch('/a')
    if (watch === null) throw new Error('there is no watch')
    watch.setAtVersion = 2
    expect(promises.watch('/a')).toBeNull()
    expect(promises.saw('/a', 2)).toBeNull()
    expect(promises.saw('/a', 3)).toContain('before the event')
  })

  test('after the event anything may be seen, and another watch be set', () => {
    const promises = new SessionPromises()
    const watch = promises.watch('/a')
    if (watch === null) throw new Error('there is no watch')
    watch.setAtVersion = 2
    watch.fire()
    expect(promises.saw('/a', 3)).toBeNull()
    expect(promises.watch('/a')).not.toBeNull()
  })

  test('nothing is asked of a watch whose read was not answered', () => {
    const promises = new SessionPromises()
    promises.watch('/a')
    promises.forgetWatch('/a')
    expect(promises.saw('/a', 9)).toBeNull()
  })
})

describe('a znode that one session alone writes', () => {
  test('each read sees the write before it', () => {
    const own = new OwnRegister()
    const [one, two] = [own.next(), own.next()]
    const answers = (read: number) => [
      { value: one, isAcknowledged: true, read: one },
      { value: two, isAcknowledged: true, read }
    ]
    expect(own.judge(answers(two), true)).toBeNull()
    expect(own.judge(answers(one), true)).toBe('2 was written, and 1 read right behind it')
  })

  test('what was acknowledged is not lost, and what was never sent not found', () => {
    const own = new OwnRegister()
    own.next()
    own.next()
    expect(own.judge([{ value: 1, isAcknowledged: true, read: null }], false)).toBeNull()
    expect(own.judgeRead(1)).toBeNull()
    expect(own.judgeRead(2)).toBeNull()
    expect(own.judgeRead(1)).toBe('2 was acknowledged, and 1 read later')
    expect(own.judgeRead(3)).toBe('3 was read, and never written')
  })
})
