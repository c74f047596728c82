/**
 * Records bytes from the Java implementation of Jute.
 *
 *     tsx jute/test/golden/regenerate.ts JARS CASES.json GOLDEN.json [TYPES.jute]
 *
 * JARS is a folder with the jars of a ZooKeeper release. Records are those of TYPES.jute, or else classes in the jars.
 * Needs a JDK.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type JuteType, loadSchema } from '../../src/compiler/index.ts'

const here = dirname(fileURLToPath(import.meta.url))

function run(directory: string, command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { cwd: directory, stdio: 'inherit' })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ended with ${status}`)
}

/** A type as GoldenRecords reads it. */
function layoutOf(type: JuteType): unknown {
  switch (type.kind) {
    case 'primitive':
      return type.name
    case 'vector':
      return ['vector', layoutOf(type.item)]
    case 'map':
      return ['map', layoutOf(type.key), layoutOf(type.value)]
    case 'record':
      return `${type.record.module}.${type.record.name}`
  }
}

function layouts(types: string): Record<string, unknown> {
  const records = loadSchema([types], (name) => readFileSync(name, 'utf8')).modules.flatMap((module) => module.records)
  return Object.fromEntries(
    records.map((record) => [
      `${record.module}.${record.name}`,
      record.fields.map((field) => [field.name, layoutOf(field.type)])
    ])
  )
}

function regenerate(jars: string, cases: string, golden: string, types: string | undefined): void {
  const directory = mkdtempSync(join(tmpdir(), 'jute-golden-'))
  const classPath = `${resolve(jars)}/*`
  const layoutsFile = join(directory, 'layouts.json')
  try {
    writeFileSync(layoutsFile, JSON.stringify(types === undefined ? {} : layouts(types)))
    run(directory, 'javac', ['-cp', classPath, '-d', directory, join(here, 'GoldenRecords.java')])
    const files = [resolve(cases), resolve(golden), layoutsFile]
    run(directory, 'java', ['-cp', `${directory}:${classPath}`, 'GoldenRecords', ...files])
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const [jars, cases, golden, types] = process.argv.slice(2)
if (jars === undefined || cases === undefined || golden === undefined) {
  console.error('usage: regenerate.ts JARS CASES.json GOLDEN.json [TYPES.jute]')
  process.exitCode = 2
} else {
  regenerate(jars, cases, golden, types)
}
