import { adminSuite } from './admin/suite.ts'
import { apacheOwnTestsSuite } from './apache-own-tests/suite.ts'
import { auditEnsembleSuite } from './audit/ensemble-suite.ts'
import { auditSuite } from './audit/suite.ts'
import { cSuite } from './c/suite.ts'
import { cOwnTestsSuite } from './c-own-tests/suite.ts'
import { consoleSuite } from './console/suite.ts'
import { curatorSuite } from './curator/suite.ts'
import { curatorOwnTestsSuite } from './curator-own-tests/suite.ts'
import { differentialSuite } from './differential/suite.ts'
import { ensembleSuite } from './ensemble-clients/suite.ts'
import { ensembleSettingsSuite } from './ensemble-settings/suite.ts'
import { goOwnEnsembleTestsSuite, goOwnTestsSuite } from './go/own-tests-suite.ts'
import { goSuite } from './go/suite.ts'
import type { Suite } from './harness/suite.ts'
import { importExportSuite } from './import-export/suite.ts'
import { foundingSuite, javaClientSuite } from './java/suite.ts'
import { kafkaSuite } from './kafka/suite.ts'
import { kazooOwnTestsSuite, kazooSuite } from './kazoo/suite.ts'
import { limitSuites } from './limits/suite.ts'
import { metricsSuite } from './metrics/suite.ts'
import { mixedEnsembleSuite } from './mixed-ensemble/suite.ts'
import { packagingSuite } from './packaging/suite.ts'
import { quorumSecuritySuite } from './quorum-security/suite.ts'
import { reconfigSuite } from './reconfig/suite.ts'
import { cSaslSuite } from './sasl/c-suite.ts'
import { kerberosSuite } from './sasl/kerberos-suite.ts'
import { saslSuite, saslVariants } from './sasl/suite.ts'
import { tlsSuite } from './tls/suite.ts'
import { toolsSuite } from './tools/suite.ts'
import { tracingSuite } from './tracing/suite.ts'
import { zkcliSuite } from './zkcli/suite.ts'

/** All suites, in the order in which they run. */
export const SUITES: readonly Suite[] = [
  foundingSuite,
  javaClientSuite,
  kazooSuite,
  goSuite,
  zkcliSuite,
  auditSuite,
  auditEnsembleSuite,
  saslSuite,
  ...saslVariants,
  cSaslSuite,
  kerberosSuite,
  ...limitSuites,
  tlsSuite,
  adminSuite,
  metricsSuite,
  consoleSuite,
  tracingSuite,
  packagingSuite,
  cSuite,
  differentialSuite,
  curatorSuite,
  importExportSuite,
  toolsSuite,
  mixedEnsembleSuite,
  ensembleSettingsSuite,
  quorumSecuritySuite,
  ensembleSuite,
  reconfigSuite,
  kafkaSuite,
  kazooOwnTestsSuite,
  apacheOwnTestsSuite,
  curatorOwnTestsSuite,
  goOwnTestsSuite,
  goOwnEnsembleTestsSuite,
  cOwnTestsSuite
]
