import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { javaProgram } from '../harness/java.ts'
import { serverOptions } from '../harness/own-tests.ts'
import { runCaseProgram } from '../harness/program.ts'
import type { Suite } from '../harness/suite.ts'
import { LEFT_OUT, TEST_CLASSES } from './test-classes.ts'

const CLASS_TIMEOUT_MS = 900_000
/** The tests take ports of a range that is the thread's of so many, lest two runs at a time take the same. */
const PORT_RANGES = 16
const PORTS = [`-Dtest.junit.threads=${PORT_RANGES}`, `-Dzookeeper.junit.threadid=${1 + (process.pid % PORT_RANGES)}`]
/** Names of test classes below `org.apache.zookeeper`, or `Class#method`, for a part of them. */
const NAMES = process.env.INTEROP_APACHE_TESTS?.split(',') ?? TEST_CLASSES

/** What Apache's build gives to each of its tests: the password is `test`. */
const SUPER_USER = '-Dzookeeper.DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU='

/**
 * Apache ZooKeeper's own tests of what clients and operators see. On zoonode, the classes by which they start servers are replaced by
 * ones that start processes; on Apache's server they run as they are. The harness's server stands idle meanwhile.
 */
export const apacheOwnTestsSuite: Suite = {
  name: 'apache-own-tests',
  isQuick: false,
  settings: {},
  async prepare() {
    await javaProgram('apache-own-tests', ['own-tests'])
  },
  async run(run) {
    const servers = await serverOptions(run)
    const [classes, libraries] = (await javaProgram('apache-own-tests', ['own-tests'])).split(':')
    // Which comes first has its classes of the same name used.
    const classPath = run.server.kind === 'zoonode' ? `${classes}:${libraries}` : `${libraries}:${classes}`
    const logging = join(run.folder, 'logback.xml')
    writeFileSync(logging, LOGGING)
    const args = [
      '-Xmx768m',
      `-Dlogback.configurationFile=${logging}`,
      SUPER_USER,
      ...PORTS,
      ...servers,
      '-cp',
      classPath
    ]
    // A process for each: what a class sets of its JVM lasts.
    for (const name of NAMES) {
      const [className = name] = name.split('#')
      const tests = [`org.apache.zookeeper.${name}`, ...(LEFT_OUT[className] ?? []).map((method) => `-${method}`)]
      const command = { command: 'java', args: [...args, 'interop.ApacheOwnTests', ...tests], cwd: run.folder }
      await runCaseProgram(run, command, CLASS_TIMEOUT_MS)
    }
  }
}

const LOGGING = `<configuration>
  <appender name="CONSOLE" class="ch.qos.logback.core.FileAppender">
    <file>tests.log</file>
    <encoder><pattern>%d{ISO8601} [%t] %-5p %c{1} %m%n</pattern></encoder>
  </appender>
  <root level="info"><appender-ref ref="CONSOLE" /></root>
</configuration>
`
