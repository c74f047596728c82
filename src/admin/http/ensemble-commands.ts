import type { EnsembleMember } from '../../core/zab/membership/ensemble-config.ts'
import { hostText } from '../../core/zab/membership/host-text.ts'
import type { AdminTarget, EnsembleView, ObserverInfo } from './admin-target.ts'
import { type AdminCommand, type CommandAnswer, command } from './command.ts'
import { type JsonField, type JsonObject, type JsonValue, list, object } from './json-text.ts'

/** A member's place in its ensemble. */
export const ensembleCommands: readonly AdminCommand[] = [
  command('leader', leader, { aliases: ['lead'] }),
  command('observers', observers, { aliases: ['obsr'] }),
  command('observer_connection_stat_reset', () => ({}), { aliases: ['orst'], methods: ['GET', 'POST'] }),
  command('voting_view', votingView),
  command('zabstate', zabState, { needsServing: false })
]

function leader(target: AdminTarget): CommandAnswer {
  const ensemble = target.ensemble()
  if (ensemble === null) return { error: 'server is not initialized' }
  return {
    fields: [
      ['is_leader', ensemble.isLeader],
      ['leader_id', ensemble.leaderId],
      ['leader_ip', ensemble.leaderHost]
    ]
  }
}

function observers(target: AdminTarget): CommandAnswer {
  const served = target.ensemble()?.observers ?? []
  return {
    fields: [
      ['synced_observers', served.length],
      ['observers', list(served.map(observerFields))]
    ]
  }
}

function observerFields({ address, sid, lastZxid, unsentBytes, establishedMs }: ObserverInfo): JsonObject {
  return object([
    ['remote_socket_address', address],
    ['sid', sid],
    ['established', establishedMs],
    // Packets are not queued one by one here, and not counted for each learner.
    ['queued_packets', 0],
    ['queued_packets_size', unsentBytes],
    ['packets_received', 0],
    ['packets_sent', 0],
    ['requests', 0],
    ['last_zxid', lastZxid]
  ])
}

function votingView(target: AdminTarget): CommandAnswer {
  const voters = target.ensemble()?.voters ?? []
  const fields = voters.map((member): JsonField => [String(member.id), memberFields(member)])
  return { fields: [['current_config', object(fields)]] }
}

function memberFields(member: EnsembleMember): JsonObject {
  const { addresses, role } = member
  return object([
    ['server_addresses', list(addresses.map(({ host, quorumPort }) => shownAddress(host, quorumPort)))],
    ['election_addresses', list(addresses.map(({ host, electionPort }) => shownAddress(host, electionPort)))],
    ['client_address', clientAddressOf(member) ?? ''],
    ['learner_type', role]
  ])
}

function zabState(target: AdminTarget): CommandAnswer {
  const ensemble = target.ensemble()
  if (ensemble === null) {
    return {
      fields: [
        ['voting', false],
        ['zabstate', '']
      ]
    }
  }
  const zxid = BigInt.asUintN(64, target.view.lastProcessedZxid())
  return { fields: [...placeOf(ensemble), ...zxidFields(zxid), ['zabstate', ensemble.zabState]] }
}

function placeOf({ myid, isLeader, own, voters }: EnsembleView): JsonField[] {
  const addresses = own?.addresses ?? []
  return [
    ['myid', myid],
    ['is_leader', isLeader],
    ['quorum_address', addressesFields(addresses.map(({ host, quorumPort }) => ({ host, port: quorumPort })))],
    ['election_address', addressesFields(addresses.map(({ host, electionPort }) => ({ host, port: electionPort })))],
    ['client_address', own === undefined ? null : clientAddressOf(own)],
    ['voting', voters.some(({ id }) => id === myid)]
  ]
}

function zxidFields(zxid: bigint): JsonField[] {
  return [
    ['last_zxid', `0x${zxid.toString(16)}`],
    ['zab_epoch', zxid >> 32n],
    ['zab_counter', zxid & 0xffffffffn]
  ]
}

/** As upstream's bean; which of several addresses can be reached is not tried for it. */
function addressesFields(addresses: readonly { readonly host: string; readonly port: number }[]): JsonObject {
  const shown = addresses.map(({ host, port }) => shownAddress(host, port))
  const [first] = shown
  const one: JsonValue = first ?? null
  return object([
    ['empty', addresses.length === 0],
    ['all_addresses', list(shown)],
    ['wildcard_addresses', list(addresses.map(({ port }) => `0.0.0.0:${port}`))],
    ['all_ports', list(addresses.map(({ port }) => port))],
    ['all_host_strings', list(addresses.map(({ host }) => hostText(host)))],
    ['reachable_address', one],
    ['all_reachable_addresses', list(shown)],
    ['all_reachable_addresses_or_all', list(shown)],
    ['reachable_or_one', one],
    ['one', one]
  ])
}

function clientAddressOf({ clientAddress, clientPort }: EnsembleMember): string | null {
  return clientPort === null ? null : shownAddress(clientAddress ?? '0.0.0.0', clientPort)
}

function shownAddress(host: string, port: number): string {
  const text = hostText(host)
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`
}
