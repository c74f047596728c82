import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  assertInTheirPlaces,
  findApacheFiles,
  readEpochFiles
} from '../../../src/storage/apache-files/apache-directory.ts'
import { ApacheFolder } from './support/apache-folder.ts'

let folder: ApacheFolder

beforeEach(() => {
  folder = new ApacheFolder({ separateLog: true })
})

afterEach(() => folder.dispose())

function names(): { snapshots: string[]; logs: string[] } {
  const { snapshots, logs } = findApacheFiles(folder.dataDir, folder.dataLogDir)
  return { snapshots: snapshots.map(({ path }) => basename(path)), logs: logs.map(({ path }) => basename(path)) }
}

describe('findApacheFiles', () => {
  test('lists snapshots from the newest on and logs from the oldest on, by their numbers', () => {
    for (const name of ['snapshot.9', 'snapshot.100000001', 'snapshot.ff.gz', 'snapshot.10.snappy'])
      folder.put(name, '')
    for (const name of ['log.10', 'log.9', 'log.100000001']) folder.put(name, '')

    expect(names()).toEqual({
      snapshots: ['snapshot.100000001', 'snapshot.ff.gz', 'snapshot.10.snappy', 'snapshot.9'],
      logs: ['log.9', 'log.10', 'log.100000001']
    })
  })

  test.each([
    'log.5.db',
    'log.5.db-wal',
    'log.next.db.tmp',
    'log.',
    'log.xyz',
    'log.8000000000000000',
    'log.11112222333344445',
    'snapshot.5.db',
    'snapshot.5.db.tmp',
    'snapshot.ffffffffffffffff',
    'snapshot.5.zip',
    'snapshot.',
    'snapshot.5.gz.tmp',
    'state.db'
  ])('does not take %s for a file of Apache ZooKeeper', (name) => {
    folder.put(name, '')

    expect(names()).toEqual({ snapshots: [], logs: [] })
  })

  test('finds nothing in folders that are not there', () => {
    expect(findApacheFiles(join(folder.root, 'a'), join(folder.root, 'b'))).toEqual({
      snapshots: [],
      logs: []
    })
    expect(readEpochFiles(join(folder.root, 'a'))).toEqual({ acceptedEpoch: null, currentEpoch: null })
  })

  test.each([
    { text: '7', epoch: 7 },
    { text: '7\n', epoch: 7 },
    { text: '7\r\nmore', epoch: 7 },
    { text: '2147483648', epoch: 2147483648 }
  ])('reads the epoch of %j', ({ text, epoch }) => {
    folder.put('acceptedEpoch', text).put('currentEpoch', '3')

    expect(readEpochFiles(folder.dataDir)).toEqual({ acceptedEpoch: epoch, currentEpoch: 3 })
  })

  test.each(['', '\n7', '-1', 'seven', '99999999999'])('refuses the epoch %j', (text) => {
    folder.put('currentEpoch', text)

    expect(() => readEpochFiles(folder.dataDir)).toThrow(/currentEpoch is damaged: its first line/)
  })
})

describe('assertInTheirPlaces', () => {
  test('takes a snapshot in dataDir and a log in dataLogDir', () => {
    folder.put('snapshot.5', '').put('log.1', '')

    expect(() => assertInTheirPlaces(folder.dataDir, folder.dataLogDir)).not.toThrow()
  })

  test.each([
    { name: 'log.1', place: 'dataDir' as const },
    { name: 'snapshot.5', place: 'dataLogDir' as const }
  ])('refuses $name in $place', ({ name, place }) => {
    writeFileSync(join(folder[place], 'version-2', name), '')

    expect(() => assertInTheirPlaces(folder.dataDir, folder.dataLogDir)).toThrow(`${name} is a `)
  })

  test('takes both in one directory, however that is written', () => {
    folder.put('snapshot.5', '')
    writeFileSync(join(folder.dataDir, 'version-2', 'log.1'), '')

    expect(() => assertInTheirPlaces(folder.dataDir, `${folder.dataDir}/`)).not.toThrow()
  })
})
