import { freePort } from '../harness/free-port.ts'
import { javaProgram } from '../harness/java.ts'
import { runCaseProgram } from '../harness/program.ts'
import type { ClientSuite } from '../harness/suite.ts'

const TIMEOUT_MS = 1_500_000

/** Two Kafka brokers in ZooKeeper mode, which the program starts itself; their logs are in its working directory. */
export const kafkaSuite: ClientSuite = {
  name: 'kafka',
  isQuick: false,
  settings: {},
  async prepare() {
    await javaProgram('kafka')
  },
  async run(run) {
    const ports = [String(await freePort()), String(await freePort())]
    const connect = run.server.connectString
    const args = ['-Xmx512m', '-cp', await javaProgram('kafka'), 'interop.KafkaBroker', connect, ...ports]
    await runCaseProgram(run, { command: 'java', args, cwd: run.folder }, TIMEOUT_MS)
  }
}
