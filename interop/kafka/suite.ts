import { freePort } from '../harness/free-port.ts'
import { javaProgram } from '../harness/java.ts'
import { runCaseProgram } from '../harness/program.ts'
import type { Suite } from '../harness/suite.ts'

const TIMEOUT_MS = 1_500_000

/** Two Kafka brokers in ZooKeeper mode, which the program starts itself; their logs are in its working directory. */
export const kafkaSuite: Suite = {
  name: 'kafka',
  isQuick: false,
  settings: {},
  async prepare() {
    await javaProgram('kafka')
  },
  async run(run) {
    const ports = [String(await freePort()), String(await freePort())]
    const connect = `127.0.0.1:${run.server.port}`
    const args = ['-Xmx512m', '-cp', await javaProgram('kafka'), 'interop.KafkaBroker', connect, ...ports]
    await runCaseProgram(run, { command: 'java', args, env: { INTEROP_HARNESS: '1' }, cwd: run.folder }, TIMEOUT_MS)
  }
}
