import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildOnce } from '../harness/build-once.ts'
import { cClientSources } from '../harness/c-sources.ts'
import { runCommand } from '../harness/child.ts'
import { mavenClassPath } from '../harness/java.ts'
import { cacheFolder, INTEROP, PROGRAMS } from '../harness/paths.ts'
import { runCaseProgram } from '../harness/program.ts'
import { buildZoonode, type ServerKind } from '../harness/server.ts'
import { type Suite, SuiteUnavailableError } from '../harness/suite.ts'

const SOURCES = join(INTEROP, 'c-own-tests')
const NEEDED = ['libcppunit-dev', 'libzookeeper-mt-dev']
const HEADERS = ['/usr/include/cppunit/Test.h', '/usr/include/zookeeper/zookeeper.h']
/** Its tests that start ensembles, and what they need; the others want one server, mocks of the C library, TLS or SASL. */
const TESTS = ['TestReconfigServer.cc', 'ZooKeeperQuorumServer.cc', 'Util.cc']
const INSTALL_TIMEOUT_MS = 300_000
const COMPILE_TIMEOUT_MS = 120_000
const RUN_TIMEOUT_MS = 600_000

/** The C client's own tests of ensembles, from the sources of the operating system's package. They start servers by `zkServer.sh`. */
export const cOwnTestsSuite: Suite = {
  name: 'c-own-ensemble-tests',
  isQuick: false,
  settings: {},
  async prepare() {
    await program()
  },
  async run(run) {
    const root = join(run.folder, 'root')
    await scripts(run.server.kind, join(root, 'bin'))
    const command = join(await program(), 'tests')
    await runCaseProgram(run, { command, args: [], cwd: run.folder, env: { ZKROOT: root } }, RUN_TIMEOUT_MS)
  }
}

async function program(): Promise<string> {
  const sources = await packageSources()
  return buildOnce('c-own-tests', { files: [SOURCES], texts: [sources, ...TESTS] }, async (draft) => {
    mkdirSync(draft, { recursive: true })
    const tests = TESTS.map((name) => join(sources, name))
    const flags = [
      '-std=gnu++14',
      '-O1',
      '-w',
      '-DTHREADED',
      '-include',
      'time.h',
      '-pthread',
      '-I/usr/include/zookeeper',
      `-I${sources}`
    ]
    const args = [...flags, '-o', join(draft, 'tests'), join(SOURCES, 'driver.cc'), ...tests]
    const logFile = join(cacheFolder('logs'), 'c-own-tests.log')
    await runCommand({ command: 'g++', args: [...args, '-lzookeeper_mt', '-lcppunit'], logFile }, COMPILE_TIMEOUT_MS)
  })
}

/** The folder of the C client's tests, with what they need installed. */
async function packageSources(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'apt.log')
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  try {
    const folder = await cClientSources()
    if (!HEADERS.every((file) => existsSync(file))) {
      const install = ['install', '-y', '--no-install-recommends', ...NEEDED]
      await runCommand({ command: 'apt-get', args: install, logFile, env }, INSTALL_TIMEOUT_MS)
    }
    return join(folder, 'tests')
  } catch (error) {
    throw new SuiteUnavailableError('the sources of the C client cannot be had', { cause: error })
  }
}

/** `zkServer.sh start|stop|status FILE`: the project's, or one that does the same with Apache's server. */
async function scripts(kind: ServerKind, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const script = join(folder, 'zkServer.sh')
  if (kind === 'zoonode') {
    await buildZoonode()
    writeFileSync(script, `#!/bin/sh\nexec '${join(PROGRAMS, 'bin', 'zkServer.sh')}' "$@"\n`)
  } else {
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    const java = `java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dzookeeper.admin.enableServer=false $SERVER_JVMFLAGS`
    writeFileSync(
      script,
      `#!/bin/bash
data=$(sed -n 's/^dataDir=//p' "$2")
# Its server moves the port to a file of its own.
dynamic=$(sed -n 's/^dynamicConfigFile=//p' "$2")
port=$(sed -n 's/^clientPort=//p;s/^server.'"$(cat "$data/myid")"'=.*://p' "$2" $dynamic | head -n 1)
case $1 in
  start)
    nohup ${java} -Dzookeeper.4lw.commands.whitelist='*' -cp '${await mavenClassPath('java')}' ${main} "$2" > "$data/server.out" 2>&1 < /dev/null &
    echo $! > "$data/pid" ;;
  stop) kill -9 "$(cat "$data/pid")" 2> /dev/null; rm -f "$data/pid" ;;
  status) exec 3<> "/dev/tcp/localhost/$port" && printf srvr >&3 && cat <&3 ;;
esac
exit 0
`
    )
  }
  chmodSync(script, 0o755)
}
