import type { EnsembleConfig, EnsembleMember, MemberAddress, MemberRole } from './ensemble-config.ts'

/** A member by its sid; undefined if the configuration has none, or there is no configuration. */
export function memberOf(config: EnsembleConfig | null, sid: number): EnsembleMember | undefined {
  return config?.members.find(({ id }) => id === sid)
}

/** What a server is in a configuration; undefined if it is not in it. */
export function roleOf(config: EnsembleConfig, sid: number): MemberRole | undefined {
  return memberOf(config, sid)?.role
}

/** Quorum addresses as one text, which does not depend on their order: to be compared. */
export function quorumAddressesText(addresses: readonly MemberAddress[]): string {
  return addresses
    .map(({ host, quorumPort }) => `${host} ${quorumPort}`)
    .sort()
    .join(',')
}

/** Those of a member, likewise; empty where it is none. */
export function quorumAddressesOf(config: EnsembleConfig, sid: number): string {
  return quorumAddressesText(memberOf(config, sid)?.addresses ?? [])
}
