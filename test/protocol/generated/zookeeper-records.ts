import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadSchema, type RecordSchema } from '../../../jute/src/compiler/index.ts'
import { codecOf, type RecordCodec } from '../../../jute/test/support/record-codec.ts'
import * as data from '../../../src/protocol/generated/data.ts'
import * as election from '../../../src/protocol/generated/election.ts'
import * as learner from '../../../src/protocol/generated/learner.ts'
import * as persistence from '../../../src/protocol/generated/persistence.ts'
import * as proto from '../../../src/protocol/generated/proto.ts'
import * as quorum from '../../../src/protocol/generated/quorum.ts'
import * as txn from '../../../src/protocol/generated/txn.ts'

const exportsOf: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  data,
  election,
  learner,
  persistence,
  proto,
  quorum,
  txn
}

export interface ZookeeperRecord {
  /** Dotted name of module and record. */
  readonly name: string
  readonly schema: RecordSchema
  readonly codec: RecordCodec
}

/** Every record of zookeeper.jute with the functions generated for it. */
export const zookeeperRecords: readonly ZookeeperRecord[] = loadSchema(
  [join(__dirname, '../../../src/protocol/zookeeper.jute')],
  (name) => readFileSync(name, 'utf8')
).modules.flatMap((module) =>
  module.records.map((schema) => ({
    name: `${module.name}.${schema.name}`,
    schema,
    codec: codecOf(exportsOf[module.name.split('.').at(-1) ?? ''] ?? {}, schema.name)
  }))
)

export function zookeeperRecord(name: string): ZookeeperRecord {
  const found = zookeeperRecords.find((record) => record.name === name)
  if (found === undefined) throw new Error(`no record ${name}`)
  return found
}
