import { cSuite } from '../c/suite.ts'
import { curatorSuite } from '../curator/suite.ts'
import { goSuite } from '../go/suite.ts'
import type { ClientSuite } from '../harness/suite.ts'
import { javaClientSuite } from '../java/suite.ts'
import { kafkaSuite } from '../kafka/suite.ts'
import { kazooOwnTestsOnEnsembles, kazooReadOnlyTest, kazooSuite } from '../kazoo/suite.ts'
import { typescriptSuite } from './typescript-suite.ts'

/** The clients whose cases the suite runs against ensembles, the same as against one server. */
export const CLIENTS: readonly ClientSuite[] = [
  kazooSuite,
  javaClientSuite,
  goSuite,
  cSuite,
  curatorSuite,
  typescriptSuite
]

/** Those that are run by command only. */
export const CLIENTS_BY_COMMAND: readonly ClientSuite[] = [
  ...CLIENTS,
  kafkaSuite,
  kazooOwnTestsOnEnsembles,
  kazooReadOnlyTest
]
