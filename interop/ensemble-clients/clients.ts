import { cSuite } from '../c/suite.ts'
import { curatorSuite } from '../curator/suite.ts'
import { goSuite } from '../go/suite.ts'
import type { ClientSuite } from '../harness/suite.ts'
import { javaClientSuite } from '../java/suite.ts'
import { kazooSuite } from '../kazoo/suite.ts'

/** The clients whose cases are run against ensembles, the same as against one server. */
export const CLIENTS: readonly ClientSuite[] = [kazooSuite, javaClientSuite, goSuite, cSuite, curatorSuite]
