import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  childPath,
  isSpecialPath,
  isValidPath,
  nameOf,
  parentOf,
  pathProblem,
  sequentialPath,
  topNamespace
} from '../../src/protocol/path.ts'

describe('the problem of a path, in the words of PathUtils.validatePath 3.9.5', () => {
  test.each([
    ['', 'Path length must be > 0'],
    ['p', 'Path must start with / character'],
    ['/', null],
    ['/p/', 'Path must not end with / character'],
    ['/p//a', 'Invalid path string "/p//a" caused by empty node name specified @3'],
    ['//', 'Path must not end with / character'],
    ['/.', 'Invalid path string "/." caused by relative paths not allowed @1'],
    ['/..', 'Invalid path string "/.." caused by relative paths not allowed @2'],
    ['/p/.', 'Invalid path string "/p/." caused by relative paths not allowed @3'],
    ['/p/..', 'Invalid path string "/p/.." caused by relative paths not allowed @4'],
    ['/p/../x', 'Invalid path string "/p/../x" caused by relative paths not allowed @4'],
    ['/p/./x', 'Invalid path string "/p/./x" caused by relative paths not allowed @3'],
    ['/...', null],
    ['/.a', null],
    ['/a..', null],
    ['/a.', null],
    ['/p/a\u0000b', 'Invalid path string "/p/a\u0000b" caused by null character not allowed @4'],
    ['/p/\u0001', 'Invalid path string "/p/\u0001" caused by invalid character @3'],
    ['/p/a\u007f', 'Invalid path string "/p/a\u007f" caused by invalid character @4'],
    ['/\ud83d\ude00', 'Invalid path string "/\ud83d\ude00" caused by invalid character @1'],
    ['/a/b/', 'Path must not end with / character'],
    ['/..a/b', null],
    ['/a/.../b', null],
    ['/a/. /b', null],
    ['/./', 'Path must not end with / character'],
    ['/../', 'Path must not end with / character'],
    [null, 'Path cannot be null']
  ])('%j: %j', (path, problem) => {
    expect(pathProblem(path)).toBe(problem)
  })
})

// fixtures/client/paths.jsonl of the reference: what a 3.9.5 server let be set
test.each([
  ['/p/a b', true],
  ['/p/a\u001f', false],
  ['/p/a\u007f', false],
  ['/p/a\u009f', false],
  ['/p/a\u00a0', true],
  ['/p/\u00e9', true],
  ['/p/\ud7ff', true],
  ['/p/\ue000', false],
  ['/p/\uf8ff', false],
  ['/p/\uf900', true],
  ['/p/\uffef', true],
  ['/p/\ufff0', false],
  ['/p/\uffff', false]
])('%j is valid: %s', (path, expected) => {
  expect(isValidPath(path)).toBe(expected)
})

test('a path is valid exactly if every part is a name', () => {
  const isForbidden = (unit: string): boolean =>
    [
      [0x00, 0x1f],
      [0x7f, 0x9f],
      [0xd800, 0xf8ff],
      [0xfff0, 0xffff]
    ].some(([from = 0, to = 0]) => unit.charCodeAt(0) >= from && unit.charCodeAt(0) <= to)
  const isName = (part: string): boolean => !['', '.', '..'].includes(part) && !part.split('').some(isForbidden)
  const unit = fc.constantFrom(
    '/',
    '.',
    'a',
    'é',
    ' ',
    '\u0000',
    '\u007f',
    '\u009f',
    '\u00a0',
    '\ud83d',
    '\ufff0',
    '\uffef'
  )

  fc.assert(
    fc.property(fc.string({ unit, maxLength: 8 }), (text) => {
      const path = `/${text}`
      expect(isValidPath(path)).toBe(path === '/' || path.slice(1).split('/').every(isName))
    }),
    { numRuns: 2000 }
  )
})

test.each([
  { path: '/a/b', parent: '/a', name: 'b' },
  { path: '/a', parent: '', name: 'a' },
  { path: '/', parent: '', name: '' },
  { path: '', parent: null, name: '' },
  { path: 'a', parent: null, name: 'a' },
  { path: '/a/', parent: '/a', name: '' }
])('$path has the parent $parent and the name $name', ({ path, parent, name }) => {
  expect({ parent: parentOf(path), name: nameOf(path) }).toEqual({ parent, name })
})

test.each([
  { parent: '/', name: 'a', path: '/a' },
  { parent: '', name: 'a', path: '/a' },
  { parent: '/a', name: 'b', path: '/a/b' }
])('the child $name of $parent is $path', ({ parent, name, path }) => {
  expect(childPath(parent, name)).toBe(path)
})

test.each([
  { counter: 0, path: '/a-0000000000' },
  { counter: 2147483647, path: '/a-2147483647' },
  { counter: -1, path: '/a--000000001' },
  { counter: -2147483648, path: '/a--2147483648' }
])('the sequence number $counter makes $path', ({ counter, path }) => {
  expect(sequentialPath('/a-', counter)).toBe(path)
})

test.each([
  { path: '/', namespace: null },
  { path: '', namespace: null },
  { path: '/a', namespace: 'a' },
  { path: '/a/b/c', namespace: 'a' }
])('$path belongs to the namespace $namespace', ({ path, namespace }) => {
  expect(topNamespace(path)).toBe(namespace)
})

test.each([
  ['/', true],
  ['/zookeeper', true],
  ['/zookeeper/quota', true],
  ['/zookeeper/config', true],
  ['/zookeeper/config/', false],
  ['/zookeeper/quota/a', false],
  ['', false]
])('%s can never be deleted: %s', (path, expected) => {
  expect(isSpecialPath(path)).toBe(expected)
})
