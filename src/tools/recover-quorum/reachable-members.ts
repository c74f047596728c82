import { createConnection } from 'node:net'
import type { EnsembleMember } from '../../core/zab/membership/ensemble-config.ts'

const CONNECT_MS = 2000

/** Which members have a process that listens on their quorum, election or client port. */
export async function reachableMembers(members: readonly EnsembleMember[]): Promise<ReadonlySet<number>> {
  const found = await Promise.all(members.map(async (member) => ((await isReachable(member)) ? member.id : null)))
  return new Set(found.filter((id) => id !== null))
}

async function isReachable({ addresses, clientAddress, clientPort }: EnsembleMember): Promise<boolean> {
  const places = addresses.flatMap(({ host, quorumPort, electionPort }) => [
    { host, port: electionPort },
    { host, port: quorumPort },
    ...(clientPort === null ? [] : [{ host: hostOf(clientAddress) ?? host, port: clientPort }])
  ])
  const answers = await Promise.all(places.map(({ host, port }) => accepts(host, port)))
  return answers.includes(true)
}

/** An address that stands for all of a machine's is none to connect to. */
function hostOf(address: string | null): string | null {
  return address === '0.0.0.0' || address === '::' || address === '*' ? null : address
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    const end = (isAccepted: boolean): void => {
      socket.destroy()
      resolve(isAccepted)
    }
    socket.setTimeout(CONNECT_MS, () => end(false))
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
