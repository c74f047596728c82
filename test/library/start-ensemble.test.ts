import { existsSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { connect, startEnsemble } from 'zoonode'

describe('an ensemble for tests', () => {
  test('serves on all members, and goes on without its leader', async () => {
    await using ensemble = await startEnsemble({ observers: 1 })
    const modes = await Promise.all(ensemble.members.map((member) => member.mode()))
    expect(modes.sort()).toEqual(['follower', 'follower', 'leader', 'observer'])
    const client = await connect(ensemble.connectString)
    await client.create('/a', 'x')

    const leader = await ensemble.leader()
    await leader.kill()
    expect(await leader.mode()).toBeNull()
    const next = await ensemble.leader()
    expect(next.id).not.toBe(leader.id)
    await client.sync('/')
    expect(await client.exists('/a')).not.toBeNull()

    await leader.start()
    await ensemble.ready()
    expect(await leader.mode()).toBe('follower')
    await client.close()
  })

  test('does without a member that hangs', async () => {
    await using ensemble = await startEnsemble({ settings: { tickTime: 100, syncLimit: 5 } })
    const leader = await ensemble.leader()
    leader.suspend()
    const others = ensemble.members.filter((member) => member !== leader)
    const client = await connect(others.map((member) => member.connectString).join(','))
    await client.create('/without-it', 'x')
    await client.close()
  })

  test('leaves nothing after its stop', async () => {
    const lines: string[] = []
    const ensemble = await startEnsemble({ participants: 1, log: (line, id) => lines.push(`${id} ${line}`) })
    const pids = ensemble.members.map(({ pid = 0 }) => pid)
    await ensemble.stop()
    for (const pid of pids) expect(existsSync(`/proc/${pid}`)).toBe(false)
    expect(lines.some((line) => line.startsWith('1 zoonode is server 1 of 1'))).toBe(true)
  })
})
