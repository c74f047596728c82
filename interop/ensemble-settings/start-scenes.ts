import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerKind } from '../harness/server.ts'
import { endOf, modesBecome, type Scene, type See, said, startAll, trio, withEnsemble } from './scene.ts'

/** @param id content of the file; null: there is none */
function wrongId(name: string, id: string | null, line: RegExp, differs: Record<string, string> = {}): Scene {
  return {
    name,
    isQuick: true,
    differs,
    async run(kind, folder, see) {
      await withEnsemble(await trio(folder, kind, 1), async (ensemble) => {
        const member = ensemble.member(1)
        const file = join(member.dataFolder, 'myid')
        if (id === null) rmSync(file)
        else writeFileSync(file, id)
        await member.start()
        see('end', await endOf(member))
        await said(member, line)
      })
    }
  }
}

/** `peerType` that is not what the server's line says. */
async function roleTwice(kind: ServerKind, folder: string, see: See, isObserver: boolean): Promise<void> {
  await withEnsemble(await trio(folder, kind, 1), async (ensemble) => {
    const [one, two] = [ensemble.member(1), ensemble.member(2)]
    const { host, quorumPort, electionPort } = one.address
    const line = `${host}:${quorumPort}:${electionPort}:${isObserver ? 'observer' : 'participant'}`
    for (const member of ensemble.members) member.configure({ 'server.1': line })
    one.configure({ peerType: isObserver ? 'participant' : 'observer' })
    const started = isObserver ? ensemble.members : [one, two]
    await startAll(ensemble, isObserver ? [] : [ensemble.member(3)])
    const wanted = isObserver ? '1 observer, 2 follower, 3 leader' : '1 follower, 2 leader'
    see('roles', await modesBecome(wanted, started))
    await said(one, /peerType is \w+, but server\.1 is \w+: the server line counts/)
  })
}

/** What is told at the start, with no other server there. */
export const START_SCENES: readonly Scene[] = [
  wrongId('myid is missing', null, /^zoonode: .*myid/m),
  wrongId('myid is no number', 'one\n', /^zoonode: .*myid: "one" is not allowed/m),
  // It is told from other failures of a start, as each other mistake in the configuration is by Apache's server, too.
  wrongId('myid has no line', '9\n', /^zoonode: .*9/m, { end: 'exit code 2' }),
  {
    name: 'peerType=observer, a participant by its line',
    run: (kind, folder, see) => roleTwice(kind, folder, see, false)
  },
  {
    name: 'peerType=participant, an observer by its line',
    run: (kind, folder, see) => roleTwice(kind, folder, see, true)
  }
]
