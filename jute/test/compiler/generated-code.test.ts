import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import ts from 'typescript'
import { JuteError, JuteReader, JuteWriter } from '../../src/index.ts'
import { compileText } from '../support/compile-text.ts'
import { loadRecords } from '../support/load-records.ts'

const root = join(__dirname, '..', '..', '..')

describe('the files', () => {
  test.each([
    { modules: ['org.a.data', 'org.a.proto'], files: ['data.ts', 'proto.ts'] },
    { modules: ['org.a.data', 'org.b.data'], files: ['a-data.ts', 'b-data.ts'] },
    { modules: ['x.a.data', 'y.a.data', 'z.proto'], files: ['x-a-data.ts', 'y-a-data.ts', 'proto.ts'] },
    { modules: ['a', 'b.a'], files: ['a.ts', 'b-a.ts'] },
    { modules: ['a.data', 'b.Data'], files: ['a-data.ts', 'b-Data.ts'] }
  ])('of the modules $modules are $files', ({ modules, files }) => {
    const text = modules.map((name) => `module ${name} { class R { int x; } }`).join('\n')

    expect(Object.keys(compileText({ 'a.jute': text })).sort()).toEqual([...files].sort())
  })

  test('are made for included modules too, once each, whatever leads where', () => {
    const files = compileText({
      'dir/main.jute': 'include "one.jute"\ninclude "sub/two.jute"\nmodule main { class M { one.O o; two.T t; } }',
      'dir/one.jute': 'include "sub/../main.jute" module one { class O { int x; } }',
      'dir/sub/two.jute': 'include "../one.jute" module two { class T { one.O o; } }'
    })

    expect(Object.keys(files).sort()).toEqual(['main.ts', 'one.ts', 'two.ts'])
  })

  test('have the records of a module that is opened twice together', () => {
    const files = compileText({ 'a.jute': 'module m { class A { B b; } } module m { class B { int x; } }' })

    expect(Object.keys(files)).toEqual(['m.ts'])
    expect(files['m.ts']).toMatch(/interface A [\s\S]*interface B /)
  })

  test('import each other with the ending asked for, and the runtime from where it is', () => {
    const source = { 'a.jute': 'module p.a { class A { p.b.B b; } } module p.b { class B { int x; } }' }

    expect(compileText(source)['a.ts']).toContain("from './b.js'")
    const text = compileText(source, { importExtension: '.ts', runtime: '../runtime.ts' })['a.ts']
    expect(text).toContain("from './b.ts'")
    expect(text).toContain("from '../runtime.ts'")
  })
})

describe('comments', () => {
  const text = compileText({
    'a.jute': `
      /* License. */

      // About the module.
      module a {
        /**
         * First line,
         *   second line.
         */
        class B {
          int x; // beside x
          // above y
          // and still y
          int y; // not this one
          int z; /* beside z */

          // apart from w

          int w;
          int v; // ends */ here
        }
      }`
  })['a.ts']

  test.each([
    { place: 'above the module', doc: ' *\n * About the module.\n */\nimport' },
    { place: 'above a class', doc: '/**\n * First line,\n *   second line.\n */\nexport interface B' },
    { place: 'beside a field', doc: '  /** beside x */\n  x: number' },
    { place: 'above a field', doc: '  /**\n   * above y\n   * and still y\n   */\n  y: number' },
    { place: 'beside a field, of the other kind', doc: '  /** beside z */\n  z: number' },
    { place: 'with the end mark of a docstring', doc: '  /** ends *\\/ here */\n  v: number' }
  ])('$place become docstrings', ({ doc }) => {
    expect(text).toContain(doc)
  })

  test.each(['License', 'apart from', 'not this'])('that belong to nothing are left out: %s', (words) => {
    expect(text).not.toContain(words)
  })
})

