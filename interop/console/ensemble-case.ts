import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../../src/client/zookeeper.ts'
import { Ensemble, participants } from '../harness/ensemble.ts'
import { freePort } from '../harness/free-port.ts'
import type { Member } from '../harness/member.ts'
import { INTEROP } from '../harness/paths.ts'
import { waitFor } from '../harness/wait-for.ts'
import { check } from './accessibility.ts'
import type { Page } from './page.ts'
import { equal } from './world.ts'

const WAIT_MS = 30_000
const ROWS = `[...document.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))`

/** Three members, one of them looked at by its console, through what an operator sees of an ensemble's life. */
export async function watchEnsemble(folder: string, page: Page): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const ensemble = await Ensemble.plan(folder, {
    members: participants('zoonode', 'zoonode', 'zoonode'),
    hasClientPorts: true,
    config: { 'authProvider.sasl': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider' },
    properties: { 'java.security.auth.login.config': join(INTEROP, 'sasl', 'jaas-server.conf') }
  })
  const adminPorts = new Map<Member, number>()
  for (const member of ensemble.members) {
    const port = await freePort()
    adminPorts.set(member, port)
    member.configure({
      'admin.enableServer': 'true',
      'admin.serverPort': String(port),
      'admin.console.enabled': 'true'
    })
  }
  try {
    await ensemble.startLedBy(3)
    const url = `http://127.0.0.1:${adminPorts.get(ensemble.member(1))}/console/`
    await page.goTo(`${url}#/ensemble`)
    await rolesAndDeaths(ensemble, page)
    await leaderMoves(ensemble, page, (member) => adminPorts.get(member) ?? 0)
    await logInBySasl(page, url)
    await ownDeath(ensemble, page, url)
    // What a browser says of a page whose server has gone.
    page.problems.splice(0)
  } finally {
    await ensemble.killAll()
  }
}

async function rolesAndDeaths(ensemble: Ensemble, page: Page): Promise<void> {
  await untilStates(page, { 1: 'follower', 2: 'follower', 3: 'leader' })
  await page.untilText('All is well', '.banner.good')
  await check({ page }, 'an ensemble that is well')
  await ensemble.member(2).kill()
  await untilStates(page, { 1: 'follower', 2: 'no answer', 3: 'leader' })
  await page.untilText('Member 2 at 127.0.0.1 does not answer.', '.banner.warn')
  await check({ page }, 'an ensemble with a member that does not answer')
  const owner = await connect(ensemble.member(1).connectString)
  for (let index = 0; index < 50; index++) await owner.create(`/written-${index}`)
  await ensemble.member(2).start()
  await untilStates(page, { 1: 'follower', 2: 'follower', 3: 'leader' })
  await waitFor('all members to have all', WAIT_MS, async () => {
    const rows = await page.evaluate<string[][]>(ROWS)
    return rows.every((row) => row[5] === 'none') && new Set(rows.map((row) => row[4])).size === 1 ? true : null
  })
  await owner.close()
}

async function leaderMoves(ensemble: Ensemble, page: Page, adminPortOf: (member: Member) => number): Promise<void> {
  const leader = ensemble.member(3)
  const moved = await fetch(`http://127.0.0.1:${adminPortOf(leader)}/commands/transfer_leadership?to=2`, {
    method: 'POST',
    headers: { Authorization: 'digest super:admin' }
  })
  equal(moved.status, 200, 'the transfer')
  await untilStates(page, { 1: 'follower', 2: 'leader', 3: 'follower' })
  await ensemble.member(2).kill()
  const next = await ensemble.nextLeader(ensemble.member(2))
  const other = next.sid === 1 ? 3 : 1
  await untilStates(page, { [next.sid]: 'leader', [other]: 'follower', 2: 'no answer' })
  await ensemble.member(2).start()
  await untilStates(page, { [next.sid]: 'leader', [other]: 'follower', 2: 'follower' })
}

async function logInBySasl(page: Page, url: string): Promise<void> {
  for (const [mechanism, password] of [
    ['DIGEST-MD5', 'wrong'],
    ['DIGEST-MD5', 'bobsecret'],
    ['SCRAM-SHA-256', 'bobsecret']
  ] as const) {
    await page.goTo(`${url}#/tree?path=/`)
    await page.click('#identity button', 'Log in')
    await page.choose('dialog select', mechanism)
    await page.fill('dialog input[autocomplete="username"]', 'bob')
    await page.fill('dialog input[type="password"]', password)
    await page.press('Enter')
    if (password === 'wrong') {
      await page.untilText('does not take this identity', 'dialog')
      await check({ page }, 'a login that was refused')
      await page.press('Escape')
    } else {
      await page.untilText('sasl:bob', '#identity')
      await page.click('#identity button', 'Log out')
      await page.untilText('Log in', '#identity')
    }
  }
}

/** Its own server goes, and comes back. */
async function ownDeath(ensemble: Ensemble, page: Page, url: string): Promise<void> {
  await page.goTo(`${url}#/ensemble`)
  await page.untilText('Members', 'h2')
  await ensemble.member(1).kill()
  await page.untilText('no answer', '#health')
  await page.untilText('The server cannot be reached.', '#stale')
  await check({ page }, 'a page whose server has gone')
  await ensemble.member(1).start()
  await page.untilText('All is well', '.banner.good')
  await page.until(`document.querySelector('#stale').hidden`)
}

async function untilStates(page: Page, wanted: Readonly<Record<number, string>>): Promise<void> {
  await waitFor(`the page to show ${JSON.stringify(wanted)}`, WAIT_MS, async () => {
    const rows = await page.evaluate<string[][]>(ROWS)
    const states = Object.fromEntries(rows.map((row) => [Number.parseInt(row[0] ?? '', 10), row[3]]))
    return JSON.stringify(states) === JSON.stringify(wanted) ? true : null
  })
}
