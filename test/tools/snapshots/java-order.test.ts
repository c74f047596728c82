import { expect, test } from '@jest/globals'
import { inOrderOfHashSet, inOrderOfSessionMap } from '../../../src/tools/snapshots/java-order.ts'

// Expected orders are those of Java 17's own classes.
test('texts come in the order of a HashSet', () => {
  expect(inOrderOfHashSet(['zookeeper', 'data', 'many', 'kinds', 'acl', 'limited', 'multi', 'live'])).toEqual([
    'zookeeper',
    'data',
    'limited',
    'kinds',
    'acl',
    'many',
    'live',
    'multi'
  ])
})

test('colliding texts keep the order in which they came', () => {
  expect(inOrderOfHashSet(['BB', 'Aa'])).toEqual(['BB', 'Aa'])
  expect(inOrderOfHashSet(['Aa', 'BB'])).toEqual(['Aa', 'BB'])
})

test('texts that collide do not move others', () => {
  const names = Array.from({ length: 16 }, (_, index) =>
    [...index.toString(2).padStart(4, '0')].map((bit) => (bit === '0' ? 'Aa' : 'BB')).join('')
  )
  expect(inOrderOfHashSet([...names.slice(0, 9), 'x', 'y'])).toEqual([...names.slice(0, 9), 'x', 'y'])
})

test('sessions come in the order of a ConcurrentHashMap', () => {
  const ids = [0x1000271a0530000n, 0x1000271a0530001n, 0x20002703c670000n, 0x3n, 0x10n]
  const sessions = ids.map((id) => ({
    idHi: Number(BigInt.asIntN(32, id >> 32n)),
    idLo: Number(BigInt.asIntN(32, id)),
    id
  }))
  expect(inOrderOfSessionMap(sessions).map(({ id }) => `0x${id.toString(16)}`)).toEqual([
    '0x10',
    '0x1000271a0530000',
    '0x1000271a0530001',
    '0x3',
    '0x20002703c670000'
  ])
})
