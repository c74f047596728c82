import type { ConfigKey, ValuesOf } from '../config-key.ts'
import { adminKeys } from './admin-keys.ts'
import { backupKeys } from './backup-keys.ts'
import { clientKeys } from './client-keys.ts'
import { quorumKeys } from './quorum-keys.ts'
import { storageKeys } from './storage-keys.ts'
import { clientTlsKeys, metricsTlsKeys, quorumTlsKeys, tlsKeys } from './tls-keys.ts'
import { tracingKeys } from './tracing-keys.ts'
import { authKeys, testingKeys, treeKeys } from './tree-keys.ts'

/** Every key with an effect, by area; the areas are also the headings of the list in `docs/operations.md`. */
export const keyTables = {
  client: clientKeys,
  storage: storageKeys,
  backup: backupKeys,
  tree: treeKeys,
  auth: authKeys,
  quorum: quorumKeys,
  admin: adminKeys,
  tracing: tracingKeys,
  tls: tlsKeys,
  clientTls: clientTlsKeys,
  metricsTls: metricsTlsKeys,
  quorumTls: quorumTlsKeys,
  testing: testingKeys
}

/** The value of every key: given, or default. */
export type ConfigValues = { readonly [Area in keyof typeof keyTables]: ValuesOf<(typeof keyTables)[Area]> }

/** All keys in the order of the tables. */
export const allKeys: readonly ConfigKey<unknown>[] = Object.values(keyTables).flatMap((table): ConfigKey<unknown>[] =>
  Object.values(table)
)
