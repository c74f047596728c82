import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { capture } from '../harness/capture.ts'
import { REPOSITORY } from '../harness/paths.ts'

const MODULES = join(REPOSITORY, 'node_modules')
const TSC = join(MODULES, 'typescript', 'bin', 'tsc')
const JEST = join(MODULES, 'jest', 'bin', 'jest.js')

/** What a program does with the package; `%` is how it gets it. */
const PROGRAM = `%
async function main() {
  const server = await startServer()
  const ensemble = await startEnsemble()
  const zk = await connect(server.connectString)
  await zk.create('/a', 'of a consumer')
  const { data } = await zk.getData('/a')
  console.log(Buffer.from(data ?? []).toString(), ensemble.connectString.split(',').length)
  await zk.close()
  await ensemble.stop()
  await server.stop()
}
void main()
`
const NAMES = '{ connect, startEnsemble, startServer }'

/** Types that are right, and calls that must not pass. */
const TYPED = `import { connect, NodeExistsError, startEnsemble, startServer, type TestServer, type ZooKeeper } from 'zoonode'
export async function use(): Promise<string> {
  const server: TestServer = await startServer({ settings: { tickTime: 500 } })
  const ensemble = await startEnsemble({ participants: 3 })
  const zk: ZooKeeper = await connect(ensemble.connectString, { sessionTimeoutMs: 5_000 })
  const path: string = await zk.create('/a', 'x', { mode: 'ephemeral' })
  const data: Uint8Array | null = (await zk.getData(path)).data
  // @ts-expect-error there is no such option
  await connect(server.connectString, { nonsense: 1 })
  // @ts-expect-error a path is a text
  await zk.create(5)
  return new NodeExistsError(path).message + String(data?.length)
}
`

const JUTE = `module com.example.data {
    class Grant {
        ustring user;
        vector<ustring> paths;
    }
}
`

/** Programs of others beside the package that is in the folder `installed`, in a folder of their own: ES modules, CommonJS, TypeScript of either kind, tests of Jest. */
export async function checkConsumers(installed: string, folder: string): Promise<void> {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(installed, join(folder, 'node_modules', 'zoonode'))
  const programs = {
    'consumer.mjs': `import ${NAMES} from 'zoonode'`,
    'consumer.cjs': `const ${NAMES} = require('zoonode')`
  }
  for (const [name, getting] of Object.entries(programs)) {
    writeFileSync(join(folder, name), PROGRAM.replace('%', getting))
    const said = await capture(process.execPath, [name], folder)
    if (said !== 'of a consumer 3\n') throw new Error(`${name} said ${said}`)
  }
  for (const end of ['mts', 'cts']) writeFileSync(join(folder, `typed.${end}`), TYPED)
  await typesPass(folder, ['--module', 'node16', '--moduleResolution', 'node16', 'typed.mts', 'typed.cts'])
  await typesPass(folder, ['--module', 'esnext', '--moduleResolution', 'bundler', 'typed.mts'])
  await jestPasses(folder)
}

/** The runtime's package by itself, with its own command: what it makes of a file has types that pass, and works. */
export async function checkJuteConsumer(folder: string): Promise<void> {
  writeFileSync(join(folder, 'example.jute'), JUTE)
  const command = join(folder, 'node_modules', '.bin', 'jute-ts')
  await capture(command, ['compile', 'example.jute', '--out', 'generated'], folder)
  writeFileSync(
    join(folder, 'program.mts'),
    `import { JuteReader, JuteWriter } from 'jute-ts'
import { decodeGrant, encodeGrant, type Grant } from './generated/data.ts'
const grant: Grant = { user: null, paths: ['/a', '/é'] }
const writer = new JuteWriter()
encodeGrant(writer, grant)
console.log(JSON.stringify(decodeGrant(new JuteReader(writer.copyBytes()))))
`
  )
  const out = ['--module', 'node16', '--rewriteRelativeImportExtensions', '--outDir', 'out', 'program.mts']
  writeFileSync(join(folder, 'generated', 'package.json'), '{ "type": "module" }\n')
  await compile(folder, out)
  cpSync(join(folder, 'generated', 'package.json'), join(folder, 'out', 'generated', 'package.json'))
  const said = await capture(process.execPath, [join('out', 'program.mjs')], folder)
  if (said !== '{"user":null,"paths":["/a","/é"]}\n') throw new Error(`the generated code said ${said}`)
}

function typesPass(folder: string, args: readonly string[]): Promise<void> {
  return compile(folder, ['--noEmit', ...args])
}

/** @throws Error with what the compiler says */
async function compile(folder: string, args: readonly string[]): Promise<void> {
  const strict = [
    '--ignoreConfig',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--target',
    'es2022'
  ]
  const types = ['--types', 'node', '--typeRoots', join(MODULES, '@types')]
  try {
    await capture(process.execPath, [TSC, ...strict, ...types, ...args], folder)
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
    throw new Error(`tsc ${args.join(' ')}: ${said}`, { cause: error })
  }
}

/** The example of the documentation, as CommonJS, which needs nothing but Jest. */
async function jestPasses(folder: string): Promise<void> {
  const tests = join(folder, 'jest')
  mkdirSync(tests)
  cpSync(join(REPOSITORY, 'test', 'library', 'jest-example.test.ts'), join(tests, 'example.test.ts'))
  const transform = { '\\.ts$': join(MODULES, '@swc', 'jest') }
  const config = { rootDir: tests, testEnvironment: 'node', transform, modulePaths: [dirname(tests), MODULES] }
  await capture(process.execPath, [JEST, '--config', JSON.stringify(config)], tests)
}
