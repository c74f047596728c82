import { describe, expect, test } from '@jest/globals'
import { JuteCompileError } from '../../src/compiler/index.ts'
import { compileText } from '../support/compile-text.ts'

function errorOf(sources: Readonly<Record<string, string>>, long: 'bigint' | 'pair' = 'bigint'): JuteCompileError {
  try {
    compileText(sources, { long })
  } catch (error) {
    if (error instanceof JuteCompileError) return error
    throw error
  }
  throw new Error('it compiled')
}

describe('text that is not Jute', () => {
  test.each([
    { text: 'module a { class B { int x } }', problem: "expected ';', found '}'", column: 28 },
    { text: 'module a { class B { int x;', problem: 'expected a type, found the end of the file', column: 28 },
    { text: 'module a { class B { int; } }', problem: "expected the name of the field, found ';'", column: 25 },
    { text: 'module a { class B { vector int x; } }', problem: "expected '<', found 'int'", column: 29 },
    { text: 'module a { class B { vector<int x; } }', problem: "expected '>', found 'x'", column: 33 },
    { text: 'module a { class B { map<int> x; } }', problem: "expected ',', found '>'", column: 29 },
    { text: 'module a { class B { } }', problem: 'class B has no fields', column: 18 },
    { text: 'module a { record B { int x; } }', problem: "expected 'class', found 'record'", column: 12 },
    { text: 'module a. { }', problem: "expected a name after the dot, found '{'", column: 11 },
    { text: 'module "a" { }', problem: 'expected the name of the module, found a string', column: 8 },
    { text: 'class B { int x; }', problem: "expected 'module', found 'class'", column: 1 },
    { text: 'include other; module a { }', problem: "expected a file name in double quotes, found 'other'", column: 9 },
    { text: 'module a { class int { int x; } }', problem: "'int' is a word of the language", column: 18 },
    { text: 'module a { class B { int map; } }', problem: "'map' is a word of the language", column: 26 },
    { text: 'module a { class B { int x_; } class C { int _x; } }', problem: 'unexpected character "_"', column: 46 },
    { text: 'module a { class B { int 1x; } }', problem: 'unexpected character "1"', column: 26 },
    { text: 'module a { class B { int ü; } }', problem: 'unexpected character "ü"', column: 26 },
    { text: 'module a { /* open', problem: 'this comment is not closed', column: 12 },
    { text: 'include "open', problem: 'this string is not closed', column: 9 }
  ])('$text: $problem', ({ text, problem, column }) => {
    const error = errorOf({ 'a.jute': text })

    expect(error.problem).toContain(problem)
    expect({ file: error.file, line: error.line, column: error.column }).toEqual({ file: 'a.jute', line: 1, column })
  })
})

describe('names', () => {
  test.each([
    {
      text: 'module a { class B { int x; } class B { int y; } }',
      problem: 'class B is already declared at a.jute:1:18',
      column: 37
    },
    { text: 'module a { class B { int x; long x; } }', problem: "class B has two fields 'x'", column: 34 },
    { text: 'module a { class B { C x; } }', problem: "unknown type 'C'", column: 22 },
    { text: 'module a { class B { a.C x; } }', problem: "unknown type 'a.C'", column: 22 },
    { text: 'module a { class B { vector<vector<string>> x; } }', problem: "unknown type 'string'", column: 36 },
    {
      text: 'module a.b { class B { D x; } } module a.c { class D { int x; } }',
      problem: "unknown type 'D'; did you mean a.c.D?",
      column: 24
    },
    { text: 'module a { class B { b x; } }', problem: "unknown type 'b'", column: 22 },
    {
      text: 'module a { class B { map<vector<int>, int> x; } }',
      problem: 'a map is keyed by a number, a boolean or a ustring',
      column: 26
    },
    {
      text: 'module a { class B { map<buffer, int> x; } }',
      problem: 'a map is keyed by a number, a boolean or a ustring',
      column: 26
    }
  ])('$text: $problem', ({ text, problem, column }) => {
    const error = errorOf({ 'a.jute': text })

    expect(error).toMatchObject({ problem, column })
  })
})

describe('records that would have no end', () => {
  test.each([
    { text: 'module a { class B { B x; } }', problem: 'class B contains itself: B.x', column: 24 },
    {
      text: 'module a { class B { int i; C c; } class C { D d; } class D { int i; B b; } }',
      problem: 'class B contains itself: B.c.d.b',
      column: 72
    },
    {
      text: 'module a { class A { B b; } class B { C c; } class C { B b; } }',
      problem: 'class B contains itself: B.c.b',
      column: 58
    }
  ])('$text: $problem', ({ text, problem, column }) => {
    expect(errorOf({ 'a.jute': text })).toMatchObject({ problem, column })
  })
})

describe('names that clash in TypeScript only', () => {
  test.each([
    {
      text: 'module a { class B { long x; int xHi; } }',
      problem: "fields x and xHi would both be 'xHi' in TypeScript",
      column: 34
    },
    {
      text: 'module a { class Stat { int x; } class STAT { int x; } }',
      problem: "classes Stat and STAT would both be 'STAT_SIZE_BYTES' in TypeScript",
      column: 40
    },
    {
      text: 'module a { class string { int x; } class string_ { int x; } }',
      problem: "classes string and string_ would both be 'string_' in TypeScript",
      column: 42
    }
  ])('$text: $problem', ({ text, problem, column }) => {
    expect(errorOf({ 'a.jute': text }, 'pair')).toMatchObject({ problem, column })
  })

  test('a field xHi beside a long x is fine when longs are bigint', () => {
    expect(compileText({ 'a.jute': 'module a { class B { long x; int xHi; } }' })).toHaveProperty(['a.ts'])
  })
})

describe('the message', () => {
  test('has the place, the line and a caret under the words', () => {
    const text = '// head\nmodule a {\n\tclass B {\n\t\tint x;  org.other.Thing y;\n\t}\n}\n'

    expect(errorOf({ 'dir/a.jute': text }).message).toBe(
      "dir/a.jute:4:11: unknown type 'org.other.Thing'\n  \t\tint x;  org.other.Thing y;\n  \t\t        ^^^^^^^^^^^^^^^"
    )
  })

  test('counts lines that end in CR LF', () => {
    expect(errorOf({ 'a.jute': 'module a {\r\nclass B {\r\nC x;\r\n}}' })).toMatchObject({ line: 3, column: 1 })
    expect(errorOf({ 'a.jute': 'module a {\r\nclass B {\r\nC x;\r\n}}' }).message).toContain('\n  C x;\n  ^')
  })

  test('names the included file that has the mistake', () => {
    const sources = { 'dir/a.jute': 'include "sub/b.jute"', 'dir/sub/b.jute': 'module b {\n oops' }

    expect(errorOf(sources)).toMatchObject({ file: 'dir/sub/b.jute', line: 2, column: 2 })
  })

  test('points at an include that cannot be read', () => {
    expect(errorOf({ 'dir/a.jute': 'include "b.jute"' })).toMatchObject({
      problem: 'cannot read the included file dir/b.jute: no such file: dir/b.jute',
      file: 'dir/a.jute',
      column: 9
    })
  })
})