describe('types', () => {
  test.each([
    { jute: 'byte', type: 'number' },
    { jute: 'boolean', type: 'boolean' },
    { jute: 'int', type: 'number' },
    { jute: 'long', type: 'bigint' },
    { jute: 'float', type: 'number' },
    { jute: 'double', type: 'number' },
    { jute: 'ustring', type: 'string | null' },
    { jute: 'buffer', type: 'Uint8Array | null' },
    { jute: 'vector<int>', type: 'number[] | null' },
    { jute: 'vector<ustring>', type: '(string | null)[] | null' },
    { jute: 'vector<vector<R>>', type: '(R[] | null)[] | null' },
    { jute: 'vector<map<int, R>>', type: 'Map<number, R>[] | null' },
    { jute: 'map<ustring, vector<long>>', type: 'Map<string | null, bigint[] | null>' },
    { jute: 'R', type: 'R' }
  ])('$jute is $type', ({ jute, type }) => {
    const text = compileText({ 'a.jute': `module a { class R { int x; } class S { ${jute} field; } }` })['a.ts']

    expect(text).toContain(`\n  field: ${type}\n`)
  })

  test('a long is two ints in a pair, and a bigint in a vector', () => {
    const source = { 'a.jute': 'module a { class R { long zxid; vector<long> zxids; } }' }

    const text = compileText(source, { long: 'pair' })['a.ts']

    expect(text).toContain('  zxidHi: number\n  zxidLo: number\n  zxids: bigint[] | null\n')
  })

  test.each([
    { name: 'Stat', constant: 'STAT' },
    { name: 'CreateTTLRequest', constant: 'CREATE_TTL_REQUEST' },
    { name: 'ACLEntry2', constant: 'ACL_ENTRY2' },
    { name: 'MD5Sum', constant: 'MD5_SUM' }
  ])('the size of $name is $constant_SIZE_BYTES', ({ name, constant }) => {
    const text = compileText({ 'a.jute': `module a { class ${name} { int x; boolean y; long z; } }` })['a.ts']

    expect(text).toContain(`export const ${constant}_SIZE_BYTES = 13\n`)
  })
})

describe('records of equal names', () => {
  const { codecs } = loadRecords(
    `module p.a { class R { ustring name; } }
     module p.b { class R { p.a.R other; p.c.R third; } class AR { int x; } }
     module p.c { class R { int x; } class S { p.a.R a; p.b.R b; R c; p.b.AR d; } }`
  )

  test('are told apart', () => {
    const value = {
      a: { name: 'a' },
      b: { other: { name: 'b' }, third: { x: 1 } },
      c: { x: 2 },
      d: { x: 3 }
    }
    const writer = new JuteWriter()

    codecs.get('p.c.S')?.encode(writer, value)

    expect(codecs.get('p.c.S')?.decode(new JuteReader(writer.bytes()))).toEqual(value)
  })
})

describe('records that hold their own kind through vectors', () => {
  const { codecs } = loadRecords('module a { class Tree { int x; vector<Tree> children; } }')
  const tree = codecs.get('a.Tree')

  function nested(depth: number): Buffer {
    const writer = new JuteWriter()
    for (let level = 1; level < depth; level++) {
      writer.writeInt(level)
      writer.writeInt(1)
    }
    writer.writeInt(depth)
    writer.writeInt(-1)
    return writer.copyBytes()
  }

  test('can nest 64 deep', () => {
    const reader = new JuteReader(nested(64))

    tree?.skip(reader)

    expect(reader.remaining).toBe(0)
    expect(() => tree?.decode(reader.reset(nested(64)))).not.toThrow()
  })

  test.each([65, 200_000])('are refused %d deep', (depth) => {
    const reader = new JuteReader(nested(depth))

    expect(() => tree?.decode(reader)).toThrow(JuteError)
    expect(() => tree?.skip(reader.reset(nested(depth)))).toThrow(JuteError)
  })

  test('can follow each other in any number', () => {
    const writer = new JuteWriter()
    const value = { x: 0, children: Array.from({ length: 1000 }, (_, x) => ({ x, children: null })) }

    tree?.encode(writer, value)

    expect(tree?.decode(new JuteReader(writer.bytes()))).toEqual(value)
  })
})

test('passes the strictest settings of the TypeScript compiler', () => {
  const source = {
    'types.jute': `${readFileSync(join(__dirname, '..', 'golden', 'types.jute'), 'utf8')}
      module one.leaf { class Map { vector<Map> maps; one.other.Buffer bytes; golden.leaf.Point p; } class Point { int x; } }
      module one.other { class Buffer { int x; } class string { buffer b; } class Uses { string s; one.leaf.Point p; golden.leaf.Point q; } }`
  }
  const files = new Map(
    (['bigint', 'pair'] as const).flatMap((long) =>
      Object.entries(compileText(source, { long, importExtension: '.ts', runtime: '../jute/src/index.ts' })).map(
        ([name, text]): [string, string] => [join(root, `${long}-code`, name), text]
      )
    )
  )
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const host = ts.createCompilerHost({ ...options, noEmit: true })
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (name) => files.has(name) || fileExists.call(host, name)
  delete host.directoryExists // or the compiler looks for no file in folders that are not on the disk
  host.readFile = (name) => files.get(name) ?? readFile.call(host, name)
  host.getSourceFile = (name, language) => {
    const text = files.get(name)
    return text === undefined ? getSourceFile.call(host, name, language) : ts.createSourceFile(name, text, language)
  }

  const program = ts.createProgram([...files.keys()], { ...options, noEmit: true }, host)
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n'))

  expect(files.size).toBeGreaterThan(7)
  expect(problems).toEqual([])
}, 300_000)
