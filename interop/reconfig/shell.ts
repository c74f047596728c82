import { join } from 'node:path'
import { mavenClassPath } from '../harness/java.ts'
import type { Member } from '../harness/member.ts'
import { PROGRAMS } from '../harness/paths.ts'
import type { ServerKind } from '../harness/server.ts'
import { runShell } from '../zkcli/shell-session.ts'

/** Lets a shell of this kind, connected to a member as the super user, run a command. @returns what it printed for it */
export async function shellCommand(
  kind: ServerKind,
  address: string,
  member: Member,
  command: string
): Promise<string> {
  const { outputs } = await runShell(
    await programOf(kind, address),
    ['addauth digest super:admin', command],
    join(member.folder, 'shell.log'),
    member.folder
  )
  return outputs.get(command) ?? ''
}

async function programOf(kind: ServerKind, address: string): Promise<string[]> {
  if (kind === 'zoonode') {
    return [process.execPath, join(PROGRAMS, 'dist', 'bin', 'zkcli.js'), '-server', address]
  }
  const jvm = ['-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Djline.terminal=dumb']
  const main = 'org.apache.zookeeper.ZooKeeperMain'
  return ['java', ...jvm, '-cp', await mavenClassPath('java'), main, '-server', address]
}
