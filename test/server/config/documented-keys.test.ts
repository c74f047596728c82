import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { ConfigKey } from '../../../src/server/config/config-key.ts'
import { allKeys, keyTables } from '../../../src/server/config/keys/all-keys.ts'
import { skippedKeys } from '../../../src/server/config/keys/skipped-keys.ts'
import { INVALID } from '../../../src/server/config/value-type.ts'

const DOCUMENT = join(__dirname, '..', '..', '..', 'docs', 'operations.md')
const LIST = /(<!-- keys: .* -->\n)([\s\S]*?)(<!-- end of keys -->)/

const HEADINGS: Readonly<Record<keyof typeof keyTables, string>> = {
  client: 'Clients, sessions, limits',
  storage: 'Transaction log and snapshots',
  backup: 'Backups',
  tree: 'Nodes',
  auth: 'Authentication and authorization',
  quorum: 'Ensemble',
  admin: 'Administration, measurements, log',
  tracing: 'Traces',
  tls: 'TLS',
  clientTls: 'TLS towards clients',
  metricsTls: 'TLS of the metrics exporter',
  quorumTls: 'TLS between servers',
  testing: 'Tests'
}

/** How a key relates to system properties. */
function propertyColumn({ name, kind, properties }: ConfigKey<unknown>): string {
  const own = `zookeeper.${name}`
  if (kind === 'file') return properties.length === 0 ? '-' : `- (\`${properties.join('`, `')}\` wins)`
  return properties.length === 1 && properties[0] === own
    ? '='
    : properties.map((property) => `\`${property}\``).join(', ')
}

function tableOf(heading: string, keys: readonly ConfigKey<unknown>[]): string {
  const rows = keys.map((key) => {
    const unit = key.unit !== '' && /^-?[\d.]+$/.test(key.defaultText) ? ` ${key.unit}` : ''
    return `| \`${key.name}\` | ${propertyColumn(key)} | ${key.defaultText}${unit} | ${key.about} | ${key.tag} |`
  })
  return [
    `### ${heading}`,
    '',
    '| key | property | default | effect | |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    ''
  ].join('\n')
}

function keyList(): string {
  const tables = Object.entries(keyTables).map(
    ([area, table]) => tableOf(HEADINGS[area as keyof typeof keyTables], Object.values(table)) // entries of keyTables have its keys
  )
  const skipped = skippedKeys.map(({ why, names }) => `- ${names.map((name) => `\`${name}\``).join(', ')}: ${why}.`)
  return [...tables, '### Accepted without effect', '', ...skipped, ''].join('\n')
}

test('docs/operations.md lists every key as the program knows it', () => {
  const document = readFileSync(DOCUMENT, 'utf8')
  const updated = document.replace(
    LIST,
    (_all, begin: string, _old: string, end: string) => `${begin}\n${keyList()}\n${end}`
  )
  if (process.env.UPDATE_DOCS === '1') writeFileSync(DOCUMENT, updated)

  expect(readFileSync(DOCUMENT, 'utf8')).toBe(updated)
})

test('no key and no property has two meanings', () => {
  const names = [...allKeys.map(({ name }) => name), ...skippedKeys.flatMap((group) => group.names)]
  const properties = [
    ...allKeys.flatMap((key) => key.properties),
    ...skippedKeys.flatMap((group) => group.properties ?? [])
  ]

  expect(new Set(names).size).toBe(names.length)
  expect(new Set(properties).size).toBe(properties.length)
})

test.each(allKeys.filter(({ defaultText }) => /^(true|false|yes|no|-?\d+(\.\d+)?)$/.test(defaultText)))(
  'the documented default of $name is a value that it takes, and gives the default',
  ({ type, defaultText, defaultValue }) => {
    const value = type.parse(defaultText, () => undefined)

    expect(value).not.toBe(INVALID)
    expect(value).toEqual(defaultValue)
  }
)
